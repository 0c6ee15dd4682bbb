"""Units of measure: as written -> (one, many) as said."""

from __future__ import annotations

from .text_words import table


def _units(text: str) -> dict[str, tuple[str, str]]:
    """Reads "kg = kilogram, kilograms" lines; one form stands for both."""
    pairs = {}
    for written, said in table(text).items():
        one, _, many = said.partition(", ")
        pairs[written] = (one, many or one)
    return pairs


UNITS = {
    "en-US": _units("""
% = percent | kg = kilogram, kilograms | g = gram, grams | mg = milligram, milligrams
km = kilometer, kilometers | m = meter, meters | cm = centimeter, centimeters
mm = millimeter, millimeters | km/h = kilometer per hour, kilometers per hour
mph = mile per hour, miles per hour | m/s = meter per second, meters per second
°C = degree Celsius, degrees Celsius | °F = degree Fahrenheit, degrees Fahrenheit
° C = degree Celsius, degrees Celsius | ° = degree, degrees | lb = pound, pounds | lbs = pound, pounds
oz = ounce, ounces | ft = foot, feet | mi = mile, miles | ms = millisecond, milliseconds
s = second, seconds | sec = second, seconds | min = minute, minutes | h = hour, hours | hrs = hour, hours
Hz = hertz | kHz = kilohertz | MHz = megahertz | GHz = gigahertz | kB = kilobyte, kilobytes
KB = kilobyte, kilobytes | MB = megabyte, megabytes | GB = gigabyte, gigabytes | TB = terabyte, terabytes
W = watt, watts | kW = kilowatt, kilowatts | kWh = kilowatt hour, kilowatt hours | V = volt, volts
l = liter, liters | L = liter, liters | ml = milliliter, milliliters | m² = square meter, square meters
m2 = square meter, square meters | km² = square kilometer, square kilometers | dB = decibel, decibels
m³ = cubic meter, cubic meters
"""),
    "de-DE": _units("""
% = Prozent | kg = Kilogramm | g = Gramm | mg = Milligramm | km = Kilometer | m = Meter | cm = Zentimeter
mm = Millimeter | km/h = Kilometer pro Stunde | m/s = Meter pro Sekunde | °C = Grad Celsius
° C = Grad Celsius | °F = Grad Fahrenheit | ° = Grad | t = Tonne, Tonnen
ms = Millisekunde, Millisekunden | s = Sekunde, Sekunden | min = Minute, Minuten | h = Stunde, Stunden
Hz = Hertz | kHz = Kilohertz | MHz = Megahertz | GHz = Gigahertz | kB = Kilobyte | MB = Megabyte
GB = Gigabyte | TB = Terabyte | W = Watt | kW = Kilowatt | kWh = Kilowattstunde, Kilowattstunden
V = Volt | l = Liter | L = Liter | ml = Milliliter | m² = Quadratmeter | qm = Quadratmeter
m2 = Quadratmeter | km² = Quadratkilometer | ha = Hektar | dB = Dezibel | m³ = Kubikmeter | PS = P S
"""),
}
GERMAN_FEMININE = frozenset(("Tonne", "Millisekunde", "Sekunde", "Minute", "Stunde", "Kilowattstunde"))

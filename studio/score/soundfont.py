"""A SoundFont 2 file, read into what a renderer needs: for a preset, the sample regions that a key sounds.

Source: SoundFont Technical Specification 2.01, sections 5 to 8.
"""

from __future__ import annotations

import functools
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

# Generator number -> (name, default), section 8.1.3. Only what the renderer follows.
GENERATORS: dict[int, tuple[str, int]] = {
    0: ("start", 0),
    1: ("end", 0),
    2: ("loop_start", 0),
    3: ("loop_end", 0),
    4: ("start_coarse", 0),
    8: ("cutoff", 13500),
    11: ("envelope_to_cutoff", 0),
    12: ("end_coarse", 0),
    17: ("pan", 0),
    26: ("sweep_attack", -12000),
    27: ("sweep_hold", -12000),
    28: ("sweep_decay", -12000),
    29: ("sweep_sustain", 0),
    33: ("delay", -12000),
    34: ("attack", -12000),
    35: ("hold", -12000),
    36: ("decay", -12000),
    37: ("sustain", 0),
    38: ("release", -12000),
    39: ("key_to_hold", 0),
    40: ("key_to_decay", 0),
    43: ("key_range", 0x7F00),
    44: ("velocity_range", 0x7F00),
    45: ("loop_start_coarse", 0),
    46: ("key", -1),
    47: ("velocity", -1),
    48: ("attenuation", 0),
    50: ("loop_end_coarse", 0),
    51: ("tune", 0),
    52: ("fine_tune", 0),
    53: ("sample", -1),
    54: ("loops", 0),
    56: ("scale_tune", 100),
    58: ("root_key", -1),
}
INSTRUMENT = 41
SAMPLE = 53
# A preset adds to its instrument, except for these, which only an instrument may set (section 8.5).
INSTRUMENT_ONLY = {
    "start",
    "end",
    "loop_start",
    "loop_end",
    "start_coarse",
    "end_coarse",
    "loop_start_coarse",
    "loop_end_coarse",
    "key",
    "velocity",
    "loops",
    "root_key",
    "sample",
    "key_range",
    "velocity_range",
}
DRUM_BANK = 128


@dataclass(frozen=True)
class Region:
    """One sample with its envelope, over a range of keys and velocities.

    Attributes:
        keys, velocities: inclusive ranges.
        start, end, loop_start, loop_end: positions in the file's samples.
        looped: True when the loop sounds for as long as the note.
        sample_rate: Hz, of the sample.
        root_key: the key at which the sample has its own pitch, in semitones, fine tuning included.
        cents_per_key: 100 for an ordinary instrument.
        attenuation_db: at least 0.
        pan: -1 (left) to 1 (right).
        cutoff_cents: of the low-pass filter, in absolute cents (8.176 Hz is 0).
        sweep_cents: how far its envelope opens the filter; sweep_attack_s, sweep_hold_s, sweep_decay_s: that
            envelope's times, the decay down to sweep_sustain (0..1).
        delay_s, attack_s, hold_s, decay_s, release_s: of the volume envelope; decay and release for 100 dB.
        sustain_db: how far the decay falls, at least 0.
        hold_cents_per_key, decay_cents_per_key: shorter above key 60, longer below.
    """

    keys: tuple[int, int]
    velocities: tuple[int, int]
    start: int
    end: int
    loop_start: int
    loop_end: int
    looped: bool
    sample_rate: int
    root_key: float
    cents_per_key: int
    attenuation_db: float
    pan: float
    cutoff_cents: int
    sweep_cents: int
    sweep_attack_s: float
    sweep_hold_s: float
    sweep_decay_s: float
    sweep_sustain: float
    delay_s: float
    attack_s: float
    hold_s: float
    decay_s: float
    sustain_db: float
    release_s: float
    hold_cents_per_key: int
    decay_cents_per_key: int


class SoundFont:
    """A SoundFont file; samples stay on disk and are mapped into memory.

    Args:
        path: a `.sf2` file with 16-bit samples.

    Raises:
        ValueError: not such a file.
    """

    def __init__(self, path: str | Path) -> None:
        import numpy as np

        self.path = Path(path)
        chunks = find_chunks(self.path)
        offset, size = chunks["smpl"]
        self.samples: np.ndarray = np.memmap(
            self.path, dtype="<i2", mode="r", offset=offset, shape=(size // 2,)
        )
        self.tables = {name: read_table(self.path, name, *chunks[name]) for name in TABLES}
        heads = self.tables["phdr"]
        self.presets = {(int(head["bank"]), int(head["preset"])): i for i, head in enumerate(heads[:-1])}

    @functools.cached_property
    def sha256(self) -> str:
        """Hash of the file, for the provenance of a rendering."""
        import hashlib

        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    @functools.lru_cache(maxsize=256)  # noqa: B019 - one sound font lives as long as the process
    def regions(self, program: int, is_drum: bool = False) -> tuple[Region, ...]:
        """Gives the regions of a preset; the first preset of its bank when the font lacks it."""
        bank = DRUM_BANK if is_drum else 0
        index = self.presets.get((bank, program), self.presets.get((bank, 0), 0))
        made = []
        for preset_zone, instrument in self.zones("phdr", "pbag", "pgen", index, INSTRUMENT):
            for zone, sample in self.zones("inst", "ibag", "igen", instrument, SAMPLE):
                region = self.region(preset_zone, zone, self.tables["shdr"][sample])
                if region is not None:
                    made.append(region)
        return tuple(made)

    def zones(
        self, heads: str, bags: str, gens: str, index: int, target: int
    ) -> list[tuple[dict[str, int], int]]:
        """Gives (generators, instrument or sample index) of each zone, with the global zone's defaults."""
        bag, gen = self.tables[bags], self.tables[gens]
        first, last = int(self.tables[heads][index]["bag"]), int(self.tables[heads][index + 1]["bag"])
        shared: dict[str, int] = {}
        found = []
        for zone in range(first, last):
            values, link = {}, -1
            for row in gen[int(bag[zone]["gen"]) : int(bag[zone + 1]["gen"])]:
                if int(row["oper"]) == target:
                    link = int(row["amount"]) & 0xFFFF
                elif int(row["oper"]) in GENERATORS:
                    values[GENERATORS[int(row["oper"])][0]] = int(row["amount"])
            if link >= 0:
                found.append(({**shared, **values}, link))
            elif zone == first:
                shared = values
        return found

    def region(self, preset: dict[str, int], instrument: dict[str, int], sample: Any) -> Region | None:
        """Joins a preset zone, an instrument zone and a sample header; None when nothing of it sounds."""
        values = {name: instrument.get(name, default) for name, default in GENERATORS.values()}
        for name, amount in preset.items():
            if name not in INSTRUMENT_ONLY:
                values[name] += amount
        keys = meet(values["key_range"], preset.get("key_range", 0x7F00))
        velocities = meet(values["velocity_range"], preset.get("velocity_range", 0x7F00))
        # The top bit marks samples that sit in a synthesiser's own memory.
        if keys[0] > keys[1] or velocities[0] > velocities[1] or int(sample["type"]) & 0x8000:
            return None
        root = values["root_key"] if 0 <= values["root_key"] <= 127 else int(sample["pitch"])
        tune = values["tune"] + (values["fine_tune"] + int(sample["correction"])) / 100.0
        position = {
            "start": int(sample["start"]) + values["start"] + 32768 * values["start_coarse"],
            "end": int(sample["end"]) + values["end"] + 32768 * values["end_coarse"],
            "loop_start": int(sample["loop_start"])
            + values["loop_start"]
            + 32768 * values["loop_start_coarse"],
            "loop_end": int(sample["loop_end"]) + values["loop_end"] + 32768 * values["loop_end_coarse"],
        }
        loop = position["start"] <= position["loop_start"] < position["loop_end"] <= position["end"]
        return Region(
            keys=keys,
            velocities=velocities,
            **position,
            looped=loop and values["loops"] in (1, 3),
            sample_rate=int(sample["rate"]),
            root_key=(root if root <= 127 else 60) - tune,
            cents_per_key=values["scale_tune"],
            # Sound fonts are voiced for the EMU chips, which applied four tenths of the attenuation written.
            attenuation_db=max(0.0, 0.04 * values["attenuation"]),
            pan=min(1.0, max(-1.0, values["pan"] / 500.0)),
            cutoff_cents=min(13500, max(1500, values["cutoff"])),
            sweep_cents=values["envelope_to_cutoff"],
            sweep_attack_s=seconds(values["sweep_attack"]),
            sweep_hold_s=seconds(values["sweep_hold"]),
            sweep_decay_s=seconds(values["sweep_decay"]),
            sweep_sustain=1.0 - min(1000, max(0, values["sweep_sustain"])) / 1000.0,
            delay_s=seconds(values["delay"]),
            attack_s=seconds(values["attack"]),
            hold_s=seconds(values["hold"]),
            decay_s=seconds(values["decay"]),
            sustain_db=min(100.0, max(0.0, values["sustain"] / 10.0)),
            release_s=seconds(values["release"]),
            hold_cents_per_key=values["key_to_hold"],
            decay_cents_per_key=values["key_to_decay"],
        )


# Columns of the tables, section 7.
TABLES: dict[str, list[tuple[str, str]]] = {
    "phdr": [("name", "S20"), ("preset", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("rest", "V12")],
    "pbag": [("gen", "<u2"), ("mod", "<u2")],
    "pgen": [("oper", "<u2"), ("amount", "<i2")],
    "inst": [("name", "S20"), ("bag", "<u2")],
    "ibag": [("gen", "<u2"), ("mod", "<u2")],
    "igen": [("oper", "<u2"), ("amount", "<i2")],
    "shdr": [
        ("name", "S20"),
        ("start", "<u4"),
        ("end", "<u4"),
        ("loop_start", "<u4"),
        ("loop_end", "<u4"),
        ("rate", "<u4"),
        ("pitch", "u1"),
        ("correction", "i1"),
        ("link", "<u2"),
        ("type", "<u2"),
    ],
}


def find_chunks(path: Path) -> dict[str, tuple[int, int]]:
    """Gives (offset, size) of every chunk that is not a list."""
    size = path.stat().st_size
    found: dict[str, tuple[int, int]] = {}
    with open(path, "rb") as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"sfbk":
            raise ValueError(f"expected a SoundFont 2 file, got {path.name!r}")
        while file.tell() + 8 <= size:
            name, length = file.read(4), int.from_bytes(file.read(4), "little")
            if name == b"LIST":
                file.seek(4, 1)
                continue
            found[name.decode("latin-1")] = (file.tell(), length)
            file.seek(length + length % 2, 1)
    missing = [name for name in ("smpl", *TABLES) if name not in found]
    if missing:
        raise ValueError(f"expected a whole SoundFont 2 file, got {path.name!r} without {missing[0]!r}")
    return found


def read_table(path: Path, name: str, offset: int, size: int) -> np.ndarray:
    """Reads one table of records."""
    import numpy as np

    dtype = np.dtype(TABLES[name])
    return np.fromfile(path, dtype=dtype, count=size // dtype.itemsize, offset=offset)


def meet(first: int, second: int) -> tuple[int, int]:
    """Gives the overlap of two ranges packed as low byte and high byte."""
    first, second = first & 0xFFFF, second & 0xFFFF
    return max(first & 255, second & 255), min(first >> 8, second >> 8)


def seconds(timecents: int) -> float:
    """Gives seconds: 2 to the power of timecents / 1200; the lowest value means none."""
    return 0.0 if timecents <= -12000 else 2.0 ** (min(timecents, 8000) / 1200.0)


@functools.lru_cache(maxsize=1)
def default_font() -> SoundFont:
    """Gives the sound font inside the pretty_midi package, which is located and never imported.

    Raises:
        FileNotFoundError: the package or the sound font is not installed.
    """
    spec = importlib.util.find_spec("pretty_midi")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        fonts = sorted(Path(folder).glob("*.sf2"))
        if fonts:
            return SoundFont(fonts[0])
    raise FileNotFoundError(
        "expected the sound font inside the package pretty_midi, got none: pip install pretty_midi"
    )

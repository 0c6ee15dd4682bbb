"""Word lists of the text front end: abbreviations, months, letters, capitals, function words."""

from __future__ import annotations

_ENGLISH_MONTHS = """
January February March April May June July August September October November December Jan Feb Mar Apr Jun
Jul Aug Sep Sept Oct Nov Dec
"""
_GERMAN_MONTHS = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember Jänner"
MONTHS = {"en-US": tuple(_ENGLISH_MONTHS.split()), "de-DE": tuple(_GERMAN_MONTHS.split())}
MONTH_SHORT = {"Sept": "September", **{name[:3]: name for name in MONTHS["en-US"][:12]}}


def table(text: str) -> dict[str, str]:
    """Reads "a = b | c = d" lines."""
    items = [item.partition(" = ") for item in text.replace("\n", " | ").split(" | ") if " = " in item]
    return {written.strip(): said.strip() for written, _, said in items}


# Abbreviation as written -> what is said. A dot that is part of it does not end the sentence.
ABBREVIATIONS = {
    "en-US": table("""
Dr. = doctor | Mr. = mister | Mrs. = missus | Ms. = miz | Prof. = professor | St. = saint | Jr. = junior
Sr. = senior | vs. = versus | etc. = et cetera | e.g. = for example | i.e. = that is
approx. = approximately | No. = number | Nos. = numbers | dept. = department | Inc. = incorporated
Ltd. = limited | Co. = company | Corp. = corporation | Gen. = general | Sgt. = sergeant | Capt. = captain
Lt. = lieutenant | Col. = colonel | Rev. = reverend | Hon. = honorable | Ave. = avenue | Blvd. = boulevard
Rd. = road | Mt. = mount | Ft. = fort | Fig. = figure | fig. = figure | vol. = volume | Vol. = volume
ed. = edition | pp. = pages | cf. = compare | est. = established | min. = minutes | max. = maximum
w/ = with | w/o = without | a.k.a. = A K A | Mr = mister | Mrs = missus | Ms = miz | Dr = doctor
vs = versus | Sen. = senator | Gov. = governor
"""),
    "de-DE": table("""
Dr. = Doktor | Prof. = Professor | Hr. = Herr | Fr. = Frau | St. = Sankt | Nr. = Nummer
z.B. = zum Beispiel | z. B. = zum Beispiel | d.h. = das heißt | d. h. = das heißt | usw. = und so weiter
u.a. = unter anderem | u. a. = unter anderem | o.ä. = oder ähnliches | o. ä. = oder ähnliches
bzw. = beziehungsweise | ca. = circa | etc. = et cetera | evtl. = eventuell | ggf. = gegebenenfalls
inkl. = inklusive | exkl. = exklusive | vgl. = vergleiche | Abb. = Abbildung | Bd. = Band | S. = Seite
Str. = Straße | Tel. = Telefon | Mio. = Millionen | Mrd. = Milliarden | Jh. = Jahrhundert
i.d.R. = in der Regel | i. d. R. = in der Regel | u.U. = unter Umständen | v.a. = vor allem
v. a. = vor allem | v.Chr. = vor Christus | v. Chr. = vor Christus | n.Chr. = nach Christus
n. Chr. = nach Christus | geb. = geboren | gest. = gestorben | max. = maximal | min. = minimal
mind. = mindestens | Std. = Stunden | Min. = Minuten | Sek. = Sekunden | sog. = sogenannte
Hbf = Hauptbahnhof | Hbf. = Hauptbahnhof | Jhd. = Jahrhundert | zzgl. = zuzüglich | tägl. = täglich
Art. = Artikel | Abs. = Absatz | Kap. = Kapitel | Hrsg. = Herausgeber | Aufl. = Auflage | Bsp. = Beispiel
usf. = und so fort | allg. = allgemein | zit. = zitiert | Mr. = Mister | Mrs. = Missis
"""),
}
# These may end a sentence when a capital follows.
_MAY_END = "Ave.|Blvd.|Co.|Corp.|Hbf.|Inc.|Jr.|Ltd.|Rd.|Sr.|St.|etc.|n. Chr.|n.Chr.|usf.|usw.|v. Chr.|v.Chr."
MAY_END = frozenset(_MAY_END.split("|"))
_ORDINAL_AFTER = """
ab am beide beim bis das dem den der des die ein eine einem einen ihr ihre ihrem ihren im in ins jedem
jeden jeder jedes mein sein seine seinem seinen seit unser vom zum zur
"""
ORDINAL_AFTER = frozenset(_ORDINAL_AFTER.split())
SYMBOLS = {
    "en-US": table("& = and | + = plus | @ = at | % = percent | § = section | ° = degrees | × = times")
    | {"=": "equals"},
    "de-DE": table("& = und | + = plus | @ = at | % = Prozent | § = Paragraph | ° = Grad | × = mal")
    | {"=": "gleich"},
}
# Capitals that are words though short or unlisted, and ones that are spelled though the lexicon has the word.
_READ_AS_WORDS = "AIDS ASAP BAFÖG COVID ECHO IKEA LASER NASA NATO OPEC PISA RADAR TÜV UNESCO UNICEF UNO"
READ_AS_WORDS = frozenset(_READ_AS_WORDS.split())
_SPELLED = """
AI AM CD CEO CIA DVD EU FBI HR ID IQ IT MIT OK PC PE PM PR PS TV UFO UK UN US USA USB VIP
"""
SPELLED = frozenset(_SPELLED.split())
LETTER_NAMES = {
    "en-US": table("""
a = ˈeɪ | b = b ˈi | c = s ˈi | d = d ˈi | e = ˈi | f = ˈɛ f | g = dʒ ˈi | h = ˈeɪ tʃ | i = ˈaɪ
j = dʒ ˈeɪ | k = k ˈeɪ | l = ˈɛ l | m = ˈɛ m | n = ˈɛ n | o = ˈoʊ | p = p ˈi | q = k j ˈu | r = ˈɑ ɹ
s = ˈɛ s | t = t ˈi | u = j ˈu | v = v ˈi | w = d ˈʌ b ə l j u | x = ˈɛ k s | y = w ˈaɪ | z = z ˈi
"""),
    "de-DE": table("""
a = ʔ ˈaː | b = b ˈeː | c = ts ˈeː | d = d ˈeː | e = ʔ ˈeː | f = ʔ ˈɛ f | g = g ˈeː | h = h ˈaː
i = ʔ ˈiː | j = j ˈɔ t | k = k ˈaː | l = ʔ ˈɛ l | m = ʔ ˈɛ m | n = ʔ ˈɛ n | o = ʔ ˈoː | p = p ˈeː
q = k ˈuː | r = ʔ ˈɛ ʁ | s = ʔ ˈɛ s | t = t ˈeː | u = ʔ ˈuː | v = f ˈaʊ | w = v ˈeː | x = ʔ ˈɪ k s
y = ʔ ˈʏ p s iː l ɔ n | z = ts ˈɛ t | ä = ʔ ˈɛː | ö = ʔ ˈøː | ü = ʔ ˈyː | ß = ʔ ɛ s ts ˈɛ t
"""),
}
_GREEK = """
alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon
phi chi psi omega
"""
GREEK = dict(zip("αβγδεζηθικλμνξοπρστυφχψω", _GREEK.split(), strict=True))
# Words that tell the languages apart; words that both have (was, in, so, am) are left out.
_ENGLISH_COMMON = """
a about all and are as at be been but by can come could did do don't each for from get go had has have he
hello her here him his how i i'm if into is it it's its just like look make many may me my no now of on
one or our out people please really said see she some than thank thanks that the their them then there
these they this time to up us use very we were what when where which who why will with would yes you your
"""
ENGLISH_COMMON = frozenset(_ENGLISH_COMMON.split())
_GERMAN_COMMON = """
aber alle als auch auf aus bei bist bitte da danke das dass daß dein deine dem den der des dich die dir du
durch ein eine einem einen einer er es für gut guten haben hallo heute hier ich ihr im immer ist ja kann
kein keine mehr mein meine mich mir mit morgen nach nein nicht noch nur oder schon sehr sein seine sich
sie sind uhr um und von vor warum wenn wer werden wie wieder wir wird wo zu zum zur über
"""
GERMAN_COMMON = frozenset(_GERMAN_COMMON.split())

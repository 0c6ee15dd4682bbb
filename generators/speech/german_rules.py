"""German letter to sound: how a native reads a word that no lexicon has.

German spelling is close to its sound. What has to be decided is the length of a vowel (by what follows),
which vowel carries the stress (the first of the stem, or an ending such as -tion or -ieren), and what a
consonant becomes by its place.
"""

from __future__ import annotations

import re

Row = list[tuple[str, int]]  # (symbol, stress 0..2) one after another

PREFIX = re.compile(
    r"(?:(?:be|ge)(?![iuae])|ver|er|zer|ent|emp)(?=[a-zäöüß]{4})(?=[^aeiouäöüy]*(?:[aiouäöüy]|e[a-zäöüß]))"
)
PREFIXES: dict[str, tuple[str, ...]] = {
    "be": ("b", "ə"),
    "ge": ("g", "ə"),
    "ver": ("f", "ɛ", "ɐ"),
    "er": ("ʔ", "ɛ", "ɐ"),
    "zer": ("ts", "ɛ", "ɐ"),
    "ent": ("ʔ", "ɛ", "n", "t"),
    "emp": ("ʔ", "ɛ", "m", "p"),
}
# Endings that pull the stress onto themselves: the stressed letters are the group.
STRESSED_ENDING = re.compile(
    r"(?:ti|si|xi|ssi|gi|ni)(o)n(?:en|s|är|ärs?)?$|(ä)t(?:en|s)?$|(i)sm(?:us|en)$|(i)st(?:en?|in|innen|isch\w*)?$"
    r"|(ie)r(?:t?|en?|te[nmrs]?|test|ung|ungen|bar\w*|end\w*)$|(a)nt(?:en?|in|innen|isch\w*)?$|(e)nt(?:en|in|innen)$"
    r"|(e)nz(?:en)?$|(a)nz(?:en)?$|(u)r(?:en)?$|(eu)r(?:en?|s)?$|(e)ll(?:e[nmrs]?)?$|(ö)s(?:e[nmrs]?)?$|(ei)(?:en)?$"
    r"|th(e)k(?:en)?$|(a)ge(?:n)?$|(o)ge[ns]?$|(ie)$|(i)v(?:e[nmrs]?)?$|(a)l(?:e[nmrs]?)?$|(a)t(?:en|s)?$|(ee)$|(o)r(?:en|isch\w*)$"
)
VOWEL_UNIT = re.compile(
    r"aa|ae(?!l)|oe(?!t)|ai|au|äu|ay|ee|ei|eu|ey|ie|oo|oi|ou|[aeiouyäöüéèêáàâóòôúùûíìîåøœæ]"
)
UNIT = re.compile(
    r"(?P<vowel>" + VOWEL_UNIT.pattern + r")"
    r"|(?P<consonant>tsch|dsch|zsch|sch|sh|chs|ch|ck|dt|th|ph|pf|qu|rh|tz|ts|ngst|ng|nk|[bcdfghjklmnpqrstvwxzßñçšžčćłşğ])|."
)
DIPHTHONGS = {"ai": "aɪ", "ay": "aɪ", "ei": "aɪ", "ey": "aɪ", "au": "aʊ", "äu": "ɔʏ", "eu": "ɔʏ", "oi": "ɔʏ"}
SPELT_UMLAUT = {"ae": "ä", "oe": "ö"}
LONG = {"a": "aː", "e": "eː", "i": "iː", "o": "oː", "u": "uː", "y": "yː", "ä": "ɛː", "ö": "øː", "ü": "yː"}
SHORT = {"a": "a", "e": "ɛ", "i": "ɪ", "o": "ɔ", "u": "ʊ", "y": "ʏ", "ä": "ɛ", "ö": "œ", "ü": "ʏ"}
PLAIN = str.maketrans("éèêáàâóòôúùûíìîåøœæ", "eeeaaaooouuuiiioöää")
SINGLE = {
    **{letter: (letter,) for letter in "bdfghjklmnpt"},
    **{
        "c": ("k",),
        "q": ("k",),
        "r": ("ʁ",),
        "s": ("s",),
        "w": ("v",),
        "x": ("k", "s"),
        "z": ("ts",),
        "ß": ("s",),
    },
    **{
        "sch": ("ʃ",),
        "sh": ("ʃ",),
        "tsch": ("tʃ",),
        "dsch": ("dʒ",),
        "zsch": ("tʃ",),
        "chs": ("k", "s"),
        "ck": ("k",),
        "dt": ("t",),
    },
    **{
        "th": ("t",),
        "ph": ("f",),
        "pf": ("pf",),
        "qu": ("k", "v"),
        "rh": ("ʁ",),
        "tz": ("ts",),
        "ts": ("ts",),
    },
    **{"ng": ("ŋ",), "nk": ("ŋ", "k"), "ngst": ("ŋ", "s", "t"), "v": ("f",)},
    **{
        "ñ": ("n", "j"),
        "ç": ("s",),
        "š": ("ʃ",),
        "ž": ("ʒ",),
        "č": ("tʃ",),
        "ć": ("tʃ",),
        "ł": ("v",),
        "ş": ("ʃ",),
    },
    "ğ": ("j",),
}
DEVOICED = {"b": "p", "d": "t", "g": "k", "v": "f", "z": "s"}
# Consonant letters that let the vowel before them be long when a vowel follows.
NEVER_AFTER_LONG = {"x", "ck", "tz", "sch", "ng", "nk", "tsch", "chs", "ts", "ngst", "pf", "ch"}


def spell_out(word: str) -> Row:
    """Reads a German word by rule.

    Args:
        word: lower case letters, at least one of them a Latin letter.

    Returns:
        Phones with one primary stress.
    """
    found = PREFIX.match(word)
    if found and VOWEL_UNIT.search(word, found.end()):
        head = [(symbol, 0) for symbol in PREFIXES[found.group()]]
        return head + _stem(word[found.end() :])
    return _stem(word)


def _stem(word: str) -> Row:
    units = [
        (m.group(), "v" if m.group("vowel") else "c" if m.group("consonant") else "")
        for m in UNIT.finditer(word)
    ]
    units = [
        (SPELT_UMLAUT.get(text, text.translate(PLAIN)) if kind == "v" else text, kind)
        for text, kind in units
        if kind
    ]
    units = _consonantal_y_and_i(units)
    stressed = _stressed_unit(word, units)
    row: Row = []
    for i, (_, kind) in enumerate(units):
        if kind == "v":
            row += _vowel(units, i, i == stressed)
        else:
            row += _consonant(units, i, word, row)
    return row if any(stress for _, stress in row) or not row else stress_first(row)


def _consonantal_y_and_i(units: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """A y before a vowel is a j; in -tion the i is one too."""
    out: list[tuple[str, str]] = []
    for i, (text, kind) in enumerate(units):
        following = units[i + 1] if i + 1 < len(units) else ("", "")
        before = units[i - 1] if i else ("", "")
        if text == "y" and following[1] == "v" and before[1] != "c":
            out.append(("j", "c"))
        elif text == "i" and following[0] == "o" and before[0] in ("t", "s", "ss", "x", "n", "l", "g"):
            if before[0] == "t":
                out[-1] = ("ts", "c")
            out.append(("j", "c"))
        else:
            out.append((text, kind))
    return out


def _stressed_unit(word: str, units: list[tuple[str, str]]) -> int:
    """Which unit carries the primary stress."""
    vowels = [i for i, (_, kind) in enumerate(units) if kind == "v"]
    if not vowels:
        return -1
    found = STRESSED_ENDING.search(word)
    if found and len(vowels) > 1 and _syllables(word[: found.start()]):
        place = found.start(found.lastindex or 0)
        at = 0
        for i, (text, _) in enumerate(units):
            if at >= place and i in vowels:
                return i
            at += len(text)
    foreign_end = re.search(r"(?:[aiouy]|us|um|os|as|isch(?:e[nmrs]?)?)$", word)
    if foreign_end and len(vowels) >= 3:
        before_end = [i for i in vowels if sum(len(text) for text, _ in units[:i]) < foreign_end.start()]
        return before_end[-1] if before_end else vowels[0]
    return vowels[0]


def _syllables(text: str) -> int:
    return len(VOWEL_UNIT.findall(text))


def _vowel(units: list[tuple[str, str]], i: int, stressed: bool) -> Row:
    text = units[i][0]
    stress = 2 if stressed else 0
    after = [unit for unit in units[i + 1 :]]
    if text in DIPHTHONGS:
        return [(DIPHTHONGS[text], stress)]
    if text == "ou":
        return [("uː", stress)]
    if text == "y" and not after and i:
        return [("iː", stress)]
    if text == "ie":
        return _ie(units, i, stressed)
    if len(text) == 2:
        return [(LONG[text[0]], stress)]
    if not stressed and text == "e" and _is_schwa(units, i):
        return _schwa(units, i)
    is_long = _is_long(units, i, after, stressed)
    if is_long and not stressed and text == "a":
        return [("a", 0)]
    return [((LONG if is_long else SHORT)[text], stress)]


def _ie(units: list[tuple[str, str]], i: int, stressed: bool) -> Row:
    at_end = all(text in ("n", "s") for text, _ in units[i + 1 :])
    several = any(kind == "v" for _, kind in units[:i])
    if at_end and several and not stressed:
        return [("j", 0), ("ə", 0)]
    return [("iː", 2 if stressed else 0)]


def _is_schwa(units: list[tuple[str, str]], i: int) -> bool:
    """An unstressed e in an ending: only sonorants, s, t, d and further endings follow."""
    if not any(kind == "v" for _, kind in units[:i]):
        return False
    rest = "".join(text for text, _ in units[i + 1 :])
    ending = re.fullmatch(
        r"(?:[nrlmst]|st|ns?t?|rn?s?t?|ln?s?t?|nd|nden?|rin(?:nen)?|[nlrmt]e[nmrs]?|nde[nmrs]|rei(?:en)?|[nrl]?te[nmrst]*)?",
        rest,
    )
    return ending is not None


def _schwa(units: list[tuple[str, str]], i: int) -> Row:
    following = [text for text, _ in units[i + 1 : i + 3]]
    r_closes = following[:1] == ["r"] and (len(units) <= i + 2 or units[i + 2][1] == "c")
    return [("ɐ", 0)] if r_closes else [("ə", 0)]


def _is_long(units: list[tuple[str, str]], i: int, after: list[tuple[str, str]], stressed: bool) -> bool:
    consonants = []
    for text, kind in after:
        if kind != "c":
            break
        consonants.append(text)
    closed_by_end = len(consonants) == len(after)
    if not consonants:
        return True
    first = consonants[0]
    if first == "h":
        return True
    if first == "ß":
        return True
    if len(consonants) == 1:
        if closed_by_end:
            if units[i][0] == "u" and first == "t":
                return stressed
            return (
                stressed
                and first not in NEVER_AFTER_LONG
                and first not in ("t", "k", "p", "f", "z", "ph", "th")
            )
        return first not in NEVER_AFTER_LONG and not (first == "z" and not stressed)
    liquid = consonants[1] in ("l", "r") and consonants[0] in ("b", "d", "g", "p", "t", "k", "th", "ph", "f")
    return len(consonants) == 2 and liquid and not closed_by_end


def _consonant(units: list[tuple[str, str]], i: int, word: str, row: Row) -> Row:
    text = units[i][0]
    before = units[i - 1] if i else ("", "")
    after = units[i + 1] if i + 1 < len(units) else ("", "")
    if before[0] == text and text in "bcdfgklmnprstzß":
        return []
    if text == "h":
        return (
            []
            if before[1] == "v" and (after[1] != "v" or not _is_onset(units, i))
            else [("h", 0)] * (after[1] == "v")
        )
    if text == "s":
        return [(_s(units, i), 0)]
    if text == "ch":
        return [(_ch(units, i), 0)]
    if text == "c":
        return [("ts" if after[0][:1] in ("e", "i", "y", "ä", "ö") and after[0] else "k", 0)]
    if text == "r" and row and before[1] == "v":
        return _r(units, i, row)
    if text == "g" and after == ("", "") and before[0] == "i" and i > 1:
        return [("ç", 0)]
    if text == "v" and (i > 0 or not re.match(r"v(?:at|ett|iel|ier|og|ol[kl]|or|ier|eil)", word)):
        return [("f" if after == ("", "") else "v", 0)]
    if text == "n" and after[0] in ("g", "k", "x", "q", "qu", "ck"):
        return [("ŋ", 0)]
    if text in ("t",) and after[0] == "z":
        return []
    symbols = SINGLE.get(text, ())
    if len(symbols) == 1 and symbols[0] in DEVOICED and text in "bdg" and _is_coda(units, i):
        return [(DEVOICED[symbols[0]], 0)]
    return [(symbol, 0) for symbol in symbols]


def _is_onset(units: list[tuple[str, str]], i: int) -> bool:
    """An h between vowels is sounded only before a full vowel: Uhu, Ahorn; not sehen."""
    following = units[i + 1][0] if i + 1 < len(units) else ""
    return following not in ("e", "i", "")


def _is_coda(units: list[tuple[str, str]], i: int) -> bool:
    """A stop that ends its syllable: before the end or before an obstruent."""
    after = units[i + 1] if i + 1 < len(units) else ("", "")
    if after[1] == "v":
        return False
    if after[0] == units[i][0]:
        return _is_coda(units, i + 1)
    return after[0] not in ("l", "r", "n", "m") or i + 2 >= len(units) or units[i + 2][1] != "v"


def _s(units: list[tuple[str, str]], i: int) -> str:
    before = units[i - 1] if i else ("", "")
    after = units[i + 1] if i + 1 < len(units) else ("", "")
    if i == 0 and after[0] in ("p", "t", "ph"):
        return "ʃ" if after[0] != "ph" else "s"
    voiced_before = before[1] in ("v", "") or before[0] in ("l", "m", "n", "r", "ng")
    return "z" if after[1] == "v" and voiced_before else "s"


def _ch(units: list[tuple[str, str]], i: int) -> str:
    before = units[i - 1] if i else ("", "")
    after = units[i + 1] if i + 1 < len(units) else ("", "")
    if i == 0:
        return "ç" if after[0][:1] in ("e", "i", "y") else "k"
    return "x" if before[0] in ("a", "aa", "o", "oo", "u", "au", "ou") else "ç"


def _r(units: list[tuple[str, str]], i: int, row: Row) -> Row:
    after = units[i + 1] if i + 1 < len(units) else ("", "")
    if after[1] == "v" or after[0] == "r":
        return [("ʁ", 0)]
    last = row[-1][0]
    if last == "ɐ":
        return []
    return [("ɐ", 0)] if last.endswith("ː") and last != "aː" else [("ʁ", 0)]


def stress_first(row: Row) -> Row:
    from generators.voice.phones import VOWELS

    for i, (symbol, _) in enumerate(row):
        if symbol in VOWELS and symbol not in ("ə", "ɐ"):
            return [*row[:i], (symbol, 2), *row[i + 1 :]]
    return row

"""German words that the lexicon lists: entries mapped to our inventory, repaired, and inflected.

The lexicon is the one of eSpeak that ships with gruut: it has stress, which gruut's first German lexicon
lacks, and far fewer broken entries.
"""

from __future__ import annotations

import re

from generators.voice.phones import VOWELS

from .german_rules import VOWEL_UNIT, Row
from .german_words import FIXED
from .lexicons import german_lexicon

DIPHTHONG = {
    ("a", "ɪ"): "aɪ",
    ("a", "ʊ"): "aʊ",
    ("ɔ", "ø"): "ɔʏ",
    ("ɔ", "ʏ"): "ɔʏ",
    ("e", "ɪ"): "eː",
    ("o", "ʊ"): "oː",
}
AFFRICATE = {("t", "s"): "ts", ("p", "f"): "pf", ("t", "ʃ"): "tʃ", ("d", "ʒ"): "dʒ"}
SAME = {
    **{
        "ɡ": "g",
        "ɾ": "ʁ",
        "r": "ʁ",
        "ɹ": "ʁ",
        "χ": "x",
        "ɜ": "ɐ",
        "ɐ": "ɐ",
        "ɑː": "aː",
        "ɑ": "aː",
        "ø": "øː",
        "e": "eː",
    },
    **{
        "i": "iː",
        "o": "oː",
        "u": "uː",
        "w": "v",
        "ɒ": "ɔ",
        "ʌ": "a",
        "ɔː": "ɔ",
        "ɜː": "œ",
        "ɑ̃": "ãː",
        "ɔ̃": "õː",
        "θ": "s",
        "ð": "z",
    },
    **{"y": "yː"},
}
ENDING_ROWS: dict[str, tuple[str, ...]] = {
    **{
        "e": ("ə",),
        "n": ("n",),
        "s": ("s",),
        "en": ("ə", "n"),
        "er": ("ɐ",),
        "es": ("ə", "s"),
        "em": ("ə", "m"),
        "t": ("t",),
    },
    **{
        "te": ("t", "ə"),
        "ten": ("t", "ə", "n"),
        "tem": ("t", "ə", "m"),
        "ter": ("t", "ɐ"),
        "tes": ("t", "ə", "s"),
    },
    **{
        "st": ("s", "t"),
        "in": ("ɪ", "n"),
        "innen": ("ɪ", "n", "ə", "n"),
        "ern": ("ɐ", "n"),
        "end": ("ə", "n", "t"),
    },
    **{"ende": ("ə", "n", "d", "ə"), "enden": ("ə", "n", "d", "ə", "n")},
}
ENDINGS = sorted(ENDING_ROWS, key=len, reverse=True)
VOICED_AGAIN = {"b": ("p", "b"), "d": ("t", "d"), "g": ("k", "g"), "s": ("s", "z")}
VOWEL_START = re.compile(r"[aeiouyäöü]")
PREFIX_BEFORE_VOWEL = re.compile(
    r"(?:(?:be|ge|ver|er|zer|ent|un|ur|miss|vor|an|auf|aus|ein|zu|ab|mit|über|unter|um|nach|wieder)+?)(?=[aeiouäöü])"
)
SEPARABLE_GE = re.compile(
    r"(?:zu|an|ab|auf|aus|ein|vor|mit|um|nach|her|hin|weg|los|zurück|un|zusammen|fest|frei|heraus|herein|bei|nieder|durch|unter)ge(?!b?n[ie])"
)
LISTED_R = re.compile("[ɾrɜɹ]")
VOWEL_SET = frozenset(VOWELS)


def parse(spelling: str) -> Row:
    """Turns "n a ˈtuːɐ" style entries, phones apart by blanks, into a row."""
    row = []
    for item in spelling.split():
        stress = {"ˈ": 2, "ˌ": 1}.get(item[0], 0)
        row.append((item[1:] if stress else item, stress))
    return row


def fixed(word: str) -> Row | None:
    return parse(FIXED[word]) if word in FIXED else None


def fixed_inflected(word: str) -> Row | None:
    for ending in ("en", "er", "es", "e", "n", "s"):
        if len(word) - len(ending) > 4 and word.endswith(ending) and word[: -len(ending)] in FIXED:
            return join_ending(parse(FIXED[word[: -len(ending)]]), ending, word)
    return None


def known(word: str) -> Row | None:
    entry = german_lexicon().get(word)
    if entry is None or len(re.findall("r+", word)) > len(LISTED_R.findall(entry)):
        return None  # the lexicon lost an r in some hundred words
    return _repair(parse(entry), word)


def _repair(raw: Row, word: str) -> Row:
    """Maps a lexicon entry to our inventory."""
    row: Row = []
    for symbol, stress in raw:
        last = row[-1] if row else ("", 0)
        pair = (last[0], symbol)
        if pair in DIPHTHONG and not stress:
            row[-1] = (DIPHTHONG[pair], last[1])
        elif pair in AFFRICATE:
            row[-1] = (AFFRICATE[pair], 0)
        elif symbol == "n̩":
            row += [("ə", 0), ("n", 0)]
        else:
            row.append((symbol, stress))
    mapped = [(SAME.get(symbol, symbol), stress) for symbol, stress in row]
    mapped = [
        ("a", 0) if raw == "ɑ" and not s else (symbol, s)
        for (symbol, s), (raw, _) in zip(mapped, row, strict=True)
    ]
    mapped = [(symbol, 0 if symbol in ("ə", "ɐ") else stress) for symbol, stress in mapped]
    if SEPARABLE_GE.match(word):
        mapped = _schwa_ge(mapped)
    if mapped and mapped[-1] == ("aː", 0):
        mapped[-1] = ("a", 0)
    return _coda_r(_ern(_ion(mapped)))


def _schwa_ge(row: Row) -> Row:
    for i in range(1, len(row) - 1):
        if row[i] == ("eː", 0) and row[i - 1][0] == "g":
            return [*row[:i], ("ə", 0), *row[i + 1 :]]
    return row


def _ern(row: Row) -> Row:
    """An unstressed -ern- after the first syllable is ɐ n."""
    for i in range(3, len(row) - 2):
        if row[i : i + 3] == [("ɛ", 0), ("ʁ", 0), ("n", 0)]:
            return [*row[:i], ("ɐ", 0), *row[i + 2 :]]
    return row


def _ion(row: Row) -> Row:
    """-tion is one syllable: ts j oː n."""
    for i in range(1, len(row) - 2):
        if row[i][0] in ("ɪ", "iː") and not row[i][1] and row[i + 1][0] == "oː" and row[i - 1][0] == "ts":
            return [*row[:i], ("j", 0), *row[i + 1 :]]
    return row


def _coda_r(row: Row) -> Row:
    """An r that closes its syllable: ɐ after a long vowel and in prefixes, else a consonant."""
    out: Row = []
    for i, (symbol, stress) in enumerate(row):
        following = row[i + 1][0] if i + 1 < len(row) else ""
        if symbol == "h" and following not in VOWEL_SET:
            continue
        before = out[-1][0] if out else ""
        if symbol == "ʁ" and following not in VOWEL_SET and following != "j":
            prefix = before == "ɛ" and i <= 2 and not out[-1][1]
            if before == "ɐ":
                continue
            if (
                prefix
                or (before.endswith("ː") and before != "aː")
                or (before.endswith("ː") and not following)
            ):
                symbol = "ɐ"
        out.append((symbol, stress))
    return out


def inflected(word: str) -> Row | None:
    """A known word with an ending it is not listed with."""
    for ending in ENDINGS:
        stem = word[: -len(ending)]
        if len(stem) >= 4 and word.endswith(ending):
            row = fixed(stem) or known(stem)
            if row is None and stem + "e" in german_lexicon() and ending[0] != "e":
                continue
            if row is None and stem + "en" in german_lexicon() and ending[:1] in ("e", "t"):
                row = (known(stem + "en") or [])[:-2]
            if row:
                return join_ending(row, ending, word)
    return None


def join_ending(row: Row, ending: str, word: str) -> Row:
    """Puts an ending to a stem; a final b, d, g or s of the spelling is voiced again before a vowel."""
    tail = [(symbol, 0) for symbol in ENDING_ROWS[ending]]
    last = row[-1][0]
    letter = word[: -len(ending)][-1:]
    if (
        tail[0][0] in VOWEL_SET
        and VOICED_AGAIN.get(letter, ("",))[0] == last
        and not word[: -len(ending)].endswith("ss")
    ):
        row = [*row[:-1], (VOICED_AGAIN[letter][1], 0)]
    if tail[0][0] in VOWEL_SET and last == "ɐ" and len(row) > 1:
        schwa = [("ə", 0)] if row[-2][0] not in VOWEL_SET else []
        row = [*row[:-1], *schwa, ("ʁ", 0)]
    return [*row, *tail]


def glottal(row: Row, word: str) -> Row:
    """A vowel that starts a word or, stressed, a stem after a prefix has a glottal stop before it."""
    if row and row[0][0] in VOWEL_SET:
        row = [("ʔ", 0), *row]
    found = PREFIX_BEFORE_VOWEL.match(word)
    if not found or VOWEL_START.match(word[found.end() :]) is None:
        return row
    inside = VOWEL_UNIT.findall(found.group())
    seen = 0
    for i, (symbol, stress) in enumerate(row):
        if symbol not in VOWEL_SET or (symbol == "ɐ" and i and row[i - 1][0] in VOWEL_SET):
            continue
        if seen == len(inside) and stress and i and row[i - 1][0] != "ʔ":
            head = (
                [*row[: i - 1], ("ɐ", 0)] if row[i - 1][0] == "ʁ" and found.group().endswith("r") else row[:i]
            )
            return [*head, ("ʔ", 0), *row[i:]]
        seen += 1
    return row

"""Inline markup: pronunciations in braces and asked pauses."""

from __future__ import annotations

import re

from generators.voice.phones import INDEX, VOWELS, Phone

LONGEST_PAUSE_S = 10.0
BREAK_STRENGTH_S = {"none": 0.0, "x-weak": 0.1, "weak": 0.2, "medium": 0.4, "strong": 0.7, "x-strong": 1.0}
DEFAULT_BREAK_S = 0.4
ARPABET = {
    **{
        "AA": "ɑ",
        "AE": "æ",
        "AH": "ʌ",
        "AO": "ɔ",
        "AW": "aʊ",
        "AX": "ə",
        "AXR": "ɚ",
        "AY": "aɪ",
        "EH": "ɛ",
        "ER": "ɚ",
    },
    **{
        "EY": "eɪ",
        "IH": "ɪ",
        "IX": "ɪ",
        "IY": "i",
        "OW": "oʊ",
        "OY": "ɔɪ",
        "UH": "ʊ",
        "UW": "u",
        "UX": "u",
        "B": "b",
    },
    **{
        "CH": "tʃ",
        "D": "d",
        "DH": "ð",
        "DX": "t",
        "F": "f",
        "G": "g",
        "HH": "h",
        "H": "h",
        "JH": "dʒ",
        "K": "k",
        "L": "l",
    },
    **{
        "M": "m",
        "N": "n",
        "NG": "ŋ",
        "P": "p",
        "Q": "ʔ",
        "R": "ɹ",
        "S": "s",
        "SH": "ʃ",
        "T": "t",
        "TH": "θ",
        "V": "v",
    },
    **{"W": "w", "WH": "w", "Y": "j", "Z": "z", "ZH": "ʒ"},
}
ARPABET_ITEM = re.compile(r"([A-Z]{1,3})([0-2])?$")
# Other spellings of our symbols, for input only.
IPA_SAME = {
    **{
        "ɡ": "g",
        "r": "ɹ",
        "χ": "x",
        "ɝ": "ɚ",
        "ɜː": "ɚ",
        "ɜ": "ɚ",
        "iː": "iː",
        "e": "eː",
        "o": "oː",
        "øy": "ɔʏ",
        "ɔø": "ɔʏ",
    },
    **{
        "ʀ": "ʁ",
        "ɾ": "t",
        "ɒ": "ɑ",
        "ɑː": "ɑ",
        "ɔː": "ɔ",
        "y": "yː",
        "ø": "øː",
        "əʊ": "oʊ",
        "ɫ": "l",
        "ʍ": "w",
        "ɱ": "m",
    },
}
IPA_LENGTHS = (3, 2, 1)
STRESS = {"ˈ": 2, "'": 2, "ˌ": 1}
VOWEL_SET = frozenset(VOWELS)


def phones_in_braces(content: str) -> tuple[Phone, ...]:
    """Reads an inline pronunciation: ARPAbet ("K AE1 T") or IPA ("kæt", "ˈkæt").

    Raises:
        ValueError: the content is neither, naming what was not understood.
    """
    items = content.split()
    if items and all((m := ARPABET_ITEM.match(item)) and m[1] in ARPABET for item in items):
        return _stressed([_arpabet(item) for item in items])
    return _stressed(_ipa(content))


def _arpabet(item: str) -> Phone:
    found = ARPABET_ITEM.match(item)
    if found is None:
        raise ValueError(f"expected ARPAbet, got {item!r}")
    symbol = "ə" if found[1] == "AH" and found[2] == "0" else ARPABET[found[1]]
    stress = {"1": 2, "2": 1}.get(found[2] or "", 0)
    return Phone(symbol, stress if symbol in VOWEL_SET else 0)


def _ipa(content: str) -> list[Phone]:
    text = re.sub("[\u0361\u035c\u032f\u0329\u02b0./\\s-]", "", content)
    phones: list[Phone] = []
    stress, place = 0, 0
    while place < len(text):
        if text[place] in STRESS:
            stress = STRESS[text[place]]
            place += 1
            continue
        taken = next((n for n in IPA_LENGTHS if _known_ipa(text[place : place + n], n)), 0)
        if not taken:
            raise ValueError(
                "expected ARPAbet such as {K AE1 T} or IPA such as {kæt},"
                f" got {{{content}}} ({text[place]!r} is unknown)"
            )
        piece = text[place : place + taken]
        symbol = piece if piece in INDEX else IPA_SAME[piece]
        is_vowel = symbol in VOWEL_SET
        phones.append(Phone(symbol, stress if is_vowel else 0))
        stress = 0 if is_vowel else stress
        place += taken
    return phones


def _known_ipa(piece: str, length: int) -> bool:
    return len(piece) == length and piece != "_" and (piece in INDEX or piece in IPA_SAME)


def _stressed(phones: list[Phone]) -> tuple[Phone, ...]:
    """Stresses the first full vowel when none is marked."""
    if not phones:
        raise ValueError("expected phones in braces, got none")
    if not any(phone.stress for phone in phones):
        for i, phone in enumerate(phones):
            if phone.symbol in VOWEL_SET and phone.symbol != "ə":
                phones[i] = Phone(phone.symbol, 2)
                break
    return tuple(phones)


def pause_s(markup: str) -> float:
    """Reads "[pause 0.4s]", "[pause 400ms]" or '<break time="400ms"/>', in seconds.

    Raises:
        ValueError: outside 0 to `LONGEST_PAUSE_S`.
    """
    found = re.search(r"(\d+(?:\.\d+)?)\s*(ms|s)?", markup)
    if found is None:
        strength = re.search(r"strength\s*=\s*[\"']?([a-z-]+)", markup)
        return BREAK_STRENGTH_S.get(strength[1], DEFAULT_BREAK_S) if strength else DEFAULT_BREAK_S
    seconds = float(found[1]) / (1000.0 if found[2] == "ms" else 1.0)
    if not seconds <= LONGEST_PAUSE_S:
        raise ValueError(f"expected a pause of 0 to {LONGEST_PAUSE_S:g} s, got {markup}")
    return seconds

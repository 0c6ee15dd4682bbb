"""Phones to mouth shapes: the 15 visemes of Oculus lip sync, which ARKit and VRM rigs have mappings for."""

from __future__ import annotations

from collections.abc import Iterable

VISEMES = ("sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "I", "O", "U")
_SHAPES = {
    "sil": "_",
    "PP": "p b m",
    "FF": "f v",
    "TH": "θ ð",
    "DD": "t d",
    "kk": "k g x ŋ h ʔ",
    "CH": "tʃ dʒ ʃ ʒ",
    "SS": "s z ts ç",
    "nn": "n l",
    "RR": "ɹ ʁ ɚ",
    "aa": "ɑ æ ʌ a aː ɐ ãː",
    "E": "ɛ ɛː ə eː ɛ̃ː",
    "I": "i ɪ iː j",
    "O": "ɔ oː œ õː",
    "U": "ʊ u uː ʏ yː øː w",
}
# Phones whose mouth moves: two shapes, each for half of the phone.
_MOVING = {
    **{
        "eɪ": ("E", "I"),
        "aɪ": ("aa", "I"),
        "oʊ": ("O", "U"),
        "ɔɪ": ("O", "I"),
        "aʊ": ("aa", "U"),
        "ɔʏ": ("O", "I"),
    },
    "pf": ("PP", "FF"),
}
VISEME: dict[str, tuple[str, ...]] = {
    **{symbol: (shape,) for shape, symbols in _SHAPES.items() for symbol in symbols.split()},
    **_MOVING,
}


def viseme_track(phones: Iterable[tuple[str, float, float]]) -> list[tuple[str, float, float]]:
    """Turns timed phones into timed mouth shapes.

    Args:
        phones: (symbol, start, end) in seconds, in order.

    Returns:
        (viseme, start, end) in seconds, in order; equal neighbors that touch are one.

    Raises:
        ValueError: a symbol out of the inventory.

    Source: Meta, "Oculus Lipsync: viseme reference", for the shapes of the English phones.
    """
    track: list[tuple[str, float, float]] = []
    for symbol, start, end in phones:
        if symbol not in VISEME:
            raise ValueError(f"expected a phone of the inventory, got {symbol!r}")
        shapes = VISEME[symbol]
        step = (end - start) / len(shapes)
        for i, shape in enumerate(shapes):
            begin, stop = start + i * step, end if i + 1 == len(shapes) else start + (i + 1) * step
            if track and track[-1][0] == shape and abs(track[-1][2] - begin) < 1e-6:
                track[-1] = (shape, track[-1][1], stop)
            else:
                track.append((shape, begin, stop))
    return track

"""Feelings taken from files together: shares of several references, or words beside how they were said."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .emotion import (
    MAX_INTENSITY,
    Emotion,
    check_number,
    mixture,
    names_file,
    printable,
    shorten,
    unknown_name,
)
from .names import NEUTRAL, find_state

JOIN = r"\s*(?:[,;+&]|\band\b)\s*"
SHARE = r"\d+(?:\.\d+)?\s*%"
# A file's name may hold anything, also a separator: one only counts where a share stands at its side.
BETWEEN_FIRST = re.compile(rf"{JOIN}(?={SHARE})", re.IGNORECASE)
SHARE_FIRST = re.compile(r"(?P<share>\d+(?:\.\d+)?)\s*%\s*(?:of\s+)?(?P<name>\S.*)")
SHARE_LAST = re.compile(
    rf"(?P<name>\S.*?)\s*(?:[:=]\s*(?P<part>\d*\.?\d+)(?P<mark>\s*%)?|\s(?P<percent>\d+(?:\.\d+)?)\s*%)"
    rf"(?:{JOIN}|$)",
    re.IGNORECASE,
)
KEYS = {"text", "audio", "text_weight", "intensity"}


def read_shares(text: str) -> list[tuple[str, float]]:
    """Reads "60% a.wav, 40% b.wav", "a.wav 60%, sad 40%" or "a.wav: 0.6, b.wav: 0.4".

    Returns:
        (name, share) pairs; empty when a part of the text has no share.
    """
    parts = [SHARE_FIRST.fullmatch(part) for part in BETWEEN_FIRST.split(text)]
    if all(parts):
        return [(match["name"].strip(), float(match["share"]) / 100) for match in parts if match]
    found, at = [], 0
    while at < len(text):
        match = SHARE_LAST.match(text, at)
        if match is None:
            return []
        percent = match["percent"] or (match["part"] if match["mark"] else None)
        found.append((match["name"], float(percent) / 100 if percent else float(match["part"])))
        at = match.end()
    return found


def mix_references(terms: Sequence[tuple[Any, Any]]) -> Emotion:
    """Gives the weighted mean of the points of references and named states.

    Args:
        terms: (path or name, share). A sum below 1 leaves the rest to neutral, one above 1 means proportions,
            as in `emotion.mixture`.

    Raises:
        ValueError: an unknown name, a share that is no number of at least 0, or a file that no encoder reads.
        FileNotFoundError: a file that is not there.
    """
    shares: dict[str, float] = {}
    for name, share in terms:
        shares[str(name)] = shares.get(str(name), 0.0) + check_number(
            share, f"the share of {shorten(str(name))}", 0.0, 1000.0
        )
    total = math.fsum(shares.values())
    parts = [(part_of(name), share / total) for name, share in shares.items() if share > 1e-9 * total]
    if not parts:
        return mixture([(NEUTRAL, 1.0)])
    label = ", ".join(f"{100 * share:.0f}% {name_of(part)}" for part, share in parts)
    return Emotion(
        code=mean_of(parts),
        source=printable(name_of(parts[0][0]) if len(parts) == 1 else label),
        read_by=tuple(dict.fromkeys(weights for part, _ in parts for weights in part.read_by)),
        intensity=1.0 if total > 0.985 else total,
    )


def part_of(name: str) -> Emotion:
    """Reads one part of a mixture; words that are no state's name are refused, as in named mixtures."""
    if names_file(name):
        return Emotion.parse(Path(name))
    state = find_state(name)
    if state is None:
        raise unknown_name(name)
    return Emotion(weights=((state, 1.0),))


def name_of(part: Emotion) -> str:
    return part.weights[0][0] if part.weights else part.source


def mean_of(parts: Sequence[tuple[Emotion, float]]) -> tuple[float, ...]:
    """Gives the weighted mean of the parts' points, 64 numbers; shares sum to 1."""
    import torch

    from .space import load_space

    space = load_space()
    shares = torch.tensor([share for _, share in parts])
    return tuple((shares @ torch.stack([space.embed(part) for part, _ in parts])).tolist())


def words_and_voice(value: Mapping[str, Any]) -> Emotion:
    """Gives the emotion of {"text": ..., "audio": ..., "text_weight": ..., "intensity": ...}.

    Raises:
        ValueError, FileNotFoundError: other keys, or as `combined.read_together`.
    """
    if not {"text", "audio"} <= set(value) <= KEYS:
        keys = shorten(sorted(map(str, value)))
        raise ValueError(f"expected text, audio and if wanted text_weight and intensity, got {keys}")
    from .combined import read_together

    intensity = check_number(value.get("intensity", 1.0), "intensity", 0.0, MAX_INTENSITY)
    return read_together(value["text"], value["audio"], value.get("text_weight")).emotion(intensity)

"""What somebody feels, as a plain value: shares of states, a point, a phrase or a reference."""

from __future__ import annotations

import math
import os
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from pathlib import Path
from typing import Any

from .encoders import ENCODERS, all_weights, read
from .names import EIGHT_VECTOR, NEUTRAL, STATES, find_state, nearest_names

MAX_INTENSITY = 1.5
MAX_PHRASE = 1000
CODE_WIDTH = 64
# A text that ends so names a file, whether or not an encoder reads it.
FILE_SUFFIXES = {*ENCODERS, ".glb"}
EXPECTED = (
    "an emotion name, a mixture, a phrase, (valence, arousal, dominance) in -1..1 or 8 weights "
    f"({', '.join(EIGHT_VECTOR)})"
)
_SHARE_FIRST = re.compile(r"^(?P<share>\d+(?:\.\d+)?)\s*%\s*(?:of\s+)?(?P<name>[^\d%:=]+)$")
_SHARE_LAST = re.compile(r"^(?P<name>[^\d%:=]+?)\s*(?:[:=]\s*)?(?P<share>\d*\.?\d+)\s*(?P<percent>%?)$")
_SEPARATOR = re.compile(r"\s*(?:[,;+&/]|\band\b)\s*", re.IGNORECASE)
_QUADRANT = re.compile(r"^q[1-4]$", re.IGNORECASE)


@dataclass(frozen=True)
class Emotion:
    """One feeling. Exactly one of `weights`, `vad`, `phrase` and `code` is set; see `parse`.

    Attributes:
        weights: (state, share) pairs; shares are above 0 and sum to 1.
        vad: (valence, arousal, dominance), each in -1..1.
        phrase: words for the text encoder.
        code: 64 numbers of the emotion space, what an encoder heard or saw in a reference.
        source: what stands behind `code`, for people: a file name, shares of several, or words and a file.
        read_by: names of the weights that read `code`; empty when unknown.
        intensity: 0 (neutral) to 1 (as strong as people express it); up to 1.5 exaggerates.
    """

    weights: tuple[tuple[str, float], ...] = ()
    vad: tuple[float, float, float] | None = None
    phrase: str | None = None
    code: tuple[float, ...] | None = None
    source: str = ""
    read_by: tuple[str, ...] = ()
    intensity: float = 1.0

    def __post_init__(self) -> None:
        check_number(self.intensity, "intensity", 0.0, MAX_INTENSITY)
        if (
            sum((bool(self.weights), self.vad is not None, self.phrase is not None, self.code is not None))
            != 1
        ):
            raise ValueError("expected exactly one of weights, vad, phrase and code in an Emotion")
        if self.weights:
            unknown = [name for name, _ in self.weights if name not in STATES]
            if unknown:
                raise unknown_name(unknown[0])
            for name, weight in self.weights:
                if check_number(weight, f"the share of {name}", 0.0, 1.0) == 0.0:
                    raise ValueError(f"expected a share above 0 for {name}, got 0")
            total = math.fsum(weight for _, weight in self.weights)
            if abs(total - 1) > 1e-6:
                raise ValueError(f"expected shares that sum to 1, got {total:g}")
        if self.vad is not None:
            for axis, value in zip(("valence", "arousal", "dominance"), self.vad, strict=True):
                check_number(value, axis, -1.0, 1.0)
        if self.phrase is not None:
            clean_text(self.phrase)
        if self.code is not None and (len(self.code) != CODE_WIDTH or not all(map(math.isfinite, self.code))):
            raise ValueError(f"expected a code of {CODE_WIDTH} finite numbers, got {len(self.code)} values")

    @classmethod
    def parse(cls, value: Any, intensity: float | None = None, *, files: bool = True) -> Emotion:
        """Gives the Emotion that a value stands for.

        Args:
            value: a name ("sad"), several ("sad and angry"), shares ("60% sad, 40% angry", "sad: 0.7",
                {"sad": 0.6, "angry": 0.4}), a phrase ("trembling with rage held back"), a (valence, arousal,
                dominance) triple or {"valence": ..., "arousal": ..., "dominance": ...} in -1..1, 8 weights
                (happy, angry, sad, afraid, disgusted, melancholic, surprised, calm), the path of a reference
                file (of `encoders.ENCODERS`), shares with such files among them ({"a.wav": 0.6, "sad": 0.4},
                "60% a.wav, 40% b.mid"), words and how they were said ({"text": "Oh, you came!", "audio":
                "take.wav"}, with a "text_weight" in 0..1 and an "intensity" if wanted; see `combined`), a
                (value, intensity) pair, what `to_json` gave, or an Emotion.
            intensity: 0..1.5; multiplies the value's own. The product stops at 1.5, the end of the dial.
            files: whether text may name a reference file; False where the text comes from strangers.

        Shares that sum to less than 1 leave the rest to neutral, so {"sad": 0.3} is sadness at intensity
        0.3; shares that sum to more are proportions. Eight weights that sum to more than 1 also exaggerate,
        up to 1.5.

        Raises:
            ValueError: anything else; the message says what was expected and what came.
            FileNotFoundError: a reference file that is not there.
        """
        emotion = _from_value(value, files)
        if intensity is None:
            return emotion
        return emotion.scaled(check_number(intensity, "intensity", 0.0, MAX_INTENSITY))

    def scaled(self, factor: float) -> Emotion:
        """Gives the same feeling `factor` times as strong; stops at 1.5."""
        return replace(self, intensity=min(MAX_INTENSITY, self.intensity * factor))

    @property
    def label(self) -> str:
        """Short text for people: "sadness", "60% sadness, 40% anger (0.8)"."""
        if self.weights:
            parts = [f"{100 * share:.0f}% {name}" for name, share in self.weights]
            text = self.weights[0][0] if len(self.weights) == 1 else ", ".join(parts)
        elif self.vad is not None:
            text = "valence {:+.2f}, arousal {:+.2f}, dominance {:+.2f}".format(*self.vad)
        elif self.phrase is not None:
            text = self.phrase if len(self.phrase) <= 48 else self.phrase[:45] + "..."
        else:
            text = f"as in {self.source}" if self.source else "as in a reference"
        return text if self.intensity == 1 else f"{text} ({self.intensity:.2g})"

    def to_json(self) -> dict[str, Any]:
        """Gives plain JSON that `parse` takes back exactly."""
        if self.weights:
            value: dict[str, Any] = {"weights": dict(self.weights)}
        elif self.vad is not None:
            value = {"vad": list(self.vad)}
        elif self.phrase is not None:
            value = {"phrase": self.phrase}
        else:
            value = {"code": list(self.code or ()), "source": self.source, "read_by": list(self.read_by)}
        return {**value, "intensity": self.intensity}


def _from_value(value: Any, files: bool) -> Emotion:
    if isinstance(value, Emotion):
        return value
    if isinstance(value, str):
        return _from_text(value, files)
    if isinstance(value, os.PathLike):
        return _from_file(Path(value))
    if isinstance(value, Mapping):
        return _from_mapping(value, files)
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        return _from_sequence(value, files)
    raise ValueError(f"expected {EXPECTED}, got {shorten(value)}")


def _from_text(text: str, files: bool) -> Emotion:
    text = clean_text(text)
    if any(suffix in text.lower() for suffix in FILE_SUFFIXES):
        shares = _shares_of_files(text, files)
        if shares:
            return _from_shares(shares, files)
    if names_file(text):
        check_allowed(text, files)
        return _from_file(Path(text))
    state = find_state(text)
    if state:
        return Emotion(weights=((state, 1.0),))
    terms = [_share(part) for part in _SEPARATOR.split(text) if part]
    if terms and all(share is not None for _, share in terms):
        return mixture((name, share or 0.0) for name, share in terms)
    names = [find_state(name) for name, share in terms if share is None]
    if len(names) == len(terms) and len(names) > 1 and all(names):
        return mixture([(name or "", 1 / len(names)) for name in names])
    if not any(character.isalpha() for character in text):
        raise ValueError(f"expected {EXPECTED}, got {shorten(text)}")
    return Emotion(phrase=text)


def _share(term: str) -> tuple[str, float | None]:
    """Reads "60% sad", "sad 60%", "sad: 0.6"; the share is None when the term names none."""
    match = _SHARE_FIRST.match(term)
    if match:
        return match["name"].strip(), float(match["share"]) / 100
    match = None if _QUADRANT.match(term) else _SHARE_LAST.match(term)
    if match and (match["percent"] or re.search(r"[:=]", term)):
        return match["name"].strip(), float(match["share"]) / (100 if match["percent"] else 1)
    return term, None


def mixture(terms: Iterable[tuple[str, float]]) -> Emotion:
    """Gives the mixture of named states with these shares; see `Emotion.parse` for sums other than 1.

    Raises:
        ValueError: an unknown name, or a share that is not a number of at least 0.
    """
    shares: dict[str, float] = {}
    for name, share in terms:
        state = find_state(name)
        if state is None:
            raise unknown_name(name)
        shares[state] = shares.get(state, 0.0) + check_number(share, f"the share of {name}", 0.0, 1000.0)
    if not shares:
        raise ValueError("expected at least one emotion in a mixture, got none")
    total = math.fsum(shares.values())
    if total <= 1e-9:
        return Emotion(weights=((NEUTRAL, 1.0),))
    # Percentages rounded by hand ("33%, 33%, 33%") still mean all of it.
    intensity = 1.0 if total > 0.985 else total
    weights = tuple((name, share / total) for name, share in shares.items() if share / total > 0)
    return Emotion(weights=weights, intensity=intensity)


def _from_mapping(value: Mapping[Any, Any], files: bool) -> Emotion:
    keys = set(value)
    if not all(isinstance(key, (str, os.PathLike)) for key in keys):
        raise ValueError(f"expected emotion names as keys, got {shorten(dict(value))}")
    if keys & {"text", "audio"}:
        from .references import words_and_voice

        if "audio" in keys:
            check_allowed(value["audio"], files)
        return words_and_voice(value)
    if any(names_file(key) for key in keys):
        return _from_shares(value.items(), files)
    kinds = keys & {"weights", "vad", "phrase", "code"}
    if kinds:
        extra = keys - kinds - {"intensity", "source", "read_by"}
        if len(kinds) > 1 or extra:
            raise ValueError(
                f"expected one of weights, vad, phrase, code and an intensity, got {shorten(sorted(keys))}"
            )
        return _from_json(value)
    if keys and keys <= {"valence", "arousal", "dominance"} and keys != {"dominance"}:
        return Emotion(vad=_triple([value.get(axis, 0.0) for axis in ("valence", "arousal", "dominance")]))
    return mixture(value.items())


def _from_json(value: Mapping[str, Any]) -> Emotion:
    intensity = check_number(value.get("intensity", 1.0), "intensity", 0.0, MAX_INTENSITY)
    if "weights" in value:
        weights = value["weights"]
        if not isinstance(weights, Mapping) or not all(isinstance(name, str) for name in weights):
            raise ValueError(f"expected shares by name under weights, got {shorten(weights)}")
        exact = all(name in STATES for name in weights) and _sums_to_one(weights.values())
        if exact:
            return Emotion(
                weights=tuple((name, float(share)) for name, share in weights.items()), intensity=intensity
            )
        return mixture(weights.items()).scaled(intensity)
    if "vad" in value:
        return Emotion(vad=_triple(value["vad"]), intensity=intensity)
    if "phrase" in value:
        if not isinstance(value["phrase"], str):
            raise ValueError(f"expected text under phrase, got {shorten(value['phrase'])}")
        return Emotion(phrase=clean_text(value["phrase"]), intensity=intensity)
    code, source, read_by = value["code"], value.get("source", ""), value.get("read_by", ())
    if not isinstance(code, Sequence) or isinstance(code, str) or not isinstance(source, str):
        raise ValueError(f"expected {CODE_WIDTH} numbers under code, got {shorten(code)}")
    if not isinstance(read_by, (list, tuple)) or any(name not in all_weights() for name in read_by):
        raise ValueError(f"expected read_by out of {', '.join(all_weights())}, got {shorten(read_by)}")
    numbers = tuple(check_number(number, "a number of the code", -1e4, 1e4) for number in code)
    source = clean_text(source) if source else ""
    return Emotion(code=numbers, source=source, read_by=tuple(read_by), intensity=intensity)


def _sums_to_one(shares: Iterable[Any]) -> bool:
    shares = list(shares)
    numbers = all(is_number(share) and share > 0 for share in shares)
    return numbers and abs(math.fsum(shares) - 1) < 1e-6


def _from_sequence(value: Sequence[Any], files: bool) -> Emotion:
    if len(value) == 2 and not is_number(value[0]) and is_number(value[1]):
        return Emotion.parse(value[0], value[1], files=files)
    numbers = all(is_number(item) for item in value)
    if numbers and len(value) == 3:
        return Emotion(vad=_triple(value))
    if numbers and len(value) == len(EIGHT_VECTOR):
        weights = [check_number(item, f"the weight of {name}", 0.0, MAX_INTENSITY)
                   for name, item in zip(EIGHT_VECTOR, value, strict=True)]  # fmt: skip
        emotion = mixture(zip(EIGHT_VECTOR, weights, strict=True))
        return replace(emotion, intensity=min(MAX_INTENSITY, math.fsum(weights)) if any(weights) else 1.0)
    raise ValueError(f"expected {EXPECTED}, got {shorten(list(value))}")


def _triple(value: Any) -> tuple[float, float, float]:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 3:
        raise ValueError(f"expected (valence, arousal, dominance), got {shorten(value)}")
    valence, arousal, dominance = (
        check_number(number, axis, -1.0, 1.0)
        for axis, number in zip(("valence", "arousal", "dominance"), value, strict=True)
    )
    return valence, arousal, dominance


def _from_file(path: Path) -> Emotion:
    """Reads a reference through the encoder of its medium."""
    code, weights = read(path)
    return Emotion(
        code=tuple(float(number) for number in code), source=printable(path.name), read_by=(weights,)
    )


def _shares_of_files(text: str, files: bool) -> list[tuple[str, float]]:
    """Gives the shares of a text such as "60% a.wav, 40% b.wav"; none for the name of one file."""
    from .references import read_shares

    # A file may be called "50% off.wav". Whether it is there is no stranger's business.
    shares = [] if files and os.path.isfile(text) else read_shares(text)
    return shares if any(names_file(name) for name, _ in shares) else []


def _from_shares(shares: Iterable[tuple[Any, Any]], files: bool) -> Emotion:
    """Gives the mixture of references and named states."""
    from .references import mix_references

    terms = list(shares)
    for name, _ in terms:
        if names_file(name):
            check_allowed(name, files)
    return mix_references(terms)


def names_file(name: str | os.PathLike[str]) -> bool:
    """Says whether a name is that of a file, whether or not it is there."""
    return isinstance(name, os.PathLike) or Path(name).suffix.lower() in FILE_SUFFIXES


def check_allowed(name: Any, files: bool) -> None:
    """Raises a ValueError where no file may be named."""
    if not files:
        raise ValueError(f"expected an emotion in words, got a file name {shorten(str(name))}")


def printable(text: str, longest: int = 200) -> str:
    """Gives a name that people can be shown: no control characters, single spaces, not too long."""
    shown = "".join(" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in text)
    shown = " ".join(shown.split())
    return shown if len(shown) <= longest else shown[: longest - 3] + "..."


def clean_text(text: str) -> str:
    """Gives text with line breaks and tabs as spaces and none at its ends.

    Raises:
        ValueError: empty, longer than 1000 characters, or with control characters.
    """
    if len(text) > MAX_PHRASE:
        raise ValueError(f"expected an emotion in at most {MAX_PHRASE} characters, got {len(text)}")
    cleaned = re.sub(r"[ \t\r\n]+", " ", text).strip()
    if not cleaned:
        raise ValueError(f"expected {EXPECTED}, got empty text")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in cleaned):
        raise ValueError(f"expected text without control characters, got {shorten(cleaned)}")
    return cleaned


def is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def check_number(value: Any, name: str, low: float, high: float) -> float:
    """Gives the number as a float, or raises a ValueError that names it and its range."""
    if not is_number(value) or not low <= value <= high:  # NaN fails both comparisons
        raise ValueError(f"expected {name} as a number from {low:g} to {high:g}, got {shorten(value)}")
    return float(value)


def unknown_name(name: str) -> ValueError:
    """Gives the error for a name that no state has, with names spelled like it."""
    near = nearest_names(name)
    hint = f" (did you mean {', '.join(near)}?)" if near else ""
    return ValueError(f"expected a known emotion name in a mixture, got {shorten(name)}{hint}")


def shorten(value: Any, limit: int = 60) -> str:
    """Gives a value's repr, cut so that an error stays one line."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."

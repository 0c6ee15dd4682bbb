"""From what a person set on the emotion panel to an emotion curve and back, and to what the panel shows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

from conditioning import Emotion, EmotionCurve
from conditioning.encoders import ENCODERS
from conditioning.names import EIGHT_VECTOR, GOEMOTIONS, LABEL_SETS
from generators.base import shorten

WORDS, NAME, MIX, POINT, TIME, REFERENCE = "Words", "Name", "Mix", "Point", "Over time", "A file"
MODES = (WORDS, NAME, MIX, POINT, TIME, REFERENCE)
AXES = ("valence", "arousal", "dominance")
MOST_KEYFRAMES = 200
CURVE_POINTS = 60
# Q1 to Q4 mean little to most people without a picture.
QUADRANTS = {"Q1": "Q1, bright", "Q2": "Q2, tense", "Q3": "Q3, low", "Q4": "Q4, calm"}


@dataclass(frozen=True)
class Settings:
    """Everything that a person can set on the panel.

    Attributes:
        mode: which of the ways below counts, one of `MODES`.
        intensity: 0..1.5.
        words: for "Words".
        name: for "Name".
        mix: eight weights, 0..1, in the order of `EIGHT_VECTOR`, for "Mix".
        point: valence, arousal, dominance in -1..1, for "Point".
        keyframes: rows of seconds, emotion, intensity, for "Over time".
        reference: path of an uploaded file that an encoder reads, for "A file".
        held: what references gave that were read before, an emotion or a curve as JSON, for "A file" without
            one.
    """

    mode: str = WORDS
    intensity: float = 1.0
    words: str = "tender and hopeful"
    name: str = GOEMOTIONS[0]
    mix: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 0.0, 0.6, 0.0, 0.4)
    point: tuple[float, ...] = (0.0, 0.0, 0.0)
    keyframes: Sequence[Sequence[Any]] = ((0, "calm", 0.8), (15, "joyful", 1.0))
    reference: str | None = None
    held: Mapping[str, Any] | None = None

    def curve(self) -> EmotionCurve:
        """Gives the emotion that is set.

        Raises:
            ValueError: what was set is incomplete or out of range.
        """
        intensity = read_number(self.intensity, "the intensity", 0.0, 1.5)
        if self.mode == TIME:
            return EmotionCurve.parse(read_keyframes(self.keyframes), intensity)
        if self.mode == REFERENCE and not self.reference and self.held is not None:
            return EmotionCurve.parse(self.held, intensity, files=False)
        return EmotionCurve.parse(self.emotion(), intensity)

    def emotion(self) -> Emotion:
        # Text from a page never names a file: only an upload does.
        if self.mode == WORDS:
            return Emotion.parse(str(self.words or ""), files=False)
        if self.mode == NAME:
            return Emotion.parse(str(self.name or ""), files=False)
        if self.mode == MIX:
            weights = [
                read_number(w, f"the slider {n}", 0.0, 1.0)
                for n, w in zip(EIGHT_VECTOR, self.mix, strict=True)
            ]
            return Emotion.parse(weights)
        if self.mode == POINT:
            return Emotion.parse(
                [read_number(x, axis, -1.0, 1.0) for axis, x in zip(AXES, self.point, strict=True)]
            )
        if self.mode == REFERENCE and self.reference:
            return Emotion.parse(str(self.reference))
        raise ValueError(f"expected a file to take the feeling from ({readable()}), got none")


def readable() -> str:
    """Says which files a feeling can be taken from."""
    return " or ".join(dict.fromkeys(reader.what for reader in ENCODERS.values()))


def settings_for(value: Any) -> Settings:
    """Gives panel settings that stand for a recipe's emotion.

    Args:
        value: what `EmotionCurve.to_json` gave.
    """
    curve = EmotionCurve.parse(value, files=False)
    if not curve.is_constant and any(emotion.code is not None for _, emotion in curve.keyframes):
        # Rows of words cannot say what was heard in a file.
        return Settings(mode=REFERENCE, held=curve.to_json())
    if not curve.is_constant:
        rows = [
            [time_s, in_words(emotion), round(emotion.intensity, 3)] for time_s, emotion in curve.keyframes
        ]
        return Settings(mode=TIME, keyframes=rows)
    emotion = curve.keyframes[0][1]
    settings = Settings(intensity=emotion.intensity)
    if emotion.vad is not None:
        return replace(settings, mode=POINT, point=emotion.vad)
    if emotion.code is not None:
        return replace(settings, mode=REFERENCE, held=replace(emotion, intensity=1.0).to_json())
    if len(emotion.weights) == 1:
        return replace(settings, mode=NAME, name=emotion.weights[0][0])
    return replace(settings, mode=WORDS, words=in_words(emotion))


def in_words(emotion: Emotion) -> str:
    """Gives words that `Emotion.parse` reads as this emotion at intensity 1."""
    if emotion.weights:
        exact = ", ".join(f"{100 * share:.3g}% {name}" for name, share in emotion.weights)
        return exact if len(emotion.weights) > 1 else emotion.weights[0][0]
    return emotion.phrase or replace(emotion, intensity=1.0).label


def read_keyframes(rows: Sequence[Sequence[Any]]) -> list[tuple[float, Emotion]]:
    """Reads the rows of the keyframe table: seconds, emotion, intensity; empty rows are left out.

    Raises:
        ValueError: a row with a missing or wrong cell, or no row at all.
    """
    frames: list[tuple[float, Emotion]] = []
    for number, row in enumerate(rows, start=1):
        if all(is_empty(cell) for cell in row):
            continue
        seconds = read_number(row[0], f"the seconds of row {number}", 0.0, 86400.0)
        if is_empty(row[1]):
            raise ValueError(f"expected an emotion in row {number}, got nothing")
        intensity = (
            1.0 if is_empty(row[2]) else read_number(row[2], f"the intensity of row {number}", 0.0, 1.5)
        )
        frames.append((seconds, Emotion.parse(str(row[1]), intensity, files=False)))
    if not 1 <= len(frames) <= MOST_KEYFRAMES:
        raise ValueError(
            f"expected 1 to {MOST_KEYFRAMES} rows of seconds, emotion and intensity, got {len(frames)}"
        )
    return sorted(frames, key=lambda frame: frame[0])


def is_empty(cell: Any) -> bool:
    return cell is None or str(cell).strip() in ("", "nan", "None")


def read_number(cell: Any, what: str, low: float, high: float) -> float:
    """Gives a number from a slider, a table cell or a browser.

    Raises:
        ValueError: not a number, or out of range.
    """
    try:
        number = float(cell)
    except (TypeError, ValueError):
        number = math.nan
    if not low <= number <= high:
        raise ValueError(f"expected a number from {low:g} to {high:g} for {what}, got {shorten(cell)}")
    return number


def unit(number: Any) -> float:
    """Gives a place on the plane within -1..1; what is no number is 0."""
    try:
        return read_number(number, "a place on the plane", -1.0, 1.0)
    except ValueError:
        return 0.0


@dataclass(frozen=True)
class View:
    """What the panel shows of a feeling.

    Attributes:
        name: the feeling in short words.
        amount: its intensity as text; empty for a curve.
        place: valence, arousal and dominance in words.
        near: the labels that it reads as, likeliest first.
        lies: (valence, arousal) where it lies.
        route: the way over time, [(valence, arousal), ...]; empty for a constant feeling.
        stops: the places at the keyframes.
    """

    name: str
    amount: str
    place: str
    near: tuple[str, ...]
    lies: tuple[float, float]
    route: tuple[tuple[float, float], ...] = ()
    stops: tuple[tuple[float, float], ...] = ()


def view_of(curve: EmotionCurve) -> View:
    """Reads where a feeling lies; loads the emotion space, and the text encoder when there is a phrase."""
    from conditioning import load_space

    space = load_space()
    times = [time_s for time_s, _ in curve.keyframes]
    if curve.is_constant:
        emotion = curve.keyframes[0][1]
        z = space.embed(emotion)
        vad = [float(x) for x in space.vad(z)]
        likeliest = space.label_logits(z).argsort(descending=True)[:3].tolist()
        name = "a point on the plane" if emotion.vad is not None else replace(emotion, intensity=1.0).label
        place = " · ".join(f"{axis} {signed(x)}" for axis, x in zip(AXES, vad, strict=True))
        near = tuple(GOEMOTIONS[index] for index in likeliest)
        return View(name, f"{emotion.intensity:.2f}", place, near, lies=(vad[0], vad[1]))
    span = [times[0] + (times[-1] - times[0]) * i / (CURVE_POINTS - 1) for i in range(CURVE_POINTS)]
    route = places(space, curve, span)
    place = " · ".join(
        f"{axis} {signed(start)} to {signed(end)}"
        for axis, start, end in zip(AXES, route[0], route[-1], strict=False)
    )
    stops = places(space, curve, times)
    return View(
        heading_of(curve), "", f"{place} · over {times[-1]:g} s", (), lies=stops[0], route=route, stops=stops
    )


def heading_of(curve: EmotionCurve) -> str:
    """Gives a curve in short words: "calm", "calm → joy"."""
    if curve.is_constant:
        return curve.keyframes[0][1].label
    return " → ".join(dict.fromkeys(replace(emotion, intensity=1.0).label for _, emotion in curve.keyframes))


def places(space: Any, curve: EmotionCurve, times: Sequence[float]) -> tuple[tuple[float, float], ...]:
    """Gives (valence, arousal) of the curve at these seconds."""
    import torch

    vad = space.vad(space.embed_curve(curve, torch.tensor(times)))
    return tuple((round(float(v), 3), round(float(a), 3)) for v, a, *_ in vad)


def signed(number: float) -> str:
    return ("−" if round(number, 2) < 0 else "") + f"{abs(number):.2f}"


def view_html(view: View) -> str:
    """Gives the heading of the panel."""
    size = " long" if len(view.name) > 22 else ""
    amount = f" <b>{escape(view.amount)}</b>" if view.amount else ""
    near = f'<p class="near">reads as {escape(", ".join(view.near))}</p>' if view.near else ""
    return (
        f'<div class="feeling" role="status" aria-label="The feeling now"><p class="name{size}">'
        f'{escape(view.name)}{amount}</p><p class="place">{escape(view.place)}</p>{near}</div>'
    )


def hint_html(text: str) -> str:
    """Gives a hint in the place where the feeling stands."""
    words = f'<p class="name long">No feeling yet</p><p class="place">{escape(text)}</p>'
    return f'<div class="feeling">{words}</div>'


def label_choices(label_set: str) -> list[tuple[str, str]]:
    """Gives (shown, name) of a set of names that people know; the first two sets stay short."""
    return [(QUADRANTS.get(name, name), name) for name in LABEL_SETS.get(label_set, ())]


def label_set_of(name: str) -> str | None:
    """Gives a set that holds a name; None when only the space itself has it."""
    order = ("GoEmotions", *LABEL_SETS)
    return next((label_set for label_set in order if name in LABEL_SETS[label_set]), None)

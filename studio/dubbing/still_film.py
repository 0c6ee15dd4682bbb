"""A film in which a photo speaks a dub, where there is no film to dub: the portrait backend moves it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generators.media import Audio, Mark
from generators.voice.timings import marks_beside
from generators.voice.voices import SOUND_FILES

if TYPE_CHECKING:
    from conditioning import Emotion, EmotionCurve
    from generators.base import StepCallback

    from ..session import Studio
    from .dub import Dub, DubLine
    from .store import Store

PORTRAIT = "portrait"
LEAST_S = 0.01  # between two keyframes
MOST_KEYFRAMES = 10_000


def still_film(
    studio: Studio,
    store: Store,
    image: str | Path,
    dub: Dub,
    *,
    options: dict[str, Any] | None = None,
    on_step: StepCallback | None = None,
) -> Path:
    """Gives the film of a photo that says a dub with the feeling of every line; made again only when it changed.

    Args:
        studio: whose portrait backend moves the face. store: keeps the film.
        image: a photo of a face. dub: what is said; its lines' timings move the lips.
        options: arguments of the portrait beside these, such as `width`. on_step: may raise `Cancelled`.

    Returns:
        The path of an MP4 in the store, as long as the dub.

    Raises:
        FileNotFoundError, ValueError: no photo of a face. OSError: no room on the disk.
    """
    from ..inputs import file_of

    heard = Audio(dub.samples, dub.sample_rate, marks_of(dub))
    arguments = {
        **(options or {}),
        "image": str(image),
        "audio": file_of(heard, SOUND_FILES),
        "emotion": feelings_of(dub).to_json(),
    }
    return store.made(studio, PORTRAIT, arguments, ".mp4", on_step=on_step)


def marks_of(dub: Dub) -> tuple[Mark, ...]:
    """Gives the phones and words of all lines, at their times in the dub."""
    found = [
        replace(mark, start_s=mark.start_s + shift, end_s=mark.end_s + shift)
        for line in dub.lines
        if line.is_heard
        for shift in (line.start_s - line.onset_s,)
        for mark in marks_beside(line.file)
    ]
    inside = [mark for mark in found if mark.start_s >= 0 and mark.end_s <= dub.duration_s]
    return tuple(sorted(inside, key=lambda mark: (mark.kind, mark.start_s)))


def feelings_of(dub: Dub) -> EmotionCurve:
    """Gives the feeling over the whole dub: each line's while it is said, and from one to the next in between.

    Of people who speak at once, the feeling is that of who began first.
    """
    from conditioning import EmotionCurve

    frames: list[tuple[float, Emotion]] = []
    for line in sorted((line for line in dub.lines if line.is_heard), key=lambda line: line.start_s):
        for time_s, emotion in keyframes_of(line):
            if not frames or time_s >= frames[-1][0] + LEAST_S:
                frames.append((time_s, emotion))
    if not frames:
        return EmotionCurve.parse("neutral")
    every = -(-len(frames) // MOST_KEYFRAMES)
    return EmotionCurve(tuple(frames[::every]))


def keyframes_of(line: DubLine) -> list[tuple[float, Emotion]]:
    """Gives a line's feeling in the time of the dub, held from its start to its end."""
    from conditioning import EmotionCurve

    curve = EmotionCurve.parse("neutral" if line.emotion is None else line.emotion, files=False)
    within = [(time_s, emotion) for time_s, emotion in curve.keyframes if time_s < line.end_s - line.start_s]
    within = within or [curve.keyframes[0]]
    first, last = (0.0, within[0][1]), (line.end_s - line.start_s, within[-1][1])
    return [(max(0.0, line.start_s) + time_s, emotion) for time_s, emotion in (first, *within, last)]

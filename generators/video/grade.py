"""Grading a film by an emotion: its brightness, contrast, colours and tempo; frame by frame, at any length.

The grade of a frame follows from the emotion at its time alone, never from the frame itself, so what does not
change in the film does not flicker in the result.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np

from conditioning import EmotionCurve, load_space
from conditioning.encoders.video_file import VideoFile, open_video
from generators.base import StepCallback
from generators.media import Audio, Video, track_times
from generators.moving_picture import SIDES, VideoWriter
from generators.on_disk import concatenated
from generators.weights import provenance

from .grade_colour import graded
from .grade_copy import copied
from .grade_course import Course
from .grade_motion import Retiming, retimed
from .grade_sound import stretched

BLOCK = 8  # frames from one step to the next


def grade(prompt: Any, emotion: EmotionCurve, options: Any, on_step: StepCallback | None = None) -> Video:
    """Grades a film.

    Args:
        prompt: a `VideoPrompt` whose video is the film (or a picture, which becomes a film of one frame).
        emotion: over seconds of that film.
        options: `VideoOptions`; the dials of grading count, and what it shall look like.
        on_step: called every few frames; may raise `Cancelled`.

    Returns:
        The film with its sound, of its own rate and size; a side that is odd loses its last line, since films
        have even ones. Where nothing changes, an H.264 film is copied packet by packet.

    Raises:
        ValueError: no film, a broken one, or one too small.
        FileNotFoundError: it is not there.
    """
    source = open_video(prompt.video)
    size = even_size(source)
    course = Course(emotion, source, options)
    retiming = course.retiming()
    told = on_step or (lambda step, total: None)
    film = copied(source) if course.keeps_all and size == (source.width, source.height) else None
    if film is None:
        film = encoded(source, course, retiming, size, told)
    else:
        told(1, 1)
    return replace(
        film,
        warnings=warnings_of(source, size),
        emotion_track=track_of(emotion, film, retiming),
        provenance=provenance("video", [load_space().checkpoint], prompt, emotion, options),
    )


def encoded(
    source: VideoFile, course: Course, retiming: Retiming | None, size: tuple[int, int], on_step: StepCallback
) -> Video:
    """Gives the graded film."""
    steps = max(1, math.ceil(source.num_frames * course.stretch(retiming) / BLOCK))
    with VideoWriter(size, source.frame_rate, sound_of(source, retiming)) as writer:
        for number, frame in enumerate(graded_frames(source, course, retiming, size)):
            writer.write(frame[None])
            if number % BLOCK == 0:
                on_step(min(number // BLOCK + 1, steps), steps)
        return writer.finish()


def even_size(source: VideoFile) -> tuple[int, int]:
    """Gives width and height of the result.

    Raises:
        ValueError: smaller than a film can be.
    """
    shrink = min(1.0, SIDES[1] / max(source.width, source.height))
    width, height = (max(1, round(side * shrink)) // 2 * 2 for side in (source.width, source.height))
    if min(width, height) < SIDES[0]:
        raise ValueError(
            f"expected a film of at least {SIDES[0]} pixels a side to grade, got "
            f"{source.width} x {source.height} in {source.path.name!r}"
        )
    return width, height


def warnings_of(source: VideoFile, size: tuple[int, int]) -> tuple[str, ...]:
    """Says what is not as in the source."""
    if size == (source.width, source.height):
        return ()
    return (f"Films have even sides of at most {SIDES[1]} pixels: {source.width} x {source.height} became "
            f"{size[0]} x {size[1]}.",)  # fmt: skip


def graded_frames(
    source: VideoFile, course: Course, retiming: Retiming | None, size: tuple[int, int]
) -> Iterator[np.ndarray]:
    """Gives the frames of the result, (H, W, 3) uint8; where the look is none, the source's own."""
    width, height = size
    cut = (block[0, :height, :width] for block in source.frames(block=1, largest=SIDES[1]))
    for frame, time_s in retimed(cut, source.frame_rate, retiming):
        table = course.table(time_s)
        yield frame if table is None else graded(frame, table)


def sound_of(source: VideoFile, retiming: Retiming | None) -> Audio | None:
    """Gives the sound of the result; None of a silent film."""
    heard = source.sound()
    first = next(heard, None)
    if first is None:
        return None
    samples = concatenated(chain((first,), heard))
    if retiming is not None:
        samples = concatenated(stretched(samples, source.sample_rate, retiming))
    return Audio(samples, source.sample_rate)


def track_of(
    emotion: EmotionCurve, film: Video, retiming: Retiming | None
) -> tuple[tuple[float, float, float], ...]:
    """Gives the emotion over the time of the result."""
    times = np.array(track_times(film.duration_s))
    own = times if retiming is None else retiming.to_source(times)
    rows = load_space().track(emotion, own.tolist())
    return tuple((float(time), *row[1:]) for time, row in zip(times, rows, strict=True))

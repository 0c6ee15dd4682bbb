"""Sounds to files: every sound format, the picture, subtitles, and the timings of phones and words."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from generators.media import Audio, Converted, Mark, Motion, Video
from generators.on_disk import release
from generators.voice.timings import marks_in

from ..audio_file import CODECS
from .format import (
    Blocks,
    Format,
    emotion_track,
    picture_text,
    read_bytes,
    sound_writer,
    text_of_picture,
    text_of_sound,
    text_of_text,
)

BLOCK_S = 10
TRACK_STEP_S = 0.25


def sound(audio: Audio) -> tuple[Blocks, int]:
    """Gives the sound in blocks, so that what waits on the disk is never in memory as a whole."""
    samples, step = audio.samples, BLOCK_S * audio.sample_rate

    def blocks() -> Blocks:
        for at in range(0, samples.shape[1], step):
            yield samples[:, at : at + step]
            release(samples)

    return blocks(), audio.sample_rate


def write_picture(audio: Audio, path: Path, document: str) -> None:
    from ..waveform import draw

    draw(audio, path, text=picture_text(document))


def write_comparison(converted: Converted, path: Path, document: str) -> None:
    from ..comparison_picture import draw

    draw(converted, path, text=picture_text(document))


def write_srt(audio: Audio | Video | Motion, path: Path, document: str) -> None:
    """Writes SubRip, which has no place for a document."""
    from ..subtitles import srt

    path.write_text(srt(audio.marks), encoding="utf-8")


def write_vtt(audio: Audio | Video | Motion, path: Path, document: str) -> None:
    from ..subtitles import vtt

    path.write_text(vtt(audio.marks, note=document), encoding="utf-8")


def write_json(audio: Audio, path: Path, document: str) -> None:
    """Writes the document, the timings and the emotion over time."""
    path.write_text(
        json.dumps(described(audio, document), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def described(audio: Audio | Video | Motion, document: str) -> dict[str, Any]:
    """Gives the document, the timings (kind -> rows of start_s, end_s, text) and the emotion over time."""
    timings: dict[str, list[dict[str, Any]]] = {}
    for mark in audio.marks:
        row = asdict(mark)
        timings.setdefault(row.pop("kind"), []).append(
            {name: round(value, 4) if isinstance(value, float) else value for name, value in row.items()}
        )
    return {
        **json.loads(document),
        "duration_s": round(audio.duration_s, 4),
        "timings": timings,
        "emotion_track": [[round(value, 3) for value in row] for row in audio.emotion_track],
    }


def read(path: Path, recipe: dict[str, Any]) -> Audio:
    """Reads a sound back with the emotion over time, and with its marks when they lie beside it.

    Raises:
        ValueError: not a sound, or timings that cannot be read.
    """
    import soundfile

    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise ValueError(f"expected a sound file, got {path.name!r}: {error}") from None
    marks, kept = read_beside(path.with_suffix(".json"))
    track = kept or track_of(recipe, len(samples) / rate)
    return Audio(samples.T, rate, marks, emotion_track=track, provenance=recipe)


def track_of(recipe: dict[str, Any], duration_s: float) -> tuple[tuple[float, float, float], ...]:
    """Gives the emotion that a recipe asks for, over the seconds of what it made."""
    count = 1 + int(duration_s / TRACK_STEP_S)
    return emotion_track(recipe, [number * TRACK_STEP_S for number in range(count)])


def read_beside(path: Path) -> tuple[tuple[Mark, ...], tuple[tuple[float, float, float], ...]]:
    """Gives the marks of a timings file, kind by kind, and its emotion over time; none without a file."""
    if not path.is_file():
        return (), ()
    data = read_bytes(path)
    try:
        found = json.loads(data)
    except ValueError:
        found = None
    return timed(found, path.name)


def timed(found: Any, name: str) -> tuple[tuple[Mark, ...], tuple[tuple[float, float, float], ...]]:
    """Gives the marks and the emotion over time from what `described` gave. name: of the file, for errors."""
    try:
        return marks_in(found["timings"]), tuple(
            (float(t), float(v), float(a)) for t, v, a in found.get("emotion_track", ())
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ValueError(f"expected timings in {name!r}, got something else") from None


def read_converted(path: Path, recipe: dict[str, Any]) -> Converted:
    """Reads a converted recording back; as `read`."""
    found = read(path, recipe)
    return Converted(
        found.samples, found.sample_rate, found.marks, emotion_track=found.emotion_track, provenance=recipe
    )


FORMAT = Format(
    writers={
        **dict.fromkeys(CODECS, sound_writer(sound)),
        ".srt": write_srt,
        ".vtt": write_vtt,
        ".png": write_picture,
        ".json": write_json,
    },
    texts={
        **dict.fromkeys(CODECS, text_of_sound),
        ".png": text_of_picture,
        **dict.fromkeys((".vtt", ".json"), text_of_text),
    },
    kept=".flac",
    beside=lambda audio: (".json",) if audio.marks else (),
    read=read,
    shown=".wav",
    played=".wav",
)
CONVERTED = replace(FORMAT, read=read_converted, writers={**FORMAT.writers, ".png": write_comparison})

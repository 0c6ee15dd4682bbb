"""What is asked of a medium for one line: plain arguments of `generate`."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .line import Line, Speaker
from .options import DubbingOptions, DubbingPrompt

if TYPE_CHECKING:
    from .store import Store

SPEECH, CONVERSION = "speech", "conversion"
CONVERTERS = {"auto": "auto", "speech-nc": "conversion-nc", "speech-base": "conversion-base"}
TAKE_STEP = 100_003  # between the seeds of two takes; far apart, so that a dub's own seeds never meet them
STRETCHES = "stretches"


def spoken(line: Line, speaker: Speaker, options: DubbingOptions) -> dict[str, Any]:
    """Gives the request of a line that is spoken from its text, but for how long it is.

    Raises:
        ValueError: a feeling that is none.
    """
    return {
        "modality": SPEECH,
        "text": line.text,
        "voice": speaker.voice,
        "language": speaker.language,
        "f0_shift": speaker.f0_shift,
        "checkpoint": options.checkpoint,
        "seed": seed_of(line, options),
        "emotion": emotion_of(line),
    }


def converted(store: Store, line: Line, prompt: DubbingPrompt, options: DubbingOptions) -> dict[str, Any]:
    """Gives the request of a line whose original performance gets another feeling.

    Every sound stays where it is; the person stays who it is unless the line itself names a voice.

    Args:
        store: keeps the stretches that are cut out of the original.

    Raises:
        ValueError, FileNotFoundError: no film, one without sound, or a feeling that is none.
    """
    if not prompt.video:
        raise ValueError("expected a film for a line in mode convert, got none")
    voice = {"voice": line.voice} if line.voice else {}
    return {
        "modality": CONVERSION,
        "audio": str(stretch_of(store, Path(prompt.video), line.start_s, line.end_s)),
        "keep_timing": True,
        "checkpoint": CONVERTERS[options.checkpoint],
        "seed": seed_of(line, options),
        "emotion": emotion_of(line),
        **voice,
    }


def seed_of(line: Line, options: DubbingOptions) -> int:
    return (options.seed + line.take * TAKE_STEP) % 2**31


def emotion_of(line: Line) -> Any:
    """Gives a line's feeling as plain JSON with its intensity inside; neutral where it says nothing.

    Words alone: a script comes from anywhere, so it may not have files opened through the name of a feeling.
    What its reader has heard in a file is a place in the space by now.
    """
    from conditioning import EmotionCurve

    emotion = "neutral" if line.emotion is None else line.emotion
    intensity = 1.0 if line.intensity is None else line.intensity
    if isinstance(emotion, str):
        return named_emotion(emotion, intensity)
    return EmotionCurve.parse(emotion, intensity, files=False).to_json()


@lru_cache(maxsize=1024)
def named_emotion(emotion: str, intensity: float) -> Any:
    from conditioning import EmotionCurve

    return EmotionCurve.parse(emotion, intensity, files=False).to_json()


def stretch_of(store: Store, film: Path, start_s: float, end_s: float) -> Path:
    """Gives a stretch of a film's sound as a file of the store, cut out where it is not there yet.

    Raises:
        ValueError, FileNotFoundError: as `original.extract`. OSError: the disk is full or refuses.
    """
    import os

    from .original import extract

    found = film.stat()
    named = json.dumps([str(film.resolve()), found.st_size, found.st_mtime_ns, start_s, end_s])
    name = hashlib.sha256(named.encode()).hexdigest()
    path = store.folder / STRETCHES / name[:2] / f"{name}.wav"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        with store.partial(".wav") as partial:
            os.replace(extract(film, start_s, end_s, partial), path)
    return path

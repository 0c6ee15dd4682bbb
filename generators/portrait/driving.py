"""A driving file: how another face moved, and the sound that was heard with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from conditioning.face.motion import FaceMotion
from generators.media import Audio

MOTION_FILES = (".csv", ".json")


@dataclass(frozen=True)
class Driving:
    """What a driving file gives.

    Attributes:
        motion: of the face. audio: of the film; None of a silent one, and of numbers.
    """

    motion: FaceMotion
    audio: Audio | None


def read_driving(path: str | Path) -> Driving:
    """Reads a film of a face, or its movement in numbers.

    Raises:
        FileNotFoundError: nothing is there. ValueError: no such file, or a film without a face.
    """
    path = Path(path)
    if path.suffix.lower() in MOTION_FILES:
        from conditioning.face.motion_file import read_motion

        return Driving(read_motion(path), None)
    from conditioning.encoders.video_file import open_video
    from conditioning.face.track import track_video
    from generators.on_disk import concatenated

    film = open_video(path)
    motion = track_video(film.frames(), film.frame_rate)
    audio = Audio(concatenated(film.sound()), film.sample_rate) if film.sample_rate else None
    return Driving(motion, audio)

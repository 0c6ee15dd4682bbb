"""What the trials of videos work on: clips made by request, and real ones drawn to lie beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .maker import Maker
from .video_character import ground_of

if TYPE_CHECKING:
    import numpy as np

    from generators.media import Video
    from generators.video.animations import Animation, Drawer

ANIMATIONS = "video/noto_emotion_lottie"
# What is asked for beside the emotion, in turn; it says nothing of what is felt. Approval is shown by hands alone.
SUBJECTS = ("a face", "an emoji face", "a face on a blue background", "a face on a pink background")
HANDS = ("a hand", "a hand gesture", "a hand on a blue background", "a hand on a pink background")
SHOWN_BY_HANDS = "approval"
RATE, FRAMES = 15.0, 33


@dataclass(frozen=True)
class Made:
    """A clip: frames (T, H, W, 3) uint8, frame_rate in Hz, and the bytes of its film."""

    frames: np.ndarray
    frame_rate: float
    film: bytes = b""


class Clips(Maker):
    """Makes clips; they are kept as the films that they are."""

    modality = "video"
    suffix = ".mp4"

    def measured(self, media: Any) -> Made:
        frames = joined(media.frames())
        return Made(frames, media.frame_rate, Path(media.file).read_bytes())

    def read(self, path: Path) -> Made | None:
        try:
            return read_film(path)
        except ValueError:
            return None

    def write(self, path: Path, found: Made) -> None:
        import checkpoints

        path.parent.mkdir(parents=True, exist_ok=True)
        with checkpoints.replace_file(path) as partial:
            partial.write_bytes(found.film)


def joined(blocks: Any) -> np.ndarray:
    import numpy as np

    return np.concatenate(list(blocks))


def read_film(path: Path) -> Made:
    """Reads a film from a file."""
    from conditioning.encoders.video_file import open_video

    film = open_video(path)
    return Made(joined(film.frames()), film.frame_rate, path.read_bytes())


def request(number: int, emotion: str, intensity: float, seed: int) -> dict[str, Any]:
    """What is asked for in clip `number` of an emotion; at 0, where all are alike, of each subject the same."""
    subjects = HANDS if emotion == SHOWN_BY_HANDS else SUBJECTS
    asked = {"prompt": subjects[number % len(subjects)], "seed": seed + number}
    return {**asked, "emotion": emotion if intensity else "neutral", "intensity": float(intensity)}


@dataclass(frozen=True)
class RealClips:
    """Real animations, drawn when they are needed."""

    animations: Sequence[Animation]
    drawer: Drawer

    @classmethod
    def of(cls, data_dir: str | Path) -> RealClips:
        """Reads them from a folder of data.

        Raises:
            FileNotFoundError: they are not there.
        """
        from generators.video.animations import Drawer, read_animations

        return cls(read_animations(Path(data_dir) / ANIMATIONS), Drawer())

    def like(self, emotion: str) -> list[Animation]:
        """Gives those that a request for an emotion is about: faces, or hands."""
        kind = "gesture" if emotion == SHOWN_BY_HANDS else "face"
        return [each for each in self.animations if (each.emotion, each.kind) == (emotion, kind)]

    def beside(self, made: Made, animation: Animation) -> Made:
        """Draws one as a film of the same length, rate, size and ground, and encodes it as films are."""
        import numpy as np

        from generators.video.animations import Drawer, View

        size = made.frames.shape[1]
        drawer = self.drawer if self.drawer.size == size else Drawer(size)
        ground = tuple(int(value) for value in ground_of(made.frames))
        times_s = np.arange(len(made.frames)) / made.frame_rate
        return encoded(
            drawer.draw(animation, times_s, View(background=ground, scale=0.9)),  # type: ignore[arg-type]
            made.frame_rate,
        )

    def write_still(self, animation: Animation, path: Path) -> np.ndarray:
        """Writes the first frame as a picture; gives it, (H, W, 3)."""
        from PIL import Image

        from generators.video.animations import View

        picture = self.drawer.draw(animation, [0.0], View(scale=0.9))[0]
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(path)
        return picture


def encoded(frames: np.ndarray, frame_rate: float) -> Made:
    """Gives frames as they come out of a film."""
    from generators.moving_picture import VideoWriter

    height, width = frames.shape[1:3]
    with VideoWriter((width, height), frame_rate) as writer:
        writer.write(frames)
        film: Video = writer.finish()
    return Made(joined(film.frames()), film.frame_rate, Path(film.file).read_bytes())

"""A face to the shared emotion space: what its coefficients show, read from a photo or over a film.

Who somebody is does not enter: `conditioning.face` takes it out before. The frozen evaluators of portraits
share no weights and no code with this.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn

from ..face.arkit import GAZE, NAMES

CHECKPOINT = "face-encoder"
STATES = ("anger", "contempt", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
# Where somebody looks is no feeling, and the tongue is not seen.
USED = tuple(place for place, name in enumerate(NAMES) if name not in GAZE and name != "tongueOut")
FILMS = (".mp4", ".mov", ".webm", ".gif")
# Of a film: how much of it is seen, how often, and how large.
MOST_S, RATE, LARGEST = 60.0, 10.0, 640
LOOKED_AT = 8  # frames of a film, for whether there is a face at all
PUREST_SKIN = 150  # largest less smallest of red, green and blue; of skin in warm light about 120


class Reading(NamedTuple):
    """What a face shows.

    Attributes:
        z: (64,) point of the emotion space.
        state: the most likely of `STATES`; chance: of it, 0 to 1.
        intensity: how strongly it is shown, 0 to 1.5; 0 for neutral.
    """

    z: Tensor
    state: str
    chance: float
    intensity: float


class FaceEncoder(ModelMixin, ConfigMixin):
    """Reads the emotion of a face.

    Args:
        states: names that the classifier tells apart.
        width: of the hidden layers.
        dim: of the emotion space.
        dropout: of hidden layers while training.
    """

    @register_to_config
    def __init__(
        self,
        states: Sequence[str] = STATES,
        width: int = 96,
        dim: int = 64,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(len(USED)))
        self.register_buffer("std", torch.ones(len(USED)))
        self.register_buffer("neutral", torch.zeros(dim))
        self.first = nn.Linear(len(USED), width)
        self.second = nn.Linear(width, width)
        self.logits = nn.Linear(width, len(states))
        self.to_space = nn.Linear(width, dim)
        self.drop = nn.Dropout(dropout)

    def forward(self, expression: Tensor) -> dict[str, Tensor]:
        """Reads faces.

        Args:
            expression: (B, 52) as `fit_face` reads them.

        Returns:
            "z" (B, dim); "offset" (B, dim) from neutral; "logits" (B, K) of the states.
        """
        x = ((expression[:, list(USED)] - self.mean) / self.std).clamp(-4, 4)  # (B, 43)
        h = F.gelu(self.first(self.drop(x)))  # (B, D)
        h = h + F.gelu(self.second(self.drop(h)))
        offset = self.to_space(self.drop(h))  # (B, dim)
        return {"z": self.neutral + offset, "offset": offset, "logits": self.logits(h)}

    @torch.no_grad()
    def read(self, expressions: np.ndarray) -> Reading:
        """Reads one face from (52,) coefficients, or what (T, 52) of them show in the mean."""
        self.eval()
        rows = torch.as_tensor(np.atleast_2d(expressions), dtype=self.mean.dtype, device=self.mean.device)
        out = self.forward(rows)
        z, chances = out["z"].mean(0).cpu(), out["logits"].softmax(-1).mean(0).cpu()
        best = int(chances.argmax())
        state = str(self.config["states"][best])
        return Reading(z, state, float(chances[best]), self.intensity(z, state))

    def intensity(self, z: Tensor, state: str) -> float:
        """How far a point lies along a state's direction, 0 to 1.5."""
        from ..space import load_space

        space = load_space()
        way = space.offsets()[space.index(state)]
        if not way.any():
            return 0.0
        return float(((z - self.neutral.cpu()) @ way / way.square().sum()).clamp(0, 1.5))

    def encode(self, source: str | Path | np.ndarray) -> Tensor:
        """Places a face in the emotion space.

        Args:
            source: path of a photo, or of a film (of which the first minute is seen), or (52,) or (T, 52)
                coefficients.

        Returns:
            z (dim,).

        Raises:
            FileNotFoundError, ValueError: no such file, broken, no face, several faces, or one turned away.
        """
        return self.read(source if isinstance(source, np.ndarray) else expressions_in(Path(source))).z


def expressions_in(path: Path) -> np.ndarray:
    """(T, 52) what the face in a photo (T = 1) or a film does; errors as for `FaceEncoder.encode`."""
    return in_film(path) if path.suffix.lower() in FILMS else in_photo(path)[None]


def shows_face(path: Path) -> bool:
    """Says whether a photo has a face, or a film one in half of about eight frames, evenly over the first minute.

    A yellow, red or blue face is a drawing, which moves in other ways than people do, and is none here.

    Raises:
        ValueError: the file is broken.
    """
    from ..face.landmarks import find_faces
    from ..face.photo import open_photo
    from .video_file import open_video

    def seen(pixels: np.ndarray) -> bool:
        return any(is_skin(pixels, face.box) for face in find_faces(pixels))

    if path.suffix.lower() not in FILMS:
        return seen(open_photo(path).pixels)
    film = open_video(path)
    length_s = min(film.duration_s, MOST_S)
    rate = max(1.0, min(film.frame_rate, LOOKED_AT / length_s))
    blocks = film.frames(stop=max(1, round(length_s * rate)), frame_rate=rate, largest=LARGEST)
    frames = [pixels for block in blocks for pixels in block]
    found = [seen(pixels) for pixels in frames[:: max(1, len(frames) // LOOKED_AT)]]
    return 2 * sum(found) >= len(found)


def is_skin(pixels: np.ndarray, box: tuple[float, float, float, float]) -> bool:
    """Says whether the colours within a face's box are no purer than skin has them, of (H, W, 3) uint8."""
    left, top, right, bottom = (max(0, round(each)) for each in box)
    inside = pixels[top : bottom + 1, left : right + 1].reshape(-1, 3).astype(np.int16)
    return not len(inside) or float(np.median(np.ptp(inside, axis=1))) <= PUREST_SKIN


def in_photo(path: Path) -> np.ndarray:
    """(52,) what the only face in a photo does."""
    from ..face.fit import fit_face
    from ..face.landmarks import choose_face, find_faces
    from ..face.photo import open_photo

    photo = open_photo(path)
    return fit_face(choose_face(find_faces(photo)), size=photo.size).expression


def in_film(path: Path) -> np.ndarray:
    """(T, 52) what the face seen best in a film does, in the frames where it is seen."""
    from ..face.track import follow
    from .video_file import open_video

    film = open_video(path)
    rate = min(RATE, film.frame_rate)
    frames = film.frames(stop=round(MOST_S * rate), frame_rate=rate, largest=LARGEST)
    track = follow(frames, rate)
    return track.motion.expression[track.seen]


@lru_cache(maxsize=1)
def load_face_encoder() -> Any:
    """Gives the shipped encoder on the CPU."""
    import checkpoints

    from .. import SPACE_VERSION

    return checkpoints.load(CHECKPOINT, space_version=SPACE_VERSION)

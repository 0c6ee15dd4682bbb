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
FILMS = (".mp4", ".mov", ".webm")
# Of a film: how much of it is seen, how often, and how large.
MOST_S, RATE, LARGEST = 60.0, 10.0, 640


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

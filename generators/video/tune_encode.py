"""Films and prompts -> what the transformer is trained on: latents, pictures' embeddings, looks, and texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from generators.base import StepCallback
from generators.wan_text import read_prompt

from .attributes import measured
from .tune_buckets import Piece
from .tune_cache import Cache, FileHashes, ahead
from .tune_clips import as_video, frames_of
from .tune_table import Problem, raise_all
from .wan_memory import dtype_on, freed
from .wan_open import TEXT_PARTS, open_parts
from .wan_weights import Base

T = TypeVar("T")
SEEING = ("vae", "image_encoder", "image_processor")


class Encoder:
    """Fills a cache with what a base makes of films and prompts, and says where it lies.

    Args:
        base: whose frozen parts encode. cache: where values are kept. device: that works.
        rank, num_processes: which of several processes this is; each makes its share.
        on_step: called with how many are made and how many there are to make.
    """

    def __init__(
        self,
        base: Base,
        cache: Cache,
        device: str,
        *,
        rank: int = 0,
        num_processes: int = 1,
        on_step: StepCallback | None = None,
    ) -> None:
        self.base, self.cache, self.device = base, cache, device
        self.rank, self.num_processes, self.on_step = rank, num_processes, on_step
        self.hashes = FileHashes(cache.folder / "films.json")

    def texts(self, prompts: Sequence[str]) -> list[Path]:
        """Gives where each prompt's embedding lies: {"text": (L, C)}, L up to 512 tokens."""
        reader = self.base.fingerprint(("text_encoder",))
        paths = [self.cache.path("texts", {"text": text, "reader": reader}) for text in prompts]
        missing = self._missing(prompts, paths)
        if missing:
            pipeline = open_parts(self.base, dtype_on(self.device), TEXT_PARTS).to(self.device)
            for number, (text, path) in enumerate(missing, 1):
                Cache.keep(path, {"text": embedded(pipeline, text)})
                self._tell(number, len(missing))
            del pipeline
            freed()
        return paths

    def pieces(self, pieces: Sequence[Piece]) -> list[Path]:
        """Gives where each piece lies.

        {"latents": (C, F, h, w), "looks": (4,) of `Attributes.row`}, and of an image-to-video base "condition"
        (C, F, h, w), the first frame's latents, and "image" (N, D), what the reader of pictures makes of it.

        Raises:
            ValueError: films that are broken or shorter than they say, a line each; the others are kept.
        """
        seer = self.base.fingerprint(("vae", "image_encoder"))
        paths = [self.cache.path("films", self._facts(piece, seer)) for piece in pieces]
        self.hashes.remember()
        missing = self._missing(pieces, paths)
        problems: list[Problem] = []
        if missing:
            pipeline = open_parts(self.base, torch.float32, SEEING).to(self.device)
            reading = ahead(lambda pair: frames_of(pair[0]), missing)
            for number, ((piece, path), frames) in enumerate(reading, 1):
                try:
                    Cache.keep(path, seen(pipeline, frames(), piece.frame_rate))
                except (ValueError, OSError) as error:
                    problems.append(Problem(piece.row.line, "file", str(error).splitlines()[0]))
                self._tell(number, len(missing))
            del pipeline
            freed()
        raise_all(problems, f"{len(missing)} readable pieces of films")
        return paths

    def _facts(self, piece: Piece, seer: str) -> dict[str, Any]:
        bucket = piece.bucket
        return {
            "film": self.hashes.of(piece.row.film.path),
            "start": piece.start,
            "frame_rate": piece.frame_rate,
            "shape": [bucket.width, bucket.height, bucket.num_frames],
            "seer": seer,
        }

    def _missing(self, items: Sequence[T], paths: Sequence[Path]) -> list[tuple[T, Path]]:
        """Gives what is not kept of this process's share, every value once.

        Shares are of everything: what is missing changes while others work.
        """
        once = list(dict(zip(paths, items, strict=True)).items())
        mine = once[self.rank :: self.num_processes]
        return [(item, path) for path, item in mine if not Cache.holds(path)]

    def _tell(self, number: int, total: int) -> None:
        if self.on_step is not None:
            self.on_step(number, total)


@torch.no_grad()
def embedded(pipeline: Any, text: str) -> Tensor:
    """Gives what the text encoder makes of a prompt, (L, C), without the zeros behind its end."""
    found = read_prompt(pipeline.tokenizer, pipeline.text_encoder, text)[0]
    return found[: max(1, int(found.any(-1).sum()))]


@torch.no_grad()
def seen(pipeline: Any, frames: np.ndarray, frame_rate: float) -> dict[str, Tensor]:
    """Gives what the transformer is shown of a piece.

    Args:
        pipeline: with an autoencoder, and of image-to-video with a reader of pictures. frames: (T, H, W, 3) uint8.
        frame_rate: Hz.
    """
    found = {
        "latents": latents_of(pipeline, as_video(frames)),
        "looks": torch.from_numpy(measured(frames, frame_rate).row()),
    }
    if getattr(pipeline, "image_encoder", None) is None:
        return found
    first = as_video(frames)
    first[:, :, 1:] = 0  # the middle of -1..1, as the pipeline fills what is not known
    found["condition"] = latents_of(pipeline, first)
    device = pipeline._execution_device
    found["image"] = pipeline.encode_image(Image.fromarray(frames[0]), device)[0].half()
    return found


def latents_of(pipeline: Any, video: Tensor) -> Tensor:
    """Gives (1, 3, T, H, W) in -1..1 as latents (C, F, h, w) of mean 0 and spread 1, in half precision.

    The middle of what the autoencoder gives, and not a draw: so are first frames given.
    """
    vae = pipeline.vae
    latents = vae.encode(video.to(vae.device, vae.dtype)).latent_dist.mode()
    mean, spread = (
        torch.tensor(values, device=latents.device, dtype=latents.dtype).view(1, -1, 1, 1, 1)
        for values in (vae.config.latents_mean, vae.config.latents_std)
    )
    return ((latents - mean) / spread)[0].half()

"""The frames of a piece: read at the piece's rate, cut to its shape and scaled, one block of the film at a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from .tune_buckets import Piece

AT_MOST_LOST = 1  # frames that a header may promise too many; the last one is then shown again


def frames_of(piece: Piece) -> np.ndarray:
    """Gives the frames of a piece, (T, H, W, 3) uint8.

    Raises:
        ValueError: the film is broken, or shorter than it says.
    """
    bucket, film = piece.bucket, piece.row.film
    blocks = film.frames(piece.start, piece.start + bucket.num_frames, frame_rate=piece.frame_rate)
    size = bucket.width, bucket.height
    frames = [cut(picture, size) for block in blocks for picture in block]
    lost = bucket.num_frames - len(frames)
    if lost > AT_MOST_LOST or not frames:
        got = f"{len(frames)} from frame {piece.start} of {Path(film.path).name!r}"
        raise ValueError(f"expected {bucket.num_frames} frames at {piece.frame_rate:g} Hz, got {got}")
    return np.stack(frames + frames[-1:] * lost)


def cut(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Gives the middle of a picture in a size, (H, W, 3) uint8: as much as fits of its longer side."""
    height, width = picture.shape[:2]
    scale = min(width / size[0], height / size[1])
    wide, high = scale * size[0], scale * size[1]
    left, top = (width - wide) / 2, (height - high) / 2
    box = (left, top, left + wide, top + high)
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC, box=box))


def as_video(frames: np.ndarray) -> Tensor:
    """(T, H, W, 3) uint8 -> (1, 3, T, H, W) in -1..1, as the autoencoder takes it."""
    return torch.from_numpy(frames).permute(3, 0, 1, 2)[None].float() / 127.5 - 1

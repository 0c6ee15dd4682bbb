"""Is it still the same voice? Cosine similarity of Resemblyzer's speaker embeddings.

The network and its weights are Resemblyzer's (Wan et al., "Generalized End-to-End Loss for Speaker
Verification", ICASSP 2018); its input is computed here after its own settings, because the package asks for
librosa for that alone. Pauses are taken out by level instead of by its voice detector.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .speech_audio import RATE, at_rate, trimmed

if TYPE_CHECKING:
    import numpy as np
    import torch

NUM_MELS = 40
WINDOW, HOP = 400, 160
PARTIAL_FRAMES = 160
PARTIAL_STEP = 77  # 1.3 partials a second
MIN_COVERAGE = 0.75
TARGET_DBFS = -30.0
LONGEST_PAUSE_S = 0.21
# The package's weights are a pickle, which is never opened here: of the one file that is known, this is where
# the tensors stand, as little-endian float32.
WEIGHTS_SHA256 = "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e"
TENSORS: dict[str, tuple[int, tuple[int, ...]]] = {
    "lstm.weight_ih_l0": (269_883, (1024, 40)),
    "lstm.weight_hh_l0": (433_723, (1024, 256)),
    "lstm.bias_ih_l0": (5_676_603, (1024,)),
    "lstm.bias_hh_l0": (5_680_699, (1024,)),
    "lstm.weight_ih_l1": (1_482_299, (1024, 256)),
    "lstm.weight_hh_l1": (2_530_875, (1024, 256)),
    "lstm.bias_ih_l1": (5_684_795, (1024,)),
    "lstm.bias_hh_l1": (5_688_891, (1024,)),
    "lstm.weight_ih_l2": (3_579_451, (1024, 256)),
    "lstm.weight_hh_l2": (4_628_027, (1024, 256)),
    "lstm.bias_ih_l2": (5_692_987, (1024,)),
    "lstm.bias_hh_l2": (5_697_083, (1024,)),
    "linear.weight": (7_731, (256, 256)),
    "linear.bias": (6_699, (256,)),
}


class SpeakerEncoder:
    """Gives a clip's voice as a direction.

    Raises:
        ImportError: Resemblyzer, which carries the weights, is not installed.
        CheckpointError: its weights are not the known file.
    """

    def __init__(self) -> None:
        import torch

        spec = importlib.util.find_spec("resemblyzer")
        if spec is None or not spec.submodule_search_locations:
            raise ImportError(
                "expected 'resemblyzer' for measuring speech, got no such package: "
                "install it with pip install --no-deps resemblyzer==0.1.4"
            )
        state = read_weights(Path(next(iter(spec.submodule_search_locations))) / "pretrained.pt")
        self.lstm = torch.nn.LSTM(NUM_MELS, 256, 3, batch_first=True)
        self.linear = torch.nn.Linear(256, 256)
        for name, module in (("lstm", self.lstm), ("linear", self.linear)):
            module.load_state_dict(
                {
                    key.removeprefix(f"{name}."): value
                    for key, value in state.items()
                    if key.startswith(f"{name}.")
                }
            )
            module.eval().requires_grad_(False)

    def embed(self, samples: np.ndarray, sample_rate: int) -> np.ndarray:
        """Gives (256,) float32 of length 1.

        Args:
            samples: (S,) or (C, S).
            sample_rate: Hz.
        """
        import numpy as np
        import torch

        mel = power_mel(without_pauses(at_rate(samples, sample_rate)))
        starts = partial_starts(len(mel))
        mel = np.pad(mel, ((0, max(0, starts[-1] + PARTIAL_FRAMES - len(mel))), (0, 0)))
        pieces = np.stack([mel[start : start + PARTIAL_FRAMES] for start in starts])
        _, (hidden, _) = self.lstm(torch.from_numpy(pieces))
        found = torch.relu(self.linear(hidden[-1]))
        found = found / found.norm(dim=1, keepdim=True)
        mean = found.mean(0).numpy()
        return mean / np.linalg.norm(mean)


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    """Gives the tensors of Resemblyzer's file without unpickling anything.

    Raises:
        CheckpointError: the file is missing or not the known one.
    """
    import numpy as np
    import torch

    import checkpoints

    if not path.is_file() or checkpoints.sha256_of(path) != WEIGHTS_SHA256:
        raise checkpoints.CheckpointError(
            f"expected resemblyzer's {path.name} with sha256 {WEIGHTS_SHA256[:12]}..., got another or none"
        )
    data = path.read_bytes()
    return {
        name: torch.from_numpy(
            np.frombuffer(data, "<f4", math.prod(shape), start).reshape(shape).astype(np.float32)
        )
        for name, (start, shape) in TENSORS.items()
    }


def partial_starts(num_frames: int) -> list[int]:
    """First frames of the 1.6 s pieces that an utterance is heard in; the last may be padded by a quarter."""
    steps = max(1, num_frames - PARTIAL_FRAMES + PARTIAL_STEP + 1)
    starts = list(range(0, steps, PARTIAL_STEP))
    if len(starts) > 1 and (num_frames - starts[-1]) / PARTIAL_FRAMES < MIN_COVERAGE:
        starts.pop()
    return starts


def without_pauses(samples: np.ndarray) -> np.ndarray:
    """Raises quiet clips to -30 dBFS, takes silence off the ends and shortens pauses to 0.21 s. (S,)"""
    import numpy as np

    sound = trimmed(samples)
    rms_db = 10 * np.log10(np.mean(sound.astype(np.float64) ** 2) + 1e-12)
    sound = sound * 10 ** (max(0.0, TARGET_DBFS - rms_db) / 20)
    size = RATE // 100
    frames = sound[: len(sound) // size * size].reshape(-1, size)
    level = 10 * np.log10((frames.astype(np.float64) ** 2).mean(1) + 1e-12)
    reach = int(LONGEST_PAUSE_S * 50)
    heard = np.convolve(level > np.percentile(level, 95) - 35, np.ones(2 * reach + 1), "same") > 0.5
    return frames[heard].reshape(-1).astype(np.float32)


def power_mel(samples: np.ndarray) -> np.ndarray:
    """Mel power (not its logarithm) every 10 ms: (S,) -> (T, 40) float32."""
    import numpy as np

    padded = np.pad(samples, WINDOW // 2)
    if len(padded) < WINDOW:
        padded = np.pad(padded, (0, WINDOW - len(padded)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    power = np.abs(np.fft.rfft(frames * window, axis=1)) ** 2
    return (power @ mel_bank()).astype(np.float32)


@lru_cache(maxsize=1)
def mel_bank() -> Any:
    """(201, 40) triangles of equal area.

    Source: Slaney, "Auditory Toolbox" (1998): linear to 1 kHz, logarithmic above.
    """
    import numpy as np

    step = np.log(6.4) / 27
    mels = np.linspace(0, 15 + np.log(RATE / 2 / 1000) / step, NUM_MELS + 2)
    hz = np.where(mels < 15, mels * 200 / 3, 1000 * np.exp(step * (mels - 15)))
    at = np.fft.rfftfreq(WINDOW, 1 / RATE)[:, None]
    rise, fall = (at - hz[:-2]) / (hz[1:-1] - hz[:-2]), (hz[2:] - at) / (hz[2:] - hz[1:-1])
    return np.maximum(0.0, np.minimum(rise, fall)) * 2 / (hz[2:] - hz[:-2])


def similarity(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Cosine of (..., 256) embeddings of length 1."""
    return (one * other).sum(-1)


def voice_of(embeddings: Sequence[np.ndarray]) -> np.ndarray:
    """The voice that several clips share: (N, 256) -> (256,) of length 1."""
    import numpy as np

    mean = np.mean(np.asarray(embeddings), axis=0)
    return mean / np.linalg.norm(mean)


@lru_cache(maxsize=1)
def load_speaker_encoder() -> SpeakerEncoder:
    """Gives Resemblyzer's network on the CPU."""
    return SpeakerEncoder()

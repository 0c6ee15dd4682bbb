"""How much a vocoder loses: PESQ-WB and STOI of copies of real recordings, beside WORLD on the same files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .speech_audio import RATE, at_rate, need
from .speech_world import world_copy

if TYPE_CHECKING:
    import numpy as np

Copy = Callable[["np.ndarray", int], "np.ndarray"]


def copy_figures(
    clips: Sequence[tuple[np.ndarray, int]],
    copies: Mapping[str, Copy],
    on_clip: Callable[[], None] = lambda: None,
) -> dict[str, dict[str, float]]:
    """Measures copies of held-out recordings.

    Args:
        clips: (samples (S,), sample rate).
        copies: by name, (samples (S,), sample rate) -> samples (S',) at the same rate, in step with the
            original to within 50 ms.
        on_clip: called after each clip.

    Returns:
        {name: {"pesq_wb", "stoi", "clips"}}, "world" last.

    Source: ITU-T P.862.2; Taal et al., "An Algorithm for Intelligibility Prediction", IEEE TASLP 2011.
    """
    import numpy as np

    makers: dict[str, Copy] = {**copies, "world": world_copy}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in makers}
    for samples, rate in clips:
        for name, make in makers.items():
            found[name].append(quality(samples, make(samples, rate), rate))
        on_clip()
    return {
        name: {
            "pesq_wb": round(float(np.mean([row[0] for row in rows])), 3),
            "stoi": round(float(np.mean([row[1] for row in rows])), 4),
            "clips": len(rows),
        }
        for name, rows in found.items()
    }


def quality(real: np.ndarray, made: np.ndarray, sample_rate: int) -> tuple[float, float]:
    """PESQ-WB (1 to 4.6) and STOI (0 to 1) of a copy beside the original, both at 16 kHz."""
    pesq, pystoi = need("pesq"), need("pystoi")
    one, other = in_step(at_rate(real, sample_rate), at_rate(made, sample_rate))
    return float(pesq.pesq(RATE, one, other, "wb")), float(pystoi.stoi(one, other, RATE))


def in_step(one: np.ndarray, other: np.ndarray, most_s: float = 0.05) -> tuple[np.ndarray, np.ndarray]:
    """Shifts two versions of a clip on one another, by at most 50 ms, and cuts both to the shorter."""
    import numpy as np

    length = min(len(one), len(other))
    size = 1 << (2 * length - 1).bit_length()
    product = np.fft.irfft(np.fft.rfft(other[:length], size) * np.conj(np.fft.rfft(one[:length], size)), size)
    most = int(most_s * RATE)
    lags = np.concatenate([product[-most:], product[: most + 1]])
    lag = int(lags.argmax()) - most
    one, other = (one, other[lag:]) if lag >= 0 else (one[-lag:], other)
    length = min(len(one), len(other))
    return one[:length], other[:length]


def shipped_copies() -> dict[str, Copy]:
    """Gives the shipped vocoder's copies: from the spectrogram of the recording as it is, and from its smooth
    envelope, which is what the acoustic model makes and the vocoder gets when it speaks."""
    import checkpoints
    from generators.speech.options import VOCODER

    vocoder = checkpoints.load(VOCODER)
    return {
        "vocoder": lambda samples, rate: vocoder_copy(vocoder, samples, rate, smooth=False),
        "vocoder from the envelope": lambda samples, rate: vocoder_copy(vocoder, samples, rate, smooth=True),
    }


def vocoder_copy(vocoder: Any, samples: np.ndarray, sample_rate: int, smooth: bool) -> np.ndarray:
    """Takes a clip apart into frames and f0 and puts it together again.

    Args:
        vocoder: a `Vocoder`.
        samples: (S,). sample_rate: Hz.
        smooth: without the harmonics in the spectrogram.

    Returns:
        (S,) at the same rate and level.
    """
    import torch

    from generators.voice.features import NEUTRAL_LEVEL_DB, SAMPLE_RATE, active_level_db, analyse
    from generators.voice.vocoder import harmonic_source

    sound = at_rate(samples, sample_rate, SAMPLE_RATE)
    gain = 10 ** ((NEUTRAL_LEVEL_DB - active_level_db(sound)) / 20)  # the level that it was trained at
    frames = analyse(sound * gain)
    f0 = torch.from_numpy(frames.f0_hz)[None]
    harmonics = harmonic_source(f0)
    noise = torch.randn(harmonics.shape, generator=torch.Generator().manual_seed(0))
    log_mel = torch.from_numpy(frames.envelope if smooth else frames.log_mel)[None]
    with torch.no_grad():
        made = vocoder(log_mel, f0, harmonics, noise)[0].numpy()[: len(sound)] / gain
    return at_rate(made, SAMPLE_RATE, sample_rate)[: len(samples)]

"""Log-mel frames and f0 to sound: a source-filter network with a Fourier head."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn

from .blocks import ConvBlock
from .features import F0_MIN_HZ, HOP_LENGTH, N_FFT, N_MELS, SAMPLE_RATE

BINS = N_FFT // 2 + 1
HEADS = ("source_filter", "fourier")
MEL_MEAN, MEL_SCALE = -6.0, 2.5


class Vocoder(ModelMixin, ConfigMixin):
    """Turns frames into sound.

    Two heads, chosen by measurement (see docs/speech.md). "source_filter": harmonics of f0 and noise, each
    shaped by a filter for every frame, so that f0 and breathiness are exact. "fourier": magnitude and
    phase straight from the frames.

    Args:
        width, depth, kernel_size: of the network over frames. head: out of `HEADS`.

    Source: Liu et al. 2020, "Neural homomorphic vocoder", section 2 (source-filter); Siuzdak 2023, "Vocos",
    section 3.3 (Fourier head).
    """

    if TYPE_CHECKING:  # which ModelMixin hides
        __call__: Callable[..., Tensor]

    @register_to_config
    def __init__(
        self, width: int = 320, depth: int = 6, kernel_size: int = 7, head: str = "source_filter"
    ) -> None:
        super().__init__()
        self.into = nn.Conv1d(N_MELS + 2, width, kernel_size, padding=kernel_size // 2)
        self.norm_in = nn.LayerNorm(width)
        self.blocks = nn.ModuleList(ConvBlock(width, kernel_size, depth) for _ in range(depth))
        self.norm_out = nn.LayerNorm(width)
        self.out = nn.Linear(width, (3 if head == "source_filter" else 2) * BINS)
        nn.init.normal_(self.out.weight, std=0.01)
        nn.init.zeros_(self.out.bias)
        if head == "source_filter":  # sources are of unit power: begin at the loudness of speech
            nn.init.constant_(self.out.bias[: 2 * BINS], -5.0)

    @property
    def context_frames(self) -> int:
        """How many frames on each side a frame of sound depends on, those of the Fourier window included."""
        reach = self.config["kernel_size"] // 2
        return reach * (self.config["depth"] + 1) + math.ceil(N_FFT / HOP_LENGTH)

    def forward(self, log_mel: Tensor, f0_hz: Tensor, harmonics: Tensor, noise: Tensor) -> Tensor:
        """Gives sound.

        Args:
            log_mel: (B, T, 100). f0_hz: (B, T), 0 where unvoiced.
            harmonics: (B, T * 256) from `harmonic_source`. noise: (B, T * 256), standard normal.

        Returns:
            (B, T * 256)
        """
        voiced = f0_hz > 0
        height = torch.where(voiced, (f0_hz.clamp(min=F0_MIN_HZ) / 200).log(), 0.0)
        x = torch.cat(
            [(log_mel - MEL_MEAN) / MEL_SCALE, height[..., None], voiced[..., None].to(log_mel.dtype)], -1
        )
        x = self.norm_in(self.into(x.transpose(1, 2)).transpose(1, 2))  # (B, T, D)
        for block in self.blocks:
            x = block(x)
        out = self.out(self.norm_out(x)).float().transpose(1, 2)  # (B, 2 or 3 * 513, T)
        if self.config["head"] == "fourier":
            size, phase = out.chunk(2, 1)
            spectrum = torch.polar(size.clamp(max=5).exp(), phase)
        else:
            size, noise_size, phase = out.chunk(3, 1)
            spectrum = torch.polar(size.clamp(max=8).exp(), phase) * short_time(harmonics)
            spectrum = spectrum + noise_size.clamp(max=8).exp() * short_time(noise)  # (B, 513, T)
        return inverse_short_time(spectrum)


def short_time(samples: Tensor) -> Tensor:
    """(B, T * 256) -> (B, 513, T) complex, frames centred on multiples of the hop."""
    window = torch.hann_window(N_FFT, device=samples.device)
    spectrum = torch.stft(
        samples, N_FFT, HOP_LENGTH, window=window, center=True, pad_mode="constant", return_complex=True
    )
    return spectrum[..., :-1]


def inverse_short_time(spectrum: Tensor) -> Tensor:
    """(B, 513, T) complex -> (B, T * 256), overlap-added.

    Done by `fold`, since `torch.istft` wants one frame more.
    """
    window = torch.hann_window(N_FFT, device=spectrum.device)
    frames = torch.fft.irfft(spectrum, N_FFT, dim=1) * window[:, None]  # (B, 1024, T)
    length = (spectrum.shape[-1] - 1) * HOP_LENGTH + N_FFT
    whole = F.fold(frames, (1, length), (1, N_FFT), stride=(1, HOP_LENGTH))[:, 0, 0]  # (B, length)
    # A Hann window squared, summed at a quarter's hop, is 1.5 everywhere but at the ends.
    return whole[:, N_FFT // 2 : N_FFT // 2 + spectrum.shape[-1] * HOP_LENGTH] / 1.5


def harmonic_source(f0_hz: Tensor, start_phase: Tensor | None = None) -> Tensor:
    """Gives all harmonics of f0 below 12 kHz, of equal size and together of unit power.

    Args:
        f0_hz: (B, T), 0 where unvoiced; held between frames by linear interpolation.
        start_phase: (B,) in cycles, zero when None.

    Returns:
        (B, T * 256), silent where unvoiced.

    Source: the closed form of a sum of cosines, Dirichlet's kernel.
    """
    filled = fill_unvoiced(f0_hz)
    f0 = F.interpolate(filled[:, None].double(), scale_factor=HOP_LENGTH, mode="linear")[:, 0]
    voiced = (f0_hz > 0).repeat_interleave(HOP_LENGTH, 1)
    cycles = (f0 / SAMPLE_RATE).cumsum(1)
    if start_phase is not None:
        cycles = cycles + start_phase[:, None].double()
    count = (SAMPLE_RATE / 2 / f0).floor()
    half = math.pi * (cycles % 1.0)
    bottom = half.sin()
    near = bottom.abs() < 1e-6
    ratio = ((2 * count + 1) * half).sin() / torch.where(near, 1.0, bottom)
    pulses = torch.where(near, 2 * count + 1, ratio) / 2 - 0.5  # sum of cos(2 pi k cycles), k = 1..count
    sound = pulses * (2 / count).sqrt() * voiced
    return sound.float()


def fill_unvoiced(f0_hz: Tensor) -> Tensor:
    """Holds the last voiced value through unvoiced frames, so that phase runs on. (B, T)"""
    steps = torch.arange(f0_hz.shape[1], device=f0_hz.device)
    voiced = f0_hz > 0
    last = torch.where(voiced, steps, -1).cummax(1).values
    first = torch.where(voiced.any(1), voiced.float().argmax(1), -1)[:, None].expand_as(last)
    source = torch.where(last >= 0, last, first)
    held = f0_hz.gather(1, source.clamp(min=0))
    return torch.where(source >= 0, held, 150.0)

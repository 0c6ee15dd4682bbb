"""What tells made sound from recorded sound; used only in training the vocoder."""

from __future__ import annotations

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

PERIODS = (2, 3, 5, 7, 11)
RESOLUTIONS = (512, 1024, 2048)
BANDS = (0.0, 0.1, 0.25, 0.5, 1.0)


class PeriodDiscriminator(nn.Module):
    """Looks at every p-th sample, folded into a picture.

    Source: Kong et al. 2020, "HiFi-GAN", section 2.3, with a quarter of the channels.
    """

    def __init__(self, period: int, width: int) -> None:
        super().__init__()
        self.period = period
        sizes = (1, width, 2 * width, 4 * width, 8 * width)
        self.layers = nn.ModuleList(
            weight_norm(nn.Conv2d(a, b, (5, 1), (3, 1), padding=(2, 0))) for a, b in itertools.pairwise(sizes)
        )
        self.out = weight_norm(nn.Conv2d(sizes[-1], 1, (3, 1), padding=(1, 0)))

    def forward(self, samples: Tensor) -> list[Tensor]:
        """(B, S) -> what each layer sees, the judgement last."""
        padded = F.pad(samples, (0, -samples.shape[1] % self.period))
        x = padded.unflatten(1, (-1, self.period))[:, None]  # (B, 1, S / p, p)
        seen = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.1)
            seen.append(x)
        return [*seen, self.out(x)]


class ResolutionDiscriminator(nn.Module):
    """Looks at the spectrogram in one resolution, band by band.

    Source: Kumar et al. 2023, "DAC", section 3.3 (multi-band), with fewer channels.
    """

    def __init__(self, n_fft: int, width: int) -> None:
        super().__init__()
        self.n_fft = n_fft
        bins = n_fft // 2 + 1
        self.edges = [round(band * bins) for band in BANDS]
        self.bands = nn.ModuleList(
            nn.ModuleList(
                [
                    weight_norm(nn.Conv2d(2, width, (3, 5), padding=(1, 2))),
                    weight_norm(nn.Conv2d(width, width, (3, 5), (1, 2), padding=(1, 2))),
                    weight_norm(nn.Conv2d(width, width, (3, 5), (1, 2), padding=(1, 2))),
                    weight_norm(nn.Conv2d(width, width, (3, 3), padding=(1, 1))),
                ]
            )
            for _ in self.edges[:-1]
        )
        self.out = weight_norm(nn.Conv2d(width, 1, (3, 3), padding=(1, 1)))

    def forward(self, samples: Tensor) -> list[Tensor]:
        """(B, S) -> what each layer sees, the judgement last."""
        window = torch.hann_window(self.n_fft, device=samples.device)
        spectrum = torch.stft(
            samples.float(), self.n_fft, self.n_fft // 4, window=window, return_complex=True
        )
        picture = torch.view_as_real(spectrum).permute(0, 3, 2, 1)  # (B, 2, T, bins)
        seen, ends = [], []
        for low, high, layers in zip(self.edges[:-1], self.edges[1:], self.bands, strict=True):
            x = picture[..., low:high]
            for layer in layers:  # type: ignore[attr-defined]
                x = F.leaky_relu(layer(x), 0.1)
                seen.append(x)
            ends.append(x)
        return [*seen, self.out(torch.cat(ends, -1))]


class Discriminators(nn.Module):
    """All periods and resolutions."""

    def __init__(self, period_width: int = 16, resolution_width: int = 16) -> None:
        super().__init__()
        self.members = nn.ModuleList(
            [PeriodDiscriminator(period, period_width) for period in PERIODS]
            + [ResolutionDiscriminator(n_fft, resolution_width) for n_fft in RESOLUTIONS]
        )

    def forward(self, samples: Tensor) -> list[list[Tensor]]:
        """(B, S) -> for each member, what its layers see, the judgement last."""
        return [member(samples) for member in self.members]


def discriminator_loss(real: list[list[Tensor]], made: list[list[Tensor]]) -> Tensor:
    """Hinge loss: real above 1, made below -1.

    Source: Siuzdak 2023, "Vocos", section 3.4.
    """
    terms = [F.relu(1 - r[-1]).mean() + F.relu(1 + m[-1]).mean() for r, m in zip(real, made, strict=True)]
    return torch.stack(terms).mean()


def adversarial_loss(made: list[list[Tensor]]) -> Tensor:
    """What the vocoder wants: to be judged real."""
    return torch.stack([F.relu(1 - member[-1]).mean() for member in made]).mean()


def feature_loss(real: list[list[Tensor]], made: list[list[Tensor]]) -> Tensor:
    """Distance between what the layers see of real and of made sound.

    Source: Kong et al. 2020, equation 6.
    """
    terms = [
        F.l1_loss(m, r.detach()) / r.detach().abs().mean().clamp(min=1e-4)
        for real_member, made_member in zip(real, made, strict=True)
        for r, m in zip(real_member[:-1], made_member[:-1], strict=True)
    ]
    return torch.stack(terms).mean()

"""How people in general say each phone, and the prints of the voices that ship."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config

from .features import N_MELS
from .identity import VoicePrint, distance
from .phones import SYMBOLS

CHECKPOINT = "voice-prints"


class VoicePrints(ModelMixin, ConfigMixin):
    """A table of measured voices; nothing in it is trained.

    Args:
        names: of the voices, in the order of the table.
    """

    @register_to_config
    def __init__(self, names: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.register_buffer("usual", torch.zeros(len(SYMBOLS), N_MELS))
        self.register_buffer("colours", torch.zeros(len(names), len(SYMBOLS), N_MELS))
        self.register_buffer("counts", torch.zeros(len(names), len(SYMBOLS)))
        self.register_buffer("log_f0", torch.zeros(len(names), 2))

    @property
    def usual_colours(self) -> np.ndarray:
        """(phones, 100) log units."""
        return np.asarray(self.usual.float().cpu().numpy())

    def voice(self, name: str) -> VoicePrint:
        """Gives one voice's print.

        Raises:
            ValueError: a voice that the table does not have.
        """
        names = list(self.config["names"])
        if name not in names:
            raise ValueError(f"expected a voice out of {', '.join(names)}, got {name!r}")
        at = names.index(name)
        mean, spread = self.log_f0[at].float().tolist()
        colours, counts = (x[at].float().cpu().numpy() for x in (self.colours, self.counts))
        return VoicePrint(colours, counts, mean, spread)

    def nearest(self, voice: VoicePrint, names: Sequence[str]) -> str:
        """Gives the name of the most similar voice among some."""
        return min(names, key=lambda name: distance(voice, self.voice(name), self.usual_colours))

    def fill(self, prints: Sequence[VoicePrint]) -> None:
        """Sets the table, and how people in general say each phone: the mean over the voices."""
        for at, voice in enumerate(prints):
            self.colours[at] = torch.from_numpy(voice.colours)
            self.counts[at] = torch.from_numpy(voice.counts)
            self.log_f0[at] = torch.tensor([voice.log_f0, voice.log_f0_spread])
        share = (self.counts / (self.counts + 1.0))[..., None]
        self.usual.copy_((share * self.colours).sum(0) / share.sum(0).clamp(min=1e-3))

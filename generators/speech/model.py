"""The speech model: prosody and acoustics, shipped as one."""

from __future__ import annotations

from typing import Any

from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config

from .acoustic import AcousticDenoiser
from .prosody import ProsodyDenoiser


class SpeechModel(ModelMixin, ConfigMixin):
    """Both denoisers over one table of speakers.

    Args:
        speakers: names, in the order of the table.
        prosody_config, acoustic_config: arguments of `ProsodyDenoiser` and `AcousticDenoiser`.
    """

    @register_to_config
    def __init__(
        self,
        speakers: tuple[str, ...] = (),
        prosody_config: dict[str, Any] | None = None,
        acoustic_config: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.prosody = ProsodyDenoiser(**(prosody_config or {}))
        self.acoustic = AcousticDenoiser(**(acoustic_config or {}))

    def speaker_index(self, name: str) -> int:
        """Gives a speaker's row.

        Raises:
            ValueError: these weights never heard that speaker.
        """
        speakers = list(self.config["speakers"])
        if name not in speakers:
            raise ValueError(f"expected a voice out of {', '.join(speakers[:12])}, got {name!r}")
        return speakers.index(name)

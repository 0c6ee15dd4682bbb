"""What a fine-tuning leaves: the LoRA as diffusers and as other Wan tools load it, and the emotion adapter."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from checkpoints.files import replace_file

from .tune_model import LORA_NAME, Tuned
from .wan_adapter import LORA

ADAPTER = "adapter"
# The same LoRA by the names of Wan's own code.
OTHER_LORA = "lora_for_other_tools.safetensors"
PREFIX = "diffusion_model."
# Names of diffusers -> names of Wan's own code.
# Source: github.com/Wan-Video/Wan2.1, wan/modules/model.py; diffusers, scripts/convert_wan_to_diffusers.py.
RENAMED = {
    ".attn1.": ".self_attn.",
    ".attn2.": ".cross_attn.",
    ".to_q.": ".q.",
    ".to_k.": ".k.",
    ".to_v.": ".v.",
    ".to_out.0.": ".o.",
    ".add_k_proj.": ".k_img.",
    ".add_v_proj.": ".v_img.",
    ".ffn.net.0.proj.": ".ffn.0.",
    ".ffn.net.2.": ".ffn.2.",
}


def save_tuned(tuned: Tuned, folder: Path) -> None:
    """Writes the weights into a folder; each file is whole or as it was before.

    Args:
        tuned: on the CPU.
    """
    from diffusers import WanPipeline

    settings = tuned.frozen.transformer.peft_config[LORA_NAME]
    lora = {name: value.cpu().contiguous() for name, value in tuned.lora_weights().items()}
    with replace_file(folder / LORA) as partial:
        WanPipeline.save_lora_weights(
            folder,
            transformer_lora_layers=lora,
            weight_name=partial.name,
            transformer_lora_adapter_metadata=plain_settings(settings),
        )
    with replace_file(folder / OTHER_LORA) as partial:
        save_file(for_other_tools(lora, settings.lora_alpha / settings.r), partial, {"format": "pt"})
    (folder / ADAPTER).mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".adapter-") as made:
        tuned.adapter.save_pretrained(made)
        for file in sorted(os.listdir(made)):
            os.replace(Path(made) / file, folder / ADAPTER / file)


def plain_settings(settings: Any) -> dict[str, Any]:
    """Gives a LoRA's settings as JSON, the same on every run."""
    return {
        name: sorted(value) if isinstance(value, set) else value
        for name, value in settings.to_dict().items()
        if value is None or isinstance(value, (bool, int, float, str, list, dict, set))
    }


def for_other_tools(lora: Mapping[str, Tensor], scale: float) -> dict[str, Tensor]:
    """Gives a LoRA by the names of Wan's own code.

    Args:
        lora: by diffusers' names. scale: alpha by rank; it goes into the weights, since tools differ in where they
            look for it.
    """
    found = {}
    for name, value in lora.items():
        for old, new in RENAMED.items():
            name = name.replace(old, new)
        found[PREFIX + name] = value * scale if name.endswith("lora_B.weight") else value.clone()
    return found

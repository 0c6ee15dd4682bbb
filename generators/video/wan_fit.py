"""Loads an emotion adapter and its LoRA onto a Wan pipeline, once every name and shape is known to fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from generators.hub_weights import shapes_of, silent

from .wan_adapter import LORA, WEIGHTS, AdapterFolder
from .wan_weights import first_line

if TYPE_CHECKING:
    from .adapter import Attachment

NAME = "emotion"
Shape = tuple[int, ...]


def put_on(pipeline: Any, found: AdapterFolder) -> Attachment:
    """Loads an adapter and its LoRA onto a pipeline, in the precision of its transformer.

    Raises:
        ValueError: weights that are broken, or are not of this base.
    """
    from .adapter import EmotionAdapter, attach

    where = f"of the emotion adapter {found.name!r}"
    what = f"{WEIGHTS} {where}"
    check_shapes(
        shapes_by(EmotionAdapter, found.config, where), shapes_of(found.folder / WEIGHTS, what), what
    )
    if found.lora is not None:
        places = linear_layers(pipeline.transformer)
        check_lora(places, shapes_of(found.lora, f"{LORA} {where}"), f"{LORA} {where}")
    try:
        with silent():
            adapter: Any = EmotionAdapter.from_pretrained(
                str(found.folder),
                local_files_only=True,
                use_safetensors=True,
                torch_dtype=pipeline.transformer.dtype,
            )
            if found.lora is not None:
                pipeline.load_lora_weights(
                    str(found.lora.parent), weight_name=LORA, adapter_name=NAME, local_files_only=True,
                    use_safetensors=True,
                )  # fmt: skip
    except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        raise ValueError(f"expected readable weights {where}, got: {first_line(error)}") from None
    return attach(pipeline.transformer, adapter.eval())


def shapes_by(cls: Any, config: dict[str, Any], where: str) -> dict[str, Shape]:
    """Gives the names and shapes of a model's weights from its config, without the weights.

    Args:
        cls: of diffusers' kind. where: the config is from, for errors.
    """
    try:
        with silent(), torch.device("meta"):
            return {name: tuple(value.shape) for name, value in cls.from_config(config).state_dict().items()}
    except (TypeError, ValueError, RuntimeError, ZeroDivisionError) as error:
        raise ValueError(f"expected a usable config.json {where}, got: {first_line(error)}") from None


def check_shapes(wanted: dict[str, Shape], got: dict[str, Shape], what: str, *, more: bool = False) -> None:
    """Refuses weights that lack something or have other shapes and, unless `more` is allowed, that have more."""
    for name in sorted(wanted.keys() if more else wanted.keys() | got.keys()):
        if wanted.get(name) != got.get(name):
            raise ValueError(
                f"expected {told(wanted.get(name))} for {name} in {what}, got {told(got.get(name))}"
            )


def told(shape: Shape | None) -> str:
    return "nothing" if shape is None else " x ".join(map(str, shape)) or "one number"


def linear_layers(transformer: Any) -> dict[str, Shape]:
    """Gives the layers on which a LoRA may sit: name -> (numbers out, numbers in)."""
    return {
        name: tuple(layer.weight.shape)
        for name, layer in transformer.named_modules()
        if isinstance(layer, torch.nn.Linear)
    }


def check_lora(places: dict[str, Shape], got: dict[str, Shape], what: str) -> None:
    """Refuses a LoRA that is not in diffusers' form, or sits on layers that the base does not have.

    Args:
        places: of `linear_layers`. got: name -> shape.
    """
    for name in got:
        place, _, side = name.removeprefix("transformer.").partition(".lora_")
        if not name.startswith("transformer.") or side not in ("A.weight", "B.weight") or place not in places:
            raise ValueError(f"expected a LoRA of this base in diffusers' form in {what}, got {name!r}")
        half = f"transformer.{place}.lora_A.weight"
        rank = got.get(half, (0,))[0]
        out, into = places[place]
        wanted: dict[str, Shape] = {half: (rank, into), half.replace("lora_A", "lora_B"): (out, rank)}
        check_shapes(wanted, {key: got[key] for key in wanted if key in got}, what)

"""Nested guidance of a Wan pipeline: one call of its transformer becomes the passes, and their sum.

The pipeline itself runs as without guidance, so that scheduler, flow shift, image-to-video and offloading stay its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from generators.sampling import guidance_passes, guided

if TYPE_CHECKING:
    from .adapter import Attachment, Felt


@dataclass(frozen=True)
class Pass:
    """One pass of the transformer.

    Attributes:
        weight: of its output in the sum; those of all passes sum to 1.
        image, prompt: whether they are given.
        feeling: "" none, "wanted" or "unwanted".
    """

    weight: float
    image: bool = True
    prompt: bool = True
    feeling: str = ""


def wan_passes(
    content: float = 1.0,
    identity: float = 1.0,
    emotion: float = 1.0,
    *,
    image: bool = False,
    felt: bool = False,
    away: bool = False,
) -> list[Pass]:
    """Gives the fewest passes of nested guidance.

    The order is picture, prompt, feeling: with an identity of 1 the picture stands in every pass, which is the
    guidance that Wan's image-to-video was published with. A feeling not wanted takes the place of no feeling
    in what emotion guidance goes away from, as a negative prompt takes the place of none.

    Args:
        content, identity, emotion: scales of the prompt, the picture and the feeling.
        image: whether the base sees a picture. felt: whether there is an adapter that feels.
        away: whether there is a feeling to go away from; needs an emotion scale that is not 1.

    Source: `generators.sampling.guidance_passes`.
    """
    # What does not exist adds nothing: its scale is that of the level below, which leaves its pass out.
    inner = identity if image else 1.0
    outer = emotion if felt else content
    levels = guidance_passes(inner, content, outer)
    passes = [
        Pass(weight, image=level >= 1, prompt=level >= 2, feeling="wanted" if level == 3 and felt else "")
        for level, weight in levels
    ]
    if not (away and felt):
        return passes
    # In (e - 1) u3 + (1 - e) u2, which is all that emotion guidance adds, u2 gives way to the unwanted feeling.
    passes = [entry for entry in passes if entry.feeling or not entry.prompt]
    further = [Pass(content - 1), Pass(1 - emotion, feeling="unwanted")]
    return passes + [entry for entry in further if entry.weight]


@dataclass(frozen=True)
class Conditions:
    """What the passes are given or not.

    Attributes:
        null_prompt: (1, 512, C) embedding of the negative prompt, where the prompt is not given.
        wanted, unwanted: (1, F, 64) points of the emotion space.
        attributes: (1, A) how the picture looks, NaN where not said, or None.
    """

    null_prompt: Tensor | None = None
    wanted: Tensor | None = None
    unwanted: Tensor | None = None
    attributes: Tensor | None = None


@contextmanager
def guiding(
    transformer: Any,
    passes: Sequence[Pass],
    conditions: Conditions,
    attachment: Attachment | None = None,
    *,
    one_by_one: bool = False,
) -> Iterator[None]:
    """While open, every call of the transformer makes the passes and gives their sum.

    Args:
        transformer: a `WanTransformer3DModel`, with hooks of any kind or without.
        attachment: of the adapter, when a pass feels.
        one_by_one: make the passes one after another, in the memory of one, else as one batch.
    """
    groups = [[entry] for entry in passes] if one_by_one else [list(passes)]
    felt = [feelings(group, conditions, attachment) for group in groups]
    single = transformer.__dict__.get("forward")  # there when something hooked the forward pass before us

    def plain() -> None:
        if single is None:
            transformer.__dict__.pop("forward", None)
        else:
            transformer.forward = single

    def forward(*_: Any, **call: Any) -> tuple[Tensor]:
        # The passes are whole calls of the model, so that hooks see them.
        plain()
        try:
            outputs = []
            for group, feeling in zip(groups, felt, strict=True):
                if attachment is not None:
                    attachment.feel(feeling)
                outputs.append(transformer(**given(call, group, conditions, transformer.config))[0])
        finally:
            if attachment is not None:
                attachment.feel(None)
            transformer.forward = forward
        return (summed(torch.cat(outputs), passes),)

    transformer.forward = forward
    try:
        yield
    finally:
        # A pipeline that offloads may have hooked the transformer anew when it was done.
        if transformer.__dict__.get("forward") is forward:
            plain()


def summed(outputs: Tensor, passes: Sequence[Pass]) -> Tensor:
    """Gives the sum of (P, C, F, H, W) by the passes' weights, (1, C, F, H, W), in float32 when there are several."""
    if len(passes) == 1:
        return outputs
    return guided(outputs.float(), [(number, entry.weight) for number, entry in enumerate(passes)])[None]


def feelings(group: Sequence[Pass], conditions: Conditions, attachment: Attachment | None) -> Felt | None:
    """Gives what a batch of passes feels; None when nothing."""
    if attachment is None or not any(entry.feeling for entry in group):
        return None
    points = {"wanted": conditions.wanted, "unwanted": conditions.unwanted, "": conditions.wanted}
    frames = max(point.shape[1] for point in points.values() if point is not None)
    rows = [points[entry.feeling].expand(-1, frames, -1) for entry in group]  # type: ignore[union-attr]
    parameter = next(attachment.adapter.parameters())
    emotion = torch.cat(rows).to(parameter)  # (P, F, 64)
    present = torch.tensor([bool(entry.feeling) for entry in group], device=parameter.device)
    attributes = conditions.attributes
    if attributes is not None:
        attributes = attributes.to(parameter).expand(len(group), -1)
    with torch.no_grad():
        return attachment.adapter(emotion, present, attributes)


def given(call: dict[str, Any], group: Sequence[Pass], conditions: Conditions, config: Any) -> dict[str, Any]:
    """Gives the arguments of a call for a batch of passes."""
    noisy, picture = call["hidden_states"], call.get("encoder_hidden_states_image")
    text = call["encoder_hidden_states"]
    channels = config.out_channels  # what follows them shows the picture
    seen = [noisy if entry.image else without_picture(noisy, channels) for entry in group]
    read = [text if entry.prompt else conditions.null_prompt.to(text) for entry in group]  # type: ignore[union-attr]
    call = {
        **call,
        "hidden_states": torch.cat(seen),
        "encoder_hidden_states": torch.cat(read),
        "timestep": call["timestep"].expand(len(group), *call["timestep"].shape[1:]),
        "return_dict": False,
    }
    if picture is not None:
        looks = [picture if entry.image else torch.zeros_like(picture) for entry in group]
        call["encoder_hidden_states_image"] = torch.cat(looks)
    return call


def without_picture(noisy: Tensor, channels: int) -> Tensor:
    """Gives the input of image-to-video with no frame given: neither mask nor latents of a picture."""
    if noisy.shape[1] == channels:
        return noisy
    return torch.cat([noisy[:, :channels], torch.zeros_like(noisy[:, channels:])], 1)

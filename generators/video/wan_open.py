"""A Wan2.1 model opened for use, with its adapter, and kept for the next film; its reader of text apart from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from generators.hub_weights import shapes_of, silent
from generators.wan_text import read_prompt

from .wan_adapter import AdapterFolder
from .wan_fit import Shape, check_shapes, put_on, shapes_by
from .wan_memory import dtype_on, freed, place, place_alone
from .wan_weights import Base, first_line

if TYPE_CHECKING:
    from .adapter import Attachment

TEXT_PARTS = ("tokenizer", "text_encoder")


@dataclass
class Opened:
    """A loaded model.

    Attributes:
        pipeline: of diffusers, without its text encoder. attachment: of the adapter, or None.
        moved: what is moved to and fro while it runs: "none", "model" or "sequential".
    """

    pipeline: Any
    attachment: Attachment | None
    moved: str

    def __post_init__(self) -> None:
        self.published = self.pipeline.scheduler

    def scheduler(self, flow_shift: float | None) -> Any:
        """Gives the base's own scheduler, or one like it with another flow shift."""
        if flow_shift is None:
            return self.published
        config = self.published.config
        name = "flow_shift" if "flow_shift" in config else "shift"  # UniPC's, and Euler's
        return type(self.published).from_config(config, **{name: flow_shift})


class Held:
    """The model that was used last, so that the next film need not load it again."""

    def __init__(self) -> None:
        self.key: tuple[Any, ...] = ()
        self.opened: Opened | None = None
        self.adapter: dict[str, str] = {}  # hashes of the files of the opened model's
        self.reader: Any = None  # a pipeline of tokenizer and text encoder alone
        self.read: dict[str, Tensor] = {}

    def close(self) -> None:
        """Forgets it, and gives its memory back."""
        held = self.opened is not None or self.reader is not None
        self.__init__()  # type: ignore[misc]
        if held:
            freed()

    def to(self, device: str) -> None:
        """Forgets it unless it lies on this device: to load it again is quicker than it is to have it twice."""
        if self.key and self.key[2] != device:
            self.close()

    def texts(self, base: Base, prompts: tuple[str, ...], device: str, low_vram: bool) -> list[Tensor]:
        """Gives the embedding of each prompt, (1, 512, C), on the CPU.

        With `low_vram` the text encoder (11 GB of the real models) is loaded for this alone and then freed.
        """
        self._for(base, device, low_vram)
        if any(prompt not in self.read for prompt in prompts):
            reader = self.reader or open_parts(base, dtype_on(device), TEXT_PARTS)
            encoder = reader.text_encoder
            place_alone(encoder, device, low_vram)
            with torch.no_grad():
                self.read = {
                    prompt: read_prompt(reader.tokenizer, encoder, prompt, device).cpu() for prompt in prompts
                }
            if low_vram:
                del encoder, reader
                freed()
            else:
                self.reader = reader
        return [self.read[prompt] for prompt in prompts]

    def model(self, base: Base, adapter: AdapterFolder | None, device: str, low_vram: bool) -> Opened:
        """Gives the model on its device."""
        self._for(base, device, low_vram)
        hashes = {} if adapter is None else adapter.hashes()
        if self.opened is not None and self.adapter != hashes:
            self.opened = None
            freed()
        if self.opened is None:
            self.opened, self.adapter = open_model(base, adapter, device, low_vram), hashes
        return self.opened

    def _for(self, base: Base, device: str, low_vram: bool) -> None:
        key = (base.folder, base.fingerprint(), device, low_vram)
        if self.key != key:
            self.close()
            self.key = key


def open_model(base: Base, adapter: AdapterFolder | None, device: str, low_vram: bool) -> Opened:
    """Loads a model and puts its adapter on it.

    Raises:
        ValueError: weights that are broken, or an adapter that does not fit.
    """
    parts = tuple(part for part in base.parts if part not in TEXT_PARTS)
    pipeline = open_parts(base, dtype_on(device), parts)
    pipeline.set_progress_bar_config(disable=True)
    attachment = put_on(pipeline, adapter) if adapter is not None else None
    moved = place(pipeline, device, low_vram)
    if attachment is not None:
        attachment.adapter.to(device)
    return Opened(pipeline, attachment, moved)


def open_parts(base: Base, dtype: torch.dtype, parts: tuple[str, ...]) -> Any:
    """Loads some parts of a model as a pipeline of diffusers; the others are None.

    Args:
        dtype: of the transformer and the text encoder. The autoencoder and the reader of pictures stay in
            float32: half precision costs visible quality.
    """
    import diffusers

    if "transformer" in parts:
        check_transformer(base)
    left_out = {part: None for part in base.parts if part not in parts}
    precision = {"default": dtype, "vae": torch.float32, "image_encoder": torch.float32}
    try:
        with silent():
            return getattr(diffusers, base.pipeline).from_pretrained(
                str(base.folder),
                torch_dtype=precision,
                local_files_only=True,
                use_safetensors=True,
                **left_out,
            )
    except (OSError, ValueError, TypeError, AttributeError, KeyError, RuntimeError) as error:
        raise ValueError(f"expected the weights of {base.name}, got: {first_line(error)}") from None


def check_transformer(base: Base) -> None:
    """Refuses files that together lack something of the transformer, which would be filled with chance."""
    from diffusers import WanTransformer3DModel

    where = f"of the transformer of {base.name}"
    got: dict[str, Shape] = {}
    for path in sorted((base.folder / "transformer").glob("*.safetensors")):
        got |= shapes_of(path, f"{path.name} {where}")
    check_shapes(shapes_by(WanTransformer3DModel, base.config, where), got, f"the files {where}", more=True)

"""Recipe of fine-tuning: a Wan2.1 learns from a folder of films how emotions look.

Only a LoRA and the emotion adapter are trained. Everything that stands still and is not the transformer (text encoder,
autoencoder, reader of pictures) has worked, and is gone, before the transformer is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from generators.base import StepCallback
from training.loop import TrainConfig, train

from .tune_batches import Examples, held_out
from .tune_buckets import Piece, Shapes
from .tune_cache import Cache
from .tune_card import write_card
from .tune_encode import Encoder
from .tune_measure import Measure
from .tune_model import Tuned, loss_of, open_tuned
from .tune_record import Record
from .tune_save import save_tuned
from .tune_table import prompts_of, read_table
from .wan_memory import dtype_on, is_no_room
from .wan_weights import Base, find_base

SWITCHES = "gradient_checkpointing, a batch_size of 1, smaller sizes, fewer frames in lengths, or optimizer adamw8bit"


def run(
    config: dict[str, Any],
    data_dir: str | Path,
    out_dir: str | Path,
    resume: bool = False,
    on_step: Any = None,
    *,
    base: str = "",
    download: bool = False,
) -> Tuned:
    """Fine-tunes a base and writes LoRA, adapter and card into `out_dir`.

    Args:
        config: of training/configs/video.yaml. data_dir: films and a table; see `tune_table.read_table`.
        resume: go on from the state in `out_dir`.
        base: a folder in the form of diffusers, or a repository of the hub. download: fetch it where it is not there.

    Raises:
        ValueError, FileNotFoundError: no base or no whole one; bad rows, all of them; another run to go on with; no
            room in memory.
    """
    if not base:
        raise ValueError("expected --base with a folder or repository of Wan2.1, got none")
    data_dir, out_dir = Path(data_dir), Path(out_dir)
    shapes = Shapes.of(config)
    rows = read_table(data_dir, config["table"], shortest_s=shapes.shortest_s)
    pieces = [piece for row in rows for piece in shapes.pieces(row)]
    found = find_base(base, download)  # last: it may fetch for an hour
    record = Record.of(config, found, pieces)
    record.check(out_dir, resume)
    try:
        return tuned_on(config, found, pieces, record, out_dir, resume, on_step)
    except (MemoryError, RuntimeError) as error:
        if not is_no_room(error):
            raise
        # The error's frames hold the tensors that were too many.
        error.__traceback__ = None
    raise ValueError(f"expected enough memory for training {found.name}, got none left: try {SWITCHES}")


def tuned_on(
    config: Mapping[str, Any],
    base: Base,
    pieces: list[Piece],
    record: Record,
    out_dir: Path,
    resume: bool,
    on_step: Any,
) -> Tuned:
    """Encodes, trains and writes; the cache is the run's own where the recipe names none."""
    from accelerate import PartialState

    state = PartialState(cpu=not torch.cuda.is_available())
    device, dtype = torch.device(state.device), dtype_on(state.device.type)
    examples, others = encoded(
        config, base, pieces, Path(config["cache"] or out_dir / "cache"), state, on_step
    )
    # Here, since what was encoded before, and not found in the cache, has drawn numbers too.
    torch.manual_seed(config["train"].get("seed", 0))
    tuned = open_tuned(base, config, str(device), dtype)
    frozen, drop = tuned.frozen, config["drop"]
    precision = "bf16" if dtype == torch.bfloat16 else "no"
    averaged = train(
        tuned,
        examples.batch_at,
        lambda model, batch, step: loss_of(model, batch, frozen, drop),
        TrainConfig(**{"precision": precision, **config["train"]}),
        out_dir,
        resume=resume,
        evaluate=Measure(others, device, dtype) if others.pieces else None,
        on_step=on_step,
    )
    if state.is_main_process:
        save_tuned(averaged, out_dir)
        write_card(out_dir, record, list(dict.fromkeys(piece.row for piece in pieces)))
    return averaged


def encoded(
    config: Mapping[str, Any],
    base: Base,
    pieces: list[Piece],
    cache: Path,
    state: Any,
    on_step: StepCallback | None,
) -> tuple[Examples, Examples]:
    """Gives what is learned from and what is held out, all of it encoded."""
    encoder = Encoder(
        base,
        Cache(cache),
        str(state.device),
        rank=state.process_index,
        num_processes=state.num_processes,
        on_step=on_step,
    )
    prompts = ["", *prompts_of(piece.row for piece in pieces)]
    texts = dict(zip(prompts, encoder.texts(prompts), strict=True))
    kept = encoder.pieces(pieces)
    state.wait_for_everyone()
    seed = config["train"].get("seed", 0)

    def examples(numbers: list[int], batch_size: int) -> Examples:
        chosen = [pieces[number] for number in numbers], [kept[number] for number in numbers]
        return Examples(*chosen, texts, batch_size=batch_size, num_processes=state.num_processes, seed=seed)

    learned, others = held_out(pieces, config["held_out"], seed)
    return examples(learned, config["batch_size"]), examples(others, 1)

"""What a fine-tuning was made of and with: kept beside it, so that only the same run is gone on with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checkpoints.files import write_json
from conditioning import SPACE_VERSION
from training.loop import STATE

from .tune_buckets import Piece
from .wan_weights import Base

FILE = "training_args.json"
# What may change between the parts of a run: how long, how often, and what is only said.
MAY_CHANGE = ("max_minutes", "max_steps", "checkpoint_minutes", "log_every", "evaluate_every", "num_threads")
ONLY_SAID = ("train", "name", "licence", "data", "table", "cache")


@dataclass(frozen=True)
class Record:
    """What a run is.

    Attributes:
        config: of the recipe. base: name, kind and fingerprint of the weights. examples: number of films and of
            pieces, and a hash of what they are. space_version: of the emotion space.
    """

    config: dict[str, Any]
    base: dict[str, str]
    examples: dict[str, Any]
    space_version: int = SPACE_VERSION

    @classmethod
    def of(cls, config: Mapping[str, Any], base: Base, pieces: Sequence[Piece]) -> Record:
        return cls(
            dict(config),
            {"name": base.name, "kind": base.kind, "weights": base.fingerprint()},
            {
                "films": len({piece.row.film.path for piece in pieces}),
                "pieces": len(pieces),
                "hash": hash_of(pieces),
            },
        )

    def to_json(self) -> dict[str, Any]:
        return dict(vars(self))

    def check(self, out_dir: Path, resume: bool) -> None:
        """Writes the record, after a look at the one of the run that is gone on with.

        The state of a run that is not gone on with is removed, so that nothing takes it for this one's.

        Raises:
            ValueError: that run had another base, other films or another recipe.
        """
        path = out_dir / FILE
        if resume and path.is_file():
            before = told(json.loads(path.read_text(encoding="utf-8")))
            now = told(json.loads(json.dumps(self.to_json())))
            for name in sorted(before.keys() | now.keys()):
                if before.get(name) != now.get(name):
                    raise ValueError(
                        f"expected {name} {before.get(name)!r} to go on with the run in {out_dir.name!r}, "
                        f"got {now.get(name)!r}"
                    )
        if not resume:
            (out_dir / STATE).unlink(missing_ok=True)
        write_json(path, self.to_json(), indent=1)


def told(record: Mapping[str, Any]) -> dict[str, Any]:
    """Gives name -> value of what must not change between the parts of a run."""
    config = record["config"]
    recipe = {name: value for name, value in config.items() if name not in ONLY_SAID}
    training = {f"train.{name}": value for name, value in config["train"].items() if name not in MAY_CHANGE}
    return {
        **recipe,
        **training,
        "base": record["base"]["weights"],
        "films": record["examples"]["hash"],
        "space_version": record["space_version"],
    }


def hash_of(pieces: Sequence[Piece]) -> str:
    """Gives a short hash of what is learned from: names, sizes, stretches, shapes, prompts and feelings."""
    digest = hashlib.sha256()
    for piece in pieces:
        row, bucket = piece.row, piece.bucket
        facts = [
            row.film.path.name,
            row.film.path.stat().st_size,
            piece.start,
            piece.frame_rate,
            vars(bucket),
            row.prompt,
            row.emotion.to_json(),
        ]
        digest.update(json.dumps(facts, ensure_ascii=False).encode())
    return digest.hexdigest()[:16]

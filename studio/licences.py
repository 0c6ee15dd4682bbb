"""What may be done with weights, in words; one place for the command line and the page."""

from __future__ import annotations

from collections.abc import Iterable

import checkpoints

NON_COMMERCIAL = "NON-COMMERCIAL"
NON_COMMERCIAL_MARK = "Non-commercial only"


def entries_of(names: Iterable[str]) -> list[checkpoints.Checkpoint]:
    """Gives the checkpoints that are installed under these names."""
    entries = checkpoints.manifest()
    return [entries[name] for name in names if name in entries]


def non_commercial(names: Iterable[str]) -> list[str]:
    """Gives those of the weights whose data forbids commercial use."""
    return [entry.name for entry in entries_of(names) if entry.non_commercial]


def credits(names: Iterable[str]) -> list[str]:
    """Gives whom results of these weights must name: the training data, where its licence asks for that."""
    found = [
        entry.data.rstrip(". ") for entry in entries_of(names) if entry.licence.upper().startswith("CC-BY")
    ]
    return list(dict.fromkeys(found))


def terms(entry: checkpoints.Checkpoint) -> str:
    """Says licence and training data of one checkpoint."""
    return f"Licence {entry.licence}. Trained on {entry.data}."

"""Frozen evaluators, objective metrics and reports. Nothing here shares weights with the conditioning
encoders."""

from __future__ import annotations

import importlib
from typing import Any

from .options import EVALUATIONS


def evaluate(modality: str, **options: Any) -> dict[str, Any]:
    """Measures a medium with its frozen evaluators.

    Args:
        modality: out of `EVALUATIONS`. options: of the function named there.

    Raises:
        ValueError: a medium that has no evaluator.
    """
    if modality not in EVALUATIONS:
        raise ValueError(f"expected a medium out of {', '.join(EVALUATIONS)}, got {modality!r}")
    module, _, name = EVALUATIONS[modality].partition(":")
    return getattr(importlib.import_module(module), name)(**options)


__all__ = ["EVALUATIONS", "evaluate"]

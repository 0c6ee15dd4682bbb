"""Frozen evaluators, objective metrics and reports. Nothing here shares weights with the conditioning
encoders."""

from __future__ import annotations

from typing import Any

from .options import MEASURED, imported


def evaluate(modality: str, **options: Any) -> dict[str, Any]:
    """Measures a medium with its frozen evaluators.

    Args:
        modality: out of `MEASURED`. options: of the function named there as its report.

    Raises:
        ValueError: a medium that has no evaluator.
    """
    if modality not in MEASURED:
        raise ValueError(f"expected a medium out of {', '.join(MEASURED)}, got {modality!r}")
    return imported(MEASURED[modality].report)(**options)


__all__ = ["MEASURED", "evaluate"]

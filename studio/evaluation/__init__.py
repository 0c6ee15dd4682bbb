"""Frozen evaluators, objective metrics and reports. Nothing here shares weights with the conditioning
encoders."""

from __future__ import annotations

from typing import Any


def evaluate_music(**options: Any) -> dict[str, Any]:
    """Measures the music backend; see `studio.evaluation.music_report.evaluate_music`."""
    from .music_report import evaluate_music

    return evaluate_music(**options)


__all__ = ["evaluate_music"]

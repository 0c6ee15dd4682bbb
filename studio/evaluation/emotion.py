"""How well texts are read: the shipped text encoder against the labels of people."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def evaluate_emotion(data_dir: str | Path) -> dict[str, Any]:
    """Reads the dev splits of GoEmotions and EmoBank and compares with their labels.

    Args:
        data_dir: folder that holds `goemotions/` and `emobank/`.

    Returns:
        "goemotions_macro_f1", "emobank_r" (V, A, D) and "goemotions_f1" of each label.

    Raises:
        FileNotFoundError: the data is not there.
    """
    from conditioning.train_text import evaluate_text

    return evaluate_text(data_dir)

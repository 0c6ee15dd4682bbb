"""Speech in the voice of a recording: said by the bundled voice that is most like it, and turned the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from generators.voice.clip import print_of_clip
from generators.voice.identity import Turn, mixed, turn
from generators.voice.phones import SYMBOLS
from generators.voice.prints import CHECKPOINT
from generators.voice.voices import VOICES

from .text import iter_sentences

if TYPE_CHECKING:
    from generators.weights import Weights

    from .options import SpeechPrompt

ALIGNER = "speech-aligner"


def lent_voice(weights: Weights, prompt: SpeechPrompt, known: list[str]) -> tuple[str, Turn, list[Any]]:
    """Gives the bundled voice that speaks, what turns it into the asked one, and the weights that took part.

    Args:
        known: the voices that the speech model has.

    Raises:
        FileNotFoundError, ValueError: as `print_of_clip`.
    """
    table, aligner = weights.get(CHECKPOINT), weights.get(ALIGNER)
    clip = print_of_clip(prompt.voice_clip, aligner)
    usual = table.usual_colours
    target = mixed(table.voice(prompt.voice), clip, prompt.voice_mix, usual)
    language = next(iter(iter_sentences(prompt.text, prompt.language))).language
    names = [name for name in table.config["names"] if name in known]
    speaks = [name for name in names if VOICES[name].language == language] or names
    base = table.nearest(target, speaks)
    found = turn(table.voice(base), target, usual)
    return base, found, [table.checkpoint, aligner.checkpoint]


def colours_over(found: Turn, symbols: np.ndarray) -> np.ndarray:
    """What is added to the envelope where each phone sounds. (T,) indices into `SYMBOLS` -> (T, 100)"""
    return found.envelope(np.eye(len(SYMBOLS), dtype=np.float32)[symbols])

"""Whose voice the result has: the person's own, a bundled one, a recording's, or one in between."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from generators.voice.clip import print_of_clip
from generators.voice.features import F0_MAX_HZ, F0_MIN_HZ
from generators.voice.identity import Turn, mixed, print_of, turn
from generators.voice.prints import CHECKPOINT
from generators.voice.recording import Recording, log_f0_of

from .options import ALIGNER, ConversionPrompt

if TYPE_CHECKING:
    from generators.weights import Weights


def turn_to(
    weights: Weights, prompt: ConversionPrompt, sample: Recording, phones: np.ndarray
) -> tuple[Turn | None, list[Any]]:
    """Gives what turns the person into the asked voice, None where it stays, and the weights that took part.

    Args:
        sample: of the person. phones: (T, phones) its posteriors.

    Raises:
        FileNotFoundError, ValueError: as `print_of_clip`; a recording in which hardly anything is voiced.
    """
    if not (prompt.voice or prompt.voice_clip):
        return None, []
    table, aligner = weights.get(CHECKPOINT), weights.get(ALIGNER)
    usual = table.usual_colours
    person = print_of(sample.envelope, phones, sample.f0_hz)
    others = [table.voice(prompt.voice)] if prompt.voice else []
    others += [print_of_clip(prompt.voice_clip, aligner)] if prompt.voice_clip else []
    before, after = [person, *others][-2:]
    return turn(person, mixed(before, after, prompt.voice_mix, usual), usual), [table.checkpoint]


def turned(recording: Recording, phones: np.ndarray, how: Turn) -> Recording:
    """Gives a recording in another voice."""
    log_f0 = how.contour(log_f0_of(recording.f0_hz))
    f0 = np.where(recording.f0_hz > 0, np.exp(log_f0).clip(F0_MIN_HZ, F0_MAX_HZ), 0)
    envelope = recording.envelope + how.envelope(phones) * recording.speaking[:, None]
    return replace(recording, envelope=envelope.astype(np.float32), f0_hz=f0.astype(np.float32))

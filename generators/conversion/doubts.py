"""What somebody should know of a recording before trusting what was made from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from generators.voice.features import Frames, energy_db
from generators.voice.speaker_encoder import PIECE_FRAMES

if TYPE_CHECKING:
    from generators.voice.recording import Recording
    from generators.voice.recording_file import Survey

# Over 15 s the level of speech moves by 10 dB and more (1 of 100 recordings less), that of music and noise by
# less than 5.
LEAST_MOVEMENT_DB = 7.0
LEAST_VOICED, LEAST_SPEECH = 0.1, 0.5


def doubts(
    found: Survey, sample: Recording, frames: Frames, phones: np.ndarray, encoder: Any
) -> Iterator[str]:
    """Gives a line for each doubt.

    Args:
        sample, frames, phones: of the loudest 15 s. encoder: a `SpeakerEncoder`.
    """
    if found.channels > 1:
        yield f"{found.channels} channels were mixed into one"
    if found.cut_short:
        yield "the file breaks off before its end: what it holds was converted"
    if found.clipped:
        yield "the recording is clipped: what is cut off cannot be restored"
    voiced = float((frames.f0_hz > 0).mean())
    if float(energy_db(frames.log_mel).std()) < LEAST_MOVEMENT_DB or voiced < LEAST_VOICED:
        yield "hardly any speech was found: music and noise come out changed, but not as a feeling"
    elif least_alike(sample, frames, phones, encoder) < float(encoder.least_alike):
        yield "several people seem to speak: the result treats them as one"


def least_alike(sample: Recording, frames: Frames, phones: np.ndarray, encoder: Any) -> float:
    """How alike the two least alike pieces of the sample are, -1..1; 1 where there are not two."""
    rows = []
    for first in range(0, len(sample) - PIECE_FRAMES + 1, PIECE_FRAMES):
        at = slice(first, first + PIECE_FRAMES)
        if sample.speaking[at].mean() > LEAST_SPEECH:
            rows.append(encoder.embed(frames.between(at.start, at.stop), phones[at]))
    if len(rows) < 2:
        return 1.0
    found = np.stack(rows)
    return float((found @ found.T).min())

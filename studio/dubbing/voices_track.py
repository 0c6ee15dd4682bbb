"""The lines of a dub as one track: each file is opened when its time comes and closed when it has been heard."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .flow import Flow, at_rate, file_blocks
from .loudness import amplitude

if TYPE_CHECKING:
    import numpy as np

FADE_S = 0.003  # at both ends of a file, so that none begins or ends with a click


@dataclass(frozen=True)
class Piece:
    """A sound file somewhere in a dub.

    Attributes:
        start_s: when its onset is heard, from the start of the picture.
        path: any sound file; several channels are mixed to one.
        onset_s: where in the file the onset lies, such as the start of the first phone; what is before it is heard
            before `start_s`.
        end_s: of the cue; up to here the film's own sound gives way, also where the file ends sooner. 0 for the
            file's end.
        gain_db: beside what brings all new voices to the level of the film's.
        speaker: whose stem it belongs to.
        replaces: whether it is the film's own performance, converted: that is cut out here whatever is asked for
            the others, and the level stays what it was.
        number: of the line, for messages.
    """

    start_s: float
    path: str | Path
    onset_s: float = 0.0
    end_s: float = 0.0
    gain_db: float = 0.0
    speaker: str = ""
    replaces: bool = False
    number: int = 0


@dataclass(frozen=True)
class Placed:
    """A piece whose file was looked at.

    Attributes:
        piece: what it is. first: its file's first sample in the dub, below 0 where its head is cut off.
        length: samples in the dub. sample_rate: of the file in Hz.
    """

    piece: Piece
    first: int
    length: int
    sample_rate: int

    def end_s(self, rate: int) -> float:
        """Gives when its last sample has been heard."""
        return (self.first + self.length) / rate

    def covers(self, rate: int) -> tuple[float, float]:
        """Gives from when to when the film's own sound gives way to it."""
        return self.piece.start_s, max(self.piece.start_s, self.piece.end_s, self.end_s(rate))


def place(pieces: Iterable[Piece], rate: int) -> tuple[list[Placed], list[str]]:
    """Looks at every file; gives those that can be heard in the order of their first samples, and what is wrong.

    A line's onset lies on the sample that is nearest to its time.

    Args:
        rate: of the dub in Hz.
    """
    from conditioning.encoders.sound_file import opened_sound

    found, problems = [], []
    for piece in pieces:
        try:
            with opened_sound(piece.path) as file:
                frames, own = file.frames, file.samplerate
        except (ValueError, OSError) as error:
            problems.append(f"line {piece.number} is not heard: {error}")
            continue
        onset = round(round(piece.onset_s * own) * rate / own)
        found.append(Placed(piece, round(piece.start_s * rate) - onset, round(frames * rate / own), own))
    return sorted(found, key=lambda one: (one.first, one.piece.number, str(one.piece.path))), problems


class VoicesTrack:
    """The sum of all lines, block after block; memory holds those that are heard at the moment.

    Args:
        placed: in the order of their first samples. rate: of the dub in Hz.
        level: of all that is not the film's own performance, as a factor.
    """

    def __init__(self, placed: Sequence[Placed], rate: int, level: float = 1.0) -> None:
        self.placed, self.rate, self.level = placed, rate, level
        self.upcoming, self.at = 0, 0
        self.heard: list[tuple[Placed, Flow, int]] = []  # what, its sound, how much of it went by

    def take(self, count: int) -> np.ndarray | None:
        """Gives the next samples, (1, count) float32; None where nobody speaks.

        Raises:
            ValueError: a file that was fine when it was placed is so no more.
        """
        import numpy as np

        end = self.at + count
        while self.upcoming < len(self.placed) and self.placed[self.upcoming].first < end:
            self._open(self.placed[self.upcoming])
            self.upcoming += 1
        if not self.heard:
            self.at = end
            return None
        made, still = np.zeros((1, count), np.float32), []
        for one, flow, gone in self.heard:
            begin = max(0, one.first - self.at)
            length = min(count - begin, one.length - gone)
            made[:, begin : begin + length] += flow.take(length) * self._gain(one, gone, length)
            if gone + length < one.length:
                still.append((one, flow, gone + length))
        self.heard, self.at = still, end
        return made

    def _open(self, one: Placed) -> None:
        mono = (block.mean(axis=0)[None] for block in file_blocks(one.piece.path))
        flow = Flow(at_rate(mono, 1, one.sample_rate, self.rate), 1)
        gone = max(0, self.at - one.first)
        flow.skip(min(gone, one.length))
        if gone < one.length:
            self.heard.append((one, flow, gone))

    def _gain(self, one: Placed, start: int, count: int) -> np.ndarray:
        """Gives the level of a file over some of its samples. (count,)"""
        import numpy as np

        fade = max(1, round(FADE_S * self.rate))
        places = np.arange(start, start + count)
        ramp = np.minimum((places + 0.5) / fade, (one.length - places - 0.5) / fade)
        level = amplitude(one.piece.gain_db) * (1.0 if one.piece.replaces else self.level)
        return (np.clip(ramp, 0, 1) * level).astype(np.float32)

"""What lies below the lines of a dub: the film's own sound, lowered or cut out where somebody is dubbed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .duck import Gate
from .flow import Flow, at_rate
from .loudness import LoudnessMeter, amplitude
from .options import DUCK, REPLACE, DubbingOptions
from .original import Original
from .room_tone import BESIDE_S, RoomTone
from .voices_track import Piece, Placed

if TYPE_CHECKING:
    import numpy as np

# Down before the word, up after it, and down all along where the pause is short.
ATTACK_S, RELEASE_S, HOLD_S = 0.12, 0.5, 0.6
CROSSING_S = 0.03  # from the film's own sound to its room
# What lies between these under the cues is people speaking; the lines take the level they had. Softer is only the room.
DIALOGUE_LUFS = (-36.0, -8.0)


class Bed:
    """The film's own sound below the lines.

    Args:
        original: with sound. placed: all lines. rate: of the dub in Hz.
    """

    def __init__(
        self, original: Original, placed: Sequence[Placed], rate: int, options: DubbingOptions
    ) -> None:
        self.original, self.rate, self.options = original, rate, options
        self.channels = original.channels
        covers = [one.covers(rate) for one in placed]
        cut = [cut_out(one.piece, one.end_s(rate), options) for one in placed]
        self.duck = Gate(covers if options.original == DUCK else [], rate, ATTACK_S, RELEASE_S, HOLD_S)
        self.cut = Gate([one for one in cut if one], rate, CROSSING_S, CROSSING_S)
        self.cues = Gate(covers, rate, 0.0, 0.0)
        self.room: RoomTone | None = None

    def blocks(self) -> Flow:
        """Gives the film's own sound at the rate of the dub."""
        found = self.original
        return Flow(at_rate(found.blocks(), found.channels, found.sample_rate, self.rate), found.channels)

    def listen(self, length: int, step: int) -> float:
        """Hears the film once: the room where it will be needed, and how loud people are.

        Args:
            length: samples. step: samples at a time.

        Returns:
            The loudness of what the lines stand on, in LUFS; -70 where nothing is heard there.
        """
        meter = LoudnessMeter(self.rate, self.channels)
        flow = self.blocks()

        def heard() -> Iterator[np.ndarray]:
            for start in range(0, length, step):
                block = flow.take(min(step, length - start))
                covered = self.cues.at(start, block.shape[1])
                if covered is not None:
                    meter.hear(block[:, covered > 0.5])
                yield block

        if self.cut.stretches:
            self.room = RoomTone(self.rate, self.channels, self.cues.stretches, self.options.seed)
            self.room.hear(heard())
        else:
            for _ in heard():
                pass
        meter.finish()
        return meter.lufs

    def under(self, block: np.ndarray, start: int) -> np.ndarray:
        """Gives a block of the film's own sound as it is heard below the lines. (C, S)"""
        import numpy as np

        count = block.shape[1]
        down = self.duck.at(start, count)
        if down is not None:
            block = block * amplitude(self.options.duck_db) ** down
        out = self.cut.at(start, count)
        if out is None:
            return block
        assert self.room is not None
        cut = np.flatnonzero(out)
        first, last = int(cut[0]), int(cut[-1]) + 1
        quarter = np.float32(np.pi / 2) * out[first:last]
        room = self.room.at(start + first, last - first)
        crossed = block[:, first:last] * np.cos(quarter) + room * np.sin(quarter)
        return np.concatenate([block[:, :first], crossed, block[:, last:]], axis=1)


def cut_out(piece: Piece, heard_until_s: float, options: DubbingOptions) -> tuple[float, float] | None:
    """Gives where a line takes the place of the film's own sound; None where it does not."""
    end_s = piece.end_s if piece.end_s > piece.start_s else heard_until_s
    if piece.replaces:  # the whole performance is in the line, and what is beside it is not
        return piece.start_s, end_s
    return (piece.start_s - BESIDE_S, end_s + BESIDE_S) if options.original == REPLACE else None


def voice_level(dialogue_lufs: float, target_lufs: float) -> float:
    """Gives the loudness that the lines are brought to: that of the people they stand in for, where it is known."""
    low, high = DIALOGUE_LUFS
    return dialogue_lufs if low <= dialogue_lufs <= high else target_lufs

"""Lines and the film's own sound to one dub of the asked loudness, block by block: hours in flat memory.

The film is heard three times: for its room and the level of its people, for the loudness of the mix, and for the mix
itself with that corrected. Nothing between is kept on the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generators.media import Audio

from .bed import Bed, voice_level
from .loudness import SILENT_LUFS, LoudnessMeter, amplitude
from .options import SILENCE, DubbingOptions
from .original import open_original
from .voices_track import Piece, Placed, VoicesTrack, place

if TYPE_CHECKING:
    import numpy as np

    from generators.base import StepCallback

SAMPLE_RATE = 48_000  # Hz, what films and broadcasters have
BLOCK = SAMPLE_RATE
NEAR_LU, WRONG_LU = 0.2, 0.5  # the limiter takes loudness away; further off it is given back, or said
MOST_PASSES = 4
MOST_GAIN_DB = 40.0
LONGEST_S = 12 * 3600.0
VOICES, BED = "voices", "original"


@dataclass(frozen=True)
class Levels:
    """How a mix came about.

    Attributes:
        voice_db: what brings all new lines to the level of the film's people. gain_db: what brings the whole to the
            asked loudness.
        loudness_lufs: of the whole as it is. dialogue_lufs: of the film under the cues; -70 where there is none.
    """

    voice_db: float
    gain_db: float
    loudness_lufs: float
    dialogue_lufs: float


class Mix:
    """A dub that can be heard as a whole or in parts, any number of times.

    Args:
        pieces: the lines. original: the film or its sound; None for none.
        length_s: of the dub; None ends with the last line.
        options: how.

    Raises:
        FileNotFoundError, ValueError: a film that cannot be read; nothing to mix.
    """

    def __init__(
        self,
        pieces: Iterable[Piece],
        original: str | Path | None,
        length_s: float | None,
        options: DubbingOptions,
    ) -> None:
        self.options = options
        self.placed, self.warnings = place(pieces, SAMPLE_RATE)
        last_s = max([one.end_s(SAMPLE_RATE) for one in self.placed], default=0.0)
        length_s = last_s if length_s is None else length_s
        if not 0 < length_s <= LONGEST_S:
            raise ValueError(f"expected a dub of 0 to {LONGEST_S:g} s, got {length_s:g}")
        self.length = ceil(round(length_s * SAMPLE_RATE, 3))
        self.warnings += [
            f"line {one.piece.number} loses its end: it is heard until {one.end_s(SAMPLE_RATE):.2f} s "
            f"and the dub ends at {length_s:.2f} s"
            for one in self.placed
            if one.first + one.length > self.length
        ]
        found = open_original(original) if original is not None and options.original != SILENCE else None
        self.bed = Bed(found, self.placed, SAMPLE_RATE, options) if found and found.has_sound else None
        self.channels = self.bed.channels if self.bed else 1
        self.voice_gain = 1.0

    def prepare(self, on_block: Callable[[], None]) -> tuple[float, float]:
        """Hears all there is and sets the level of the lines; gives it in dB, and the loudness of the film's people."""
        own = [one for one in self.placed if one.piece.replaces]
        new = [one for one in self.placed if not one.piece.replaces]
        if self.bed is not None:
            dialogue = self.bed.listen(self.length, BLOCK)
            if self.bed.room is not None and self.bed.room.doubtful:
                self.warnings.append("the film is nowhere quiet: its room is taken from the quietest moments")
        else:
            dialogue = self._loudness(own, lambda: None)
        loudness = self._loudness(new, on_block)
        if loudness <= SILENT_LUFS:
            return 0.0, dialogue
        wanted = voice_level(dialogue, self.options.loudness_lufs) - loudness
        voice_db = max(-MOST_GAIN_DB, min(MOST_GAIN_DB, wanted))
        self.voice_gain = amplitude(voice_db)
        return voice_db, dialogue

    def _loudness(self, placed: list[Placed], on_block: Callable[[], None]) -> float:
        """Gives the loudness of some lines in LUFS, the silence between them left out; -70 of none."""
        meter, voices = LoudnessMeter(SAMPLE_RATE, self.channels), VoicesTrack(placed, SAMPLE_RATE)
        for start in range(0, self.length, BLOCK):
            heard = voices.take(min(BLOCK, self.length - start))
            if heard is not None:
                meter.hear(heard.repeat(self.channels, 0))
            on_block()
        meter.finish()
        return meter.lufs

    def blocks(self, part: str = "", speaker: str | None = None) -> Iterator[np.ndarray]:
        """Gives the mix, (C, S) float32 at 48 kHz, before its loudness is corrected and its peaks are held.

        Args:
            part: `VOICES` or `BED` for that alone. speaker: for the lines of one alone.
        """
        import numpy as np

        placed = (
            self.placed if speaker is None else [one for one in self.placed if one.piece.speaker == speaker]
        )
        voices = None if part == BED else VoicesTrack(placed, SAMPLE_RATE, self.voice_gain)
        bed = None if part == VOICES else self.bed
        flow = bed.blocks() if bed else None
        for start in range(0, self.length, BLOCK):
            count = min(BLOCK, self.length - start)
            made = np.zeros((self.channels, count), np.float32)
            if bed and flow:
                made += bed.under(flow.take(count), start)
            heard = voices.take(count) if voices else None
            if heard is not None:
                made += heard
            yield made


def mix(
    pieces: Iterable[Piece],
    original: str | Path | None,
    length_s: float | None,
    options: DubbingOptions,
    *,
    on_step: StepCallback | None = None,
) -> Audio:
    """Mixes a dub.

    Args:
        pieces: the lines, in any order. original: the film or its sound; None for none.
        length_s: of the dub; None ends with the last line.
        options: what becomes of the film's own sound, loudness and peaks.
        on_step: called after every second of every pass; may raise `Cancelled`.

    Returns:
        (C, S) at 48 kHz, on the disk where it is long; C is that of the film, 1 where there is none. What somebody
        should know is in its warnings, `Levels` in its provenance under "mix".

    Raises:
        FileNotFoundError, ValueError: a film that cannot be read; nothing to mix.
        OSError: no room on the disk.
    """
    return finish(Mix(pieces, original, length_s, options), on_step)


def finish(whole: Mix, on_step: StepCallback | None = None) -> Audio:
    """Gives a mix at the asked loudness below the asked peak; see `mix`."""
    done, total = 0, 3 * ceil(whole.length / BLOCK)

    def step() -> None:
        nonlocal done
        done += 1
        if on_step:
            on_step(min(done, total), total)

    voice_db, dialogue = whole.prepare(step)
    loudness = LoudnessMeter(SAMPLE_RATE, whole.channels)
    for _ in heard(whole.blocks(), loudness):
        step()
    loudness.finish()
    if loudness.lufs <= SILENT_LUFS:
        whole.warnings.append("the dub is silent")
    gain_db, samples, lufs = corrected(whole, loudness.lufs, step)
    levels = Levels(voice_db, gain_db, lufs, dialogue)
    made: dict[str, Any] = {name: round(value, 3) for name, value in asdict(levels).items()}
    return Audio(samples, SAMPLE_RATE, provenance={"mix": made}, warnings=tuple(whole.warnings))


def corrected(whole: Mix, lufs: float, on_block: Callable[[], None]) -> tuple[float, np.ndarray, float]:
    """Gives the gain in dB that leads to the asked loudness, the sound with it, and its loudness in LUFS.

    Args:
        lufs: of the mix as it is; at the gate nothing is done about it.
    """
    wanted, gain_db = whole.options.loudness_lufs, 0.0
    off = wanted - lufs if lufs > SILENT_LUFS else 0.0
    for _ in range(MOST_PASSES):
        gain_db = max(-MOST_GAIN_DB, min(MOST_GAIN_DB, gain_db + off))
        meter = LoudnessMeter(SAMPLE_RATE, whole.channels)
        samples = kept(heard(held(whole, gain_db, on_block), meter))
        meter.finish()
        off = wanted - meter.lufs
        if abs(off) <= NEAR_LU or meter.lufs <= SILENT_LUFS or abs(gain_db) >= MOST_GAIN_DB:
            break
    if abs(off) > WRONG_LU and meter.lufs > SILENT_LUFS:
        got = f"loudness is {meter.lufs:.1f} LUFS instead of {wanted:g}"
        whole.warnings.append(f"{got}: its peaks, or how soft it is, leave no more room")
    return gain_db, samples, meter.lufs


def kept(blocks: Iterable[np.ndarray]) -> np.ndarray:
    """Gives blocks as one, (C, S), on the disk where they are many.

    Raises:
        OSError: no room there.
    """
    from generators.on_disk import concatenated

    try:
        return concatenated(blocks)
    except FileNotFoundError:  # a line or the film
        raise
    except OSError as error:
        raise OSError(f"expected room for the mix in the temporary folder, got: {error}") from None


def held(whole: Mix, gain_db: float, on_block: Callable[[], None]) -> Iterator[np.ndarray]:
    """Gives the mix with a gain, its peaks below the ceiling."""
    import numpy as np

    from .limit import limited

    gain = np.float32(amplitude(gain_db))

    def louder() -> Iterator[np.ndarray]:
        for block in whole.blocks():
            yield block * gain
            on_block()

    return limited(louder(), SAMPLE_RATE, amplitude(whole.options.peak_dbtp))


def heard(blocks: Iterable[np.ndarray], meter: LoudnessMeter) -> Iterator[np.ndarray]:
    """Gives blocks as they are, heard by a meter."""
    for block in blocks:
        meter.hear(block)
        yield block

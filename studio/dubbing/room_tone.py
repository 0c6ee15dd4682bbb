"""The room of a film: what is heard of it where nobody speaks, as noise of the same colour without an end.

Every twenty seconds the quietest moments outside the cues say how loud each frequency is. From these spectra and
random phases comes noise that nobody hears repeat, and that a cough in a pause does not get into.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .duck import merged

if TYPE_CHECKING:
    import numpy as np

SIZE, HOP = 2048, 1024  # samples of a frame, and from one to the next
SECTION_S = 20.0
QUIETEST = 0.25  # share of the moments outside the cues
FEWEST = 6  # frames that say enough
BESIDE_S = 0.15  # of a cue: words begin before their subtitle and fade after it
# Of noise, the power at a frequency varies as an exponential does: its median is this share of its mean.
MEDIAN_OF_MEAN = 0.6931


@dataclass
class Section:
    """What was heard in one section: (power, (C, K) spectrum) of each frame in the open and under cues."""

    free: list[tuple[float, np.ndarray]] = field(default_factory=list)
    covered: list[tuple[float, np.ndarray]] = field(default_factory=list)


class RoomTone:
    """Hears a film once, then gives its room at any time.

    Args:
        sample_rate: Hz. channels: 1 or 2.
        cues: (start_s, end_s) of what is not the room.
        seed: of the noise.
    """

    def __init__(
        self, sample_rate: int, channels: int, cues: Sequence[tuple[float, float]], seed: int = 0
    ) -> None:
        import numpy as np

        self.sample_rate, self.channels, self.seed = sample_rate, channels, seed
        wide = merged([(start - BESIDE_S, end + BESIDE_S) for start, end in cues], 0.0)
        self.edges = np.array(wide).reshape(-1)
        self.window = np.hanning(SIZE + 1)[:-1].astype(np.float32)
        self.length = max(1, round(SECTION_S * sample_rate / HOP))  # frames of a section
        self.spectra: list[np.ndarray | None] = []  # power of each section
        self.sizes: list[np.ndarray] = []  # of the noise's spectrum, once all is heard
        self.doubtful = False

    def hear(self, blocks: Iterable[np.ndarray]) -> None:
        """Takes the whole of the film's sound, (C, S) float32 each."""
        import numpy as np

        section, fallback, number = Section(), [], 0
        waiting = np.zeros((self.channels, 0), np.float32)
        for block in blocks:
            waiting = np.concatenate([waiting, block], axis=1)
            count = max(0, (waiting.shape[1] - SIZE) // HOP + 1)
            for place in range(count):
                self._frame(section, waiting[:, place * HOP : place * HOP + SIZE], number)
                number += 1
                if number % self.length == 0:
                    fallback.append(self._close(section))
                    section = Section()
            waiting = waiting[:, count * HOP :]
        fallback.append(self._close(section))
        if all(found is None for found in self.spectra):
            self.doubtful = True
            self.spectra = fallback
        self._fill()

    def _frame(self, section: Section, samples: np.ndarray, number: int) -> None:
        import numpy as np

        spectrum = np.fft.rfft(in_middle(samples) * self.window, axis=1)
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
        start_s, end_s = number * HOP / self.sample_rate, (number * HOP + SIZE) / self.sample_rate
        before = np.searchsorted(self.edges, [start_s, end_s])
        free = before[0] == before[1] and before[0] % 2 == 0
        (section.free if free else section.covered).append((float(power.sum()), power))

    def _close(self, section: Section) -> np.ndarray | None:
        """Keeps the room of a section, None where it is not heard; gives what it would be under the cues."""
        enough = len(section.free) >= FEWEST
        self.spectra.append(quietest(section.free, QUIETEST) if enough else None)
        every = section.free + section.covered
        return quietest(every, QUIETEST / 3) if len(every) >= FEWEST else None

    def _fill(self) -> None:
        """Gives sections in which the room is not heard that of the nearest one."""
        import numpy as np

        known = [place for place, found in enumerate(self.spectra) if found is not None]
        if not known:
            self.sizes = [np.zeros((self.channels, SIZE // 2 + 1), np.float32)]
            return
        near = [known[int(np.abs(np.array(known) - place).argmin())] for place in range(len(self.spectra))]
        for at in near:
            power = self.spectra[at]
            assert power is not None
            self.sizes.append(np.sqrt(power * np.float32(SIZE / np.square(self.window).sum())))
        self.spectra.clear()

    def at(self, start: int, count: int) -> np.ndarray:
        """Gives the room over so many samples from one on, (C, count) float32; the same whatever was asked before."""
        import numpy as np

        first, last = start // HOP - 1, (start + count - 1) // HOP
        made = np.zeros((self.channels, (last - first + 2) * HOP), np.float32)
        for number in range(first, last + 1):
            place = (number - first) * HOP
            made[:, place : place + SIZE] += self._noise(number)
        begin = start - first * HOP
        return made[:, begin : begin + count]

    def _noise(self, number: int) -> np.ndarray:
        """Gives one frame that is laid over its neighbours. (C, SIZE)"""
        import numpy as np
        from scipy.fft import irfft

        place = min(max(number, 0) // self.length, len(self.sizes) - 1)
        size = self.sizes[place]
        turns = np.random.default_rng([self.seed, number + 1]).random(size.shape, np.float32)
        turns *= np.float32(2 * np.pi)
        noise = irfft(size * (np.cos(turns) + 1j * np.sin(turns)), SIZE, axis=1)
        # Neighbours are other noise, so that their powers add: the root of a window that adds to one.
        return np.asarray(from_middle(noise) * np.sqrt(self.window), np.float32)


def quietest(frames: list[tuple[float, np.ndarray]], share: float) -> np.ndarray:
    """Gives the usual spectrum of the quietest of some frames. (C, K)"""
    import numpy as np

    order = sorted(range(len(frames)), key=lambda at: frames[at][0])
    chosen = [frames[at][1] for at in order[: max(FEWEST, round(share * len(frames)))]]
    return np.median(chosen, axis=0).astype(np.float32) / MEDIAN_OF_MEAN


def in_middle(samples: np.ndarray) -> np.ndarray:
    """Gives middle and side of two channels, which in a room belong together less; one channel as it is."""
    import numpy as np

    if len(samples) == 1:
        return samples
    return np.stack([samples[0] + samples[1], samples[0] - samples[1]]) / 2


def from_middle(samples: np.ndarray) -> np.ndarray:
    """Gives left and right again."""
    import numpy as np

    if len(samples) == 1:
        return samples
    return np.stack([samples[0] + samples[1], samples[0] - samples[1]])

"""A limiter that looks ahead: no true peak goes above the ceiling, and nothing is bent or cut."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

HOP_S = 0.001
REACH = 20  # hops before and after a peak in which the level goes down and up again
OVERSAMPLING, TAPS = 8, 192  # twice as fine as ITU-R BS.1770-4, annex 2, asks for
# A true peak can stand this far above the samples around it; what is lower need not be looked at closely.
BETWEEN_SAMPLES = 0.5
HEADROOM = 0.985  # what an estimate of a peak may be wrong by, about a tenth of a dB


def limited(blocks: Iterable[np.ndarray], sample_rate: int, ceiling: float) -> Iterator[np.ndarray]:
    """Gives the same sound below a ceiling, as many samples as came in; memory holds two blocks.

    Around a peak the level goes down over 20 ms and up again, the same for all channels. Sound below the ceiling is
    given as it is.

    Args:
        blocks: (C, S) float32 each. sample_rate: Hz.
        ceiling: highest true peak, as a factor of full scale.
    """
    import numpy as np

    hop, limiter = max(1, round(HOP_S * sample_rate)), None
    for block in blocks:
        limiter = Limiter(block.shape[0], hop, ceiling * HEADROOM) if limiter is None else limiter
        made = limiter.take(block)
        if made.shape[1]:
            yield made
    if limiter is not None:
        # Silence behind the end pushes out what waits for its future.
        wanted = limiter.waiting
        rest = limiter.take(np.zeros((limiter.channels, wanted + limiter.delay), np.float32))
        yield rest[:, :wanted]


class Limiter:
    """One run over a sound.

    Args:
        channels: of it. hop: samples that share a level. ceiling: as a factor of full scale.
    """

    def __init__(self, channels: int, hop: int, ceiling: float) -> None:
        import numpy as np

        self.channels, self.hop, self.ceiling = channels, hop, ceiling
        # Before the beginning lies silence: a hop for the filter.
        self.samples = np.zeros((channels, hop), np.float32)
        # Of hops, from 2 * REACH + 2 before the first that waits.
        self.levels = np.ones(2 * REACH + 2, np.float32)

    @property
    def waiting(self) -> int:
        """Samples taken and not yet given."""
        return self.samples.shape[1] - self.hop

    @property
    def delay(self) -> int:
        """Samples that must follow one before it can be given."""
        return (2 * REACH + 6) * self.hop

    def take(self, block: np.ndarray) -> np.ndarray:
        """Takes (C, S) and gives what is certain by now, (C, S')."""
        import numpy as np

        self.samples = np.concatenate([self.samples, block], axis=1)
        known = len(self.levels) - (2 * REACH + 2)  # hops whose level is known already
        # The filter needs the hop that follows.
        count = self.waiting // self.hop - 1 - known
        if count <= 0:
            return self.samples[:, :0]
        start = known * self.hop
        around = self.samples[:, start : start + (count + 2) * self.hop]
        self.levels = np.concatenate([self.levels, self._levels_of(around)])
        return self._give()

    def _levels_of(self, samples: np.ndarray) -> np.ndarray:
        """Gives the level that each hop may have; the first and the last of `samples` are not asked for."""
        import numpy as np

        size = np.abs(samples).max(axis=0)
        if size.max(initial=0) <= self.ceiling * BETWEEN_SAMPLES:
            return np.ones(len(size) // self.hop - 2, np.float32)
        peaks = np.maximum(size, true_size(samples)).reshape(-1, self.hop).max(axis=1)[1:-1]
        return (self.ceiling / np.maximum(peaks, self.ceiling)).astype(np.float32)

    def _give(self) -> np.ndarray:
        """Gives the hops of which the future is known."""
        import numpy as np

        width = 2 * REACH + 1
        ready = len(self.levels) - 2 * (2 * REACH + 2)
        if ready <= 0:
            return self.samples[:, :0]
        if self.levels.min() == 1:
            gain = np.ones(1, np.float32)
        else:
            windows = np.lib.stride_tricks.sliding_window_view
            # The lowest around, one hop further than the mean reaches, as samples lie between two hops' levels.
            low = windows(self.levels, width + 2).min(axis=1)
            smooth = windows(low, width) @ weights(width)
            places = np.arange(ready * self.hop) / self.hop + 0.5 - 1 / (2 * self.hop)
            gain = np.interp(places, np.arange(len(smooth)), smooth).astype(np.float32)
        made = self.samples[:, self.hop : (ready + 1) * self.hop] * gain
        self.samples, self.levels = self.samples[:, ready * self.hop :], self.levels[ready:]
        return made


@cache
def weights(width: int) -> np.ndarray:
    """Gives a mean that weighs the middle most. (width,)"""
    import numpy as np

    window = np.hanning(width + 2)[1:-1]
    return (window / window.sum()).astype(np.float32)


def true_size(samples: np.ndarray) -> np.ndarray:
    """Gives the highest size between each sample and the next, over all channels. (C, S) -> (S,)"""
    import numpy as np
    from scipy.signal import upfirdn

    found = np.zeros(samples.shape[1], np.float32)
    filter_ = interpolator()
    skip = (len(filter_) - 1) // 2
    for channel in samples:
        finer = upfirdn(filter_, channel, up=OVERSAMPLING)[skip : skip + OVERSAMPLING * len(channel)]
        found = np.maximum(found, np.abs(finer).reshape(-1, OVERSAMPLING).max(axis=1))
    return found


@cache
def interpolator() -> np.ndarray:
    """Gives the low-pass filter between samples. (193,)"""
    import numpy as np
    from scipy.signal import firwin

    return (OVERSAMPLING * firwin(TAPS + 1, 1 / OVERSAMPLING, window="hamming")).astype(np.float32)

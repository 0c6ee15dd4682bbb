"""Loudness and true peak of sound that comes piece by piece, as FFmpeg's `ebur128` filter measures them."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

SILENT_LUFS = -70.0  # the gate: below it there is nothing to measure
DB_PER_LOG = 20.0
LAYOUTS = {1: "mono", 2: "stereo"}


def amplitude(db: float) -> float:
    """Gives the factor of a level in dB."""
    return float(10 ** (db / DB_PER_LOG))


def decibels(factor: float) -> float:
    """Gives the level of a factor in dB; -inf of 0."""
    return DB_PER_LOG * math.log10(factor) if factor > 0 else -math.inf


class LoudnessMeter:
    """Hears sound and says its integrated loudness.

    Args:
        sample_rate: Hz.
        channels: 1 or 2.
        peaks: whether true peaks are measured too, which takes several times as long.

    Source: EBU R 128 and ITU-R BS.1770-4, as FFmpeg has them.
    """

    def __init__(self, sample_rate: int, channels: int, *, peaks: bool = False) -> None:
        import av

        self.sample_rate, self.channels, self.peaks = sample_rate, channels, peaks
        self.at = 0
        self.found: dict[str, str] = {}
        self.graph: Any = av.filter.Graph()
        source = self.graph.add_abuffer(
            sample_rate=sample_rate,
            format="fltp",
            layout=LAYOUTS[channels],
            time_base=Fraction(1, sample_rate),
        )
        wanted = "true" if peaks else "none"
        measure = self.graph.add("ebur128", f"metadata=1:peak={wanted}:framelog=quiet")
        sink = self.graph.add("abuffersink")
        source.link_to(measure)
        measure.link_to(sink)
        self.graph.configure()

    def hear(self, samples: np.ndarray) -> None:
        """Takes what follows, (C, S) float32."""
        import av
        import numpy as np

        if not samples.shape[1]:
            return
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples, np.float32), format="fltp", layout=LAYOUTS[self.channels]
        )
        frame.sample_rate, frame.pts, frame.time_base = (
            self.sample_rate,
            self.at,
            Fraction(1, self.sample_rate),
        )
        self.at += samples.shape[1]
        self.graph.push(frame)
        self._pull()

    def _pull(self) -> None:
        import av

        while True:
            try:
                self.found = dict(self.graph.pull().metadata) or self.found
            except (av.error.BlockingIOError, av.error.EOFError):
                return

    def finish(self) -> None:
        """Ends the sound, so that its last tenth of a second counts too."""
        self.graph.push(None)
        self._pull()

    @property
    def lufs(self) -> float:
        """Integrated loudness of what was heard so far; -70 of silence."""
        found = float(self.found.get("lavfi.r128.I", SILENT_LUFS))
        return found if math.isfinite(found) else SILENT_LUFS

    @property
    def dbtp(self) -> float:
        """Highest true peak so far in dBTP; -inf of silence."""
        known = [float(value) for name, value in self.found.items() if "true_peaks_ch" in name]
        return decibels(max(known, default=0.0))


def loudness_of(samples: np.ndarray, sample_rate: int) -> tuple[float, float]:
    """Gives integrated loudness (LUFS) and true peak (dBTP) of (C, S), read a second at a time."""
    meter = LoudnessMeter(sample_rate, samples.shape[0], peaks=True)
    for start in range(0, samples.shape[1], sample_rate):
        meter.hear(samples[:, start : start + sample_rate])
    meter.finish()
    return meter.lufs, meter.dbtp

"""How a sound looks: its waveform in the colours of the feeling, f0 and the curve over it, words above."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from .track import HEIGHT, WIDTH, curve_lines, stretches, strip, words_above

if TYPE_CHECKING:
    import numpy as np

    from generators.media import Audio

COLUMNS, THUMBNAIL_COLUMNS = 500, 160
# Every so many values of f0 make a point: a finer line would not be seen.
F0_THINNING = 3
NOTHING_YET = "Your recording appears here."
DOWNLOADS = (".wav", ".flac", ".mp3", ".srt", ".json", ".png")


def picture_html(audio: Audio, label: str) -> str:
    """Gives the waveform with words above and a legend below; picture.js moves the playhead."""
    end = max(1e-3, audio.duration_s)
    line, lowest, highest = f0_line(audio, end)
    curve = curve_lines(audio.emotion_track, end)
    legend = [f'<span class="key f0">f0, {lowest:.0f} to {highest:.0f} Hz</span>'] if line else []
    if curve:
        legend += ['<span class="key valence">valence</span>', '<span class="key arousal">arousal</span>']
    return (
        f'<div class="picture wave" data-duration="{end:.3f}">'
        f'<div class="ruler" aria-hidden="true">{words_above(audio.marks, end)}</div>'
        f"{svg(audio, end, label, COLUMNS, line + curve)}"
        f'<div class="playhead" aria-hidden="true"></div></div>'
        f'<p class="legend">{"".join(legend)}</p>'
    )


def thumbnail_svg(audio: Audio) -> str:
    """Gives a small waveform."""
    return svg(audio, max(1e-3, audio.duration_s), "", THUMBNAIL_COLUMNS, "")


def facts(audio: Audio) -> str:
    """Gives one line: length, words, rate, and what the weights allow."""
    words = len(audio.marks_of("word"))
    parts = [f"{audio.duration_s:.1f} s", *([f"{words} words"] if words else [])]
    return " · ".join([*parts, f"{audio.sample_rate / 1000:g} kHz"])


def svg(audio: Audio, end: float, label: str, columns: int, over: str) -> str:
    """Draws the waveform, one path for each stretch of one feeling, and the colours again beneath."""
    low, high = envelope(audio.samples, columns)
    parts = []
    for start, stop, colour in stretches(audio.emotion_track, end):
        first, last = int(columns * start / end), math.ceil(columns * stop / end)
        parts.append(f'<path style="fill:{colour}" d="{outline(low, high, first, last)}"/>')
    band = strip(audio.emotion_track, end)
    shown = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    return (
        f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT + 16:g}" preserveAspectRatio="none" {shown}>'
        f'<path class="grid" d="M0 {HEIGHT / 2:g}H{WIDTH:g}"/>{"".join(parts)}{over}{band}</svg>'
    )


def envelope(samples: np.ndarray, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Gives the lowest and the highest sample of each column, (columns,) each, the loudest at 1."""
    import numpy as np

    mono = np.asarray(samples, dtype=np.float32).mean(axis=0) if samples.size else np.zeros(1, np.float32)
    edges = np.linspace(0, mono.size, columns + 1).astype(int)
    starts = np.minimum(edges[:-1], mono.size - 1)
    low, high = np.minimum.reduceat(mono, starts), np.maximum.reduceat(mono, starts)
    peak = max(1e-6, float(np.abs(mono).max()))
    return np.minimum(low / peak, 0), np.maximum(high / peak, 0)


def outline(low: np.ndarray, high: np.ndarray, first: int, last: int) -> str:
    """Gives the path around columns `first` to `last`."""
    count = len(low)
    first, last = max(0, min(first, count - 1)), max(1, min(last, count))
    middle, half = HEIGHT / 2, HEIGHT / 2 * 0.94
    at = [WIDTH * column / count for column in range(first, last + 1)]
    above = [f"{x:.1f} {middle - half * y:.1f}" for x, y in zip(at, high[first:last], strict=False)]
    below = [f"{x:.1f} {middle - half * y - 0.8:.1f}" for x, y in zip(at, low[first:last], strict=False)]
    return f"M{'L'.join(above)}L{'L'.join(reversed(below))}z"


def f0_line(audio: Audio, end: float) -> tuple[str, float, float]:
    """Draws f0 on a logarithmic scale, with gaps where unvoiced; gives its lowest and highest Hz too."""
    from ..waveform import LONGEST_F0_S, f0_of

    if end > LONGEST_F0_S:
        return "", 0.0, 0.0
    times, hertz = (values[::F0_THINNING] for values in f0_of(audio))
    voiced = hertz[hertz > 0]
    if voiced.size < 2:
        return "", 0.0, 0.0
    lowest, highest = float(voiced.min()), float(voiced.max())
    return f0_path(times, hertz, end, min(60.0, lowest), max(400.0, highest)), lowest, highest


def f0_path(times: np.ndarray, hertz: np.ndarray, end: float, low: float, high: float) -> str:
    """Draws f0 on a logarithmic scale from `low` Hz at the bottom to `high` Hz, with gaps where unvoiced."""
    steps, pen_down = [], False
    for time, value in zip(times.tolist(), hertz.tolist(), strict=True):
        if value > 0:
            x, y = WIDTH * time / end, HEIGHT * (1 - math.log(value / low) / math.log(high / low))
            steps.append(f"{'L' if pen_down else 'M'}{x:.1f} {y:.1f}")
        pen_down = value > 0
    path = "".join(steps)
    return f'<path class="halo" d="{path}"/><path class="line f0" d="{path}"/>'

"""A picture of a sound: its waveform in the colours of the feeling, the voice's f0, and the words above."""

from __future__ import annotations

import importlib.util
import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generators.media import Audio, Mark

from .pictures import FAINT, INK, MUTED, PAPER, colours, draw_picture, emotion_at, tidy

if TYPE_CHECKING:
    import numpy as np

COLUMNS = 800
F0_STEP_MS = 5.0
F0_RANGE_HZ = (60.0, 600.0)
F0_TICKS_HZ = (60, 80, 100, 120, 150, 200, 250, 300, 400, 500, 600)
MOST_OCTAVES_A_STEP = 0.12
SHORTEST_VOICED = 8  # steps
# f0 of longer sounds would be a hedge of lines.
LONGEST_F0_S = 60.0
WORD_SIZE = 8.5


def draw(audio: Audio, path: str | Path, *, text: dict[str, str] | None = None) -> None:
    """Draws a sound as a PNG of 1200 x 640 pixels.

    Args:
        audio: with an `emotion_track` for the colours and the curve; grey and without a curve when it has
            none. Words are written above where it has marks of them.
        path: where to write.
        text: text chunks for the file, by keyword.
    """
    words = [mark for mark in audio.marks_of("word") if mark.text]

    def draw_sound(axes: Any, end: float) -> None:
        draw_wave(axes, audio, end)
        draw_words(axes, words, end)
        if end <= LONGEST_F0_S:
            draw_f0(axes, *f0_of(audio))

    draw_picture(audio, path, headline(audio, words), draw_sound, text=text)


def envelope(audio: Audio, columns: int = COLUMNS) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gives the outline of a sound: lowest and highest sample and loudness (RMS) of each column, smoothed.

    Returns:
        Three arrays (columns,).
    """
    import numpy as np

    samples = audio.samples
    # A short sound has fewer samples than columns; then neighbours share one.
    starts = np.arange(columns) * samples.shape[1] // columns
    counts = np.maximum(np.diff([*starts, samples.shape[1]]), 1)
    power = np.add.reduceat((samples.astype(np.float64) ** 2).mean(axis=0), starts) / counts
    low = np.minimum.reduceat(samples.min(axis=0), starts)
    high = np.maximum.reduceat(samples.max(axis=0), starts)
    # Columns narrower than a period of the voice would make a comb.
    low, high = smooth(widest(low, np.minimum)), smooth(widest(high, np.maximum))
    return low, high, np.sqrt(smooth(smooth(power)))


def widest(values: np.ndarray, choose: np.ufunc) -> np.ndarray:
    """Gives each value's extreme among itself and its two neighbours on either side."""
    import numpy as np

    near = np.pad(values, 2, mode="edge")
    return choose.reduce([near[at : at + len(values)] for at in range(5)])


def smooth(values: np.ndarray) -> np.ndarray:
    """Gives a mean over five neighbours that weighs the middle most."""
    import numpy as np

    return np.convolve(np.pad(values, 2, mode="edge"), np.array([1, 2, 3, 2, 1]) / 9, mode="valid")


def f0_of(audio: Audio) -> tuple[np.ndarray, np.ndarray]:
    """Gives the voice's fundamental over time: seconds and Hz, 0 where unvoiced; empty without pyworld.

    Source: Morise 2017, "Harvest: A high-performance fundamental frequency estimator from speech signals",
    as pyworld has it.
    """
    import numpy as np

    if importlib.util.find_spec("pyworld") is None or not audio.samples.size:
        return np.zeros(0), np.zeros(0)
    import pyworld

    mono = np.ascontiguousarray(audio.samples.mean(axis=0), dtype=np.float64)
    rough, times = pyworld.dio(mono, audio.sample_rate, *F0_RANGE_HZ, frame_period=F0_STEP_MS)
    return times, without_slips(pyworld.stonemask(mono, rough, times, audio.sample_rate))


def without_slips(hertz: np.ndarray) -> np.ndarray:
    """Leaves out what no voice does, stretches shorter than 40 ms, and smooths the others a little."""
    import numpy as np

    cleaned = np.zeros_like(hertz)
    octaves = np.log2(np.maximum(hertz, 1.0))
    jumps = np.abs(np.diff(octaves)) > MOST_OCTAVES_A_STEP
    for start, end in itertools.pairwise(np.flatnonzero(np.concatenate([[True], jumps, [True]]))):
        if end - start >= SHORTEST_VOICED and hertz[start] > 0:
            cleaned[start:end] = 2 ** smooth(smooth(octaves[start:end]))
    return cleaned


def draw_wave(axes: Any, audio: Audio, end: float) -> None:
    """Draws the outline in the colours of the feeling: peaks pale, loudness full."""
    import numpy as np

    low, high, loudness = envelope(audio)
    times = (np.arange(COLUMNS) + 0.5) / COLUMNS * end
    reach = max(0.02, float(max(high.max(), -low.min())) * 1.12)
    paint = colours(*emotion_at(audio, times))[None]
    # A hair more than nothing, so that silence is a line.
    hair = reach / 250
    for bottom, top, alpha in ((low, high, 0.4), (-loudness, loudness, 1.0)):
        shape = axes.fill_between(
            times, np.minimum(bottom, -hair), np.maximum(top, hair), lw=0, facecolor="none"
        )
        picture = axes.imshow(
            paint,
            extent=(0, end, -reach, reach),
            aspect="auto",
            alpha=alpha,
            zorder=2,
            interpolation="bilinear",
        )
        picture.set_clip_path(shape.get_paths()[0], transform=axes.transData)
    axes.set_xlim(0.0, end)
    axes.set_ylim(-reach, reach)
    axes.set_ylabel("amplitude", color=MUTED, fontsize=9)
    tidy(axes)


def draw_f0(axes: Any, times: np.ndarray, hertz: np.ndarray) -> None:
    """Draws f0 over the waveform on a logarithmic scale of its own, with gaps where unvoiced."""
    import numpy as np
    from matplotlib.patheffects import Normal, Stroke

    if not (hertz > 0).any():
        return
    line = np.where(hertz > 0, hertz, np.nan)
    low, high = np.nanpercentile(line, [1, 99])
    over = axes.twinx()
    over.set_yscale("log")
    over.set_ylim(low / 1.25, high * 1.15)
    halo = [Stroke(linewidth=4.5, foreground=PAPER), Normal()]
    over.plot(times, line, color=INK, lw=1.8, solid_capstyle="round", path_effects=halo)
    ticks = [tick for tick in F0_TICKS_HZ if low / 1.2 <= tick <= high * 1.15]
    over.set_yticks(ticks, [str(tick) for tick in ticks])
    over.minorticks_off()
    over.set_ylabel("f0 (Hz)", color=INK, fontsize=9)
    over.yaxis.set_label_position("left")
    over.yaxis.tick_left()
    # One scale at the side is enough, and how loud a voice is can be seen without numbers.
    axes.set_yticks([])
    axes.set_ylabel("")
    tidy(over)


def draw_words(axes: Any, words: list[Mark], end: float) -> None:
    """Writes the words above as far as there is room, with thin lines where they start."""
    width = axes.get_window_extent().width / axes.figure.dpi * 72  # points
    height = axes.get_ylim()[1]
    taken = -1.0
    if len(words) <= 150:
        axes.vlines([word.start_s for word in words], -height, height, color=FAINT, lw=0.6, zorder=1)
    for word in words:
        half = 0.29 * WORD_SIZE * len(word.text) / width * end
        middle = max(half, (word.start_s + word.end_s) / 2)
        if middle - half < taken:
            continue
        taken = middle + half + 0.4 * WORD_SIZE / width * end
        axes.annotate(
            word.text, (middle, height), xytext=(0, 7), textcoords="offset points", fontsize=WORD_SIZE,
            color=INK, ha="center", va="bottom", parse_math=False, annotation_clip=False,
        )  # fmt: skip


def headline(audio: Audio, words: list[Mark]) -> str:
    """Gives what a reader wants to know first: words, length, rate."""
    facts = [f"{audio.duration_s:.1f} s", f"{audio.sample_rate / 1000:g} kHz"]
    if words:
        facts.insert(0, f"{len(words)} words")
    return "  ·  ".join(facts)

"""A picture of a score: notes over time, coloured by where the emotion lies in the valence-arousal plane."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generators.media import Score

from ..pictures import FAINT, INK, MUTED, PAPER, colours, cut, draw_picture, emotion_at, tidy

if TYPE_CHECKING:
    import numpy as np
    import symusic

BLACK_KEYS = "#f4f5f8"
MOST_LABELS = 24
MARKER = "emotion: "
BLACK = (1, 3, 6, 8, 10)


def draw(score: Score, path: str | Path, *, text: dict[str, str] | None = None) -> None:
    """Draws the piano roll as a PNG of 1200 x 640 pixels.

    Args:
        score: with an `emotion_track` for the colours and the curve; grey and without a curve when it has
            none.
        path: where to write.
        text: text chunks for the file, by keyword.
    """
    bars = bar_starts(score.midi)

    def draw_roll(axes: Any, end: float) -> None:
        draw_notes(axes, score, end)
        draw_bars(axes, bars, end)
        draw_markers(axes, score.midi, end)

    draw_picture(score, path, headline(score, len(bars)), draw_roll, lines=bars, text=text)


def draw_notes(axes: Any, score: Score, end: float) -> None:
    """Draws every note as a bar: colour is emotion, opacity is velocity; the keys' rows lie behind."""
    import numpy as np
    from matplotlib.collections import PolyCollection

    rows = notes_of(score.midi)
    low, high = int(rows[:, 2].min()) - 2, int(rows[:, 2].max()) + 3
    if high - low < 24:
        low, high = low - (24 - high + low) // 2, high + (25 - high + low) // 2
    for pitch in range(low, high + 1):
        if pitch % 12 in BLACK:
            axes.axhspan(pitch - 0.5, pitch + 0.5, color=BLACK_KEYS, lw=0, zorder=0)
    left = rows[:, 0]
    # A note shorter than two pixels would vanish.
    right = left + np.maximum(rows[:, 1] * 0.96, end / 500.0)
    bottom, top = rows[:, 2] - 0.42, rows[:, 2] + 0.42
    corners = np.stack([left, bottom, left, top, right, top, right, bottom], axis=1).reshape(-1, 4, 2)
    fill = np.ones((len(rows), 4))
    fill[:, :3] = colours(*emotion_at(score, left))
    edge = fill.copy()
    edge[:, :3] *= 0.62
    fill[:, 3] = 0.25 + 0.75 * (rows[:, 3] / 127.0) ** 1.3
    edge[:, 3] = 0.9 if len(rows) < 1500 else 0.0
    axes.add_collection(
        PolyCollection(list(corners), facecolors=fill, edgecolors=edge, linewidths=0.5, zorder=3)
    )
    axes.set_xlim(0.0, end)
    axes.set_ylim(low - 0.5, high + 0.5)
    tonics = [pitch for pitch in range(low, high + 1) if pitch % 12 == 0]
    axes.set_yticks(tonics, [f"C{pitch // 12 - 1}" for pitch in tonics])
    axes.hlines([pitch - 0.5 for pitch in tonics], 0, end, color=FAINT, lw=0.6, zorder=1)
    tidy(axes)


def notes_of(midi: symusic.Score) -> np.ndarray:
    """Gives (N, 4) onset s, duration s, pitch, velocity, of all tracks; one unseen note when empty."""
    import numpy as np

    rows = [
        (float(note.time), float(note.duration), note.pitch, note.velocity)
        for track in midi.to("second").tracks
        for note in track.notes
    ]
    return np.array(rows or [(0.0, 0.0, 60, 0)], dtype=np.float64)


def bar_starts(midi: symusic.Score) -> list[float]:
    """Gives the second at which each bar starts, following tempo and time signatures."""
    end = midi.end()
    signs = sorted((int(s.time), int(s.numerator), int(s.denominator)) for s in midi.time_signatures)
    if not signs or signs[0][0] > 0:
        signs.insert(0, (0, 4, 4))
    ticks: list[int] = []
    for number, (start, numerator, denominator) in enumerate(signs):
        stop = signs[number + 1][0] if number + 1 < len(signs) else end
        length = max(1, midi.ticks_per_quarter * 4 * numerator // max(1, denominator))
        ticks.extend(range(start, max(stop, start), length))
    return seconds_at(midi, ticks)


def seconds_at(midi: symusic.Score, ticks: list[int]) -> list[float]:
    """Gives the second of each tick; ticks ascend."""
    tempos = sorted((int(tempo.time), float(tempo.qpm)) for tempo in midi.tempos)
    if not tempos or tempos[0][0] > 0:
        tempos.insert(0, (0, 120.0))
    seconds, at, position, found = 0.0, 0, 0, []
    for tick in ticks:
        while position + 1 < len(tempos) and tempos[position + 1][0] <= tick:
            seconds += (tempos[position + 1][0] - at) * 60.0 / (tempos[position][1] * midi.ticks_per_quarter)
            position += 1
            at = tempos[position][0]
        found.append(seconds + (tick - at) * 60.0 / (tempos[position][1] * midi.ticks_per_quarter))
    return found


def draw_bars(axes: Any, bars: list[float], end: float) -> None:
    """Draws bar lines, with numbers above."""
    step = bar_step(len(bars))
    shown = [(number, time) for number, time in enumerate(bars) if time < end]
    if len(bars) <= 200:
        axes.vlines([time for _, time in shown], *axes.get_ylim(), color=FAINT, lw=0.7, zorder=1)
    above = axes.secondary_xaxis("top")
    above.set_xticks(
        [time for number, time in shown if number % step == 0],
        [str(number + 1) for number, _ in shown if number % step == 0],
    )
    above.tick_params(length=0, labelsize=8, colors=MUTED, pad=1)
    above.spines["top"].set_visible(False)
    axes.text(-0.01, 1.02, "bar", transform=axes.transAxes, fontsize=8, color=MUTED, ha="right")


def bar_step(count: int) -> int:
    """Gives how many bars lie between two bar numbers: 1, 2, 4, 5, 10, 20, 50, ..."""
    for step in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512):
        if count <= MOST_LABELS * step:
            return step
    return max(1, count // MOST_LABELS)


def draw_markers(axes: Any, midi: symusic.Score, end: float) -> None:
    """Writes where the emotion changes, as far as there is room."""
    last = -math.inf
    height = axes.get_ylim()[1]
    for marker in sorted(midi.to("second").markers, key=lambda marker: marker.time):
        time, words = float(marker.time), str(marker.text)
        if not words.startswith(MARKER) or time >= end or time - last < end * 0.11:
            continue
        last = time
        axes.annotate(
            cut(words.removeprefix(MARKER), 22),
            (time, height),
            xytext=(0, 17),
            textcoords="offset points",
            fontsize=8.5,
            color=INK,
            va="bottom",
            parse_math=False,
            zorder=5,
            bbox={"boxstyle": "round,pad=0.25", "fc": PAPER, "ec": FAINT, "lw": 0.6, "alpha": 0.9},
        )


def headline(score: Score, bars: int) -> str:
    """Gives what a reader wants to know first: key, tempo, metre, length."""
    midi = score.midi
    words = []
    if len(midi.key_signatures):
        words.append(key_name(int(midi.key_signatures[0].key), int(midi.key_signatures[0].tonality)))
    tempos = [float(tempo.qpm) for tempo in midi.tempos] or [120.0]
    low, high = round(min(tempos)), round(max(tempos))
    words.append(f"{low} bpm" if low == high else f"{low} to {high} bpm")
    if len(midi.time_signatures):
        words.append(f"{midi.time_signatures[0].numerator}/{midi.time_signatures[0].denominator}")
    words.append(f"{bars} bar{'s' if bars != 1 else ''}")
    minutes, seconds = divmod(round(score.duration_s), 60)
    words.append(f"{minutes}:{seconds:02d}")
    return "  ·  ".join(words)


def key_name(sharps: int, minor: int) -> str:
    """Gives the key's name: (-3, 1) is "C minor"."""
    order = (
        "Cb",
        "Gb",
        "Db",
        "Ab",
        "Eb",
        "Bb",
        "F",
        "C",
        "G",
        "D",
        "A",
        "E",
        "B",
        "F#",
        "C#",
        "G#",
        "D#",
        "A#",
    )
    tonic = order[min(17, max(0, sharps + 7 + (3 if minor else 0)))]
    return f"{tonic} {'minor' if minor else 'major'}"

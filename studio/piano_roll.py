"""A picture of a score: notes over time, coloured by where the emotion lies in the valence-arousal plane."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generators.media import Score

if TYPE_CHECKING:
    import numpy as np
    import symusic

# Colours around the plane, by angle: 0 is pleasant, 90 excited, 180 unpleasant, 270 quiet; the same as the
# page's.
ANCHORS = (
    (0.0, "#82a01e"),
    (45.0, "#e8980c"),
    (90.0, "#e0622b"),
    (135.0, "#cf2f3f"),
    (180.0, "#b13f9b"),
    (225.0, "#4a5be0"),
    (270.0, "#2182c4"),
    (315.0, "#0f9b80"),
    (360.0, "#82a01e"),
)
CENTRE = "#8b919c"
INK, FAINT, PAPER, BLACK_KEYS = "#1f2430", "#c9ced8", "#ffffff", "#f4f5f8"
# From here outwards a colour is as full as it gets.
FULL_RADIUS = 0.75
SIZE_INCHES = (12.0, 6.4)
PIXELS_PER_INCH = 100
MOST_LABELS = 24
BLACK = (1, 3, 6, 8, 10)


def draw(score: Score, path: str | Path, *, text: dict[str, str] | None = None) -> None:
    """Draws the piano roll as a PNG of 1200 x 640 pixels.

    Args:
        score: with an `emotion_track` for the colours and the curve; grey and without a curve when it has
            none.
        path: where to write.
        text: text chunks for the file, by keyword.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE_INCHES, dpi=PIXELS_PER_INCH, facecolor=PAPER)
    FigureCanvasAgg(figure)
    curve = bool(score.emotion_track)
    grid = figure.add_gridspec(
        2 if curve else 1,
        1,
        height_ratios=(4.2, 1.0) if curve else (1.0,),
        hspace=0.07,
        left=0.065,
        right=0.875 if curve else 0.975,
        top=0.865,
        bottom=0.085,
    )
    roll = figure.add_subplot(grid[0])
    end = max(1e-3, score.duration_s)
    bars = bar_starts(score.midi)
    draw_notes(roll, score, end)
    draw_bars(roll, bars, end)
    draw_markers(roll, score.midi, end)
    figure.text(0.065, 0.955, headline(score, len(bars)), color=INK, fontsize=13, weight="bold", va="center")
    bottom = roll
    if curve:
        bottom = figure.add_subplot(grid[1], sharex=roll)
        draw_curve(bottom, score, bars, end)
        roll.tick_params(labelbottom=False)
        draw_plane(figure, score)
    bottom.set_xlabel("time (s)", color=INK, fontsize=9)
    figure.savefig(path, format="png", metadata=text or {})


def colours(valence: np.ndarray, arousal: np.ndarray) -> np.ndarray:
    """Gives the colour of places in the valence-arousal plane.

    Args:
        valence, arousal: (N,) in -1..1.

    Returns:
        (N, 3) red, green, blue in 0..1; grey at the centre, full colour from a radius of 0.75.
    """
    import numpy as np
    from matplotlib.colors import to_rgb

    angle = np.degrees(np.arctan2(arousal, valence)) % 360.0
    stops = [stop for stop, _ in ANCHORS]
    around = np.array([to_rgb(colour) for _, colour in ANCHORS])
    rim = np.stack([np.interp(angle, stops, around[:, channel]) for channel in range(3)], axis=-1)
    radius = np.clip(np.hypot(valence, arousal) / FULL_RADIUS, 0.0, 1.0)[..., None]
    return radius * rim + (1.0 - radius) * np.array(to_rgb(CENTRE))


def emotion_at(score: Score, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gives (valence, arousal) of the bar in which each time lies; zeros without an emotion track."""
    import numpy as np

    if not score.emotion_track:
        return np.zeros(len(times)), np.zeros(len(times))
    track = np.array(score.emotion_track, dtype=np.float64)
    bar = np.clip(np.searchsorted(track[:, 0], times + 1e-6, side="right") - 1, 0, len(track) - 1)
    return track[bar, 1], track[bar, 2]


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
    above.tick_params(length=0, labelsize=8, colors="#70778a", pad=1)
    above.spines["top"].set_visible(False)
    axes.text(-0.01, 1.02, "bar", transform=axes.transAxes, fontsize=8, color="#70778a", ha="right")


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
        if not words.startswith("emotion ") or time >= end or time - last < end * 0.11:
            continue
        last = time
        axes.annotate(
            shorten(words.removeprefix("emotion "), 22),
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


def draw_curve(axes: Any, score: Score, bars: list[float], end: float) -> None:
    """Draws valence and arousal over time, above a band in the colours of the notes."""
    import numpy as np

    track = np.array(score.emotion_track, dtype=np.float64)
    times = np.append(track[:, 0], max(end, track[-1, 0]))
    values = np.concatenate([track[:, 1:], track[-1:, 1:]])
    pixels = np.linspace(0.0, end, 1000)
    valence, arousal = emotion_at(score, pixels)
    band = np.ones((1, 1000, 4))
    band[0, :, :3] = colours(valence, arousal)
    axes.imshow(band, extent=(0, end, -1.45, -1.15), aspect="auto", zorder=2, interpolation="nearest")
    axes.axhline(0.0, color=FAINT, lw=0.8, zorder=1)
    styles = (("valence", INK, "-"), ("arousal", "#7a8296", (0, (3, 1.2))))
    heights = spread_labels(float(values[-1, 0]), float(values[-1, 1]))
    for column, (name, colour, style) in enumerate(styles):
        axes.step(times, values[:, column], where="post", color=colour, ls=style, lw=1.8, zorder=3)
        axes.annotate(
            name, (1.0, heights[column]), xycoords=("axes fraction", "data"), xytext=(6, 0),
            textcoords="offset points", color=colour, fontsize=9, va="center", annotation_clip=False,
        )  # fmt: skip
    axes.set_ylim(-1.45, 1.12)
    axes.set_yticks([-1, 0, 1])
    if len(bars) <= 200:
        axes.vlines([time for time in bars if time < end], -1.15, 1.12, color=FAINT, lw=0.5, zorder=1)
    tidy(axes)


def spread_labels(first: float, second: float, gap: float = 0.42) -> tuple[float, float]:
    """Gives heights for two labels that do not touch."""
    if abs(first - second) >= gap:
        return first, second
    middle, sign = (first + second) / 2.0, 1.0 if first >= second else -1.0
    middle = min(0.9, max(-0.9, middle))
    return middle + sign * gap / 2.0, middle - sign * gap / 2.0


def draw_plane(figure: Any, score: Score) -> None:
    """Draws the valence-arousal plane as the key to the colours, with the way of the piece through it."""
    import numpy as np

    axes = figure.add_axes((0.893, 0.68, 0.094, 0.094 * SIZE_INCHES[0] / SIZE_INCHES[1]))
    line = np.linspace(-1.0, 1.0, 61)
    valence, arousal = np.meshgrid(line, line)
    picture = np.ones((61, 61, 4))
    picture[..., :3] = colours(valence, arousal)
    picture[..., 3] = 0.85
    axes.imshow(picture, extent=(-1, 1, -1, 1), origin="lower", interpolation="bilinear")
    track = np.clip(np.array(score.emotion_track, dtype=np.float64)[:, 1:], -0.97, 0.97)
    axes.plot(track[:, 0], track[:, 1], color=PAPER, lw=1.4, alpha=0.9)
    axes.plot(track[-1:, 0], track[-1:, 1], "o", color=PAPER, mec=INK, ms=5.5)
    axes.set_xticks([-1, 1], ["sad", "glad"])
    axes.set_yticks([])
    axes.set_xlabel("quiet", fontsize=8, color=INK, labelpad=-9)
    axes.set_title("excited", fontsize=8, color=INK, pad=3)
    axes.set_xlim(-1, 1)
    axes.set_ylim(-1, 1)
    axes.tick_params(length=0, labelsize=8, colors=INK, pad=2)
    for spine in axes.spines.values():
        spine.set_visible(False)


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


def shorten(words: str, limit: int) -> str:
    """Cuts a text to a number of characters."""
    return words if len(words) <= limit else words[: limit - 1] + "…"


def tidy(axes: Any) -> None:
    """Takes away what carries nothing."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(FAINT)
    axes.tick_params(colors=INK, labelsize=9, length=3, color=FAINT)

"""How a score looks: the piano roll as an SVG that follows the page's light and dark, with a playhead."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from .colour import css_colour
from .track import HEIGHT, WIDTH, strip

if TYPE_CHECKING:
    import numpy as np

    from generators.media import Score

SMALLEST_SPAN = 24
MOST_NOTES = 4000
MOST_NUMBERS = 16
THUMBNAIL_NOTES = 400
NOTHING_YET = "Your piece appears here."
DOWNLOADS = (".mid", ".musicxml", ".wav", ".png")


def roll_svg(score: Score, *, label: str, most_notes: int = MOST_NOTES) -> str:
    """Draws the notes, coloured by the emotion of their bar, and the colours again as a strip beneath.

    Args:
        score: with an `emotion_track` for the colours; grey without.
        label: what a screen reader says.
        most_notes: more are thinned evenly, so that a picture of hours stays small.

    Returns:
        `<svg>...</svg>`, stretched to its box.
    """
    from ..score.piano_roll import bar_starts, emotion_at, notes_of

    notes = notes_of(score.midi)
    end = max(1e-3, score.duration_s)
    bars = bar_starts(score.midi)
    low, high = pitch_range(notes)
    shown = notes[:: max(1, -(-len(notes) // most_notes))]
    valence, arousal = emotion_at(score, shown[:, 0])
    paths: dict[str, list[str]] = {}
    for (start, duration, pitch, velocity), v, a in zip(shown, valence, arousal, strict=True):
        strength = "" if velocity >= 84 else ";opacity:.8" if velocity >= 56 else ";opacity:.6"
        x, y = WIDTH * start / end, HEIGHT * (high - pitch) / (high - low + 1)
        wide, tall = max(1.6, WIDTH * duration * 0.96 / end), HEIGHT / (high - low + 1) * 0.86
        colour = css_colour(round(float(v), 2), round(float(a), 2)) + strength
        paths.setdefault(colour, []).append(f"M{x:.1f} {y:.1f}h{wide:.1f}v{tall:.1f}h-{wide:.1f}z")
    parts = [f'<path style="fill:{colour}" d="{"".join(steps)}"/>' for colour, steps in paths.items()]
    lines = (
        "".join(f"M{WIDTH * time / end:.1f} 0V{HEIGHT:g}" for time in bars[1:] if time < end)
        if len(bars) < 200
        else ""
    )
    octaves = "".join(
        f"M0 {HEIGHT * (high - pitch + 1) / (high - low + 1):.1f}H{WIDTH:g}"
        for pitch in range(low, high + 1)
        if not pitch % 12
    )
    band = strip(score.emotion_track, end) if score.emotion_track else ""
    return (
        f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT + 16:g}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(label)}">'
        f'<path class="grid" d="{lines}{octaves}"/>{"".join(parts)}{band}</svg>'
    )


def pitch_range(notes: np.ndarray) -> tuple[int, int]:
    """Gives the lowest and highest row of the picture, at least two octaves."""
    low, high = int(notes[:, 2].min()) - 1, int(notes[:, 2].max()) + 1
    lacking = max(0, SMALLEST_SPAN - (high - low))
    return low - lacking // 2, high + lacking - lacking // 2


def picture_html(score: Score, label: str) -> str:
    """Gives the roll with bar numbers above; picture.js moves the playhead."""
    from ..score.piano_roll import bar_starts

    end = max(1e-3, score.duration_s)
    bars = [time for time in bar_starts(score.midi) if time < end]
    return (
        f'<div class="picture" data-duration="{end:.3f}">'
        f'<div class="ruler" aria-hidden="true">{bar_numbers(bars, end)}</div>'
        f'{roll_svg(score, label=label)}<div class="playhead" aria-hidden="true"></div></div>'
    )


def thumbnail_svg(score: Score) -> str:
    """Gives a small roll."""
    return roll_svg(score, label="", most_notes=THUMBNAIL_NOTES)


def facts(score: Score) -> str:
    """Gives one line: key, metre, tempo, length and notes."""
    from ..score.piano_roll import bar_starts, headline

    return f"{headline(score, len(bar_starts(score.midi)))} · {score.num_notes} notes"


def bar_numbers(bars: Sequence[float], end: float) -> str:
    step = 1
    while len(bars) / step > MOST_NUMBERS:
        step *= 2
    return "".join(
        f'<span style="left:{100 * time / end:.2f}%">{number + 1}</span>'
        for number, time in enumerate(bars)
        if number % step == 0
    )

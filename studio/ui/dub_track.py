"""How a dub looks: a lane a speaker with its lines in the colours of their feelings, and the sound below them."""

from __future__ import annotations

import itertools
from html import escape
from typing import TYPE_CHECKING

from .colour import css_colour
from .making import time_words
from .script_rows import counted
from .track import HEIGHT, WIDTH, stretches, strip
from .wave import COLUMNS, THUMBNAIL_COLUMNS, outline

if TYPE_CHECKING:
    import numpy as np

    from ..dubbing.dub import Dub, DubLine

MOST_LANES = 6
LANE, NAME = 32.0, 13.0  # pixels of a lane, and of the name in it
MOST_TIMES = 8
NOTHING_YET = "Your dub appears here."
DOWNLOADS = (".wav", ".mp3", ".srt", ".vtt", ".ass", ".json", ".png")
SLOW = (".mp4", ".mkv", ".flac", ".zip")
FILMS = (".mp4", ".mkv")
FORMS = {".mp4": "Film (MP4)", ".mkv": "Film (MKV)", ".zip": "Stems", ".json": "Manifest", ".png": "Timeline"}


def slow_for(dub: Dub) -> tuple[str, ...]:
    """Gives the forms that are made when somebody asks; a film only where there is one."""
    return tuple(suffix for suffix in SLOW if dub.video or suffix not in FILMS)


def played_of(dub: Dub) -> str:
    """Gives what the page plays: the film with its new sound, where there is one."""
    return ".mp4" if dub.video else ".flac"


def title_of(dub: Dub) -> str:
    """Gives who speaks, as the heading of a dub: its lines have feelings of their own."""
    names = [name for name in dub.speakers if name]
    if not 1 <= len(names) <= 4:
        return "A dub"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def picture_html(dub: Dub, label: str) -> str:
    """Gives the lanes over the waveform; picture.js moves the playhead."""
    end = max(1e-3, dub.duration_s)
    lanes = lanes_of(dub)
    high = LANE * len(lanes)
    names = "".join(
        f'<span style="top:{LANE * at:g}px">{escape(name)}</span>' for at, name in enumerate(lanes)
    )
    blocks = "".join(block(line, lanes, end) for line in dub.lines)
    return (
        f'<div class="picture dub" data-duration="{end:.3f}">'
        f'<div class="ruler" aria-hidden="true">{times(end)}</div>'
        f'<svg class="lanes" viewBox="0 0 {WIDTH:g} {high:g}" preserveAspectRatio="none" style="height:{high:g}px" '
        f'role="img" aria-label="{escape(label)}">{blocks}</svg>'
        f'<div class="lane-names" aria-hidden="true">{names}</div>'
        f"{wave_svg(dub, end, COLUMNS)}"
        f'<div class="playhead" aria-hidden="true"></div></div>'
    )


def thumbnail_svg(dub: Dub) -> str:
    """Gives a small waveform in the colours of the feelings."""
    return wave_svg(dub, max(1e-3, dub.duration_s), THUMBNAIL_COLUMNS)


def facts(dub: Dub) -> str:
    """Gives one line: lines, speakers, length, what went wrong."""
    failed = sum(line.state == "failed" for line in dub.lines)
    kept = sum(line.state == "kept" for line in dub.lines)
    parts = [
        counted(len(dub.lines), "line"),
        counted(len(dub.speakers), "speaker"),
        time_words(dub.duration_s),
    ]
    parts += [f"{kept} kept from before"] if kept else []
    parts += [f"{failed} could not be said"] if failed else []
    return " · ".join([*parts, f"{dub.sample_rate / 1000:g} kHz"])


def lanes_of(dub: Dub) -> list[str]:
    """Gives a lane for each speaker; of very many the last ones share one."""
    names = list(dub.speakers)
    return names if len(names) <= MOST_LANES else [*names[: MOST_LANES - 1], "others"]


def block(line: DubLine, lanes: list[str], end: float) -> str:
    """Draws the cue of a line as a frame, and what is heard of it as a block."""
    lane = lanes.index(line.speaker) if line.speaker in lanes else len(lanes) - 1
    y, high = LANE * lane + NAME, LANE - NAME - 3
    left, wide = WIDTH * line.cue_start_s / end, WIDTH * (line.cue_end_s - line.cue_start_s) / end
    bad = " bad" if line.state == "failed" or line.conflicts else ""
    drawn = f'<rect class="slot{bad}" x="{left:.1f}" y="{y:g}" width="{wide:.1f}" height="{high:g}"/>'
    if line.is_heard:
        x, length = WIDTH * line.start_s / end, WIDTH * (line.end_s - line.start_s) / end
        colour = css_colour(round(line.valence, 2), round(line.arousal, 2))
        drawn += (
            f'<rect class="heard{bad}" x="{x:.1f}" y="{y + 2:g}" width="{length:.1f}" height="{high - 4:g}" '
            f'style="fill:{colour}"/>'
        )
    words = f"{line.speaker + ': ' if line.speaker else ''}{line.text}"
    return f"<g><title>{escape(words)}</title>{drawn}</g>"


def times(end: float) -> str:
    """Gives times above the picture at even distances."""
    steps = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
    step = next((step for step in steps if end / step <= MOST_TIMES), 7200)
    found = itertools.takewhile(lambda time: time < end, itertools.count(0, step))
    return "".join(
        f'<span style="left:{100 * time / end:.2f}%">{time // 60}:{time % 60:02d}</span>' for time in found
    )


def wave_svg(dub: Dub, end: float, columns: int) -> str:
    """Draws the waveform, one path for each stretch of one feeling, and the colours again beneath."""
    low, high = envelope(dub.samples, columns)
    parts = []
    for start, stop, colour in stretches(dub.emotion_track, end):
        first, last = int(columns * start / end), int(columns * stop / end) + 1
        parts.append(f'<path style="fill:{colour}" d="{outline(low, high, first, last)}"/>')
    return (
        f'<svg class="sound" viewBox="0 0 {WIDTH:g} {HEIGHT + 16:g}" preserveAspectRatio="none" aria-hidden="true">'
        f'<path class="grid" d="M0 {HEIGHT / 2:g}H{WIDTH:g}"/>{"".join(parts)}{strip(dub.emotion_track, end)}</svg>'
    )


def envelope(samples: np.ndarray, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Gives the lowest and the highest sample of each column, (columns,) each, the loudest at 1.

    Args:
        samples: (C, S), maybe hours of them that lie on the disk: a column is read at a time.
    """
    import numpy as np

    edges = np.linspace(0, samples.shape[1], columns + 1).astype(int)
    low, high = np.zeros(columns, np.float32), np.zeros(columns, np.float32)
    for at, (first, last) in enumerate(itertools.pairwise(edges)):
        block = samples[:, first:last]
        if block.size:
            low[at], high[at] = min(0.0, float(block.min())), max(0.0, float(block.max()))
    peak = max(1e-6, float(-low.min()), float(high.max()))
    return low / peak, high / peak

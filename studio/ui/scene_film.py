"""How a scene looks: its storyboard, a picture for each line, over the strip of the whole film."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from . import film
from .colour import css_colour
from .film import jpeg, thumbnail_svg
from .script_rows import counted

if TYPE_CHECKING:
    from ..scene.scene import Scene, Shot

__all__ = ["DOWNLOADS", "FORMS", "NOTHING_YET", "SLOW", "facts", "picture_html", "thumbnail_svg"]
MOST_CARDS, CARD_SIDE = 24, 320
NOTHING_YET = "Your scene appears here."
DOWNLOADS = (".mp4", ".srt", ".png", ".json")
SLOW = (".webm", ".zip")
FORMS = {".zip": "All parts", ".png": "Storyboard"}


def picture_html(scene: Scene, label: str) -> str:
    """Gives the strip with the feeling over time, and the storyboard below it."""
    return film.picture_html(scene, label) + board_html(scene)


def board_html(scene: Scene) -> str:
    """Gives a card for each line: what is seen, who says what, and how it feels; of many lines the first."""
    shots = scene.shots[:MOST_CARDS]
    if not shots:
        return ""
    last = scene.num_frames - 1
    middles = [min(last, int((shot.speech_s + shot.silent_s) / 2 * scene.frame_rate)) for shot in shots]
    stills = scene.stills(sorted(set(middles)), largest=CARD_SIDE)
    by_frame = {frame: jpeg(pixels) for frame, pixels in zip(sorted(set(middles)), stills, strict=True)}
    cards = "".join(card(shot, by_frame[frame]) for shot, frame in zip(shots, middles, strict=True))
    more = f'<p class="note">and {counted(len(scene.shots) - len(shots), "line")} more</p>'
    return f'<ol class="board" aria-label="Storyboard">{cards}</ol>{more if len(scene.shots) > len(shots) else ""}'


def card(shot: Shot, picture: str) -> str:
    colour = css_colour(round(shot.valence, 2), round(shot.arousal, 2))
    name = f"<b>{escape(shot.speaker)}</b> " if shot.speaker else ""
    return (
        f'<li style="--feeling:{colour}"><img src="{picture}" alt=""><p>{name}{escape(shot.text)}</p>'
        f'<span class="felt">{escape(shot.feeling)}</span></li>'
    )


def facts(scene: Scene) -> str:
    """Gives one line: length, lines, speakers, music, size."""
    speakers = len({shot.speaker for shot in scene.shots})
    parts = [f"{scene.duration_s:.1f} s", counted(len(scene.shots), "line"), counted(speakers, "speaker")]
    parts += ["with music"] if scene.score else []
    return " · ".join([*parts, f"{scene.width} × {scene.height}"])

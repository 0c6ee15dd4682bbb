"""The player of bodies: a model that is turned by hand, in step with its sound."""

from __future__ import annotations

import json
from functools import lru_cache
from html import escape

from .theme import asset

HELP = (
    "drag or use the arrow keys to turn it, plus and minus come nearer and go away, "
    "Home looks from the front, the space bar plays"
)
ICONS = {
    "toggle": '<path class="go" d="M2 .8 9 5 2 9.2z"/><path class="rest" d="M1.5 1h2.6v8H1.5zM5.9 1h2.6v8H5.9z"/>',
    "mute": '<path d="M0 3.4h2L5 1v8L2 6.6H0z"/><path class="waves" d="M6.3 3q1.4 2 0 4M7.7 1.8q2.4 3.2 0 6.4"/>',
    "front": '<circle cx="5" cy="2.2" r="1.6"/><path d="M1.4 9.4Q1.4 4.6 5 4.6T8.6 9.4z"/>',
}
METRES = 0.01


def player_html(model: str, sound: str, label: str, duration_s: float) -> str:
    """Gives the player; `START` starts it.

    Args:
        model: address of the GLB file. sound: address of what is heard with it; "" of a silent one.
        label: what it shows, for who does not see it.
    """
    heard = f'<audio preload="metadata" src="{escape(sound)}"></audio>' if sound else ""
    mute = button("mute", "Mute", pressed=True) if sound else ""
    return (
        f'<div class="body-player" data-model="{escape(model)}" data-seconds="{duration_s:.3f}">'
        f'<div class="body-view" tabindex="0" role="group" aria-roledescription="3D view" '
        f'aria-label="{escape(label)}, in 3D: {HELP}"><canvas></canvas>'
        '<p class="body-told" role="status">Loading the body…</p></div>'
        f'<div class="body-bar">{button("toggle", "Play", pressed=True)}'
        f'<input class="body-at" type="range" min="0" max="{duration_s:.3f}" step="0.01" value="0" '
        f'aria-label="Time"><output></output>{mute}{button("front", "From the front")}</div>{heard}</div>'
    )


def button(name: str, label: str, *, pressed: bool = False) -> str:
    state = ' aria-pressed="false"' if pressed else ""
    return (
        f'<button type="button" class="{name}" aria-label="{label}" title="{label}"{state}>'
        f'<svg viewBox="0 0 10 10" aria-hidden="true">{ICONS[name]}</svg></button>'
    )


# What runs where players appear; `script` may come a moment later.
START = (
    "const bodies = () => (window.playBodies ? window.playBodies(element) : requestAnimationFrame(bodies));\n"
    "bodies();\n"
)


@lru_cache(maxsize=1)
def script() -> str:
    """Gives what the page needs once, with the lamps of the films."""
    from conditioning.body.mannequin import BALLS

    from ..body_film import lamps

    names = (name for name in vars(lamps) if name.isupper())
    light = {name.lower(): getattr(lamps, name) for name in names}
    balls = [
        (joint, [round(METRES * x, 5) for x in place], round(METRES * radius, 5))
        for joint, place, radius in BALLS
    ]
    scene = asset("body_scene.js").replace("LAMPS_JSON", json.dumps(light))
    scene = scene.replace("BALLS_JSON", json.dumps(balls))
    return asset("body_model.js") + scene + asset("body_sketch.js") + asset("body_player.js")

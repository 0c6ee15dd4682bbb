"""The scenes that are measured: what is said in them, what is felt, and all parts of each, made once and kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generators.base import build

if TYPE_CHECKING:
    from conditioning import EmotionCurve

    from ..dubbing.store import Store
    from ..scene.direct import Acted
    from ..session import Studio

# Nobody's lines in any data set; what is said fits no feeling more than another.
SCRIPTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "the shop": (
        "kathleen",
        (
            "Nobody told me that the shop was closed today.",
            "They moved the table closer to the window last week.",
            "The letter came on Tuesday, just after lunch.",
        ),
    ),
    "der Zug": (
        "kerstin",
        (
            "Der Zug nach Hamburg fährt heute etwas später.",
            "Sie hat den Schlüssel auf den Tisch gelegt.",
            "Am Abend gehen wir noch einmal zum See.",
        ),
    ),
    "the river": (
        "kathleen",
        (
            "We walked along the river until it was dark.",
            "My brother still keeps the old radio upstairs.",
            "There are two cups left on the kitchen shelf.",
        ),
    ),
    "der Brief": (
        "kerstin",
        (
            "Niemand wusste, wo der Brief geblieben war.",
            "Das Fenster im Flur steht schon lange offen.",
            "Mein Bruder sucht noch immer seine Brille.",
        ),
    ),
}
LONG = (
    "I came home a little earlier than I had planned.",
    "The door stood open and the light was on.",
    "Somebody had put the chairs around the table.",
    "There was a note beside the bread.",
    "I read it twice before I sat down.",
    "Then the telephone began to ring in the hall.",
    "It was my sister, who had heard it from the others.",
    "We talked until the tea was cold.",
)
# Share of the scene's length -> feeling. What goes from where to where crosses the plane in all directions.
COURSES: dict[str, tuple[tuple[float, Any], ...]] = {
    "sad to happy": ((0.1, "sad"), (0.9, "happy")),
    "happy to angry": ((0.1, "happy"), (0.9, "angry")),
    "angry to sad": ((0.1, "angry"), (0.9, "sad")),
    "neutral, fear, neutral": ((0.1, ("neutral", 0.0)), (0.5, "fear"), (0.9, ("neutral", 0.0))),
}
# Of the long script, for the keyframes of its courses: what it takes, about.
LONG_S = 32.0
# Pictures of the usual size, as many as faces are looked for in; bodies at the rate that their evaluator knows.
OPTIONS: dict[str, Any] = {"frame_rate": 10.0}
BODY_RATE = 30.0


@dataclass(frozen=True)
class Sets:
    """Makes scenes by request; their parts stay in a store.

    Attributes:
        studio, store: where parts are made and stay. seed: of everything. options: of every scene.
        on_scene: called after each.
    """

    studio: Studio
    store: Store
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=lambda: dict(OPTIONS))
    on_scene: Callable[[], None] = lambda: None

    def short(self, name: str, emotion: Any, intensity: float = 1.0) -> Acted:
        """Gives one of `SCRIPTS` with one feeling."""
        voice, lines = SCRIPTS[name]
        return self.made(name, voice, lines, emotion, intensity)

    def long(self, course: str) -> Acted:
        """Gives `LONG` with one of `COURSES`."""
        keyframes = [(share * LONG_S, feeling) for share, feeling in COURSES[course]]
        return self.made("the note", "kathleen", LONG, keyframes, 1.0)

    def calm(self) -> Acted:
        """Gives `LONG` without a feeling."""
        return self.made("the note", "kathleen", LONG, "neutral", 0.0)

    def made(self, name: str, voice: str, lines: tuple[str, ...], emotion: Any, intensity: float) -> Acted:
        from conditioning import EmotionCurve

        from ..scene.direct import Steps, acted, kitchen_of
        from ..scene.options import SceneOptions, ScenePrompt
        from ..scene.screenplay import read_screenplay

        # Another script has another person with another seed, the same for all feelings.
        who = f"{voice.capitalize()} {sorted(SCRIPTS).index(name) + 1 if name in SCRIPTS else 9}"
        text = "\n".join(f"{person(who)}: {line}" for line in lines)
        options = build(SceneOptions, {**self.options, "seed": self.seed})
        play = read_screenplay(build(ScenePrompt, {"text": text, "voice": voice}))
        curve: EmotionCurve = EmotionCurve.parse(emotion, intensity)
        kitchen = replace(kitchen_of(self.studio, self.store, options), body_rate=BODY_RATE)
        found = acted(kitchen, play, curve, Steps(1, None))
        self.on_scene()
        return found


def person(name: str) -> str:
    """Gives a name in letters alone, as scripts have them."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    return name.partition(" ")[0] + " " + "".join(chr(ord("a") + int(digit, 16)) for digit in digest[:4])


def shipped_sets(folder: Path, seed: int, on_scene: Callable[[], None]) -> Sets:
    """Gives scenes made with the shipped weights, on the CPU: figures must not depend on who has a GPU."""
    from ..dubbing.store import Store
    from ..session import Studio

    return Sets(Studio("cpu"), Store(folder / "parts"), seed, on_scene=on_scene)

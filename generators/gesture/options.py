"""What can be asked of the gesture backend."""

from __future__ import annotations

import os
from dataclasses import dataclass

from generators.base import SamplingOptions, option
from generators.voice.voices import LABELS, SOUND_FILES, check_clip, check_voice

CHECKPOINTS = ("gesture-nc", "gesture-base")
MOTION_FILES = (".bvh", ".npz", ".csv")
SKELETON_FILES = (".bvh", ".glb")
TASKS = ("generate", "edit", "infill")
# Ways of moving that any weights know.
STYLES = (
    "normal", "feminine", "masculine", "elderly", "youthful", "giant", "chimpira", "childish", "musical",
    "reserved", "expressive",
)  # fmt: skip
STYLES_OF = {
    "gesture-nc": STYLES[:9],
    "gesture-base": ("normal", "reserved", "expressive", "elderly"),
}
PARTS = ("whole body", "upper body", "arms", "left arm", "right arm", "head")
LONGEST_S = 3600.0


@dataclass(frozen=True)
class GesturePrompt:
    """What is said, and what is moved."""

    audio: str = option("", "What is said, as a recording.", file=SOUND_FILES)
    text: str = option(
        "", "What is said, as text: our own voice speaks it when there is no recording.", multiline=True
    )
    voice: str = option("kathleen", "Who speaks the text.", labels=LABELS)
    source: str = option(
        "", "A movement to change, to fill, or for the parts that are not asked for.", file=MOTION_FILES
    )
    style_clip: str = option("", "A movement whose manner is taken over.", file=MOTION_FILES)
    skeleton: str = option(
        "", "A body whose bones and proportions the result takes when it is saved.", file=SKELETON_FILES
    )


def scale(help: str) -> float:
    """Declares a dial: 0 is nothing, 1 as it is, 2 twice as much."""
    return option(1.0, help, minimum=0, maximum=2, group="dials")


@dataclass(frozen=True)
class GestureOptions(SamplingOptions):
    """How the body moves."""

    checkpoint: str = option("auto", "Weights to use; auto takes the best.", choices=("auto", *CHECKPOINTS))
    num_inference_steps: int = option(8, "Sampling steps.", minimum=1, maximum=64, group="sampling")
    task: str = option(
        "generate",
        "What is made.",
        choices=TASKS,
        labels={
            "generate": "a new movement",
            "edit": "the movement of a file, with another feeling",
            "infill": "what lies between poses of a file",
        },
    )
    style: str = option("normal", "Whose way of moving.", choices=STYLES)
    parts: str = option(
        "whole body", "What moves; the rest stands, or does what the file does.", choices=PARTS
    )
    hand_scale: float = scale("How far arms and hands move.")
    head_scale: float = scale("How far the head moves.")
    body_scale: float = scale("How far trunk and hips move.")
    duration_s: float = option(
        10.0, "How long, where there is no sound.", unit="s", minimum=0.5, maximum=LONGEST_S, group="movement"
    )
    source_emotion: str = option(
        "neutral", "What the movement of the file expresses, which is taken out of it.", group="movement"
    )
    keep_speed: bool = option(False, "Whether a changed movement takes as long as before.", group="movement")
    pose_every_s: float = option(
        1.0, "Of a movement that is filled: how far apart the poses are that stay.", unit="s", minimum=0.1,
        maximum=60, group="movement",
    )  # fmt: skip
    frame_rate: float = option(30.0, "Frames a second.", unit="Hz", minimum=5, maximum=240, group="movement")


def check_prompt(prompt: GesturePrompt, options: GestureOptions) -> None:
    """Refuses, without loading any weights, what cannot be made.

    Raises:
        ValueError: a movement that is wanted or that is not, a style that the weights do not know, or an emotion that
            nobody can read.
        FileNotFoundError: a file that is not there.
    """
    if options.task != "generate" and not prompt.source:
        raise ValueError(f"expected a source, the movement to {options.task}, got none")
    checkpoint = CHECKPOINTS[0] if options.checkpoint == "auto" else options.checkpoint
    if options.style not in STYLES_OF[checkpoint]:
        raise ValueError(
            f"expected a style out of {', '.join(STYLES_OF[checkpoint])} for {checkpoint}, got {options.style!r}"
        )
    if prompt.style_clip and options.style != "normal":
        raise ValueError(f"expected a style or a clip of one, got {options.style!r} and a clip")
    for name in ("source", "style_clip", "skeleton"):
        path = getattr(prompt, name)
        if path and not os.path.isfile(path):
            raise FileNotFoundError(f"expected a file for {name}, got none at {path[:200]!r}")
    if prompt.text.strip() and not prompt.audio:
        check_voice(prompt.voice)
    check_clip(prompt.audio)

"""What can be asked of the video backend."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields

from generators.base import SamplingOptions, option

CHECKPOINTS = ("video-small",)
IMAGE_FILES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".heic", ".heif")
FILM_FILES = (".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".mpg", ".ts", ".gif", ".webp")
TASKS = ("generate", "grade")
# Size, rate and length of what the small model makes.
SMALL_SIDE, SMALL_RATE, SMALL_FRAMES = 128, 15.0, 33
# What Wan2.1 was trained for.
WAN_SIZE, WAN_RATE, WAN_FRAMES = (832, 480), 16.0, 81
DIVISOR = 16
# What only a base has a use for.
OF_A_BASE = ("negative_prompt", "download", "low_vram", "emotion_in_words", "flow_shift")


@dataclass(frozen=True)
class VideoPrompt:
    """What is to be seen."""

    prompt: str = option(
        "", "What is to be seen, in words; the feeling comes from the emotion.", multiline=True
    )
    image: str = option("", "A picture to begin with: image-to-video.", file=IMAGE_FILES)
    video: str = option("", "A film to grade.", file=FILM_FILES)


def asked(help: str, **declared: object) -> float | None:
    """Declares a number that may be left to the model."""
    return option(None, help, group="look", **declared)  # type: ignore[arg-type, no-any-return]


def grade_scale(help: str, default: float = 1.0) -> float:
    """Declares a dial of grading: 0 leaves it as it is, 1 as the emotion has it, 2 twice as much."""
    return option(default, help, minimum=0, maximum=2, group="grading")


def strictness(help: str) -> float | None:
    """Declares a guidance scale whose usual value is the model's own."""
    return option(None, help, minimum=0, maximum=10, group="sampling")  # type: ignore[no-any-return]


@dataclass(frozen=True)
class VideoOptions(SamplingOptions):
    """How the film is made."""

    checkpoint: str = option("auto", "Weights to use; auto takes the best.", choices=("auto", *CHECKPOINTS))
    num_inference_steps: int | None = option(  # type: ignore[assignment]
        None, "Sampling steps; 20 of the small model, 50 of Wan2.1 when nothing is said.", minimum=1, maximum=256,
        group="sampling",
    )  # fmt: skip
    content_guidance_scale: float | None = strictness(  # type: ignore[assignment]
        "How strictly the prompt is followed; 2 of the small model, 5 of Wan2.1 when nothing is said."
    )
    identity_guidance_scale: float | None = strictness(  # type: ignore[assignment]
        "How strictly the picture is followed; 1 when nothing is said."
    )
    emotion_guidance_scale: float | None = strictness(  # type: ignore[assignment]
        "How strictly the emotion is followed; 4 of the small model, 3 of Wan2.1 with an adapter when nothing is said."
    )
    task: str = option(
        "generate",
        "What is done.",
        choices=TASKS,
        labels={"generate": "a new film", "grade": "the look and pace of a film, changed"},
    )
    base: str = option(
        "", "A folder or hub repository with Wan2.1 in diffusers' form; empty takes the small model.", group="weights",
        local=True,
    )  # fmt: skip
    adapter: str = option(
        "", "A folder with an emotion adapter (and LoRA) trained for that base.", group="weights", local=True
    )
    download: bool = option(
        False, "Whether missing weights may be fetched from the hub.", group="weights", local=True
    )
    low_vram: bool = option(False, "Slower, with as little GPU memory as possible.", group="weights")
    num_frames: int | None = option(
        None, "Frames, 4 n + 1; 33 of the small model, 81 of Wan2.1 when nothing is said.", unit="frames", minimum=1,
        maximum=481, group="picture",
    )  # fmt: skip
    width: int | None = option(None, "Width.", unit="pixels", minimum=64, maximum=2048, group="picture")
    height: int | None = option(None, "Height.", unit="pixels", minimum=64, maximum=2048, group="picture")
    frame_rate: float | None = option(
        None, "Frames a second; 15 of the small model, 16 of Wan2.1 when nothing is said.", unit="Hz", minimum=1,
        maximum=120, group="picture",
    )  # fmt: skip
    negative_prompt: str = option("", "What is not to be seen.", multiline=True, group="sampling")
    negative_emotion: str = option("", "A feeling to go away from.", group="sampling")
    emotion_in_words: bool = option(
        False,
        "Whether Wan2.1's prompt also names the emotion, which has neither strength nor mixture.",
        group="sampling",
    )
    flow_shift: float | None = option(
        None, "Where Wan2.1's steps lie: 3 suits 480 lines, 5 suits 720; the base's own when nothing is said.",
        minimum=0.5, maximum=20, group="sampling",
    )  # fmt: skip
    brightness: float | None = asked("How bright the picture is.", minimum=0, maximum=1)
    colourfulness: float | None = asked("How colourful the picture is.", minimum=0, maximum=1)
    hue: float | None = asked("The colour that prevails.", unit="degrees", minimum=0, maximum=360)
    grade_brightness: float = grade_scale(
        "How far the emotion makes a film that is graded brighter or darker."
    )
    grade_contrast: float = grade_scale("How far it makes light and dark harder or softer.")
    grade_colour: float = grade_scale("How far it makes colours richer or poorer.")
    grade_hue: float = grade_scale("How far it makes them warm, cold or of the mood's own colour.")
    grade_tempo: float = grade_scale("How far it makes the film faster or slower, with its sound.", 0.0)


def check_prompt(prompt: VideoPrompt, options: VideoOptions) -> None:
    """Refuses, without loading anything, what cannot be made.

    Raises:
        ValueError: nothing that is to be seen, fields of the other task, odd sizes or numbers of frames.
        FileNotFoundError: a file that is not there.
    """
    for path, what in ((prompt.image, "a picture"), (prompt.video, "a film")):
        if path and not os.path.isfile(path):
            raise FileNotFoundError(f"expected {what}, got no file at {path!r}")
    if options.task == "grade":
        check_grading(prompt, options)
        return
    if prompt.video:
        raise ValueError("expected no video for a new film (task grade takes one), got one")
    refuse_others(options, ("grading",), "a new film")
    if not (prompt.prompt.strip() or prompt.image):
        raise ValueError("expected a prompt or an image for what is to be seen, got none")
    if options.adapter and not options.base:
        raise ValueError("expected a base for the adapter, got an adapter alone")
    if options.negative_emotion and options.emotion_guidance_scale == 1:
        raise ValueError("expected an emotion_guidance_scale that is not 1 with negative_emotion, got 1")
    if options.negative_emotion:
        from .wan_conditions import unwanted

        unwanted(options)
    check_frames(options.num_frames)
    check_sides(options)
    if not options.base:
        check_script(prompt.prompt)
        return
    from .wan import precheck

    precheck(prompt, options)


def check_grading(prompt: VideoPrompt, options: VideoOptions) -> None:
    if not prompt.video:
        raise ValueError("expected a video to grade, got none")
    if prompt.prompt.strip() or prompt.image:
        raise ValueError("expected only a video to grade, got a prompt or an image with it")
    if options.base or options.adapter:
        raise ValueError("expected no base or adapter for grading, which needs no weights, got one")
    refuse_others(options, ("sampling", "picture", "weights"), "grading")


def refuse_others(options: VideoOptions, groups: tuple[str, ...], task: str) -> None:
    """Refuses fields of groups that a task has no use for; a seed, which everything is given, does no harm."""
    for field in fields(options):
        value = getattr(options, field.name)
        if field.metadata.get("group") in groups and value != field.default and field.name != "seed":
            raise ValueError(f"expected no {field.name} for {task}, which has no use for it, got {value!r}")


def check_script(prompt: str) -> None:
    """The small model reads English: of another script its reader knows no word."""
    if prompt.strip() and not any("a" <= letter <= "z" for letter in prompt.lower()):
        raise ValueError(
            f"expected an English prompt for the small model (Wan2.1 reads others), got {prompt[:40]!r}"
        )


def check_frames(num_frames: int | None) -> None:
    """Wan's autoencoder takes the first frame, then four at a time."""
    if num_frames is not None and num_frames % 4 != 1:
        below = max(1, (num_frames - 1) // 4 * 4 + 1)
        raise ValueError(f"expected 4 n + 1 frames (such as {below} or {below + 4}), got {num_frames}")


def check_sides(options: VideoOptions) -> None:
    for name in ("width", "height"):
        side = getattr(options, name)
        if side is not None and side % DIVISOR:
            raise ValueError(f"expected a {name} that {DIVISOR} divides, got {side}")
    if options.base:
        return
    for name in ("width", "height"):
        if getattr(options, name) not in (None, SMALL_SIDE):
            raise ValueError(
                f"expected a {name} of {SMALL_SIDE} of the small model, got {getattr(options, name)}"
            )
    if options.num_frames is not None and options.num_frames > SMALL_FRAMES:
        raise ValueError(
            f"expected at most {SMALL_FRAMES} frames of the small model, got {options.num_frames}"
        )
    for name in OF_A_BASE:
        if getattr(options, name):
            raise ValueError(f"expected a base for {name}, which the small model has no use for, got none")

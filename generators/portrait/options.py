"""What can be asked of the portrait backend."""

from __future__ import annotations

from dataclasses import dataclass

from generators.base import SamplingOptions, option
from generators.voice.voices import LABELS, SOUND_FILES, check_clip, check_voice

CHECKPOINTS = ("portrait-motion",)
IMAGE_FILES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".heic", ".heif")
# What a face may be driven by: a film of one, or its movement as numbers.
DRIVING_FILES = (".mp4", ".mov", ".webm", ".mkv", ".avi", ".csv", ".json")
LARGEST = 2048  # pixels of a side
KEEP = "keep"


@dataclass(frozen=True)
class PortraitPrompt:
    """Who speaks, and what is said."""

    image: str = option(
        "", "The portrait: a photo or painting of a face; empty takes the 3D head.", file=IMAGE_FILES
    )
    audio: str = option("", "What is said, as a recording.", file=SOUND_FILES)
    text: str = option(
        "", "What is said, as text: our own voice speaks it when there is no recording.", multiline=True
    )
    voice: str = option("kathleen", "Who speaks the text.", labels=LABELS)
    face: int = option(
        0, "Which face of several, from the left; 0 expects a single one.", minimum=0, maximum=99
    )
    driving: str = option(
        "",
        "A film of another face, or its movement (ARKit CSV or JSON), for what is not made from the sound.",
        file=DRIVING_FILES,
        group="sources",
    )
    mouth_from: str = option(
        "audio",
        "What moves the mouth.",
        choices=("audio", "driving", "nothing"),
        labels={"audio": "the voice", "driving": "the driving file", "nothing": "nothing"},
        group="sources",
    )
    pose_from: str = option(
        "audio",
        "What moves the head.",
        choices=("audio", "driving", "nothing"),
        labels={"audio": "the voice", "driving": "the driving file", "nothing": "nothing"},
        group="sources",
    )
    expression_from: str = option(
        "emotion",
        "What the face expresses.",
        choices=("emotion", "driving", "nothing"),
        labels={
            "emotion": "the emotion",
            "driving": "the driving file",
            "nothing": "nothing",
        },
        group="sources",
    )
    background: str = option(
        KEEP,
        "What is behind the face: keep, a colour such as #203040 or white, or a picture.",
        or_file="background_image",
        group="picture",
    )
    background_image: str = option("", "A picture to put behind the face.", file=IMAGE_FILES, group="picture")


# Measures of a face that the 3D head has a slider for.
SLIDERS = (
    "head_size",
    "face_width",
    "jaw_width",
    "chin_forward",
    "nose_forward",
    "nose_width",
    "mouth_width",
    "lip_fullness",
    "eye_opening",
    "brow_height",
)


def scale(help: str) -> float:
    """Declares a dial: 0 is nothing, 1 as it is, 2 twice as much."""
    return option(1.0, help, minimum=0, maximum=2, group="dials")


def slider(help: str) -> float:
    """Declares a slider of the 3D head, in spreads from the average person."""
    return option(0.0, help, minimum=-3, maximum=3, group="3D head")


@dataclass(frozen=True)
class PortraitOptions(SamplingOptions):
    """How the face moves, and how the picture is made."""

    checkpoint: str = option("auto", "Weights to use; auto takes the best.", choices=("auto", *CHECKPOINTS))
    num_inference_steps: int = option(8, "Sampling steps.", minimum=1, maximum=64, group="sampling")
    mouth_scale: float = scale("How far the mouth moves.")
    pose_scale: float = scale("How far the head moves.")
    expression_scale: float = scale("How far the expression goes, beside the emotion's own intensity.")
    head_motion: str = option(
        "calm", "How the head moves.", choices=("still", "calm", "lively"), group="movement"
    )
    blink_rate: float = option(
        15.0, "How often the eyes blink.", unit="times a minute", minimum=0, maximum=60, group="movement"
    )
    gaze_yaw: float = option(
        0.0, "Where the eyes look, to the right of the picture.", unit="degrees", minimum=-30, maximum=30,
        group="movement",
    )  # fmt: skip
    gaze_pitch: float = option(
        0.0, "Where the eyes look, upwards.", unit="degrees", minimum=-25, maximum=25, group="movement"
    )
    region: str = option(
        "face",
        "What part of the face may move.",
        choices=("face", "mouth", "eyes"),
        labels={"face": "all of it", "mouth": "the mouth only", "eyes": "the eyes and brows only"},
        group="movement",
    )
    identity_strength: float = option(
        0.2,
        "How much of the photo's own expression stays underneath the asked one.",
        minimum=0,
        maximum=1,
        group="picture",
    )
    frame_rate: float = option(30.0, "Frames a second.", unit="Hz", minimum=5, maximum=60, group="picture")
    width: int = option(512, "Width.", unit="pixels", minimum=64, maximum=LARGEST, group="picture")
    height: int = option(512, "Height.", unit="pixels", minimum=64, maximum=LARGEST, group="picture")
    crop: str = option(
        "face",
        "What part of the photo is shown.",
        choices=("face", "full"),
        labels={"face": "head and shoulders", "full": "the whole photo"},
        group="picture",
    )
    mark: bool = option(False, 'Write "generated" into the corner of the picture.', group="picture")
    material: str = option(
        "skin", "What the head is made of.", choices=("skin", "clay", "marble", "stylised"), group="3D head"
    )
    head_seed: int = option(
        0, "A random person; 0 is the average one.", minimum=0, maximum=2**31 - 1, group="3D head"
    )
    head_size: float = slider("How large the head is.")
    face_width: float = slider("How wide the face is for its length.")
    jaw_width: float = slider("How wide the jaw is.")
    chin_forward: float = slider("How far the chin stands out.")
    nose_forward: float = slider("How far the nose stands out.")
    nose_width: float = slider("How wide the nose is.")
    mouth_width: float = slider("How wide the mouth is.")
    lip_fullness: float = slider("How full the lips are.")
    eye_opening: float = slider("How far the eyes are open at rest.")
    brow_height: float = slider("How high the brows are.")


def check_prompt(prompt: PortraitPrompt, options: PortraitOptions) -> None:
    """Refuses, without loading any weights, what cannot be made.

    Raises:
        ValueError: nothing that is said, a source that is not given, odd sizes, or a photo without a face.
        FileNotFoundError: a file that is not there.
    """
    sources = (prompt.mouth_from, prompt.pose_from, prompt.expression_from)
    wanted = "driving" in sources
    if wanted and not prompt.driving:
        raise ValueError("expected a driving file for what is taken from one, got none")
    if prompt.driving and not wanted:
        raise ValueError(
            "expected mouth_from, pose_from or expression_from to take from the driving file, got none"
        )
    if not (prompt.audio or prompt.text.strip() or prompt.driving):
        raise ValueError("expected audio, text or a driving file for what the face does, got none")
    for name in ("width", "height"):
        if getattr(options, name) % 2:
            raise ValueError(f"expected an even number of pixels for {name}, got {getattr(options, name)}")
    if prompt.text.strip() and not prompt.audio:
        check_voice(prompt.voice)
    check_clip(prompt.audio)
    if prompt.background != KEEP:
        colour_of(prompt.background)
    check_pictures(prompt)


def colour_of(name: str) -> tuple[float, float, float]:
    """Gives sRGB of 0..1 from a colour's name or "#rrggbb".

    Raises:
        ValueError: no such colour.
    """
    from PIL import ImageColor

    try:
        red, green, blue = ImageColor.getrgb(name)[:3]
    except ValueError:
        raise ValueError(
            f"expected {KEEP}, a picture or a colour such as #203040 for background, got {name[:40]!r}"
        ) from None
    return red / 255, green / 255, blue / 255


def check_pictures(prompt: PortraitPrompt) -> None:
    """Refuses a photo that is none or that has no face to choose, and a background that is no picture."""
    if prompt.image:
        from conditioning.face.landmarks import choose_face, find_faces
        from conditioning.face.photo import open_photo

        choose_face(find_faces(open_photo(prompt.image)), prompt.face)
    if prompt.background_image:
        from conditioning.face.photo import open_photo

        open_photo(prompt.background_image)

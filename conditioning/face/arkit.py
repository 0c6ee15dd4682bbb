"""The 52 expression coefficients of ARKit, in the order of a Live Link Face recording."""

from __future__ import annotations

NAMES = (
    "eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft", "eyeSquintLeft",
    "eyeWideLeft", "eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight", "eyeLookOutRight", "eyeLookUpRight",
    "eyeSquintRight", "eyeWideRight", "jawForward", "jawRight", "jawLeft", "jawOpen", "mouthClose",
    "mouthFunnel", "mouthPucker", "mouthRight", "mouthLeft", "mouthSmileLeft", "mouthSmileRight",
    "mouthFrownLeft", "mouthFrownRight", "mouthDimpleLeft", "mouthDimpleRight", "mouthStretchLeft",
    "mouthStretchRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
    "mouthPressLeft", "mouthPressRight", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft",
    "mouthUpperUpRight", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
    "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft", "noseSneerRight", "tongueOut",
)  # fmt: skip
INDEX = {name: place for place, name in enumerate(NAMES)}
GAZE = tuple(name for name in NAMES if name.startswith("eyeLook"))
BLINKS = ("eyeBlinkLeft", "eyeBlinkRight")
# The names in which one side's word is the other's, for mirroring a face.
MIRRORED = tuple(
    INDEX[name.replace("Left", "\0").replace("Right", "Left").replace("\0", "Right")] for name in NAMES
)


def indices(*names: str) -> list[int]:
    """Gives the places of the names that begin with one of `names`: "browDown" stands for both sides.

    Raises:
        ValueError: a beginning that no name has.
    """
    for wanted in names:
        if not any(name.startswith(wanted) for name in NAMES):
            raise ValueError(f"expected the beginning of an ARKit name, got {wanted!r}")
    return [place for place, name in enumerate(NAMES) if name.startswith(names)]

"""Two vector animations of our own, in the layout of noto_emotion_lottie."""

from __future__ import annotations

import json

COLUMNS = "file,lottie,codepoint,tag,kind,emotion,valence,arousal,frames,fps,seconds,src_fps,src_frames,size,sheet_cols"
FRAMES, RATE = 60, 30.0


def disc(colour, travel):
    """A disc of one colour (RGB in 0..1) that goes `travel` pixels to the right and back."""
    middle = [128, 128]
    keys = [
        {"t": 0, "s": middle, "i": {"x": [1], "y": [1]}, "o": {"x": [0], "y": [0]}},
        {"t": FRAMES / 2, "s": [128 + travel, 128], "i": {"x": [1], "y": [1]}, "o": {"x": [0], "y": [0]}},
        {"t": FRAMES, "s": middle},
    ]
    fixed = {
        "o": {"a": 0, "k": 100},
        "r": {"a": 0, "k": 0},
        "a": {"a": 0, "k": [0, 0]},
        "s": {"a": 0, "k": [100, 100]},
    }
    shapes = [
        {"ty": "el", "p": {"a": 0, "k": [0, 0]}, "s": {"a": 0, "k": [160, 160]}},
        {"ty": "fl", "c": {"a": 0, "k": [*colour, 1]}, "o": {"a": 0, "k": 100}},
        {"ty": "tr", "p": {"a": 0, "k": [0, 0]}, **fixed, "sk": {"a": 0, "k": 0}, "sa": {"a": 0, "k": 0}},
    ]
    layer = {
        "ty": 4, "ind": 1, "ip": 0, "op": FRAMES, "st": 0, "sr": 1, "bm": 0,
        "ks": {**fixed, "p": {"a": 1, "k": keys}}, "shapes": [{"ty": "gr", "it": shapes}],
    }  # fmt: skip
    return {
        "v": "5.5.2",
        "fr": RATE,
        "ip": 0,
        "op": FRAMES,
        "w": 256,
        "h": 256,
        "assets": [],
        "layers": [layer],
    }


def write_animations(folder):
    """Writes a sad blue disc that stands and a happy yellow one that moves; gives the data folder."""
    home = folder / "video" / "noto_emotion_lottie"
    (home / "lottie").mkdir(parents=True)
    rows = [COLUMNS]
    for tag, emotion, place, colour, travel in (
        ("blue-disc", "sad", (-0.6, -0.4), (0.1, 0.2, 0.9), 0),
        ("yellow-disc", "happy", (0.8, 0.5), (1.0, 0.8, 0.1), 40),
    ):
        (home / "lottie" / f"{tag}.json").write_text(json.dumps(disc(colour, travel)), encoding="utf-8")
        rows.append(
            f"sheets/{tag}.webp,lottie/{tag}.json,1f600,{tag},face,{emotion},{place[0]},{place[1]},30,15,2.0,"
            f"{RATE},{FRAMES},128,10"
        )
    (home / "metadata.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder

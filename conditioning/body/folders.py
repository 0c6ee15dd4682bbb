"""Takes from folders of recordings that people have: speech with motion, and motion in SMPL-X's form.

Each reader gives its takes one at a time, at 30 fps on our skeleton, so that sets of any size fit. None of these
sets is shipped: BEAT is Apache-2.0 for non-commercial research, ZeroEGGS CC BY-NC-ND 4.0, AMASS for research only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from .motion import BodyMotion
from .takes import Take, from_the_middle

FRAME_RATE = 30.0
SOUNDS = (".wav", ".flac", ".ogg", ".mp3")
# Where sounds lie that are not beside their motion: BEAT2's folders, and parallel ones.
SOUND_FOLDERS = ("wave16k", "wav", "audio")
# The emotion layer's names for labels of these sets.
EMOTIONS = {
    "anger": "angry", "angry": "angry", "joy": "happy", "happy": "happy", "laughing": "happy", "sadness": "sad",
    "sad": "sad", "tired": "tired", "scared": "fear", "fear": "fear", "neutral": "neutral", "disgust": "disgust",
    "contempt": "contempt", "surprise": "surprise", "pensive": "pensiveness", "relaxed": "relaxation",
    "threatening": "aggressiveness", "distracted": "distraction",
}  # fmt: skip
BEAT_NAME = re.compile(r"^(\d+)_([A-Za-z]+)_(\d+)_(\d+)_(\d+)$")
ZEROEGGS_NAME = re.compile(r"^(\d+)_([A-Za-z]+)_(\d+)(?:_x)?_(\d+)_(\d+)$")


def beat(folder: str | Path) -> Iterator[Take]:
    """Reads a folder of BEAT (.bvh) or BEAT2 (.npz), its folders too: speech with an acted emotion.

    `1_wayne_0_65_65` is speaker 1_wayne, recording type 0, recordings 65 to 65: style is the speaker.

    Source: Liu et al. 2022, "BEAT"; Liu et al. 2024, "EMAGE" (BEAT2).

    Raises:
        FileNotFoundError: no such recordings. ValueError: a file that cannot be read.
    """
    from training.data.face import beat_emotion

    for path, parts in named(folder, (".bvh", ".npz"), BEAT_NAME):
        emotion = beat_emotion(int(parts[3]), int(parts[4]))
        speaker = f"{parts[1]}_{parts[2]}"
        yield take_of(path, "speech", speaker, EMOTIONS.get(emotion, ""), int(parts[4]))


def zeroeggs(folder: str | Path) -> Iterator[Take]:
    """Reads a folder of ZeroEGGS (.bvh beside .wav): one speaker in 19 styles.

    `067_Speech_2_x_1_0` is take 67 in the style Speech; style is as the set has it, in small letters.

    Source: Ghorbani et al. 2022, "ZeroEGGS".

    Raises:
        FileNotFoundError: no such recordings. ValueError: a file that cannot be read.
    """
    for path, parts in named(folder, (".bvh",), ZEROEGGS_NAME):
        style = parts[2].lower()
        yield take_of(path, "speech", style, EMOTIONS.get(style, ""), int(parts[1]))


def amass(folder: str | Path) -> Iterator[Take]:
    """Reads a folder of AMASS (SMPL-X or SMPL-H, .npz): content is the file's name, style its folder's.

    Raises:
        FileNotFoundError: no .npz. ValueError: a file that cannot be read.
    """
    for path in found_in(folder, (".npz",)):
        if path.stem.lower() in ("shape", "neutral_stagei") or path.stem.endswith("_stagei"):
            continue  # the body's shape, without motion
        content = re.sub(r"(_poses|_stageii)$", "", path.stem)
        yield take_of(path, content, path.parent.name, "", 1)


def speech_folder(folder: str | Path) -> Iterator[Take]:
    """Reads any folder of .bvh or .npz with sounds of the same names; an emotion in the name is taken.

    `angry_03.bvh` is angry, `anna/hello.bvh` is none; style is the folder's name.

    Raises:
        FileNotFoundError: no motion. ValueError: a file that cannot be read.
    """
    for path in found_in(folder, (".bvh", ".npz")):
        words = re.split(r"[^a-z]+", path.stem.lower())
        emotion = next((EMOTIONS[word] for word in words if word in EMOTIONS), "")
        yield take_of(path, "speech", path.parent.name, emotion, 1)


READERS: dict[str, Callable[[str | Path], Iterator[Take]]] = {
    "beat": beat,
    "zeroeggs": zeroeggs,
    "amass": amass,
    "folder": speech_folder,
}


def found_in(folder: str | Path, suffixes: tuple[str, ...]) -> list[Path]:
    """Gives the files of a folder and of its folders, in order.

    Raises:
        FileNotFoundError: no such folder, or none of these files.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"expected a folder of recordings, got {folder}, which is none")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in suffixes and path.is_file())
    if not paths:
        raise FileNotFoundError(f"expected files {' or '.join(suffixes)} in {folder}, got none")
    return paths


def named(
    folder: str | Path, suffixes: tuple[str, ...], pattern: re.Pattern[str]
) -> Iterator[tuple[Path, re.Match[str]]]:
    """Gives the files whose names tell what they are, with the parts of the names."""
    found = [(path, parts) for path in found_in(folder, suffixes) if (parts := pattern.match(path.stem))]
    if not found:
        raise FileNotFoundError(f"expected names such as those of the set, got none in {folder}")
    yield from found


def take_of(path: Path, content: str, style: str, emotion: str, number: int) -> Take:
    """Reads one recording."""
    from .timing import resampled

    motion = from_the_middle(resampled(read_motion(path), FRAME_RATE))
    return Take(path.stem, motion, content, style, emotion, number, sound_of(path))


def read_motion(path: str | Path) -> BodyMotion:
    """Reads a file of motion on our skeleton, at its own rate: .bvh, .npz or .csv.

    Raises:
        FileNotFoundError: no such file. ValueError: another kind of file, or one that cannot be read.
    """
    from . import bvh, npz, table
    from .retarget import to_ours

    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".bvh":
        return to_ours(*bvh.read(path))
    if suffix == ".npz":
        return npz.read(path)
    if suffix == ".csv":
        return table.read(path)
    raise ValueError(f"expected a file of motion (.bvh, .npz, .csv), got {path.name}")


def sound_of(path: Path) -> Path | None:
    """Gives the sound of a recording, or None."""
    places = [path.parent, *(path.parent.parent / name for name in SOUND_FOLDERS)]
    for place in places:
        for suffix in SOUNDS:
            sound = place / f"{path.stem}{suffix}"
            if sound.is_file():
                return sound
    return None

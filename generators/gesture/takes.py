"""What the gesture denoiser learns from: recorded movement without its manner, and composed talk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from checkpoints import replace_file
from conditioning.body.folders import READERS
from conditioning.body.motion import BodyMotion
from conditioning.body.rotations import multiplied
from conditioning.body.skeleton import NUM_JOINTS
from conditioning.body.takes import Take, bandai
from generators.voice.recording_file import whole

from .compose import composed
from .concepts import Library
from .emotion_manners import published
from .features import FRAME_RATE, exponential, frames_of, mean_rotation
from .manner import EXTENT, HEIGHT, POSTURE, SWAY, TEMPO, combined, difference, measured, out_of_manner
from .plan import planned
from .rhythm import Heard, beats_of, hand_speeds, heard, made_up_voice, rhythm_of

NEUTRAL_STYLE = "normal"
# Recorded styles and the states of the space that they show; all others are ways of moving.
STATE_OF = {
    "angry": "anger", "happy": "joy", "sad": "sadness", "tired": "weariness", "exhausted": "weariness",
    "proud": "pride", "not-confident": "submission", "active": "excitement",
}  # fmt: skip
# What folders of other people's recordings call emotions, and the states.
LABELLED = {
    "angry": "anger", "happy": "joy", "sad": "sadness", "tired": "weariness", "neutral": "neutral", "fear": "fear",
    "disgust": "disgust", "contempt": "contempt", "surprise": "surprise", "pensiveness": "pensiveness",
    "relaxation": "relaxation", "aggressiveness": "aggressiveness",
}  # fmt: skip
SPEAKER = "speaker "  # before the style of such a recording, which no manner is measured of
# A few clips of walking, bowing and waving say little of how far and how quickly people move when they talk.
PUBLISHED_SHARE = 0.3
MOVING = [*range(EXTENT.start, EXTENT.stop), TEMPO, SWAY]
# Who is unsure of themselves is also these; see `emotion_manners.PHRASES`.
ALSO = {"submission": ("insecure", "apprehension", "embarrassment"), "weariness": ("sleepiness",)}
STANDING = ("bye", "call", "respond", "raise", "wave")
SHORTEST = 40  # frames of a clip that is learned from


@dataclass(frozen=True)
class Clip:
    """A stretch of movement of T frames.

    Attributes:
        frames: (T, 140) float16 rows, without manner. rhythm: (T, 5) float16.
        keys: (N,) frames at which arms and head are posed on purpose. voiced: whether the rhythm is a voice's.
        state: of the space, "" of none. style: of `Styles`, "" of none. talk: whether it was composed.
    """

    frames: np.ndarray
    rhythm: np.ndarray
    keys: np.ndarray
    state: str = ""
    style: str = ""
    talk: bool = False


def recorded_takes(config: Mapping[str, Any], data_dir: str | Path) -> list[Take]:
    """Reads the recordings that are trained on: not those of the contents and takes that are kept for tests.

    `folders` of the config adds those that somebody has: a kind out of `conditioning.body.folders.READERS` -> a path.
    """
    takes = [take for path in config["recordings"] for take in bandai(Path(data_dir) / path)]
    held, last = set(config["held_contents"]), config["last_take"]
    takes = [take for take in takes if take.content not in held and take.take <= last]
    for kind, path in config.get("folders", {}).items():
        takes += [replace(take, style=SPEAKER + take.style) for take in READERS[kind](Path(data_dir) / path)]
    return takes


def manners_of(takes: Sequence[Take]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Measures every style against neutral takes of the same content: style -> manner and spread, (73,) each."""
    found = {take.id: measured(take.motion) for take in takes}
    neutral: dict[tuple[str, str, int], str] = {
        (take.id.split("_")[0], take.content, take.take): take.id
        for take in takes
        if take.style == NEUTRAL_STYLE
    }
    rows: dict[str, dict[tuple[str, str], list[np.ndarray]]] = {}
    for take in takes:
        group = take.id.split("_")[0], take.content
        other = neutral.get((*group, take.take)) or neutral.get((*group, 1))
        if other and take.style != NEUTRAL_STYLE:
            row = difference(found[take.id], found[other])
            rows.setdefault(take.style, {}).setdefault(group, []).append(row)
    out: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for style, by_content in rows.items():
        means = [np.mean(each, 0) for each in by_content.values()]
        out[style] = combined(means, [content.startswith(STANDING) for _, content in by_content])
    return out


def state_manners(
    manners: Mapping[str, tuple[np.ndarray, np.ndarray]],
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The manners of states, of the styles that show them: state -> mean and spread."""
    found: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for style, pair in manners.items():
        if style in STATE_OF:
            found.setdefault(STATE_OF[style], []).append(pair)
    out: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    known = published()
    for state, pairs in found.items():
        mean, spread = (np.mean([pair[part] for pair in pairs], 0) for part in (0, 1))
        mean[MOVING] = (1 - PUBLISHED_SHARE) * mean[MOVING] + PUBLISHED_SHARE * known[state][0][MOVING]
        out |= dict.fromkeys((state, *ALSO.get(state, ())), (mean, spread))
    return out


def without_manner(motion: BodyMotion, row: np.ndarray) -> BodyMotion:
    """A recording as if it had been made in the neutral manner."""
    rotations = motion.rotations.astype(np.float64)
    rows = np.broadcast_to(row, (len(motion), len(row)))
    posture = exponential(-row[POSTURE].reshape(NUM_JOINTS, 3))
    centre = mean_rotation(multiplied(rotations, np.broadcast_to(posture, rotations.shape)))
    plain = out_of_manner(rotations, rows, centre[None])
    root = motion.root.astype(np.float64).copy()
    root[:, 1] -= 10 * row[HEIGHT]
    return BodyMotion(plain.astype(np.float32), root.astype(np.float32), motion.frame_rate)


def recorded_clips(takes: Iterable[Take], manners: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> list[Clip]:
    """Gives recordings as clips without manner."""
    out = []
    for take in takes:
        if len(take.motion) < SHORTEST:
            continue
        motion = take.motion
        if take.style in manners:
            motion = without_manner(motion, manners[take.style][0])
        frames = frames_of(motion)
        keys, _ = beats_of(np.linalg.norm(hand_speeds(motion), axis=1))
        state = STATE_OF.get(take.style, "neutral" if take.style == NEUTRAL_STYLE else "")
        style = "" if take.style in STATE_OF else take.style
        if take.style.startswith(SPEAKER):
            state, style = LABELLED.get(take.emotion, ""), take.style.removeprefix(SPEAKER)
        for rhythm in rhythms_of(take, motion):
            out.append(Clip(as_half(frames), as_half(rhythm), keys.astype(np.int64), state, style))
    return out


def rhythms_of(take: Take, motion: BodyMotion) -> list[np.ndarray]:
    """The rhythm of a movement, and that of the voice that goes with it, where there is one. (T, 5) each"""
    found = [rhythm_of(motion)]
    if take.audio is not None:
        audio = whole(take.audio)
        found.append(heard(audio.samples.mean(0), audio.sample_rate, len(motion)).tracks)
    return found


def talk_clips(count: int, num_frames: int, library: Library, seed: int) -> list[Clip]:
    """Composes talk: each twice, with the rhythm of its voice and with that of its own hands."""
    out = []
    for number in range(count):
        rng = np.random.default_rng((seed, 71, number))
        voice = made_up_voice(num_frames, rng)
        lively, quick = float(np.exp(rng.uniform(-0.7, 0.45))), float(np.exp(rng.uniform(-0.4, 0.4)))
        words = made_up_words(voice, library, rng)
        plan = planned(voice, num_frames, rng, library, words, steady(lively), steady(quick))
        motion = composed(plan, num_frames, rng, restless=float(np.exp(rng.uniform(-0.5, 0.6))))
        frames = as_half(frames_of(motion))
        keys = np.unique(np.round(plan.frames).astype(np.int64).clip(0, num_frames - 1))
        rhythm = voice.tracks if number % 2 else rhythm_of(motion)
        out.append(Clip(frames, as_half(rhythm), keys, talk=True))
    return out


def steady(value: float) -> Callable[[float], float]:
    """The same at every frame."""
    return lambda frame: value


def made_up_words(voice: Heard, library: Library, rng: np.random.Generator) -> list[Any]:
    """Words on some syllables, any that call a gesture."""
    from generators.media import Mark

    words = list(library.called)
    said = voice.onsets[rng.random(len(voice.onsets)) < 0.12] / FRAME_RATE
    return [Mark(float(at), float(at) + 0.2, words[int(rng.integers(len(words)))], "word") for at in said]


def as_half(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float16)


def kept_clips(path: str | Path, make: Any, recipe: str = "") -> list[Clip]:
    """Gives clips from a cache, made and put there when it is not, or was made by another recipe."""
    path = Path(path)
    if not path.is_file() or recipe_in(path) != recipe:
        clips = make()
        ends = np.cumsum([0] + [len(clip.frames) for clip in clips])
        key_ends = np.cumsum([0] + [len(clip.keys) for clip in clips])
        os.makedirs(path.parent, exist_ok=True)
        with replace_file(path) as partial, open(partial, "wb") as file:
            np.savez(
                file,
                frames=np.concatenate([clip.frames for clip in clips]),
                rhythm=np.concatenate([clip.rhythm for clip in clips]),
                keys=np.concatenate([clip.keys for clip in clips]),
                ends=ends,
                key_ends=key_ends,
                state=np.array([clip.state for clip in clips]),
                style=np.array([clip.style for clip in clips]),
                talk=np.array([clip.talk for clip in clips]),
                recipe=np.array(recipe),
            )
    with np.load(path) as data:
        held = {name: data[name] for name in data.files}
    return [
        Clip(
            held["frames"][held["ends"][n] : held["ends"][n + 1]],
            held["rhythm"][held["ends"][n] : held["ends"][n + 1]],
            held["keys"][held["key_ends"][n] : held["key_ends"][n + 1]],
            str(held["state"][n]),
            str(held["style"][n]),
            bool(held["talk"][n]),
        )
        for n in range(len(held["talk"]))
    ]


def recipe_in(path: Path) -> str:
    """By what recipe a cache was made."""
    with np.load(path) as data:
        return str(data["recipe"]) if "recipe" in data.files else ""

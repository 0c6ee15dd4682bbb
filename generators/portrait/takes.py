"""The takes that clips are composed of, measured once and kept: what is heard, and what the face does."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

import checkpoints
from conditioning.face.arkit import INDEX, NAMES, indices
from generators.voice.corpus import read_audio
from generators.voice.features import (
    HOP_LENGTH,
    LOG_FLOOR,
    SAMPLE_RATE,
    Frames,
    band_edges_hz,
    log_mel,
    track_f0,
)
from training.data.face import FaceTake, facegood, livelink

from .content import FRAME_RATE, content_of, phones_in, reference_of

if TYPE_CHECKING:
    from collections.abc import Sequence

ALIGNER = "speech-aligner"
UPPER = [place for place in indices("eyeBlink", "eyeSquint", "eyeWide", "brow", "cheekSquint", "noseSneer")]
BLINKS = [INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]
SPEEDS = (0.82, 1.2)  # playing faster also raises voice and formants
WARPS = (0.86, 1.2)  # of formants alone
REVERB_S = (0.08, 0.5)
NOISE_DB = (12.0, 45.0)  # below the speech


@dataclass(frozen=True)
class Spoken:
    """A take with sound, at 30 frames a second, as heard once (perhaps changed).

    Attributes:
        content: (T, 114) float16. mouth: (T, 52) float16 coefficients. take: its name.
    """

    content: np.ndarray
    mouth: np.ndarray
    take: str


@dataclass(frozen=True)
class Silent:
    """A take without sound.

    Attributes:
        face: (T, 52) coefficients less their mean (lids: less their median), the lower face left out.
        gaze: (T, 2) radians, less its median. exercise: whether it shows ranges of motion.
    """

    face: np.ndarray
    gaze: np.ndarray
    exercise: bool


def spoken_takes(config: dict[str, Any], data_dir: str | Path) -> list[Spoken]:
    """Gives the training takes as heard several times over, from the cache when there is one of this recipe."""
    cache = Path(config["cache"])
    if not cache.exists() or recipe_in(cache) != recipe_of(config):
        prepare(config, data_dir, cache)
    with np.load(cache, allow_pickle=False) as data:
        names = [str(name) for name in data["takes"]]
        return [Spoken(data[f"content_{at}"], data[f"mouth_{at}"], name) for at, name in enumerate(names)]


def prepare(config: dict[str, Any], data_dir: str | Path, cache: Path) -> None:
    """Measures the takes that are not held out, each unchanged and `variants` times changed."""
    aligner = checkpoints.load(ALIGNER)
    arrays: dict[str, np.ndarray] = {}
    names: list[str] = []
    for take in facegood(Path(data_dir) / config["facegood"], NAMES):
        if take.id in config["held_out"]:
            continue
        assert take.audio is not None
        samples = read_audio(take.audio)
        keep = round(len(take.coefficients) * config["develop"].get(take.id, 1.0))
        samples = samples[: round(keep / FRAME_RATE * SAMPLE_RATE)]
        melody = track_f0(samples, 1 + len(samples) // HOP_LENGTH)
        for variant in range(config["variants"] + 1):
            rng = np.random.default_rng((config["train"].get("seed", 0), len(names)))
            spoken = changed(take, keep, samples, melody, aligner, rng if variant else None)
            arrays[f"content_{len(names)}"] = spoken.content
            arrays[f"mouth_{len(names)}"] = spoken.mouth
            names.append(take.id)
    cache.parent.mkdir(parents=True, exist_ok=True)
    with checkpoints.replace_file(cache) as partial, open(partial, "wb") as file:
        np.savez(file, **arrays, takes=np.array(names), recipe=np.array(recipe_of(config)))  # type: ignore[arg-type]


def recipe_of(config: dict[str, Any]) -> str:
    """Gives what the cache depends on: above all, it must not hold takes that are kept for tests."""
    return json.dumps({name: config[name] for name in ("held_out", "develop", "variants")}, sort_keys=True)


def recipe_in(cache: Path) -> str:
    with np.load(cache, allow_pickle=False) as data:
        return str(data["recipe"]) if "recipe" in data.files else ""


def changed(
    take: FaceTake,
    keep: int,
    samples: np.ndarray,
    melody: np.ndarray,
    aligner: Any,
    rng: np.random.Generator | None,
) -> Spoken:
    """A take as another voice in another room would have it; unchanged without `rng`.

    Args:
        keep: frames of the face that are used. samples, melody: the sound, and its f0 in Hz at every frame.
    """
    speed, warp = 1.0, 1.0
    if rng is not None:
        import soxr

        speed, warp = (float(np.exp(rng.uniform(*np.log(ends)))) for ends in (SPEEDS, WARPS))
        samples = soxr.resample(samples, SAMPLE_RATE, SAMPLE_RATE / speed)
        samples = in_a_room(coloured(samples, rng), rng)
    mel = log_mel(torch.from_numpy(np.ascontiguousarray(samples, np.float32))[None])[0].numpy().T
    places = (np.arange(len(mel)) * speed).round().astype(int).clip(0, len(melody) - 1)
    frames = Frames(warped(mel, warp), melody[places] * speed, np.zeros(len(mel), np.float32))
    count = round(keep / speed)
    reference = reference_of(frames)
    content = content_of(frames, phones_in(aligner, frames.log_mel, reference), reference, count)
    at = (np.arange(count) * speed).clip(0, keep - 1)
    low = np.minimum(at.astype(int), keep - 2)
    share = (at - low)[:, None]
    mouth = (1 - share) * take.coefficients[low] + share * take.coefficients[low + 1]
    return Spoken(content.astype(np.float16), mouth.astype(np.float16), take.id)


def coloured(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Sound through a random smooth filter of +-9 dB and a random gain."""
    spectrum = np.fft.rfft(samples)
    octaves = np.log2(np.linspace(50, SAMPLE_RATE / 2, len(spectrum)).clip(50))
    knots = np.linspace(octaves[0], octaves[-1], 7)
    gain_db = np.interp(octaves, knots, rng.uniform(-9, 9, len(knots)))
    return np.fft.irfft(spectrum * 10 ** (gain_db / 20), len(samples)) * 10 ** (rng.uniform(-12, 6) / 20)


def in_a_room(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Sound with reverberation and noise of a random colour."""
    level = np.sqrt(np.mean(samples**2)) + 1e-6
    if rng.random() < 0.6:
        decay_s = rng.uniform(*REVERB_S)
        times = np.arange(int(decay_s * SAMPLE_RATE)) / SAMPLE_RATE
        tail = rng.standard_normal(len(times)) * np.exp(-6.9 * times / decay_s)
        tail *= rng.uniform(0.05, 0.35) / np.sqrt((tail**2).sum())
        tail[0] = 1.0
        size = len(samples) + len(tail)
        samples = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(tail, size), size)[: len(samples)]
    noise = rng.standard_normal(len(samples))
    spectrum = np.fft.rfft(noise)
    spectrum /= np.arange(1, len(spectrum) + 1) ** rng.uniform(0, 0.6)
    noise = np.fft.irfft(spectrum, len(samples))
    noise *= level * 10 ** (-rng.uniform(*NOISE_DB) / 20) / (np.sqrt(np.mean(noise**2)) + 1e-9)
    return (samples + noise).astype(np.float32)


def warped(mel: np.ndarray, warp: float) -> np.ndarray:
    """Moves formants by a factor. (F, 100)

    Source: vocal tract length normalisation, Lee and Rose 1998, applied the other way as in Jaitly and Hinton
    2013.
    """
    if warp == 1.0:
        return mel
    edges = band_edges_hz()
    centres = (edges[:-1] + edges[1:]) / 2
    at = np.interp(centres / warp, centres, np.arange(len(centres)))
    low = np.minimum(at.astype(int), len(centres) - 2)
    share = (at - low).astype(np.float32)
    moved = (1 - share) * mel[:, low] + share * mel[:, low + 1]
    return moved.clip(min=float(np.log(LOG_FLOOR)))


def silent_takes(config: dict[str, Any], data_dir: str | Path) -> list[Silent]:
    """Gives what the upper face does around its mean in takes without sound."""
    found = []
    for take in livelink(Path(data_dir) / config["livelink"], NAMES):
        face = np.zeros_like(take.coefficients)
        face[:, UPPER] = take.coefficients[:, UPPER] - take.coefficients[:, UPPER].mean(0)
        face[:, BLINKS] = take.coefficients[:, BLINKS] - np.median(take.coefficients[:, BLINKS], 0)
        assert take.gaze is not None
        found.append(Silent(face, take.gaze - np.median(take.gaze, 0), take.exercise))
    return found


def typical_blink(takes: Sequence[Silent], num_frames: int, peak: int) -> np.ndarray:
    """The median of recorded blinks, (num_frames,) from 0 to 1 at `peak` and back."""
    from .glances import blinks_in

    shapes = []
    for take in takes:
        lids = take.face[:, BLINKS].mean(1)
        for at in blinks_in(lids):
            part = lids[max(0, at - peak) : at - peak + num_frames]
            if at >= peak and len(part) == num_frames:
                rest = min(part[0], part[-1])
                shapes.append((part - rest) / max(0.2, part[peak] - rest))
    shape = np.median(shapes, 0).clip(0, 1) if shapes else np.zeros(num_frames)
    return (shape / max(1e-6, shape.max())).astype(np.float32)

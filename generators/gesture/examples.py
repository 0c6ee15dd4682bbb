"""Training clips: stretches of talk and of recordings, with some frames and parts of them known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from conditioning.body.skeleton import MIRRORED, NUM_JOINTS

from .features import CONTACTS, PLANAR, SIX, YAW
from .model import EMOTION_FRAMES, KNOWN_PARTS, NUM_KNOWN
from .rhythm import HAND
from .takes import Clip

if TYPE_CHECKING:
    from conditioning.space import EmotionSpace

    from .model import GestureDenoiser

TALK_SHARE = 0.55
ARMS = np.array([KNOWN_PARTS.index(name) for name in ("left arm", "right arm", "head")])
LEGS = [KNOWN_PARTS.index("legs")]
KEYS_LOST = 0.12  # of key poses
# How often clips have: key poses of arms and head, whole poses now and then, a whole part, a known beginning.
KEYED, POSED, PART, BEGUN = 0.72, 0.12, 0.16, 0.2
RHYTHM_NOISE = 0.06
NO_STYLE = -1


class Examples:
    """Batches; a pure function of the step.

    Args:
        model: whose scale and styles count.
    """

    def __init__(
        self, clips: Sequence[Clip], model: GestureDenoiser, space: EmotionSpace, config: dict[str, Any]
    ) -> None:
        self.talk = [clip for clip in clips if clip.talk]
        self.recorded = [clip for clip in clips if not clip.talk]
        self.styles = list(model.config["styles"])
        self.mean, self.std = model.mean.numpy(), model.std.numpy()
        self.columns = model.columns.numpy()
        self.offsets, self.scales = space.offsets().detach().numpy(), space.scales().detach().numpy()
        self.index = {name: number for number, name in enumerate(space.state_names)}
        self.batch_size, self.num_frames = config["batch_size"], config["num_frames"]

    def batch_at(self, step: int, rank: int) -> dict[str, Tensor]:
        """Gives clean (B, T, 140), rhythm, known, given, style (B,), emotion, felt (B,): where emotion is known."""
        rng = np.random.default_rng((59, step, rank))
        clips = [self.clip(rng) for _ in range(self.batch_size)]
        return {name: torch.from_numpy(np.stack([clip[name] for clip in clips])) for name in clips[0]}

    def clip(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """One clip."""
        talk = not self.recorded or rng.random() < TALK_SHARE
        clip = self.drawn(self.talk if talk else self.recorded, rng)
        at, keys = stretch(clip, self.num_frames, rng)
        frames, rhythm = clip.frames[at].astype(np.float32), clip.rhythm[at].astype(np.float32)
        if rng.random() < 0.5:
            frames, rhythm = mirrored(frames), rhythm * np.where(np.arange(rhythm.shape[1]) == HAND, -1, 1)
        clean = ((frames - self.mean) / self.std).astype(np.float32)
        given = self.given(keys, rng)
        rhythm = rhythm + RHYTHM_NOISE * rng.standard_normal(rhythm.shape)
        emotion, felt = self.felt(clip, rng)
        return {
            "clean": clean,
            "rhythm": rhythm.astype(np.float32),
            "known": clean,
            "given": given,
            "style": np.array(self.style(clip, rng)),
            "emotion": emotion.astype(np.float32),
            "felt": np.array(felt),
        }

    def drawn(self, clips: Sequence[Clip], rng: np.random.Generator) -> Clip:
        """A clip; recordings of a state as often as those of a style, however few they are."""
        if clips[0].talk or rng.random() < 0.5:
            return clips[int(rng.integers(len(clips)))]
        kinds = sorted({clip.state or clip.style for clip in clips})
        kind = kinds[int(rng.integers(len(kinds)))]
        some = [clip for clip in clips if (clip.state or clip.style) == kind]
        return some[int(rng.integers(len(some)))]

    def given(self, keys: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Which parts are known when, (T, 5) bool."""
        out = np.zeros((self.num_frames, NUM_KNOWN), bool)
        draw = rng.random()
        if draw < KEYED:
            kept = keys[rng.random(len(keys)) >= KEYS_LOST]
            out[np.ix_(kept, ARMS)] = True
        elif draw < KEYED + POSED:
            at = int(rng.integers(0, 20))
            while at < self.num_frames:
                out[at] = True
                at += int(rng.integers(12, 70))
        if rng.random() < PART:
            some = rng.random(NUM_KNOWN) < 0.4
            out[:, LEGS if not some.any() else np.flatnonzero(some)] = True
        if rng.random() < BEGUN:
            out[: int(rng.integers(4, 32))] = True
        return out

    def felt(self, clip: Clip, rng: np.random.Generator) -> tuple[np.ndarray, bool]:
        """The emotion over a clip, (S, 64) offsets; of talk any, because its manner stands beside it."""
        points = -(-self.num_frames // EMOTION_FRAMES)
        if clip.talk:
            state, strength = int(rng.integers(len(self.offsets))), rng.uniform(0, 1.3, 2)
        else:
            state, strength = self.index.get(clip.state, self.index["neutral"]), np.array([1.0, 1.0])
        offset = self.offsets[state] + 0.25 * rng.standard_normal(64) * self.scales[state] * (
            state != self.index["neutral"]
        )
        rise = np.linspace(strength[0], strength[1] if rng.random() < 0.3 else strength[0], points)
        return rise[:, None] * offset[None], clip.talk or bool(clip.state)

    def style(self, clip: Clip, rng: np.random.Generator) -> int:
        if clip.talk:
            return int(rng.integers(len(self.styles))) if rng.random() < 0.5 else NO_STYLE
        return self.styles.index(clip.style) if clip.style in self.styles else NO_STYLE


def stretch(clip: Clip, num_frames: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Which frames of a clip are taken, (T,), and where its keys lie among them; what is too short goes back."""
    length = len(clip.frames)
    first = int(rng.integers(0, max(1, length - num_frames + 1)))
    at = first + np.arange(num_frames)
    if length < num_frames:
        at = np.minimum(at, length - 1)  # it stands still at its end
    keys = clip.keys[(clip.keys >= first) & (clip.keys < first + num_frames)] - first
    return at, keys


def mirrored(frames: np.ndarray) -> np.ndarray:
    """Rows with left and right exchanged. (T, 140)"""
    out = frames.copy()
    sixes = frames[:, SIX].reshape(len(frames), NUM_JOINTS, 6)[:, list(MIRRORED)]
    out[:, SIX] = (sixes * np.array([1, -1, -1, -1, 1, 1], np.float32)).reshape(len(frames), -1)
    out[:, PLANAR.start] *= -1
    out[:, YAW] *= -1
    out[:, CONTACTS] = frames[:, CONTACTS][:, [2, 3, 0, 1]]
    return out

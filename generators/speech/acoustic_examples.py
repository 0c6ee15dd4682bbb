"""Training examples of the acoustic model: windows of frames with what stands in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from generators.voice.corpus import Corpus
from generators.voice.features import LOG_FLOOR, LOG_PER_DB, N_MELS, continuous_log_f0
from generators.voice.phones import SYMBOLS
from generators.voice.points import NEUTRAL, EmotionPoints

from .acoustic import CHANNELS, EMOTION_STRIDE, PATCH, PLAN_CHANNELS
from .examples import (
    Aligned,
    AlignedCorpus,
    chances,
    columns_of,
    joined_columns,
    token_batch,
)
from .lent_feelings import feelings_of
from .plan import VoiceStatistics, contour_of
from .tokens import TokenRow

DETAIL_SCALE = 0.05  # of log f0 around its contour
BAND_LIMIT = 84  # mel bands of 16 kHz recordings; those above are empty there
EMOTION_FRAMES = PATCH * EMOTION_STRIDE


def plan_frames(
    values: np.ndarray,
    durations: np.ndarray,
    row: TokenRow,
    speaker_log_f0: float,
    statistics: VoiceStatistics,
) -> tuple[np.ndarray, np.ndarray]:
    """Lays a plan out in time.

    Args:
        values: (N, 7) residuals. durations: (N,) frames, together T. speaker_log_f0: of the neutral voice.

    Returns:
        (T, 8) f0 contour, energy, tilt, periodicity, place in the token, log length, whether a pause, height
        of f0 among people; and (T,) the token at each frame.
    """
    token_at = np.repeat(np.arange(len(durations)), durations)
    contour = contour_of(values[:, 1:4], durations)
    starts = (durations.cumsum() - durations)[token_at]
    length = durations[token_at]
    place = (np.arange(len(token_at)) - starts + 0.5) / length
    columns = [
        contour,
        *values[token_at, 4:7].T,
        2 * place - 1,
        np.log(length) - 2,
        row.is_pause[token_at],
        (contour * statistics.scale[1] + speaker_log_f0 - 5.2) / 0.4,
    ]
    out = np.stack(columns, 1).astype(np.float32)
    assert out.shape[1] == PLAN_CHANNELS
    return out, token_at


@dataclass(frozen=True)
class MelStatistics:
    """What is usual of the envelope.

    Attributes:
        speaker_mel: (K, 100) each speaker's mean colour. scale: (100,) spread around it.
    """

    speaker_mel: np.ndarray
    scale: np.ndarray


def envelopes_of(corpus: Corpus, items: Sequence[Aligned]) -> list[np.ndarray]:
    """Gives every recording's envelope, (T, 100) float16 each.

    What a narrow recording lacks above 8 kHz is filled in, by a regression fitted on the others; levels are
    set right.
    """
    mels = [corpus.frames(item.utterance).envelope for item in items]
    empty = [narrow(mel) for mel in mels]
    wide = [mel[::3] for mel, lacks in zip(mels, empty, strict=True) if not lacks][::13]
    if wide:
        known = np.concatenate(wide)
        inputs = fill_inputs(known)
        gram = inputs.T @ inputs + 1e-3 * len(inputs) * np.eye(inputs.shape[1])
        fill = np.linalg.solve(gram, inputs.T @ known[:, BAND_LIMIT:])
    for mel, item, lacks in zip(mels, items, empty, strict=True):
        if lacks and wide:
            mel[:, BAND_LIMIT:] = fill_inputs(mel) @ fill
        mel += np.float32(item.gain_db * LOG_PER_DB)
    return [mel.astype(np.float16) for mel in mels]


def fill_inputs(mel: np.ndarray) -> np.ndarray:
    return np.concatenate([mel[:, 40:BAND_LIMIT], np.ones((len(mel), 1), mel.dtype)], 1)


def narrow(log_mel: np.ndarray) -> bool:
    """Whether a recording (T, 100) has nothing above 8 kHz."""
    return bool(np.quantile(log_mel[:, BAND_LIMIT + 6 :], 0.95) < np.log(LOG_FLOOR) + 0.1)


def fit_mel_statistics(
    items: Sequence[Aligned], envelopes: Sequence[np.ndarray], max_speakers: int
) -> MelStatistics:
    """Fits the speakers' colours on neutral speech, each phone's own colour taken away first."""
    sums = np.zeros((max_speakers, len(SYMBOLS), N_MELS))
    counts = np.zeros((max_speakers, len(SYMBOLS)))
    for item, mel in zip(items, envelopes, strict=True):
        if item.utterance.emotion in ("", NEUTRAL):
            at = np.repeat(item.row.symbol, item.durations)
            np.add.at(sums[item.speaker], at, mel.astype(np.float64))
            counts[item.speaker] += np.bincount(at, minlength=len(SYMBOLS))
    sums, counts = sums[:, 1:], counts[:, 1:]  # silence has no colour
    phone_mel = sums.sum(0) / np.maximum(counts.sum(0), 1)[:, None]
    overall = sums.sum((0, 1)) / counts.sum()
    left = sums.sum(1) - counts @ phone_mel
    speaker_mel = overall + left / np.maximum(counts.sum(1), 1)[:, None]
    squares = [
        ((mel.astype(np.float64) - speaker_mel[item.speaker]) ** 2).mean(0)
        for item, mel in list(zip(items, envelopes, strict=True))[::7]
    ]
    return MelStatistics(speaker_mel.astype(np.float32), np.sqrt(np.mean(squares, 0)).astype(np.float32))


@dataclass(frozen=True)
class Felt:
    """A recording with a feeling: clean (T, 102), plan (T, 8), token_at (T,), emotion (64,)."""

    clean: np.ndarray
    plan: np.ndarray
    token_at: np.ndarray
    emotion: Tensor


class AcousticExamples:
    """Batches of windows; a pure function of the step.

    Some windows are two halves from recordings of one speaker, felt differently, so that the model learns to
    follow an emotion over time.
    """

    def __init__(
        self,
        corpus: Corpus,
        aligned: AlignedCorpus,
        envelopes: list[np.ndarray],
        mel_statistics: MelStatistics,
        space: Any,
        config: dict[str, Any],
    ) -> None:
        self.items, self.envelopes = aligned.items, envelopes
        self.f0_hz = [corpus.frames(item.utterance).f0_hz for item in aligned.items]
        self.statistics, self.mel = aligned.statistics, mel_statistics
        self.points = EmotionPoints(space)
        lengths = np.array([item.utterance.num_frames for item in self.items], np.float64)
        self.chance = chances(self.items, config["weights"]) * np.minimum(lengths, 2 * config["num_frames"])
        self.chance /= self.chance.sum()
        self.batch_size, self.joined = config["batch_size"], config["joined_share"]
        self.num_frames = config["num_frames"]
        self.lent_share = config["lent_share"]
        self.feelings = feelings_of(self.items, envelopes, self.f0_hz)
        acted = {feeling.utterance.speaker for feeling in self.feelings}
        self.reads = [item.utterance.speaker not in acted for item in self.items]
        self.of_speaker = {
            who: np.array([i for i, x in enumerate(self.items) if x.speaker == who])
            for who in {item.speaker for item in self.items}
        }

    def batch_at(self, step: int, rank: int) -> dict[str, Any]:
        """Gives clean (B, T, 102), tokens, token_at (B, T), plan (B, T, 8), mask (B, T), speaker (B,),
        emotion (B, T / 16, 64)."""
        rng = np.random.default_rng((37, step, rank))
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        chosen = rng.choice(len(self.items), self.batch_size, p=self.chance)
        rows = [self.example(int(i), rng, generator) for i in chosen]
        pad = torch.nn.utils.rnn.pad_sequence
        out: dict[str, Any] = {
            name: pad([row[name] for row in rows], batch_first=True) for name in ("clean", "token_at", "plan")
        }
        short = -out["clean"].shape[1] % EMOTION_FRAMES
        out = {
            name: torch.nn.functional.pad(x, (0, 0) * (x.ndim - 2) + (0, short)) for name, x in out.items()
        }
        lengths = torch.tensor([len(row["clean"]) for row in rows])
        out["mask"] = torch.arange(out["clean"].shape[1]) < lengths[:, None]
        out["emotion"] = pad([row["emotion"] for row in rows], batch_first=True)
        missing = out["clean"].shape[1] // EMOTION_FRAMES - out["emotion"].shape[1]
        out["emotion"] = torch.nn.functional.pad(out["emotion"], (0, 0, 0, missing))
        out["tokens"] = token_batch([row["tokens"] for row in rows])
        out["speaker"] = torch.tensor([row["speaker"] for row in rows])
        return out

    def example(self, index: int, rng: np.random.Generator, generator: torch.Generator) -> dict[str, Any]:
        if rng.random() >= self.joined:
            return joined([self.window(index, self.num_frames, rng, generator)])
        other = int(rng.choice(self.of_speaker[self.items[index].speaker]))
        half = self.num_frames // 2
        return joined([self.window(part, half, rng, generator) for part in (index, other)])

    def window(
        self, index: int, num_frames: int, rng: np.random.Generator, generator: torch.Generator
    ) -> dict[str, Any]:
        """Cuts a window, shorter only where the recording is."""
        item = self.items[index]
        total = item.utterance.num_frames // PATCH * PATCH
        first = PATCH * int(rng.integers(0, max(0, total - num_frames) // PATCH + 1))
        at = slice(first, min(total, first + num_frames))
        felt = self.felt(index, rng, generator)
        tokens = felt.token_at[at]
        low, high = int(tokens[0]), int(tokens[-1]) + 1
        count = -(-len(tokens) // EMOTION_FRAMES)
        return {
            "clean": torch.from_numpy(felt.clean[at]),
            "token_at": torch.from_numpy(tokens - low),
            "plan": torch.from_numpy(felt.plan[at]),
            "tokens": columns_of(item.row, low, high),
            "emotion": felt.emotion.expand(count, -1),
            "speaker": item.speaker,
        }

    def felt(self, index: int, rng: np.random.Generator, generator: torch.Generator) -> Felt:
        """Gives a recording as it was felt or, of one who never acts, at times with a feeling lent to it."""
        item = self.items[index]
        speaker_log_f0 = float(self.statistics.speaker_mean[item.speaker, 2])
        rest = (item.durations, item.row, speaker_log_f0, self.statistics)
        plan, token_at = plan_frames(item.values, *rest)
        clean = self.targets(index, plan)
        if not (self.feelings and self.reads[index] and rng.random() < self.lent_share):
            return Felt(clean, plan, token_at, self.points.draw(item.utterance, generator))
        feeling = self.feelings[int(rng.integers(len(self.feelings)))]
        strength = float(rng.random()) ** 0.5  # more often strong than weak, which is nearly neutral
        plan, _ = plan_frames(feeling.values(item.values, item.row.is_pause, strength), *rest)
        added = feeling.envelope(self.f0_hz[index] > 0, item.row.is_pause[token_at], strength)
        clean[:, :N_MELS] = np.clip(clean[:, :N_MELS] + added / self.mel.scale, -5, 5)
        neutral = self.points.space.neutral
        point = neutral + strength * (self.points.draw(feeling.utterance, generator) - neutral)
        return Felt(clean, plan, token_at, point)

    def targets(self, index: int, plan: np.ndarray) -> np.ndarray:
        """What the model makes of a recording, standardised. (T, 102)"""
        item, f0 = self.items[index], self.f0_hz[index]
        mel = (self.envelopes[index] - self.mel.speaker_mel[item.speaker]) / self.mel.scale
        voiced = f0 > 0
        detail = np.zeros(len(f0), np.float32)
        log_f0 = continuous_log_f0(f0)
        if log_f0 is not None:
            raw = plan[:, 0] * self.statistics.scale[1] + self.statistics.speaker_mean[item.speaker, 2]
            detail = np.where(voiced, np.clip((log_f0 - raw) / DETAIL_SCALE, -3, 3), 0)
        columns = [np.clip(mel, -5, 5), np.where(voiced, 1.0, -1.0)[:, None], detail[:, None]]
        out = np.concatenate(columns, 1).astype(np.float32)
        assert out.shape[1] == CHANNELS
        return out


def joined(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Puts windows in a row."""
    if len(parts) == 1:
        return parts[0]
    shift = len(parts[0]["tokens"]["symbol"])
    return {
        "clean": torch.cat([part["clean"] for part in parts]),
        "plan": torch.cat([part["plan"] for part in parts]),
        "token_at": torch.cat([parts[0]["token_at"], parts[1]["token_at"] + shift]),
        "tokens": joined_columns([part["tokens"] for part in parts]),
        "emotion": emotion_over(parts),
        "speaker": parts[0]["speaker"],
    }


def emotion_over(parts: list[dict[str, Any]]) -> Tensor:
    """The emotion of each 16 frames of joined windows: that of the part in which they begin."""
    lengths = [len(part["clean"]) for part in parts]
    count = -(-sum(lengths) // EMOTION_FRAMES)
    begins = torch.arange(count) * EMOTION_FRAMES
    return torch.where((begins < lengths[0])[:, None], parts[0]["emotion"][:1], parts[1]["emotion"][:1])

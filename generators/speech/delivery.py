"""A sentence to its plan: the prosody model's draw, moved exactly to what emotion and options ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from generators.sampling import guidance_passes, guided_flow, sample_flow
from generators.voice.features import FRAME_RATE
from generators.voice.phones import STOPS, SYMBOLS, VOWELS, Sentence

from .options import SpeechOptions
from .plan import DURATION, ENERGY, F0, PERIODICITY, TILT, VALUES, expression_of, kinds_of, raw_of
from .prosody import ProsodyDenoiser
from .tokens import TokenRow, tokens_of

PROSODY_STEPS = 8
EDGE_FRAMES = 6  # of silence before a sentence, and after one cut at a comma
END_FRAMES = 20  # of silence after a sentence that ends
SHORTEST_PHONE, SHORTEST_PAUSE = 2, 4  # frames
# How far a kind of sound gives way when speech is hurried or drawn out; vowels most, bursts least.
GIVE_VOWEL, GIVE_CONSONANT, GIVE_STOP = 1.0, 0.7, 0.5
LARGEST_STRETCH = 4.0
PULL = 0.8  # how far a draw is moved towards the expression that was asked for


@dataclass(frozen=True)
class Delivery:
    """How one sentence is said.

    Attributes:
        values: (N, 7) residuals; see `plan.VALUES`. frames: (N,) unrounded lengths at natural speed.
    """

    sentence: Sentence
    row: TokenRow
    values: np.ndarray
    frames: np.ndarray

    def stretched(self, stretch: float) -> np.ndarray:
        """Unrounded lengths when the yielding part of every token is stretched. (N,)"""
        return self.frames * stretch ** give_of(self)


def give_of(delivery: Delivery) -> np.ndarray:
    """How far each token gives way, (N,); 0 for what is fixed."""
    symbols = [SYMBOLS[index] for index in delivery.row.symbol]
    give = np.array(
        [GIVE_VOWEL if s in VOWELS else GIVE_STOP if s in STOPS else GIVE_CONSONANT for s in symbols]
    )
    give[delivery.row.is_pause] = GIVE_VOWEL
    give[[0, -1]] = 0.0
    give[asked_pauses(delivery.sentence, delivery.row)[0]] = 0.0
    return give


def asked_pauses(sentence: Sentence, row: TokenRow) -> tuple[np.ndarray, np.ndarray]:
    """Which tokens are pauses of an asked length, and their frames."""
    pauses = np.flatnonzero(row.is_pause)
    asked = [sentence.pause_before_s, *(word.pause_s for word in sentence.words)]
    chosen = [(at, pause) for at, pause in zip(pauses, asked, strict=True) if pause is not None]
    places = np.array([at for at, _ in chosen], np.int64)
    return places, np.array([max(0.0, pause) * FRAME_RATE for _, pause in chosen])


class Planner:
    """Plans sentences in one voice.

    Args:
        speaker: row of the speaker table.
        emotion_at: seconds (T,) from the start of everything -> points (T, 64).
        neutral: (64,) the space's neutral point.
    """

    def __init__(
        self,
        model: ProsodyDenoiser,
        speaker: int,
        emotion_at: Callable[[np.ndarray], Tensor],
        neutral: Tensor,
        options: SpeechOptions,
    ) -> None:
        self.model, self.speaker, self.options = model, speaker, options
        self.emotion_at, self.neutral = emotion_at, neutral
        self.statistics = model.statistics
        self.passes = guidance_passes(
            options.content_guidance_scale, options.identity_guidance_scale, options.emotion_guidance_scale
        )
        self.device = model.out.weight.device
        self.dtype = model.out.weight.dtype

    def plan(self, sentence: Sentence, start_s: float, pace: float, generator: torch.Generator) -> Delivery:
        """Plans one sentence.

        Args:
            start_s: from the start of everything. pace: seconds that will pass for each natural one.
        """
        row = tokens_of(sentence)
        kinds = kinds_of(row)
        usual = np.expm1(self.statistics.kind_mean[kinds, 0]).clip(0) / FRAME_RATE * pace
        points = self.emotion_at(start_s + usual.cumsum() - usual)
        wanted = self.wanted_expression(points)
        values = self.draw(row, points, wanted, generator)
        values = self.moved(values, row, wanted)
        values = self.with_options(values, sentence, row)
        return Delivery(sentence, row, values, self.natural_frames(values, sentence, row, kinds))

    def wanted_expression(self, points: Tensor) -> np.ndarray:
        """The expression that the emotion asks for, (8,), less the speaker's neutral one."""
        offset = (points - self.neutral).mean(0)
        shift = self.model.implied_expression(offset.to(self.device)).cpu().numpy()
        return shift * self.model.expression_std.float().cpu().numpy()

    def draw(
        self, row: TokenRow, points: Tensor, wanted: np.ndarray, generator: torch.Generator
    ) -> np.ndarray:
        """Draws the residuals of every token, (N, 7).

        Which phones are louder than others comes from a draw without emotion: that of the actors' few
        sentences made words unclear and did not make the emotion any clearer.
        """
        noise = torch.randn((1, len(row), len(VALUES)), generator=generator) * self.options.temperature
        felt = self.sampled(row, points, wanted, noise, self.passes)
        calm = self.sampled(row, self.neutral.expand_as(points), 0 * wanted, noise, guidance_passes())
        felt[:, ENERGY] = calm[:, ENERGY]
        return felt

    def sampled(
        self,
        row: TokenRow,
        points: Tensor,
        wanted: np.ndarray,
        noise: Tensor,
        passes: Sequence[tuple[int, float]],
    ) -> np.ndarray:
        """Follows the flow from the noise, (1, N, 7), to residuals, (N, 7)."""
        mean, std = (
            getattr(self.model, name).float().cpu() for name in ("expression_mean", "expression_std")
        )
        standard = ((torch.from_numpy(wanted.astype(np.float32)) - mean) / std).clamp(-3, 3)[None]
        batch = {
            "tokens": token_inputs(row, self.device),
            "expression": standard.to(self.device),
            "speaker": torch.tensor([self.speaker], device=self.device),
            "emotion": points[None].to(self.device, self.dtype),
        }

        def flow(x: Tensor, t: float) -> Tensor:
            return guided_flow(self.model, x, t, batch, passes)

        drawn = sample_flow(flow, noise.to(self.device, self.dtype), num_inference_steps=PROSODY_STEPS)
        return drawn[0].float().cpu().numpy().clip(-6, 6)

    def moved(self, values: np.ndarray, row: TokenRow, wanted: np.ndarray) -> np.ndarray:
        """Moves a draw's levels and ranges most of the way to what was asked, so that the dial is even.

        What the draw says beyond the levels, its shape, stays.
        """
        own = self.model.speaker_expression[self.speaker].float().cpu().numpy()
        gap = PULL * (wanted - (expression_of(values, row) - own))
        phones = ~row.is_pause
        out = values.copy()
        f0 = out[phones, F0]
        out[phones, F0] = (f0 - f0.mean()) * float(np.exp(np.clip(gap[2], -0.7, 0.7))) + f0.mean() + gap[1]
        energy = out[phones, ENERGY]
        spread = float(np.exp(np.clip(gap[4], -0.5, 0.5)))
        out[phones, ENERGY] = (energy - energy.mean()) * spread + energy.mean() + gap[3]
        out[phones, DURATION] -= gap[0]
        out[phones, TILT] += gap[5]
        out[phones, PERIODICITY] += gap[6]
        return out

    def with_options(self, values: np.ndarray, sentence: Sentence, row: TokenRow) -> np.ndarray:
        """Applies the faders and the emphasis of words, exactly."""
        options, scale = self.options, self.statistics.scale
        out = values.copy()
        phones = ~row.is_pause
        middle = out[phones, F0].mean()
        semitone = np.log(2) / 12 / scale[1]
        out[:, F0] = (out[:, F0] - middle) * options.f0_range + middle + options.f0_shift * semitone
        out[:, ENERGY] += options.energy / scale[ENERGY]
        out[:, TILT] += 0.03 * options.energy / scale[TILT] - 0.5 * options.breathiness
        out[:, PERIODICITY] -= 1.5 * options.breathiness
        emphasis = np.array([0.0, *(word.emphasis for word in sentence.words)])[row.word + 1] * phones
        out[:, DURATION] += 0.6 * emphasis
        out[:, F0] += (2.5 * semitone * emphasis)[:, None]
        out[:, ENERGY] += 3.0 / scale[ENERGY] * emphasis
        return out

    def natural_frames(
        self, values: np.ndarray, sentence: Sentence, row: TokenRow, kinds: np.ndarray
    ) -> np.ndarray:
        """Lengths in frames, unrounded, at the asked speed's natural 1.0. (N,)"""
        raw = raw_of(values, kinds, self.speaker, self.statistics)[:, 0]
        frames = np.expm1(raw).clip(0, 120)
        frames[~row.is_pause] = frames[~row.is_pause].clip(SHORTEST_PHONE)
        pauses = row.is_pause
        frames[pauses] *= self.options.pause_scale
        frames[pauses & (frames < SHORTEST_PAUSE)] = 0
        frames[0] = EDGE_FRAMES
        ends = sentence.words[-1].break_after in (".", "?", "!")
        frames[-1] = max(EDGE_FRAMES, END_FRAMES * self.options.pause_scale) if ends else EDGE_FRAMES
        places, asked = asked_pauses(sentence, row)
        frames[places] = asked
        return frames


def token_inputs(
    row: TokenRow, device: torch.device, first: int = 0, last: int | None = None
) -> dict[str, Tensor]:
    """A row, or a stretch of it, as the batch of one that the models take."""
    columns = {
        name: torch.from_numpy(getattr(row, name)[first:last])[None].to(device)
        for name in ("symbol", "stress", "boundary", "edge")
    }
    columns["mask"] = torch.ones_like(columns["symbol"], dtype=torch.bool)
    for name in ("tune", "language"):
        columns[name] = torch.tensor([getattr(row, name)], device=device)
    return columns


def rounded(lengths: np.ndarray, is_pause: np.ndarray) -> np.ndarray:
    """Whole frames whose running sum stays within half a frame of the unrounded one.

    Phones keep at least one, at the cost of the longest phone, so that asked pauses stay as long as asked.
    """
    ends = np.round(lengths.cumsum()).astype(np.int64)
    frames = np.diff(ends, prepend=0)
    for index in np.flatnonzero((frames < 1) & ~is_pause):
        donor = int(np.argmax(np.where(is_pause, 0, frames)))
        if frames[donor] <= 1:
            donor = int(np.argmax(frames))
        frames[donor] -= 1 - frames[index]
        frames[index] = 1
    return frames


def stretch_for(deliveries: list[Delivery], target_frames: float) -> float:
    """Gives the stretch at which all sentences together last `target_frames`.

    Raises:
        ValueError: shorter or longer than speech can be; says what is feasible.
    """
    low, high = 1 / LARGEST_STRETCH, LARGEST_STRETCH
    shortest, longest = (total_frames(deliveries, stretch) for stretch in (low, high))
    if not shortest <= target_frames <= longest:
        low_s = np.ceil(shortest / FRAME_RATE * 100) / 100
        high_s = np.floor(longest / FRAME_RATE * 100) / 100
        raise ValueError(
            f"expected a duration from {low_s:.2f} to {high_s:.2f} s for this text, "
            f"got {target_frames / FRAME_RATE:.2f} s"
        )
    for _ in range(50):
        middle = (low * high) ** 0.5
        if total_frames(deliveries, middle) < target_frames:
            low = middle
        else:
            high = middle
    return (low * high) ** 0.5


def total_frames(deliveries: list[Delivery], stretch: float) -> float:
    return float(sum(delivery.stretched(stretch).sum() for delivery in deliveries))

"""Fills a canvas window by window: first the plan of the bars, then their notes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from generators.base import StepCallback
from generators.sampling import guidance_passes, guided, present_in, sample_masked

from .canvas import Canvas
from .faders import scaled_counts, shifted_velocity, stretched_durations
from .features import ATTRIBUTES, BAR_STEPS, MAX_NOTES_PER_BAR, TEMPI
from .model import MusicDenoiser
from .options import MusicOptions
from .tokens import (
    COUNT,
    DURATION,
    MASK,
    MODE,
    NUM_FIELDS,
    ONSETS,
    PITCH,
    PLACE_LIMIT,
    POSITION,
    SIZES,
    TEMPO,
    TIME_SIGNATURE,
    VELOCITY,
    Tokens,
)

WINDOW = 16  # bars the network sees
CONTEXT = 4  # of them, kept ones before those that are filled
AHEAD = 2  # and after
COLUMNS = np.concatenate([[0], np.cumsum(SIZES)])
# Settled earlier: where notes lie and who plays them, before what they are.
ORDER = torch.zeros(NUM_FIELDS).index_fill_(0, torch.tensor([POSITION]), 1.0)


@dataclass
class Request:
    """The conditions of one piece.

    Attributes:
        emotion_at: seconds from the first new bar (T,) -> (T, 64) points of the emotion space.
        attributes_at: (T, 64) -> (T, 5) standardised attributes to aim at.
        style: index into `STYLES`. options: as asked. generator: the only source of randomness.
        first: first bar that is made; time starts there.
        duration_s: length to reach, or None where the bars are given.
    """

    emotion_at: Callable[[np.ndarray], Tensor]
    attributes_at: Callable[[Tensor], Tensor]
    style: int
    options: MusicOptions
    generator: torch.Generator
    first: int = 0
    duration_s: float | None = None


@dataclass(frozen=True)
class Stretch:
    """Bars that are filled together, within the bars that are seen."""

    seen_start: int
    start: int
    stop: int
    seen_stop: int


def next_stretch(todo: np.ndarray) -> Stretch | None:
    """Gives the next bars to fill, as many as fit the window with kept bars around them; None when done."""
    if not todo.any():
        return None
    start, total = int(todo.argmax()), len(todo)
    seen_start = max(0, start - CONTEXT)
    stop = start
    while stop < total and todo[stop] and stop - seen_start < WINDOW:
        stop += 1
    seen_stop = min(total, stop + AHEAD, seen_start + WINDOW) if stop < total and not todo[stop] else stop
    return Stretch(seen_start, start, stop, seen_stop)


class Filler:
    """Runs the denoiser over the stretches of a canvas."""

    def __init__(self, model: MusicDenoiser, request: Request) -> None:
        self.model, self.request = model, request
        options = request.options
        self.passes = guidance_passes(
            options.content_guidance_scale, options.identity_guidance_scale, options.emotion_guidance_scale
        )
        # The seed's own leaning towards slower or faster, in spreads of the tempo; one for the piece.
        self.tempo_leaning = (
            0.5 * options.temperature * float(torch.randn((), generator=request.generator).clamp(-2, 2))
        )
        self.emotion = torch.zeros(0, 64)
        self.attributes = torch.zeros(0, len(ATTRIBUTES))

    def feel(self, canvas: Canvas, start: int, stop: int) -> None:
        """Sets emotion and attributes of bars start..stop-1 from the time at which they sound.

        Bars whose tempo is still open are placed by the tempo before them.
        """
        first, start = self.request.first, min(start, len(self.emotion))
        times = np.concatenate([np.zeros(first + 1), np.cumsum(canvas.bar_seconds[first:])])[start:stop]
        emotion = self.request.emotion_at(times)  # (stop - start, 64)
        attributes = self.request.attributes_at(emotion)
        self.emotion = torch.cat([self.emotion[:start], emotion])
        self.attributes = torch.cat([self.attributes[:start], attributes])

    def predictor(self, tokens: Tokens, seen: slice) -> Callable[[Tensor], Tensor]:
        """Gives values (L, 12) -> guided logits (L, sum(SIZES)) for the rows of one window."""
        device = self.model.logits.weight.device
        size = len(self.passes)

        def repeated(array: np.ndarray | Tensor) -> Tensor:
            tensor = torch.as_tensor(array).to(device)
            return tensor.expand(size, *tensor.shape)

        inputs = {
            "bar": repeated(tokens.bar),
            "place": repeated(np.minimum(tokens.place, PLACE_LIMIT - 1)),
            "mask": None,
            "attributes": repeated(self.attributes[seen]),
            "style": repeated(torch.tensor(self.request.style)),
            "emotion": repeated(self.emotion[seen]),
            "present": present_in(self.passes, device),
        }

        def predict(values: Tensor) -> Tensor:
            with torch.inference_mode():
                outputs = self.model(repeated(values), **inputs).float().cpu()  # type: ignore[operator]
            return guided(outputs, self.passes)

        return predict

    def sample(
        self, tokens: Tokens, seen: slice, allowed: Tensor, num_inference_steps: int, **how: Any
    ) -> np.ndarray:
        """Fills what is masked in a stretch, as the options ask; `how` goes to `sample_masked`. (L, F)"""
        options = self.request.options
        return sample_masked(
            self.predictor(tokens, seen),
            torch.from_numpy(tokens.values),
            SIZES,
            num_inference_steps=num_inference_steps,
            temperature=options.temperature,
            top_p=options.top_p,
            generator=self.request.generator,
            allowed=allowed,
            **how,
        ).numpy()

    def settle_globals(self, canvas: Canvas) -> None:
        """Decides the mode, when still open, once for the whole piece."""
        options, generator = self.request.options, self.request.generator
        bars = canvas.bars
        seen = slice(0, min(WINDOW, canvas.num_bars))
        if (bars[:, MODE] < 0).any():
            tokens = canvas.tokens(seen.start, seen.stop, with_notes=False)
            logits = self.predictor(tokens, seen)(torch.from_numpy(tokens.values))
            field = logits[:, COLUMNS[MODE] : COLUMNS[MODE + 1]].log_softmax(-1).mean(0)
            chance = float((field / max(options.temperature, 1e-3)).softmax(-1)[1])
            bars[:, MODE] = int(float(torch.rand((), generator=generator)) < chance)

    def plan(
        self, canvas: Canvas, stretch: Stretch, on_step: StepCallback | None, done: int, total: int
    ) -> None:
        """Makes the chords and the numbers of notes and onsets of a stretch."""
        seen = slice(stretch.seen_start, stretch.seen_stop)
        inside = slice(stretch.start - stretch.seen_start, stretch.stop - stretch.seen_start)
        tokens = canvas.tokens(seen.start, seen.stop, with_notes=False)
        allowed = torch.ones(len(tokens.bar), sum(SIZES), dtype=torch.bool)
        allowed[:, COLUMNS[ONSETS]] = False  # an empty bar is not music
        allowed[:, COLUMNS[COUNT]] = False
        steps = plan_steps(self.request.options)
        values = self.sample(tokens, seen, allowed, steps, on_step=on_step, done=done, total=total)
        bars = values[inside, :POSITION]
        fresh = np.array([canvas.notes[bar] is None for bar in range(stretch.start, stretch.stop)])
        wanted = self.attributes[stretch.start : stretch.stop]
        beats = BAR_STEPS[bars[:, TIME_SIGNATURE]] / 4
        for field, attribute, limit in ((COUNT, 1, MAX_NOTES_PER_BAR), (ONSETS, 0, None)):
            target = self.raw(wanted, attribute) * beats
            bars[fresh, field] = scaled_counts(
                bars[:, field], target, fresh, limit or BAR_STEPS[bars[:, TIME_SIGNATURE]]
            )
        bars[:, ONSETS] = np.minimum(bars[:, ONSETS], bars[:, COUNT])
        canvas.put_bars(stretch.start, stretch.stop, bars)

    def raw(self, attributes: Tensor, index: int) -> np.ndarray:
        """Standardised attribute -> its own unit."""
        values = attributes[:, index] * float(self.model.attribute_std[index]) + float(
            self.model.attribute_mean[index]
        )
        return values.double().numpy()

    def plan_tempo(self, canvas: Canvas, stretch: Stretch) -> None:
        """Sets the tempo to its expectation, one offset for the piece, gliding where the emotion changes."""
        bars = canvas.bars
        open_bars = np.flatnonzero(bars[stretch.start : stretch.stop, TEMPO] < 0) + stretch.start
        if not len(open_bars):
            return
        seen = slice(stretch.seen_start, stretch.seen_stop)
        tokens = canvas.tokens(seen.start, seen.stop, with_notes=canvas.notes[stretch.start] is not None)
        logits = self.predictor(tokens, seen)(torch.from_numpy(tokens.values))[tokens.is_bar]
        chances = logits[:, COLUMNS[TEMPO] : COLUMNS[TEMPO + 1]].softmax(-1).double().numpy()
        log_tempi = np.log(TEMPI)
        mean = chances @ log_tempi
        spread = np.sqrt(np.maximum((chances * (log_tempi - mean[:, None]) ** 2).sum(1), 0)).mean()
        emotion = self.emotion[seen]
        if torch.equal(emotion, emotion[:1].expand_as(emotion)):
            made = range(max(seen.start, self.request.first), stretch.start)
            kept = [bar for bar in made if bars[bar, TEMPO] >= 0]
            if kept:
                bars[open_bars, TEMPO] = bars[kept[-1], TEMPO]
                return
            mean = np.full_like(mean, mean.mean())
        else:
            window = np.ones(min(3, len(mean))) / min(3, len(mean))
            mean = np.convolve(np.pad(mean, len(window) // 2, mode="edge"), window, mode="valid")[: len(mean)]
        low, high = canvas.tempo_range
        tempo = np.clip(np.exp(mean + self.tempo_leaning * spread), low, high)
        inside = (low - 1e-9 <= TEMPI) & (high + 1e-9 >= TEMPI)
        grid = TEMPI if not inside.any() else np.where(inside, TEMPI, np.inf)
        bars[open_bars, TEMPO] = np.abs(
            np.log(grid)[None] - np.log(tempo[open_bars - seen.start])[:, None]
        ).argmin(1)

    def notes(
        self, canvas: Canvas, stretch: Stretch, on_step: StepCallback | None, done: int, total: int
    ) -> None:
        """Makes the notes of a stretch."""
        seen = slice(stretch.seen_start, stretch.seen_stop)
        tokens = canvas.tokens(seen.start, seen.stop, with_notes=True)
        allowed = torch.ones(len(tokens.bar), sum(SIZES), dtype=torch.bool)
        bar_steps = torch.from_numpy(canvas.bar_steps[seen][tokens.bar])
        positions = torch.arange(SIZES[POSITION])
        allowed[:, COLUMNS[POSITION] : COLUMNS[POSITION + 1]] = positions[None] < bar_steps[:, None]
        steps = self.request.options.num_inference_steps
        values = self.sample(
            tokens, seen, allowed, steps, order=ORDER, on_step=on_step, done=done, total=total
        )
        self.reach(values, tokens, canvas.bar_steps[seen], seen)
        canvas.put_notes(stretch.seen_start, Tokens(values, tokens.bar, tokens.place))

    def reach(self, values: np.ndarray, tokens: Tokens, bar_steps: np.ndarray, seen: slice) -> None:
        """Brings the polyphony and loudness of what was made to what the faders ask for, in place."""
        for field, name in ((DURATION, "polyphony"), (VELOCITY, "loudness")):
            made = tokens.values[:, field] == MASK
            if not made.any():
                continue
            bars = tokens.bar[made]
            wanted = float(self.raw(self.attributes[seen], ATTRIBUTES.index(name))[bars].mean())
            if field == VELOCITY:
                values[made, field] = shifted_velocity(values[made, field], wanted)
            else:
                lines = np.concatenate([[0], np.cumsum(bar_steps)])
                onsets = lines[bars] + values[made, POSITION]
                pitch, durations = values[made, PITCH], values[made, field]
                values[made, field] = stretched_durations(onsets, pitch, durations, wanted, int(lines[-1]))

    def fill(self, canvas: Canvas, on_step: StepCallback | None) -> None:
        """Fills everything that is to be filled, and adds bars until the asked duration is reached."""
        self.feel(canvas, 0, min(canvas.num_bars, self.request.first + WINDOW))
        self.settle_globals(canvas)
        if self.request.duration_s is not None:
            self.cut_to_length(canvas, self.request.duration_s)
        each, done = plan_steps(self.request.options) + self.request.options.num_inference_steps, 0
        while stretch := next_stretch(canvas.todo) or self.lengthen(canvas):
            self.feel(canvas, stretch.start, stretch.seen_stop)
            self.plan_tempo(canvas, stretch)
            self.feel(canvas, stretch.start, stretch.seen_stop)  # now that the tempo is known
            total = done + each * self.stretches_left(canvas)
            self.plan(canvas, stretch, on_step, done, total)
            self.notes(canvas, stretch, on_step, done + plan_steps(self.request.options), total)
            done += each
        self.feel(canvas, len(self.emotion), canvas.num_bars)  # kept bars after the last that was made

    def stretches_left(self, canvas: Canvas) -> int:
        """How many stretches are still to be filled; an estimate while the tempo of later bars is open."""
        todo, count = np.concatenate([canvas.todo, np.ones(self.missing_bars(canvas), bool)]), 0
        while stretch := next_stretch(todo):
            todo[stretch.start : stretch.stop] = False
            count += 1
        return count

    def cut_to_length(self, canvas: Canvas, duration_s: float) -> None:
        """Cuts the first stretch to the asked duration, by the tempo that it will have."""
        stretch = next_stretch(canvas.todo)
        if stretch is not None:
            self.plan_tempo(canvas, stretch)
            canvas.cut(self.request.first + bars_within(canvas, self.request.first, duration_s))

    def missing_bars(self, canvas: Canvas) -> int:
        """How many bars the asked duration lacks: the nearest number that keeps the tempo in its range."""
        if self.request.duration_s is None:
            return 0
        each, made = canvas.bar_seconds[-1], canvas.bar_seconds[self.request.first :].sum()
        exact = (self.request.duration_s - made) / each
        nearest = sorted({math.floor(exact), math.ceil(exact)}, key=lambda count: abs(count - exact))
        tempo = canvas.tempo[self.request.first :]
        for count in nearest:
            if keeps_range(tempo, (made + count * each) / self.request.duration_s, canvas.tempo_range):
                return max(0, count)
        return max(0, nearest[0])

    def lengthen(self, canvas: Canvas) -> Stretch | None:
        """Adds the bars that are missing to the asked duration; None when none are."""
        missing = self.missing_bars(canvas)
        if missing < 1:
            return None
        canvas.extend(min(missing, WINDOW - CONTEXT), like_last=True)
        return next_stretch(canvas.todo)


def bars_within(canvas: Canvas, first: int, duration_s: float) -> int:
    """How many bars from `first` come nearest to a duration, at least one, within the tempo range."""
    ends, tempo = np.cumsum(canvas.bar_seconds[first:]), canvas.tempo[first:]
    nearest = np.abs(ends - duration_s).argsort(kind="stable")[:2]
    for index in nearest:
        if keeps_range(tempo[: index + 1], ends[index] / duration_s, canvas.tempo_range):
            return int(index) + 1
    return int(nearest[0]) + 1


def keeps_range(tempo: np.ndarray, factor: float, tempo_range: tuple[float, float]) -> bool:
    """Whether bars stay in the tempo range when all are played `factor` times as fast."""
    low, high = tempo_range
    return tempo.min() * factor >= low - 1e-6 and tempo.max() * factor <= high + 1e-6


def plan_steps(options: MusicOptions) -> int:
    """Steps for the plan: it is short, so fewer do."""
    return max(1, options.num_inference_steps // 2)

"""From a prompt to sound with its timings: what the speech backend does with its weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from conditioning import EmotionCurve, load_space
from conditioning.calibration import calibrated
from generators.base import PartCallback, StepCallback
from generators.media import TRACK_STEP_S, Audio, Mark, join
from generators.voice.features import FRAME_RATE, HOP_LENGTH, SAMPLE_RATE
from generators.weights import Weights, provenance

from .delivery import Delivery, Planner, rounded, stretch_for, total_frames
from .drawn import Draw, Drawn
from .lent_voice import lent_voice
from .model import SpeechModel
from .options import VOCODER, SpeechOptions, SpeechPrompt, sentence_emotions
from .render import SentenceRenderer, Voice
from .text import iter_sentences
from .timing import marks_of


def speak(
    weights: Weights,
    prompt: SpeechPrompt,
    emotion: EmotionCurve,
    options: SpeechOptions,
    on_step: StepCallback | None,
    on_part: PartCallback | None,
    drawn: Drawn | None = None,
) -> Audio:
    """Says the text; see `SpeechBackend.generate`. drawn: plans that are known already."""

    def parts() -> Iterator[Audio]:
        for part in Speaking(weights, prompt, emotion, options, drawn).parts(on_step):
            if on_part:
                on_part(part)
            yield part

    return join(parts())


@dataclass(frozen=True)
class Line:
    """A sentence about to be made: its place, its plan, whole frames of each token, and exact length."""

    number: int
    delivery: Delivery
    durations: np.ndarray
    num_samples: int


class Speaking:
    """One call of the backend."""

    def __init__(
        self,
        weights: Weights,
        prompt: SpeechPrompt,
        emotion: EmotionCurve,
        options: SpeechOptions,
        drawn: Drawn | None = None,
    ) -> None:
        model: Any = weights.get(options.checkpoint)
        vocoder: Any = weights.get(VOCODER)
        self.model: SpeechModel = model
        self.vocoder, self.prompt, self.options = vocoder, prompt, options
        self.drawn = Drawn(0) if drawn is None else drawn
        self.space = load_space()
        map_ = model.checkpoint.extra.get("calibration")
        self.curves = [
            calibrated(EmotionCurve.parse(value, intensity, files=False), map_)
            for value, intensity in sentence_emotions(prompt)
        ] or [calibrated(emotion, map_)]
        voice, self.turn, used = prompt.voice, None, [model.checkpoint, vocoder.checkpoint]
        if prompt.voice_clip:
            voice, self.turn, others = lent_voice(weights, prompt, list(model.config["speakers"]))
            used += others
        self.speaker = model.speaker_index(voice)
        self.statistics = model.prosody.statistics
        self.generator = torch.Generator().manual_seed(options.seed)
        self.provenance = provenance("speech", used, prompt, emotion, options)

    def parts(self, on_step: StepCallback | None) -> Iterator[Audio]:
        """Gives the sound, piece by piece, with what is said in each."""
        progress = Progress(self.prompt.text, self.options.num_inference_steps, on_step)
        start_s = 0.0
        for line in self.lines(progress):
            yield from self.line_parts(line, start_s, progress)
            start_s += line.num_samples / SAMPLE_RATE
            progress.said(line.delivery.sentence.text)
        progress.finish()

    def lines(self, progress: Progress) -> Iterator[Line]:
        """Plans the sentences: one by one, or all before the first is made where a length is asked for."""
        if self.prompt.duration_s is not None:
            yield from self.fitted(
                self.paced_deliveries(progress, self.prompt.duration_s), self.prompt.duration_s
            )
            return
        for number, delivery in enumerate(self.deliveries(progress)):
            durations = rounded(delivery.stretched(1 / self.options.speed), delivery.row.is_pause)
            yield Line(number, delivery, durations, int(durations.sum()) * HOP_LENGTH)

    def paced_deliveries(self, progress: Progress, duration_s: float | None) -> list[Delivery]:
        """Plans all sentences; where the feeling changes over time, again once their times are known."""
        before = self.generator.get_state()
        if any(len(curve.keyframes) > 1 for curve in self.curves):
            planned = list(self.deliveries(progress))
            if duration_s is None:
                return planned
            self.generator.set_state(before)
            return list(self.deliveries(progress, duration_s * FRAME_RATE / total_frames(planned, 1.0)))
        # The speaker is the bundled voice that says it: of a lent voice's file the plan takes nothing else.
        device = str(self.model.prosody.out.weight.device)
        key = (replace(self.prompt, duration_s=None), self.speaker, tuple(self.curves), self.options, device)
        draw = self.drawn.get(key)
        if draw is None:
            draw = Draw(list(self.deliveries(progress)), self.generator.get_state())
            if duration_s is None:  # somebody asks for the length, and will ask for the sound
                self.drawn.put(key, draw)
        self.generator.set_state(draw.state)
        return draw.plans

    def deliveries(self, progress: Progress, pace: float = 1.0) -> Iterator[Delivery]:
        """Plans the sentences in order, each as if at natural speed.

        Args:
            pace: seconds that will pass for each natural one.
        """
        start_s, pace = 0.0, pace / self.options.speed
        for number, sentence in enumerate(iter_sentences(self.prompt.text, self.prompt.language)):
            planner = Planner(
                self.model.prosody, self.speaker, self.emotion_at(number), self.space.neutral, self.options
            )
            delivery = planner.plan(sentence, start_s, pace, self.generator)
            progress.planned()
            yield delivery
            start_s += float(delivery.frames.sum()) / FRAME_RATE * pace

    def fitted(self, deliveries: list[Delivery], duration_s: float) -> Iterator[Line]:
        """Stretches all plans alike so that the whole lasts exactly as asked."""
        stretch = stretch_for(deliveries, duration_s * FRAME_RATE)
        exact, done = 0.0, 0
        for number, delivery in enumerate(deliveries):
            lengths = delivery.stretched(stretch)
            exact += float(lengths.sum()) * HOP_LENGTH
            num_samples = round(exact) - done
            if number == len(deliveries) - 1:
                num_samples = round(duration_s * SAMPLE_RATE) - done
            durations = rounded(lengths, delivery.row.is_pause)
            # Up to a frame too many, of silence; the surplus samples are cut.
            durations[-1] += max(0, -(-num_samples // HOP_LENGTH) - int(durations.sum()))
            yield Line(number, delivery, durations, num_samples)
            done += num_samples

    def curve(self, number: int) -> EmotionCurve:
        """The emotion of a sentence; the last one given rules what follows it."""
        return self.curves[min(number, len(self.curves) - 1)]

    def emotion_at(self, number: int) -> Callable[[np.ndarray], torch.Tensor]:
        curve = self.curve(number)
        return lambda times_s: self.space.embed_curve(curve, times_s.tolist()).cpu()

    def line_parts(self, line: Line, start_s: float, progress: Progress) -> Iterator[Audio]:
        """Makes one sentence."""
        voice = Voice(
            self.model.acoustic,
            self.vocoder,
            self.statistics,
            self.speaker,
            self.emotion_at(line.number),
            self.options,
            self.turn,
        )
        renderer = SentenceRenderer(voice, line.delivery, line.durations, start_s, self.generator)
        marks, done = marks_of(line.delivery, line.durations), 0
        length_s = line.num_samples / SAMPLE_RATE  # of the last frame a part may be cut
        for piece in renderer.pieces(progress.within(line.delivery.sentence.text)):
            piece = piece[: line.num_samples - done]
            begin_s, end_s = done / SAMPLE_RATE, (done + len(piece)) / SAMPLE_RATE
            own = [mark for mark in marks if begin_s <= mark.start_s < end_s]
            yield Audio(
                piece[None],
                SAMPLE_RATE,
                tuple(
                    Mark(m.start_s - begin_s, min(m.end_s, length_s) - begin_s, m.text, m.kind) for m in own
                ),
                emotion_track=self.track(line.number, start_s + begin_s, start_s + end_s),
                provenance=self.provenance,
            )
            done += len(piece)

    def track(self, number: int, start_s: float, end_s: float) -> tuple[tuple[float, float, float], ...]:
        """Valence and arousal from `start_s` on, times from 0."""
        times = np.arange(start_s, end_s, TRACK_STEP_S)
        places = self.space.vad(self.emotion_at(number)(times)).tolist()
        rows = [(float(t - start_s), v, a) for t, (v, a, _) in zip(times, places, strict=True)]
        # A feeling that stays is one row.
        return tuple(row for at, row in enumerate(rows) if at == 0 or row[1:] != rows[at - 1][1:])


class Progress:
    """Steps done of steps in all, reckoned in characters, since a text is read only as it is said."""

    def __init__(self, text: str, steps: int, on_step: StepCallback | None) -> None:
        self.length, self.on_step = max(1, len(text)), on_step
        self.total = steps * (1 + self.length // 80)
        self.before = 0

    def said(self, text: str) -> None:
        self.before += len(text)

    def planned(self) -> None:
        """Lets the caller cancel between plans, of which a long text with a given length needs many."""
        self.within("")(0.0)

    def within(self, text: str) -> Callable[[float], None]:
        """Gives the callback for one sentence: the share of it that is done."""

        def step(share: float) -> None:
            if self.on_step:
                done = int(self.total * (self.before + share * len(text)) / self.length)
                self.on_step(max(1, min(done, self.total - 1)), self.total)

        return step

    def finish(self) -> None:
        if self.on_step:
            self.on_step(self.total, self.total)

"""From a recording to the same words of the same person with another feeling."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from conditioning import Emotion, EmotionCurve, load_space
from conditioning.calibration import calibrated
from generators.base import PartCallback, StepCallback
from generators.media import TRACK_STEP_S, Converted, join
from generators.sampling import guidance_passes, guided_flow, sample_flow
from generators.voice.features import FRAME_RATE, HOP_LENGTH, SAMPLE_RATE, analyse
from generators.voice.heard import source_emotion
from generators.voice.limiter import softly_limited
from generators.voice.recording import Recording, log_f0_of, recording_of
from generators.voice.recording_file import Survey, stretches, survey
from generators.voice.speaker_encoder import CHECKPOINT as SPEAKERS
from generators.voice.vocoder import harmonic_source
from generators.weights import Weights, provenance

from .content import content_of, voice_of
from .doubts import doubts
from .edits import CHANNELS, F0, MOST, SHAPE, STRIDE, Edited, apply_edit, moments
from .identity import turn_to, turned
from .model import EMOTION_MOMENTS, PATCH, EditDenoiser
from .options import ALIGNER, AUTO, VOCODER, ConversionOptions, ConversionPrompt
from .summary import moved

PULL = 0.85  # how far a draw is moved towards what the direction does to most people
UNGUIDED = guidance_passes()
LEAST_FRAMES = 12  # a stretch shorter than this is left as it is


def convert(
    weights: Weights,
    prompt: ConversionPrompt,
    emotion: EmotionCurve,
    options: ConversionOptions,
    on_step: StepCallback | None,
    on_part: PartCallback | None,
) -> Converted:
    """Converts a recording; see `ConversionBackend.generate`."""

    def parts() -> Iterator[Converted]:
        for part in Conversion(weights, prompt, emotion, options).parts(on_step):
            if on_part:
                on_part(part)
            yield part

    return join(parts())


class Conversion:
    """One call of the backend."""

    def __init__(
        self, weights: Weights, prompt: ConversionPrompt, emotion: EmotionCurve, options: ConversionOptions
    ) -> None:
        self.model: EditDenoiser = weights.get(options.checkpoint)
        self.aligner, self.vocoder = weights.get(ALIGNER), weights.get(VOCODER)
        self.prompt, self.options = prompt, options
        self.space = load_space()
        self.curve = calibrated(emotion, self.model.checkpoint.extra.get("calibration"))
        self.generator = torch.Generator().manual_seed(options.seed)
        self.survey: Survey = survey(prompt.audio)
        frames = analyse(self.survey.sample)
        sample, phones = recording_of(self.aligner, frames)
        self.voice = torch.from_numpy(voice_of(sample))[None]
        used = [self.model.checkpoint, self.aligner.checkpoint, self.vocoder.checkpoint]
        if prompt.source_emotion == AUTO:
            name, sure, encoder = source_emotion(prompt.audio)
            self.from_point = self.space.embed(Emotion.parse(name, sure))
            used.append(encoder)
        else:
            self.from_point = self.space.embed(Emotion.parse(prompt.source_emotion, 1.0))
        self.turn, others = turn_to(weights, prompt, sample, phones)
        used += others
        encoder = weights.get(SPEAKERS)
        self.warnings = tuple(doubts(self.survey, sample, frames, phones, encoder))
        self.passes = guidance_passes(
            options.content_guidance_scale, options.identity_guidance_scale, options.emotion_guidance_scale
        )
        self.provenance = provenance("conversion", used, prompt, emotion, options)

    def parts(self, on_step: StepCallback | None) -> Iterator[Converted]:
        """Gives the sound, stretch by stretch."""
        total = 2 * self.options.num_inference_steps * max(1, round(self.survey.duration_s / 8))
        source_s = 0.0
        gain = np.float32(10 ** (self.survey.gain_db / 20))
        for samples in stretches(self.prompt.audio):
            length_s = len(samples) / SAMPLE_RATE

            def step(at: int, of: int, before: float = source_s, length: float = length_s) -> None:
                if on_step:
                    share = (before + length * at / of) / max(self.survey.duration_s, before + length)
                    on_step(min(total, max(1, round(share * total))), total)

            samples = (samples - self.survey.offset) * gain
            made = softly_limited(self.stretch(samples, source_s, step) / gain)
            track = self.track(source_s, source_s + length_s, len(made) / SAMPLE_RATE / length_s)
            yield Converted(
                made[None],
                SAMPLE_RATE,
                emotion_track=track,
                warnings=self.warnings,
                provenance=self.provenance,
            )
            source_s += length_s

    def stretch(self, samples: np.ndarray, start_s: float, on_step: StepCallback) -> np.ndarray:
        """Converts one stretch. (S,) -> (S',), S' = S where the timing is kept."""
        num_frames = -(-len(samples) // HOP_LENGTH)
        if num_frames < LEAST_FRAMES or np.abs(samples).max() < 1e-4:
            return samples
        padded = np.pad(samples, (0, num_frames * HOP_LENGTH - len(samples)))
        frames = analyse(padded).between(0, num_frames)
        recording, phones = recording_of(self.aligner, frames)
        if self.turn is not None:
            recording = turned(recording, phones, self.turn)
        edit = self.edit(recording, start_s, on_step)
        edited = apply_edit(recording, edit, self.prompt.keep_timing)
        sound = self.sound(edited)
        return sound[: len(samples)] if self.prompt.keep_timing else sound

    def edit(self, recording: Recording, start_s: float, on_step: StepCallback) -> np.ndarray:
        """Draws what to change. (G, 14)"""
        content = content_of(recording)
        count = len(content)
        direction = self.direction(count, start_s)
        felt = direction[np.arange(count) // EMOTION_MOMENTS].mean(0)
        drawn = self.drawn(content, direction, on_step)
        wanted = (self.model.summary_of_direction.float().cpu() @ felt).numpy()
        edit = moved(drawn, content, wanted, PULL)
        edit = self.with_options(edit, recording)
        return np.clip(edit, -MOST, MOST).astype(np.float32)

    def direction(self, count: int, start_s: float) -> Tensor:
        """From what the source expresses to what is asked, every 16 moments. (S, 64)"""
        at = np.arange(-(-count // EMOTION_MOMENTS)) * EMOTION_MOMENTS * STRIDE / FRAME_RATE
        return self.space.embed_curve(self.curve, (start_s + at).tolist()).cpu() - self.from_point

    def drawn(self, content: np.ndarray, direction: Tensor, on_step: StepCallback) -> np.ndarray:
        """Draws an edit, which is nothing where there is no direction. (G, 21) -> (G, 14)

        Two draws from the same noise: along the direction, and along none. What the second has, takes of one
        line differ by anyway, so it is taken away.
        """
        if not direction.any():  # guidance alone would already move it
            on_step(1, 1)
            return np.zeros((len(content), CHANNELS), np.float32)
        noise = torch.randn((1, len(content) + len(content) % PATCH, CHANNELS), generator=self.generator)
        noise *= self.options.temperature
        nowhere = torch.zeros_like(direction)
        calm = self.sampled(content, nowhere, noise, UNGUIDED, lambda at, of: on_step(at, 2 * of))
        felt = self.sampled(content, direction, noise, self.passes, lambda at, of: on_step(of + at, 2 * of))
        return felt - calm

    def sampled(
        self,
        content: np.ndarray,
        direction: Tensor,
        noise: Tensor,
        passes: Sequence[tuple[int, float]],
        on_step: StepCallback,
    ) -> np.ndarray:
        """Follows the flow. (G, 14)"""
        device, dtype = self.model.out.weight.device, self.model.out.weight.dtype
        count, padded = len(content), noise.shape[1]
        batch = {
            "content": torch.nn.functional.pad(torch.from_numpy(content), (0, 0, 0, padded - count))[None],
            "voice": self.voice,
            "direction": direction[None],
        }
        batch = {name: value.to(device, dtype) for name, value in batch.items()}
        batch["mask"] = (torch.arange(padded) < count)[None].to(device)

        def network(x: Tensor, t: Tensor, **conditions: Any) -> tuple[Tensor, None]:
            flow, _ = self.model(x, t, **conditions)
            # The envelope is guided. Melody and rhythm are not: guided they cost words and say no more.
            flow[..., : SHAPE.start] = flow[-1:, :, : SHAPE.start]
            return flow, None

        made = sample_flow(
            lambda x, t: guided_flow(network, x, t, batch, passes),
            noise.to(device, dtype),
            num_inference_steps=self.options.num_inference_steps,
            on_step=on_step,
        )
        return np.asarray((made[0, :count].float() * self.model.scale.float()).cpu().numpy())

    def with_options(self, edit: np.ndarray, recording: Recording) -> np.ndarray:
        """Applies the faders, exactly."""
        out = edit.copy()
        grid = moments(len(recording)).round().astype(int).clip(0, len(recording) - 1)
        log_f0 = log_f0_of(recording.f0_hz)[grid] + out[:, F0]
        out[:, F0] += (self.options.f0_range - 1) * (log_f0 - log_f0.mean())
        out[:, F0] += self.options.f0_shift * np.log(2) / 12
        return out

    @torch.no_grad()
    def sound(self, edited: Edited) -> np.ndarray:
        """Gives the sound of an edited stretch. (T * 256,)"""
        device, dtype = self.vocoder.out.weight.device, self.vocoder.out.weight.dtype
        f0 = torch.from_numpy(edited.f0_hz)[None]
        breath = torch.randn((1, len(edited.f0_hz) * HOP_LENGTH), generator=self.generator)
        samples = self.vocoder(
            torch.from_numpy(edited.envelope)[None].to(device, dtype),
            f0.to(device, dtype),
            harmonic_source(f0).to(device),
            breath.to(device),
        )
        return np.asarray(samples[0].float().cpu().numpy())

    def track(self, start_s: float, end_s: float, pace: float) -> tuple[tuple[float, float, float], ...]:
        """Valence and arousal of what is asked, times from 0 in the result's seconds."""
        times = np.arange(start_s, end_s, TRACK_STEP_S)
        places = self.space.vad(self.space.embed_curve(self.curve, times.tolist())).tolist()
        rows = [(float(t - start_s) * pace, v, a) for t, (v, a, _) in zip(times, places, strict=True)]
        return tuple(row for at, row in enumerate(rows) if at == 0 or row[1:] != rows[at - 1][1:])

"""A planned sentence to sound, window by window, so that memory is flat and the first sound comes soon."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from generators.sampling import guidance_passes, guided_flow, sample_flow
from generators.voice.features import F0_MAX_HZ, F0_MIN_HZ, FRAME_RATE, HOP_LENGTH, LOG_PER_DB, N_MELS
from generators.voice.identity import Turn
from generators.voice.limiter import softly_limited
from generators.voice.vocoder import Vocoder, harmonic_source

from .acoustic import CHANNELS, AcousticDenoiser
from .acoustic_examples import DETAIL_SCALE, EMOTION_FRAMES, plan_frames
from .delivery import Delivery, token_inputs
from .lent_voice import colours_over
from .options import SpeechOptions
from .plan import ENERGY, VoiceStatistics

FIRST_WINDOW, WINDOW = 112, 288  # frames made in one go: about 1 and 3 seconds
CONTEXT = 32  # frames seen on each side
FADE = 16  # frames over which one window gives way to the next
GUIDED_UNTIL = 0.5  # of the path: there the phones are decided; later guidance adds little and costs as much
UNGUIDED = guidance_passes()
NOISE = 0.3  # of the spread in training
LOUDNESS_KEPT = 0.2  # of what effort adds, as if the shouter stood back; the timbre of effort stays
OUTPUT_GAIN_DB = 5.0


@dataclass(frozen=True)
class Voice:
    """Everything that stays the same for all sentences of a call; `turn` makes the speaker somebody else."""

    acoustic: AcousticDenoiser
    vocoder: Vocoder
    statistics: VoiceStatistics
    speaker: int
    emotion_at: Callable[[np.ndarray], Tensor]
    options: SpeechOptions
    turn: Turn | None = None


class SentenceRenderer:
    """Makes the sound of one sentence.

    Args:
        durations: (N,) whole frames, together T. start_s: of the sentence in the whole.
        generator: all noise of the sentence is drawn at once, so that windows meet on the same noise.
    """

    def __init__(
        self,
        voice: Voice,
        delivery: Delivery,
        durations: np.ndarray,
        start_s: float,
        generator: torch.Generator,
    ) -> None:
        self.voice, self.delivery, self.start_s = voice, delivery, start_s
        self.total = int(durations.sum())
        log_f0 = float(voice.statistics.speaker_mean[voice.speaker, 2])
        self.plan, self.token_at = plan_frames(
            delivery.values, durations, delivery.row, log_f0, voice.statistics
        )
        # Less noise than in training: what is likely is clear, what is drawn at full spread slurs.
        self.noise = NOISE * torch.randn((self.total + EMOTION_FRAMES, CHANNELS), generator=generator)
        self.breath = torch.randn((1, self.total * HOP_LENGTH), generator=generator)
        self.made = np.zeros((self.total, CHANNELS), np.float32)
        self.colour = np.zeros((self.total, N_MELS), np.float32)
        if voice.turn is not None:
            self.colour = colours_over(voice.turn, delivery.row.symbol[self.token_at])
        effort_db = delivery.values[~delivery.row.is_pause, ENERGY].mean() * voice.statistics.scale[ENERGY]
        self.turned_down = (1 - LOUDNESS_KEPT) * max(0.0, float(effort_db)) * LOG_PER_DB
        # Not of the emotion: the plan follows it, and the sound the plan; more here blurs words and voice.
        self.passes = guidance_passes(
            voice.options.content_guidance_scale, voice.options.identity_guidance_scale
        )

    def pieces(self, on_step: Callable[[float], None]) -> Iterator[np.ndarray]:
        """Gives the sound piece by piece.

        Args:
            on_step: called after every step of every window with the share done, 0..1.

        Yields:
            (S,) float32; all pieces together T * 256 samples.
        """
        windows, given_out = window_bounds(self.total), 0
        for number, (start, end) in enumerate(windows):

            def step(done: int, steps: int, number: int = number) -> None:
                on_step((number + done / steps) / len(windows))

            self.fill(start, end, step)
            final = end == self.total
            stop = end if final else end - FADE - self.voice.vocoder.context_frames
            yield self.sound(given_out, stop, end if final else end - FADE)
            given_out = stop

    def fill(self, start: int, end: int, on_step: Callable[[int, int], None]) -> None:
        """Makes the frames of a window; over its first frames the window before fades out."""
        first, last = max(0, start - CONTEXT), min(self.total, end + CONTEXT)
        frames = self.window(first, last, on_step)
        fade_from = max(0, start - FADE)
        share = ((np.arange(fade_from, end) - fade_from + 0.5) / FADE).clip(0, 1)[:, None]
        if start == 0:
            share[:] = 1
        new = frames[fade_from - first : end - first]
        self.made[fade_from:end] = (1 - share) * self.made[fade_from:end] + share * new

    def window(self, first: int, last: int, on_step: Callable[[int, int], None]) -> np.ndarray:
        """Samples the frames from `first` to `last`. (last - first, 102)"""
        voice, model = self.voice, self.voice.acoustic
        device, dtype = model.out.weight.device, model.out.weight.dtype
        length = last - first
        padded = -(-length // EMOTION_FRAMES) * EMOTION_FRAMES
        tokens = self.token_at[first:last]
        low, high = int(tokens[0]), int(tokens[-1]) + 1
        times = self.start_s + (first + np.arange(padded // EMOTION_FRAMES) * EMOTION_FRAMES) / FRAME_RATE
        batch = {
            "tokens": token_inputs(self.delivery.row, device, low, high),
            "token_at": pad_frames(torch.from_numpy(tokens - low), padded)[None].to(device),
            "plan": pad_frames(torch.from_numpy(self.plan[first:last]), padded)[None].to(device, dtype),
            "mask": (torch.arange(padded) < length)[None].to(device),
            "speaker": torch.tensor([voice.speaker], device=device),
            "emotion": voice.emotion_at(times)[None].to(device, dtype),
        }
        noise = pad_frames(self.noise[first:last], padded)[None].to(device, dtype)

        def flow(x: Tensor, t: float) -> Tensor:
            passes = self.passes if t < GUIDED_UNTIL else UNGUIDED
            return guided_flow(model, x, t, batch, passes)

        made = sample_flow(
            flow, noise, num_inference_steps=voice.options.num_inference_steps, on_step=on_step
        )
        return made[0, :length].float().cpu().numpy()

    @torch.no_grad()
    def sound(self, start: int, stop: int, known: int) -> np.ndarray:
        """Gives the sound of frames `start` to `stop`, of which the frames up to `known` are made."""
        voice = self.voice
        reach = voice.vocoder.context_frames
        first, last = max(0, start - reach), min(known, stop + reach)
        f0 = torch.from_numpy(self.f0_hz(known))[None]
        # From the sentence's start each time, so that the phase runs on.
        harmonics = harmonic_source(f0)
        part = slice(first * HOP_LENGTH, last * HOP_LENGTH)
        device = voice.vocoder.out.weight.device
        samples = voice.vocoder(
            torch.from_numpy(self.log_mel(first, last))[None].to(device, voice.vocoder.out.weight.dtype),
            f0[:, first:last].to(device, voice.vocoder.out.weight.dtype),
            harmonics[:, part].to(device),
            self.breath[:, part].to(device),
        )[0]
        made = samples.float().cpu().numpy()[(start - first) * HOP_LENGTH : (stop - first) * HOP_LENGTH]
        return softly_limited(made * 10 ** (OUTPUT_GAIN_DB / 20))

    def log_mel(self, first: int, last: int) -> np.ndarray:
        """The spectrogram in log units. (last - first, 100)"""
        model = self.voice.acoustic
        colour = model.speaker_mel[self.voice.speaker].float().cpu().numpy()
        scale = model.mel_scale.float().cpu().numpy()
        colour = colour + self.colour[first:last]
        return (self.made[first:last, :N_MELS] * scale + colour - self.turned_down).astype(np.float32)

    def f0_hz(self, known: int) -> np.ndarray:
        """f0 of the frames made so far, 0 where unvoiced. (known,)"""
        statistics = self.voice.statistics
        level = statistics.speaker_mean[self.voice.speaker, 2]
        detail = self.made[:known, N_MELS + 1].clip(-3, 3) * DETAIL_SCALE
        log_f0 = self.plan[:known, 0] * statistics.scale[1] + level + detail
        if self.voice.turn is not None:
            log_f0 = self.voice.turn.contour(log_f0)
        f0 = np.exp(log_f0).clip(F0_MIN_HZ, F0_MAX_HZ)
        return np.where(self.made[:known, N_MELS] > 0, f0, 0).astype(np.float32)


def window_bounds(total: int) -> list[tuple[int, int]]:
    """Cuts T frames into windows, the first one short where there are several."""
    if total <= WINDOW:
        return [(0, total)]
    count = -(-(total - FIRST_WINDOW) // WINDOW)
    # Even shares of the rest, so that the last window is not a stub.
    ends = FIRST_WINDOW + np.round(np.arange(count + 1) * (total - FIRST_WINDOW) / count).astype(int)
    return [(0, FIRST_WINDOW), *zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)]


def pad_frames(x: Tensor, length: int) -> Tensor:
    """Adds zeros up to `length` along the first axis."""
    return torch.nn.functional.pad(x, (0, 0) * (x.ndim - 1) + (0, length - len(x)))

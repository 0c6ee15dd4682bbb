"""Recipe of the vocoder: spectral losses first, then the discriminators join."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import checkpoints
from training.loop import TrainConfig, steps_done, train

from .corpus import Corpus, Utterance, prepared_corpus
from .discriminators import Discriminators, adversarial_loss, discriminator_loss, feature_loss
from .features import HOP_LENGTH, LOG_FLOOR, LOG_PER_DB, log_mel, smooth_envelope
from .vocoder import Vocoder, harmonic_source

# n_fft of the spectral loss; hop a quarter.
RESOLUTIONS = (256, 512, 1024, 2048)
ENVELOPE_SHARE = 0.6
LOG_MIN = math.log(LOG_FLOOR)


class VocoderTraining(nn.Module):
    """The vocoder and its discriminators, trained in one step: each loss reaches only its own network."""

    def __init__(self, vocoder: Vocoder, discriminators: Discriminators) -> None:
        super().__init__()
        self.vocoder = vocoder
        self.discriminators = discriminators

    def judge_frozen(self, samples: Tensor) -> list[list[Tensor]]:
        """The discriminators' judgement, through which no gradient reaches their weights."""
        weights = {name: p.detach() for name, p in self.discriminators.named_parameters()}
        return torch.func.functional_call(self.discriminators, weights, (samples,))


class Segments:
    """Draws segments of sound; which is a pure function of the step."""

    def __init__(self, corpus: Corpus, utterances: list[Utterance], batch_size: int, num_frames: int) -> None:
        self.corpus = corpus
        self.utterances = [u for u in utterances if u.num_frames > num_frames]
        self.weights = np.array([u.num_frames for u in self.utterances], np.float64)
        self.weights /= self.weights.sum()
        self.batch_size, self.num_frames = batch_size, num_frames

    def batch_at(self, step: int, rank: int) -> dict[str, Tensor]:
        """Gives samples (B, T * 256), log_mel (B, T, 100), f0_hz (B, T)."""
        rng = np.random.default_rng((17, step, rank))
        rows = []
        for index in rng.choice(len(self.utterances), self.batch_size, p=self.weights):
            utterance = self.utterances[index]
            first = int(rng.integers(0, utterance.num_frames - self.num_frames))
            # The envelope as the acoustic model makes it, or the spectrogram as a recording has it.
            smooth = bool(rng.random() < ENVELOPE_SHARE)
            rows.append(self.segment(utterance, first, smooth, gain_db=float(rng.uniform(-8, 8))))
        return {key: torch.stack([row[key] for row in rows]) for key in rows[0]}

    def segment(
        self, utterance: Utterance, first: int, smooth: bool, gain_db: float = 0.0
    ) -> dict[str, Tensor]:
        at = utterance.first_frame + first
        frames = slice(at, at + self.num_frames)
        sound = slice(at * HOP_LENGTH, (at + self.num_frames) * HOP_LENGTH)
        gain = 10 ** (gain_db / 20)
        mel, f0 = (self.corpus.log_mel[frames].astype(np.float32), self.corpus.f0_hz[frames])
        if smooth:
            mel = smooth_envelope(mel, f0)
        return {
            "samples": torch.from_numpy(
                self.corpus.audio[sound].astype(np.float32) * np.float32(gain / 32768)
            ),
            "log_mel": torch.from_numpy(
                np.maximum(mel + np.float32(gain_db * LOG_PER_DB), np.float32(LOG_MIN))
            ),
            "f0_hz": torch.from_numpy(f0.astype(np.float32)),
        }


def spectral_loss(made: Tensor, real: Tensor) -> Tensor:
    """L1 between log magnitudes and relative L2 between magnitudes, over several resolutions.

    Source: Yamamoto et al. 2020, "Parallel WaveGAN", equations 4 to 6.
    """
    terms = []
    for n_fft in RESOLUTIONS:
        window = torch.hann_window(n_fft, device=made.device)
        a, b = (
            torch.stft(x, n_fft, n_fft // 4, window=window, return_complex=True).abs() for x in (made, real)
        )
        convergence = (a - b).norm(dim=(1, 2)) / b.norm(dim=(1, 2)).clamp(min=1e-2)
        # Floored well below speech, else the loss is all about the recording's noise floor.
        distance = ((a + 1e-3 * n_fft**0.5 / 8).log() - (b + 1e-3 * n_fft**0.5 / 8).log()).abs()
        terms.append(convergence.mean() + distance.mean())
    return torch.stack(terms).mean()


def losses_of(model: VocoderTraining, batch: dict[str, Tensor], step: int, config: dict) -> dict[str, Tensor]:
    """Spectral and mel losses; from `adversarial_from` on, the discriminators' too."""
    real = batch["samples"]
    with torch.no_grad():
        harmonics = harmonic_source(batch["f0_hz"], torch.rand(len(real), device=real.device))
        noise = torch.randn_like(harmonics)
    made = model.vocoder(batch["log_mel"], batch["f0_hz"], harmonics, noise).float()
    # The first and last frames lack their neighbours.
    edge = 4 * HOP_LENGTH
    made, real = made[:, edge:-edge], real[:, edge:-edge]
    with torch.autocast(made.device.type, enabled=False):
        spectral = spectral_loss(made, real)
        mel = F.l1_loss(log_mel(made), log_mel(real))
    out = {"loss": config["spectral_weight"] * spectral + mel, "spectral": spectral, "mel": mel}
    if step < config["adversarial_from"]:
        return out
    length = config["judged_frames"] * HOP_LENGTH
    start = int(torch.randint(0, made.shape[1] - length + 1, ()))
    made, real = made[:, start : start + length], real[:, start : start + length]
    both = model.discriminators(torch.cat([real, made.detach()]))
    seen_real = [[x[: len(real)] for x in member] for member in both]
    seen_made = [[x[len(real) :] for x in member] for member in both]
    judged = discriminator_loss(seen_real, seen_made)
    made_seen = model.judge_frozen(made)
    adversarial, features = adversarial_loss(made_seen), feature_loss(seen_real, made_seen)
    ramp = min(1.0, (step - config["adversarial_from"]) / 300)
    out["loss"] = (
        out["loss"]
        + judged
        + ramp * (config["adversarial_weight"] * adversarial + config["feature_weight"] * features)
    )
    return {**out, "judged": judged, "adversarial": adversarial, "features": features}


def run(
    config: dict[str, Any],
    data_dir: str | Path,
    out_dir: str | Path,
    resume: bool = False,
    on_step: Any = None,
) -> Vocoder:
    """Trains as the config says and ships the checkpoint that it names.

    Args:
        config: name, licence, non_commercial, data, corpora, speakers, cache, model, batch_size, num_frames,
            loss, train.
        data_dir: folder with the unpacked data sets; not read when the cache is there.
    """
    corpus = prepared_corpus(config, data_dir)
    utterances = [u for u in corpus.of_speakers(config["speakers"]) if not u.held_out]
    source = Segments(corpus, utterances, config["batch_size"], config["num_frames"])
    torch.manual_seed(config["train"].get("seed", 0))
    model = VocoderTraining(Vocoder(**config["model"]), Discriminators())
    train_config = TrainConfig(**config["train"])
    averaged = train(
        model,
        source.batch_at,
        lambda m, batch, step: losses_of(m, batch, step, config["loss"]),
        train_config,
        out_dir,
        resume=resume,
        on_step=on_step,
    )
    if steps_done(out_dir) >= train_config.max_steps:
        checkpoints.ship(averaged.vocoder, config, purpose="from frames and f0 to sound")
    return averaged.vocoder

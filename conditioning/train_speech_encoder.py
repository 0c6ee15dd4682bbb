"""Recipe of the speech encoder: acted speech to the frozen space's points, judged on speakers never heard.

A voice must not be taken for a mood. Every clip is also heard from virtual speakers and rooms (pitch and
formants moved together, noise, a narrower band, another tilt), and a classifier that tries to name the
speaker from the hidden layer is worked against (Ganin et al., "Domain-Adversarial Training of Neural
Networks", 2016).
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import checkpoints
from training.data.speech import Recording, recording, speaker_folds
from training.loop import TrainConfig, steps_done, train, without_time_budget

from .encoders.speech import CHECKPOINT, STATES, SpeechEncoder, pad
from .encoders.speech_frames import (
    NUM_FEATURES,
    NUM_MELS,
    NUM_SUMMARY,
    RATE,
    Heard,
    frames_of,
    read_speech,
    resampled,
)
from .names import find_state
from .speech_probes import figures_of, gain_of

COMMAND = "affect train speech-encoder --config training/configs/speech-encoder.yaml --data DATA"
LICENCE = "CC-BY-NC-SA-4.0"
PURPOSE = "Reads a voice into the emotion space, so that a recording can be an emotion reference."
MOST_FRAMES = 110
OnStep = Callable[[int, int, dict[str, float]], None]


def clips_of(data_dir: str | Path, corpora: Sequence[str]) -> list[Recording]:
    """Gives the acted clips of the corpora, also those cut in the middle of a sentence.

    Raises:
        FileNotFoundError: a corpus is not there.
    """
    found = []
    for corpus in corpora:
        table = Path(data_dir) / corpus / "metadata.csv"
        if not table.exists():
            raise FileNotFoundError(f"expected a metadata.csv of {corpus}, found none")
        with open(table, encoding="utf-8", newline="") as file:
            rows = [recording(table.parent, row) for row in csv.DictReader(file)]
        found += [row for row in rows if find_state(row.emotion) in STATES]
    return found


def corpus_of(clip: Recording) -> str:
    return clip.id.split("/")[0]


def states_of(clips: Sequence[Recording]) -> np.ndarray:
    """(N,) index of each clip's state."""
    return np.array([STATES.index(str(find_state(clip.emotion))) for clip in clips])


def vary(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lets another speaker say the same in another room: (S,) -> (S',) at 16 kHz.

    Resampling moves f0 and formants together, as a larger or smaller body does.
    """
    samples = resampled(samples, RATE * 2 ** rng.uniform(-0.22, 0.22))
    if rng.random() < 0.3:
        spectrum = np.fft.rfft(samples)
        hz = np.fft.rfftfreq(len(samples), 1 / RATE)
        samples = np.fft.irfft(spectrum / np.sqrt(1 + (hz / rng.uniform(3000, 7500)) ** 12), len(samples))
    if rng.random() < 0.5:
        level = np.sqrt(np.mean(np.square(samples))) * 10 ** (-rng.uniform(12, 40) / 20)
        noise = rng.standard_normal(len(samples))
        if rng.random() < 0.5:  # rooms hum and rumble more than they hiss
            noise = np.convolve(noise, np.exp(-np.arange(40) / 8), "same") / 2
        samples = samples + level * noise
    return np.asarray(samples, dtype=np.float32)


def hear(clips: Sequence[Recording], count: int, seed: int, cache: Path | None) -> list[list[Heard]]:
    """Gives what is heard in every clip as it is and in `count` variants; computed once into `cache`."""
    names = [clip.id for clip in clips]
    if cache is not None and cache.exists():
        with np.load(cache) as data:
            shapes = data["frames"].shape[1], data["summary"].shape
            wanted = NUM_FEATURES, (len(clips) * (1 + count), NUM_SUMMARY)
            if data["names"].tolist() == names and shapes == wanted:
                return unpacked(data["frames"], data["summary"], data["lengths"], 1 + count)
    flat: list[Heard] = []
    for at, clip in enumerate(clips):
        samples, rng = read_speech(clip.path), np.random.default_rng([seed, at])
        flat += [frames_of(samples), *(frames_of(vary(samples, rng)) for _ in range(count))]
    # Rounded also when they come straight from the clips, so that a second run gives the same weights.
    frames = np.concatenate([each.frames for each in flat]).astype(np.float16)
    summary, lengths = np.stack([each.summary for each in flat]), [len(each.frames) for each in flat]
    if cache is not None:
        cache.parent.mkdir(parents=True, exist_ok=True)
        with checkpoints.replace_file(cache) as partial, open(partial, "wb") as file:
            np.savez(file, names=names, lengths=lengths, frames=frames, summary=summary)
    return unpacked(frames, summary, lengths, 1 + count)


def unpacked(
    frames: np.ndarray, summary: np.ndarray, lengths: Sequence[int], group: int
) -> list[list[Heard]]:
    """Cuts stacked frames into clips again, `group` to a row."""
    parts = np.split(frames.astype(np.float32), np.cumsum(lengths)[:-1])
    flat = [Heard(part, row) for part, row in zip(parts, summary, strict=True)]
    return [flat[at : at + group] for at in range(0, len(flat), group)]


def tilted(clip: Heard, rng: np.random.Generator) -> Heard:
    """Another microphone's colour, and a crop of a long clip."""
    shape = np.interp(np.linspace(0, 1, NUM_MELS), np.linspace(0, 1, 5), rng.normal(0, 0.12, 5))
    start = int(rng.integers(max(1, len(clip.frames) - MOST_FRAMES)))
    summary = clip.summary.copy()
    summary[:NUM_MELS] += shape.astype(np.float32)
    return Heard(clip.frames[start : start + MOST_FRAMES], summary)


class Reversed(torch.autograd.Function):
    """The identity, whose gradient comes back with the other sign."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # type: ignore[override]
        return -gradient


class Lesson(nn.Module):
    """The encoder in training, with the classifier of speakers that it must defeat."""

    def __init__(self, encoder: SpeechEncoder, num_speakers: int) -> None:
        super().__init__()
        self.encoder = encoder
        width = encoder.config["width"]
        self.speaker = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, num_speakers))

    def forward(self, *inputs: Tensor) -> dict[str, Tensor]:
        out = self.encoder(*inputs)  # type: ignore[operator]
        return {**out, "speaker": self.speaker(Reversed.apply(out["hidden"]))}


def targets_of(clips: Sequence[Recording]) -> Tensor:
    """(N, dim) offset from neutral of each clip's state at its intensity."""
    from .space import load_space

    space = load_space()
    rows = [space.index(STATES[label]) for label in states_of(clips)]
    strength = torch.tensor([clip.intensity for clip in clips])
    return space.offsets()[rows] * strength[:, None]


def loss_of(weights: Mapping[str, float]) -> Callable[[nn.Module, dict[str, Tensor], int], dict[str, Tensor]]:
    """Gives the loss: distance to the point, nearest state, classification, place, and the speaker hidden."""
    from .space import load_space

    space = load_space()
    points = space.offsets()[[space.index(name) for name in STATES]]  # (K, dim)
    scale = points.square().sum(-1).max()

    def loss_fn(model: nn.Module, batch: dict[str, Tensor], step: int) -> dict[str, Tensor]:
        out = model(batch["frames"], batch["mask"], batch["summary"])
        offset = out["offset"].float()
        near = -5.0 * torch.cdist(offset, 0.8 * points.to(offset)).square() / scale
        change = (offset - batch["target"]) @ space.vad_weight.to(offset).T
        losses = {
            "point": (offset - batch["target"]).square().sum(-1).mean() / scale,
            "nearest": F.cross_entropy(near, batch["state"]),
            "logits": F.cross_entropy(out["logits"].float(), batch["state"], label_smoothing=0.05),
            "place": change.square().sum(-1).mean(),
            "speaker": F.cross_entropy(out["speaker"].float(), batch["speaker"]),
        }
        losses["loss"] = losses["point"] + sum(weights[name] * losses[name] for name in weights)
        return losses

    return loss_fn


def fit(
    clips: Sequence[Recording],
    heard: Sequence[Sequence[Heard]],
    config: Mapping[str, Any],
    out_dir: Path,
    *,
    resume: bool = False,
    on_step: OnStep | None = None,
) -> SpeechEncoder:
    """Trains an encoder on clips, with `heard[i]` the variants of clip i."""
    from .space import load_space

    settings = TrainConfig(**config["train"])
    torch.manual_seed(settings.seed)
    speakers = sorted({clip.speaker for clip in clips})
    speaker = torch.tensor([speakers.index(clip.speaker) for clip in clips])
    label, target = states_of(clips), targets_of(clips)
    encoder = SpeechEncoder(STATES, **config["model"])
    summaries = np.stack([each.summary for row in heard for each in row])
    encoder.summary_mean.copy_(torch.from_numpy(summaries.mean(0)))
    encoder.summary_std.copy_(torch.from_numpy(summaries.std(0) + 0.02))
    frames = np.concatenate([row[0].frames for row in heard])
    encoder.frame_std.copy_(torch.from_numpy(frames.std(0) + 0.02))
    encoder.neutral.copy_(load_space().neutral)
    # Every emotion is heard equally often, but no clip three times as often as the others.
    share = 1 / np.bincount(label, minlength=len(STATES)).clip(1)[label]
    share = np.minimum(share / share.sum(), 3 / len(clips))
    share = share / share.sum()

    def batch_at(step: int, rank: int) -> dict[str, Tensor]:
        rng = np.random.default_rng((settings.seed, step, rank))
        chosen = rng.choice(len(clips), config["batch_size"], p=share)
        picked = [tilted(heard[at][int(rng.integers(len(heard[at])))], rng) for at in chosen]
        padded, mask, summary = pad(picked)
        return {"frames": padded, "mask": mask, "summary": summary, "target": target[chosen],
                "state": torch.from_numpy(label[chosen]), "speaker": speaker[chosen]}  # fmt: skip

    lesson = Lesson(encoder, len(speakers))
    loss_fn = loss_of(config["losses"])
    trained = train(lesson, batch_at, loss_fn, settings, out_dir, resume=resume, on_step=on_step)
    return trained.encoder.eval()  # type: ignore[return-value]


def unseen(
    clips: Sequence[Recording],
    heard: Sequence[Sequence[Heard]],
    config: Mapping[str, Any],
    work_dir: Path,
    *,
    resume: bool,
) -> np.ndarray:
    """(N, dim) offsets of every clip, each by an encoder that never heard its speaker."""
    config = without_time_budget(config)
    offsets = np.zeros((len(clips), config["model"]["dim"]), dtype=np.float32)
    speakers = [(corpus_of(clip), clip.speaker) for clip in clips]
    for number, fold in enumerate(speaker_folds(speakers, config["num_folds"])):
        inside = np.setdiff1d(np.arange(len(clips)), fold)
        rows = [heard[at] for at in inside]
        model = fit([clips[at] for at in inside], rows, config, work_dir / str(number), resume=resume)
        offsets[fold] = model.read([heard[at][0] for at in fold])["offset"].numpy()
    return offsets


def run(
    config: Mapping[str, Any],
    data_dir: str | Path,
    out_dir: str | Path,
    *,
    resume: bool = False,
    on_step: OnStep | None = None,
) -> dict[str, Any]:
    """Makes the shipped checkpoint "speech-encoder"; gives its figures on unseen speakers.

    A run that `train.max_minutes` cuts short keeps its state and ships nothing.
    """
    from . import SPACE_VERSION

    out_dir = Path(out_dir)
    clips = clips_of(data_dir, config["corpora"])
    heard = hear(clips, config["variants"], config["train"]["seed"], Path(config["cache_file"]))
    model = fit(clips, heard, config, out_dir, resume=resume, on_step=on_step)
    if steps_done(out_dir) < config["train"]["max_steps"]:
        return {}
    offsets = unseen(clips, heard, config, out_dir / "folds", resume=resume)
    gain = gain_of(offsets, targets_of(clips).numpy())
    model.register_to_config(gain=gain)
    figures = figures_of(clips, gain * offsets, np.stack([row[0].summary for row in heard]))
    checkpoints.save(
        config.get("checkpoint", CHECKPOINT),
        model,
        licence=config.get("licence", LICENCE),
        non_commercial=config.get("non_commercial", True),
        data=", ".join(config["corpora"]),
        command=COMMAND,
        space_version=SPACE_VERSION,
        figures=figures,
        purpose=PURPOSE,
    )
    checkpoints.write_json(out_dir / "figures.json", figures, indent=1)
    return figures

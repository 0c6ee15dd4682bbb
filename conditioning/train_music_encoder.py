"""Recipe of the music encoder: quadrants of EMOPIA, then a head into the frozen emotion space.

Readings of the training clips themselves come from models that never saw their song
(`crossfit_valence_arousal`), so that what a backend is trained on is a graded reading and not the label
learned by heart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

import checkpoints
from training.data.music import AROUSAL_SIGN, QUADRANTS, VALENCE_SIGN, Clip, emopia, song_folds
from training.loop import TrainConfig, steps_done, train, without_time_budget

from .encoders.midi import note_array, read_midi
from .encoders.music import CHECKPOINT, MusicEncoder, pad
from .encoders.music_frames import frames_of

COMMAND = "affect train music-encoder --config training/configs/music-encoder.yaml --data DATA"
LICENCE = "CC-BY-NC-SA-4.0"
DATA = "EMOPIA 1.0, official train split (876 clips)"
TRAIN_FRAMES = 120
OnStep = Callable[[int, int, dict[str, float]], None]


def load_config(path: str | Path | None = None) -> dict[str, Any]:
    """Gives the recipe's settings; the ones in the repository when no file is named."""
    from omegaconf import OmegaConf

    import training

    default = Path(training.__file__).resolve().parent / "configs" / "music-encoder.yaml"
    return OmegaConf.to_container(OmegaConf.load(path or default))  # type: ignore[return-value]


def notes_of(clips: Sequence[Clip]) -> list[np.ndarray]:
    """Gives each clip's (N, 4) onset_s, duration_s, pitch, velocity."""
    return [note_array(read_midi(clip.path)) for clip in clips]


def vary(notes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Makes another performance of the same feeling: a crop, a few notes fewer, another key, tempo and
    touch. (N, 4)"""
    length_s = rng.uniform(18, 45)
    start_s = notes[0, 0] + rng.uniform(0, max(0.0, notes[-1, 0] - notes[0, 0] - length_s) + 1e-6)
    inside = (notes[:, 0] >= start_s) & (notes[:, 0] < start_s + length_s)
    notes = notes[inside] if inside.sum() >= 24 else notes
    kept = notes[rng.random(len(notes)) >= rng.choice([0.0, 0.05])]
    notes = kept.astype(np.float64) if len(kept) else notes.astype(np.float64)
    notes[:, 2] = np.clip(notes[:, 2] + rng.integers(-3, 4), 0, 127)
    notes[:, :2] *= np.exp(rng.uniform(-0.1, 0.1))
    notes[:, 1] *= np.exp(rng.normal(0, 0.1))
    notes[:, 3] = np.clip(notes[:, 3] + rng.normal(0, 4), 1, 127)
    if rng.random() < 0.15:
        notes[:, 3] = 64  # scores without dynamics must be readable too
    return notes


def variants_of(notes: Sequence[np.ndarray], count: int, seed: int) -> list[list[np.ndarray]]:
    """Gives each clip's frames: as it is, then `count` varied performances."""
    rng = np.random.default_rng(seed)
    return [[frames_of(clip), *(frames_of(vary(clip, rng)) for _ in range(count))] for clip in notes]


def signs_of(clips: Sequence[Clip]) -> np.ndarray:
    """(N, 2) valence and arousal of each clip's quadrant, -1 or 1."""
    return np.array([[VALENCE_SIGN[c.quadrant], AROUSAL_SIGN[c.quadrant]] for c in clips], dtype=np.float32)


def loss_fn(model: torch.nn.Module, batch: dict[str, torch.Tensor], step: int) -> dict[str, torch.Tensor]:
    """Softened cross-entropy of the quadrant and of the sides of valence and arousal."""
    out = model(batch["frames"], batch["mask"])
    quadrant = F.cross_entropy(out["quadrant"].float(), batch["label"], label_smoothing=0.05)
    va = F.binary_cross_entropy_with_logits(out["va"].float(), 0.5 + 0.47 * batch["signs"])
    return {"loss": quadrant + va, "quadrant": quadrant, "va": va}


def train_quadrants(
    clips: Sequence[Clip],
    variants: Sequence[Sequence[np.ndarray]],
    config: Mapping[str, Any],
    out_dir: Path,
    *,
    resume: bool = False,
    on_step: OnStep | None = None,
) -> MusicEncoder:
    """Trains everything but the head into the space, which needs the space.

    Args:
        clips: with `variants[i]` the frame sequences of clip i.
    """
    settings = TrainConfig(**config["train"])
    torch.manual_seed(settings.seed)
    model = MusicEncoder(**config["model"])
    plain = np.concatenate([frames[0] for frames in variants])
    model.frame_mean.copy_(torch.from_numpy(plain.mean(0)))
    model.frame_std.copy_(torch.from_numpy(plain.std(0) + 0.05))
    model.to_space.requires_grad_(False)
    labels, signs = np.array([clip.label for clip in clips]), signs_of(clips)

    def batch_at(step: int, rank: int) -> dict[str, torch.Tensor]:
        rng = np.random.default_rng((settings.seed, step, rank))
        chosen = rng.choice(len(clips), config["batch_size"])
        sequences = [variants[at][int(rng.integers(len(variants[at])))][:TRAIN_FRAMES] for at in chosen]
        frames, mask = pad(sequences)
        label, sign = torch.from_numpy(labels[chosen]), torch.from_numpy(signs[chosen])
        return {"frames": frames, "mask": mask, "label": label, "signs": sign}

    trained = train(model, batch_at, loss_fn, settings, out_dir, resume=resume, on_step=on_step)
    return trained  # type: ignore[return-value]


def crossfit_valence_arousal(
    data_dir: str | Path,
    *,
    config: Mapping[str, Any] | None = None,
    work_dir: str | Path = "runs/music-encoder-folds",
    out_file: str | Path | None = None,
) -> dict[str, tuple[float, float]]:
    """Reads EMOPIA's clips with models that never heard their songs.

    The train split is read out of fold (folds by song); the val split by the mean of all fold models.

    Args:
        data_dir: holds emopia_1.0.
        work_dir: training states, resumed when they are there.
        out_file: where to write the answer as JSON; not written when None.

    Returns:
        clip id -> (valence, arousal), each in -1..1 and graded: half comes from the reading, half from the
        label.
    """
    config = config or load_config()
    readings = crossfit_logits(data_dir, config, Path(work_dir))
    scale = fit_scale(readings)
    answer = {}
    for clip in emopia(data_dir):
        graded = np.tanh(readings[clip.id].mean(0)[:2] / scale)
        valence, arousal = blend(graded, signs_of([clip])[0])
        answer[clip.id] = (round(float(valence), 4), round(float(arousal), 4))
    if out_file:
        checkpoints.write_json(Path(out_file), answer, indent=1)
    return answer


def crossfit_logits(
    data_dir: str | Path, config: Mapping[str, Any], work_dir: Path, *, resume: bool = True
) -> dict[str, np.ndarray]:
    """Gives clip id -> (models, 6) logits by models that never heard the clip's song: valence, arousal,
    Q1..Q4."""
    config = without_time_budget(config)
    clips, held_out = emopia(data_dir, "train"), emopia(data_dir, "val")
    notes, held_out_notes = notes_of(clips), notes_of(held_out)
    variants = variants_of(notes, config["variants"], config["train"]["seed"])
    logits: dict[str, list[np.ndarray]] = {clip.id: [] for clip in [*clips, *held_out]}
    for number, fold in enumerate(song_folds([clip.song for clip in clips], config["num_folds"])):
        inside = sorted(set(range(len(clips))) - set(fold))
        chosen, frames = [clips[at] for at in inside], [variants[at] for at in inside]
        model = train_quadrants(chosen, frames, config, work_dir / str(number), resume=resume)
        out = model.read([*(notes[at] for at in fold), *held_out_notes])
        rows = torch.cat([out["va"], out["quadrant"]], dim=-1).numpy()
        for clip, row in zip([*(clips[at] for at in fold), *held_out], rows, strict=True):
            logits[clip.id].append(row)
    return {name: np.stack(values) for name, values in logits.items()}


def fit_scale(logits: Mapping[str, np.ndarray]) -> np.ndarray:
    """Gives the logits of valence and arousal that read as tanh(1), so that nine in ten clips read within
    0.8. (2,)"""
    rows = np.concatenate(list(logits.values()))[:, :2]
    return np.quantile(np.abs(rows), 0.9, axis=0) / np.arctanh(0.8)


def blend(graded: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """Moves an out-of-fold reading half way to the point of its labelled quadrant (0.6 along each axis)."""
    return 0.5 * graded + 0.5 * 0.6 * signs


def accuracy(logits: np.ndarray, clips: Sequence[Clip]) -> dict[str, float]:
    """Gives the share of clips whose quadrant, valence side and arousal side are read right, from (N, 6)
    logits."""
    right = logits[:, 2:].argmax(-1) == np.array([clip.label for clip in clips])
    sides = (logits[:, :2] > 0) == (signs_of(clips) > 0)
    figures = {"4q": right.mean(), "valence": sides[:, 0].mean(), "arousal": sides[:, 1].mean()}
    return {name: round(float(value), 4) for name, value in figures.items()}


def fit_space_head(
    model: MusicEncoder, variants: Sequence[Sequence[np.ndarray]], steps: int
) -> dict[str, float]:
    """Teaches the head where in the frozen space a reading lies: at the space's own point of that place.

    Dominance is that of Russell's quadrants, weighted by how likely each is.

    Returns:
        Mean absolute error of what the space reads in the head's points: valence, arousal, dominance.
    """
    from .names import STATES
    from .space import load_space

    space = load_space()
    model.eval().requires_grad_(False)
    inputs, places = [], []
    dominance = torch.tensor([STATES[name][2] for name in QUADRANTS])
    with torch.no_grad():
        for clip in variants:
            out = model.forward(*pad(clip))
            likely = (out["quadrant"] / 2).softmax(-1) @ dominance
            inputs.append(out["hidden"])
            places.append(torch.cat([model.graded(out["va"]), likely.unsqueeze(-1)], dim=-1))
        x, vad = torch.cat(inputs), torch.cat(places)  # (N, D + 2), (N, 3)
        z = space.at_vad(vad)  # (N, dim)
    head = model.to_space.requires_grad_(True)
    optimizer = torch.optim.AdamW(head.parameters(), lr=3e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    generator = torch.Generator().manual_seed(0)
    for _ in range(steps):
        rows = torch.randint(len(x), (256,), generator=generator)
        guess = head(x[rows])
        loss = F.mse_loss(guess, z[rows]) + 4 * F.mse_loss(space.linear_vad(guess), vad[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    model.requires_grad_(False)
    error = (space.linear_vad(head(x)) - vad).abs().mean(0).tolist()
    return {axis: round(value, 4) for axis, value in zip("VAD", error, strict=True)}


def run(
    config: Mapping[str, Any],
    data_dir: str | Path,
    out_dir: str | Path,
    *,
    resume: bool = False,
    on_step: OnStep | None = None,
) -> dict[str, Any]:
    """Makes the shipped checkpoint "music-encoder"; gives its figures on EMOPIA.

    A run that `train.max_minutes` cuts short keeps its state and ships nothing.
    """
    from . import SPACE_VERSION

    out_dir = Path(out_dir)
    clips, held_out = emopia(data_dir, "train"), emopia(data_dir, "val")
    variants = variants_of(notes_of(clips), config["variants"], config["train"]["seed"])
    model = train_quadrants(clips, variants, config, out_dir, resume=resume, on_step=on_step)
    if steps_done(out_dir) < config["train"]["max_steps"]:
        return {}
    readings = crossfit_logits(data_dir, config, out_dir / "folds", resume=resume)
    scale = fit_scale(readings)
    model.register_to_config(valence_scale=round(float(scale[0]), 3), arousal_scale=round(float(scale[1]), 3))
    error = fit_space_head(model, variants, config["space_steps"])
    out = model.read(notes_of(held_out))
    figures = {
        "val": accuracy(torch.cat([out["va"], out["quadrant"]], dim=-1).numpy(), held_out),
        "cross_validation": accuracy(np.stack([readings[clip.id][0] for clip in clips]), clips),
        "space_error": error,
    }
    checkpoints.save(
        CHECKPOINT,
        model,
        licence=LICENCE,
        non_commercial=True,
        data=DATA,
        command=COMMAND,
        space_version=SPACE_VERSION,
        figures=figures,
    )
    checkpoints.write_json(out_dir / "figures.json", figures, indent=1)
    return figures

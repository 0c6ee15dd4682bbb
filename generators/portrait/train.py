"""Recipe of the motion denoiser: listen to the takes, fit banks and faces, train, ship."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

import checkpoints
from conditioning import SPACE_VERSION, load_space
from conditioning.adapters import draw_present
from conditioning.face.arkit import NAMES
from conditioning.face.ict import read_head
from generators.sampling import flow_matching_loss, noisy_at
from training.data.face_presets import emotion_anchors
from training.loop import TrainConfig, steps_done, train

from .banks import (
    EXPRESSION,
    MOUTH,
    NUM_COORDINATES,
    NUM_SHAPES,
    POSE,
    RANKS,
    WIDTH,
    fit_banks,
    geometry_of,
)
from .content import FRAME_RATE
from .emotion_faces import FacePoints, fit_faces, state_faces
from .examples import BLINK_PEAK, Clips
from .model import BLINK_FRAMES, JUDGED, MotionDenoiser
from .readout import fit_readout
from .sway import head_sway
from .takes import Silent, Spoken, silent_takes, spoken_takes, typical_blink

BANK_LOSS = {MOUTH: 1.6, POSE: 0.6, EXPRESSION: 0.8}
LIPS_LOSS = 3.0  # of the mouth's first weight, how far the lips are apart
EVEN_LOSS = 0.25  # of a mouth's weights however little they move; the rest counts by how far they do
NAME_LOSS, SHUT_LOSS = 0.05, 0.5


def run(
    config: dict[str, Any],
    data_dir: str | Path,
    out_dir: str | Path,
    resume: bool = False,
    on_step: Any = None,
) -> MotionDenoiser:
    """Trains as the config says and ships the checkpoint that it names.

    Args:
        config: name, licence, non_commercial, data, facegood, livelink, presets, cache, held_out, develop,
            variants, drop, model, batch_size, num_frames, train.
        data_dir: folder with the unpacked data sets.
    """
    torch.manual_seed(config["train"].get("seed", 0))
    model = MotionDenoiser(**config["model"])
    spoken, silent = spoken_takes(config, data_dir), silent_takes(config, data_dir)
    points = fit(model, spoken, silent, config, data_dir)
    source = Clips(spoken, silent, model.banks, points, model.blink.numpy(), config)
    train_config = TrainConfig(**config["train"])
    averaged = train(
        model,
        source.batch_at,
        lambda m, batch, step: loss_of(m, batch, config),
        train_config,
        out_dir,
        resume=resume,
        on_step=on_step,
    )
    if steps_done(out_dir) >= train_config.max_steps:
        checkpoints.ship(averaged, config, purpose="how a portrait moves", space_version=SPACE_VERSION)
    return averaged


def fit(
    model: MotionDenoiser,
    spoken: list[Spoken],
    silent: list[Silent],
    config: dict[str, Any],
    data_dir: str | Path,
) -> FacePoints:
    """Fits what is not learned by flow matching: the metric, the banks, the faces of emotions, a blink."""
    seed = config["train"].get("seed", 0)
    space = load_space()
    model.banks.set_geometry(*geometry_of(read_head(data_dir)))
    faces, spreads = state_faces(emotion_anchors(Path(data_dir) / config["presets"], NAMES), space)
    talk = np.concatenate([take.face for take in silent if not take.exercise])
    # As many frames of emotions as of what the upper face does without any.
    shown = np.concatenate([np.repeat(faces, max(1, len(talk) // len(faces)), 0), talk])
    gaze = np.concatenate([take.gaze for take in silent if not take.exercise])
    pose = np.concatenate([prior_poses(len(gaze), seed), gaze], 1)
    fit_banks(model.banks, np.concatenate([take.mouth for take in spoken]).astype(np.float32), pose, shown)
    fit_readout(model.readout, spoken, model.banks)
    weights = model.banks.weights(in_coordinates(faces), EXPRESSION)
    points = FacePoints(
        space, weights, model.banks.weights(in_coordinates(spreads), EXPRESSION).abs(), JUDGED
    )
    fit_faces(model.faces, points, seed)
    model.blink.copy_(torch.from_numpy(typical_blink(silent, BLINK_FRAMES, BLINK_PEAK)))
    return points


def mouth_weights(model: MotionDenoiser) -> Tensor:
    """How much each of the mouth's weights counts: by how far it moves the lips, (20,) mean 1 or so."""
    moved = model.banks.spread[MOUTH, : RANKS[MOUTH]].square()
    counts = EVEN_LOSS + (1 - EVEN_LOSS) * moved / moved.mean()
    counts[0] = LIPS_LOSS
    return F.pad(counts, (0, WIDTH - RANKS[MOUTH]))


def real_weights(bank: Tensor) -> Tensor:
    """1 for the weights that a row's bank has, (R, 1, 20)."""
    ranks = torch.tensor(RANKS, device=bank.device)[bank]
    return (torch.arange(WIDTH, device=bank.device) < ranks[:, None]).float()[:, None]


def in_coordinates(shapes: np.ndarray) -> Tensor:
    """(N, 52) coefficients as frames, (N, 60)."""
    return F.pad(torch.from_numpy(shapes).float(), (0, NUM_COORDINATES - NUM_SHAPES))


def prior_poses(count: int, seed: int) -> np.ndarray:
    """Head poses as the prior draws them, with an accent every second. (count, 6)"""
    rng = np.random.default_rng((seed, 61))
    accent = np.zeros(count)
    accent[:: int(FRAME_RATE)] = 0.6
    return head_sway(accent, np.zeros(count), np.ones(count), 1.0, 1.0, 0.4, rng)


def loss_of(model: MotionDenoiser, batch: dict[str, Tensor], config: dict[str, Any]) -> dict[str, Tensor]:
    """Flow matching in every bank, and the emotion named from what the denoiser takes for clean.

    Source: naming the emotion during diffusion: Tan et al. 2025, "DICE-Talk", section 3.4.
    """
    clean, bank, label = batch["clean"], batch["bank"], batch["label"]
    t = torch.rand(len(clean) // 3, device=clean.device).repeat_interleave(3)
    noise = torch.randn_like(clean) * real_weights(bank)
    present = draw_present(len(clean) // 3, config["drop"], torch.default_generator)
    present = {name: value.repeat_interleave(3).to(clean.device) for name, value in present.items()}
    rest = {name: batch[name] for name in ("bank", "content", "drive", "style", "emotion")}
    noisy = noisy_at(clean, noise, t)
    flow, logits = model(noisy, t, **rest, present=present, clean=clean)
    losses = {}
    everywhere = torch.ones(clean.shape[:2], device=clean.device)
    weights = {MOUTH: mouth_weights(model)}
    total = clean.new_zeros(())
    for number, name in ((MOUTH, "mouth"), (POSE, "pose"), (EXPRESSION, "expression")):
        rows = bank == number
        scale = weights.get(number, torch.ones(WIDTH, device=clean.device)).sqrt()
        losses[name] = flow_matching_loss(
            flow[rows] * scale, clean[rows] * scale, noise[rows] * scale, everywhere[rows]
        )
        total = total + BANK_LOSS[number] * losses[name]
    named = (label >= 0) & present["emotion"] & (t > 0.3)
    assert logits is not None
    if named.any():
        losses["named"] = F.cross_entropy(logits["named"][named.repeat(2)].float(), label[named].repeat(2))
        total = total + NAME_LOSS * losses["named"]
    losses["shut"] = F.binary_cross_entropy_with_logits(
        logits["shut"].float(), batch["shut"], batch["shut_weight"]
    )
    total = total + SHUT_LOSS * losses["shut"]
    return {"loss": total, **losses}

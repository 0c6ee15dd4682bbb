"""Recipe of the gesture denoiser: measure manners, compose talk, train, ship."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

import checkpoints
from conditioning import SPACE_VERSION, load_space
from conditioning.adapters import draw_present
from conditioning.body.motion import BodyMotion
from generators.sampling import noisy_at
from training.loop import TrainConfig, steps_done, train

from .concepts import Gesture, Library, read_library
from .emotion_manners import from_dials, published
from .examples import Examples
from .features import CONTACTS, WIDTH, motion_of
from .manner import measured, typical
from .model import GestureDenoiser
from .takes import Clip, kept_clips, manners_of, recorded_clips, recorded_takes, state_manners, talk_clips

if TYPE_CHECKING:
    from conditioning.space import EmotionSpace

CHANGE_LOSS = 4.0  # of how rows change from frame to frame, in what the flow leads to
CONTACT_WEIGHT = 0.3
LAST_T, MOST_WEIGHT = 0.97, 6.0
NEUTRAL_CLIPS = 60
PURPOSE = "how a body gestures"


def run(
    config: dict[str, Any],
    data_dir: str | Path,
    out_dir: str | Path,
    resume: bool = False,
    on_step: Any = None,
) -> GestureDenoiser:
    """Trains as the config says and ships the checkpoint that it names.

    Args:
        config: name, licence, non_commercial, data, library, recordings, held_contents, last_take, cache, talk,
            drop, model, styles, batch_size, num_frames, train.
        data_dir: folder with the unpacked data sets.
    """
    seed = config["train"].get("seed", 0)
    torch.manual_seed(seed)
    gestures = read_library(Path(data_dir) / config["library"])
    model, manners = new_model(config, gestures, data_dir)
    clips = clips_of(config, gestures, manners, data_dir)
    talk = [clip for clip in clips if clip.talk][:NEUTRAL_CLIPS]
    model.set_neutral(typical([measured(plain_of(clip)) for clip in talk]))
    model.set_scale(np.concatenate([clip.frames.astype(np.float32) for clip in clips]))
    source = Examples(clips, model, load_space(), config)
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
        checkpoints.ship(averaged, config, purpose=PURPOSE, space_version=SPACE_VERSION)
    return averaged


def new_model(
    config: dict[str, Any], gestures: list[Gesture], data_dir: str | Path
) -> tuple[GestureDenoiser, dict[str, tuple[np.ndarray, np.ndarray]]]:
    """A model with everything but its weights, and the manner and spread of every recorded style."""
    space = load_space()
    takes = recorded_takes(config, data_dir)
    manners = manners_of(takes)
    styles = config["styles"]
    model = GestureDenoiser(
        **config["model"],
        num_states=len(space.state_names),
        styles=list(styles),
        gestures=[[each.name, each.category, len(each.times_s)] for each in gestures],
    )
    model.keep_library(gestures)
    rows = {style: from_dials(dials) for style, dials in styles.items() if dials}
    rows |= {style: manners[style][0] for style in styles if style in manners}
    fit_manners(model, space, published() | state_manners(manners), rows)
    return model, manners


def fit_manners(
    model: GestureDenoiser,
    space: EmotionSpace,
    own: Mapping[str, tuple[np.ndarray, np.ndarray]],
    styles: Mapping[str, np.ndarray],
) -> None:
    """Sets the manners of emotions, of those of some states, and those of styles. Rows are (73,)."""
    model.manners.fit(space, own)
    for number, style in enumerate(model.config["styles"]):
        if style in styles:
            model.style_rows[number].copy_(torch.from_numpy(styles[style]))


def plain_of(clip: Clip) -> BodyMotion:
    return motion_of(clip.frames.astype(np.float64))[0]


def clips_of(
    config: dict[str, Any],
    gestures: list[Gesture],
    manners: dict[str, tuple[np.ndarray, np.ndarray]],
    data_dir: str | Path,
) -> list[Clip]:
    """Gives what is learned from, out of the cache where it is."""
    talk, seed = config["talk"], config["train"].get("seed", 0)

    def make() -> list[Clip]:
        recorded = recorded_clips(recorded_takes(config, data_dir), manners)
        return recorded + talk_clips(talk["clips"], talk["num_frames"], Library(gestures), seed)

    # Above all a cache must not hold what is kept for tests.
    of = ("recordings", "folders", "held_contents", "last_take", "talk", "library")
    recipe = json.dumps({name: config[name] for name in of if name in config}, sort_keys=True)
    return kept_clips(config["cache"], make, recipe)


def loss_of(model: GestureDenoiser, batch: dict[str, Tensor], config: dict[str, Any]) -> dict[str, Tensor]:
    """Flow matching by the clean rows, and how what it leads to moves.

    Source: weights by what is left, truncated: Hang et al. 2023, "Efficient diffusion training via min-SNR weighting
    strategy"; the loss of velocities: Tevet et al. 2023, "Human motion diffusion model", equation 5.
    """
    clean = batch["clean"]
    t = LAST_T * torch.rand(len(clean), device=clean.device)
    noise = torch.randn_like(clean)
    present = draw_present(len(clean), config["drop"], torch.default_generator)
    present = {name: value.to(clean.device) for name, value in present.items()}
    present["emotion"] = present["emotion"] & batch["felt"]
    rest = {name: batch[name] for name in ("rhythm", "known", "given", "style", "emotion")}
    noisy = noisy_at(clean, noise, t)
    flow, _ = model(noisy, t, **rest, present=present)
    left = (1 - t)[:, None, None]
    made = noisy + left * flow.float()
    weight = torch.ones(WIDTH, device=clean.device)
    weight[CONTACTS] = CONTACT_WEIGHT
    # An error in the flow counts as far as it matters at the end, but not without limit where nearly all is known.
    counts = left.square().reciprocal().clamp(max=MOST_WEIGHT)
    change = (made.diff(dim=1) - clean.diff(dim=1))[..., : CONTACTS.start]
    losses = {
        "clean": ((made - clean).square() * weight * counts).mean(),
        "change": (change.square() * counts).mean(),
    }
    return {"loss": losses["clean"] + CHANGE_LOSS * losses["change"], **losses}

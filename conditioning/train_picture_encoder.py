"""Recipe of the picture encoder: animated drawings with a feeling, and plain colours, to the frozen space's points.

What it has learned is measured on drawings that were left out, a fifth of them at a time.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import checkpoints
from training.loop import TrainConfig, steps_done, train, without_time_budget

from .colours import FELT
from .encoders.picture import RATE, SIDE, PictureEncoder, features_of
from .measures import pearson
from .names import STATES, find_state
from .space import load_space

PURPOSE = (
    "Reads a picture or a film without a face into the emotion space, so that it can be an emotion reference."
)
# What the table calls otherwise than the space.
STATE_OF = {"thinking": "interest", "crying": "grief"}
FELT_AS_MUCH = 0.3  # of the space's unit, for one standard deviation
WHITE, FRINGE = 255, 10
OnStep = Callable[[int, int, dict[str, float]], None]


@dataclass(frozen=True)
class Clip:
    """An animated drawing: its sheet of frames with `columns` of `size` pixels, its state and its place."""

    path: Path
    frames: int
    frame_rate: float
    size: int
    columns: int
    state: str
    valence: float
    arousal: float


@dataclass(frozen=True)
class Rows:
    """N pictures: features (N, F), target (N, 64) as offset from neutral, clip (N,), -1 of plain colours."""

    features: Tensor
    target: Tensor
    clip: np.ndarray

    def chosen(self, rows: np.ndarray) -> Rows:
        """Those of some places, given as (N,) bool."""
        at = torch.from_numpy(rows)
        return Rows(self.features[at], self.target[at], self.clip[rows])


def read_clips(folder: str | Path) -> list[Clip]:
    """Reads metadata.csv of noto_emotion_clips.

    Raises:
        FileNotFoundError: no such table.
    """
    folder = Path(folder)
    if not (folder / "metadata.csv").is_file():
        raise FileNotFoundError(f"expected a table at {folder.name}/metadata.csv, got no file")
    with open(folder / "metadata.csv", encoding="utf-8", newline="") as file:
        return [clip_of(folder, row) for row in csv.DictReader(file)]


def clip_of(folder: Path, row: Mapping[str, str]) -> Clip:
    state = STATE_OF.get(row["emotion"]) or find_state(row["emotion"])
    if state is None:
        raise ValueError(f"expected a state of the emotion space, got {row['emotion']!r}")
    frames, rate, size, columns = (int(row[name]) for name in ("frames", "fps", "size", "sheet_cols"))
    place = float(row["valence"]), float(row["arousal"])
    return Clip(folder / row["file"], frames, rate, size, columns, state, *place)


def target_of(clip: Clip) -> Tensor:
    """(64,) the offset of a clip's state, moved by the shortest step to where the table places it."""
    space = load_space()
    place = torch.tensor([clip.valence, clip.arousal, STATES[clip.state][2]])
    offset = space.offsets()[space.index(clip.state)]
    return offset + space.shortest_step(place - space.linear_vad(space.neutral + offset))


def frames_of(clip: Clip) -> np.ndarray:
    """(T, size, size, 3) uint8, on white."""
    from PIL import Image

    with Image.open(clip.path) as picture:
        sheet = np.asarray(picture.convert("RGB"))
    size = clip.size
    places = [divmod(number, clip.columns) for number in range(clip.frames)]
    return np.stack([sheet[y * size : (y + 1) * size, x * size : (x + 1) * size] for y, x in places])


def views(clip: Clip, count: int, random: np.random.Generator) -> Iterator[np.ndarray]:
    """Gives a clip in several ways: on another ground, smaller, aside, mirrored, as a film at 5 Hz or a still."""
    from scipy.ndimage import binary_fill_holes

    whole = frames_of(clip)
    cover = np.stack([binary_fill_holes(each) for each in (whole < WHITE - FRINGE).any(-1)])
    for number in range(count):
        step = RATE / clip.frame_rate * random.uniform(0.6, 1.5)
        places = (random.integers(clip.frames) + np.arange(10) / step).astype(int) % clip.frames
        chosen = places[:1] if number % 2 else places
        ground = random.integers(0, 256, 3) if random.random() < 0.6 else np.array([WHITE] * 3)
        made = np.where(cover[chosen, ..., None], whole[chosen], ground.astype(np.uint8))
        made = placed(made, ground, random)
        yield made[:, :, ::-1] if random.random() < 0.3 else made


def placed(frames: np.ndarray, ground: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Puts frames somewhere into a larger picture of the ground's colour, (T, H, W, 3)."""
    size = frames.shape[1]
    side = round(size / random.uniform(0.6, 1.0))
    top, left = random.integers(0, side - size + 1, 2)
    made = np.empty((len(frames), side, side, 3), np.uint8)
    made[:] = ground
    made[:, top : top + size, left : left + size] = frames
    return made


def plain_colours(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Makes a picture of soft fields of colour; gives it, (1, S, S, 3) uint8, and what it makes people feel.

    Returns also (3,) valence, arousal and dominance.
    """
    import colorsys

    value, saturation = random.uniform(0.08, 1.0), random.uniform(0, 1)
    rows = np.linspace(0, 1, SIDE)
    weights = np.stack([field(rows, random) for _ in range(random.integers(1, 5))])
    weights /= weights.sum(0)
    near = random.normal((saturation, value), 0.1, (len(weights), 2))
    hue = random.random() + random.normal(0, random.choice([0.03, 0.3]), len(weights))
    colours = np.array(
        [colorsys.hsv_to_rgb(h % 1, *each) for h, each in zip(hue, near.clip(0, 1), strict=True)]
    )
    picture = np.tensordot(weights, colours, (0, 0)) + random.normal(
        0, random.uniform(0, 0.08), (SIDE, SIDE, 1)
    )
    picture = picture.clip(0, 1)
    brightest = picture.max(-1)
    means = brightest.mean(), ((brightest - picture.min(-1)) / brightest.clip(1e-3)).mean()
    standing = (np.array(means) - 0.5) / 0.29  # an even spread's deviation
    place = (FELT_AS_MUCH * np.array(FELT) @ standing).clip(-0.8, 0.8)
    return (255 * picture[None]).astype(np.uint8), place


def field(rows: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Weight of one colour over a picture: a soft blob, or stripes. (S, S)"""
    x, y = np.meshgrid(rows, rows)
    if random.random() < 0.3:
        turn = random.uniform(0, np.pi)
        return 1.02 + np.sin((x * np.cos(turn) + y * np.sin(turn)) * random.uniform(3, 60))
    far = (x - random.random()) ** 2 + (y - random.random()) ** 2
    return np.exp(-far / random.uniform(0.01, 0.3)) + 0.02


def draw_rows(clips: Sequence[Clip], config: Mapping[str, Any]) -> Rows:
    """Draws every clip in `views` ways, and `plain` pictures of colours."""
    space = load_space()
    features, targets, numbers = [], [], []
    for number, clip in enumerate(clips):
        random = np.random.default_rng([config["seed"], number])
        target = target_of(clip)
        for frames in views(clip, config["views"], random):
            features.append(features_of([frames]))
            targets.append(target)
            numbers.append(number)
    random = np.random.default_rng([config["seed"], len(clips)])
    for _ in range(config["plain"]):
        picture, place = plain_colours(random)
        features.append(features_of([picture]))
        targets.append(space.at_vad(torch.tensor(place, dtype=torch.float32)) - space.neutral)
        numbers.append(-1)
    return Rows(torch.stack(features), torch.stack(targets).detach(), np.array(numbers))


def loss_of(place: float) -> Callable[[nn.Module, dict[str, Tensor], int], dict[str, Tensor]]:
    """Gives the loss: distance to the point, and of the place with this weight."""
    space = load_space()
    scale = space.offsets().square().sum(-1).max().detach()

    def loss_fn(model: nn.Module, batch: dict[str, Tensor], step: int) -> dict[str, Tensor]:
        change = model(batch["features"])["offset"].float() - batch["target"]
        losses = {
            "point": change.square().sum(-1).mean() / scale,
            "place": (change @ space.vad_weight.detach().to(change).T).square().sum(-1).mean(),
        }
        return {"loss": losses["point"] + place * losses["place"], **losses}

    return loss_fn


def fit(
    rows: Rows,
    config: Mapping[str, Any],
    out_dir: Path,
    *,
    resume: bool = False,
    on_step: OnStep | None = None,
) -> PictureEncoder:
    """Trains an encoder; every clip is drawn as often, and plain colours in a share of the batch."""
    settings = TrainConfig(**config["train"])
    torch.manual_seed(settings.seed)
    encoder = PictureEncoder(**config["model"])
    std = rows.features.std(0)
    encoder.mean.copy_(rows.features.mean(0))
    encoder.std.copy_(std + 0.3 * std.mean())
    encoder.neutral.copy_(load_space().neutral)
    plain = rows.clip < 0
    share = config["plain_share"] if plain.any() else 0.0
    chances = np.where(plain, share / max(1, plain.sum()), (1 - share) / max(1, (~plain).sum()))

    def batch_at(step: int, rank: int) -> dict[str, Tensor]:
        random = np.random.default_rng((settings.seed, step, rank))
        chosen = torch.from_numpy(random.choice(len(chances), config["batch_size"], p=chances))
        noise = torch.from_numpy(random.standard_normal((len(chosen), len(std))).astype(np.float32))
        features = rows.features[chosen] + config["noise"] * std * noise
        return {"features": features, "target": rows.target[chosen]}

    trained = train(
        encoder, batch_at, loss_of(config["place"]), settings, out_dir, resume=resume, on_step=on_step
    )
    return trained.eval()


@torch.no_grad()
def places(encoder: PictureEncoder, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Read and true valence, arousal and dominance of each picture. (N, 3), (N, 3)"""
    space = load_space()
    read = space.linear_vad(encoder(rows.features)["z"])
    return read.numpy(), space.linear_vad(space.neutral + rows.target).numpy()


def by_clip(values: np.ndarray, clip: np.ndarray) -> np.ndarray:
    """Means over the pictures of each clip."""
    return np.stack([values[clip == number].mean(0) for number in np.unique(clip)])


def run(
    config: Mapping[str, Any],
    data_dir: str | Path,
    out_dir: str | Path,
    *,
    resume: bool = False,
    on_step: OnStep | None = None,
) -> dict[str, Any]:
    """Makes the shipped checkpoint; gives its figures on clips left out.

    A run that `train.max_minutes` cuts short keeps its state and ships nothing.
    """
    from . import SPACE_VERSION

    out_dir = Path(out_dir)
    clips = read_clips(Path(data_dir) / config["clips"])
    rows = draw_rows(clips, config)
    model = fit(rows, config, out_dir, resume=resume, on_step=on_step)
    if steps_done(out_dir) < config["train"]["max_steps"]:
        return {}
    figures = held_out(rows, len(clips), without_time_budget(config), out_dir)
    checkpoints.ship(model, config, purpose=PURPOSE, space_version=SPACE_VERSION)
    checkpoints.update_manifest(config["name"], {"figures": figures})
    checkpoints.write_json(out_dir / "figures.json", figures, indent=1)
    return figures


def held_out(rows: Rows, num_clips: int, config: Mapping[str, Any], out_dir: Path) -> dict[str, Any]:
    """How well clips are placed that were never seen, and colours that were not drawn for training."""
    fold = np.random.default_rng(config["seed"]).permutation(num_clips) % config["folds"]
    fold_of = np.where(rows.clip >= 0, fold[rows.clip], np.arange(len(rows.clip)) % config["folds"])
    read: list[np.ndarray] = []
    true: list[np.ndarray] = []
    clip: list[np.ndarray] = []
    for number in range(config["folds"]):
        other = fit(rows.chosen(fold_of != number), config, out_dir / f"without-{number}")
        part = rows.chosen(fold_of == number)
        for kept, found in zip((read, true), places(other, part), strict=True):
            kept.append(found)
        clip.append(part.clip)
    return correlations(np.concatenate(read), np.concatenate(true), np.concatenate(clip))


def correlations(read: np.ndarray, true: np.ndarray, clip: np.ndarray) -> dict[str, Any]:
    """Pearson r of valence and arousal: of whole clips, of single drawings of them, and of plain colours."""
    drawn = clip >= 0
    kinds = {
        "clips": (by_clip(read[drawn], clip[drawn]), by_clip(true[drawn], clip[drawn])),
        "single drawings": (read[drawn], true[drawn]),
        "plain colours": (read[~drawn], true[~drawn]),
    }
    answer: dict[str, Any] = {}
    for name, (mine, theirs) in kinds.items():
        if len(mine) > 2:
            valence, arousal, _ = pearson(mine, theirs)
            answer[name] = {"valence r": round(float(valence), 3), "arousal r": round(float(arousal), 3)}
    return {"left out": answer, "clips": len(np.unique(clip[drawn]))}

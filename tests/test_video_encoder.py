"""A picture or a film without a face as the reference of an emotion: what it reads, which files, how it is trained."""

from __future__ import annotations

import csv
from pathlib import Path
from types import SimpleNamespace

import face_material
import numpy as np
import pytest
import torch
from PIL import Image

from conditioning import encoders
from conditioning import train_picture_encoder as recipe
from conditioning.emotion import Emotion
from conditioning.encoders import face, picture
from conditioning.encoders.picture import NUM_FEATURES, PictureEncoder, features_of, load_picture_encoder
from conditioning.space import load_space
from conditioning.train_picture_encoder import Clip, correlations, draw_rows, plain_colours, target_of

CONFIG = {
    "views": 2, "plain": 6, "plain_share": 0.3, "folds": 2, "seed": 0, "model": {"width": 16}, "place": 1.0,
    "noise": 0.1, "batch_size": 16, "clips": "clips",
    "train": {"max_steps": 5, "learning_rate": 3e-3, "warmup_steps": 2, "ema_decay": 0.8, "num_threads": 1},
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of two clips with sheets of two columns: one bends up, one down."""
    root = tmp_path_factory.mktemp("data") / "clips"
    root.mkdir()
    columns = ["file", "frames", "fps", "size", "sheet_cols", "emotion", "valence", "arousal"]
    with open(root / "metadata.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns)
        table.writeheader()
        for name, emotion, valence, arousal in (("up", "happy", 0.8, 0.6), ("down", "sad", -0.6, -0.4)):
            sheet = np.full((64, 64, 3), 255, np.uint8)
            for number in range(3):
                y, x = divmod(number, 2)
                part = sheet[32 * y : 32 * y + 32, 32 * x : 32 * x + 32]
                part[6:26, 6:26] = (250, 200, 60)
                part[10 + 2 * number : 14 + 2 * number, 8:24] = (
                    (80, 40, 10) if name == "up" else (60, 60, 200)
                )
            Image.fromarray(sheet).save(root / f"{name}.png")
            row = [f"{name}.png", 3, 15, 32, 2, emotion, valence, arousal]
            table.writerow(dict(zip(columns, row, strict=True)))
    return root


def test_pictures_of_any_size_are_seen_alike() -> None:
    random = np.random.default_rng(0)
    small = random.integers(0, 256, (16, 16, 3)).astype(np.uint8)
    large = np.kron(small, np.ones((8, 8, 1))).astype(np.uint8)
    one, other = (
        features_of([np.kron(small, np.ones((4, 4, 1))).astype(np.uint8)[None]]),
        features_of([large[None]]),
    )
    assert one.shape == (NUM_FEATURES,) and torch.allclose(one, other, atol=1e-4)
    assert torch.isfinite(features_of([np.zeros((1, 7, 300, 3), np.uint8)])).all()


def test_a_film_in_blocks_is_the_film() -> None:
    frames = np.random.default_rng(1).integers(0, 256, (7, 20, 24, 3)).astype(np.uint8)
    whole = features_of([frames])
    assert torch.allclose(whole, features_of([frames[:3], frames[3:4], frames[4:]]), atol=1e-5)
    still = features_of([frames[:1].repeat(7, axis=0)])
    assert float(still[-1]) == 0 < float(whole[-1])
    with pytest.raises(ValueError, match="expected a film with frames"):
        features_of([])


def test_brighter_colours_are_placed_as_the_equations_say() -> None:
    rows = [plain_colours(np.random.default_rng(seed)) for seed in range(120)]
    brightness = [made.max(-1).mean() for made, _ in rows]
    places = np.stack([place for _, place in rows])
    assert (
        np.corrcoef(brightness, places[:, 0])[0, 1] > 0.7
        and np.corrcoef(brightness, places[:, 2])[0, 1] < -0.5
    )
    assert np.abs(places).max() <= 0.8


def test_targets_read_as_the_table_says(folder: Path) -> None:
    clip = recipe.read_clips(folder)[1]
    assert (clip.state, clip.valence, clip.arousal) == ("sadness", -0.6, -0.4)
    space = load_space()
    assert torch.allclose(
        space.linear_vad(space.neutral + target_of(clip))[:2], torch.tensor([-0.6, -0.4]), atol=1e-4
    )
    with pytest.raises(ValueError, match="expected a state"):
        recipe.clip_of(folder, {"emotion": "xyzzy"})
    with pytest.raises(FileNotFoundError, match="expected a table"):
        recipe.read_clips(folder / "none")


def test_clips_are_seen_in_many_ways(folder: Path) -> None:
    clip: Clip = recipe.read_clips(folder)[0]
    assert recipe.frames_of(clip).shape == (3, 32, 32, 3)
    made = list(recipe.views(clip, 6, np.random.default_rng(0)))
    assert {len(each) for each in made} == {1, 10} and len({each.shape[1] for each in made}) > 2
    assert len({tuple(each[0, 0, 0]) for each in made}) > 2


def test_training_and_figures(folder: Path, tmp_path: Path) -> None:
    clips = recipe.read_clips(folder)
    rows = draw_rows(clips, CONFIG)
    assert rows.features.shape == (10, NUM_FEATURES) and (rows.clip < 0).sum() == 6
    encoder = recipe.fit(rows, CONFIG, tmp_path)
    read, true = recipe.places(encoder, rows)
    assert read.shape == true.shape == (10, 3)
    figures = correlations(true, true, np.array([0, 0, 1, 1, 2, 2, 3, -1, -1, -1]))
    assert figures["clips"] == 4 and figures["left out"]["single drawings"]["valence r"] == 1


def test_a_saved_encoder_reads_the_same(tmp_path: Path) -> None:
    torch.manual_seed(0)
    encoder = PictureEncoder(width=8)
    encoder.save_pretrained(tmp_path)
    frame = np.random.default_rng(0).integers(0, 256, (30, 40, 3)).astype(np.uint8)
    again = PictureEncoder.from_pretrained(tmp_path)
    assert torch.allclose(again.encode(frame), encoder.encode(frame), atol=1e-5)


def test_pictures_without_a_face_are_references(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "load_picture_encoder", lambda: PictureEncoder(width=8))
    Image.fromarray(face_material.gradient(200, 160)).save(tmp_path / "dusk.png")
    emotion = Emotion.parse(tmp_path / "dusk.png")
    assert emotion.read_by == ("picture-encoder",) and emotion.source == "dusk.png"
    frames = [Image.fromarray(face_material.gradient(64, 48 + at)).resize((64, 48)) for at in range(4)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:], duration=200)
    assert Emotion.parse(tmp_path / "moving.gif").read_by == ("picture-encoder",)
    assert set(encoders.all_weights()) >= {"picture-encoder", "face-encoder"}


def test_a_film_has_a_face_when_half_of_it_shows_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from generators.moving_picture import VideoWriter

    frames = np.zeros((16, 32, 32, 3), np.uint8)
    frames[4:] = 200
    with VideoWriter((32, 32), 8.0) as writer:
        writer.write(frames)
        (tmp_path / "a.mp4").write_bytes(Path(writer.finish().file).read_bytes())
    seen = "conditioning.face.landmarks.find_faces"
    box = SimpleNamespace(box=(0.0, 0.0, 31.0, 31.0))
    monkeypatch.setattr(seen, lambda pixels: [box] * int(pixels.mean() > 100))
    assert face.shows_face(tmp_path / "a.mp4")
    monkeypatch.setattr(seen, lambda pixels: [box] * int(pixels.mean() < 100))
    assert not face.shows_face(tmp_path / "a.mp4")


def test_a_face_purer_than_skin_is_drawn() -> None:
    yellow = np.full((20, 20, 3), (250, 205, 60), np.uint8)
    assert not face.is_skin(yellow, (2, 2, 17, 17))
    assert face.is_skin(np.full((20, 20, 3), (224, 172, 105), np.uint8), (-3, 2, 17, 40))
    yellow[5:15, 5:15] = (120, 80, 60)
    assert face.is_skin(yellow, (5, 5, 14, 14)) and face.is_skin(yellow, (30, 30, 40, 40))


def test_the_shipped_encoder_tells_sunny_from_gloomy() -> None:
    encoder = load_picture_encoder()
    light = np.zeros((48, 64, 3), np.uint8)
    light[:24], light[24:] = (150, 205, 250), (250, 220, 110)
    place = [load_space().vad(encoder.encode(each))[0] for each in (light, (light * 0.15).astype(np.uint8))]
    assert float(place[0]) > float(place[1]) + 0.2

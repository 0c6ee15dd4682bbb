"""A face as the reference of an emotion: what it reads, from which files, and how it is trained."""

from __future__ import annotations

from pathlib import Path

import face_material as material
import numpy as np
import pytest
import torch
from PIL import Image

from conditioning import face_examples
from conditioning.emotion import Emotion
from conditioning.encoders import ENCODERS, FACE, face
from conditioning.encoders.face import STATES, FaceEncoder, load_face_encoder
from conditioning.face.arkit import INDEX, NAMES
from conditioning.face_examples import COMBINATIONS, UNITS, Camera, Examples, acted, besides, of_units
from conditioning.space import load_space
from conditioning.train_face_encoder import fit, joined, scored, targets_of

PATTERNS = {
    "joy": {"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8, "cheekSquintLeft": 0.4, "cheekSquintRight": 0.4},
    "surprise": {
        "browInnerUp": 0.6, "browOuterUpLeft": 0.6, "browOuterUpRight": 0.6, "eyeWideLeft": 0.5,
        "eyeWideRight": 0.5, "jawOpen": 0.5,
    },
    "disgust": {
        "noseSneerLeft": 0.7, "noseSneerRight": 0.7, "mouthUpperUpLeft": 0.4, "mouthUpperUpRight": 0.4,
    },
    "neutral": {},
}  # fmt: skip


@pytest.fixture(scope="module")
def encoder() -> FaceEncoder:
    return load_face_encoder()


@pytest.mark.parametrize("state", PATTERNS)
def test_plain_cases(encoder: FaceEncoder, state: str) -> None:
    reading = encoder.read(material.expression_of(**PATTERNS[state]))
    assert reading.state == state and reading.chance > 0.5
    assert reading.z.shape == (64,) and (reading.intensity > 0.4) == (state != "neutral")
    far = float((reading.z - encoder.neutral).norm())
    assert (far < 0.5) == (state == "neutral")


def test_stronger_faces_lie_further_out(encoder: FaceEncoder) -> None:
    face_of = material.expression_of(**PATTERNS["joy"])
    sizes = [
        float((encoder.encode(share * face_of) - encoder.neutral).norm()) for share in (0.0, 0.4, 0.7, 1.0)
    ]
    assert sizes == sorted(sizes)


def test_looks_and_the_order_of_frames_do_not_matter(encoder: FaceEncoder) -> None:
    rows = np.stack([material.expression_of(jawOpen=value, mouthSmileLeft=0.5) for value in (0.1, 0.6, 0.3)])
    assert torch.allclose(encoder.encode(rows), encoder.encode(rows[::-1].copy()), atol=1e-5)
    looking = rows.copy()
    looking[:, [INDEX[name] for name in NAMES if name.startswith("eyeLook")]] = 0.7
    assert torch.equal(encoder.encode(rows), encoder.encode(looking))


def test_photos_and_films_are_references(tmp_path: Path, encoder: FaceEncoder) -> None:
    assert {suffix for suffix, reader in ENCODERS.items() if reader is FACE} >= {
        ".jpg",
        ".png",
        ".webp",
        ".mp4",
        ".mov",
    }
    smile = material.expression_of(mouthSmileLeft=1.0, mouthSmileRight=1.0)
    Image.fromarray(material.portrait(smile)).save(tmp_path / "smile.png")
    emotion = Emotion.parse(tmp_path / "smile.png")
    assert emotion.read_by == ("face-encoder",) and emotion.source == "smile.png"
    assert face.expressions_in(tmp_path / "smile.png").shape == (1, 52)
    valence = float(load_space().vad(load_space().embed(emotion))[0])
    Image.fromarray(material.portrait()).save(tmp_path / "rest.png")
    rest = load_space().embed(Emotion.parse(tmp_path / "rest.png"))
    assert valence > float(load_space().vad(rest)[0])


def test_a_film(tmp_path: Path, encoder: FaceEncoder) -> None:
    av = pytest.importorskip("av")
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=12)
        stream.width = stream.height = 256
        for number in range(8):
            pixels = material.portrait(material.expression_of(jawOpen=0.1 * number), size=256)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    rows = face.expressions_in(path)
    assert rows.shape[1] == 52 and 5 <= len(rows) <= 8
    assert rows[-1, INDEX["jawOpen"]] > rows[0, INDEX["jawOpen"]]
    assert encoder.encode(path).shape == (64,)


def test_files_without_one_face(tmp_path: Path, encoder: FaceEncoder) -> None:
    Image.fromarray(material.gradient(200, 200)).save(tmp_path / "none.jpg")
    with pytest.raises(ValueError, match="expected a photo with a face"):
        encoder.encode(tmp_path / "none.jpg")
    two = np.concatenate([material.portrait(), material.portrait()], axis=1)
    Image.fromarray(two).save(tmp_path / "two.jpg")
    with pytest.raises(ValueError, match="expected one face or a choice"):
        encoder.encode(str(tmp_path / "two.jpg"))
    with pytest.raises(FileNotFoundError):
        Emotion.parse(tmp_path / "no.webp")


def test_action_units() -> None:
    assert all(
        set(units) <= set(UNITS) | {-unit for unit in UNITS}
        for sets in COMBINATIONS.values()
        for units in sets
    )
    smile = of_units({12: 0.5})
    assert smile[INDEX["mouthSmileLeft"]] == smile[INDEX["mouthSmileRight"]] == 0.5
    sneer = of_units({-14: 0.5})
    assert sneer[INDEX["mouthDimpleRight"]] == 0.5 and sneer[INDEX["mouthDimpleLeft"]] == 0
    assert set(COMBINATIONS) | {"neutral"} == set(STATES)


def test_faces_as_somebody_makes_them() -> None:
    rng = np.random.default_rng(0)
    made = np.stack([acted(of_units({12: 0.8}), 0.5, rng) for _ in range(200)])
    assert made.min() >= 0 and made.max() <= 1
    assert 0.3 < made[:, INDEX["mouthSmileLeft"]].mean() < 0.5
    rest = np.stack([besides(rng, np.zeros((1, 52), np.float32)) for _ in range(100)])
    assert rest.mean() < 0.05 and not rest[:, [INDEX["eyeLookUpLeft"]]].any()
    camera = Camera()
    smile = np.mean([camera(of_units({12: 1.0}), rng)[INDEX["mouthSmileLeft"]] for _ in range(6)])
    still = np.mean([camera(of_units({}), rng)[INDEX["mouthSmileLeft"]] for _ in range(6)])
    assert smile > still + 0.3


def some_examples(count: int, seed: int) -> Examples:
    """Faces without a camera."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        state = STATES[number % len(STATES)]
        strength = 0.0 if state == "neutral" else float(rng.uniform(0.3, 1.2))
        base = of_units(COMBINATIONS[state][0]) if state != "neutral" else np.zeros(52, np.float32)
        rows.append((acted(base, strength, rng).astype(np.float32), STATES.index(state), strength, "facs"))
    return Examples(*(np.array(column) for column in zip(*rows, strict=True)))


def every_second(examples: Examples, first: int) -> Examples:
    keys = ("expression", "state", "strength", "source")
    return Examples(*(getattr(examples, key)[first::2] for key in keys))


def test_training_and_scores(tmp_path: Path) -> None:
    examples, others = some_examples(160, 0), some_examples(160, 1)
    config = {
        "model": {"width": 32}, "losses": {"logits": 0.5, "place": 0.5}, "batch_size": 32,
        "train": {"max_steps": 150, "learning_rate": 3e-3, "warmup_steps": 5, "ema_decay": 0.9,
                  "num_threads": 1},
    }  # fmt: skip
    model = fit(examples, config, tmp_path)
    figures = scored(model, others)
    assert figures["named"] > 0.8 and figures["strength_correlation"] > 0.6
    assert figures["neutral_read_at"] < 0.35
    assert targets_of(examples).shape == (160, 64) and len(joined([examples, others]).state) == 320


def test_presets_come_from_the_data(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        face_examples.presets(tmp_path)

"""Banks that cannot move one another, faces of emotions, and a network that keeps its streams apart."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from portrait_motion_material import made_up_takes, random_faces, seeded, shipped_model

from conditioning import load_space
from conditioning.face.arkit import GAZE, INDEX
from generators.portrait.banks import (
    EXPRESSION,
    MOUTH,
    NUM_COORDINATES,
    NUM_SHAPES,
    POSE,
    RANKS,
    WIDTH,
    Banks,
    fit_banks,
)
from generators.portrait.emotion_faces import FURTHER, UNITS, EmotionFaces, FacePoints, fit_faces, from_units
from generators.portrait.examples import Clips, shut_in, strengths
from generators.portrait.model import JUDGED, MotionDenoiser
from generators.portrait.train import loss_of, real_weights

TINY = {"hidden_size": 32, "depth": 2, "num_heads": 2, "num_codes": 4}


@pytest.fixture(scope="module")
def banks():
    torch.manual_seed(0)
    made = Banks()
    aperture = torch.zeros(NUM_SHAPES)
    aperture[[INDEX["jawOpen"], INDEX["mouthClose"], INDEX["noseSneerLeft"]]] = torch.tensor([2.9, -2.9, 0.3])
    made.set_geometry(torch.ones(NUM_SHAPES), aperture)
    rng = np.random.default_rng(0)
    mouth = np.zeros((50, NUM_SHAPES))
    mouth[:, 17:21] = rng.uniform(0, 1, (50, 4))
    fit_banks(made, mouth, rng.normal(0, 0.05, (50, 8)), random_faces(50), steps=60)
    return made


@pytest.fixture(scope="module")
def model(banks):
    torch.manual_seed(0)
    made = MotionDenoiser(**TINY)
    made.banks = banks
    for parameter in made.denoiser.parameters():  # doors start at zero: open them
        torch.nn.init.normal_(parameter, 0, 0.05)
    made.faces.requires_grad_(False)
    return made.eval()


def test_directions_are_orthonormal_and_the_expression_leaves_the_lips_alone(banks):
    basis = banks.basis()
    assert basis.shape == (NUM_COORDINATES, sum(RANKS))
    torch.testing.assert_close(basis.T @ basis, torch.eye(sum(RANKS)), atol=1e-4, rtol=0)
    weights = torch.randn(20, WIDTH, generator=seeded())
    added = banks.coordinates(weights, EXPRESSION)[:, :NUM_SHAPES]
    assert banks.lips_apart(added).abs().max() < 1e-4
    assert banks.lips_apart(banks.coordinates(weights, MOUTH)[:, :NUM_SHAPES]).abs().max() > 0.01


def test_each_bank_reads_its_own_weights_back_and_none_of_the_others(banks):
    weights = torch.randn(4, WIDTH, generator=seeded())
    for bank in (MOUTH, POSE, EXPRESSION):
        frames = banks.coordinates(weights, bank)
        for other in (MOUTH, POSE, EXPRESSION):
            found = banks.weights(frames, other)
            wanted = weights[:, : RANKS[bank]] if other == bank else torch.zeros(4, RANKS[other])
            torch.testing.assert_close(found[:, : RANKS[other]], wanted, atol=1e-3, rtol=0)


def test_pose_and_gaze_belong_to_the_pose_alone(banks):
    weights = torch.randn(4, WIDTH, generator=seeded())
    assert banks.coordinates(weights, POSE)[:, :NUM_SHAPES].abs().max() < 1e-5
    for bank in (MOUTH, EXPRESSION):
        frames = banks.coordinates(weights, bank)
        assert frames[:, NUM_SHAPES:].abs().max() < 1e-5
        assert frames[:, [INDEX[name] for name in GAZE]].abs().max() < 1e-5


def inputs(rows, num_frames=20, seed=0):
    generator = seeded(seed)

    def draw(*shape):
        return torch.randn(*shape, generator=generator)

    return {
        "bank": torch.tensor(rows),
        "content": draw(1, num_frames, 114).expand(len(rows), -1, -1),
        "drive": torch.zeros(len(rows), num_frames, 3),
        "style": draw(1, 6).expand(len(rows), -1),
        "emotion": draw(1, 2, 64).expand(len(rows), -1, -1),
        "present": {
            name: torch.ones(len(rows), dtype=torch.bool) for name in ("content", "identity", "emotion")
        },
    }


def test_no_emotion_reaches_mouth_or_pose_and_no_style_the_mouth(model):
    rows = inputs([MOUTH, POSE, EXPRESSION])
    noisy = torch.randn(1, 20, WIDTH, generator=seeded(1)).expand(3, -1, -1) * real_weights(rows["bank"])
    t = torch.full((3,), 0.4)
    with torch.no_grad():
        first, nothing = model(noisy, t, **rows)
        felt, _ = model(noisy, t, **{**rows, "emotion": rows["emotion"] + 1})
        styled, _ = model(noisy, t, **{**rows, "style": rows["style"] + 1})
        heard, _ = model(noisy, t, **{**rows, "content": rows["content"] + 1})
    assert nothing is None and first.shape == (3, 20, WIDTH)
    assert torch.equal(first[:2], felt[:2]) and not torch.allclose(first[2], felt[2])
    assert torch.equal(first[0], styled[0]) and not torch.allclose(first[1], styled[1])
    assert all(not torch.allclose(first[row], heard[row]) for row in range(3))


def test_a_bank_has_no_flow_beyond_its_weights(model):
    rows = inputs([MOUTH, POSE])
    with torch.no_grad():
        flow, _ = model(torch.zeros(2, 20, WIDTH), torch.zeros(2), **rows)
    assert not flow[0, :, RANKS[MOUTH] :].any() and not flow[1, :, RANKS[POSE] :].any()


def test_an_absent_emotion_is_not_neutral_and_the_mean_is_straight_in_strength(model):
    offset = torch.randn(1, 3, 64, generator=seeded())
    mean, spread = model.faces(offset)
    half, _ = model.faces(0.5 * offset)
    torch.testing.assert_close(half, 0.5 * mean, atol=1e-5, rtol=1e-4)
    assert (spread > 0).all()
    assert not model.faces(torch.zeros(1, 64))[0].any()


def test_units_and_their_coefficients_are_known():
    assert {unit for units in FURTHER.values() for unit in units} <= set(UNITS)
    assert from_units({1: 0.5})[INDEX["browInnerUp"]] == pytest.approx(0.5)


def test_fitted_faces_give_states_and_mixtures_back():
    torch.manual_seed(0)
    space = load_space()
    weights = torch.randn(len(space.state_names), WIDTH, generator=seeded())
    weights[space.index("neutral")] = 0
    points = FacePoints(space, weights, 0.1 * torch.ones_like(weights), JUDGED)
    before = fit_faces(EmotionFaces(12, 64, WIDTH), points, count=300, steps=0)
    assert fit_faces(EmotionFaces(12, 64, WIDTH), points, count=300, steps=120) < 0.7 * before


def test_clips_are_a_pure_function_of_the_step_and_train(model):
    spoken, silent = made_up_takes()
    space = load_space()
    states = torch.zeros(len(space.state_names), WIDTH)
    points = FacePoints(space, states, states + 0.1, JUDGED)
    config = {"batch_size": 2, "num_frames": 40, "drop": {"content": 0.1, "identity": 0.1, "emotion": 0.1}}
    clips = Clips(spoken, silent, model.banks, points, np.hanning(15).astype(np.float32), config)
    one, two, other = clips.batch_at(3, 0), clips.batch_at(3, 0), clips.batch_at(4, 0)
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not torch.equal(one["clean"], other["clean"])
    assert one["clean"].shape == (6, 40, WIDTH) and one["shut"].shape == (2, 40)
    losses = loss_of(model, one, config)
    assert {"loss", "mouth", "pose", "expression", "shut"} <= set(losses)
    assert all(torch.isfinite(value) for value in losses.values())


def test_moments_of_shut_lips_count_most():
    gap = np.ones(60)
    gap[20:23] = 0
    gap[35:55] = 0
    shut, weight = shut_in(gap)
    assert shut[21] == 1 and shut[45] == 1 and shut[30] == 0
    assert weight[21] > weight[30] > weight[45]


def test_strengths_stay_in_range():
    rng = np.random.default_rng(0)
    for _ in range(20):
        track = strengths(50, rng)
        assert track.min() >= 0 and track.max() <= 1.5


def test_shipped_banks_keep_what_they_promise():
    banks = shipped_model().banks
    basis = banks.basis()
    torch.testing.assert_close(basis.T @ basis, torch.eye(sum(RANKS)), atol=1e-3, rtol=0)
    added = banks.coordinates(torch.randn(50, WIDTH, generator=seeded()), EXPRESSION)[:, :NUM_SHAPES]
    assert banks.lips_apart(added).abs().max() < 0.01  # cm


@pytest.mark.parametrize(
    ("state", "rises"),
    [
        ("joy", "mouthSmileLeft"),
        ("sadness", "mouthFrownLeft"),
        ("anger", "browDownLeft"),
        ("surprise", "browOuterUpLeft"),
        ("fear", "eyeWideLeft"),
        ("disgust", "noseSneerLeft"),
        ("contempt", "mouthDimpleRight"),
    ],
)
def test_shipped_faces_show_what_the_state_is_known_by(state, rises):
    model, space = shipped_model(), load_space()
    mean, _ = model.faces(space.offsets()[space.index(state)].detach())
    face = model.banks.coordinates(mean, EXPRESSION)[:NUM_SHAPES]
    assert face[INDEX[rises]] > 0.3


def test_the_plainest_mouth_finds_a_line_and_moves_no_other_bank():
    from generators.portrait.content import LOUDNESS, NUM_CONTENT
    from generators.portrait.model import MotionDenoiser
    from generators.portrait.readout import fit_readout
    from generators.portrait.takes import Spoken

    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    content = rng.standard_normal((900, NUM_CONTENT)).astype(np.float32)
    mouth = np.zeros((900, 52), np.float32)
    mouth[1:, INDEX["jawOpen"]] = 0.3 + 0.1 * content[:-1, LOUDNESS[1]]  # a frame later
    model = MotionDenoiser(hidden_size=32, depth=1, num_heads=2, num_codes=4).eval()
    fit_readout(model.readout, [Spoken(content, mouth, "take")], model.banks)
    rows = torch.from_numpy(content)[None]
    found = model.banks.coordinates(model.readout(rows), MOUTH)[0, 2:-2, INDEX["jawOpen"]]
    lips = model.banks.coordinates(
        model.banks.weights(torch.nn.functional.pad(torch.from_numpy(mouth), (0, 8)), MOUTH), MOUTH
    )[2:-2, INDEX["jawOpen"]]
    assert torch.corrcoef(torch.stack([found, lips]))[0, 1] > 0.98
    assert (found.mean() - lips.mean()).abs() < 0.02

"""The evaluation of portraits: action units, the frozen evaluators, metrics, plain ways of moving a mouth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from portrait_evaluation_material import clear_face, made_captures, points, talking

import checkpoints
from conditioning.face.arkit import INDEX, MIRRORED, NAMES
from studio.evaluation import portrait_baselines as plain
from studio.evaluation import portrait_metrics as measure
from studio.evaluation.portrait_detector import fit_detector, mirrored
from studio.evaluation.portrait_evaluator import (
    CHECKPOINT,
    FRAMES_CHECKPOINT,
    NUM_COEFFICIENTS,
    coefficient_features,
    load_portrait_evaluator,
    strength_of,
)
from studio.evaluation.portrait_geometry import ACROSS, MIDDLE, NUM_GEOMETRY, shape_features, upright
from studio.evaluation.portrait_heads import Looks
from studio.evaluation.portrait_samples import CLEAR as NAMEABLE
from studio.evaluation.portrait_samples import FAINT, draw_take
from studio.evaluation.portrait_units import (
    DU_2014,
    LABELS,
    VARIANTS,
    coefficients,
    draw_map,
    draw_units,
    parse_variant,
    spoken,
)


@given(st.text(max_size=8))
@settings(max_examples=60, deadline=None)
def test_what_is_no_action_unit_is_refused(text):
    try:
        assert parse_variant(text)
    except ValueError as error:
        assert str(error).startswith("expected action units")


def test_every_variant_and_share_can_be_drawn():
    rng = np.random.default_rng(0)
    for emotion in LABELS:
        for source in ("shares", "variants", "both"):
            units = draw_units(emotion, rng, source)
            assert bool(units) == (emotion != "neutral")
            assert all(0 < unit.strength <= 1 for unit in units)
    assert set(VARIANTS) == set(LABELS) - {"neutral"} and set(DU_2014) == set(VARIANTS) - {"contempt"}
    for wrong in ({"emotion": "joy"}, {"emotion": "happy", "source": "films"}):
        with pytest.raises(ValueError, match=r"expected .* got"):
            draw_units(rng=rng, **wrong)


def test_units_are_drawn_as_often_as_published():
    rng = np.random.default_rng(1)
    drawn = [{unit.number for unit in draw_units("happy", rng, "shares")} for _ in range(800)]
    assert np.mean([6 in units for units in drawn]) == pytest.approx(0.51, abs=0.06)


def test_contempt_is_one_sided_and_half_as_strong_is_half():
    rng = np.random.default_rng(2)
    table = draw_map(rng)
    face = coefficients(draw_units("contempt", np.random.default_rng(5), "variants"), table)
    assert np.abs(face - face[list(MIRRORED)]).max() > 0.1
    units = draw_units("sad", rng, "shares")
    assert coefficients(units, table, 0.5) == pytest.approx(coefficients(units, table) / 2, abs=0.26)
    assert (coefficients(units, table, 9.0) <= 1).all()
    talked = spoken(draw_units("surprised", rng, "shares"), rng)
    assert all(unit.strength < 0.61 for unit in talked if unit.number in (25, 26))


def test_takes_say_how_strong_they_are():
    rng, captures = np.random.default_rng(3), made_captures()
    faint, strong = (
        draw_take("happy", level, captures, rng, num_frames=5) for level in (FAINT / 2, NAMEABLE)
    )
    between = draw_take("happy", (FAINT + NAMEABLE) / 2, captures, rng, num_frames=1)
    assert (faint.label, strong.label, between.label) == (0, LABELS.index("happy"), -1)
    assert strong.expression.shape == (5, 52) and strong.reference.shape == (52,)
    assert draw_take("neutral", 1.0, captures, rng).level == 0.0


def test_the_evaluator_names_clear_faces_and_grades_them():
    judge = load_portrait_evaluator(CHECKPOINT)
    for number, emotion in enumerate(LABELS):
        features = np.stack(
            [coefficient_features(clear_face(emotion, level)[None]) for level in (0.3, 0.6, 1.0)]
        )
        for variant in ("relative", "absolute"):
            assert LABELS[judge.scores(features, variant)[-1].argmax()] == emotion
        strength = judge.strength(features)[:, number]
        if emotion != "neutral":
            assert (np.diff(strength) > 0).all() and strength[-1] > 0.5
    with pytest.raises(ValueError, match="expected a variant"):
        judge.scores(features, "other")


def test_a_face_that_talks_is_named_by_what_it_feels():
    judge, rest = load_portrait_evaluator(CHECKPOINT), talking().mean(0)
    for emotion in ("neutral", "happy", "angry", "sad"):
        rows = (talking() + clear_face(emotion)).clip(0, 1)
        named = judge.scores(coefficient_features(rows, rest)[None]).argmax()
        assert LABELS[named] == emotion


def test_features_do_not_depend_on_the_side():
    face = clear_face("contempt")[None]
    one, other = coefficient_features(face), coefficient_features(face[:, list(MIRRORED)])
    assert one == pytest.approx(other) and one.shape == (NUM_COEFFICIENTS,)
    for wrong in (np.zeros((0, 52)), np.zeros((3, 51)), np.full((2, 52), np.nan)):
        with pytest.raises(ValueError, match="expected"):
            coefficient_features(wrong)


def test_grades_of_neutral_are_what_the_others_leave():
    grades = np.zeros((1, 8))
    grades[0, 3] = 0.7
    assert strength_of(grades)[0, 0] == pytest.approx(0.3)


def test_geometry_does_not_depend_on_pose_place_or_size():
    face = points(1)
    face[0, :, 1] *= 1.3
    turn = np.linalg.qr(np.random.default_rng(4).standard_normal((3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    moved = 2.5 * face @ turn.T + 40
    assert upright(moved) == pytest.approx(upright(face), abs=1e-4)
    features = shape_features(upright(points(3)), upright(points(1))[0])
    assert features.shape == (NUM_GEOMETRY,) and np.abs(features).max() < 1e-5
    for wrong in (np.zeros((1, 468, 3)), np.full((1, 478, 3), np.nan), np.zeros((1, 478, 3))):
        with pytest.raises(ValueError, match="expected"):
            upright(wrong)


def test_the_evaluator_of_frames_is_shipped_with_its_own_accuracy():
    judge = load_portrait_evaluator(FRAMES_CHECKPOINT)
    assert judge.average.shape == (478, 3) and judge.config["num_features"] == NUM_GEOMETRY
    average = judge.average.double().numpy()
    still = shape_features(average[None], average)
    assert LABELS[judge.scores(still[None]).argmax()] == "neutral"
    for name in (CHECKPOINT, FRAMES_CHECKPOINT):
        figures = checkpoints.describe(name).figures
        assert figures["stills"]["relative"]["accuracy"] > 0.7
        assert not checkpoints.describe(name).non_commercial


def test_a_detector_is_learned_from_what_it_shows():
    rng = np.random.default_rng(6)
    true = np.zeros((52, 478, 3))
    true[INDEX["jawOpen"], 14, 1] = -0.2
    expression, rest = rng.uniform(0, 1, (60, 52)), np.repeat(points(1), 60, axis=0).astype(float)
    detector = fit_detector(
        Looks(
            np.zeros((60, 52)), expression, np.zeros(60, int), rest, rest + np.tensordot(expression, true, 1)
        ),
        1e-6,
    )
    assert detector.movement[INDEX["jawOpen"], 14, 1] == pytest.approx(-0.2, abs=0.01)
    faces, calm = detector.look(np.zeros((3, 52)), np.zeros(52), rng)
    assert faces.shape == (3, 478, 3) and np.abs(faces - calm).max() < 0.05
    used = [place for pair in ACROSS for place in pair] + list(MIDDLE)
    assert mirrored(mirrored(rest))[:, used] == pytest.approx(rest[:, used])


def test_the_opening_follows_the_jaw_and_closing_undoes_it():
    face = np.zeros((3, 52))
    face[1:, INDEX["jawOpen"]] = 0.5
    face[2, INDEX["mouthClose"]] = 0.5
    assert measure.opening(face) == pytest.approx([0, 1.445, 0])
    upper, lower = np.zeros((2, 3, 3)), np.ones((2, 3, 3)) * (0, 2, 0)
    assert measure.mesh_opening(upper, lower) == pytest.approx([2, 2])


def test_correlation_of_what_stands_still_is_nothing():
    assert measure.correlation(np.ones(5), np.arange(5)) == 0.0
    assert measure.correlation(np.arange(5), 2 * np.arange(5) + 1) == pytest.approx(1.0)


def test_closures_are_found_where_the_lips_meet():
    gap = measure.opening(talking(90, 1.0))
    assert measure.closures(gap, [(0.3, 0.45), (0.1, 0.12)], 30.0).tolist() == [True, False]
    assert not measure.closures(gap, [(9.0, 9.1)], 30.0).any()
    found = measure.shut_times(gap, 30.0)
    assert len(found) >= 4 and all(0.1 < end - start < 0.4 for start, end in found)
    assert measure.shut_times(np.zeros(60), 30.0) == []


def test_errors_and_changes_have_their_units():
    lips = np.zeros((52, 2, 3))
    lips[INDEX["jawOpen"], 0, 1] = 1.0
    made, true = np.zeros((4, 52)), np.zeros((4, 52))
    made[:, INDEX["jawOpen"]] = 0.5
    assert measure.lip_error(made, true, lips) == {"mean": pytest.approx(2.5), "largest": pytest.approx(5.0)}
    pose = np.random.default_rng(7).standard_normal((50, 6))
    assert measure.pose_change(pose, pose) == 0.0
    assert measure.pose_change(pose, pose + 0.1 * pose.std(0)) == pytest.approx(0.1)
    assert measure.pose_change(np.zeros((5, 6)), np.zeros((5, 6))) == 0.0
    assert measure.pose_change(np.zeros((5, 6)), np.ones((5, 6))) == 1.0


def test_jitter_counts_changes_of_speed_and_nothing_else():
    steady = np.linspace(0, 1, 40)[:, None]
    shaken = steady + 0.01 * np.random.default_rng(8).standard_normal((40, 1))
    assert measure.jitter(steady, 30.0) < 1e-9 < measure.jitter(shaken, 30.0)
    for rows, rate in ((steady[:2], 30.0), (steady, 25.0)):
        with pytest.raises(ValueError, match="expected three frames"):
            measure.jitter(rows, rate)


def test_lids_are_shut_at_the_height_of_blinks():
    blink = np.array([0, 0, 0.5, 1.0, 0.95, 0.0])
    assert measure.eyelids_shut(np.array([0.3, 0.3, 0.2, 0.03, 0.03, 0.3]), blink) == pytest.approx(0.1)
    assert np.isnan(measure.eyelids_shut(np.ones(3), np.zeros(3)))
    assert measure.blinks(np.ones((2, 52))).tolist() == [1, 1]


def test_shapes_are_compared_without_size_and_place():
    shape = np.random.default_rng(9).standard_normal((30, 3))
    assert measure.shape_change(shape, 3 * shape + 5) == pytest.approx(0, abs=1e-9)
    wider = shape * (1.1, 1, 1)
    assert 0.001 < measure.shape_change(shape, wider) < 0.05


def heard(loudness, phones=None):
    if phones is None:
        phones = np.zeros((len(loudness), len(plain.SYMBOLS)))
    return plain.Heard(loudness, phones)


def test_loudness_finds_its_gain_and_its_delay():
    loud = np.clip(np.sin(np.arange(200) / 5), 0, 1)
    take = np.zeros((200, 52))
    take[:, INDEX["jawOpen"]] = 0.1 + 0.6 * np.concatenate([np.zeros(2), loud])[:200]
    baseline = plain.Baseline().fit([heard(loud)], [take])
    assert baseline.delay == 2
    made = baseline.move(heard(loud))
    assert np.abs(made - take)[5:-5].max() < 0.06
    with pytest.raises(ValueError, match="expected a baseline that was fitted"):
        plain.Baseline().move(heard(loud))


def test_the_phone_table_holds_the_likeliest_phone():
    phones = np.zeros((60, len(plain.SYMBOLS)))
    phones[:30, plain.SYMBOLS.index("m")] = 1
    phones[30:, plain.SYMBOLS.index("ɑ")] = 1
    shapes = np.zeros((len(plain.SYMBOLS), len(NAMES)))
    shapes[plain.SYMBOLS.index("ɑ"), INDEX["jawOpen"]] = 0.6
    take = np.zeros((60, 52))
    take[30:, INDEX["jawOpen"]] = 0.3
    sound = heard(np.ones(60), phones)
    made = plain.Baseline(shapes).fit([sound], [take]).move(sound)
    assert made[:25].max() < 0.05 and made[40:, INDEX["jawOpen"]] == pytest.approx(0.3, abs=0.02)
    assert plain.closed_times(sound) == [(0.0, pytest.approx(29 / 30))]
    assert set(plain.ARPABET) == set(plain.SYMBOLS)

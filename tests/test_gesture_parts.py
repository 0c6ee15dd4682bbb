"""Rows of motion and back, poses, rhythm, plans, manners and what a body cannot do."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from gesture_motion_material import RATE, SLOW, library, talk, tiny_model, voice
from hypothesis import given, settings
from hypothesis import strategies as st

from conditioning import Emotion, load_space
from conditioning.body.motion import BodyMotion
from conditioning.body.rotations import placed
from conditioning.body.skeleton import INDEX, NUM_JOINTS, OFFSETS
from generators.gesture.concepts import WORDS, Library
from generators.gesture.emotion_manners import DIALS, PUBLISHED, from_dials, published
from generators.gesture.features import (
    WIDTH,
    Start,
    exponential,
    frames_of,
    logarithm,
    mean_rotation,
    motion_of,
)
from generators.gesture.manner import (
    ELBOWS,
    EXTENT,
    HEIGHT,
    NUM_MANNER,
    POSTURE,
    TEMPO,
    bounded,
    centres_of,
    combined,
    difference,
    in_manner,
    measured,
    out_of_manner,
)
from generators.gesture.physics import Leash, clear_of_trunk, from_hinge, hinge_of, within_limits
from generators.gesture.plan import planned, poses_along
from generators.gesture.poses import HANGING, POSED, Arm, mirrored, pose_of
from generators.gesture.rhythm import BEAT, HAND, beats_of, hand_speeds, heard, made_up_voice, rhythm_of
from generators.gesture.stepping import planted, standing, stretched
from generators.gesture.windows import faded, num_windows, with_surroundings
from generators.media import Mark


def same_rotations(one, other, within=1e-3):
    return np.abs(np.abs((one * other).sum(-1)) - 1).max() < within


def body_in(pose):
    rotations = np.zeros((1, NUM_JOINTS, 4))
    rotations[..., 0] = 1
    rotations[0, list(POSED)] = pose
    return rotations


def test_rows_are_read_back_wherever_the_body_stands():
    motion = talk(90)
    rows = frames_of(motion)
    assert rows.shape == (90, WIDTH) and rows.dtype == np.float32
    start = Start(float(motion.root[0, 0]), float(motion.root[0, 2]))
    back, end = motion_of(rows, start)
    assert np.abs(back.root - motion.root).max() < 0.2
    assert same_rotations(back.rotations, motion.rotations)
    further, _ = motion_of(rows, end)
    assert abs(further.root[0, 0] - end.x_cm) < 1e-3


def test_rows_do_not_know_where_or_which_way():
    motion = talk(40)
    turned, _ = motion_of(frames_of(motion), Start(100.0, -50.0, 2.0))
    assert np.abs(frames_of(turned) - frames_of(motion)).max() < 1e-3


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-1.7, 1.7), min_size=3, max_size=3))
def test_exponential_undoes_logarithm(turn):
    turn = np.array(turn)
    assert np.allclose(logarithm(exponential(turn)), turn, atol=1e-6)


def test_the_mean_of_rotations_lies_between_them():
    turns = np.array([[0.3, 0, 0], [-0.3, 0, 0], [0.0, 0.3, 0], [0.0, -0.3, 0]])
    assert np.abs(logarithm(mean_rotation(exponential(turns)))).max() < 1e-6


def test_hanging_arms_hang_and_raised_ones_rise():
    down, _ = placed(body_in(pose_of()), np.zeros((1, 3)))
    assert down[0, INDEX["left_wrist"], 1] < down[0, INDEX["left_shoulder"], 1] - 40
    raised, _ = placed(body_in(pose_of(Arm(90, 10, 60, 0), HANGING)), np.zeros((1, 3)))
    assert raised[0, INDEX["left_wrist"], 1] > raised[0, INDEX["left_shoulder"], 1]
    assert raised[0, INDEX["left_elbow"], 2] > 20


def test_a_mirrored_pose_exchanges_the_hands():
    pose = pose_of(Arm(30, 20, 30, 10), HANGING, (10, 20, 5))
    one, _ = placed(body_in(pose), np.zeros((1, 3)))
    other, _ = placed(body_in(mirrored(pose)), np.zeros((1, 3)))
    left, right = INDEX["left_wrist"], INDEX["right_wrist"]
    assert np.allclose(one[0, left] * [-1, 1, 1], other[0, right], atol=1e-5)


def test_a_voice_is_heard_as_syllables_and_silence_as_nothing():
    found = heard(voice(4.0), RATE, 120)
    assert found.tracks.shape == (120, 5) and 4 <= len(found.onsets) <= 14
    silent = heard(np.zeros(RATE * 2, np.float32), RATE, 60)
    assert len(silent.onsets) == 0 and not silent.tracks[:, BEAT].any()


def test_sound_that_is_not_finite_is_refused():
    samples = voice(1.0)
    samples[100] = np.nan
    with pytest.raises(ValueError, match="expected finite samples"):
        heard(samples, RATE, 30)


def test_the_rhythm_of_a_movement_finds_where_strokes_end():
    time = np.arange(120) / 30
    speed = 60 * np.abs(np.sin(np.pi * time))  # stands still every second
    frames, heights = beats_of(speed)
    assert np.allclose(frames, [30, 60, 90], atol=1) and (heights > 40).all()
    tracks = rhythm_of(talk(120))
    assert tracks.shape == (120, 5) and np.isfinite(tracks).all() and np.abs(tracks[:, HAND]).max() <= 1


def test_strokes_of_a_plan_fall_on_syllables():
    rng = np.random.default_rng(3)
    found = made_up_voice(400, rng)
    plan = planned(found, 400, rng, Library(library()))
    ends = plan.frames[plan.beats]
    assert len(ends) > 5 and (np.diff(plan.frames) > 0).all()
    away = np.abs(ends[:, None] - found.onsets[None]).min(1)
    assert np.median(away) < 0.5
    poses = poses_along(plan, np.arange(400.0))
    assert np.allclose(np.linalg.norm(poses, axis=-1), 1, atol=1e-6)


def test_lively_people_gesture_more_often():
    counts = []
    for lively in (0.5, 1.0, 1.7):
        rng = np.random.default_rng(1)
        found = made_up_voice(600, rng)
        counts.append(planned(found, 600, rng, activity=lambda frame, a=lively: a).beats.sum())
    assert counts[0] < counts[1] < counts[2]


def test_words_call_gestures_and_every_word_one():
    kept = Library(library())
    assert kept.of_word("Huge,").name == "big" and kept.of_word("yes").name == "nod"
    assert kept.of_word("table") is None and kept.of_word("hello") is None
    words = [word for text in WORDS.values() for word in text.split()]
    assert len(words) == len(set(words)), sorted(word for word in words if words.count(word) > 1)


def test_composed_talk_stands_on_its_feet():
    motion = talk(240)
    places, _ = placed(motion.rotations, motion.root)
    for name in ("left_ankle", "right_ankle"):
        assert np.ptp(places[:, INDEX[name]], axis=0).max() < 0.1
    assert np.abs(motion.root[:, 0]).max() < 15
    assert hand_speeds(motion).mean() > 5


def test_a_manner_is_taken_out_as_it_was_put_on():
    motion = talk(100)
    plain = motion.rotations.astype(np.float64)
    row = published()["anger"][0]
    rows = np.tile(row, (100, 1))
    centres = centres_of(plain)
    shown = in_manner(plain, rows, centres)
    assert not same_rotations(shown, plain)
    # Elbows that would bend beyond what elbows do are held back softly, which nothing undoes.
    others = [
        joint for joint in range(NUM_JOINTS) if joint not in (INDEX["left_elbow"], INDEX["right_elbow"])
    ]
    back = out_of_manner(shown, rows, centres)
    assert same_rotations(back[:, others], plain[:, others], 1e-6)
    assert same_rotations(back, plain, 0.05)


def test_elbows_made_larger_do_not_turn_through_themselves():
    plain = np.zeros((40, NUM_JOINTS, 4))
    plain[..., 0] = 1
    bend = np.linspace(0.1, 2.2, 40)
    for name, sign in ELBOWS.items():
        plain[:, INDEX[name]] = from_hinge(np.stack([0 * bend, bend, 0 * bend], -1), sign)
    rows = np.zeros((40, NUM_MANNER))
    rows[:, EXTENT] = np.log(2.2)
    made = in_manner(plain, rows, mean_rotation(plain)[None])
    for name, sign in ELBOWS.items():
        bent = hinge_of(made[:, INDEX[name]], sign)[:, 1]
        assert (np.diff(bent) > -1e-6).all() and bent.min() > 0 and bent.max() < np.radians(148)


def test_measured_manners_are_what_was_put_on():
    motion = talk(300)
    row = from_dials(dict(zip(DIALS, PUBLISHED["sadness"], strict=True)))
    plain = motion.rotations.astype(np.float64)
    made = in_manner(plain, np.tile(row, (300, 1)), mean_rotation(plain)[None])
    found = difference(measured(BodyMotion(made, motion.root, 30.0)), measured(motion))
    turns = found[POSTURE].reshape(-1, 3)
    assert turns[INDEX["head"], 0] == pytest.approx(row[POSTURE].reshape(-1, 3)[INDEX["head"], 0], abs=0.03)
    assert found[EXTENT].max() < 0.02 and found[EXTENT][2] < -0.4
    mean, spread = combined([found, found], [True, False])
    assert mean.shape == spread.shape == (NUM_MANNER,) and not spread.any()


def test_manners_stay_within_what_bodies_do():
    wild = bounded(np.full((2, NUM_MANNER), 9.0))
    assert wild[..., TEMPO].max() <= np.log(2) + 1e-9 and wild[..., HEIGHT].max() <= 0.3


def test_every_state_has_a_manner_that_grows_evenly_with_strength():
    model, space = tiny_model(), load_space()
    offsets = space.offsets().detach()
    mean, spread = model.manners(offsets)
    assert mean.shape == (len(space.state_names), NUM_MANNER) and (spread >= 0).all()
    assert not mean[space.index("neutral")].any()
    moved = mean.abs().amax(-1)
    assert (moved[[at for at, name in enumerate(space.state_names) if name != "neutral"]] > 0.02).all()
    half, _ = model.manners(0.5 * offsets)
    torch.testing.assert_close(half, 0.5 * mean, atol=1e-5, rtol=1e-4)
    own, _ = published()["anger"]
    found = mean[space.index("anger")].double().numpy()
    assert np.abs(found - own).max() < 0.1


@pytest.mark.parametrize(
    "asked", ["furious", {"sad": 0.6, "angry": 0.4}, {"valence": 0.5, "arousal": 0.5}, "bittersweet longing"]
)
def test_any_emotion_has_a_manner(asked):
    model, space = tiny_model(), load_space()
    offset = space.embed(Emotion.parse(asked)) - space.neutral
    mean, _ = model.manners(offset.detach())
    assert torch.isfinite(mean).all() and mean.abs().max() > 0.02


def test_elbows_bend_one_way_and_no_further_than_they_can():
    rotations = np.zeros((3, NUM_JOINTS, 4))
    rotations[..., 0] = 1
    elbow = INDEX["left_elbow"]
    rotations[:, elbow] = exponential(np.array([[0, -3.0, 0], [0, 0.5, 0], [0, -1.0, 0]]))
    bent = logarithm(within_limits(rotations)[:, elbow])[:, 1]
    assert -2.62 < bent[0] < -2.2 and -0.05 < bent[1] <= 0 and bent[2] == pytest.approx(-1.0, abs=1e-3)


def test_arms_are_lifted_out_of_the_trunk():
    inside = body_in(pose_of(Arm(0, -25, -80, 30), HANGING))
    cleared = clear_of_trunk(np.repeat(inside, 30, 0))
    before, _ = placed(inside, np.zeros((1, 3)))
    after, _ = placed(cleared, np.zeros((30, 3)))
    elbow = INDEX["left_elbow"]
    assert after[:, elbow, 0].min() > before[0, elbow, 0] + 2
    fine = np.repeat(body_in(pose_of()), 30, 0)
    assert same_rotations(clear_of_trunk(fine), fine, 1e-9)


def test_a_leash_holds_across_pieces_and_never_lets_go():
    velocity = np.ones((400, 1)) * 30
    whole = Leash(1, 7.0)(velocity)
    leash = Leash(1, 7.0)
    assert np.allclose(np.concatenate([leash(velocity[:150]), leash(velocity[150:])]), whole)
    assert np.abs(whole).max() <= 7.0


def test_feet_that_stand_stay_and_steps_are_stretched():
    time = np.arange(90) / 30
    ankles = np.zeros((90, 2, 3))
    ankles[:, 0, 0] = np.where(time < 1, 0, np.where(time < 2, 50 * (time - 1), 50)) + 0.05 * np.sin(9 * time)
    fixed = planted(ankles, standing(ankles, 30.0))
    assert np.ptp(fixed[3:25, 0, 0]) < 1e-9 and fixed[-1, 0, 0] == pytest.approx(50, abs=0.5)
    way = stretched(np.stack([np.arange(10.0), np.zeros(10), np.zeros(10)], 1), np.full(10, 1.5))
    assert way[-1, 0] == pytest.approx(13.5)


def test_windows_cover_every_frame_and_fade():
    assert [num_windows(count) for count in (1, 120, 121, 210, 211)] == [1, 1, 2, 2, 3]
    mixed = faded(np.zeros((30, 2)), np.ones((30, 2)))
    assert mixed[0].max() < 0.01 and mixed[-1].min() > 0.99


def test_pieces_come_with_what_is_around_them():
    rows = np.arange(100.0)[:, None]
    cut = iter([rows[:40], rows[40:80], rows[80:]])
    seen = []
    for around, first, last in with_surroundings(cut, 15):
        seen.append(around[first:last])
        assert first <= 15 and len(around) - last <= 15
    assert np.array_equal(np.concatenate(seen), rows)


def test_dials_make_rows():
    row = from_dials(SLOW)
    assert row[HEIGHT] == pytest.approx(-0.3) and row[TEMPO] == pytest.approx(-0.3)
    assert OFFSETS[0][1] > 0 and all(len(values) == len(DIALS) for values in PUBLISHED.values())


def test_marks_of_other_kinds_call_nothing():
    rng = np.random.default_rng(0)
    found = made_up_voice(200, rng)
    marks = [Mark(1.0, 1.2, "huge", "phone")]
    one = planned(found, 200, np.random.default_rng(5), Library(library()), marks)
    other = planned(found, 200, np.random.default_rng(5), Library(library()))
    assert np.array_equal(one.poses, other.poses)

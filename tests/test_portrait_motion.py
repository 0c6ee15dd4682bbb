"""From sound to a moving face: what is heard, how parts are put together, and motion with the shipped weights."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from portrait_motion_material import RATE, shipped, shipped_model, tone, whole

from conditioning import EmotionCurve
from conditioning.face.arkit import INDEX
from conditioning.face.motion import FaceMotion, at_rest
from generators.media import Mark
from generators.portrait.compose import (
    PRESSED_CM,
    closing_between,
    composed,
    faded,
    forth_and_back,
    lids_of,
    lips_heard,
    speech_heard,
    split,
    steadied,
    with_lips,
)
from generators.portrait.content import (
    LIPS,
    LOUDNESS,
    NUM_CONTENT,
    accents,
    content_of,
    heard,
    loudest,
    marked,
    phones_in,
    reference_of,
    starts,
)
from generators.portrait.glances import Glances, blinks_in, fixations_in
from generators.portrait.speak import STEP, WINDOW, MotionSettings, motions, num_frames
from generators.portrait.sway import MOST, head_sway
from generators.voice.phones import INDEX as PHONE
from generators.voice.phones import SYMBOLS

QUICK = MotionSettings(num_inference_steps=2)
NEUTRAL = EmotionCurve.parse("neutral")


def made(samples, emotion=NEUTRAL, setting=QUICK, rate=RATE, **rest):
    return list(motions(shipped(), samples, rate, emotion, setting, **rest))


@pytest.fixture(scope="module")
def sound():
    return tone(2.0)


@pytest.fixture(scope="module")
def calm(sound):
    return whole(made(sound))


# What is heard


def test_content_has_a_row_a_frame_at_any_rate(sound):
    frames = heard(sound, RATE)
    reference = reference_of(frames)
    posteriors = phones_in(shipped().get("speech-aligner"), frames.log_mel, reference)
    np.testing.assert_allclose(posteriors.sum(1), 1, atol=1e-3)
    content = content_of(frames, posteriors, reference, 60)
    assert content.shape == (60, NUM_CONTENT) and np.isfinite(content).all()
    louder = heard(4 * sound, RATE)
    again = content_of(louder, posteriors, reference_of(louder), 60)
    assert np.abs(again - content)[:, LOUDNESS].max() < 0.1  # levels are the recording's own


def test_the_loudest_seconds_are_found_and_short_sounds_stay_whole():
    quiet = np.full(40 * RATE, 1e-3, np.float32)
    quiet[10 * RATE : 12 * RATE] = 0.5
    chosen = loudest(quiet, RATE)
    assert len(chosen) == 24 * RATE and (chosen == 0.5).sum() == 2 * RATE
    assert len(loudest(quiet[: 3 * RATE], RATE)) == 3 * RATE


def test_what_is_known_to_be_said_takes_the_place_of_what_was_heard():
    posteriors = np.full((100, len(SYMBOLS)), 1 / len(SYMBOLS), np.float32)
    out = marked(posteriors, [Mark(0.2, 0.4, "m", "phone"), Mark(0.5, 0.6, "hello", "word")], start_s=0.0)
    place = PHONE["m"]
    assert out[round(0.3 * 93.75), place] > 0.9 and out[5, place] < 0.1 and out[52, place] < 0.1
    np.testing.assert_allclose(out.sum(1), 1, atol=1e-4)


def test_accents_stand_at_loud_high_syllables_and_phrases_start_after_pauses():
    count = 90
    loudness = np.full(count, -1.0)
    loudness[40:46] = 0.8
    track = accents(np.ones(count), np.zeros(count), loudness)
    assert 38 <= track.argmax() <= 47 and track.max() > 0.5 and track[:25].max() < 0.2
    speaking = np.zeros(count)
    speaking[30:60] = 1
    begun = starts(speaking)
    assert 28 <= begun.argmax() <= 36 and begun[:20].max() == 0


# How parts are put together


def test_lips_are_as_far_apart_as_the_mouth_alone_would_have_them():
    rng = np.random.default_rng(0)
    aperture = shipped_model().banks.aperture.numpy()
    mouth = np.zeros((200, 52))
    mouth[:, INDEX["jawOpen"]] = rng.uniform(0, 0.7, 200)
    wanted = (mouth @ aperture).clip(0)
    shapes = (mouth + 0.5 * rng.uniform(0, 1, (200, 52)) * (np.arange(52) > 22)).clip(0, 1)
    out = with_lips(shapes, wanted, aperture)
    assert out.min() >= 0 and out.max() <= 1
    np.testing.assert_allclose(out @ aperture, wanted, atol=1e-4)


def test_lips_meet_where_they_must():
    banks = shipped_model().banks
    mouth = np.zeros((30, 52), np.float32)
    mouth[:, INDEX["jawOpen"]] = 0.5
    closed = np.zeros(30, np.float32)
    closed[10:13] = 1
    face = composed(banks, mouth, np.zeros_like(mouth), np.zeros((30, 8)), closed, np.zeros(30))
    gap = face.expression @ banks.aperture.numpy()
    assert np.allclose(gap[10:13], PRESSED_CM, atol=1e-3) and gap[5] > 1


def test_blinks_close_wide_eyes():
    blink = shipped_model().blink.numpy()
    pulses = np.zeros(40)
    pulses[[1, 20]] = 1
    lids = lids_of(pulses, blink, 5)
    assert lids[20] > 0.9 and lids[35] < 0.1 and lids.shape == (40,)
    wide = np.zeros((40, 52), np.float32)
    wide[:, INDEX["eyeWideLeft"]] = 1
    face = composed(shipped_model().banks, np.zeros((40, 52)), wide, np.zeros((40, 8)), None, lids)
    assert face.coefficient("eyeBlinkLeft")[20] > 0.9 and face.coefficient("eyeWideLeft")[20] < 0.1
    assert face.coefficient("eyeWideLeft")[35] > 0.9


def test_a_driving_face_is_parted_without_loss():
    motion = FaceMotion(
        np.random.default_rng(0).uniform(0, 1, (5, 52)).astype(np.float32),
        np.zeros((5, 6), np.float32),
        np.zeros((5, 2), np.float32),
        30.0,
    )
    mouth, rest = split(shipped_model().banks, motion)
    np.testing.assert_allclose(mouth + rest, motion.expression, atol=1e-5)
    assert np.abs(rest @ shipped_model().banks.aperture.numpy()).max() < 0.02


def test_closures_are_heard_more_readily_where_the_aligner_is_sure():
    sure = np.eye(len(SYMBOLS), dtype=np.float32)[1:40]
    unsure = np.full((40, len(SYMBOLS)), 1 / len(SYMBOLS), np.float32)
    assert closing_between(sure)[1] < closing_between(unsure)[1]
    assert closing_between(np.eye(len(SYMBOLS))[:1]) == closing_between(unsure)  # silence says nothing
    content = np.zeros((20, NUM_CONTENT), np.float32)
    content[8, LIPS] = 0.3
    assert lips_heard(content, np.zeros(20), closing_between(sure))[8] == 1
    assert lips_heard(content, np.zeros(20), closing_between(unsure))[8] == 0
    assert lips_heard(content, np.eye(20)[3], closing_between(unsure))[3] == 1


def test_a_mouth_rests_in_silence():
    content = np.zeros((60, NUM_CONTENT), np.float32)
    content[:, LOUDNESS] = -3
    content[20:25, LOUDNESS] = 0
    speech = speech_heard(content)
    assert speech[22] > 0.9 and speech[50] == 0


def test_grain_is_taken_off_and_jumps_stay():
    rng = np.random.default_rng(0)
    step = np.repeat([0.0, 1.0], 40)[:, None] + 0.02 * rng.standard_normal((80, 1))
    out = steadied(step)
    assert np.abs(np.diff(out, 2, axis=0))[:30].mean() < 0.2 * np.abs(np.diff(step, 2, axis=0))[:30].mean()
    assert out[36] < 0.1 and out[43] > 0.9


@settings(max_examples=50, deadline=None)
@given(count=st.integers(1, 40), first=st.integers(0, 500), length=st.integers(1, 60))
def test_a_motion_plays_forth_and_back(count, first, length):
    at = forth_and_back(count, first, length)
    assert len(at) == length and at.min() >= 0 and at.max() < count
    assert np.abs(np.diff(at)).max(initial=0) <= 1


def test_fading_begins_at_one_and_ends_at_the_other():
    out = faded(np.zeros((9, 2)), np.ones((9, 2)))
    assert out[0, 0] == pytest.approx(0.1) and out[-1, 0] == pytest.approx(0.9)


# Eyes and head


@pytest.mark.parametrize("rate", [6, 17, 40])
def test_eyes_blink_as_often_as_asked(rate):
    _, pulses = Glances(rate, 1.0, seed=1).between(0, 30 * 60 * 20)
    assert pulses.sum() == pytest.approx(20 * rate, rel=0.15)


def test_no_blinks_and_no_wandering_where_none_are_asked():
    gaze, pulses = Glances(0, 0.0, seed=1).between(0, 900)
    assert not gaze.any() and not pulses.any()


def test_glances_are_the_same_however_they_are_asked_for():
    gaze, pulses = Glances(20, 1.0, seed=3).between(0, 400)
    pieces = Glances(20, 1.0, seed=3)
    for first in range(0, 300, 110):
        part, pulse = pieces.between(first, first + 140)
        np.testing.assert_array_equal(part, gaze[first : first + 140])
        np.testing.assert_array_equal(pulse, pulses[first : first + 140])


def test_recorded_blinks_and_fixations_are_found():
    lids = np.zeros(100)
    lids[20:24] = 0.9
    lids[50:90] = 0.9  # shut eyes are no blink
    assert blinks_in(lids) == [20]
    gaze = np.zeros((50, 2))
    gaze[25:] = 0.2
    np.testing.assert_allclose(fixations_in(gaze + 0.001), gaze + 0.001)


def test_heads_sway_within_limits_and_nod_on_accents():
    rng = np.random.default_rng(0)
    accent = np.zeros(600)
    accent[20::30] = 1
    still = head_sway(np.zeros(600), np.zeros(600), np.ones(600), 0.3, 1.0, 0.0, rng)
    lively = head_sway(accent, np.zeros(600), np.ones(600), 2.0, 1.0, 1.0, rng)
    assert (np.abs(lively) <= MOST + 1e-6).all()
    assert lively.std(0)[:3].min() > still.std(0)[:3].max()


# Motion with the shipped weights


def test_frames_are_as_many_as_the_sound_is_long(calm):
    assert len(calm) == 60 == num_frames(2 * RATE, RATE)
    assert num_frames(1, RATE) == 1 and num_frames(RATE + 1, RATE) == 31
    assert calm.expression.min() >= 0 and calm.expression.max() <= 1
    assert all(np.isfinite(rows).all() for rows in (calm.expression, calm.head_pose, calm.gaze))


def test_the_same_seed_gives_the_same_face_and_another_seed_another(sound, calm):
    again = whole(made(sound))
    np.testing.assert_array_equal(again.expression, calm.expression)
    np.testing.assert_array_equal(again.head_pose, calm.head_pose)
    other = whole(made(sound, setting=dataclasses.replace(QUICK, seed=1)))
    assert np.abs(other.head_pose - calm.head_pose).max() > 1e-3


def test_an_emotion_changes_the_face_but_neither_lips_nor_head(sound, calm):
    happy = whole(made(sound, EmotionCurve.parse("happy")))
    aperture = shipped_model().banks.aperture.numpy()
    np.testing.assert_allclose(happy.expression @ aperture, calm.expression @ aperture, atol=1e-3)
    np.testing.assert_array_equal(happy.head_pose, calm.head_pose)
    assert happy.coefficient("mouthSmileLeft").mean() > calm.coefficient("mouthSmileLeft").mean() + 0.4


@pytest.mark.parametrize("name", ["happy", "sad", "bittersweet longing"])
def test_intensity_rises_evenly(sound, calm, name):
    far = [
        np.abs(whole(made(sound, EmotionCurve.parse(name, level))).expression - calm.expression).mean()
        for level in (0.25, 0.5, 0.75, 1.0)
    ]
    steps = np.diff([0, *far])
    assert (steps > 0).all() and steps.max() < 3 * steps.min()


def test_an_emotion_comes_and_goes_with_its_curve():
    curve = EmotionCurve.parse([(0.0, "neutral"), (1.0, "neutral"), (2.0, "happy")])
    smile = whole(made(tone(3.0), curve)).coefficient("mouthSmileLeft")
    assert smile[:20].mean() < 0.15 and smile[-20:].mean() > 0.5


def test_dials_reach_their_own_part_alone(sound, calm):
    def of(**settings):
        return whole(made(sound, setting=dataclasses.replace(QUICK, **settings)))

    turned = of(pose_scale=2.0)
    np.testing.assert_array_equal(turned.expression, calm.expression)
    np.testing.assert_allclose(turned.head_pose, 2 * calm.head_pose, atol=1e-6)
    silent = of(mouth_scale=0.0)
    assert silent.coefficient("jawOpen").max() < 0.02
    np.testing.assert_array_equal(silent.head_pose, calm.head_pose)
    np.testing.assert_array_equal(of(expression_scale=0.0).head_pose, calm.head_pose)
    looking = of(gaze_target=(0.2, -0.1)).gaze - calm.gaze
    np.testing.assert_allclose(looking, [[0.2, -0.1]] * 60, atol=1e-5)


def test_heads_move_as_the_style_says(sound):
    spread = [
        whole(made(sound, setting=dataclasses.replace(QUICK, head_style=style))).head_pose[:, :3].std(0).sum()
        for style in ("still", "calm", "lively")
    ]
    assert spread[0] < spread[1] < spread[2]


def test_every_bank_can_have_another_source(sound, calm):
    driving = at_rest(7, 30.0)
    driving.expression[:, INDEX["browInnerUp"]] = 0.8
    driving.expression[:, INDEX["jawOpen"]] = 0.6
    driving.head_pose[:, 0] = 0.2

    def of(**settings):
        return whole(made(sound, setting=dataclasses.replace(QUICK, **settings)))

    mouth = of(mouth_source=driving)
    assert mouth.coefficient("jawOpen").min() > 0.3
    np.testing.assert_array_equal(mouth.head_pose, calm.head_pose)
    face = of(expression_source=driving)
    assert face.coefficient("browInnerUp").min() > 0.5
    assert np.abs(face.coefficient("jawOpen") - calm.coefficient("jawOpen")).max() < 0.3
    pose = of(pose_source=driving)
    np.testing.assert_allclose(pose.head_pose[:, 0], 0.2, atol=1e-6)


def test_marks_close_the_lips():
    sound = tone(2.0)
    marks = [Mark(0.9, 1.0, "m", "phone")]
    gap = whole(made(sound, marks=marks)).expression @ shipped_model().banks.aperture.numpy()
    assert gap[26:32].min() < 0.02


def test_silence_keeps_the_mouth_shut():
    face = whole(made(np.zeros(2 * RATE, np.float32)))
    assert face.coefficient("jawOpen").max() < 0.02


def test_pieces_join_without_a_jump_and_come_window_by_window():
    steps = []
    pieces = motions(
        shipped(), tone(9.0), RATE, NEUTRAL, QUICK, on_step=lambda step, total: steps.append((step, total))
    )
    first = next(pieces)
    assert len(first) == STEP and len(steps) == QUICK.num_inference_steps
    rest = list(pieces)
    face = whole([first, *rest])
    assert len(face) == 270 and steps[-1] == (steps[-1][1],) * 2
    moved = np.abs(np.diff(face.expression, axis=0)).max(1)
    assert moved[STEP - 1] <= np.quantile(moved, 0.98)
    assert STEP < WINDOW


def test_only_a_window_of_the_sound_is_read_at_a_time():
    class Counted(np.ndarray):
        largest = 0

        def __getitem__(self, key):
            part = np.asarray(super().__getitem__(key))
            if isinstance(key, slice):
                Counted.largest = max(Counted.largest, len(part))
            return part

    sound = np.zeros(60 * RATE, np.float32).view(Counted)
    next(motions(shipped(), sound, RATE, NEUTRAL, QUICK))
    assert Counted.largest < 8 * RATE


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
def test_any_rate_of_sound_will_do(rate):
    assert len(whole(made(tone(1.0, rate), rate=rate))) == 30


@pytest.mark.parametrize(
    ("samples", "rate", "changes", "message"),
    [
        (np.zeros(0, np.float32), RATE, {}, "expected mono samples"),
        (np.zeros((2, 100), np.float32), RATE, {}, "expected mono samples"),
        (np.zeros(100, np.float32), 4_000, {}, "samples a second"),
        (np.full(9000, np.nan, np.float32), RATE, {}, "expected finite samples"),
        (np.zeros(100, np.float32), RATE, {"num_inference_steps": 0}, "sampling step"),
        (np.zeros(100, np.float32), RATE, {"head_style": "wild"}, "head style"),
        (np.zeros(100, np.float32), RATE, {"blink_rate": 90}, "blinks a minute"),
        (np.zeros(100, np.float32), RATE, {"mouth_source": at_rest(0, 30.0)}, "frames in mouth_source"),
    ],
)
def test_what_cannot_be_made_is_refused_in_one_line(samples, rate, changes, message):
    with pytest.raises(ValueError, match=message) as caught:
        made(samples, setting=dataclasses.replace(QUICK, **changes), rate=rate)
    assert "\n" not in str(caught.value)

"""What is measured on moving bodies, against motions of which the answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from conditioning.body.motion import BodyMotion, at_rest
from conditioning.body.rotations import about
from conditioning.body.skeleton import INDEX
from studio.evaluation.gesture_manner import (
    MOVING,
    POSTURE,
    SHORTEST,
    feature_names,
    manner,
    seen_from_pelvis,
    signals,
    strokes,
)
from studio.evaluation.gesture_metrics import (
    alignment,
    distance,
    diversity,
    frechet,
    hand_beats,
    jerk,
    jumps,
    seam_jumps,
    skate,
    slope_sign,
    smoothed,
)
from studio.evaluation.gesture_onsets import onsets

RATE = 30.0
AXES = {"x": np.array([1.0, 0, 0]), "y": np.array([0, 1.0, 0]), "z": np.array([0, 0, 1.0])}


def turned_body(count=90, **angles):
    """A body at rest but for some joints: joint=(axis, degrees or (T,) degrees)."""
    motion = at_rest(count, RATE)
    for joint, (axis, angle) in angles.items():
        rows = np.broadcast_to(np.radians(angle), (count,))
        motion.rotations[:, INDEX[joint]] = about(AXES[axis], rows)
    return motion


def posture(motion):
    return dict(zip(POSTURE, signals(motion).posture.mean(0), strict=True))


def test_postures_of_known_bodies():
    rest = posture(at_rest(30, RATE))
    assert rest["head down"] == pytest.approx(0, abs=1e-6) and rest["elbows bent"] == pytest.approx(
        0, abs=0.1
    )
    assert rest["hands out"] == pytest.approx(73, abs=0.1) and rest["upper arms raised"] == pytest.approx(
        0, abs=0.1
    )
    assert posture(turned_body(head=("x", 20)))["head down"] == pytest.approx(20, abs=0.01)
    assert posture(turned_body(spine1=("x", 30)))["trunk forward"] > 15
    bent = posture(turned_body(left_elbow=("y", -90), right_elbow=("y", 90)))
    assert (
        bent["elbows bent"] == pytest.approx(90, abs=0.1)
        and bent["hands forward"] > rest["hands forward"] + 20
    )
    down = posture(turned_body(left_shoulder=("z", -80), right_shoulder=("z", 80)))
    assert down["upper arms raised"] == pytest.approx(-80, abs=0.5) and down["hands out"] < 40
    assert down["hands unlike"] == pytest.approx(0, abs=1e-4)


def test_manner_does_not_mind_where_a_body_stands_or_looks():
    wave = 30 * np.sin(np.arange(90) / 5)
    motion = turned_body(left_shoulder=("z", wave), right_elbow=("y", wave))
    turned = turned_body(left_shoulder=("z", wave), right_elbow=("y", wave), pelvis=("y", 130))
    moved = BodyMotion(turned.rotations, turned.root + np.array([200, 0, -50], np.float32), RATE)
    assert manner(signals(moved)) == pytest.approx(manner(signals(motion)), abs=2e-2)
    assert seen_from_pelvis(moved)[0] == pytest.approx(seen_from_pelvis(motion)[0], abs=1e-2)


def test_twice_as_fast_is_a_logarithm_more():
    names = feature_names()
    slow, fast = (
        manner(signals(turned_body(180, left_elbow=("y", 40 * np.sin(step * np.arange(180))))))
        for step in (0.1, 0.2)
    )
    assert len(slow) == len(names) == len(set(names))
    for measure, ratio in (("speed", 2), ("acceleration", 4), ("jerk", 8)):
        at = names.index(f"hands, {measure}")
        assert fast[at] - slow[at] == pytest.approx(np.log(ratio), abs=0.4), measure
    assert fast[names.index("strokes")] > slow[names.index("strokes")]


def test_manner_refuses_what_is_too_short_or_of_another_rate():
    with pytest.raises(ValueError, match="expected 12 frames"):
        signals(at_rest(SHORTEST - 1, RATE))
    with pytest.raises(ValueError, match="at 30 frames"):
        signals(at_rest(40, 60.0))
    assert len(MOVING) == signals(at_rest(SHORTEST, RATE)).speed.shape[1]


def test_jerk_of_a_swing_is_its_third_derivative():
    t = np.arange(300) / RATE
    places = np.zeros((300, 1, 3))
    places[:, 0, 0] = 10 * np.sin(2 * np.pi * t)
    assert jerk(places) == pytest.approx(10 * (2 * np.pi) ** 3 * 2 / np.pi, rel=0.06)
    assert jerk(np.zeros((9, 2, 3))) == 0.0
    with pytest.raises(ValueError, match="expected 4 frames"):
        smoothed(np.zeros((3, 2)))


def test_a_pop_is_found_at_its_seam_and_nowhere_else():
    places = np.zeros((100, 2, 3))
    places[:, 0, 0] = 20 * np.sin(np.arange(100) / 10)
    calm = jumps(places).max()
    places[50:, 0, 0] += 3.0
    assert jumps(places).argmax() in (48, 49, 47) and jumps(places).max() > 20 * calm
    found = seam_jumps(places, [25, 50])
    assert found[0] <= calm * 1.001 and found[1] == jumps(places).max()


def test_skating_is_the_speed_of_feet_that_stand():
    places = np.zeros((60, 22, 3))
    assert skate(places) == {"cm_s": 0.0, "contact": 1.0}
    places[:, INDEX["left_foot"], 0] = 5 * np.arange(60) / RATE
    assert skate(places)["cm_s"] == pytest.approx(2.5)
    places[:, INDEX["left_foot"], 1] = 20.0  # it flies
    assert skate(places)["cm_s"] == 0.0 and skate(places)["contact"] == pytest.approx(0.5)


def test_diversity_is_the_mean_distance_of_pairs():
    takes = [np.full((10, 2, 3), value) for value in (0.0, 1.0, 3.0)]
    assert diversity(takes) == pytest.approx((1 + 3 + 2) / 3)
    assert distance(takes[0], takes[2][:4]) == 3.0
    for wrong in ([], takes[:1]):
        with pytest.raises(ValueError, match="expected two takes"):
            diversity(wrong)


def test_frechet_of_gaussians_is_the_closed_form():
    rng = np.random.default_rng(0)
    one = rng.standard_normal((20_000, 2))
    other = 2 * rng.standard_normal((20_000, 2)) + np.array([3.0, 0.0])
    # |3|^2 + 2 (1 + 4 - 2 * 2)
    assert frechet(one, other, 0.0) == pytest.approx(11, rel=0.03)
    assert frechet(one, one) == pytest.approx(0, abs=1e-9)
    assert frechet(one[:5], other[:5]) > 0
    with pytest.raises(ValueError, match="expected two rows"):
        frechet(one[:1], other)


def test_alignment_is_the_mean_of_gaussians():
    assert alignment(np.array([1.0, 2.0]), np.array([1.0, 2.3]), 0.3) == pytest.approx((1 + np.exp(-0.5)) / 2)
    assert alignment(np.array([1.0]), np.zeros(0)) == 0.0
    assert np.isnan(alignment(np.zeros(0), np.array([1.0])))


def test_hands_beat_where_they_turn_back():
    count = 150
    places = np.zeros((count, 22, 3))
    places[:, INDEX["left_wrist"], 1] = 10 * np.sin(
        2 * np.pi * np.arange(count) / RATE
    )  # turns twice a second
    found = hand_beats(places)
    assert np.diff(found) == pytest.approx(0.5, abs=0.04) and found[0] == pytest.approx(0.25, abs=0.04)
    assert len(hand_beats(np.zeros((count, 22, 3)))) == 0


def test_bursts_are_heard_when_they_begin():
    rate, starts = 16000, (0.3, 0.9, 1.4, 2.2)
    sound = 1e-4 * np.random.default_rng(0).standard_normal(3 * rate)
    for start in starts:
        at = np.arange(round(0.2 * rate))
        tone = 0.4 * np.sin(2 * np.pi * 220 * at / rate) * np.linspace(1, 0, len(at))
        sound[round(start * rate) :][: len(at)] += tone
    assert onsets(sound, rate) == pytest.approx(starts, abs=0.03)
    assert len(onsets(np.zeros(rate), rate)) == 0 == len(onsets(np.zeros(10), rate))
    with pytest.raises(ValueError, match="finite mono"):
        onsets(np.full(rate, np.nan), rate)


def test_which_way_a_measure_goes():
    assert slope_sign([1.0, 2.0, 4.0]) == {"rho": 1.0, "ratio": 4.0}
    assert slope_sign([4.0, 3.0, 1.0])["rho"] == -1.0 and slope_sign([1.0, 1.0])["rho"] == 0.0


def test_strokes_are_counted():
    assert strokes(20 + 10 * np.sin(2 * np.pi * np.arange(90) / 30)) == pytest.approx(1.0)

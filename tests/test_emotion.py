"""Emotion and EmotionCurve: every way to say a feeling, every bad input."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conditioning import Emotion, EmotionCurve
from conditioning.names import ALIASES, EIGHT_VECTOR, GOEMOTIONS, LABEL_SETS, STATES, find_state

NAMES = st.sampled_from(sorted([*STATES, *ALIASES]))
UNIT = st.floats(-1, 1)
INTENSITY = st.floats(0, 1.5)
VALUES = st.one_of(
    NAMES,
    st.dictionaries(NAMES, st.floats(0.01, 1), min_size=1, max_size=4),
    st.tuples(UNIT, UNIT, UNIT),
    st.lists(st.floats(0, 1.5), min_size=8, max_size=8),
    st.tuples(NAMES, INTENSITY),
    st.just("trembling with rage held back"),
)


@pytest.mark.parametrize(
    "value, weights, intensity",
    [
        ("sad", {"sadness": 1}, 1),
        (" Happy! ", {"joy": 1}, 1),
        ("Q1", {"Q1": 1}, 1),
        ("q3", {"Q3": 1}, 1),
        ({"sad": 0.6, "angry": 0.4}, {"sadness": 0.6, "anger": 0.4}, 1),
        ("60% sad, 40% angry", {"sadness": 0.6, "anger": 0.4}, 1),
        ("60 % sad and 40 % angry", {"sadness": 0.6, "anger": 0.4}, 1),
        ("sad: 0.6, angry: 0.4", {"sadness": 0.6, "anger": 0.4}, 1),
        ("sad and angry", {"sadness": 0.5, "anger": 0.5}, 1),
        ("33% sad, 33% angry, 33% calm", {"sadness": 1 / 3, "anger": 1 / 3, "calm": 1 / 3}, 1),
        ({"sad": 0.3}, {"sadness": 1}, 0.3),
        ({"sad": 3, "angry": 1}, {"sadness": 0.75, "anger": 0.25}, 1),
        (("joyful", 0.9), {"joy": 1}, 0.9),
        ([0, 0, 0.5, 0, 0, 0, 0, 0], {"sadness": 1}, 0.5),
        ([1, 0, 1, 0, 0, 0, 0, 0], {"joy": 0.5, "sadness": 0.5}, 1.5),
        ([0] * 8, {"neutral": 1}, 1),
    ],
)
def test_ways_to_say_a_mixture(value, weights, intensity):
    emotion = Emotion.parse(value)
    assert dict(emotion.weights) == pytest.approx(weights)
    assert emotion.intensity == pytest.approx(intensity)


def test_points_and_phrases():
    assert Emotion.parse((-0.6, 0.4, -0.2)).vad == (-0.6, 0.4, -0.2)
    assert Emotion.parse({"valence": 0.5, "arousal": -0.2}).vad == (0.5, -0.2, 0.0)
    assert Emotion.parse("trembling with\nrage held back").phrase == "trembling with rage held back"
    assert Emotion.parse("bittersweet longing").phrase == "bittersweet longing"
    assert Emotion.parse(json.loads(json.dumps([0.1, 0.2, 0.3]))).vad == (0.1, 0.2, 0.3)


def test_every_label_of_every_set_is_known():
    for labels in LABEL_SETS.values():
        assert all(find_state(label) for label in labels)
    assert len(GOEMOTIONS) == 28 and len(EIGHT_VECTOR) == 8
    assert all(name in STATES for name in ALIASES.values())
    assert not set(ALIASES) & set(STATES)


@given(VALUES, INTENSITY)
@settings(max_examples=150, deadline=None)
def test_json_round_trip_is_exact(value, intensity):
    emotion = Emotion.parse(value, intensity)
    assert Emotion.parse(json.loads(json.dumps(emotion.to_json()))) == emotion
    assert 0 <= emotion.intensity <= 1.5
    assert emotion.label


@given(st.lists(VALUES, min_size=1, max_size=5), INTENSITY)
@settings(max_examples=60, deadline=None)
def test_curve_round_trip_is_exact(values, intensity):
    curve = EmotionCurve.parse([(float(time_s), value) for time_s, value in enumerate(values)], intensity)
    assert EmotionCurve.parse(json.loads(json.dumps(curve.to_json()))) == curve
    assert len(curve.keyframes) == len(values) and curve.label


BAD = [
    "", "   ", "\x00", "sad\x07", "\ud800", "x" * 1001, "x" * 10_000, "123", "?!", "60% sadd, 40% angry",
    math.nan, math.inf, 5, None, True, b"sad", object(), [], {}, (1,), (0.1, 0.2), (1, 2, 3),
    (0, 0, math.nan), (0, 0, True), [0.1] * 7, [0.1] * 9, [-1, 0, 0, 0, 0, 0, 0, 0], [math.nan] * 8,
    [9] * 8, {"sad": -1}, {"sad": math.nan}, {"sad": "much"}, {"sad": True}, {"nothing known": 1}, {1: 2},
    ("sad", 2), ("sad", -0.1), ("sad", math.nan), (("sad", 1), 9), {"weights": {}},
    {"weights": {"sadness": -1}}, {"weights": 1}, {"vad": [2, 0, 0]}, {"vad": "abc"}, {"phrase": ""},
    {"phrase": 3}, {"code": [1.0]}, {"code": [math.nan] * 64}, {"code": "x"},
    {"vad": [0, 0, 0], "phrase": "sad"}, {"vad": [0, 0, 0], "speed": 1}, {"valence": 2}, "song.glb",
    {"text": "Oh!"}, {"text": "Oh!", "audio": 3}, {"text": "Oh!", "audio": "song.mid"}, {"song.glb": 1.0},
    {"code": [0.0] * 64, "read_by": ["none"]}, {"code": [0.0] * 64, "read_by": "speech-encoder"},
]  # fmt: skip


@pytest.mark.parametrize("value", BAD, ids=range(len(BAD)))
def test_bad_input_is_refused_in_one_line(value):
    for parse in (Emotion.parse, EmotionCurve.parse):
        with pytest.raises(ValueError) as caught:
            parse(value)
        message = str(caught.value)
        assert "expected" in message and "got" in message and "\n" not in message and len(message) < 400


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text(), st.binary()),
        lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner), st.tuples(inner, inner)),
        max_leaves=12,
    )
)
@settings(max_examples=300, deadline=None)
def test_anything_gives_a_curve_or_a_value_error(value):
    try:
        curve = EmotionCurve.parse(value, files=False)
    except ValueError as error:
        assert "\n" not in str(error)
    else:
        assert EmotionCurve.parse(curve.to_json()) == curve


@pytest.mark.parametrize(
    "keyframes",
    [[(5, "sad"), (1, "calm")], [(1, "sad"), (1, "calm")], [(-1, "sad")], [(math.nan, "sad")], [(0, "")],
     [(0, "sad"), 3], [(1e9, "sad")], [(0, "sad", 1)]],
)  # fmt: skip
def test_bad_keyframes_are_refused(keyframes):
    with pytest.raises(ValueError, match="expected"):
        EmotionCurve.parse(keyframes)


def test_curve_multiplies_intensities_and_stops_at_the_end_of_the_dial():
    curve = EmotionCurve.parse([(0.0, "calm"), (20.0, ("joyful", 0.9))], 0.5)
    assert [emotion.intensity for _, emotion in curve.keyframes] == pytest.approx([0.5, 0.45])
    assert EmotionCurve.parse(("sad", 1.5), 1.5).keyframes[0][1].intensity == 1.5
    assert not curve.is_constant and EmotionCurve.parse("calm").is_constant
    assert (
        curve.around(-1)[2] == 0 and curve.around(10)[2] == 0.5 and curve.around(99)[0].weights[0][0] == "joy"
    )
    for bad in (2, -1, math.nan, "loud", True):
        with pytest.raises(ValueError, match="intensity"):
            EmotionCurve.parse("sad", bad)


def test_missing_reference_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected a reference file"):
        Emotion.parse(tmp_path / "missing.mid")
    with pytest.raises(FileNotFoundError, match="expected a reference file"):
        Emotion.parse("50% missing.mid, 50% sad")
    for value in ("song.mid", "50% song.mid, 50% sad", {"song.mid": 1.0}, {"text": "Oh!", "audio": "a.wav"}):
        with pytest.raises(ValueError, match="words, got a file name"):
            Emotion.parse(value, files=False)


def test_what_read_a_code_is_kept():
    code = {
        "code": [0.0] * 64,
        "source": "60% a.wav, 40% b.mid",
        "read_by": ["speech-encoder", "music-encoder"],
    }
    emotion = Emotion.parse(code, 0.5)
    assert emotion.read_by == ("speech-encoder", "music-encoder") and emotion.label.endswith("b.mid (0.5)")
    assert Emotion.parse(json.loads(json.dumps(emotion.to_json()))) == emotion


def test_unknown_name_in_a_mixture_suggests_others():
    with pytest.raises(ValueError, match=r"did you mean .*sad"):
        Emotion.parse({"sadd": 1})

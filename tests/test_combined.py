"""Words and voice together, and feelings mixed from several files; on the shipped encoders."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import soundfile
import torch
from made_up_voice import RATE, make_voice
from music_material import song, write_score

from conditioning import Emotion, EmotionCurve, load_space, load_text_encoder, read_together
from conditioning.combined import Combined, reading_at
from conditioning.references import read_shares
from studio.recipe import emotion_weights

GLAD, PLAIN = "I am so happy that you came!", "The train leaves at nine."


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("takes")
    soundfile.write(folder / "a.wav", make_voice(), RATE)
    soundfile.write(folder / "b.wav", make_voice(320.0, syllables_per_s=6.0, tilt=0.6), RATE)
    soundfile.write(folder / "take 1, 2 and 3.wav", make_voice(110.0), RATE)
    write_score(folder / "song.mid", song(4))
    return folder


@pytest.fixture(scope="module", autouse=True)
def inside(folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield


def point_of(value, intensity=1.0):
    return load_space().embed(Emotion.parse(value, intensity))


def made_up(said, heard, text_length=3.0):
    """Gives words and a voice that read at these (valence, arousal, dominance)."""
    space = load_space()
    text, audio = (reading_at(space, space.at_vad(torch.tensor(place))) for place in (said, heard))
    text = replace(text, length=text_length)
    blank = Combined("Oh!", "a.wav", text, replace(audio, length=3.0), (), 0.0, audio, ("speech-encoder",))
    return blank.weighed()


def test_both_readings_and_the_weighted_mean_of_their_points():
    combined = read_together(GLAD, "a.wav", 0.25)
    said, heard = torch.tensor(combined.text_point), torch.tensor(combined.audio_point)
    assert torch.allclose(torch.tensor(combined.point), 0.25 * said + 0.75 * heard, atol=1e-5)
    assert combined.text_weight == 0.25 and combined.take == "a.wav"
    assert combined.text.vad[0] > 0.3 and combined.text.name == "joy"
    assert sum(chance for _, chance in combined.heard) == pytest.approx(1.0, abs=1e-4)
    assert combined.heard[0][1] == max(chance for _, chance in combined.heard)
    assert combined == read_together(GLAD, "a.wav", 0.25)
    alone = read_together(GLAD, "a.wav", 1.0)
    assert alone.point == pytest.approx(combined.text_point, abs=1e-5)


def test_category_and_place_both_have_a_say_in_the_voice():
    space, combined = load_space(), read_together(GLAD, "a.wav")
    place = point_of("a.wav") - space.neutral
    category = sum(chance * space.offsets()[space.index(state)] for state, chance in combined.heard)
    heard = torch.tensor(combined.audio_point) - space.neutral
    assert torch.allclose(heard, 0.5 * place + 0.5 * category, atol=1e-4)


def test_words_are_read_as_said_and_not_as_asked_for():
    space = load_space()
    plain = read_together(PLAIN, "a.wav")
    read = load_text_encoder().encode([PLAIN]).z[0]
    assert torch.allclose(torch.tensor(plain.text_point), read, atol=1e-5)
    assert plain.text.name == "neutral" and plain.text.length < 1.0
    named = read_together("sad", "a.wav")
    assert torch.allclose(torch.tensor(named.text_point), point_of("sad"), atol=1e-5)
    assert named.read_by == ("speech-encoder",) and plain.read_by == ("text-encoder", "speech-encoder")
    assert float((torch.tensor(plain.text_point) - space.neutral).norm()) == pytest.approx(plain.text.length)


def test_a_reading_near_neutral_has_little_weight():
    weights = [made_up((0.6, 0.3, 0.1), (-0.5, 0.4, 0.1), length).text_weight for length in (0, 1, 3, 9, 99)]
    assert weights == sorted(weights) and weights[0] == 0.2 and weights[2] == 0.5 and weights[-1] == 0.8
    assert read_together(PLAIN, "a.wav").text_weight < read_together(GLAD, "a.wav").text_weight


@pytest.mark.parametrize(
    ("said", "heard", "conflict", "expected"),
    [
        (0.6, -0.5, True, "the words are pleasant"),
        (-0.6, 0.5, True, "the voice is pleasant"),
        (0.6, 0.5, False, "both pleasant"),
        (-0.6, -0.5, False, "both unpleasant"),
        (0.1, -0.5, False, "words are neither"),
        (0.6, -0.1, False, "voice is neither"),
    ],
)
def test_a_conflict_is_opposite_valence_in_both_clearly(said, heard, conflict, expected):
    combined = made_up((said, 0.2, 0.0), (heard, 0.3, 0.0))
    assert combined.conflict is conflict and expected in combined.why
    assert f"{said:+.2f}" in combined.why or f"{heard:+.2f}" in combined.why
    assert combined.weighed(0.9).conflict is conflict, "the weight decides nothing about it"


@pytest.mark.parametrize(
    ("text", "audio", "weight", "expected"),
    [
        ("", "a.wav", None, "words that are said"),
        ("?!", "a.wav", None, "words that are said"),
        (3, "a.wav", None, "words that are said"),
        ("x" * 1001, "a.wav", None, "at most 1000"),
        ("a\x07", "a.wav", None, "control"),
        ("hi", "song.mid", None, "recording of .wav"),
        ("hi", 3, None, "path of a recording"),
        ("hi", "a.wav", 1.5, "weight of the words"),
        ("hi", "a.wav", -0.1, "weight of the words"),
        ("hi", "a.wav", True, "weight of the words"),
    ],
)
def test_bad_input_is_refused_in_one_line(text, audio, weight, expected):
    with pytest.raises(ValueError, match=expected) as caught:
        read_together(text, audio, weight)
    assert str(caught.value).startswith("expected ") and "\n" not in str(caught.value)


def test_a_missing_recording():
    for name in ("none.wav", "x" * 300 + ".wav"):
        with pytest.raises(FileNotFoundError, match="expected a recording"):
            read_together("hi", name)
        with pytest.raises(FileNotFoundError, match="expected a reference"):
            Emotion.parse({name: 1.0})


def test_words_and_voice_are_an_emotion():
    value = {"text": GLAD, "audio": "a.wav", "text_weight": 0.4, "intensity": 0.5}
    emotion, combined = Emotion.parse(value), read_together(GLAD, "a.wav", 0.4)
    assert emotion.code == combined.point and emotion.intensity == 0.5
    assert GLAD in emotion.label and "a.wav" in emotion.label
    assert Emotion.parse(json.loads(json.dumps(emotion.to_json()))) == emotion
    assert Emotion.parse({"text": GLAD, "audio": "a.wav"}, 0.3).intensity == 0.3
    for wrong in (
        {"text": GLAD},
        {"audio": "a.wav"},
        {**value, "more": 1},
        {**value, "intensity": 2},
        {**value, "text_weight": "much"},
        {**value, "audio": 3},
    ):
        with pytest.raises(ValueError, match=r"^expected [^\n]+, got [^\n]+$"):
            Emotion.parse(wrong)


@pytest.mark.parametrize(
    ("value", "parts", "intensity"),
    [
        ({"a.wav": 0.6, "b.wav": 0.4}, {"a.wav": 0.6, "b.wav": 0.4}, 1.0),
        ("60% a.wav, 40% b.wav", {"a.wav": 0.6, "b.wav": 0.4}, 1.0),
        ("60 % of a.wav and 40% b.wav", {"a.wav": 0.6, "b.wav": 0.4}, 1.0),
        ("a.wav: 0.6, b.wav: 0.4", {"a.wav": 0.6, "b.wav": 0.4}, 1.0),
        ("a.wav 60%; b.wav 40%", {"a.wav": 0.6, "b.wav": 0.4}, 1.0),
        ({"a.wav": 0.5, "sad": 0.5}, {"a.wav": 0.5, "sad": 0.5}, 1.0),
        ("50% sad, 50% song.mid", {"sad": 0.5, "song.mid": 0.5}, 1.0),
        ("50% take 1, 2 and 3.wav, 50% a.wav", {"take 1, 2 and 3.wav": 0.5, "a.wav": 0.5}, 1.0),
        ({"a.wav": 3, "b.wav": 1}, {"a.wav": 0.75, "b.wav": 0.25}, 1.0),
        ({"a.wav": 0.3, "b.wav": 0.2}, {"a.wav": 0.6, "b.wav": 0.4}, 0.5),
        ({"a.wav": 0.7}, {"a.wav": 1.0}, 0.7),
        ({"a.wav": 1, "b.wav": 0}, {"a.wav": 1.0}, 1.0),
    ],
)
def test_a_mixture_of_references_is_the_weighted_mean_of_their_points(value, parts, intensity):
    emotion, space = Emotion.parse(value), load_space()
    wanted = sum(share * (point_of(name) - space.neutral) for name, share in parts.items())
    assert emotion.intensity == pytest.approx(intensity)
    assert torch.allclose(space.embed(emotion) - space.neutral, intensity * wanted, atol=1e-4)
    assert Emotion.parse(json.loads(json.dumps(emotion.to_json()))) == emotion
    assert all(name in emotion.source for name in parts if "." in name)


def test_a_file_may_be_called_like_a_share(folder):
    soundfile.write(folder / "50% off.wav", make_voice(), RATE)
    assert Emotion.parse("50% off.wav").intensity == 1.0
    assert read_shares("a.wav") == [] and read_shares("sad and a.wav") == []
    assert Emotion.parse({folder / "a.wav": 0.5, "sad": 0.5}).read_by == ("speech-encoder",)
    assert Emotion.parse({"a.wav": 0, "b.wav": 0}) == Emotion.parse("neutral")


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        ({"a.wav": 0.5, "sadd": 0.5}, ValueError, "did you mean"),
        ("50% a.wav, 50% none.wav", FileNotFoundError, "no file"),
        ({"a.wav": -1}, ValueError, "share of"),
        ({"a.wav": "much"}, ValueError, "share of"),
        ({"a.glb": 1}, ValueError, "reference file of"),
    ],
)
def test_bad_mixtures_of_references(value, kind, expected):
    with pytest.raises(kind, match=expected):
        Emotion.parse(value)


@pytest.mark.parametrize(
    "value",
    [
        {"a.wav": 0.6, "b.wav": 0.4},
        {"a.wav": 0.5, "sad": 0.5},
        "60% a.wav, 40% b.wav",
        "a.wav: 0.6, sad: 0.4",
        {"text": GLAD, "audio": "a.wav"},
        {"text": GLAD, "audio": "none.wav"},
        [[0, "calm"], [4, {"a.wav": 1.0}]],
        "50% there is none.wav, 50% sad",
    ],
)
def test_strangers_name_no_file_in_any_form(value):
    for given in (value, (value, 0.5)) if not isinstance(value, list) else (value,):
        with pytest.raises(ValueError, match="got a file name"):
            EmotionCurve.parse(given, files=False)


def test_curves_over_references():
    space = load_space()
    curve = EmotionCurve.parse([[0, "a.wav"], [4, {"b.wav": 0.5, "sad": 0.5}], [8, "song.mid"]])
    points = space.embed_curve(curve, [0.0, 2.0, 4.0, 8.0])
    first, second = point_of("a.wav"), point_of({"b.wav": 0.5, "sad": 0.5})
    wanted = [first, (first + second) / 2, second, point_of("song.mid")]
    assert torch.allclose(points, torch.stack(wanted), atol=1e-4)
    assert EmotionCurve.parse(json.loads(json.dumps(curve.to_json())), files=False) == curve
    assert set(emotion_weights(curve)) == {"emotion-space", "speech-encoder", "music-encoder"}


def test_recipes_name_every_encoder():
    def names(value):
        return set(emotion_weights(EmotionCurve.parse(value))) - {"emotion-space"}

    assert names({"text": GLAD, "audio": "a.wav"}) == {"text-encoder", "speech-encoder"}
    assert names({"a.wav": 0.5, "song.mid": 0.5}) == {"music-encoder", "speech-encoder"}
    assert names({"a.wav": 0.5, "sad": 0.5}) == names("a.wav") == {"speech-encoder"}
    assert names("quiet pride") == {"text-encoder"} and names("sad") == set()
    older = {key: value for key, value in Emotion.parse("a.wav").to_json().items() if key != "read_by"}
    assert names(older) == {"speech-encoder"}, "recipes from before name the file alone"
    with pytest.raises(ValueError, match="expected read_by out of"):
        Emotion.parse({**older, "read_by": ["none"]})
    with pytest.raises(ValueError, match="expected read_by out of"):
        Emotion.parse({**older, "read_by": [["none"]]})

"""Readers of takes of faces, on small folders that are made up here."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conditioning.face.arkit import INDEX, NAMES
from training.data.face import FACEGOOD_GAINS, beat, beat_emotion, facegood, livelink, mead
from training.data.face_presets import MORPH_GAINS, both_sides, from_morphs, viseme_table, weights_of

GRID = """File type = "ooTextFile"
        intervals [1]:
            xmin = 0
            xmax = 0.5
            text = ""
        intervals [2]:
            xmin = 0.5
            xmax = 0.9
            text = "hello"
"""


@pytest.fixture
def beat_folder(tmp_path):
    folder = tmp_path / "1"
    folder.mkdir()
    frames = [{"weights": [0.1 * at, 0.5], "time": at / 60} for at in range(4)]
    data = {"names": ["jawOpen", "mouthSmileLeft"], "frames": frames}
    for name in ("1_wayne_0_73_73", "1_wayne_1_9_9"):
        (folder / f"{name}.json").write_text(json.dumps(data), encoding="utf-8")
    (folder / "1_wayne_0_73_73.wav").write_bytes(b"RIFF")
    (folder / "1_wayne_0_73_73.TextGrid").write_text(GRID, encoding="utf-8")
    (folder / "notes.json").write_text("{}", encoding="utf-8")
    return tmp_path


def test_beat_gives_frames_sound_words_and_the_emotion_of_the_name(beat_folder):
    angry, talk = beat(beat_folder, NAMES)
    assert (angry.person, angry.emotion, angry.language) == ("1_wayne", "anger", "en-US")
    assert angry.audio is not None and angry.audio.name == "1_wayne_0_73_73.wav"
    assert angry.words == (("hello", 0.5, 0.9),)
    assert angry.frame_rate == 60 and angry.coefficients.shape == (4, 52)
    np.testing.assert_allclose(angry.coefficients[:, INDEX["jawOpen"]], [0, 0.1, 0.2, 0.3], atol=1e-6)
    assert angry.known.sum() == 2
    assert (talk.emotion, talk.audio, talk.words) == ("neutral", None, ())


@pytest.mark.parametrize(
    ("kind", "recording", "emotion"),
    [(0, 1, "neutral"), (0, 65, "joy"), (2, 86, "sadness"), (0, 118, "disgust"), (1, 118, "neutral")],
)
def test_beat_says_emotions_by_number(kind, recording, emotion):
    assert beat_emotion(kind, recording) == emotion


@settings(max_examples=40, deadline=None)
@given(
    data=st.one_of(
        st.text(max_size=30).map(str.encode),
        st.dictionaries(st.sampled_from(["names", "frames", "x"]), st.lists(st.integers(), max_size=3)).map(
            lambda value: json.dumps(value).encode()
        ),
        st.just(b'{"names": ["a"], "frames": [{"weights": [1, 2]}]}'),
    )
)
def test_beat_refuses_other_json_in_one_line(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("beat")
    (folder / "1_wayne_0_1_1.json").write_bytes(data)
    with pytest.raises(ValueError, match="expected") as caught:
        list(beat(folder, NAMES))
    assert "\n" not in str(caught.value)


def test_mead_reads_tables_and_arrays(tmp_path):
    folder = tmp_path / "M003" / "video" / "front" / "happy" / "level_2"
    folder.mkdir(parents=True)
    (folder / "001.csv").write_text(
        "Timecode,JawOpen,MouthSmileLeft\na,0.25,1.5\nb,0.5,0\n", encoding="utf-8"
    )
    np.savez(folder / "002.npz", names=["jawOpen"], coefficients=np.full((5, 1), 0.3), frame_rate=25.0)
    sound = tmp_path / "M003" / "audio" / "happy" / "level_2"
    sound.mkdir(parents=True)
    (sound / "001.m4a").write_bytes(b"x")
    table, arrays = mead(tmp_path, NAMES)
    assert (table.person, table.emotion, table.frame_rate) == ("M003", "joy", 30)
    assert table.intensity == pytest.approx(2 / 3)
    assert table.audio is not None and table.audio.name == "001.m4a"
    assert table.coefficients.max() == 1  # bounded
    assert arrays.frame_rate == 25 and arrays.coefficients[0, INDEX["jawOpen"]] == pytest.approx(0.3)


def test_mead_refuses_what_holds_no_coefficients(tmp_path):
    folder = tmp_path / "M003" / "video" / "front" / "sad" / "level_1"
    folder.mkdir(parents=True)
    (folder / "001.csv").write_text("a,b\nx,y\n", encoding="utf-8")
    with pytest.raises(ValueError, match="expected columns of coefficients"):
        list(mead(tmp_path, NAMES))
    (folder / "001.csv").unlink()
    np.savez(folder / "001.npz", other=np.zeros(3))
    with pytest.raises(ValueError, match="expected arrays"):
        list(mead(tmp_path, NAMES))


@pytest.mark.parametrize("reader", [beat, mead])
def test_a_folder_without_takes_is_refused(tmp_path, reader):
    with pytest.raises(FileNotFoundError, match="expected a folder"):
        list(reader(tmp_path, NAMES))


def test_facegood_takes_are_mixed_from_controls(tmp_path):
    (tmp_path / "metadata.csv").write_text(
        "id,audio,track,fps,language,emotion,speaker\nt1,t1.ogg,t1.npz,30,zh,neutral,ann (f)\n",
        encoding="utf-8",
    )
    controls = np.array([[0.5, 0.5, 0.2], [0.0, 1.0, 0.4]], np.float16)
    np.savez(tmp_path / "t1.npz", controls=controls, names=["mouth_stretch_c", "mouth_oh_c", "mouth_suck_dl"])
    with pytest.raises(FileNotFoundError, match=r"t1.ogg"):
        facegood(tmp_path, NAMES)
    (tmp_path / "t1.ogg").write_bytes(b"x")
    (take,) = facegood(tmp_path, NAMES)
    assert take.person == "ann"
    assert take.coefficients[0, INDEX["jawOpen"]] == pytest.approx(0.5 + 0.1 * 0.5, abs=1e-3)
    assert take.coefficients[1, INDEX["mouthRollLower"]] == pytest.approx(0.2, abs=1e-3)
    assert take.known[INDEX["jawOpen"]] and not take.known[INDEX["browInnerUp"]]


def test_live_link_counts_gaze_to_the_right_of_the_picture_and_up(tmp_path):
    names = [name[0].upper() + name[1:] for name in NAMES]
    names += ["HeadYaw", "LeftEyeYaw", "LeftEyePitch", "RightEyeYaw", "RightEyePitch"]
    rows = np.zeros((3, len(names)), np.float16)
    rows[:, names.index("LeftEyeYaw")] = rows[:, names.index("RightEyeYaw")] = -0.25
    rows[:, names.index("EyeLookOutLeft")] = 0.4
    np.savez(tmp_path / "takes.npz", names=names, license="MIT", one=rows, a_rom_1=rows)
    talk, exercise = livelink(tmp_path / "takes.npz", NAMES)
    assert talk.gaze is not None
    np.testing.assert_allclose(talk.gaze, [[0.25, 0]] * 3, atol=1e-3)
    assert talk.head_pose is None and not talk.exercise and exercise.exercise


def test_every_gain_names_coefficients_of_arkit():
    assert set(FACEGOOD_GAINS) <= set(NAMES)
    assert {one for gains in MORPH_GAINS.values() for name in gains for one in both_sides(name)} <= set(NAMES)


def test_morphs_add_up_less_the_character_s_own_rest():
    assert from_morphs({"口角上げ": 0.5, "星目": 1.0}) == {"mouthSmileLeft": 0.0, "mouthSmileRight": 0.0}
    assert from_morphs({"怒り左": 0.5})["browDownLeft"] == pytest.approx(0.45)


def test_tables_are_read_by_name(tmp_path):
    assert weights_of("jawOpen:0.5 mouthFunnel:0.2") == {"jawOpen": 0.5, "mouthFunnel": 0.2}
    table = tmp_path / "arpabet_to_viseme_arkit.csv"
    table.write_text("phoneme,viseme,arkit_blendshapes\nAA,aa,jawOpen:0.65\n", encoding="utf-8")
    viseme, mouth = viseme_table(tmp_path, NAMES)["AA"]
    assert viseme == "aa" and mouth[INDEX["jawOpen"]] == pytest.approx(0.65)
    table.write_text("phoneme,viseme,arkit_blendshapes\nAA,aa,jaw:0.65\n", encoding="utf-8")
    with pytest.raises(ValueError, match="coefficient of ARKit"):
        viseme_table(tmp_path, NAMES)

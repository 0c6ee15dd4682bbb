"""The page's parts without a browser: controls from fields, what strangers may name, sentences, pictures."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pytest
from page_driver import STANDINS

from generators import registry
from generators.base import option
from generators.media import Audio, Mark
from studio.ui import api, controls, file_boxes, own_models, speech_reading, video_tab, wave
from studio.ui.length import Length, Way
from studio.ui.speech_reading import Row


@pytest.fixture(autouse=True)
def standins(monkeypatch):
    for name, target in STANDINS.items():
        monkeypatch.setitem(registry.BACKENDS, name, target)


@dataclass(frozen=True)
class Fields:
    count: int = option(3, "How many.", minimum=0, maximum=10)
    amount: float | None = option(None, "How much.", minimum=0, maximum=1)
    words: str = option("", "What.", multiline=True)
    pick: str = option("a", "Which.", labels={"a": "First", "b": "Second"})
    source: str | None = option(None, "From where.", file=(".mid",))
    take: str | None = option(None, "What is heard.", file=(".wav",))
    photo: str | None = option(None, "What is seen.", file=(".png", ".jpg"))
    film: str | None = option(None, "What moves.", file=(".mp4", ".webm"))
    either: str | None = option(None, "Which moves.", file=(".mp4", ".png"))


def control(name):
    import gradio as gr

    field = next(field for field in Fields.__dataclass_fields__.values() if field.name == name)
    with gr.Blocks():
        return controls.add_control("speech", Fields, field)


@pytest.mark.parametrize(
    ("name", "kind", "sent", "read"),
    [
        ("count", "Slider", 4, {"count": 4}),
        ("count", "Slider", 3, {}),
        ("amount", "Textbox", "0.5", {"amount": 0.5}),
        ("amount", "Textbox", "", {}),
        ("words", "Textbox", "two\nlines", {"words": "two\nlines"}),
        ("pick", "Dropdown", "b", {"pick": "b"}),
        ("source", "File", None, {}),
        ("take", "Audio", "take.wav", {"take": "take.wav"}),
        ("photo", "Image", "me.jpg", {"photo": "me.jpg"}),
        ("film", "File", "me.mp4", {"film": "me.mp4"}),
        ("either", "File", "me.png", {"either": "me.png"}),
    ],
)
def test_a_field_becomes_a_control(name, kind, sent, read):
    made = control(name)
    assert type(made.component).__name__ == kind and made.component.elem_id == f"speech-{name}"
    assert made.read([sent]) == read


def test_a_control_refuses_and_restores():
    with pytest.raises(ValueError, match="0 to 10"):
        control("count").read([11])
    assert control("count").write({"count": 99}, str) == [3]
    assert control("source").write({"source": "/etc/hostname"}, lambda path: None) == [None]
    assert control("pick").component.choices == [("First", "a"), ("Second", "b")]


def test_a_photo_reaches_the_field_as_the_file_that_it_is(tmp_path):
    from gradio.data_classes import ImageData
    from PIL import Image

    path = tmp_path / "me.jpg"
    Image.new("L", (8, 8)).save(path)
    box = control("photo").component
    assert box.preprocess(ImageData(path=str(path), orig_name="me.jpg")) == str(path)
    path.write_bytes(b"no picture")
    assert box.preprocess(ImageData(path=str(path), orig_name="me.jpg")) == str(path)
    assert box.preprocess(None) is None
    assert control("photo").write({"photo": str(path)}, str) == [str(path)]


def test_a_length_knows_its_way():
    length = Length("speech", (Way("speed", "speed", 1.0), Way("seconds", "duration_s", 4.0)), None, None)
    assert length.read(["seconds", 2]) == {"duration_s": 2.0}
    assert length.write({"speed": 1.0, "duration_s": 3.5}, str) == ["seconds", 3.5]
    assert length.write({"speed": 0.8, "duration_s": None}, str) == ["speed", 0.8]
    with pytest.raises(ValueError, match="got nothing"):
        length.read(["speed", None])


@pytest.mark.parametrize(
    ("name", "value"), [("source", "/etc/hostname"), ("on_step", 1), ("on_part", 1), ("emotion", "x.mid")]
)
def test_options_from_outside_name_no_file(name, value):
    given = {"emotion": "calm", "intensity": 1.0, "options": {name: value}}
    with pytest.raises(ValueError, match="has a parameter of its own"):
        api.request_of("music", given)


def test_an_emotion_from_outside_names_no_file():
    with pytest.raises(ValueError, match="file name"):
        api.request_of("music", {"emotion": "/etc/song.mid", "intensity": 1.0})
    with pytest.raises(ValueError, match="file name"):
        speech_reading.to_json([Row("Hi.", "song.wav")], 1.0)


def test_rows_follow_the_text(monkeypatch):
    monkeypatch.setattr(
        speech_reading, "readings", lambda new: [Row(sentence.text, "joy") for sentence in new]
    )
    known = [Row("One is here.", "calm", 0.5), Row("Two is gone.", "fear")]
    rows = speech_reading.read_rows("Two is gone. Three is new. One is here.", "en-US", known)
    assert [row.emotion for row in rows] == ["fear", "joy", "calm"]
    assert json.loads(speech_reading.to_json(rows, 0.5)) == [["fear", 0.5], ["joy", 0.5], ["calm", 0.25]]
    assert speech_reading.overall(rows).weights


@pytest.mark.parametrize(
    "value", [{"rows": 3}, {"rows": ["x"]}, {"rows": [{"intensity": "high"}]}, {"rows": [{"intensity": 9}]}]
)
def test_rows_of_a_stranger_are_checked(value):
    with pytest.raises(ValueError, match="expected"):
        speech_reading.rows_from(value)


def test_a_recipe_gives_its_rows_back():
    text = "One is here. Two is gone."
    rows = speech_reading.rows_of_json(text, "en-US", '[["calm", 0.5], ["joy", 1]]')
    assert [(row.text, row.emotion) for row in rows] == [("One is here.", "calm"), ("Two is gone.", "joy")]
    assert speech_reading.rows_of_json(text, "en-US", '[["calm", 0.5]]') == []
    assert speech_reading.rows_of_json(text, "en-US", "nonsense") == []


@pytest.mark.parametrize("count", [0, 1, 100, 24000])
def test_a_waveform_of_any_length(count):
    rng = np.random.default_rng(0)
    marks = (Mark(0.0, 0.1, "<b>hi", "word"),)
    sound = rng.normal(0, 0.1, (1, count)).astype(np.float32)
    audio = Audio(sound, 24000, marks, emotion_track=((0.0, 0.5, 0.5), (0.5, -0.5, 0.2)))
    drawn = wave.picture_html(audio, 'a "label"')
    assert "<b>hi" not in drawn and "&lt;b&gt;hi" in drawn and drawn.count("<svg") == 1
    assert "nan" not in drawn and wave.thumbnail_svg(audio).startswith("<svg")


def test_words_and_voice_are_read_weighed_and_taken(tmp_path):
    import soundfile
    from made_up_voice import RATE, make_voice

    from studio.ui import words_and_voice
    from studio.ui.feeling import REFERENCE, Settings

    take = tmp_path / "take.wav"
    soundfile.write(take, make_voice(), RATE)
    for missing in (("", str(take)), ("Oh!", None)):
        assert words_and_voice.read(*missing)[0] is None
    combined, weight, shown, button = words_and_voice.read("I am <so> happy that you came!", str(take))
    assert weight == combined.text_weight and button["interactive"]
    assert "joy" in shown and "valence" in shown and "The voice" in shown
    weighed, _ = words_and_voice.weigh(combined, 1.0)
    assert weighed.point == pytest.approx(weighed.text_point, abs=1e-5)
    mode, reference, held = words_and_voice.taken(weighed)
    assert (mode, reference) == (REFERENCE, None)
    curve = Settings(mode=mode, held=held, intensity=0.5).curve()
    assert curve.keyframes[0][1].read_by == ("text-encoder", "speech-encoder")
    assert words_and_voice.taken(None)[2] is not None and words_and_voice.weigh(None, 0.5)[0] is None
    take.write_text("dear diary")
    combined, _, shown, button = words_and_voice.read("Oh!", str(take))
    assert combined is None and "expected" in shown and not button["interactive"]


def test_a_conflict_is_flagged():
    from dataclasses import replace

    import torch

    from conditioning import load_space
    from conditioning.combined import Combined, reading_at
    from studio.ui.words_and_voice import both_html

    space = load_space()
    glad, sad = (reading_at(space, space.at_vad(torch.tensor((v, 0.3, 0.0)))) for v in (0.7, -0.5))
    combined = Combined("<b>", "a.wav", glad, sad, (("sadness", 0.7),), 0.5, glad, ("speech-encoder",))
    drawn = both_html(combined)
    assert 'class="message">Conflict' in drawn and "−0.50" in drawn and "70% sure" in drawn
    assert "message" not in both_html(replace(combined, audio=glad))


def test_a_curve_over_references_comes_back():
    from conditioning import EmotionCurve
    from studio.ui.feeling import settings_for

    code = {"code": [0.1] * 64, "source": "a.wav", "read_by": ["speech-encoder"]}
    curve = EmotionCurve.parse([(0, code), (4, "sad")])
    assert settings_for(curve.to_json()).curve() == curve


@pytest.mark.parametrize("modality", ["speech", "conversion"])
def test_strangers_cannot_name_a_file_where_a_voice_stands(modality):
    given = {"emotion": "sad", "intensity": 1.0}
    for values in ({"voice": "/etc/voice.wav"}, {"options": {"voice": "../voice.flac"}}):
        with pytest.raises(ValueError, match=r"expected a name for voice, got a file"):
            api.request_of(modality, {**given, **values})
    assert api.request_of(modality, {**given, "voice": "kathleen"})["voice"] == "kathleen"


def test_a_film_that_browsers_play_is_seen_below_its_box():
    assert file_boxes.seen_html(None) == "" == file_boxes.seen_html("/a/old.avi")
    assert '<img class="film given"' in file_boxes.seen_html("/a/b.gif")
    played = file_boxes.seen_html('/a/b "c".mp4')
    assert played.startswith("<video") and 'src="gradio_api/file=/a/b%20%22c%22.mp4"' in played


@pytest.mark.parametrize("asked", [{"base": "/etc"}, {"adapter": "/etc"}, {"download": True}])
def test_another_program_opens_no_folder_and_fetches_nothing(asked):
    values = {"emotion": "awe", "intensity": 1.0, "prompt": "a star"}
    assert api.request_of("video", {**values, "options": {"hue": 20}})["hue"] == 20
    with pytest.raises(ValueError, match=f"^expected no '{next(iter(asked))}' from another program"):
        api.request_of("video", {**values, "options": asked})
    with pytest.raises(ValueError, match="from another program"):
        api.request_of("video", {**values, **asked, "options": {}})


def test_models_that_lie_in_the_library_are_offered(tmp_path, monkeypatch):
    import gradio as gr

    monkeypatch.setattr(own_models, "cached", lambda: [("Wan-AI/One", "Wan-AI/One")])
    for name in ("mine/model_index.json", "adapted/adapter/config.json", "neither/notes.txt"):
        (tmp_path / "models" / name).parent.mkdir(parents=True)
        (tmp_path / "models" / name).write_text("{}")
    with gr.Blocks():
        base, adapter = own_models.add_own_models(tmp_path)
    mine = str(tmp_path / "models" / "mine")
    assert [name for name, _ in base.component.choices] == ["The small model", "mine", "Wan-AI/One"]
    assert [name for name, _ in adapter.component.choices] == ["None", "adapted"]
    assert base.read([mine]) == {"base": mine} and base.read([""]) == {}
    # What a recipe of the command line names, and the page does not offer, is the small model here.
    assert base.write({"base": mine}, lambda path: None) == [mine]
    assert base.write({"base": "/elsewhere"}, lambda path: None) == [""]
    with pytest.raises(gr.Error):
        base.component.preprocess("/etc")


def test_what_was_set_for_another_kind_of_film_stays_out_of_it():
    graded = {"task": "grade", "video": "a.mp4", "grade_hue": 2.0, "seed": 4}
    assert video_tab.settle({**graded, "prompt": "x", "hue": 3.0, "num_frames": 5}, 1.0) == graded
    new = {"prompt": "x", "hue": 3.0, "video": "a.mp4", "grade_hue": 2.0, "flow_shift": 3.0, "adapter": "b"}
    assert video_tab.settle(new, 1.0) == {"prompt": "x", "hue": 3.0}
    own = {"base": "a", "adapter": "b", "flow_shift": 3.0, "low_vram": True}
    assert video_tab.settle(own, 1.0) == own

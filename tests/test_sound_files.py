"""Sound with timings: every format, subtitles, the picture, and the way through the library."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile

from generators import registry
from generators.media import Audio, Mark, join
from studio import Library
from studio.export import recipe_of, save
from studio.formats import FORMATS
from studio.library_entry import media_of
from studio.result import Result
from studio.subtitles import cues, srt, vtt
from studio.waveform import envelope, f0_of

RATE = 24000
RECIPE = {
    "modality": "spoken",
    "prompt": {"text": "Häuser --> & <b>"},
    "options": {"seed": 1},
    "emotion": {"weights": {"joy": 1.0}},
    "weights": {},
}


def spoken(seconds=1.2, f0_hz=150.0):
    """Gives a hum with two words in it."""
    time = np.arange(int(seconds * RATE)) / RATE
    hum = sum(np.sin(2 * np.pi * f0_hz * k * time) / k for k in range(1, 12))
    loud = np.clip(np.sin(np.pi * time / seconds) * 3, 0, 1)
    marks = (
        Mark(0.1, 0.5, "Häuser", "word"),
        Mark(0.1, 0.2, "h", "phone"),
        Mark(0.1, 0.2, "kk", "viseme"),
        Mark(0.5, 1.0, "<b>", "word"),
        Mark(0.1, 1.0, "Häuser <b>", "sentence"),
    )
    track = tuple((at, 0.8 - at, at - 0.5) for at in np.arange(0, seconds, 0.1).tolist())
    samples = (0.2 * hum * loud)[None].astype(np.float32)
    return Audio(samples, RATE, marks, emotion_track=track, provenance={"licence": "CC0-1.0"})


@pytest.mark.parametrize("suffix", [suffix for suffix in FORMATS[Audio].suffixes if suffix != ".srt"])
def test_every_format_gives_its_recipe_back(suffix, tmp_path):
    path = save(spoken(), tmp_path / f"line{suffix}", recipe=RECIPE)
    assert recipe_of(path) == RECIPE and path.stat().st_size > 200
    if suffix in FORMATS[Audio].sounds:
        samples, rate = soundfile.read(path)
        assert rate == RATE and abs(len(samples) - 1.2 * RATE) < 3000
    assert [file.name for file in tmp_path.iterdir()] == [path.name], (
        "timings are written only when asked for"
    )


def test_timings_for_programs(tmp_path):
    found = json.loads(save(spoken(), tmp_path / "line.json", recipe=RECIPE).read_text(encoding="utf-8"))
    assert found["duration_s"] == 1.2 and set(found["timings"]) == {"word", "phone", "viseme", "sentence"}
    assert found["timings"]["word"][0] == {"start_s": 0.1, "end_s": 0.5, "text": "Häuser"}


def test_subtitles(tmp_path):
    text = save(spoken(), tmp_path / "line.srt").read_text(encoding="utf-8")
    assert text == "1\n00:00:00,100 --> 00:00:01,000\nHäuser <b>\n"
    text = save(spoken(), tmp_path / "line.vtt", recipe=RECIPE).read_text(encoding="utf-8")
    assert text.startswith("WEBVTT\n\nNOTE affect-studio: {") and text.count("-->") == 1
    assert text.endswith("00:00:00.100 --> 00:00:01.000\nHäuser <00:00:00.500>&lt;b&gt;\n")
    for suffix in (".srt", ".vtt"):
        with pytest.raises(ValueError, match="expected a sound with words"):
            save(Audio(np.zeros((1, 9), np.float32), RATE), tmp_path / f"none{suffix}")
    assert not list(tmp_path.glob("none*"))


def test_cues_end_with_sentences_long_lines_and_pauses():
    words = [Mark(at * 0.5, at * 0.5 + 0.4, "lengthened", "word") for at in range(20)]
    assert [len(cue) for cue in cues(words)] == [7, 7, 6]
    ends = [Mark(0.0, 1.4, "", "sentence"), Mark(1.5, 9.9, "", "sentence")]
    assert [len(cue) for cue in cues([*words[:5], *ends])] == [3, 2]
    assert [len(cue) for cue in cues([words[0], words[9]])] == [1, 1]
    assert srt([Mark(3661.0, 3661.9996, "late", "word")]).splitlines()[1] == "01:01:01,000 --> 01:01:02,000"
    assert vtt(words[:1]).startswith("WEBVTT\n\n00:00:00.000")


def test_parts_join_to_the_whole():
    one, two = spoken(), spoken(0.6)
    whole = join([one, two])
    assert whole.duration_s == pytest.approx(1.8) and len(whole.marks) == 10
    assert whole.marks[5].start_s == pytest.approx(1.3) and whole.emotion_track[12][0] == pytest.approx(1.2)
    assert np.array_equal(whole.samples[:, : one.samples.shape[1]], one.samples)
    assert join([one]).marks == one.marks


def test_marks_survive_the_library(tmp_path, monkeypatch):
    class Spoken:
        media = Audio

    monkeypatch.setattr(registry, "backend_class", lambda name: Spoken)
    with Library(tmp_path / "library") as library:
        entry = library.add(Result(spoken(), RECIPE))
        assert entry.path.suffix == ".flac"
        again = media_of(library.show(entry.id))
        assert set(again.marks) == set(spoken().marks)
        np.testing.assert_allclose(again.samples, spoken().samples, atol=2**-23)
        np.testing.assert_allclose(again.emotion_track, spoken().emotion_track, atol=1e-3)
        text = library.export(entry.id, tmp_path / "line.srt").read_text(encoding="utf-8")
        assert "Häuser" in text
        entry.path.with_suffix(".json").write_text("[]")
        with pytest.raises(ValueError, match="expected timings"):
            media_of(entry)
        library.delete(entry.id)
        assert not entry.path.parent.exists()


@pytest.mark.parametrize("seconds", [0.004, 1.2, 70.0])
def test_the_picture_is_drawn_for_any_length(seconds, tmp_path):
    from PIL import Image

    picture = np.asarray(Image.open(save(spoken(seconds), tmp_path / "a.png")).convert("RGB")).astype(int)
    assert picture.shape == (640, 1200, 3)
    assert ((picture.max(axis=2) - picture.min(axis=2)) > 60).mean() > 0.005


def test_envelope_holds_peaks_and_loudness():
    sound = spoken()
    low, high, loudness = envelope(sound, 100)
    assert low.shape == high.shape == loudness.shape == (100,)
    assert high.max() <= sound.samples.max() + 1e-6 and low.min() >= sound.samples.min() - 1e-6
    assert (loudness <= np.maximum(high, -low) + 1e-3).all() and loudness[50] > 5 * loudness[0]


def test_f0_is_that_of_the_voice():
    pytest.importorskip("pyworld")
    times, hertz = f0_of(spoken(f0_hz=180.0))
    assert len(times) == len(hertz) and (hertz > 0).mean() > 0.5
    assert np.median(hertz[hertz > 0]) == pytest.approx(180.0, rel=0.02)


def test_timings_go_with_a_sound_that_becomes_an_input(tmp_path, monkeypatch):
    from generators.voice.timings import marks_beside
    from studio.inputs import file_of

    monkeypatch.setenv("AFFECT_HOME", str(tmp_path))
    given = spoken()
    path = file_of(given, (".wav", ".flac"))
    assert set(marks_beside(path)) == set(given.marks) and len(list((tmp_path / "inputs").iterdir())) == 2
    assert file_of(given, (".wav", ".flac")) == path and len(list((tmp_path / "inputs").iterdir())) == 2


@pytest.mark.parametrize("text", ["{}", "[1]", '{"timings": {"word": [{"start_s": 1}]}}', "not json", "3"])
def test_a_file_beside_a_sound_that_holds_no_timings_is_left_alone(tmp_path, text):
    from generators.voice.timings import marks_beside

    (tmp_path / "take.json").write_text(text)
    assert marks_beside(tmp_path / "take.wav") == () and marks_beside(tmp_path / "other.wav") == ()

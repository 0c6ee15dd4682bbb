"""The page's script without a browser: rows and lines, what a stranger may send, files."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from conditioning import EmotionCurve
from studio.dubbing.line import Line, Script
from studio.dubbing.script import read_script
from studio.dubbing.voices import read_voices
from studio.library import Library
from studio.ui import dubbing_plan, dubbing_tab, scene_script
from studio.ui.cast import RECORDING, read_seats, seats_for
from studio.ui.dubbing_follow import LinesMade
from studio.ui.script_draft import write_draft
from studio.ui.script_rows import (
    FROM_PANEL,
    clean,
    feeling_text,
    line_from,
    lines_from,
    row_of,
    rows_from,
    rows_of,
)
from studio.ui.served import ServedFolder

LINES = (
    Line(1, 0.5, 2.0, "Hello there.", "Anna", "sad", 0.7, notes="slowly"),
    Line(2, 2.5, 4.0, "So you came.", "Ben", [[0.0, "calm"], [1.0, ["joyful", 0.9]]], take=3),
    Line(3, 5.0, 6.0, "Who is it?", "", "neutral", notes=FROM_PANEL),
)


@pytest.fixture
def served(tmp_path):
    with Library(tmp_path) as library:
        yield ServedFolder(library)


def nobody(path):
    """Nothing was uploaded."""


def sent(row):
    """Gives a row as it comes back from a browser."""
    return clean(json.loads(json.dumps(row)))


def test_rows_become_the_same_lines_again():
    rows = [sent(row) for row in rows_of(Script(LINES))]
    first, second, third = (line_from(row, number) for number, row in enumerate(rows, 1))
    assert first == LINES[0]
    assert (second.take, second.speaker) == (3, "Ben")
    assert EmotionCurve.parse(second.emotion) == EmotionCurve.parse(LINES[1].emotion)
    assert third.emotion is None and third.notes == ""


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, ("", 1.0)),
        ("sad", ("sad", 1.0)),
        (["sad", 0.5], ("sadness", 0.5)),
        ({"sad": 0.6, "angry": 0.4}, ("60% sadness, 40% anger", 1.0)),
        ([[0, "calm"], [2, ["sad", 0.5]]], ("0:calm; 2:sadness 0.5", 1.0)),
        ("{nothing", ("{nothing", 1.0)),
    ],
)
def test_feelings_are_said_so_that_people_can_edit_them(value, words):
    assert feeling_text(value) == words


@pytest.mark.parametrize(
    "value", [None, {}, {"rows": "many"}, {"rows": [1]}, {"rows": []}, {"rows": [{}] * 2001}]
)
def test_what_is_no_script_is_refused(value):
    with pytest.raises(ValueError, match=r"^expected .*"):
        rows_from(value)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"start": None}, "the start in seconds"),
        ({"end": "nan"}, "the end in seconds"),
        ({"end": 0.1}, "expected an end after the start"),
        ({"text": " "}, "expected something to say"),
        ({"emotion": "{"}, "expected JSON"),
        ({"emotion": "me.wav"}, "expected"),
        ({"intensity": 7}, "the intensity"),
    ],
)
def test_a_bad_row_says_why_and_the_others_stay(changes, told):
    rows = [sent(row) for row in rows_of(Script(LINES[:2]))]
    rows[0] = clean({**rows[0], **changes})
    lines, taken, problems = lines_from(rows)
    assert [line.text for line in lines] == ["So you came."] and lines[0].number == 1 and taken == rows[1:]
    assert told in problems["line-1"]


def test_lines_that_say_nothing_feel_as_the_panel_does_then(served):
    panel = EmotionCurve.parse([[0, "calm"], [10, "angry"]])
    rows = [sent({**row, "emotion": ""}) for row in rows_of(Script(LINES[:2]))]
    workshop = SimpleNamespace(served=served)
    arguments = {
        "script": (rows, read_seats(seats_for(["Anna", "Ben"], {}), nobody)),
        "emotion": panel.to_json(),
    }
    found = dubbing_tab.complete(workshop, arguments)
    first, second = read_script(found["script"]).lines
    assert not EmotionCurve.parse(first.emotion).is_constant and first.notes == "slowly"
    assert second.notes == FROM_PANEL and row_of(second, {})["emotion"] == ""
    assert dubbing_tab.complete(workshop, arguments)["script"] == found["script"]


def test_a_stranger_names_no_file_of_this_machine(served, tmp_path):
    outside = tmp_path / "secret.wav"
    outside.write_bytes(b"RIFF")
    seats = {"speakers": [{"name": "Anna", "voice": RECORDING, "clip": str(outside)}]}
    with pytest.raises(ValueError, match=r"expected a recording for Anna, uploaded to this page, got none"):
        read_seats(seats, served.uploaded)
    with pytest.raises(ValueError, match=r"expected a photo of Anna, uploaded"):
        read_seats(
            {"speakers": [{"name": "Anna", "voice": "kathleen", "image": str(outside)}]}, served.uploaded
        )
    with pytest.raises(ValueError, match=r"expected a voice for line 1, uploaded"):
        dubbing_tab.with_voice(replace(LINES[0], voice=str(outside)), {}, served.uploaded)


@pytest.mark.parametrize(
    "seat", [{"voice": "nobody"}, {"voice": "kathleen", "gain_db": 99}, {"voice": "kathleen", "speed": 9}]
)
def test_a_seat_out_of_range_is_refused(seat):
    with pytest.raises(ValueError, match=r"^expected .*"):
        read_seats({"speakers": [{"name": "Anna", "voice": "kathleen", **seat}]}, nobody)


def test_everybody_gets_another_voice_and_keeps_it():
    seats = seats_for(["Anna", "Ben"], {})
    voices = [seat["voice"] for seat in seats["speakers"]]
    assert len(set(voices)) == 2
    again = seats_for(["Ben", "Cleo"], {}, seats)["speakers"]
    assert again[0]["voice"] == voices[1] and again[1]["voice"] != voices[1]


def test_a_draft_is_read_back_with_its_recordings(served):
    clip = served.uploads / "ben.wav"
    clip.write_bytes(b"RIFF")
    seats = {"speakers": [{"name": "Ben", "voice": RECORDING, "clip": str(clip), "gain_db": -2}]}
    read = read_seats(seats, served.uploaded)
    found = write_draft(served, Script(LINES[1:2]), read.cast, read.files)
    ben = read_voices(found["voices"])["Ben"]
    assert ben.voice.endswith("voice-1.wav") and ben.gain_db == -2.0
    assert write_draft(served, Script(LINES[1:2]), read.cast, read.files) == found
    assert not list((served.uploads / "scripts").glob(".*"))


def test_a_plan_is_told_in_one_line():
    fits = {"error": "", "rate": 1.0, "borrowed": 0.0, "conflicts": []}
    assert dubbing_plan.summary_of({"a": fits}) == "1 line planned, all fit"
    seen = {
        "a": {**fits, "rate": 1.2, "borrowed": 0.3},
        "b": {**fits, "conflicts": ["too long"]},
        "c": {"error": "no"},
    }
    told = dubbing_plan.summary_of(seen)
    assert told == (
        "2 lines planned · 1 said faster, 1.20× at most · 1 with silence borrowed · 1 in conflict · 1 cannot be dubbed"
    )


def test_feelings_of_single_speakers_go_there_and_back():
    seats = {"speakers": [{"name": "ANNA", "feels": "0:calm, 2:angry 0.5"}, {"name": "BEN", "feels": ""}]}
    felt = scene_script.felt_in(seats)
    assert list(felt) == ["ANNA"]
    again = scene_script.with_feelings({"speakers": [{"name": "ANNA"}]}, json.dumps(felt))
    assert again["speakers"][0]["feels"] == "0:calm; 2:anger 0.5"
    with pytest.raises(ValueError, match=r"^the feeling of ANNA: expected"):
        scene_script.felt_in({"speakers": [{"name": "ANNA", "feels": "{"}]})


def test_what_rows_were_told_does_not_change_when_they_are_told_more():
    """Gradio sends what differs from the message before: one that had changed with the next would hide it."""
    desk, rows = object(), rows_of(Script((Line(1, 1.0, 2.0, text="Hello"),)))
    made = LinesMade(SimpleNamespace(), desk, SimpleNamespace(), rows)
    before = made.shown()[desk]["states"]
    made.tell(1, state="done", url="/line.wav")
    assert before["line-1"] == {"rev": 0, "state": "waiting"}
    assert made.shown()[desk]["states"]["line-1"]["url"] == "/line.wav"

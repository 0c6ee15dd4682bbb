"""Scripts: every format and its tags, and everything that can be wrong with a line or a file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from script_material import SRT, error_of, script_in

from conditioning import EmotionCurve
from studio.dubbing.line import Speaker
from studio.dubbing.options import SCRIPTS
from studio.dubbing.script import READERS, read_script
from studio.dubbing.voices import read_voices

DOCS = Path(__file__).parent.parent / "docs" / "scripts.md"


@pytest.fixture
def script(tmp_path):
    return script_in(tmp_path)


@pytest.fixture
def line(script):
    """Reads the first line of a subtitle with this text."""
    return lambda text, **arguments: script(SRT.format(text), **arguments).lines[0]


def test_every_suffix_has_a_reader():
    assert set(READERS) == set(SCRIPTS)


EXAMPLES = re.findall(r"```(\w+)\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize(("kind", "text"), EXAMPLES, ids=[kind for kind, _ in EXAMPLES])
def test_the_documents_examples_are_read(tmp_path, kind, text):
    path = tmp_path / f"film.{kind}"
    path.write_text(text, encoding="utf-8")
    if kind == "yaml":
        assert set(read_voices(path)) == {"Anna", "Bob"}
        return
    found = read_script(path)
    assert found.cast["Anna"].voice == "kathleen"
    assert not any(line.error for line in found.lines)
    first = found.lines[0]
    assert (first.start_s, first.end_s, first.speaker) == (1.0, 3.2, "Anna")
    assert first.text == "I can't believe you came."
    emotion = EmotionCurve.parse(first.emotion, 1.0 if first.intensity is None else first.intensity)
    assert emotion == EmotionCurve.parse("sad", 1.0 if kind == "ass" else 0.7)


def test_the_documents_cover_every_format():
    assert {kind for kind, _ in EXAMPLES} == {"srt", "vtt", "ass", "csv", "json", "jsonl", "yaml"}


def test_a_subtitle_says_who_and_how(script):
    found = script(dict(EXAMPLES)["srt"])
    assert [line.speaker for line in found.lines] == ["Anna", "Bob", "Anna"]
    assert found.lines[1].text == "I said that I would." and found.lines[1].emotion == "60% sad, 40% angry"
    assert found.lines[2].text == "Well, come in & sit down."
    assert found.lines[2].emotion == [(0.0, "calm"), (2.0, ("joyful", 0.9))]
    assert found.cast["Bob"] == Speaker("Bob", "emodb_11", gain_db=-2.0)
    assert found.warnings == ("line 2: '[door slams]' is not said",)


@pytest.mark.parametrize(
    ("text", "words", "emotion", "intensity"),
    [
        ("[sad] No.", "No.", "sad", None),
        ("No. [SAD .5]", "No.", "SAD", 0.5),
        ("- [ sad 1 ] No.", "No.", "sad", 1.0),
        ("[60% sad, 40% angry, intensity 0.7] No.", "No.", "60% sad, 40% angry", 0.7),
        ("[-0.5, 0.2, -0.1] No.", "No.", "-0.5, 0.2, -0.1", None),
        ("[feeling: held-back rage] No.", "No.", "held-back rage", None),
        ("[intensity 0.4] No.", "No.", None, 0.4),
        ("[pause 0.4s] No [pause 200ms] way.", "[pause 0.4s] No [pause 200ms] way.", None, None),
        ("[chapter 1] No.", "No.", None, None),
        ("{\\an8}<font color='red'>No</font>\n<b>way</b>.", "No way.", None, None),
        ("See {K AE1 T}, a < b &lt;3 -5", "See {K AE1 T}, a < b <3 -5", None, None),
        (
            '<emphasis>No</emphasis><break time="400ms"/>',
            '<emphasis>No</emphasis><break time="400ms"/>',
            None,
            None,
        ),
    ],
)
def test_tags_and_markup(line, text, words, emotion, intensity):
    found = line(text)
    assert (found.error, found.text, found.intensity) == ("", words, intensity)
    asked = "neutral" if found.emotion is None else found.emotion
    wanted = (-0.5, 0.2, -0.1) if emotion and emotion[:1] == "-" else emotion or "neutral"
    assert EmotionCurve.parse(asked) == EmotionCurve.parse(wanted)


def test_tags_name_columns(line):
    found = line("[voice: kathleen][take: 3] [mode: convert] [notes: [sic] low] Yes.")
    assert (found.voice, found.take, found.mode, found.notes) == ("kathleen", 3, "convert", "[sic] low")
    assert line("[mode: convert]").error == ""  # the original performance needs no words


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "words to say"),
        ("[door slams]", "words to say"),
        ("♪ ♪", "words to say"),
        ("[sda 0.7] No.", "nearest: sad"),
        ("[sad 7%ish] No.", "a feeling in brackets"),
        ("[sad] [angry] No.", "one emotion"),
        ("No [angry] way.", "at the start of the line"),
        ("[sad 0.7, intensity 0.2] No.", "one intensity"),
        ("[intensity 2] No.", "0 to 1.5"),
        ("<v Anna>No.</v><v Bob>Yes.</v>", "one speaker"),
        ("[voice: katleen] No.", "kathleen"),
        ("[voice: ../a.wav] No.", "inside of the script's folder"),
        ("[voice: a.wav] No.", "an existing file"),
        ("[emotion: ../a.wav] No.", "inside of the script's folder"),
        ("[emotion: /etc/passwd.json] No.", "inside of the script's folder"),
        ("[mode: dance] No.", "speak, convert"),
        ("[take: -1] No.", "whole number"),
        ("x" * 5001, "at most 5,000"),
    ],
)
def test_a_bad_line_says_what_is_wrong_and_the_rest_goes_on(script, text, complaint):
    found = script(SRT.format(text) + "\n2\n00:00:03,000 --> 00:00:04,000\nFine.\n").lines
    assert (
        complaint in found[0].error and "line 2 of the file" in found[0].error and "\n" not in found[0].error
    )
    assert found[1].text == "Fine." and not found[1].error


@pytest.mark.parametrize(
    ("times", "complaint"),
    [
        ("00:00:02,000 --> 00:00:01,000", "an end after the start"),
        ("00:00:02,000 --> 00:00:02,000", "an end after the start"),
        ("-00:00:02,000 --> 00:00:03,000", "HH:MM:SS"),
        ("00:00:02,000 --> NaN", "HH:MM:SS"),
        ("00:00:02,000 -->", "HH:MM:SS"),
        ("00:00:02,000 --> 00:20:00,000", "at most 600 s"),
        ("00:00:02,000 --> 99:00:00,000", "24 hours"),
        ("00:99:02,000 --> 01:00:00,000", "below 60"),
        ("00:00:01:12 --> 00:00:03:00", "frames"),
    ],
)
def test_bad_times(script, times, complaint):
    found = script(
        f"1\n{times}\nNo.\n\n2\n00:00:05,000 --> 00:00:06,000\n7\n\n3\n00:00:07,000 --> 00:00:08,000\ngo --> on\n"
    )
    assert complaint in found.lines[0].error
    assert [line.text for line in found.lines[1:]] == ["7", "go --> on"]


def test_names_before_a_colon_are_speakers_only_where_that_is_plain(script):
    cues = "1\n00:00:01,000 --> 00:00:02,000\nANNA: Oh.\n\n2\n00:00:02,000 --> 00:00:03,000\nAnna: No.\n\n"
    cues += "3\n00:00:03,000 --> 00:00:04,000\n[sad] ANNA: Yes.\n\n4\n00:00:04,000 --> 00:00:05,000\nWARNING: stop.\n"
    assert [(line.speaker, line.text) for line in script(cues).lines] == [
        ("ANNA", "Oh."), ("ANNA", "No."), ("ANNA", "Yes."), ("", "WARNING: stop.")
    ]  # fmt: skip
    assert script(cues).warnings == ("line 4: 'WARNING:' is said, as no speaker of that name is known",)
    known = script(cues, cast={"Anna": Speaker("Anna", "kathleen")})
    assert [line.speaker for line in known.lines] == ["Anna", "Anna", "Anna", ""]
    alone = script(SRT.format("ANNA: Oh."))
    assert alone.lines[0].text == "ANNA: Oh."


def test_two_people_in_one_cue(script):
    cast = {"Anna": Speaker("Anna", "kathleen"), "Bob": Speaker("Bob", "kathleen")}
    found = script(SRT.format("- ANNA: Oh.\n- BOB: No."), cast=cast).lines[0]
    assert found.error.startswith("expected one speaker in a cue, got ANNA and BOB")
    unnamed = script(SRT.format("- Oh.\n- No."))
    assert unnamed.lines[0].text == "Oh. No." and "two people" in unnamed.warnings[0]
    one = script(SRT.format("- [Anna] Minus -5 - or so."), cast=cast).lines[0]
    assert (one.speaker, one.text) == ("Anna", "Minus -5 - or so.")


def test_ass_has_its_own_words(script):
    text = dict(EXAMPLES)["ass"] + (
        "Dialogue: 0,0:00:06.00,0:00:07.00,Sign,,0,0,0,,{\\p1}m 0 0 l 9 9{\\p0}\n"
        "Comment: 0,0:00:06.00,0:00:07.00,Sign,,0,0,0,,no line\n"
        "Dialogue: 0,0:00:08.00,0:00:09.00,Top Sign,,0,0,0,,Say {not this}\\{K AE1 T\\}\n"
        "Dialogue: 0,never,0:00:09.00,Default,,0,0,0,,x\nDialogue: 0,0\n"
    )
    found = script(text, ".ass").lines
    assert (found[1].speaker, found[1].emotion, found[1].text) == ("Anna", "Angry", "Go away, will you?")
    assert (found[2].speaker, found[2].emotion, found[2].text) == ("", None, "Say {K AE1 T}")
    assert "never" in found[3].error and "10 fields" in found[4].error and len(found) == 5


def test_tables_as_spreadsheets_write_them(script):
    text = "\ufeffStart Time;End;Character;Line;Feeling;Intensity;Scene\n"
    text += '1,5;2,5;Anna;"Oh; no";sad;0,7;4\n\n3;4;;[angry] Go.;;;\n5;6;;x;sad;;4;more\n'
    found = script(text, ".csv")
    assert (found.lines[0].start_s, found.lines[0].text, found.lines[0].intensity) == (1.5, "Oh; no", 0.7)
    assert found.lines[1].emotion == "angry" and "at most 7 cells" in found.lines[2].error
    assert found.warnings == ("columns that are not read: 'Scene'",)
    same = script("start,end,speaker,text\n1,2,Anna,<v anna>No.\n3,4,Anna,<v Bob>No.\n", ".csv").lines
    assert not same[0].error and same[1].error.startswith("expected speaker once")
    both = script("start,end,text,emotion\n1,2,[sad] No.,angry\n", ".csv").lines[0]
    assert both.error.startswith("expected emotion once")


def test_json_as_people_and_recognisers_write_it(script):
    text = '[{"start": 0, "end": 1, "text": "Hi", "id": 4}, 7, {"start": NaN, "end": true, "text": 4},'
    text += ' {"text": "x", "emoton": 1}]'
    found = script(text, ".json")
    assert [bool(line.error) for line in found.lines] == [False, True, True, True]
    assert found.warnings == ("keys that are not read: 'id'",) and "nearest: emotion" in found.lines[3].error
    assert script('{"segments": [{"start": 0, "end": 1, "text": "Hi"}]}', ".json").lines[0].text == "Hi"
    half = script('[{"start": 0, "end": 1, "text": "Hi", "emotion": {"phrase": "\\ud800"}}]', ".json").lines[
        0
    ]
    assert "half of one (U+D800)" in half.error
    deep = '{"start": 0, "end": 1, "text": "Hi", "emotion": ' + "[" * 500 + "]" * 500 + "}\n{broken\n"
    assert all(line.error for line in script(deep, ".jsonl").lines)


@pytest.mark.parametrize(
    ("suffix", "data", "complaint"),
    [
        (".srt", b"", "cues with times"),
        (".srt", b"just words", "cues with times"),
        (".vtt", b"no head", "WEBVTT"),
        (".vtt", b"WEBVTT\n\nNOTE x\n", "cues with times"),
        (".ass", b"[Script Info]\n", "[Events]"),
        (".ass", b"[Events]\nFormat: Text, Start\n", "Start, End, ..., Text"),
        (".csv", b"", "a header row"),
        (".csv", b"a,b\n1,2\n", "a header row"),
        (".csv", b"start,text\n1,2\n", "no end"),
        (".csv", b"start,end,text,text\n", "2 times"),
        (".csv", b"start,end,text,emoton\n", "nearest: emotion"),
        (".csv", b'start,end,text\n1,2,"open\n3,4,x\n', "from line 2 on"),
        (".json", b"{", "expected JSON"),
        (".json", b'{"lines": 4}', '"lines"'),
        (".json", b"[" * 100_000, "expected JSON"),
        (".json", b'{"voices": {"Anna": "katleen"}, "lines": []}', "kathleen"),
        (".srt", "1\n00:00:01,000".encode("utf-16-le"), "zero byte"),
        (".srt", b"\xff\xfe1\0\n", "whole UTF-16"),
        (".docx", b"", ".srt, .vtt"),
    ],
)
def test_a_file_that_is_no_script_is_refused_in_one_line(script, suffix, data, complaint):
    assert complaint in error_of(script, data, suffix)


def test_encodings(script, tmp_path):
    text = SRT.format("Café – 王")
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        assert script(text.replace("\n", "\r\n").encode(encoding)).lines[0].text == "Café – 王"
    found = script((SRT.format("Caf\xe9") + "\n2\n00:00:03,000 --> 00:00:04,000\nFine.\n").encode("cp1252"))
    assert "0xe9 ('é' in Windows-1252)" in found.lines[0].error and found.lines[1].text == "Fine."
    found.lines[0].text.encode()  # can be shown and written
    error_of(read_script, tmp_path / "none.srt", kind=FileNotFoundError)


def test_overlaps_of_one_speaker_are_named_and_counted(script):
    rows = "".join(f"{start},{start + 2},{'Anna' if start % 2 else 'Bob'},x\n" for start in range(10))
    assert script("start,end,speaker,text\n" + rows, ".csv").warnings == ()
    rows = "".join(f"{start},{start + 2},Anna,x\n" for start in range(100))
    warnings = script("start,end,speaker,text\n" + rows, ".csv").warnings
    assert len(warnings) == 21 and "begins 1 s before line 1" in warnings[0] and "79 more" in warnings[-1]

"""Scripts of any bytes: a reading or one line that says why not, and what was read is written and read the same."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conditioning import EmotionCurve
from studio.dubbing.line import MODES, Line, Script, Speaker
from studio.dubbing.markup import brackets, escaped, without_markup
from studio.dubbing.script import READERS, read_script
from studio.dubbing.tags import read_tags
from studio.dubbing.voices import read_voices
from studio.dubbing.write import write_script

QUICK = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
# Pieces that mean something to some reader, so that random texts reach further than its first check.
PIECES = st.sampled_from(
    ["WEBVTT\n\n", "1\n", "00:00:01,000 --> 00:00:02,500\n", "00:01.000 --> 00:02.000\n", "-00:00:01,0 --> NaN\n",
     "\n\n", "[Events]\n", "Format: Start, End, Text\n", "Dialogue: 0,0:00:01.00,0:00:02.00,Sad,Anna,0,0,0,,",
     "[Voices]\n", "start,end,text\n", "1,2,", '"', ";", "\t", "# Anna: kathleen\n", "NOTE voices\n",
     "Anna: kathleen\n", "[sad 0.7] ", "[60% sad, 40% angry]", "<v Anna>", "</v>", "{\\i1}", "{\\p1}",
     "&amp;", "&#x110000;", "[[", "]]", "[voice: x]",
     '{"lines": [', '{"start": 1, "end": 2, "text": "a"}', "]}", ",", "null", "1e999", "\\N",
     "ANNA: ", "- ", "x", "\ud800", "\x00", "\ufeff", "\u2028", "é"]
)  # fmt: skip
TEXTS = st.lists(PIECES | st.text(max_size=8), max_size=25).map("".join)
BYTES = TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=200)
SUFFIXES = tuple(READERS)


def one_line(error):
    return "\n" not in str(error) and str(error).startswith(("expected ", "'"))


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(data=BYTES)
@QUICK
def test_any_bytes_are_a_script_or_one_line_that_says_why_not(tmp_path, suffix, data):
    path = tmp_path / f"any{suffix}"
    path.write_bytes(data)
    try:
        script = read_script(path)
    except (ValueError, FileNotFoundError) as error:
        assert one_line(error), error
        return
    assert [line.number for line in script.lines] == list(range(1, len(script.lines) + 1))
    for line in script.lines:
        assert "\n" not in line.error and "\n" not in line.text
        if not line.error:
            assert 0 <= line.start_s < line.end_s and line.text.encode()
            EmotionCurve.parse("neutral" if line.emotion is None else line.emotion, files=False)


@given(data=BYTES)
@QUICK
def test_any_bytes_are_voices_or_one_line_that_says_why_not(tmp_path, data):
    path = tmp_path / "cast.yaml"
    path.write_bytes(data)
    try:
        assert all(isinstance(one, Speaker) for one in read_voices(path).values())
    except (ValueError, FileNotFoundError) as error:
        assert one_line(error), error


@given(text=TEXTS)
@settings(QUICK, max_examples=50)
def test_tags_are_taken_off_once_and_for_all(text):
    try:
        said = read_tags(text, {"anna": "Anna"})
    except ValueError as error:
        assert one_line(error)
        return
    again = read_tags(escaped(said.text), {"anna": "Anna"})
    assert again.text == said.text and not again.columns


@given(text=st.text(alphabet="[]<>&;#x2aé{}\\N-", max_size=60))
@settings(QUICK, max_examples=50)
def test_what_was_written_is_read_as_it_was(text):
    words, _ = without_markup(text)
    assert without_markup(escaped(words))[0] == words
    for start, end in brackets(words):
        assert words[start] == "[" and words[end - 1] == "]"


NAMES = st.sampled_from(["", "Anna", "Bob", "Smith, Anna", "Dr. <No> & Sons", "王"])
FEELINGS = st.none() | st.sampled_from(
    ["sad", "60% sad, 40% angry", "bittersweet longing", 'a [b] <c> "d" \\ e', ("joyful", 0.9), (0.1, -0.2, 0.3),
     [(0.0, "calm"), (1.5, ("joyful", 0.9))], {"sad": 0.6, "angry": 0.4}, {"phrase": "rage ] held", "intensity": 0.5}]
)  # fmt: skip
WORDS = st.sampled_from(
    ["No.", "Well, a < b & c.", "See {K AE1 T} [pause 0.4s] *now*.", "5 --> 6", "Wo; \"da\", 'ja'"]
)


@st.composite
def lines(draw):
    found, start = [], 0
    for number in range(1, draw(st.integers(1, 4)) + 1):
        start += draw(st.integers(0, 500))
        length = draw(st.integers(1, 1000))
        found.append(
            Line(number, start / 100, (start + length) / 100, draw(WORDS), draw(NAMES), draw(FEELINGS),
                 draw(st.none() | st.sampled_from([0.0, 0.7, 1.0, 1.5, 1 / 3])),
                 draw(st.sampled_from(["", "kathleen"])), draw(st.sampled_from(MODES)),
                 draw(st.sampled_from(["", "quick [now]", "a: b"])), draw(st.sampled_from([0, 3])),
                 draw(st.booleans()), draw(st.sampled_from(["", "expected words, got ]"])))
        )  # fmt: skip
    return tuple(found)


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(lines=lines())
@settings(QUICK, max_examples=25)
def test_a_script_that_is_written_is_read_again(tmp_path, suffix, lines):
    cast = {"Anna": Speaker("Anna", "kathleen", gain_db=-3.0), "Bob": Speaker("Bob", "emodb_11")}
    path = write_script(Script(lines, cast), tmp_path / f"again{suffix}")
    found = read_script(path)
    assert found.cast == cast
    assert [plain(line) for line in found.lines] == [plain(line) for line in lines]


def plain(line):
    """A line with its emotion in one form, and without where its error stands in which file."""
    emotion = (
        None if line.emotion is None else json.dumps(EmotionCurve.parse(line.emotion, files=False).to_json())
    )
    error = line.error.partition(" (line")[0].replace("]", ")")
    return replace(line, emotion=emotion, error=error)

"""How long lines are said: the arithmetic of cues and silence, and plans of a real and of a humming voice."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import soundfile
import standin_lines
from hypothesis import given, settings
from hypothesis import strategies as st

from generators import registry
from generators.base import Cancelled, build
from generators.speech.lengths import Lengths
from studio import Studio
from studio.dubbing.fit import Room, fit, rooms
from studio.dubbing.line import Line, Script, Speaker
from studio.dubbing.options import DubbingOptions, DubbingPrompt
from studio.dubbing.plan import plan_lines
from studio.dubbing.render import row_of
from studio.dubbing.store import Store

OPTIONS = DubbingOptions()


@pytest.fixture
def studio(monkeypatch):
    monkeypatch.setitem(registry.BACKENDS, "speech", "standin_lines:HummingBackend")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with Studio("cpu") as opened:
        yield opened


def planned(studio, tmp_path, *lines, cast=None, options=OPTIONS, **more):
    prompt = DubbingPrompt("script.srt", voice="kathleen")
    return plan_lines(studio, Script(lines), cast or {}, prompt, options, store=Store(tmp_path), **more)


def line(number, start_s, end_s, text="Good evening to you all.", speaker="ANNA", **more):
    return Line(number, start_s, end_s, text, speaker, **more)


@pytest.mark.parametrize(
    ("natural_s", "cue_s", "silence_s", "duration_s", "borrowed_s", "conflicts"),
    [
        (1.0, 3.0, 1.0, 1.0, 0.0, 0),  # much too short: natural, and silence after it
        (3.0, 3.0, 0.0, 3.0, 0.0, 0),
        (3.3, 3.0, 1.0, 3.0, 0.0, 0),  # a little faster before any silence is taken
        (3.75, 3.0, 1.0, 3.0, 0.0, 0),
        (4.5, 3.0, 1.0, 3.6, 0.6, 0),  # at the fastest, with what follows
        (5.5, 3.0, 1.0, 4.4, 1.0, 1),  # over the cue's end, and said so
    ],
)
def test_fit_goes_natural_faster_borrowing_over(
    natural_s, cue_s, silence_s, duration_s, borrowed_s, conflicts
):
    found = fit(natural_s, natural_s / 4, Room(cue_s, silence_s), OPTIONS)
    assert found.duration_s == pytest.approx(duration_s)
    assert found.borrowed_s == pytest.approx(borrowed_s)
    assert len(found.conflicts) == conflicts


@settings(max_examples=50)
@given(st.floats(0.1, 30), st.floats(0.05, 20), st.floats(0, 5), st.floats(1, 2), st.floats(0.1, 60))
def test_fit_never_hurries_beyond_the_most_nor_draws_out(natural_s, cue_s, silence_s, fastest, next_s):
    options = DubbingOptions(fastest=fastest)
    found = fit(natural_s, natural_s / 4, Room(cue_s, silence_s, next_s, 9), options)
    assert natural_s / fastest - 1e-9 <= found.duration_s <= natural_s + 1e-9
    assert 0 <= found.borrowed_s <= silence_s + 1e-9
    over = found.duration_s > cue_s + silence_s + 0.0011
    assert any("too long" in text for text in found.conflicts) == over
    assert any("into line 9" in text for text in found.conflicts) == (
        over and found.duration_s > next_s + 0.001
    )


def test_silence_ends_where_anybody_speaks_the_film_ends_or_the_most_is_taken():
    lines = [line(1, 0, 2), line(2, 2.5, 4, speaker="BEN"), line(3, 10, 11), line(4, 11.2, 12)]
    found = rooms(lines, OPTIONS, length_s=12.3)
    assert [room.silence_s for room in found] == pytest.approx([0.42, 1.0, 0.12, 0.3])
    assert [room.next_number for room in found] == [3, 0, 4, 0]


def test_no_silence_where_somebody_else_still_speaks():
    lines = [line(1, 0, 2), line(2, 1, 6, speaker="BEN")]
    assert rooms(lines, OPTIONS)[0].silence_s == 0


def test_cues_that_overlap_or_leave_the_film_are_named():
    lines = [line(1, 0, 5), line(2, 4, 6), line(3, 8, 9.5), line(4, 9.4, 9.9, speaker="BEN"), line(5, 12, 13)]
    named = [room.named for room in rooms(lines, OPTIONS, length_s=9)]
    assert named[0] == ()
    assert named[1] == ("its cue begins 1.00 s before line 1 ends",)
    assert named[2] == ("its cue ends 0.50 s after the film",)
    assert named[4] == ("its cue begins after the film ends, at 9.00 s",)


def test_a_plan_fits_every_line_and_says_the_rest(studio, tmp_path):
    text = "x" * 60  # 3 s at the natural rate
    plan = planned(
        studio,
        tmp_path,
        line(1, 0, 4, text),
        line(2, 5, 7.5, text),
        line(3, 8, 10, text),
        line(4, 12, 13, text),
        line(5, 14, 15, text, error="expected a time, got soon"),
        line(6, 20, 21, "REFUSE"),
        line(7, 30, 31, speaker="NOBODY", text="Hm."),
        cast={"ANNA": Speaker("ANNA", "kathleen")},
        options=DubbingOptions(gap_s=0.0),
    )
    assert [round(one.rate, 3) for one in plan.lines[:4]] == [1.0, 1.2, 1.25, 1.25]
    assert [round(one.borrowed_s, 3) for one in plan.lines[:4]] == [0, 0, 0.4, 1.0]
    assert plan.conflicts == [(4, "0.40 s too long for its cue even at 1.25 times its natural rate")]
    assert plan.lines[4].error == "expected a time, got soon"
    assert "REFUSE" in plan.lines[5].error
    assert "NOBODY" in plan.lines[6].error
    assert [number for number, _ in plan.errors] == [5, 6, 7]
    assert len({one.key for one in plan.lines[:4]}) == 3  # two are the same sound
    first = plan.lines[1]
    assert first.request["duration_s"] == pytest.approx(first.duration_s + 0.264)
    assert first.natural_s / first.duration_s == first.rate


def test_speed_of_a_speaker_is_what_is_natural(studio, tmp_path):
    cast = {"ANNA": Speaker("ANNA", "kathleen", speed=1.5, f0_shift=2.0)}
    one = planned(studio, tmp_path, line(1, 0, 9, "x" * 60), cast=cast).lines[0]
    assert (one.natural_s, one.rate) == (pytest.approx(2.0), 1.0)
    assert one.request["f0_shift"] == 2.0
    assert "speed" not in one.request


def test_the_rate_holds_where_the_feeling_changes_over_time(studio, tmp_path):
    one = planned(studio, tmp_path, line(1, 0, 2.7, "x" * 60, emotion=[(0, "calm"), (2, "angry")])).lines[0]
    now = studio.backend("speech").lengths(
        build(studio.backend("speech").Prompt, {"text": "x" * 60, "duration_s": one.request["duration_s"]}),
        studio.check("speech", text="x", emotion=[(0, "calm"), (2, "angry")])[2],
        studio.backend("speech").Options(),
    )
    assert one.rate == pytest.approx(now.natural_s / one.duration_s, abs=2e-3)


def test_a_plan_is_quick_the_second_time(studio, tmp_path, monkeypatch):
    script = [line(n, 2 * n, 2 * n + 1) for n in range(3)]
    first = planned(studio, tmp_path, *script)
    monkeypatch.setattr(standin_lines.HummingBackend, "lengths", None)
    assert planned(studio, tmp_path, *script) == first


def test_a_converted_line_keeps_its_place_and_its_length(studio, tmp_path):
    film, store = tmp_path / "film.wav", Store(tmp_path / "store")
    soundfile.write(film, 0.1 * np.random.default_rng(0).standard_normal(5 * 24000), 24000)
    lines = (
        line(1, 1.0, 2.5, mode="convert", emotion="angry"),
        line(2, 3, 4, mode="convert", voice="kerstin"),
    )
    prompt = DubbingPrompt("script.srt", video=str(film))
    plan = plan_lines(studio, Script(lines), {}, prompt, OPTIONS, store=store)
    first, second = plan.lines
    assert (first.start_s, first.duration_s, first.rate, first.natural_s, first.error) == (
        1.0,
        1.5,
        1.0,
        1.5,
        "",
    )
    assert first.request["modality"] == "conversion"
    assert first.request["keep_timing"]
    assert "voice" not in first.request  # the person stays who it is
    assert second.request["voice"] == "kerstin"
    cut, rate = soundfile.read(first.request["audio"])
    assert (len(cut), rate) == (36000, 24000)
    assert first.key and first.key != second.key
    part = {"path": "x", "sha256": "", "duration_s": 1.5, "onset_s": 0.2, "end_s": 1.1, "warnings": ()}
    row = row_of(first, "done", part)
    assert (row.start_s, row.end_s, row.onset_s) == (1.0, 2.5, 0.0)
    before = Path(first.request["audio"]).stat().st_mtime_ns
    assert plan_lines(studio, Script(lines), {}, prompt, OPTIONS, store=store) == plan
    assert Path(first.request["audio"]).stat().st_mtime_ns == before
    assert not list((store.folder / "partial").iterdir())


def test_a_converted_line_without_a_film_says_so(studio, tmp_path):
    (one,) = planned(studio, tmp_path, line(1, 0, 1, mode="convert")).lines
    assert one.error == "expected a film for a line in mode convert, got none"


def test_another_take_is_another_draw(studio, tmp_path):
    plan = planned(studio, tmp_path, line(1, 0, 2), line(2, 3, 5, take=1), line(3, 6, 8))
    assert plan.lines[0].key == plan.lines[2].key != plan.lines[1].key


def test_planning_can_be_cancelled(studio, tmp_path):
    def on_step(step, total):
        assert total == 3
        if step:
            raise Cancelled

    with pytest.raises(Cancelled):
        planned(studio, tmp_path, *[line(n, n, n + 1, "x" * n) for n in range(1, 4)], on_step=on_step)


def test_files_are_not_opened_through_a_feeling(studio, tmp_path):
    (tmp_path / "sad.wav").write_bytes(b"")
    one = planned(studio, tmp_path, line(1, 0, 1, emotion=str(tmp_path / "sad.wav"))).lines[0]
    assert one.error or "source" not in str(one.request)


def test_the_humming_voice_has_the_lengths_of_a_real_one():
    names = [[field.name for field in dataclasses.fields(cls)] for cls in (Lengths, standin_lines.Lengths)]
    assert names[0] == names[1]

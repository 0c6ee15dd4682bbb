"""A dub to files and back: every form, its stems, its timeline, and what is refused."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from dubbing_sound import RATE, film, hum, lines
from PIL import Image

from generators.media import Audio
from studio import Studio
from studio.dubbing.dub import Dub, DubLine, dub_of, line_from_json, lines_of
from studio.dubbing.line import Line, Speaker
from studio.dubbing.mix import mix
from studio.dubbing.options import DubbingOptions
from studio.dubbing.original import open_original
from studio.dubbing.still_film import feelings_of, marks_of, still_film
from studio.dubbing.timeline_picture import headline, rows_of
from studio.export import recipe_of, save
from studio.formats import format_of

RECIPE = {"modality": "dubbing", "prompt": {"script": "a.srt"}}


@pytest.fixture(scope="module")
def dub(tmp_path_factory):
    """Three lines of two speakers in a film of four seconds, and one that failed."""
    folder = tmp_path_factory.mktemp("dub")
    path = film(folder / "film.mp4", hum())
    made = [*lines(folder), DubLine(4, "Nobody.", 3.6, 3.9, "../../Zoë", state="failed", error="no voice")]
    made[1] = replace(made[1], speaker="../../Zoë", conflicts=("it is 0.2 s too long",), rate=1.25)
    mixed = mix([line.piece for line in made if line.is_heard], path, 4.0, DubbingOptions())
    return dub_of(mixed, made, DubbingOptions(), video=path, original=path, provenance={"licence": "CC0"})


def test_every_form_is_written_with_its_recipe(tmp_path, dub):
    known = format_of(dub)
    for suffix in known.suffixes:
        if suffix == ".webm":  # which does not take the film's pictures
            continue
        path = save(dub, tmp_path / f"dub{suffix}", recipe=RECIPE)
        assert path.stat().st_size > 100
        if suffix in known.texts:
            assert recipe_of(path) == RECIPE
    assert not [path for path in tmp_path.iterdir() if "part" in path.name]
    assert open_original(tmp_path / "dub.mkv").length_s == pytest.approx(4.0, abs=0.05)


def test_a_dub_comes_back_as_it_was(tmp_path, dub):
    known = format_of(dub)
    assert (known.kept, known.beside(dub)) == (".flac", (".json",))
    for suffix in (known.kept, *known.beside(dub)):
        save(dub, tmp_path / f"dub{suffix}", recipe=RECIPE)
    again = known.read(tmp_path / "dub.flac", RECIPE)
    np.testing.assert_allclose(again.samples, dub.samples, atol=1e-6)
    assert (again.lines, again.options, again.marks) == (dub.lines, dub.options, dub.marks)
    assert (again.video, again.original, again.emotion_track) == (dub.video, dub.original, dub.emotion_track)
    assert again.provenance["mix"] == dub.provenance["mix"]
    assert again.speakers == ("Anna", "../../Zoë")
    # What was made from it is made from it again.
    save(again, tmp_path / "again.zip", recipe=RECIPE)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"lines": 3}',
        '{"lines": [{"number": 1}]}',
        '{"lines": [{"number": 1, "text": 2}]}',
        "\xff{",
    ],
)
def test_what_lies_beside_it_may_be_anything(tmp_path, dub, content):
    save(dub, tmp_path / "dub.flac", recipe=RECIPE)
    (tmp_path / "dub.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(ValueError, match="expected the lines of a dub"):
        format_of(dub).read(tmp_path / "dub.flac", RECIPE)
    (tmp_path / "dub.json").unlink()
    assert format_of(dub).read(tmp_path / "dub.flac", RECIPE).lines == ()


def test_the_manifest_says_what_happened_to_every_line(tmp_path, dub):
    found = json.loads(save(dub, tmp_path / "dub.json", recipe=RECIPE).read_text())
    assert [line["state"] for line in found["lines"]] == ["done", "done", "done", "failed"]
    assert found["lines"][3]["error"] == "no voice"
    assert found["recipe"] == RECIPE
    assert line_from_json(found["lines"][1]) == dub.lines[1]
    for changed in (
        {"start_s": float("inf")},
        {"rate": "1"},
        {"conflicts": "no"},
        {"take": 1.5},
        {"file": None},
    ):
        with pytest.raises(ValueError, match="expected the lines of a dub"):
            line_from_json({**found["lines"][1], **changed})


def test_subtitles_have_the_times_that_are_heard(tmp_path, dub):
    text = save(dub, tmp_path / "dub.srt").read_text()
    assert text.count("-->") == 3
    assert "00:00:00,500 --> 00:00:01,000\nThese are the words of line 1." in text
    assert "Anna" in save(dub, tmp_path / "dub.vtt").read_text()
    silent = replace(dub, lines=dub.lines[3:])
    with pytest.raises(ValueError, match="expected a dub with lines for subtitles"):
        save(silent, tmp_path / "none.srt")


def test_stems_are_the_dub_again(tmp_path, dub):
    path = save(dub, tmp_path / "stems.zip", recipe=RECIPE)
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path / "stems")
    assert [name for name in names if name.startswith(("speakers", "original"))] == [
        "speakers/anna.wav", "speakers/zoë.wav", "original.wav",
    ]  # fmt: skip
    assert [name for name in names if name.startswith("lines")] == [
        "lines/0001-anna.wav", "lines/0002-zoë.wav", "lines/0003-anna.wav",
    ]  # fmt: skip
    every = [
        soundfile.read(tmp_path / "stems" / name, dtype="float32")[0] for name in names if name[0] in "so"
    ]
    np.testing.assert_allclose(sum(every).T, dub.samples, atol=2e-4)
    assert (tmp_path / "stems" / "lines" / "0001-anna.wav").read_bytes() == Path(
        dub.lines[0].file
    ).read_bytes()
    again = save(dub, tmp_path / "again.zip", recipe=RECIPE)
    with zipfile.ZipFile(path) as one, zipfile.ZipFile(again) as other:
        assert all(one.read(name) == other.read(name) for name in names)
        wave = one.read("original.wav")
    assert wave[wave.index(b"PEAK") + 12 :][:4] == bytes(4)  # nobody learns when


def test_stems_of_lines_that_are_gone_or_changed_are_refused(tmp_path, dub):
    gone = replace(dub, lines=(replace(dub.lines[0], file=str(tmp_path / "gone.wav")),))
    with pytest.raises(ValueError, match="expected the sound of line 1"):
        save(gone, tmp_path / "stems.zip")
    changed = replace(dub, lines=(replace(dub.lines[0], file=dub.lines[1].file),))
    with pytest.raises(ValueError, match="expected line 1 as it was mixed"):
        save(changed, tmp_path / "stems.zip")
    assert not list(tmp_path.iterdir())


def test_a_dub_without_a_film_has_none(tmp_path, dub):
    alone = replace(dub, video="", original="")
    assert set(format_of(alone).lacks(alone)) == {".mp4", ".mkv", ".mov", ".webm"}
    assert format_of(dub).lacks(dub) == (".webm",)
    with pytest.raises(ValueError, match="expected a dub of a film"):
        save(alone, tmp_path / "dub.mp4")
    gone = replace(dub, video=str(tmp_path / "gone.mp4"))
    with pytest.raises(ValueError, match="expected the film of the dub"):
        save(gone, tmp_path / "dub.mp4")
    assert not list(tmp_path.iterdir())


def test_the_timeline_is_drawn_whatever_there_is(tmp_path, dub):
    rng = np.random.default_rng(0)
    starts = np.sort(rng.uniform(0, 3.8, 400))
    many = [
        replace(dub.lines[at % 4], number=at, speaker=f"Speaker {at % 11}", cue_start_s=start, cue_end_s=start + 0.1,
                start_s=start, end_s=start + 0.1, file="x", state="done")
        for at, start in enumerate(starts)
    ]  # fmt: skip
    crowded = dub_of(Audio(dub.samples, RATE), many, DubbingOptions())
    for name, made in (("one", dub), ("crowded", crowded), ("empty", Dub(dub.samples[:, :100], RATE))):
        path = save(made, tmp_path / f"{name}.png")
        with Image.open(path) as picture:
            assert picture.size == (1200, 640)
    names = [name for name, _ in rows_of(crowded)]
    assert len(names) == 8 and names[-1] == "4 others"
    assert sum(len(row) for _, row in rows_of(crowded)) == 400
    assert (
        headline(dub)
        == "4 lines  ·  2 speakers  ·  4.0 s  ·  fastest 1.25 x  ·  1 conflict  ·  1 failed  ·  -23.0 LUFS"
    )


def test_lines_come_from_a_plan_and_what_became_of_it(tmp_path):
    speaker = Speaker("Anna", "kathleen", gain_db=2.0)

    def planned(number, error=""):
        line = Line(number, 1.0, 2.0, "Hello.", emotion="joy", intensity=0.5)
        request = {} if error else {"emotion": {"joy": 0.5}}
        return SimpleNamespace(
            line=line,
            speaker=speaker,
            rate=1.1,
            borrowed_s=0.2,
            conflicts=("late",),
            request=request,
            error=error,
        )

    row = SimpleNamespace(state="kept", file="a.wav", sha256="0", start_s=1.0, end_s=1.8, onset_s=0.1, length_s=1.0,
                          error="", warnings=())  # fmt: skip
    failed = SimpleNamespace(state="failed", error="the disk is full")
    found = lines_of([planned(1), planned(2, "no such voice"), planned(3), planned(4)], {1: row, 3: failed})
    assert [line.state for line in found] == ["kept", "failed", "failed", "failed"]
    assert [line.error for line in found] == ["", "no such voice", "the disk is full", "it was not made"]
    assert found[0].valence > 0.2 and found[0].gain_db == 2.0
    assert found[0].piece.onset_s == 0.1 and found[0].end_s == 1.8


@pytest.mark.slow
def test_an_original_performance_stays_in_its_place_with_another_feeling(tmp_path, monkeypatch):
    monkeypatch.setenv("AFFECT_HOME", str(tmp_path / "home"))
    with Studio("cpu") as studio:
        said = studio.generate("speech", text="You always say that.", emotion="neutral").media.samples
        sound = hum(4.0, level=0.0)
        sound[:, RATE : RATE + 2 * said.shape[1]] += said.repeat(2, axis=1)
        path = film(tmp_path / "film.mkv", sound, codec="flac")
        row = {
            "start": 1.0,
            "end": 1.0 + said.shape[1] / 24_000,
            "text": "You always say that.",
            "mode": "convert",
        }
        rows = [{**row, "emotion": "sad"}, {"start": 3.0, "end": 3.9, "text": "Yes."}]
        (tmp_path / "script.json").write_text(json.dumps(rows))
        made = studio.generate("dubbing", script=tmp_path / "script.json", video=path).media
    converted, spoken = made.lines
    assert [line.state for line in made.lines] == ["done", "done"], made.warnings
    assert converted.end_s - converted.start_s == pytest.approx(row["end"] - 1.0, abs=0.001)
    assert spoken.start_s == 3.0
    # The words lie where they lay: the outline of the loudness is that of the film.
    before, after = (
        np.sqrt((part[:, RATE : RATE + 2 * said.shape[1]].mean(0)[: 960 * 40].reshape(-1, 960) ** 2).mean(1))
        for part in (sound, made.samples)
    )
    assert np.corrcoef(before, after)[0, 1] > 0.8
    assert made.provenance["mix"]["loudness_lufs"] == pytest.approx(-23.0, abs=0.5)


def test_a_photo_that_speaks_is_asked_for_with_every_feeling(tmp_path, dub, monkeypatch):
    monkeypatch.setenv("AFFECT_HOME", str(tmp_path / "home"))
    timings = {"timings": {"phone": [{"start_s": 0.1, "end_s": 0.2, "text": "HH"}]}}
    Path(dub.lines[0].file).with_suffix(".json").write_text(json.dumps(timings))
    asked = {}

    class Parts:
        def made(self, studio, modality, arguments, suffix, on_step=None):
            asked.update(arguments, modality=modality, suffix=suffix)
            return tmp_path / "film.mp4"

    film_path = still_film(None, Parts(), "me.jpg", dub, options={"width": 64})
    assert film_path == tmp_path / "film.mp4"
    assert (asked["modality"], asked["suffix"], asked["image"], asked["width"]) == (
        "portrait",
        ".mp4",
        "me.jpg",
        64,
    )
    assert soundfile.info(asked["audio"]).duration == pytest.approx(4.0)
    times = [time_s for time_s, _ in asked["emotion"]["keyframes"]]
    assert times == sorted(times) and times[:2] == [0.5, 1.0]
    assert feelings_of(replace(dub, lines=())).is_constant
    # The phone stands where it is heard: its line's onset is at the cue.
    assert [(mark.start_s, mark.text) for mark in marks_of(dub)] == [(pytest.approx(0.5), "HH")]

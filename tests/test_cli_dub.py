"""`affect dub`: the plan alone, a whole dub with its files, and what is refused before anything is made."""

from __future__ import annotations

import json

import pytest

from generators import registry
from studio.cli import main

SCRIPT = """1
00:00:00,500 --> 00:00:02,500
[sad 0.7] I can't believe you came.

2
00:00:03,000 --> 00:00:03,400
<v Tom>Well, here I am, and here I stay for as long as you like!</v>
"""


@pytest.fixture
def script(tmp_path, monkeypatch):
    monkeypatch.setitem(registry.BACKENDS, "speech", "standin_lines:HummingBackend")
    monkeypatch.setenv("AFFECT_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "script.srt"
    path.write_text(SCRIPT)
    return path


def test_a_plan_alone_names_what_does_not_fit_and_makes_nothing(script, tmp_path, capsys):
    assert main(["dub", str(script), "--dry-run", "--plot", "plan.png", "--workers", "1"]) == 0
    out = capsys.readouterr().out
    assert "too long for its cue" in out and "2 lines, 1 conflicts, 0 cannot be dubbed" in out
    assert (tmp_path / "plan.png").read_bytes()[:4] == b"\x89PNG"
    assert main(["dub", str(script), "--dry-run", "--json", "--workers", "1"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert [line["state"] for line in plan["lines"]] == ["waiting", "waiting"]


def test_a_dub_is_written_with_all_that_was_asked_for(script, tmp_path, capsys):
    files = ["--out", "dub.wav", "--subtitles", "dub.vtt", "--stems", "dub.zip", "--plot", "dub.png"]
    assert main(["dub", str(script), *files, "--no-library", "--workers", "1", "--resume"]) == 0
    names = ("dub.wav", "dub.vtt", "dub.zip", "dub.png", "dub.dub.json")
    assert all((tmp_path / name).stat().st_size for name in names)
    lines = json.loads((tmp_path / "dub.dub.json").read_text())["lines"]
    assert [line["state"] for line in lines] == ["done", "done"]
    assert main(["dub", str(script), "--out", "again.wav", "--no-library", "--workers", "1"]) == 0
    lines = json.loads((tmp_path / "again.dub.json").read_text())["lines"]
    assert [line["state"] for line in lines] == ["kept", "kept"]
    assert (tmp_path / "again.wav").read_bytes() == (tmp_path / "dub.wav").read_bytes()
    assert "too long for its cue" in capsys.readouterr().err


def test_a_line_that_fails_is_named_and_the_rest_is_there(script, tmp_path, capsys):
    script.write_text(SCRIPT.replace("I can't believe", "FAIL to believe"))
    assert main(["dub", str(script), "--out", "dub.wav", "--no-library", "--workers", "1"]) == 2
    assert "line 1 is missing: expected an easier line, got FAIL" in capsys.readouterr().err
    assert (tmp_path / "dub.wav").is_file()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--out", "dub.mp4"], "expected --video FILM or --image PHOTO for a .mp4, got neither"),
        (["--out", "dub.txt"], "expected a file name ending in"),
        (["--no-library"], "expected --out FILE, --dry-run or the library"),
        (["--out", "dub.wav", "--plot", "x.png", "--stems", "x.mp4"], "expected a file name ending in .zip"),
        (["--out", "dub.wav", "--voices", "nobody.yaml"], "nobody.yaml"),
        (["--out", "dub.wav", "--fastest", "9"], "fastest"),
        (["--out", "dub.wav", "--results", "file:///x"], "expected --cluster beside --results"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(script, tmp_path, capsys, arguments, told):
    assert main(["dub", str(script), *arguments]) == 2
    error = capsys.readouterr().err.strip()
    assert told in error and "\n" not in error
    assert not list(tmp_path.glob("dub.*"))

"""The command line: flags from the backend's fields, exit codes, one-line errors, Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tiny_backend
from cli_driver import complaint, generate, start

from generators import registry
from studio import Library, cli_generate
from studio.cli import main


@pytest.fixture(autouse=True)
def tiny(monkeypatch, tmp_path):
    monkeypatch.setitem(registry.BACKENDS, "tiny", "tiny_backend:TinyBackend")
    monkeypatch.setattr(tiny_backend.TinyBackend, "opened", 0)
    monkeypatch.setenv("AFFECT_HOME", str(tmp_path / "home"))


def test_generate_writes_and_keeps(tmp_path, capsys):
    out = tmp_path / "a.mid"
    assert generate("--bars", 2, "--emotion", "happy", "--intensity", 0.8, "--seed", 1, "--out", out) == 0
    assert out.read_bytes()[:4] == b"MThd" and capsys.readouterr().out == ""
    with Library() as library:
        (entry,) = library.list()
    assert entry.recipe["options"]["seed"] == 1
    again = tmp_path / "b.mid"
    assert generate("--recipe", out, "--out", again, "--no-library") == 0
    assert again.read_bytes() == out.read_bytes()


def test_generate_json(tmp_path, capsys):
    out = tmp_path / "a.mid"
    assert generate("--out", out, "--json", "--no-library", "--swing", "yes", "--register", "-2") == 0
    row = json.loads(capsys.readouterr().out)
    assert row["files"] == [str(out)] and row["library_id"] is None
    assert row["recipe"]["options"]["swing"] is True and row["recipe"]["options"]["register"] == -2.0


def test_warnings_reach_people(tmp_path, capsys, monkeypatch):
    import numpy as np
    import soundfile

    monkeypatch.setitem(registry.BACKENDS, "conversion", "standin_conversion:StandinConversion")
    soundfile.write(tmp_path / "one.wav", np.full(4000, 0.1), 16000)
    soundfile.write(tmp_path / "two.wav", np.full((4000, 2), 0.1), 16000)
    warning = "2 channels were mixed into one"

    def convert(name, *flags):
        files = ["--audio", tmp_path / name, "--out", tmp_path / f"made-{name}"]
        code = main([*map(str, ("generate", "conversion", "--device", "cpu", *files, *flags))])
        return code, capsys.readouterr()

    code, shown = convert("two.wav", "--quiet")
    assert code == 0 and shown.err == f"warning: {warning}\n" and shown.out == ""
    code, shown = convert("two.wav", "--json")
    row = json.loads(shown.out)
    assert row["warnings"] == [warning] == row["recipe"]["warnings"]
    with Library() as library:
        assert library.list(limit=1)[0].recipe["warnings"] == [warning]
    made = (tmp_path / "made-two.wav").read_bytes()
    again = ["--recipe", str(tmp_path / "made-two.wav"), "--out", str(tmp_path / "again.wav"), "--quiet"]
    assert main(["generate", "conversion", "--device", "cpu", *again]) == 0
    assert (tmp_path / "again.wav").read_bytes() == made
    capsys.readouterr()
    code, shown = convert("one.wav", "--json")
    assert shown.err == "" and json.loads(shown.out)["warnings"] == []
    assert "warnings" not in json.loads(shown.out)["recipe"]


@pytest.mark.parametrize(
    "emotion", ["0:calm, 2:joyful 0.9", "-0.5,0.2,0", "60% sad, 40% angry", '[[0,"sad"]]']
)
def test_generate_takes_every_form_of_emotion(emotion, tmp_path):
    assert generate("--emotion", emotion, "--out", tmp_path / "a.mid", "--no-library") == 0


def test_progress_goes_to_stderr(tmp_path, capsys):
    assert main(["generate", "tiny", "--device", "cpu", "--out", str(tmp_path / "a.mid"), "--json"]) == 0
    json.loads(capsys.readouterr().out)


def test_flags_cover_every_field(capsys):
    assert main(["generate", "tiny", "--help"]) == 0
    text = capsys.readouterr().out
    for name in ("bars", "source", "key", "register", "swing", "num-inference-steps", "seed"):
        assert f"--{name}" in text


def test_seconds_need_not_name_their_unit(capsys):
    for flag in ("--duration", "--duration-s"):
        asked = ["--text", "It rained.", flag, "2", "--speed", "1.5", "--out", "a.wav"]
        assert main(["generate", "speech", *asked]) == 2
        assert "expected duration_s or speed, got both (2 s and 1.5)" in capsys.readouterr().err


@pytest.mark.parametrize("modality", [name for name in registry.BACKENDS if name != "tiny"])
def test_no_field_of_a_backend_takes_the_name_of_a_common_flag(modality):
    backend = registry.backend_class(modality)
    fields = [name for owner in (backend.Prompt, backend.Options) for name in owner.__dataclass_fields__]
    assert not set(fields) & {*cli_generate.COMMON, "json"}
    assert len(fields) == len(set(fields))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--bars", "0"], "from 1 to 64 bars for bars, got 0"),
        (["--bars", "nan"], "whole number"),
        (["--bars", "9" * 400], "whole number"),
        (["--bars", "two"], "got 'two'"),
        (["--register", "inf"], "got inf"),
        (["--key", "H"], "one of C, D for key, got 'H'"),
        (["--swing", "maybe"], "true or false"),
        (["--barz", "3"], "nearest: --bars"),
        (["--intensity", "2"], "intensity"),
        (["--intensity", "nan"], "intensity"),
        (["--intensity", "much"], "got 'much'"),
        (["--emotion", ""], "expected"),
        (["--emotion", "x" * 10_000], "expected"),
        (["--emotion", "sad\x07"], "expected"),
        (["--emotion", "2,0,0"], "expected"),
        (["--emotion", "0:calm, 0:sad"], "rise"),
        (["--emotion", "{"], "expected JSON"),
        (["--emotion", "gone.mid"], "gone.mid"),
        (["--device", "tpu"], "expected a device"),
        (["--out", "a.xyz"], "ending in"),
        (["--out", "a"], "ending in"),
        (["--out", "none/a.mid"], "existing folder"),
        (["--out", "x" * 300 + ".mid"], "too long"),
        (["--plot", "a.mid"], "ending in .png"),
        (["--render", "a.png"], "ending in"),
        (["--no-library"], "got neither"),
        (["--recipe", "gone.json"], "existing file"),
        (["--recipe", "gone.json", "--bars", "2"], "got both"),
        (["extra"], "extra"),
    ],
)
def test_bad_input_is_refused_before_anything_is_made(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert generate(*arguments) == 2
    assert message in complaint(capsys)
    assert tiny_backend.TinyBackend.opened == 0
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == []


def test_outputs_that_cannot_be_written(tmp_path, capsys):
    (tmp_path / "folder.mid").mkdir()
    assert generate("--out", tmp_path / "folder.mid") == 2
    assert "got the folder" in complaint(capsys)
    if sys.platform.startswith("linux"):
        assert generate("--out", "/proc/a.mid") == 2
        assert "can be written" in complaint(capsys)
    assert generate(
        "--out", tmp_path / "a.mid", "--plot", tmp_path / "a.png", "--render", tmp_path / "a.wav"
    ) in (0, 2)


@pytest.mark.parametrize(
    "arguments", [["nothing"], ["generate", "smell"], ["models"], ["--wrong"], ["batch"], ["train", "music"]]
)
def test_bad_commands(arguments, capsys):
    assert main(arguments) == 2
    complaint(capsys)


@pytest.mark.parametrize(
    "arguments",
    [[], ["--help"], ["--version"], ["generate", "--help"], ["library", "--help"], ["train", "--help"]],
)
def test_help(arguments, capsys):
    assert main(arguments) == 0
    assert "affect" in capsys.readouterr().out


def test_a_bad_place_for_the_library(tmp_path, capsys, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AFFECT_HOME", str(tmp_path / "file" / "home"))
    assert generate("--out", tmp_path / "a.mid") == 2
    complaint(capsys)
    assert tiny_backend.TinyBackend.opened == 0 and not (tmp_path / "a.mid").exists()


def test_ctrl_c_cancels_at_the_next_step(tmp_path):
    out = tmp_path / "a.mid"
    steps = ["--delay-s", "0.1", "--num-inference-steps", "1000"]
    child = start("generate", "tiny", "--device", "cpu", "--quiet", "--out", out, *steps)
    home = Path(os.environ["AFFECT_HOME"])
    deadline = time.monotonic() + 20
    while not (home / "library.sqlite").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.4)
    child.send_signal(signal.SIGINT)
    started = time.monotonic()
    _, errors = child.communicate(timeout=20)
    assert child.returncode == 130
    assert time.monotonic() - started < 3
    assert errors == "affect: cancelled\n"
    assert [path.name for path in tmp_path.iterdir()] == ["home"]
    assert not list((home / "files").iterdir()) and not list((home / "partial").iterdir())


def test_help_is_quick():
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "studio", "--help"], check=True, capture_output=True)
    assert time.perf_counter() - started < 3


def test_an_interrupted_command_leaves_no_traceback(monkeypatch, capsys):
    from studio import cli_library

    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli_library.Library, "search", interrupt)
    assert main(["library", "list"]) == 130
    assert capsys.readouterr().err == "affect: cancelled\n"


def test_a_reader_that_goes_away_is_no_error():
    child = start("--help")
    child.stdout.close()
    assert child.stderr.read() == "" and child.wait(timeout=20) in (0, 1)

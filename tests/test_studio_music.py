"""The studio over the real music backend: a small untrained denoiser, then the shipped weights."""

from __future__ import annotations

import dataclasses
import json

import pytest

import checkpoints
from studio import JobQueue, Library, Studio, generate
from studio.cli import main

QUICK = {"bars": 2, "num_inference_steps": 2, "seed": 5, "device": "cpu"}


@pytest.fixture
def small(monkeypatch):
    import torch

    from generators.music.model import MusicDenoiser
    from generators.weights import Weights

    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = MusicDenoiser(hidden_size=32, depth=1, num_heads=2).eval().requires_grad_(False)
    entries = checkpoints.manifest()
    model.checkpoint = entries["music-base"] = dataclasses.replace(
        entries["emotion-space"], name="music-base"
    )
    monkeypatch.setattr(checkpoints, "manifest", lambda *args: entries)
    monkeypatch.setattr(Weights, "get", lambda self, name: model)


def test_recipe_of_every_written_form_makes_the_same_bytes(small, tmp_path):
    curve = [(0.0, "calm"), (3.0, ("joyful", 0.9))]
    result = generate("music", emotion=curve, intensity=0.8, **QUICK)
    wanted = result.save(tmp_path / "a.mid").read_bytes()
    for suffix in (".mid", ".musicxml", ".json", ".png"):
        path = result.save(tmp_path / f"a{suffix}")
        again = generate.from_recipe(path, device="cpu")
        assert again.recipe == result.recipe
        assert again.save(tmp_path / "b.mid").read_bytes() == wanted


def test_the_command_writes_sound_and_picture(small, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("AFFECT_HOME", str(tmp_path / "home"))
    files = {
        flag: tmp_path / f"a{suffix}"
        for flag, suffix in (("out", ".mid"), ("render", ".wav"), ("plot", ".png"))
    }
    arguments = [text for flag, path in files.items() for text in (f"--{flag}", str(path))]
    steps = ["--bars", "2", "--num-inference-steps", "2", "--seed", "1"]
    code = main(
        ["generate", "music", *steps, "--emotion", "happy", "--intensity", "0.8", *arguments, "--json"]
    )
    assert code == 0
    row = json.loads(capsys.readouterr().out)
    heads = [path.read_bytes()[:4] for path in files.values()]
    assert heads == [b"MThd", b"RIFF", b"\x89PNG"]
    with Library() as library:
        assert library.show(row["library_id"]).recipe == row["recipe"]
    exported = tmp_path / "b.musicxml"
    assert main(["library", "export", row["library_id"], str(exported)]) == 0
    assert exported.read_text(encoding="utf-8").startswith("<?xml")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--bars", "0"], "from 1 to 4096 bars"),
        (["--bars", "2", "--duration-s", "9"], "got both"),
        (["--task", "continue"], "source"),
        (["--task", "continue", "--source", "gone.mid"], "gone.mid"),
        (["--task", "continue", "--source", "broken.mid"], "expected"),
        (["--tempo-min", "100", "--tempo-max", "60"], "tempo_min"),
        (["--key", "H"], "one of auto"),
    ],
)
def test_bad_input(small, arguments, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.mid").write_bytes(b"MThd\x00\x00")
    assert main(["generate", "music", "--quiet", "--no-library", "--out", "a.mid", *arguments]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("affect: expected") and shown.count("\n") == 1 and message in shown
    assert [path.name for path in tmp_path.iterdir()] == ["broken.mid"]


def test_cancel_between_two_steps(small):
    with Studio("cpu") as opened, JobQueue(opened) as queue:
        job_id = queue.submit({"modality": "music", "bars": 512, "num_inference_steps": 256})
        before = next(job.step for job in queue.watch(job_id) if job.step)
        queue.cancel(job_id)
        job = queue.wait(job_id, 20)
        assert job.state == "cancelled" and job.step <= before + 2


def test_shipped_weights_reproduce_their_bytes(tmp_path):
    result = generate("music", emotion="happy", **QUICK)
    wanted = result.save(tmp_path / "a.mid").read_bytes()
    assert {"emotion-space"} < set(result.recipe["weights"])
    assert (
        generate.from_recipe(tmp_path / "a.mid", device="cpu").save(tmp_path / "b.mid").read_bytes() == wanted
    )

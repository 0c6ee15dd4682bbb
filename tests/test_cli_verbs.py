"""The other verbs: batch, library, models, voices, emotion, train, evaluate, serve."""

from __future__ import annotations

import json
import signal
import sys
import time
import types

import pytest
import tiny_backend
from cli_driver import complaint, generate, start

from generators import registry
from studio import cli_training
from studio.cli import main


@pytest.fixture(autouse=True)
def tiny(monkeypatch, tmp_path):
    monkeypatch.setitem(registry.BACKENDS, "tiny", "tiny_backend:TinyBackend")
    monkeypatch.setattr(tiny_backend.TinyBackend, "opened", 0)
    monkeypatch.setenv("AFFECT_HOME", str(tmp_path / "home"))


def test_library_commands(tmp_path, capsys):
    for seed in (1, 2):
        assert generate("--emotion", "sad", "--seed", seed) == 0
    assert main(["library", "list", "sad", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["recipe"]["options"]["seed"] for row in rows] == [2, 1]
    name = rows[0]["id"]
    for arguments in (
        ["tag", name, "rain"],
        ["favourite", name],
        ["show", name],
        ["list"],
        ["list", "--tag", "rain"],
    ):
        assert main(["library", *arguments]) == 0
    assert name in capsys.readouterr().out
    assert main(["library", "list", "--favourites", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["tags"] == ["rain"]
    assert main(["library", "export", name, str(tmp_path / "a.mid")]) == 0
    assert (tmp_path / "a.mid").read_bytes()[:4] == b"MThd"
    capsys.readouterr()
    for arguments in (
        ["show", "none"],
        ["export", name, str(tmp_path / "a.xyz")],
        ["export", "none", "a.mid"],
    ):
        assert main(["library", *arguments]) == 2
        complaint(capsys)
    assert main(["library", "delete", name]) == 0
    assert main(["library", "list", "--limit", "0"]) == 2


def write_requests(path, *rows):
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows) + "\n\n")
    return path


def run_batch(capsys, requests, out_dir):
    code = main(
        ["batch", str(requests), "--out-dir", str(out_dir), "--device", "cpu", "--quiet", "--no-library"]
    )
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_batch(tmp_path, capsys):
    good = {
        "id": "a1",
        "modality": "tiny",
        "bars": 2,
        "emotion": "happy",
        "intensity": 0.8,
        "seed": 1,
        "out": "a1.mid",
    }
    requests = write_requests(
        tmp_path / "requests.jsonl",
        good,
        "{broken",
        {**good, "id": "a2", "out": "sub/a2.mid", "emotion": [[0, "calm"], [2, ["joyful", 0.9]]]},
        {**good, "id": "up", "out": "../up.mid"},
        {**good, "id": "root", "out": str(tmp_path / "root.mid")},
        {**good, "id": "twice"},
        {**good, "id": "kind", "out": "kind.xyz"},
        {**good, "id": "range", "out": "range.mid", "bars": 0},
        {**good, "id": "medium", "out": "m.mid", "modality": "smell"},
        {"id": "bare", "modality": "tiny"},
        "[1]",
        '{"id": "nan", "modality": "tiny", "intensity": NaN, "out": "nan.mid"}',
        {**good, "id": "a3", "out": "a3.mid", "seed": None},
    )
    code, rows = run_batch(capsys, requests, tmp_path / "out")
    assert code == 2
    assert [row["id"] for row in rows if row["state"] == "done"] == ["a1", "a2", "a3"]
    failed = [row for row in rows if row["state"] == "failed"]
    names = ["2", "up", "root", "twice", "kind", "range", "medium", "bare", "11", "nan"]
    assert [row["id"] for row in failed] == names
    assert all(row["error"].startswith("expected") and "\n" not in row["error"] for row in failed)
    assert tiny_backend.TinyBackend.opened == 1, "the model stays warm"
    made = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.mid")}
    assert made == {"a1.mid", "sub/a2.mid", "a3.mid"}
    assert not (tmp_path / "up.mid").exists() and not (tmp_path / "root.mid").exists()


def test_batch_skips_what_is_done(tmp_path, capsys):
    rows = [{"id": n, "modality": "tiny", "seed": n, "out": f"{n}.mid"} for n in range(3)]
    requests = write_requests(tmp_path / "requests.jsonl", *rows)
    code, first = run_batch(capsys, requests, tmp_path / "out")
    assert code == 0 and [row["state"] for row in first] == ["done"] * 3
    (tmp_path / "out" / "0.mid").unlink()
    write_requests(tmp_path / "requests.jsonl", rows[0], {**rows[1], "seed": 9}, rows[2])
    code, second = run_batch(capsys, requests, tmp_path / "out")
    assert code == 0 and [row["state"] for row in second] == ["done", "done", "skipped"]


def test_batch_does_not_leave_its_folder_through_a_link(tmp_path, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out" / "link").symlink_to(tmp_path / "elsewhere")
    requests = write_requests(tmp_path / "r.jsonl", {"modality": "tiny", "out": "link/a.mid"})
    code, rows = run_batch(capsys, requests, tmp_path / "out")
    assert code == 2 and rows[0]["id"] == "1" and "inside of the output folder" in rows[0]["error"]
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_batch_files_that_are_none(tmp_path, capsys):
    assert main(["batch", str(tmp_path / "none"), "--out-dir", str(tmp_path)]) == 2
    complaint(capsys)
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    assert main(["batch", str(tmp_path / "bytes"), "--out-dir", str(tmp_path)]) == 2
    complaint(capsys)


def test_ctrl_c_ends_a_batch_and_keeps_what_is_done(tmp_path):
    quick = {"id": "quick", "modality": "tiny", "out": "quick.mid"}
    slow = {"id": "slow", "modality": "tiny", "out": "slow.mid", "delay_s": 0.1, "num_inference_steps": 1000}
    requests = write_requests(tmp_path / "r.jsonl", quick, slow)
    child = start(
        "batch", requests, "--out-dir", tmp_path / "out", "--device", "cpu", "--quiet", "--no-library"
    )
    assert json.loads(child.stdout.readline())["state"] == "done"
    time.sleep(0.2)
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=20)
    assert child.returncode == 130
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [".affect-batch.jsonl", "quick.mid"]


def test_models(capsys, monkeypatch, tmp_path):
    import checkpoints

    def entry(name, non_commercial, digest):
        return checkpoints.Checkpoint(
            name=name, file=f"{name}/model.safetensors", sha256=digest, cls="a:B", config={"depth": 2},
            space_version=1, licence="CC-BY-NC-4.0" if non_commercial else "Apache-2.0", data="songs",
            non_commercial=non_commercial, date="2026-01-01", command="affect train",
            figures={"accuracy": 0.5, "more": {}}, extra={},
        )  # fmt: skip

    for name in ("good", "bad"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.safetensors").write_bytes(name.encode())
    digest = checkpoints.sha256_of(tmp_path / "good" / "model.safetensors")
    entries = {
        "good": entry("good", False, digest),
        "bad": entry("bad", True, digest),
        "gone": entry("gone", False, ""),
    }
    monkeypatch.setattr(checkpoints, "ROOT", tmp_path)
    monkeypatch.setattr(checkpoints, "manifest", lambda *args: entries)
    assert main(["models", "list"]) == 0
    text = capsys.readouterr().out
    assert text.count("NON-COMMERCIAL") == 1 and "missing" in text and "accuracy 0.5" in text
    assert main(["models", "list", "--json"]) == 0
    assert [row["bytes"] for row in json.loads(capsys.readouterr().out)] == [4, 3, None]
    assert main(["models", "info", "bad"]) == 0
    assert "NON-COMMERCIAL" in capsys.readouterr().out
    assert main(["models", "info", "none"]) == 2
    complaint(capsys)
    assert main(["models", "verify", "good", "--quiet"]) == 0
    assert main(["models", "verify", "--quiet", "--json"]) == 2
    shown = capsys.readouterr()
    assert "corrupted" in shown.err and shown.err.count("\n") == 1


def test_voices(capsys):
    from generators.voice.voices import VOICES

    assert main(["voices", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == list(VOICES) and rows[0]["name"] == "kathleen"
    assert set(rows[0]) == {"name", "language", "description", "licence"} and all(
        all(row.values()) for row in rows
    )
    assert main(["voices"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["name", "language", "description", "licence"]
    assert [line.split()[:2] for line in lines[1:]] == [[row["name"], row["language"]] for row in rows]
    assert main(["voices", "extra"]) == 2
    complaint(capsys)


def test_emotion_input_is_checked(capsys, tmp_path):
    (tmp_path / "texts.txt").write_text("fine\n\nmore\n")
    (tmp_path / "empty.txt").write_text("\n")
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe")
    for arguments in (
        [], [""], ["\x07"], ["x" * 10_000], ["a", "--file", "b"], ["--file", str(tmp_path / "none.txt")],
        ["--file", str(tmp_path / "texts.txt")], ["--file", str(tmp_path / "empty.txt")],
        ["--file", str(tmp_path / "bytes.txt")], ["a", "--plot", "a.xyz"], ["a", "--plot", "none/a.png"],
        ["a", "--text-weight", "0.5"], ["--audio", "a.wav"], ["--file", "b", "--audio", "a.wav"],
        ["a", "--audio", str(tmp_path / "none.wav")], ["a", "--audio", "a.mid"],
        ["a", "--audio", "a.wav", "--text-weight", "much"], ["?!", "--audio", "a.wav"],
    ):  # fmt: skip
        assert main(["emotion", *arguments]) == 2
        complaint(capsys)


def test_emotion_of_words_and_voice(capsys, tmp_path):
    import soundfile
    from made_up_voice import RATE, make_voice

    from conditioning import Emotion

    take, glad = tmp_path / "take.wav", "I am so happy that you came!"
    soundfile.write(take, make_voice(), RATE)
    assert main(["emotion", glad, "--audio", str(take)]) == 0
    text = capsys.readouterr().out
    assert all(
        word in text for word in (glad, "take.wav", "words", "voice", "together", "for the words, chosen")
    )
    assert "conflict" in text.lower() and "weights speech-encoder: NON-COMMERCIAL use only" in text
    assert main(["emotion", glad, "--audio", str(take), "--text-weight", "0.4", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["text_weight"] == 0.4 and row["text_weight_set"] and row["audio"] == "take.wav"
    assert row["words"]["nearest"] == "joy" and len(row["voice"]["vad"]) == 3 and row["why"]
    assert isinstance(row["conflict"], bool) and row["non_commercial"] == ["speech-encoder"]
    assert Emotion.parse(row["emotion"]).read_by == ("text-encoder", "speech-encoder")
    assert main(["emotion", glad, "--audio", str(take), "--text-weight", "2"]) == 2
    complaint(capsys)
    take.write_text("dear diary")
    assert main(["emotion", glad, "--audio", str(take)]) == 2
    complaint(capsys)


def test_train_input_is_checked(capsys, tmp_path):
    (tmp_path / "bad.yaml").write_text("a: [")
    (tmp_path / "list.yaml").write_text("- 1")
    folder = ["--data", str(tmp_path)]
    for arguments in (
        ["nothing", *folder],
        ["music-encoder", "--data", str(tmp_path / "none")],
        ["music-encoder", *folder, "--max-minutes", "0"],
        ["music-encoder", *folder, "--config", str(tmp_path / "none.yaml")],
        ["music-encoder", *folder, "--config", str(tmp_path / "bad.yaml")],
        ["music-encoder", *folder, "--config", str(tmp_path / "list.yaml")],
    ):
        assert main(["train", *arguments]) == 2
        complaint(capsys)


def test_serve_input_is_checked(capsys):
    for arguments in (
        ["--port", "0"],
        ["--port", "99999"],
        ["--port", "x"],
        ["--auth", "name"],
        ["--auth", ":"],
        ["--most-waiting", "0"],
    ):
        assert main(["serve", *arguments]) == 2
        complaint(capsys)


def recipe_of(run, monkeypatch):
    """Makes a function the recipe named "music"."""
    module = types.ModuleType("recipe_for_a_test")
    module.run = run
    monkeypatch.setitem(sys.modules, "recipe_for_a_test", module)
    monkeypatch.setitem(cli_training.RECIPES, "music", "recipe_for_a_test")


def test_train_runs_a_recipe(tmp_path, monkeypatch):
    calls = []

    def run(config, data_dir, out_dir, resume=False, on_step=None):
        on_step(1, 2, {"loss": 0.5})
        calls.append((config, data_dir, out_dir, resume))

    recipe_of(run, monkeypatch)
    (tmp_path / "c.yaml").write_text("width: 8\ntrain: {max_steps: 2}\n")
    config, out = tmp_path / "c.yaml", tmp_path / "run"
    arguments = [
        "--config",
        str(config),
        "--data",
        str(tmp_path),
        "--out",
        str(out),
        "--resume",
        "--max-minutes",
        "2",
    ]
    assert main(["train", "music", *arguments]) == 0
    assert calls == [({"width": 8, "train": {"max_steps": 2, "max_minutes": 2.0}}, tmp_path, out, True)]
    assert out.is_dir()


def test_a_run_that_is_cut_short_goes_on_later(tmp_path, monkeypatch):
    import torch

    from training import loop

    def run(config, data_dir, out_dir, resume=False):
        settings = loop.TrainConfig(**config["train"])
        loop.train(torch.nn.Linear(2, 1), batch_at, loss_fn, settings, out_dir, resume=resume)

    def batch_at(step, rank):
        return torch.ones(3, 2)

    def loss_fn(model, batch, step):
        return {"loss": model(batch).square().mean()}

    recipe_of(run, monkeypatch)
    (tmp_path / "c.yaml").write_text("train: {max_steps: 5}\n")
    arguments = ["--config", tmp_path / "c.yaml", "--data", tmp_path, "--out", tmp_path / "run", "--quiet"]
    arguments = ["train", "music", *map(str, arguments)]
    assert main([*arguments, "--max-minutes", "1e-9"]) == 0
    assert loop.steps_done(tmp_path / "run") == 1
    assert main([*arguments, "--resume", "--max-minutes", "5"]) == 0
    assert loop.steps_done(tmp_path / "run") == 5


def test_trainings_of_one_recipe_share_the_time():
    values = {"name": "a", "first": {"train": {"max_steps": 2}}, "second": {"part": {"train": {}}}}
    cli_training.set_time_budget(values, 3.0)
    assert values["first"]["train"] == {"max_steps": 2, "max_minutes": 1.5}
    assert values["second"]["part"]["train"] == {"max_minutes": 1.5}
    fitted = {"penalty": 1.0, "grades": {"normal": 0.3}}
    cli_training.set_time_budget(fitted, 3.0)
    assert fitted == {"penalty": 1.0, "grades": {"normal": 0.3}}, "what is not trained has no budget"


def test_measurements_take_what_they_know_and_show_it(tmp_path, monkeypatch, capsys):
    from studio import cli_measure

    def evaluate(data_dir=None, clips=200, on_step=None):
        on_step(1, 1)
        reached = {"accuracy": {"value": 0.71234, "target": ">= 0.68", "passed": True}}
        return {"clips": clips, "quadrants": {"accuracy": 0.71234}, "targets": reached}

    def call(given, as_json=False):
        return cli_measure.run_measure(evaluate, "evaluate music", given, True, as_json)

    assert call({"clips": 3, "data_dir": tmp_path, "seed": None}) == 0
    shown = capsys.readouterr().out
    assert "quadrants.accuracy  0.7123" in shown and ">= 0.68" in shown
    assert call({"clips": 3}, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["quadrants"]["accuracy"] == 0.71234
    for bad in ({"seed": 1}, {"clips": 0}, {"data_dir": tmp_path / "none"}):
        with pytest.raises((ValueError, OSError), match="expected"):
            call(bad)
    with pytest.raises(ValueError, match="expected --data for evaluate"):
        cli_measure.run_measure(lambda data_dir: {}, "evaluate", {"data_dir": None}, True, False)
    with pytest.raises(FileNotFoundError, match="checkout"):
        cli_measure.bench_module("nothing")


def test_serve_starts_the_page(monkeypatch, tmp_path):
    from studio.ui import launch

    calls = []
    monkeypatch.setattr(launch, "serve", lambda *arguments: calls.append(arguments))
    assert main(["serve", "--port", "8000", "--auth", "a:b", "--library", str(tmp_path), "--open"]) == 0
    assert calls == [("127.0.0.1", 8000, "a:b", tmp_path, True, 20)]

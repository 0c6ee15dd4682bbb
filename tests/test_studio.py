"""The public call, recipes and the Studio, over a tiny backend that keeps the protocol."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pytest
import tiny_backend

import studio
from generators import registry
from generators.base import Cancelled, option
from generators.media import Audio
from studio import EmotionCurve, Studio, generate, recipe
from studio.emotion_text import read_emotion


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setitem(registry.BACKENDS, "tiny", "tiny_backend:TinyBackend")
    monkeypatch.setattr(tiny_backend.TinyBackend, "opened", 0)


def saved(result, folder, name="a.mid"):
    return result.save(folder / name).read_bytes()


def test_import_is_light():
    """`import studio` and every command module load nothing heavy, and quickly."""
    heavy = ["torch", "transformers", "diffusers", "matplotlib", "symusic", "scipy", "gradio", "numpy"]
    code = f"import sys, studio, studio.cli; print([m for m in {heavy!r} if m in sys.modules])"
    started = time.perf_counter()
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"
    assert time.perf_counter() - started < 3


def test_exports_resolve():
    for name in studio.__all__:
        assert getattr(studio, name) is not None
    with pytest.raises(AttributeError):
        studio.nothing  # noqa: B018


def test_same_seed_same_bytes_and_recipe_is_plain_json(tmp_path):
    first = generate("tiny", bars=2, emotion="sad", intensity=0.5, seed=3, device="cpu")
    again = generate("tiny", bars=2, emotion="sad", intensity=0.5, seed=3, device="cpu")
    other = generate("tiny", bars=2, emotion="sad", intensity=0.5, seed=4, device="cpu")
    assert saved(first, tmp_path) == saved(again, tmp_path) != saved(other, tmp_path)
    assert json.loads(json.dumps(first.recipe)) == first.recipe
    assert first.recipe["options"]["num_inference_steps"] == 4, "defaults are filled in"
    assert EmotionCurve.parse(first.recipe["emotion"]) == EmotionCurve.parse("sad", 0.5)


def test_random_seed_is_in_the_recipe(tmp_path):
    result = generate("tiny", device="cpu")
    assert isinstance(result.recipe["options"]["seed"], int)
    assert saved(generate.from_recipe(result.recipe, device="cpu"), tmp_path) == saved(
        result, tmp_path, "b.mid"
    )


def test_from_recipe_of_a_saved_file_and_of_json(tmp_path):
    curve = [(0.0, "calm"), (2.0, ("joyful", 0.9))]
    result = generate("tiny", bars=2, register=1.5, emotion=curve, intensity=0.8, device="cpu")
    path = result.save(tmp_path / "a.mid")
    (tmp_path / "a.json").write_text(json.dumps(result.recipe))
    for source in (path, str(path), tmp_path / "a.json"):
        again = generate.from_recipe(source, device="cpu")
        assert again.recipe == result.recipe
        assert saved(again, tmp_path, "b.mid") == path.read_bytes()


def test_from_recipe_refuses_other_weights_and_other_inputs(tmp_path):
    source = tmp_path / "in.mid"
    source.write_bytes(b"one")
    result = generate("tiny", source=source, device="cpu")
    assert result.recipe["prompt"]["source"] == str(source)
    source.write_bytes(b"two")
    with pytest.raises(ValueError, match=r"expected source .* got another content"):
        generate.from_recipe(result.recipe, device="cpu")
    source.unlink()
    with pytest.raises(FileNotFoundError, match="source file"):
        generate.from_recipe(result.recipe, device="cpu")
    with pytest.raises(ValueError, match="expected weights gone abc"):
        generate.from_recipe({**result.recipe, "inputs": {}, "weights": {"gone": "abcdef"}}, device="cpu")


def test_a_result_can_be_an_input(tmp_path, monkeypatch):
    monkeypatch.setenv("AFFECT_HOME", str(tmp_path / "home"))
    first = generate("tiny", seed=1, device="cpu")
    paths = [
        generate("tiny", source=given, device="cpu").recipe["prompt"]["source"]
        for given in (first, first, generate("tiny", seed=2, device="cpu"), first.media)
    ]
    assert paths[0] == paths[1] and len(set(paths)) == 3
    assert recipe.read_recipe(paths[0]) == first.recipe
    assert len(list((tmp_path / "home" / "inputs").iterdir())) == 3
    sound = Audio(np.zeros((1, 10), dtype=np.float32), 24000)
    for given, message in (
        (sound, "ending in .mid, got a Audio"),
        ("a.wav", "a file ending in .mid"),
        (3, "got 3"),
    ):
        with pytest.raises(ValueError, match=message):
            generate("tiny", source=given, device="cpu")


def test_contradictions_are_refused_before_anything_is_loaded():
    with pytest.raises(ValueError, match="expected swing in C"):
        generate("tiny", key="D", swing=True, device="cpu")
    assert tiny_backend.TinyBackend.opened == 0


def test_only_fields_declared_as_files_are_read(tmp_path):
    (tmp_path / "a.mid").write_bytes(b"one")

    @dataclasses.dataclass(frozen=True)
    class Spoken:
        text: str = option("", "A text that may happen to name a file.", multiline=True)
        reference: str = option("", "A file.", file=(".mid",))

    assert set(recipe.hash_inputs(Spoken(*2 * [str(tmp_path / "a.mid")]))) == {"reference"}


def test_from_recipe_of_another_version_warns():
    made = generate("tiny", device="cpu").recipe
    with pytest.warns(UserWarning, match="made by version"):
        generate.from_recipe({**made, "affect_studio": "0.0.1"}, device="cpu")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        generate.from_recipe(made, device="cpu")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({}, "expected a recipe with a modality"),
        ({"modality": 3}, "expected a recipe with a modality"),
        ({"modality": "tiny", "options": [1]}, "expected a mapping for options"),
        ({"modality": "tiny", "options": {"nothing": 1}}, "got 'nothing'"),
        ({"modality": "smell"}, "expected a medium out of"),
    ],
)
def test_bad_recipes(source, message):
    with pytest.raises(ValueError, match=message):
        generate.from_recipe(source, device="cpu")


def test_bad_recipe_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected an existing file"):
        recipe.read_recipe(tmp_path / "none.mid")
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(ValueError, match="expected a JSON recipe"):
        recipe.read_recipe(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"barz": 3}, r"got 'barz' \(nearest: bars\)"),
        ({"qqqqqqqqq": 3}, "got 'qqqqqqqqq'$"),
        ({"bars": 0}, "whole number from 1 to 64 bars for bars, got 0"),
        ({"bars": float("nan")}, "got nan"),
        ({"bars": "3"}, "got '3'"),
        ({"register": True}, "got True"),
        ({"key": "H"}, "one of C, D for key, got 'H'"),
        ({"intensity": 2}, "intensity"),
        ({"intensity": float("nan")}, "intensity"),
        ({"emotion": ""}, "expected"),
        ({"emotion": "a" * 10_000}, "expected"),
        ({"emotion": "sad\x00"}, "expected"),
        ({"device": "tpu"}, "expected a device"),
        ({"device": "cuda:99"}, "CUDA devices"),
    ],
)
def test_bad_arguments_are_refused_before_weights_are_loaded(arguments, message):
    with pytest.raises(ValueError, match=message):
        generate("tiny", **{"device": "cpu", **arguments})
    assert tiny_backend.TinyBackend.opened == 0


def test_unknown_medium():
    with pytest.raises(ValueError, match="expected a medium out of"):
        generate("smell", device="cpu")


def test_studio_keeps_backends_warm_and_closes():
    with Studio("cpu") as opened:
        for _ in range(3):
            opened.generate("tiny")
        assert tiny_backend.TinyBackend.opened == 1
    with pytest.raises(ValueError, match="closed"):
        opened.generate("tiny")


def test_studio_moves_others_off_the_gpu(monkeypatch):
    monkeypatch.setattr("studio.session.resolve_device", lambda device: device)
    monkeypatch.setitem(registry.BACKENDS, "other", "tiny_backend:TinyBackend")
    opened = Studio("cuda")
    first, second = opened.backend("tiny"), opened.backend("other")
    assert (first.device, second.device) == ("cpu", "cuda")
    assert opened.backend("tiny") is first
    assert (first.device, second.device) == ("cuda", "cpu")


def test_studio_from_several_threads(tmp_path):
    results = {}
    with Studio("cpu") as opened:
        threads = [
            threading.Thread(
                target=lambda seed=seed: results.update({seed: opened.generate("tiny", seed=seed)})
            )
            for seed in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for seed, result in results.items():
            assert saved(result, tmp_path) == saved(opened.generate("tiny", seed=seed), tmp_path, "b.mid")
    assert len(results) == 6 and tiny_backend.TinyBackend.opened == 1


def test_cancel_at_a_step():
    seen = []

    def on_step(step, total):
        seen.append((step, total))
        if step == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        generate("tiny", device="cpu", on_step=on_step)
    assert seen == [(1, 4), (2, 4)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("sad", "sad"),
        ("60% sad, 40% angry", "60% sad, 40% angry"),
        ("sad 0.6, angry 0.4", "sad 0.6, angry 0.4"),
        ("joyful 0.9", ("joyful", 0.9)),
        ("-0.5,0.2,0", (-0.5, 0.2, 0.0)),
        ("1,0,0,0,0,0,0,0", (1.0, 0, 0, 0, 0, 0, 0, 0)),
        ("0:calm, 20:joyful 0.9", [(0.0, "calm"), (20.0, ("joyful", 0.9))]),
        ("0s: 60% sad, 40% angry; 2.5s: .1,.2,.3", [(0.0, "60% sad, 40% angry"), (2.5, (0.1, 0.2, 0.3))]),
        ('[[0, "calm"], [20, ["joyful", 0.9]]]', [[0, "calm"], [20, ["joyful", 0.9]]]),
        ('{"sad": 0.6, "angry": 0.4}', {"sad": 0.6, "angry": 0.4}),
        ("in 2001 I was sad", "in 2001 I was sad"),
    ],
)
def test_emotion_text(text, value):
    assert read_emotion(text) == value
    EmotionCurve.parse(read_emotion(text))


@pytest.mark.parametrize("text", ["{", "[1,", '{"sad": NaN}', "0:, 3:calm", "[" * 100_000])
def test_bad_emotion_text(text):
    with pytest.raises(ValueError, match="expected"):
        read_emotion(text)


def test_emotion_file(tmp_path):
    path = tmp_path / "curve.json"
    path.write_text('[[0, "calm"], [4, "sad"]]')
    assert read_emotion(str(path)) == [[0, "calm"], [4, "sad"]]
    path.write_text(" " * (2**20 + 1))
    with pytest.raises(ValueError, match="at most"):
        read_emotion(str(path))

"""Edits learned: the parallel set, batches, the model, and the recipe on a handful of recordings."""

from __future__ import annotations

import csv
import functools
import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch
from conversion_material import SIZE
from speech_material import opened
from test_conversion_edits import made_up_content
from test_speech_training import LOOP, spoken

import checkpoints
from conditioning import load_space
from generators.conversion import train
from generators.conversion.content import NUM_CONTENT, NUM_VOICE, VOICED_USED
from generators.conversion.edits import CHANNELS, F0, RATE
from generators.conversion.examples import EditExamples, chances, fit_edits, strengths_of
from generators.conversion.model import EMOTION_MOMENTS, PATCH, EditDenoiser
from generators.conversion.pairs import Pair, Pairs, Take, chosen_pairs, prepared_pairs
from generators.voice import train_prints, train_speaker_encoder
from generators.voice.features import SAMPLE_RATE
from generators.voice.points import EmotionPoints
from studio.cli_training import set_time_budget


def pairs_of(rows: list[tuple[str, str, float]]) -> Pairs:
    """A parallel set of one line: (corpus, emotion, how far it is from neutral)."""
    rng, count = np.random.default_rng(0), 40
    way = rng.normal(0, 0.5, CHANNELS)
    takes = [
        Take(f"{corpus}/{n}", "ann", "x", emotion, n * count, count)
        for n, (corpus, emotion, _) in enumerate(rows)
    ]
    pairs = [
        Pair(a, b, 0, count)
        for a, one in enumerate(rows)
        for b, _ in enumerate(rows)
        if a != b and one[1] == "neutral"
    ]
    pairs = [replace(pair, first=n * count) for n, pair in enumerate(pairs)]
    edits = [rows[pair.target][2] * way + rng.normal(0, 0.05, (count, CHANNELS)) for pair in pairs]
    content = np.concatenate([made_up_content(rng, count) for _ in rows]).astype(np.float16)
    voice = np.zeros((len(rows), NUM_VOICE), np.float32)
    none = np.zeros((0, CHANNELS))
    return Pairs(
        tuple(takes), tuple(pairs), content, voice, np.concatenate([none, *edits]).astype(np.float16)
    )


def test_takes_are_strong_as_far_as_they_go_from_neutral():
    far = [0.2, 0.5, 0.8, 1.0]
    found = strengths_of(pairs_of([("a", "neutral", 0.0), *(("a", "angry", each) for each in far)]))
    assert found[0] == 0 and (np.diff(found[1:]) > 0.1).all()
    assert found[1] < 0.4 and 0.9 < found[4] <= 1.5
    mild = [("a", "neutral", 0.0), *[("a", "angry", 0.3)] * 6, ("b", "angry", 1.0), ("b", "angry", 1.0)]
    found = strengths_of(pairs_of(mild))
    assert (found[1:7] < 0.5).all() and (found[7:] > 0.9).all(), "many mild takes do not make mild strong"
    assert strengths_of(pairs_of([("a", "angry", 1.0), ("a", "sad", 1.0)])).tolist() == [1.0, 1.0]


# The recipe, on a handful of recordings

TEXTS = {"en-US": ("The cat sat on the mat.", "A man had seven dogs."), "de-DE": ("Das ist mir egal.",)}
PEOPLE = (
    ("ann", "en-US", ("neutral", "angry", "sad"), 190.0),
    ("emodb_1", "de-DE", ("neutral", "angry"), 110.0),
    ("bob", "en-US", ("neutral", "angry"), 130.0),
    ("eve", "en-US", ("neutral",), 210.0),
)
HIGHER = {"neutral": 1.0, "angry": 1.5, "sad": 0.85}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "voices"
    folder.mkdir()
    rows = []
    for speaker, language, emotions, f0_hz in PEOPLE:
        for emotion in emotions:
            for number, text in enumerate(TEXTS[language]):
                name = f"{speaker}-{emotion}-{number}.wav"
                sound = spoken(text, language, HIGHER[emotion] * f0_hz, len(rows))
                soundfile.write(folder / name, sound, SAMPLE_RATE)
                rows.append({"file": name, "speaker": speaker, "transcript": text, "language": language,
                             "emotion": emotion, "prompt": f"text {language} {number}"})  # fmt: skip
    with open(folder / "metadata.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)
    return folder.parent


def config_of(data, **changes):
    return {
        "name": "tiny", "licence": "CC0-1.0", "non_commercial": False, "data": "made up",
        "corpora": ["voices"],
        "cache": str(data / "cache"), "pairs_cache": str(data / "pairs.npz"), "speakers": ["*"],
        "held_out": ["bob"], "weights": {"ann": 0.75, "emodb_*": 0.25}, "joined_share": 0.5,
        "drop": {"content": 0.1, "identity": 0.25, "emotion": 0.15}, "model": SIZE, "batch_size": 4,
        "num_moments": 64, "train": {**LOOP, "max_steps": 20, "learning_rate": 2e-2}, **changes,
    }  # fmt: skip


@pytest.fixture(scope="module")
def pairs(data):
    return prepared_pairs(config_of(data), data)


@pytest.fixture(scope="module")
def examples(data, pairs):
    points = EmotionPoints(load_space())
    scale, _ = fit_edits(pairs, points, 0.02)
    return EditExamples(pairs, points, scale, config_of(data))


def test_the_parallel_set_holds_lines_that_are_said_with_two_feelings(data, pairs):
    assert {take.speaker for take in pairs.takes} == {"ann", "emodb_1"} and len(pairs.takes) == 8
    for pair in pairs.pairs:
        source, target = pairs.takes[pair.source], pairs.takes[pair.target]
        assert (source.speaker, source.line) == (target.speaker, target.line) and source.id != target.id
        assert pairs.edit(pair).shape == (source.count, CHANNELS)
        assert pairs.content_at(pair.source).shape == (source.count, NUM_CONTENT)
        speech = pairs.content_at(pair.source)[:, VOICED_USED] > 0.5
        higher = np.log(HIGHER[target.emotion] / HIGHER[source.emotion])
        assert np.median(pairs.edit(pair)[speech, F0]) == pytest.approx(higher, abs=0.12)
    assert len(pairs.pairs) == 2 * 6 + 2 and np.isfinite(pairs.edits).all() and np.isfinite(pairs.voice).all()
    again = prepared_pairs(config_of(data), "nowhere")
    assert again.takes == pairs.takes and np.array_equal(again.edits, pairs.edits)


def test_everybody_goes_from_and_to_neutral():
    labels = ["neutral", "a", "b", "c", "d", "e", "f", "neutral"]
    found = chosen_pairs(labels)
    assert len(set(found)) == len(found) and all(a != b for a, b in found)
    calm = {0, 7}
    assert {(a, b) for a, b in found if a in calm} == {(a, b) for a in calm for b in range(8) if a != b}
    assert {(a, b) for a, b in found if b in calm and a not in calm} == {
        (a, b) for a in range(1, 7) for b in calm
    }
    assert found == chosen_pairs(labels)


def test_every_group_is_drawn_by_its_weight(pairs):
    found = chances(pairs, {"ann": 0.6, "emodb_*": 0.2})
    who = np.array([pairs.takes[pair.source].speaker for pair in pairs.pairs])
    assert found.sum() == pytest.approx(1) and (found > 0).all()
    assert found[who == "ann"].sum() == pytest.approx(0.75)
    cell = [(pairs.takes[p.target].emotion, pairs.takes[p.source].emotion == "neutral") for p in pairs.pairs]
    own = {
        key: sum(f for f, k, w in zip(found, cell, who, strict=True) if k == key and w == "ann")
        for key in cell
    }
    assert np.ptp([share for share in own.values() if share]) < 1e-9


def test_batches_are_a_pure_function_of_the_step(examples):
    batch, again, next_ = (examples.batch_at(step, 0) for step in (3, 3, 4))
    assert all(torch.equal(batch[name], again[name]) for name in batch)
    assert not torch.equal(batch["voice"], next_["voice"])
    assert not torch.equal(batch["voice"], examples.batch_at(3, 1)["voice"])
    count = batch["clean"].shape[1]
    assert batch["clean"].shape == (4, count, CHANNELS) and batch["content"].shape == (4, count, NUM_CONTENT)
    assert count % PATCH == 0 and count <= 64 and batch["voice"].shape == (4, NUM_VOICE)
    assert batch["direction"].shape == (4, -(-count // EMOTION_MOMENTS), 64)
    assert batch["mask"].shape == (4, count) and batch["mask"].any(1).all()
    assert all(torch.isfinite(batch[name]).all() for name in ("clean", "content", "voice", "direction"))
    assert not batch["clean"][~batch["mask"]].any()


def test_a_joined_example_changes_its_direction_on_the_way(examples, monkeypatch):
    def ways(share):
        monkeypatch.setattr(examples, "joined", share)
        batches = [examples.batch_at(step, 0)["direction"] for step in range(8)]
        return sum(float(row.std(0).max() > 0.05) for batch in batches for row in batch[:, :2])

    assert ways(0.0) == 0 < ways(1.0)


def test_a_direction_leads_from_one_feeling_to_the_other(examples, pairs):
    for number, pair in enumerate(pairs.pairs):
        one, other = (examples.points.offset(examples.felt[take]) for take in (pair.source, pair.target))
        drawn = [examples.direction(number, torch.Generator().manual_seed(seed)) for seed in range(40)]
        assert torch.cosine_similarity(torch.stack(drawn).mean(0), other - one, 0) > 0.9


# The model


@pytest.fixture(scope="module")
def batch(examples):
    return {name: value for name, value in examples.batch_at(0, 0).items() if name != "clean"}


def flow_of(model, batch, *absent, noisy=None):
    count = len(batch["voice"])
    present = {name: torch.full((count,), name not in absent) for name in ("content", "identity", "emotion")}
    if noisy is None:
        noisy = torch.randn((*batch["mask"].shape, CHANNELS), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return model(noisy, torch.full((count,), 0.4), **batch, present=present)[0]


def model_of(open_doors: bool) -> EditDenoiser:
    torch.manual_seed(0)
    model = EditDenoiser(**SIZE).eval()
    return opened(model) if open_doors else model


@pytest.mark.parametrize("name", ["voice", "direction"])
@pytest.mark.parametrize("open_doors", [False, True])
def test_doors_are_shut_before_training(batch, name, open_doors):
    other = {**batch, name: batch[name] + 1}
    model = model_of(open_doors)
    assert torch.equal(flow_of(model, batch), flow_of(model, other)) != open_doors


@pytest.mark.parametrize(
    ("name", "given"), [("content", "content"), ("identity", "voice"), ("emotion", "direction")]
)
def test_a_dropped_condition_is_not_heard(batch, name, given):
    model = model_of(True)
    assert not torch.allclose(flow_of(model, batch), flow_of(model, batch, name), atol=1e-3)
    other = {**batch, given: batch[given] + 1}
    assert torch.equal(flow_of(model, batch, name), flow_of(model, other, name))


def test_padding_does_not_change_what_is_real(batch):
    model, count = model_of(True), 36
    noisy = torch.randn((1, 64, CHANNELS), generator=torch.Generator().manual_seed(0))
    padded = {name: value[:1].clone() for name, value in batch.items()}
    padded["mask"] = torch.arange(64)[None] < count
    padded["content"] = torch.randn((1, 64, NUM_CONTENT), generator=torch.Generator().manual_seed(1))
    padded["direction"] = torch.randn((1, 4, 64), generator=torch.Generator().manual_seed(2))
    short = {
        name: value[:, :count] if name in ("mask", "content") else value for name, value in padded.items()
    }
    short["direction"] = padded["direction"][:, :3]
    whole = flow_of(model, padded, noisy=noisy)[:, :count]
    torch.testing.assert_close(whole, flow_of(model, short, noisy=noisy[:, :count]), atol=1e-5, rtol=1e-4)


def test_the_recipe_learns_resumes_and_ships(data, pairs, examples, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "save", functools.partial(checkpoints.save, root=tmp_path))
    config = config_of(data)
    whole = train.run(config, data, tmp_path / "whole")
    rows = [json.loads(line) for line in (tmp_path / "whole" / "log.jsonl").read_text().splitlines()]
    assert len(rows) == 20 and all(np.isfinite(row["loss"]) for row in rows)
    fresh = EditDenoiser(**SIZE).eval()

    def loss(model):
        torch.manual_seed(0)
        with torch.no_grad():
            return np.mean(
                [float(train.loss_of(model, examples.batch_at(90 + n, 0), config)["loss"]) for n in range(6)]
            )

    assert loss(whole) < 0.8 * loss(fresh)
    entry = checkpoints.manifest(tmp_path)["tiny"]
    assert entry.licence == "CC0-1.0" and not entry.non_commercial and entry.space_version == 1

    (tmp_path / "manifest.json").unlink()
    cut = config_of(data)
    set_time_budget(cut, 0.0)
    train.run(cut, data, tmp_path / "cut")
    assert checkpoints.manifest(tmp_path) == {}, "what is cut short ships nothing"
    steps: list[int] = []
    resumed = train.run(
        config, data, tmp_path / "cut", resume=True, on_step=lambda step, *_: steps.append(step)
    )
    assert steps[0] == 2
    for key, value in whole.state_dict().items():
        assert torch.allclose(value, resumed.state_dict()[key], atol=1e-5), key
    monkeypatch.setattr(checkpoints, "ROOT", tmp_path)
    loaded = checkpoints.load("tiny")
    assert isinstance(loaded, EditDenoiser) and loaded.scale[RATE] > 0 and loaded.summary_of_direction.any()


# Who speaks, fitted in closed form


def test_the_recipes_of_voices_ship_what_they_measured(data, pairs, tmp_path, monkeypatch):
    update = checkpoints.update_manifest
    monkeypatch.setattr(checkpoints, "save", functools.partial(checkpoints.save, root=tmp_path))
    monkeypatch.setattr(
        checkpoints, "update_manifest", lambda name, new, root=tmp_path: update(name, new, root)
    )
    config = config_of(data, voices=["ann", "emodb_1"], recordings=2)
    table = train_prints.run(config, data, tmp_path)
    assert checkpoints.manifest(tmp_path)["tiny"].config == {"names": ["ann", "emodb_1"]}
    assert np.exp(table.voice("ann").log_f0) == pytest.approx(190, rel=0.1), "measured where nothing is felt"
    assert table.voice("emodb_1").log_f0 < table.voice("ann").log_f0
    one, other = table.voice("ann").colours, table.voice("emodb_1").colours
    between = np.minimum(one, other) - 1e-4 <= table.usual_colours
    assert between.all() and np.isfinite(table.usual_colours).all()

    config = config_of(data, caches=[str(data / "cache")] * 2, held_out=["bob", "eve"], each=6, size=1)
    monkeypatch.setattr(train_speaker_encoder, "strangest", lambda *_: 0.25)
    figures = train_speaker_encoder.run(config, data, tmp_path)
    entry = checkpoints.manifest(tmp_path)["tiny"]
    assert entry.figures == figures and figures["held-out people"] == 2
    monkeypatch.setattr(checkpoints, "ROOT", tmp_path)
    assert float(checkpoints.load("tiny").least_alike) == pytest.approx(0.25)

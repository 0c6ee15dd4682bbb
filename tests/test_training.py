"""The training loop and the music recipe's examples and losses."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from music_material import small_model, song, write_score
from torch import nn

from conditioning import load_space
from conditioning.encoders.midi import read_midi
from generators.music.corpus import Corpus
from generators.music.examples import WINDOW_BARS, ExampleSource, hide
from generators.music.features import piece_from_score
from generators.music.tokens import BAR_FIELDS, COUNT, MASK, NOT_HERE, ONSETS, TIME_SIGNATURE
from generators.music.train import fit_attributes, loss_of, weighted_moments
from training.loop import TrainConfig, averaged_weights, learning_rate_at, seed_at, steps_done, train
from training.muon import LIKE_ADAMW, Muon
from training.workers import map_in_processes

CONFIG = dict(learning_rate=0.05, warmup_steps=2, ema_decay=0.9, log_every=2, checkpoint_minutes=1e9)


def net(dropout: float = 0.3) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(7)
        return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Dropout(dropout), nn.Linear(8, 1))


def batch_at(step: int, rank: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1000 * rank + step)
    x = torch.randn(16, 4, generator=generator)
    return {"x": x, "y": x.sum(1, keepdim=True)}


def loss_fn(model: nn.Module, batch: dict[str, torch.Tensor], step: int) -> dict[str, torch.Tensor]:
    loss = (model(batch["x"]) - batch["y"]).square().mean()
    return {"loss": loss, **({"rare": loss} if step % 4 == 3 else {})}


def run(out_dir, *, resume=False, model=None, steps=12, **changes):
    config = TrainConfig(max_steps=steps, **{**CONFIG, **changes})
    return train(model or net(), batch_at, loss_fn, config, out_dir, resume=resume)


class Stopped(Exception):
    pass


def log_of(folder) -> list[dict]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_a_resumed_run_is_the_uninterrupted_one(tmp_path, optimizer):
    whole = run(tmp_path / "whole", optimizer=optimizer)
    calls = []

    def stopping(step: int, rank: int) -> dict[str, torch.Tensor]:
        calls.append(step)
        if step == 7:
            raise Stopped
        return batch_at(step, rank)

    config = TrainConfig(max_steps=12, optimizer=optimizer, **{**CONFIG, "checkpoint_minutes": 0.0})
    with pytest.raises(Stopped):
        train(net(), stopping, loss_fn, config, tmp_path / "parts")
    assert steps_done(tmp_path / "parts") == 7
    resumed = run(tmp_path / "parts", resume=True, model=net(), optimizer=optimizer)
    for (name, wanted), got in zip(whole.state_dict().items(), resumed.state_dict().values(), strict=True):
        assert torch.equal(wanted, got), name
    raw = [torch_state(tmp_path / folder) for folder in ("whole", "parts")]
    assert raw[0].keys() == raw[1].keys() and all(torch.equal(raw[0][key], raw[1][key]) for key in raw[0])
    assert [row["step"] for row in log_of(tmp_path / "parts")] == [2, 4, 6, 8, 10, 12]


def torch_state(folder) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return load_file(folder / "state.safetensors")


def test_muon_turns_a_gradient_into_a_rotation():
    torch.manual_seed(0)
    weight = nn.Parameter(torch.zeros(6, 16))
    optimizer = Muon([weight], lr=1.0)
    weight.grad = torch.randn(6, 1) @ torch.randn(1, 16) + 0.3 * torch.randn(6, 16)
    optimizer.step()
    values = torch.linalg.svdvals(weight.detach()) / (LIKE_ADAMW * 16**0.5)
    assert torch.linalg.svdvals(weight.grad)[[0, -1]].log().diff().abs() > 1.5  # far from one
    assert ((values > 0.6) & (values < 1.3)).all()
    assert float((weight.detach() * weight.grad).sum()) < 0


def test_rows_that_a_crash_left_after_the_last_state_are_dropped(tmp_path):
    run(tmp_path, steps=6)
    with open(tmp_path / "log.jsonl", "a") as file:
        file.write(json.dumps({"step": 8, "loss": 99.0}) + "\n")
    run(tmp_path, resume=True, steps=10)
    rows = log_of(tmp_path)
    assert [row["step"] for row in rows] == [2, 4, 6, 8, 10] and max(row["loss"] for row in rows) < 99


def test_the_time_budget_stops_and_keeps_the_state(tmp_path):
    run(tmp_path, steps=1000, max_minutes=0.0)
    assert steps_done(tmp_path) == 1
    run(tmp_path, resume=True, steps=1000, max_minutes=0.0)
    assert steps_done(tmp_path) == 2


def test_a_new_run_starts_anew(tmp_path):
    run(tmp_path, steps=4)
    run(tmp_path, steps=2)
    assert steps_done(tmp_path) == 2 and [row["step"] for row in log_of(tmp_path)] == [2]


def test_the_average_is_exponential(tmp_path):
    seen: list[torch.Tensor] = []

    def watched(model, batch, step):
        seen.append(model[0].weight.detach().clone())
        return loss_fn(model, batch, step)

    config = TrainConfig(max_steps=3, **CONFIG)
    model = net(0.0)
    averaged = train(model, batch_at, watched, config, tmp_path)
    mean = seen[0].clone()
    for step, value in enumerate([*seen[1:], model[0].weight.detach()], start=1):
        mean.lerp_(value, 1 - min(0.9, step / (step + 10)))
    assert torch.allclose(averaged[0].weight, mean, atol=1e-7) and not averaged.training
    assert torch.equal(averaged_weights(tmp_path)["0.weight"], averaged[0].weight)
    raw = run(tmp_path / "raw", model=(other := net(0.0)), ema_decay=0.0)
    assert torch.equal(raw[0].weight, other[0].weight), "no decay keeps the raw weights"


def test_it_learns_logs_evaluates_and_leaves_frozen_weights_alone(tmp_path):
    model = net(0.0)
    model[0].weight.requires_grad_(False)
    before = model[0].weight.clone()
    config = TrainConfig(max_steps=60, evaluate_every=30, **{**CONFIG, "log_every": 20})
    heard = []
    train(
        model,
        batch_at,
        loss_fn,
        config,
        tmp_path,
        evaluate=lambda averaged: {
            "held_out": float(loss_fn(averaged, batch_at(999, 0), 0)["loss"].detach())
        },
        on_step=lambda step, total, row: heard.append((step, total)),
    )
    assert torch.equal(model[0].weight, before) and heard == [(20, 60), (40, 60), (60, 60)]
    rows = log_of(tmp_path)
    losses = [row["loss"] for row in rows if "loss" in row]
    assert losses[-1] < 0.5 * losses[0]
    assert [row["step"] for row in rows if "held_out" in row] == [30, 60, 60]
    assert (tmp_path / "losses.png").read_bytes().startswith(b"\x89PNG")
    assert not list(tmp_path.glob("*partial*"))


def test_a_quantity_that_is_logged_now_and_then_is_not_diluted(tmp_path):
    run(tmp_path, steps=4, log_every=4, model=net(0.0))
    (row,) = log_of(tmp_path)
    assert 0.2 * row["loss"] < row["rare"] < 3 * row["loss"]
    lone = loss_fn(net(0.0), batch_at(3, 0), 3)
    assert row["rare"] > 0.4 * float(lone["rare"].detach()), (
        "the mean over the steps that have it, not over all"
    )


def test_learning_rate():
    config = TrainConfig(max_steps=100, learning_rate=1.0, warmup_steps=10)
    rates = [learning_rate_at(step, config) for step in range(101)]
    assert rates[0] == pytest.approx(0.1) and rates[10] == pytest.approx(1.0)
    assert rates[100] == pytest.approx(0.1) and rates[10:] == sorted(rates[10:], reverse=True)


def test_seeds_differ_by_step_and_process():
    seeds = {seed_at(seed, step, rank) for seed in range(3) for step in range(50) for rank in range(4)}
    assert len(seeds) == 600


# The music recipe


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Corpus:
    folder = tmp_path_factory.mktemp("corpus")
    pieces = [
        piece_from_score(read_midi(write_score(folder / f"{i}.mid", song(bars, seed=i))))
        for i, bars in enumerate((20, 24, 6, 33))
    ]
    reading = [np.full((p.num_bars, 2), 0.4 * (-1) ** i, np.float32) for i, p in enumerate(pieces)]
    return Corpus([str(i) for i in range(4)], pieces, np.array([0, 0, 0, 3]), reading)


@pytest.fixture(scope="module")
def source(corpus) -> ExampleSource:
    mean, std = np.full(5, 10, np.float32), np.full(5, 5, np.float32)
    return ExampleSource(corpus, load_space(), {0: 0.5, 3: 0.5}, mean, std, rows_per_batch=1200, seed=3)


def tensors_of(batch: dict) -> dict[str, torch.Tensor]:
    return {**{k: v for k, v in batch.items() if k != "present"}, **batch["present"]}


@pytest.mark.parametrize("step", [0, 1, 3, 7])
def test_a_batch_is_a_pure_function_of_the_step(source, step):
    first, second = tensors_of(source.batch_at(step, 0)), tensors_of(source.batch_at(step, 0))
    assert all(torch.equal(first[key].nan_to_num(9), second[key].nan_to_num(9)) for key in first)
    other = tensors_of(source.batch_at(step, 1))
    assert any(
        first[k].shape != other[k].shape or not torch.equal(first[k], other[k]) for k in ("values", "target")
    )


@pytest.mark.parametrize("step", range(6))
def test_targets_are_known_values_of_real_rows(source, step):
    batch = source.batch_at(step, 0)
    values, target, mask = batch["values"], batch["target"], batch["mask"]
    assert (values[target] >= 0).all() and target.any()
    assert not target[~mask].any() and (values[~mask] == NOT_HERE).all()
    hidden = hide(values, target)
    assert (hidden[target] == MASK).all() and torch.equal(hidden[~target], values[~target])
    assert int(batch["bar"].max()) < batch["emotion"].shape[1] <= WINDOW_BARS
    if step % 4 == 3:
        assert (batch["place"] == 0).all(), "a plan is bars alone"
    else:
        # What the plan decides is never hidden from the notes.
        assert not target[..., [TIME_SIGNATURE, COUNT, ONSETS]].any()
        assert target[..., BAR_FIELDS.stop :].any()


def test_the_denoiser_learns_a_repeated_batch(source):
    model = small_model().requires_grad_(True).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    batch, losses = source.batch_at(0, 0), []
    for _ in range(15):
        loss = loss_of(model, batch, 0)["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.8 * losses[0]
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


def test_attributes_are_fitted(corpus):
    model = small_model()
    fit_attributes(model, corpus, {"pop": 0.5, "performance": 0.5})
    assert 1 < float(model.attribute_mean[0]) < 3 and 45 < float(model.attribute_mean[3]) < 70
    assert (model.attribute_std > 0).all() and model.attribute_of_emotion.isfinite().all()


def test_weighted_moments():
    values = np.array([[1.0, np.nan], [3.0, 5.0], [3.0, 7.0]])
    mean, std = weighted_moments(values, np.array([2.0, 1.0, 1.0]))
    assert mean.tolist() == [2.0, 6.0] and std.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("num_workers", [1, 2])
def test_work_in_processes_keeps_its_order(num_workers):
    found = map_in_processes(divmod, range(9), [2] * 9, num_workers=num_workers, batch_size=2)
    assert list(found) == [divmod(number, 2) for number in range(9)]

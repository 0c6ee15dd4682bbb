"""What `generators.base.Backend` promises, over every backend of the registry.

A new medium adds one row to `MATERIAL`: its real classes with small random weights, and requests.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from music_material import NAME, QUICK, small_backend

import checkpoints
from conditioning import EmotionCurve
from generators.base import Cancelled, build
from generators.registry import BACKENDS, backend_class


@dataclasses.dataclass(frozen=True)
class Material:
    """How the contract handles one medium.

    Attributes:
        build: gives a backend with small weights.
        prompt, options: a quick request. long_prompt: one that takes several windows.
        dump: media -> bytes.
        networks: backend -> the modules that it calls.
        batch: keyword arguments of the network's forward -> number of rows it was given.
        window: largest stretch of `seen` that a network call may get.
        seen: keyword arguments of the network's forward -> length of the stretch.
    """

    build: Callable[[], Any]
    prompt: dict[str, Any]
    options: dict[str, Any]
    long_prompt: dict[str, Any]
    dump: Callable[[Any], bytes]
    networks: Callable[[Any], list[torch.nn.Module]]
    batch: Callable[[dict[str, Any]], int]
    window: int
    seen: Callable[[dict[str, Any]], int]


MATERIAL = {
    "music": Material(
        build=small_backend,
        prompt={"bars": 4},
        options={**QUICK, "mode": "major"},
        long_prompt={"bars": 61},
        dump=lambda media: bytes(media.midi.dumps_midi()),
        networks=lambda backend: [backend.models[NAME]],
        batch=lambda inputs: len(inputs["bar"]),
        window=16,
        seen=lambda inputs: max(int(inputs["bar"].max()) + 1, inputs["emotion"].shape[1]),
    ),
}
ONES = dict(content_guidance_scale=1.0, identity_guidance_scale=1.0, emotion_guidance_scale=1.0)


def test_every_backend_is_covered():
    assert set(MATERIAL) == set(BACKENDS)


@pytest.fixture(scope="module", params=sorted(BACKENDS))
def case(request):
    material = MATERIAL[request.param]
    return material, material.build()


def run(case, *, on_step=None, prompt=None, emotion: Any = "sadness", **options):
    material, backend = case
    return backend.generate(
        build(backend.Prompt, prompt or material.prompt),
        EmotionCurve.parse(emotion),
        build(backend.Options, {**material.options, **options}),
        on_step=on_step,
    )


def calls_of(case, **arguments) -> list[dict[str, Any]]:
    """Runs once and gives the keyword arguments of every network call."""
    material, backend = case
    calls: list[dict[str, Any]] = []
    hooks = [
        network.register_forward_pre_hook(lambda _, args, kwargs: calls.append(kwargs), with_kwargs=True)
        for network in material.networks(backend)
    ]
    try:
        run(case, **arguments)
    finally:
        for hook in hooks:
            hook.remove()
    return calls


def test_it_is_a_backend(case):
    _, backend = case
    cls = backend_class(backend.name)
    assert type(backend) is cls
    for owner in (cls.Prompt, cls.Options):
        assert owner.__dataclass_params__.frozen
        for field in dataclasses.fields(owner):
            assert field.metadata["help"].endswith("."), field.name


def test_same_seed_same_bytes_other_seed_others(case):
    material, _ = case
    first, second = run(case, seed=3), run(case, seed=3)
    assert material.dump(first) == material.dump(second)
    assert first.provenance == second.provenance
    assert material.dump(run(case, seed=4)) != material.dump(first)
    fresh = (material, material.build())
    assert material.dump(run(fresh, seed=3)) == material.dump(first)


def test_what_ran_before_leaves_no_trace(case):
    material, _ = case
    wanted = material.dump(run(case, seed=3))
    run(case, seed=9, emotion="anger")
    assert material.dump(run(case, seed=3)) == wanted


def test_emotion_matters(case):
    material, _ = case
    assert material.dump(run(case, emotion="joy")) != material.dump(run(case, emotion="sadness"))


def test_nothing_global_is_touched_and_global_seeds_do_not_matter(case):
    material, _ = case
    results = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        np.random.seed(seed)
        random.seed(seed)
        before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
        settings = torch.get_num_threads(), torch.get_default_dtype(), torch.is_grad_enabled()
        results.append(material.dump(run(case)))
        assert torch.equal(torch.get_rng_state(), before[0])
        assert np.array_equal(np.random.get_state()[1], before[1])
        assert random.getstate() == before[2]
        assert settings == (torch.get_num_threads(), torch.get_default_dtype(), torch.is_grad_enabled())
    assert results[0] == results[1]


def test_noise_comes_from_one_local_cpu_generator(case, monkeypatch):
    made = []
    real = torch.Generator

    def watched(*args, **kwargs):
        made.append(real(*args, **kwargs))
        return made[-1]

    monkeypatch.setattr(torch, "Generator", watched)
    run(case, seed=12)
    assert [generator.device.type for generator in made] == ["cpu"]
    assert made[0].initial_seed() == 12


def test_nothing_is_printed(case, capfd):
    run(case)
    assert capfd.readouterr() == ("", "")


def test_guidance_one_skips_the_null_pass(case):
    material, _ = case
    ones = calls_of(case, **ONES)
    assert {material.batch(inputs) for inputs in ones} == {1}
    assert all(bool(given.all()) for inputs in ones for given in inputs["present"].values())
    more = calls_of(case, **{**ONES, "emotion_guidance_scale": 3.0})
    assert {material.batch(inputs) for inputs in more} == {2}
    assert not all(bool(inputs["present"]["emotion"].all()) for inputs in more)


def test_on_step_is_called_at_every_step(case):
    for prompt in (None, case[0].long_prompt):
        heard: list[tuple[int, int]] = []
        run(case, prompt=prompt, on_step=lambda step, total, heard=heard: heard.append((step, total)))
        steps, totals = zip(*heard, strict=True)
        assert list(steps) == list(range(1, totals[-1] + 1))
        assert len(set(totals)) == 1


@pytest.mark.parametrize("at", [1, 2, 3])
def test_cancelled_stops_at_once_and_the_backend_goes_on(case, at):
    material, backend = case
    wanted = material.dump(run(case))
    calls = []
    heard = []

    def stop(step: int, total: int) -> None:
        heard.append(step)
        if step == at:
            calls.clear()
            raise Cancelled

    hook = material.networks(backend)[0].register_forward_pre_hook(lambda *_: calls.append(1))
    try:
        with pytest.raises(Cancelled):
            run(case, on_step=stop)
    finally:
        hook.remove()
    assert heard == list(range(1, at + 1)) and not calls
    assert material.dump(run(case)) == wanted


def test_provenance_is_complete(case):
    _, backend = case
    curve = EmotionCurve.parse([(0.0, "calm"), (2.0, ("joy", 0.7))])
    media = run(case, emotion=curve, seed=5)
    provenance = media.provenance
    assert provenance["backend"] == backend.name
    assert provenance["weights"] == {NAME: "0" * 64} and provenance["licence"] == "Apache-2.0"
    assert provenance["non_commercial"] is False and provenance["space_version"] == 1
    assert provenance["options"]["seed"] == 5
    assert set(provenance["options"]) == {field.name for field in dataclasses.fields(backend.Options)}
    assert set(provenance["prompt"]) == {field.name for field in dataclasses.fields(backend.Prompt)}
    assert EmotionCurve.parse(provenance["emotion"]) == curve
    build(backend.Options, provenance["options"])
    build(backend.Prompt, provenance["prompt"])


@pytest.mark.parametrize("owner", ["Prompt", "Options"])
def test_unknown_fields_and_wrong_values_are_refused(case, owner):
    cls = getattr(case[1], owner)
    with pytest.raises(ValueError, match=r"expected .*got 'nonsense'"):
        build(cls, {"nonsense": 1})
    for field in dataclasses.fields(cls):
        bad: list[Any] = [object(), [1], float("nan")]
        low, high = field.metadata["minimum"], field.metadata["maximum"]
        bad += [low - 1] if low is not None else []
        bad += [high + 1] if high is not None else []
        bad += ["nonsense"] if field.metadata["choices"] else []
        for value in bad:
            with pytest.raises(ValueError, match=rf"^expected .* for {field.name}, got .*$"):
                build(cls, {field.name: value})


def test_long_input_is_processed_in_bounded_windows(case):
    material, _ = case
    calls = calls_of(case, prompt=material.long_prompt, num_inference_steps=1)
    longest = max(material.seen(inputs) for inputs in calls)
    assert longest == material.window
    assert len(calls) > 4


def test_moving_keeps_the_result(case):
    material, backend = case
    wanted = material.dump(run(case))
    backend.to("cpu")
    assert material.dump(run(case)) == wanted


@pytest.mark.gpu
def test_a_gpu_gives_nearly_the_same(case):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    material, _ = case
    backend = material.build()
    backend.to("cuda")
    media = run((material, backend), temperature=0.0)
    assert abs(media.num_notes - run(case, temperature=0.0).num_notes) <= 0.2 * media.num_notes


@pytest.mark.parametrize("medium", sorted(BACKENDS))
def test_shipped_weights_keep_the_contract(medium, capfd):
    """One short request with the weights that people get."""
    cls = backend_class(medium)
    names = [name for name in checkpoints.manifest() if name.split("-")[0] == medium and "coder" not in name]
    names = [name for name in names if name in dict(choices_of(cls))]
    if not names:
        pytest.skip(f"no weights of {medium} are shipped")
    for name in names:
        backend = cls()
        options = build(cls.Options, {"checkpoint": name, "num_inference_steps": 4, "seed": 1})
        prompt = build(cls.Prompt, MATERIAL[medium].prompt)
        curve = EmotionCurve.parse("joy")
        dumps = [MATERIAL[medium].dump(backend.generate(prompt, curve, options)) for _ in range(2)]
        assert dumps[0] == dumps[1]
        media = backend.generate(prompt, curve, options)
        assert media.provenance["weights"] == {name: checkpoints.describe(name).sha256}
    assert capfd.readouterr() == ("", "")


def choices_of(cls: type) -> list[tuple[str, None]]:
    field = next(f for f in dataclasses.fields(cls.Options) if f.name == "checkpoint")  # type: ignore[attr-defined]
    return [(name, None) for name in field.metadata["choices"]]

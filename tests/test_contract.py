"""What `generators.base.Backend` promises, over every backend of the registry.

A new medium adds `tests/<medium>_material.py`: its real classes with small random weights, and requests.
"""

from __future__ import annotations

import dataclasses
import importlib
import random
from typing import Any

import numpy as np
import pytest
import torch
from material import Material

import checkpoints
from conditioning import EmotionCurve
from generators.base import Cancelled, build, field_type
from generators.media import Audio, Media, join
from generators.registry import BACKENDS, backend_class


def material_of(medium: str) -> Material:
    return importlib.import_module(f"{medium}_material").MATERIAL


# What is composed of other media keeps a contract of its own: test_composed.py.
OWN = sorted(name for name, path in BACKENDS.items() if path.startswith("generators."))
ONES = dict(content_guidance_scale=1.0, identity_guidance_scale=1.0, emotion_guidance_scale=1.0)


@pytest.fixture(scope="module", params=OWN)
def case(request):
    material = material_of(request.param)
    return material, material.build()


def run(case, *, on_step=None, on_part=None, prompt=None, emotion: Any = "sadness", **options):
    material, backend = case
    return backend.generate(
        build(backend.Prompt, prompt or material.prompt),
        EmotionCurve.parse(emotion),
        build(backend.Options, {**material.options, **options}),
        on_step=on_step,
        on_part=on_part,
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
    assert type(backend) is cls and issubclass(cls.media, Media) and cls.checkpoints
    assert field_named(cls.Options, "checkpoint").metadata["choices"] == ("auto", *cls.checkpoints)
    for owner in (cls.Prompt, cls.Options):
        assert owner.__dataclass_params__.frozen
        for field in dataclasses.fields(owner):
            assert field.metadata["help"].endswith("."), field.name
            field_type(field, owner)


def field_named(cls: type, name: str) -> dataclasses.Field:
    return next(field for field in dataclasses.fields(cls) if field.name == name)


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
    assert all(bool(given.all()) for inputs in ones for given in material.present(inputs).values())
    more = calls_of(case, **{**ONES, "emotion_guidance_scale": 3.0})
    # The null pass is a second row; a medium may leave it out where guidance adds little.
    assert len(more) == len(ones) and {material.batch(inputs) for inputs in more} <= {1, 2}
    assert len(ones) < sum(map(material.batch, more)) <= 2 * len(ones)
    assert not all(bool(material.present(inputs)["emotion"].all()) for inputs in more)


def test_on_step_is_called_at_every_step(case):
    material, _ = case
    for prompt in filter(None, (material.prompt, material.long_prompt)):
        heard: list[tuple[int, int]] = []
        run(case, prompt=prompt, on_step=lambda step, total, heard=heard: heard.append((step, total)))
        steps, totals = zip(*heard, strict=True)
        assert len(set(totals)) == 1 and steps[0] == 1 and steps[-1] == totals[-1]
        if material.counted:
            assert list(steps) == list(range(1, totals[-1] + 1))
        else:
            assert list(steps) == sorted(steps) and len(steps) > material.options["num_inference_steps"]


def test_parts_joined_are_the_result(case):
    material, _ = case
    parts: list[Any] = []
    whole = run(case, on_part=parts.append)
    assert material.dump(whole) == material.dump(run(case))
    if isinstance(whole, Audio):
        assert material.dump(join(parts)) == material.dump(whole)
    else:
        assert parts in ([], [whole])


@pytest.mark.parametrize("at", [1, 2, 3])
def test_cancelled_stops_at_once_and_the_backend_goes_on(case, at):
    material, backend = case
    wanted = material.dump(run(case))
    calls = []
    heard = []

    def stop(step: int, total: int) -> None:
        heard.append(step)
        if len(heard) == at:
            calls.clear()
            raise Cancelled

    hook = material.networks(backend)[0].register_forward_pre_hook(lambda *_: calls.append(1))
    try:
        with pytest.raises(Cancelled):
            run(case, on_step=stop)
    finally:
        hook.remove()
    assert len(heard) == at and not calls
    assert material.dump(run(case)) == wanted


def test_provenance_is_complete(case):
    material, backend = case
    curve = EmotionCurve.parse([(0.0, "calm"), (2.0, ("joy", 0.7))])
    media = run(case, emotion=curve, seed=5)
    provenance = media.provenance
    assert provenance["modality"] == backend.name
    assert provenance["weights"] == material.weights and provenance["licence"]
    assert provenance["non_commercial"] in (True, False) and provenance["space_version"] == 1
    assert provenance["options"]["seed"] == 5
    assert set(provenance["options"]) == {field.name for field in dataclasses.fields(backend.Options)}
    assert set(provenance["prompt"]) == {field.name for field in dataclasses.fields(backend.Prompt)}
    assert EmotionCurve.parse(provenance["emotion"]) == curve
    build(backend.Options, provenance["options"])
    build(backend.Prompt, provenance["prompt"])


@pytest.mark.parametrize("owner", ["Prompt", "Options"])
def test_unknown_fields_and_wrong_values_are_refused(case, owner):
    cls = getattr(case[1], owner)
    given = case[0].prompt if owner == "Prompt" else {}
    required = {name: value for name, value in given.items() if field_named(cls, name).metadata["required"]}
    with pytest.raises(ValueError, match=r"expected .*got 'nonsense'"):
        build(cls, {"nonsense": 1})
    for field in dataclasses.fields(cls):
        bad: list[Any] = [object(), [1], float("nan")]
        low, high = field.metadata["minimum"], field.metadata["maximum"]
        bad += [low - 1] if low is not None else []
        bad += [high + 1] if high is not None else []
        bad += ["nonsense"] if field.metadata["choices"] or field.metadata["file"] else []
        for value in bad:
            with pytest.raises(ValueError, match=rf"^expected .* for {field.name}, got .*$"):
                build(cls, {**required, field.name: value})


def test_long_input_is_processed_in_bounded_windows(case):
    material, _ = case
    if material.long_prompt is None:
        pytest.skip("all that it takes goes through at once: it refuses what is longer")
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
    assert material.close(run((material, backend), **material.steady), run(case, **material.steady))


@pytest.mark.parametrize("medium", OWN)
def test_shipped_weights_keep_the_contract(medium, capfd):
    """One short request with the weights that people get."""
    cls = backend_class(medium)
    entries = checkpoints.manifest()
    names = [name for name in cls.checkpoints if name in entries]
    if not names:
        pytest.skip(f"no weights of {medium} are shipped")
    for name in names:
        backend = cls()
        options = build(cls.Options, {"checkpoint": name, "num_inference_steps": 4, "seed": 1})
        prompt = build(cls.Prompt, material_of(medium).prompt)
        curve = EmotionCurve.parse("joy")
        first, second = (backend.generate(prompt, curve, options) for _ in range(2))
        assert material_of(medium).dump(first) == material_of(medium).dump(second)
        weights = first.provenance["weights"]
        assert name in weights and weights == {used: entries[used].fingerprint for used in weights}
    assert capfd.readouterr() == ("", "")

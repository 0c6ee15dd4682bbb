"""Nested guidance of a Wan transformer: which passes are made, what each is given, and what their sum is."""

from __future__ import annotations

import pytest
import torch
from accelerate.hooks import CpuOffload, add_hook_to_module, remove_hook_from_module
from wan_video_material import (
    HIDDEN_SIZE,
    IMAGE_DIM,
    NUM_LAYERS,
    TEXT_DIM,
    tiny_i2v,
    tiny_t2v,
    tiny_transformer,
)

from generators.video.adapter import EmotionAdapter, attach
from generators.video.wan_guidance import Conditions, Pass, guiding, wan_passes
from generators.video.wan_memory import by_layers


def short(passes):
    """What is given in each pass, and its weight: {"picture words wanted": 1.0}."""
    return {
        " ".join(
            [word for word, there in (("picture", entry.image), ("words", entry.prompt)) if there]
            + ([entry.feeling] if entry.feeling else [])
        ): entry.weight
        for entry in passes
    }


def test_scales_of_one_need_one_pass():
    assert short(wan_passes()) == {"picture words": 1}
    assert short(wan_passes(felt=True, image=True)) == {"picture words wanted": 1}
    assert short(wan_passes(felt=True, away=True)) == {"picture words wanted": 1}


def test_words_alone_are_guided_as_wan_was_published():
    # Without an adapter, and of image-to-video with the picture in both passes.
    assert short(wan_passes(content=5)) == {"picture": -4, "picture words": 5}
    assert short(wan_passes(content=5, image=True)) == {"picture": -4, "picture words": 5}


def test_every_level_adds_only_what_it_adds():
    found = short(wan_passes(5, 2, 3, image=True, felt=True))
    assert found == {"": -1, "picture": -3, "picture words": 2, "picture words wanted": 3}
    assert short(wan_passes(5, 1, 5, felt=True)) == {"picture": -4, "picture words wanted": 5}
    assert short(wan_passes(1, 1, 3, felt=True)) == {"picture words": -2, "picture words wanted": 3}


def test_an_unwanted_feeling_takes_the_place_of_none():
    assert short(wan_passes(1, 1, 3, felt=True, away=True)) == {
        "picture words wanted": 3, "picture words unwanted": -2
    }  # fmt: skip
    assert short(wan_passes(5, 1, 3, felt=True, away=True)) == {
        "picture": -4, "picture words": 4, "picture words wanted": 3, "picture words unwanted": -2
    }  # fmt: skip


@pytest.mark.parametrize("content", [0.0, 1.0, 4.0])
@pytest.mark.parametrize("emotion", [0.0, 1.0, 2.5])
@pytest.mark.parametrize("away", [False, True])
def test_weights_sum_to_one(content, emotion, away):
    for image in (False, True):
        passes = wan_passes(content, 1.5, emotion, image=image, felt=True, away=away)
        assert sum(entry.weight for entry in passes) == pytest.approx(1)


def call_of(transformer, frames=3):
    generator = torch.Generator().manual_seed(1)
    config = transformer.config
    call = dict(
        hidden_states=torch.randn(1, config.in_channels, frames, 4, 4, generator=generator),
        timestep=torch.tensor([400]),
        encoder_hidden_states=torch.randn(1, 512, TEXT_DIM, generator=generator),
        return_dict=False,
    )
    if config.image_dim:
        call["encoder_hidden_states_image"] = torch.randn(1, 5, IMAGE_DIM, generator=generator)
    return call


@pytest.fixture(scope="module")
def felt():
    """A transformer of image-to-video with an adapter that says something, and conditions."""
    transformer = tiny_i2v().transformer
    torch.manual_seed(5)
    adapter = EmotionAdapter(HIDDEN_SIZE, NUM_LAYERS)
    with torch.no_grad():
        adapter.to_modulation.weight.normal_(std=0.3)
        adapter.gates.normal_()
    conditions = Conditions(
        torch.randn(1, 512, TEXT_DIM), torch.randn(1, 3, 64), torch.randn(1, 1, 64), torch.full((1, 4), 0.5)
    )
    return transformer, attach(transformer, adapter), conditions


@torch.no_grad()
def by_hand(transformer, attachment, conditions, entry):
    """One pass, made without `guiding`."""
    call = call_of(transformer)
    if not entry.image:
        call["hidden_states"][:, 16:] = 0
        call["encoder_hidden_states_image"] *= 0
    if not entry.prompt:
        call["encoder_hidden_states"] = conditions.null_prompt
    if entry.feeling:
        points = {"wanted": conditions.wanted, "unwanted": conditions.unwanted}[entry.feeling]
        there = torch.ones(1, dtype=torch.bool)
        attachment.feel(attachment.adapter(points, there, conditions.attributes))
    try:
        return transformer(**call)[0]
    finally:
        attachment.feel(None)


@pytest.mark.parametrize("one_by_one", [False, True])
def test_the_sum_is_that_of_passes_made_by_hand(felt, one_by_one):
    transformer, attachment, conditions = felt
    passes = wan_passes(4, 2, 3, image=True, felt=True, away=True)
    assert len(passes) == 5
    wanted = sum(entry.weight * by_hand(transformer, attachment, conditions, entry) for entry in passes)
    with torch.no_grad(), guiding(transformer, passes, conditions, attachment, one_by_one=one_by_one):
        found = transformer(**call_of(transformer))[0]
        again = transformer(**call_of(transformer))[0]
    assert torch.equal(found, again)
    assert torch.allclose(found, wanted, atol=2e-5, rtol=1e-5)
    assert "forward" not in vars(transformer)


def test_the_pass_without_feeling_is_the_base(felt):
    transformer, attachment, conditions = felt
    with torch.no_grad():
        plain = transformer(**call_of(transformer))[0]
        with guiding(transformer, [Pass(1.0)], conditions, attachment):
            assert torch.equal(transformer(**call_of(transformer))[0], plain)


@torch.no_grad()
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("make", [tiny_t2v, tiny_i2v])
def test_an_untrained_adapter_is_the_base_to_the_bit(make, dtype):
    transformer = make().transformer.to(dtype)
    call = call_of(transformer)
    call |= {name: value.to(dtype) for name, value in call.items() if name.startswith(("hidden", "encoder"))}
    plain = transformer(**call)[0]
    attachment = attach(transformer, EmotionAdapter(HIDDEN_SIZE, NUM_LAYERS).to(dtype))
    for frames in (1, 3):
        conditions = Conditions(wanted=torch.randn(1, frames, 64), attributes=torch.full((1, 4), 0.5))
        with guiding(transformer, wan_passes(felt=True), conditions, attachment):
            assert torch.equal(transformer(**call)[0], plain)
    attachment.detach()
    assert torch.equal(transformer(**call)[0], plain)


def test_hooks_that_move_weights_stay_in_place():
    transformer = tiny_transformer()
    conditions = Conditions(torch.zeros(1, 512, TEXT_DIM))
    passes = wan_passes(content=3)

    def guided():
        with guiding(transformer, passes, conditions, one_by_one=True):
            return transformer(**call_of(transformer))[0]

    wanted = guided()
    add_hook_to_module(transformer, CpuOffload(execution_device="cpu"))
    hooked = transformer.forward
    assert torch.equal(guided(), wanted)
    assert transformer.forward is hooked
    with guiding(transformer, passes, conditions):  # as a pipeline that offloads ends
        remove_hook_from_module(transformer)
        add_hook_to_module(transformer, CpuOffload(execution_device="cpu"))
        again = transformer.forward
    assert transformer.forward is again
    assert torch.equal(guided(), wanted)
    remove_hook_from_module(transformer)
    assert torch.equal(guided(), wanted)


@torch.no_grad()
def test_layers_that_come_and_go_feel_the_same(felt):
    transformer, attachment, conditions = felt
    passes = wan_passes(4, 2, 3, image=True, felt=True)

    def guided():
        with guiding(transformer, passes, conditions, attachment, one_by_one=True):
            return transformer(**call_of(transformer))[0]

    wanted = guided()
    by_layers(transformer, "cpu")
    assert transformer.proj_out.weight.device.type == "meta"
    assert torch.equal(guided(), wanted)
    remove_hook_from_module(transformer, recurse=True)
    assert torch.equal(guided(), wanted)


def test_an_error_leaves_the_transformer_as_it_was(felt):
    transformer, attachment, conditions = felt
    before = vars(transformer).get("forward")
    wrong = pytest.raises(ValueError, match="expected feelings of 2 latent frames, got 3")
    with wrong, guiding(transformer, wan_passes(felt=True), conditions, attachment):
        transformer(**call_of(transformer, frames=2))
    assert vars(transformer).get("forward") is before and attachment.felt is None

"""Wan2.1 with an emotion: exactly the base where nothing is felt, and exactly what was saved where something is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from diffusers import WanImageToVideoPipeline, WanPipeline
from PIL import Image
from wan_adapter_material import save_adapter
from wan_video_material import save_tiny_i2v, save_tiny_t2v

from conditioning import EmotionCurve, load_space
from generators.base import Cancelled
from generators.video import wan
from generators.video.adapter import EmotionAdapter, attach
from generators.video.options import VideoOptions, VideoPrompt
from generators.video.wan_conditions import first_frame
from generators.video.wan_open import Held

AWE = EmotionCurve.parse("awe")
COURSE = EmotionCurve.parse([(0.0, "calm"), (0.5, "terror")])
WORDS = "a lamp in the rain"
CLASSES = {"t2v": WanPipeline, "i2v": WanImageToVideoPipeline}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Tiny bases, adapters that changed nothing yet and trained ones, and a picture."""
    root = tmp_path_factory.mktemp("wan")
    save_tiny_t2v(root / "t2v")
    save_tiny_i2v(root / "i2v")
    for kind in CLASSES:
        save_adapter(root / f"{kind}-untrained", root / kind, trained=False)
        save_adapter(root / f"{kind}-trained", root / kind, trained=True)
    ramp = np.linspace(0, 255, 120 * 160 * 3).reshape(120, 160, 3).astype(np.uint8)
    Image.fromarray(ramp).save(root / "picture.png")
    return root


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """To collect garbage takes longer than these models."""
    monkeypatch.setattr("generators.video.wan_open.freed", lambda: None)


@pytest.fixture(scope="module")
def helds():
    return {kind: Held() for kind in CLASSES}


@pytest.fixture
def held(helds, request):
    """The model that the tests before left open."""
    return helds[request.getfixturevalue("kind") if "kind" in request.fixturenames else "t2v"]


def options(base, **changes):
    small = dict(
        num_frames=5,
        width=32,
        height=32,
        num_inference_steps=2,
        content_guidance_scale=1.0,
        emotion_guidance_scale=1.0,
    )
    return VideoOptions(base=str(base), **small | changes)


def made(folders, kind, emotion=AWE, held=None, **changes):
    """All frames of a film."""
    prompt = VideoPrompt(WORDS, image=str(folders / "picture.png") if kind == "i2v" else "")
    if changes.get("adapter"):
        changes["adapter"] = str(folders / f"{kind}-{changes['adapter']}")
    frames, rate, _ = wan.generate(prompt, emotion, options(folders / kind, **changes), held=held)
    assert rate == 16
    return np.concatenate(list(frames))


def by_diffusers(folders, kind, *, prepared=None, scale=1.0):
    """The same film by nothing but diffusers."""
    pipeline = CLASSES[kind].from_pretrained(folders / kind)
    pipeline.set_progress_bar_config(disable=True)
    if prepared:
        prepared(pipeline)
    call = {}
    if kind == "i2v":
        call["image"] = first_frame(str(folders / "picture.png"), 32, 32)
    return (
        pipeline(
            prompt=WORDS, negative_prompt="", num_frames=5, width=32, height=32, num_inference_steps=2,
            guidance_scale=scale, generator=torch.Generator().manual_seed(0), output_type="np", **call,
        ).frames[0] * 255
    ).round().astype(np.uint8)  # fmt: skip


@pytest.mark.parametrize("kind", CLASSES)
def test_without_an_adapter_the_film_is_that_of_diffusers(folders, kind, held):
    assert np.array_equal(made(folders, kind, held=held), by_diffusers(folders, kind))
    guided = made(folders, kind, held=held, content_guidance_scale=5.0).astype(int)
    assert np.abs(guided - by_diffusers(folders, kind, scale=5.0)).max() <= 1


@pytest.mark.parametrize("kind", CLASSES)
def test_an_untrained_adapter_is_the_base(folders, kind, held):
    plain = made(folders, kind, held=held)
    for emotion in (AWE, COURSE):
        assert np.array_equal(made(folders, kind, emotion, held, adapter="untrained"), plain)
    assert not np.array_equal(made(folders, kind, AWE, held, adapter="trained"), plain)


@pytest.mark.parametrize("kind", CLASSES)
def test_what_was_saved_is_what_plain_diffusers_loads(folders, kind):
    trained = folders / f"{kind}-trained"

    def prepared(pipeline):
        pipeline.load_lora_weights(trained, weight_name="pytorch_lora_weights.safetensors")
        adapter = EmotionAdapter.from_pretrained(trained / "adapter")
        points = load_space().embed_curve(AWE, [0.0])[None]
        with torch.no_grad():
            attach(pipeline.transformer, adapter).feel(adapter(points, torch.ones(1, dtype=torch.bool)))

    assert np.array_equal(
        made(folders, kind, adapter="trained"), by_diffusers(folders, kind, prepared=prepared)
    )


def test_a_kept_model_makes_the_same_film_again(folders):
    held, louder = Held(), dict(adapter="trained", emotion_guidance_scale=3.0)
    first = made(folders, "i2v", COURSE, held, **louder)
    made(folders, "i2v", AWE, held, adapter="trained", flow_shift=7.0)
    assert np.array_equal(first, made(folders, "i2v", COURSE, held, **louder))
    assert np.array_equal(first, made(folders, "i2v", COURSE, **louder))


def test_passes_one_by_one_give_nearly_the_batch(folders, held):
    scales = dict(content_guidance_scale=4.0, emotion_guidance_scale=2.0, negative_emotion="sadness")
    together = made(folders, "t2v", COURSE, held, adapter="trained", **scales)
    alone = made(folders, "t2v", COURSE, adapter="trained", low_vram=True, **scales)
    assert np.abs(together.astype(int) - alone).max() <= 2


def test_feeling_shift_seed_and_words_each_change_the_film(folders, held):
    def film(emotion=AWE, **changes):
        return made(folders, "t2v", emotion, held, adapter="trained", **changes)

    plain = film()
    others = [
        film(COURSE),
        film(EmotionCurve.parse("awe", 0.3)),
        film(seed=1),
        film(flow_shift=8.0),
        film(emotion_in_words=True),
        film(brightness=0.9),
        film(emotion_guidance_scale=3.0),
        film(emotion_guidance_scale=3.0, negative_emotion="sadness"),
    ]
    every = [plain, *others]
    assert all(not np.array_equal(a, b) for i, a in enumerate(every) for b in every[:i])


def test_every_step_is_told_and_may_cancel(folders, held):
    plain, steps = made(folders, "t2v", held=held), []
    prompt = VideoPrompt(WORDS)

    def stop(step, total):
        steps.append((step, total))
        if step == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        wan.generate(prompt, AWE, options(folders / "t2v", num_inference_steps=3), stop, held=held)
    assert steps == [(1, 3), (2, 3)]
    transformer = held.opened.pipeline.transformer
    assert "forward" not in vars(transformer)
    assert np.array_equal(made(folders, "t2v", held=held), plain)


def test_provenance_names_every_weight(folders, held):
    prompt = VideoPrompt(WORDS)
    chosen = options(folders / "t2v", adapter=str(folders / "t2v-trained"))
    by = wan.generate(prompt, AWE, chosen, held=held)[2]
    assert set(by["weights"]) == {
        "t2v", "adapter diffusion_pytorch_model.safetensors", "adapter pytorch_lora_weights.safetensors"
    }  # fmt: skip
    assert str(folders) not in str(by)
    assert by["licence"] == "CC-BY-NC-4.0" and by["non_commercial"]
    other = wan.generate(prompt, AWE, replace(chosen, adapter=str(folders / "t2v-untrained")), held=held)[2]
    assert by["weights"] != other["weights"]

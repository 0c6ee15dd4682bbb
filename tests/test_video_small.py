"""The small video model: its animations, what it learns from, its recipes, and films of a tiny one."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from animation_material import write_animations
from diffusers import AutoencoderKLWan
from PIL import Image

import checkpoints
from conditioning import EmotionCurve, load_space
from generators.base import Cancelled
from generators.video import small
from generators.video.animations import BACKGROUNDS, Drawer, View, read_animations
from generators.video.examples import Examples, caption, intensity_of, prepared
from generators.video.model import Latents, SmallVideo, doubts, read_words
from generators.video.options import VideoOptions, VideoPrompt, check_prompt
from generators.video.small import film, settled
from generators.video.train import loss_of
from generators.video.train import run as train_small
from generators.video.train_autoencoder import decoded, edges, new_model
from generators.video.train_autoencoder import run as train_autoencoder

pytest.importorskip("rlottie_python")
AUTOENCODER = {
    "base_dim": 4, "z_dim": 16, "dim_mult": [1, 1, 1], "num_res_blocks": 1, "temperal_downsample": [True, True],
    "patch_size": 4, "in_channels": 48, "out_channels": 48, "scale_factor_spatial": 16,
}  # fmt: skip
MODEL = {
    "transformer": {
        "patch_size": [1, 2, 2], "num_attention_heads": 2, "attention_head_dim": 12, "in_channels": 36,
        "out_channels": 16, "text_dim": 384, "freq_dim": 16, "ffn_dim": 24, "num_layers": 2, "rope_max_seq_len": 32,
    },
    "adapter": {"num_tokens": 2, "num_attributes": 4, "rank": 8},
}  # fmt: skip
STEPS = {"learning_rate": 1e-3, "warmup_steps": 1, "num_threads": 1}
CONFIG = {
    "name": "video-tiny", "licence": "CC-BY-4.0", "non_commercial": False, "data": "made up",
    "animations": "video/noto_emotion_lottie", "autoencoder": "video-autoencoder-tiny",
    "stills": {"views": 3, "num_frames": 1, "batch_size": 4}, "films": {"views": 2, "num_frames": 9, "batch_size": 2},
    "frame_rate": 15.0, "strengths": {"usual": 0.9, "blue-disc": 0.5}, "states": {}, "blur": 0.02, "said": 0.5,
    "drop": {"content": 0.1, "identity": 0.5, "emotion": 0.1}, "compile": False, "model": MODEL,
    "train": {"max_steps": 2, **STEPS},
}  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_animations(tmp_path_factory.mktemp("animations"))


@pytest.fixture(scope="module")
def animations(data):
    return read_animations(data / CONFIG["animations"])


@pytest.fixture(scope="module")
def tiny():
    """A model of the real classes whose doors are open, and its autoencoder."""
    torch.manual_seed(0)
    model = SmallVideo(**MODEL).eval()
    torch.nn.init.normal_(model.feeling.to_modulation.weight, std=0.5)
    torch.nn.init.normal_(model.feeling.gates, std=0.5)
    autoencoder = AutoencoderKLWan(**AUTOENCODER, latents_mean=[0.0] * 16, latents_std=[1.0] * 16).eval()
    entry = dict(fingerprint="0", licence="CC-BY-4.0", non_commercial=False, extra={})
    model.checkpoint = SimpleNamespace(name="video-small", **entry)
    autoencoder.checkpoint = SimpleNamespace(name="video-autoencoder", **entry)
    models = {"video-small": model, "video-autoencoder": autoencoder}
    return SimpleNamespace(get=models.__getitem__, device="cpu")


def made(tiny, emotion="sad", prompt="a face", image="", on_step=None, **options):
    asked = replace(
        VideoOptions(), checkpoint="video-small", **{"num_frames": 9, "num_inference_steps": 2, **options}
    )
    video = film(tiny, VideoPrompt(prompt=prompt, image=image), EmotionCurve.parse(emotion), asked, on_step)
    return video, np.concatenate(list(video.frames()))


def test_an_animation_is_drawn_at_any_moment_on_any_colour(animations):
    drawer = Drawer(64)
    still, moving = animations
    red = View(background=(200, 10, 10), scale=0.5)
    frames = drawer.draw(moving, [0.0, 0.5, 2.0], red)
    assert frames.shape == (3, 64, 64, 3) and frames.dtype == np.uint8
    assert tuple(frames[0, 0, 0]) == (200, 10, 10)
    assert np.abs(frames[0, 32, 32].astype(int) - (255, 204, 26)).max() < 4
    assert (frames[0] == frames[2]).all() and (frames[0] != frames[1]).any()  # goes round in 2 s
    assert (drawer.draw(still, [0.0], red) == drawer.draw(still, [0.9], red)).all()
    mirrored = drawer.draw(moving, [0.5], View(mirrored=True))
    assert (mirrored == drawer.draw(moving, [0.5])[:, :, ::-1]).all()


def test_a_table_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"metadata\.csv"):
        read_animations(tmp_path)


def test_captions_say_what_is_seen_and_not_how_it_feels(animations):
    random = np.random.default_rng(0)
    said = {caption(animations[0], "blue", random) for _ in range(200)}
    assert {"a face", "a face on a blue background"} <= said
    assert not [text for text in said if "sad" in text]
    assert intensity_of(animations[0], 1.0, CONFIG["strengths"]) == 0.5
    assert intensity_of(animations[1], 1.4, CONFIG["strengths"]) > intensity_of(
        animations[1], 0.7, CONFIG["strengths"]
    )


def test_examples_are_encoded_once_and_a_function_of_the_step(animations, tiny, tmp_path):
    config = {**CONFIG, "cache": str(tmp_path / "cache")}
    latents = Latents(tiny.get("video-autoencoder"))
    values, rows = prepared(animations, config, "films", latents, "one")
    again, _ = prepared(animations, config, "films", None, "one")  # no autoencoder: out of the cache
    with pytest.raises(AttributeError):  # another autoencoder's latents are not these
        prepared(animations, config, "films", None, "another")
    assert prepared(animations, config, "stills", latents, "one")[0].shape == (6, 16, 1, 8, 8)
    assert values.shape == (4, 16, 3, 8, 8) and (values == again).all()
    assert {row["background"] for row in rows} <= set(BACKGROUNDS)
    source = Examples(animations, values, rows, load_space(), config, 2)
    one, two, other = source.batch_at(3, 0), source.batch_at(3, 0), source.batch_at(4, 0)
    assert all(torch.equal(one[name].nan_to_num(), two[name].nan_to_num()) for name in one)
    assert not torch.equal(one["emotion"], other["emotion"])
    assert torch.equal(one["picture"], one["clean"][:, :, :1])
    loss = loss_of(SmallVideo(**MODEL), one, CONFIG["drop"])["loss"]
    assert loss.isfinite() and loss > 0


def test_a_new_autoencoder_lets_pictures_through(animations):
    """The usual start loses them on the way; see `new_model`."""
    torch.manual_seed(0)
    one, other = (torch.full((1, 3, 1, 64, 64), value) for value in (-0.8, 0.8))

    def apart(model):
        with torch.no_grad():
            latents = [model.encode(picture).latent_dist.mode() for picture in (one, other)]
            return float((decoded(model, latents[0]) - decoded(model, latents[1])).abs().mean())

    config = {**AUTOENCODER, "base_dim": 16}
    ours = new_model({"model": config})
    assert apart(ours) > 5 * apart(AutoencoderKLWan(**config))
    with torch.no_grad():
        assert float(ours.encode(one).latent_dist.std.mean()) < 0.2
    assert edges(torch.zeros(1, 3, 2, 16, 16)) == 0 < edges(torch.randn(1, 3, 2, 16, 16))


def test_both_recipes_run_through_and_ship(data, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "ROOT", tmp_path / "shipped")
    stages = [
        {"from_step": 0, "turns": [[2, 1]]},
        {"from_step": 1, "turns": [[1, 5], [2, 1]]},
    ]
    weights = {
        "absolute": 0.5,
        "edges": 0.5,
        "movement": 0.5,
        "divergence": 1e-4,
        "sharp_from": 0,
        "sharp_within": 2,
    }
    config = {
        **CONFIG, "name": "video-autoencoder-tiny", "model": AUTOENCODER, "stages": stages, "loss": weights,
        "crop": 32, "decoder": {"noise": 0.3, "train": {"max_steps": 1, **STEPS}},
    }  # fmt: skip
    train_autoencoder(config, data, tmp_path / "autoencoder")
    shipped = checkpoints.load("video-autoencoder-tiny")
    assert max(shipped.config.latents_std) > 0 and shipped.config.latents_mean != [0.0] * 16
    train_small({**CONFIG, "cache": str(tmp_path / "small")}, data, tmp_path / "small")
    assert checkpoints.describe("video-tiny").licence == "CC-BY-4.0"
    assert checkpoints.load("video-tiny").config.transformer["num_layers"] == 2
    assert checkpoints.load("video-tiny").config.first_spread != 1.0  # measured


def test_words_and_a_feeling_become_a_film(tiny):
    steps = []
    video, frames = made(tiny, on_step=lambda *step: steps.append(step))
    assert frames.shape == (9, 128, 128, 3) and video.frame_rate == 15 and not video.has_sound
    assert steps == [(1, 2), (2, 2)]
    assert set(video.provenance["weights"]) == {"video-small", "video-autoencoder"}
    assert (
        video.provenance["options"]["content_guidance_scale"] == 2.0
    )  # what ran, also where nothing was said
    assert (made(tiny)[1] == frames).all()
    assert (made(tiny, seed=1)[1] != frames).any()
    assert (made(tiny, "happy")[1] != frames).any()
    assert (made(tiny, prompt="a cat")[1] != frames).any()
    assert (made(tiny, brightness=0.9)[1] != frames).any()


def test_a_film_is_made_in_half_precision_too(tiny, tmp_path):
    """As on a GPU, where weights are bfloat16."""
    image = str(tmp_path / "picture.png")
    Image.fromarray(np.full((128, 128, 3), 90, np.uint8)).save(image)
    whole = made(tiny, image=image)[1].astype(int)
    models = [tiny.get(name) for name in ("video-small", "video-autoencoder")]
    try:
        for model in models:
            checkpoints.place(model, "cpu", torch.bfloat16)
        half = made(tiny, image=image)[1].astype(int)
    finally:
        for model in models:
            checkpoints.place(model, "cpu")
    assert 0 < np.abs(half - whole).mean() < 12


@pytest.mark.parametrize("identity", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("image", [False, True])
def test_an_unwanted_feeling_is_what_guidance_goes_away_from(tiny, monkeypatch, identity, image):
    """Whatever the other scales are: more of what is wanted, less of what is not, by the emotion scale less 1."""
    asked = settled(
        VideoOptions(
            negative_emotion="joy",
            identity_guidance_scale=identity,
            emotion_guidance_scale=4.0,
            num_inference_steps=1,
            num_frames=1,
        )
    )
    felt = torch.tensor([[[1.0] + 63 * [0.0]]])
    monkeypatch.setattr(small, "points_of", lambda *_: torch.tensor([[[0.0, 1.0] + 62 * [0.0]]]))
    batch = {
        "text": torch.zeros(1, 24, 384),
        "picture": torch.zeros(1, 16, 1, 8, 8),
        "emotion": felt,
        "attributes": torch.zeros(1, 4),
    }
    heard = []

    def network(x, t, text, picture, emotion, attributes, present):
        heard.append(present)
        feeling = emotion[:, 0, :2] * present["emotion"][:, None]
        return (feeling @ torch.tensor([1.0, 100.0]))[:, None, None, None, None].expand(x.shape), None

    given = {"content": True, "identity": image}
    made = small.sampled(network, batch, given, asked, None)
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(made.shape, generator=generator)
    assert torch.allclose(made - noise, torch.full_like(made, 4.0 - 300.0), atol=1e-3)
    assert bool(heard[0]["identity"].any()) == image


def test_a_scale_of_1_costs_no_pass(tiny):
    batch = {"picture": torch.zeros(1, 16, 1, 8, 8), "emotion": torch.zeros(1, 1, 64)}

    def passes(image=False, words=True, **scales):
        asked, given = settled(VideoOptions(**scales)), {"content": words, "identity": image}
        return small.heard_in(small.passes_of(asked, given), batch, given, asked)["present"][
            "content"
        ].tolist()

    assert passes() == passes(image=True) == [False, True, True]
    assert passes(content_guidance_scale=4.0) == [False, True]  # as strict with both: nothing between them
    assert passes(words=False) == [False, False]
    assert passes(content_guidance_scale=1.0, emotion_guidance_scale=1.0) == [True]


def test_guidance_a_course_and_a_feeling_to_go_away_from_are_heard(tiny, tmp_path):
    _, frames = made(tiny, emotion_guidance_scale=3.0)
    assert (made(tiny, emotion_guidance_scale=3.0, negative_emotion="joy")[1] != frames).any()
    course = [(0.0, "sad"), (0.5, "happy")]
    assert (made(tiny, course)[1] != made(tiny, "sad")[1]).any()
    # Where there are no words, guiding them does nothing.
    image = str(tmp_path / "picture.png")
    noise = np.random.default_rng(0).integers(0, 255, (150, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(image)
    plain = made(tiny, prompt="", image=image)[1]
    assert (
        made(tiny, prompt="", image=image, content_guidance_scale=3.0, identity_guidance_scale=3.0)[1]
        != plain
    ).any()
    alone = made(tiny, prompt="", image=image, identity_guidance_scale=2.0)[1]
    assert (alone != plain).any()


def test_what_the_model_cannot_read_or_has_not_seen_is_said():
    with pytest.raises(ValueError, match="English prompt for the small model"):
        check_prompt(VideoPrompt(prompt="猫の顔"), VideoOptions())
    known = ["a cat", "a face"]
    assert not doubts("a kitten", known) and not doubts("", known) and not doubts("a car", [])
    assert doubts("a car in the rain", known)[0].endswith(("a cat", "a face"))


def test_a_film_can_be_stopped(tiny):
    def stop(step, total):
        raise Cancelled

    with pytest.raises(Cancelled):
        made(tiny, on_step=stop)


def test_prompts_are_cut_and_padded_to_a_fixed_length():
    rows = read_words(["a face", "word " * 100])
    assert rows.shape == (2, 24, 384)
    assert rows[0, 4:].abs().max() == 0 < rows[1, 23].abs().max()

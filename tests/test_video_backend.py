"""The video backend: what it refuses, whom it asks, and what the small model is given."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch
from film_material import film
from PIL import Image
from video_material import MATERIAL, NAME, QUICK, picture, small_backend
from wan_video_material import save_tiny_t2v

from conditioning import EmotionCurve, load_space
from generators.base import build
from generators.media import Video
from generators.video.backend import VideoBackend
from generators.video.options import SMALL_SIDE, VideoOptions, VideoPrompt, check_prompt


@pytest.fixture(scope="module")
def backend():
    return small_backend()


@pytest.fixture(scope="module")
def film_file(tmp_path_factory):
    return shutil.copyfile(film(8).file, tmp_path_factory.mktemp("film") / "film.mp4")


ONES = dict(content_guidance_scale=1.0, identity_guidance_scale=1.0, emotion_guidance_scale=1.0)


def make(backend, emotion="joy", prompt=None, **options):
    return backend.generate(
        build(VideoPrompt, prompt or MATERIAL.prompt),
        EmotionCurve.parse(emotion),
        build(VideoOptions, {**QUICK, **options}),
    )


def heard(backend, **asked):
    """Gives the keyword arguments of the network's first call, without guidance unless it is asked for."""
    calls = []
    hook = backend.weights.models[NAME].register_forward_pre_hook(
        lambda _, args, kwargs: calls.append(kwargs), with_kwargs=True
    )
    try:
        make(backend, **{"num_inference_steps": 1, **ONES, **asked})
    finally:
        hook.remove()
    return calls[0]


@pytest.mark.parametrize(
    ("prompt", "options", "told"),
    [
        ({}, {}, "expected a prompt or an image for what is to be seen, got none"),
        ({"prompt": " \n"}, {}, "expected a prompt or an image"),
        ({"prompt": "x", "video": "FILM"}, {}, "expected no video for a new film .*, got one"),
        ({"prompt": "x"}, {"grade_hue": 2.0}, "expected no grade_hue for a new film, .*, got 2.0"),
        ({"video": "FILM"}, {"task": "grade", "width": 64}, "expected no width for grading, .*, got 64"),
        (
            {"prompt": "x"},
            {"negative_emotion": "joy", "emotion_guidance_scale": 1.0},
            "expected an emotion_guidance_scale that is not 1 with negative_emotion, got 1",
        ),
        ({"prompt": "x", "image": "nowhere.png"}, {}, "expected a picture, got no file at 'nowhere.png'"),
        ({"prompt": "x"}, {"num_frames": 18}, r"expected 4 n \+ 1 frames \(such as 17 or 21\), got 18"),
        ({"prompt": "x"}, {"num_frames": 37}, "expected at most 33 frames of the small model, got 37"),
        ({"prompt": "x"}, {"width": 100}, "expected a width that 16 divides, got 100"),
        ({"prompt": "x"}, {"height": 256}, "expected a height of 128 of the small model, got 256"),
        ({"prompt": "x"}, {"adapter": "somewhere"}, "expected a base for the adapter, got an adapter alone"),
        ({"prompt": "x"}, {"low_vram": True}, "expected a base for low_vram"),
        ({"prompt": "x"}, {"negative_prompt": "blur"}, "expected a base for negative_prompt"),
        ({}, {"task": "grade"}, "expected a video to grade, got none"),
        ({"video": "FILM", "prompt": "x"}, {"task": "grade"}, "expected only a video to grade"),
        ({"video": "FILM"}, {"task": "grade", "base": "x"}, "expected no base or adapter for grading"),
    ],
)
def test_what_contradicts_itself_is_refused(prompt, options, told, film_file):
    prompt = {name: str(film_file) if value == "FILM" else value for name, value in prompt.items()}
    with pytest.raises((ValueError, FileNotFoundError), match=f"^{told}"):
        check_prompt(build(VideoPrompt, prompt), build(VideoOptions, options))


def test_what_is_no_picture_is_refused(backend, tmp_path):
    (tmp_path / "a.png").write_bytes(b"\x89PNG and nothing more")
    with pytest.raises(ValueError, match=r"^expected .*'a\.png'.*$"):
        make(backend, prompt={"image": str(tmp_path / "a.png")})


def test_grading_needs_no_weights(film_file):
    backend = VideoBackend()
    made = make(
        backend, prompt={"video": str(film_file)}, task="grade", num_frames=None, num_inference_steps=None
    )
    assert (made.width, made.height, made.num_frames) == (64, 48, 8)
    assert backend.weights.models == {} and NAME not in made.provenance["weights"]


def test_a_base_of_ones_own_makes_it(tmp_path):
    made = make(
        VideoBackend(),
        prompt={"prompt": "a cat"},
        base=str(save_tiny_t2v(tmp_path / "tiny")),
        width=64,
        height=64,
    )
    assert (made.width, made.height, made.num_frames, made.frame_rate) == (64, 64, 5, 16.0)
    assert list(made.provenance["weights"]) == ["tiny"] and made.provenance["options"]["width"] == 64
    assert made.emotion_track and not made.has_sound


def test_a_base_that_is_not_there_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"^expected .*nowhere.*$"):
        make(VideoBackend(), prompt={"prompt": "x"}, base=str(tmp_path / "nowhere"))


def test_a_small_film(backend):
    made = make(backend, prompt={"prompt": "笑う猫 😹 <b>"}, num_frames=9, frame_rate=10.0)
    assert type(made) is Video and (made.width, made.height) == (SMALL_SIDE, SMALL_SIDE)
    assert (made.num_frames, made.frame_rate, made.has_sound) == (9, 10.0, False)
    assert made.emotion_track[0][0] == 0.0 and len(made.emotion_track) == 2
    frames = np.concatenate(list(made.frames()))
    assert frames.shape == (9, SMALL_SIDE, SMALL_SIDE, 3)
    assert make(backend, prompt={"prompt": "x"}, num_frames=1).num_frames == 1


def test_a_feeling_over_time_reaches_every_latent_frame(backend):
    curve = [(0.0, "calm"), (1.0, "rage")]
    rows = heard(backend, emotion=curve, num_frames=17, frame_rate=16.0)["emotion"]
    # Frame 0 alone, then four at a time.
    wanted = load_space().embed_curve(
        EmotionCurve.parse(curve), [0.0, 2.5 / 16, 6.5 / 16, 10.5 / 16, 14.5 / 16]
    )
    assert rows.shape == (1, 5, 64)
    distances = torch.cdist(rows[0], wanted)
    assert distances.argmin(1).tolist() == [0, 1, 2, 3, 4]
    assert heard(backend, emotion="calm")["emotion"].shape == (1, 1, 64)


def test_looks_that_are_asked_for_reach_the_network(backend):
    assert heard(backend)["attributes"].isnan().all()
    asked = heard(backend, brightness=0.25, hue=90.0)["attributes"][0]
    assert asked[0] == 0.25 and asked[1].isnan() and abs(float(asked[2])) < 1e-6 and asked[3] > 0


def test_a_picture_begins_it_whatever_its_shape(backend):
    square = heard(backend)["picture"]
    assert square.any() and not heard(backend, prompt={"prompt": "x"})["picture"].any()
    assert not torch.equal(heard(backend, prompt={"image": picture("low.png", (400, 96))})["picture"], square)
    inputs = heard(backend, prompt={"image": picture()})
    assert bool(inputs["present"]["identity"].all()) and not bool(inputs["present"]["content"].any())


def test_a_picture_keeps_its_middle(backend, tmp_path):
    wide = Image.new("RGB", (400, 100), "black")
    wide.paste("white", (140, 0, 260, 100))  # a little more: scaling looks beyond the cut
    wide.save(tmp_path / "wide.png")
    Image.new("RGB", (100, 100), "white").save(tmp_path / "white.png")
    one, other = (
        heard(backend, prompt={"image": str(tmp_path / f"{name}.png")})["picture"]
        for name in ("wide", "white")
    )
    assert torch.allclose(one, other, atol=1e-4)


def test_a_feeling_can_be_gone_away_from(backend):
    plain = MATERIAL.dump(make(backend, emotion_guidance_scale=3.0))
    away = MATERIAL.dump(make(backend, emotion_guidance_scale=3.0, negative_emotion="anger"))
    assert plain != away

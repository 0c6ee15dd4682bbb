"""What a Wan base is told: sizes, words, feelings over latent frames."""

from __future__ import annotations

import pytest
import torch
from PIL import Image

from conditioning import EmotionCurve, load_space
from generators.video import wan
from generators.video.options import VideoOptions, VideoPrompt
from generators.video.wan_conditions import conditions_of, latent_times, spoken
from generators.video.wan_open import Held

COURSE = EmotionCurve.parse([(0.0, "calm"), (0.2, "60% terror, 40% sadness")])


def test_what_is_not_said_is_what_wan_was_trained_for(tmp_path):
    film = wan.settled(VideoOptions(base="x", seed=3))
    assert (film.width, film.height, film.num_frames, film.frame_rate) == (832, 480, 81, 16)
    assert (film.num_inference_steps, film.seed, film.hue) == (50, 3, None)
    said = VideoOptions(base="x", width=64, num_frames=5, frame_rate=8.0, num_inference_steps=2)
    film = wan.settled(said, "not looked at")
    assert (film.width, film.height, film.num_frames, film.num_inference_steps) == (64, 480, 5, 2)


@pytest.mark.parametrize(("size", "wanted"), [((640, 480), (736, 544)), ((300, 900), (368, 1088))])
def test_a_film_takes_the_proportions_of_its_first_picture(tmp_path, size, wanted):
    Image.new("RGB", size, "teal").save(tmp_path / "picture.png")
    film = wan.settled(VideoOptions(base="x"), str(tmp_path / "picture.png"))
    assert (film.width, film.height) == wanted


def test_feelings_are_read_at_the_middle_of_latent_frames():
    assert latent_times(9, 16.0) == [0.0, 2.5 / 16, 6.5 / 16]
    film = wan.settled(VideoOptions(base="x", num_frames=9, negative_emotion="joy", hue=120.0))
    told = conditions_of(torch.zeros(1, 512, 8), COURSE, film)
    assert torch.equal(told.wanted[0], load_space().embed_curve(COURSE, latent_times(9, 16.0)))
    assert torch.equal(told.unwanted[0], load_space().embed_curve(EmotionCurve.parse("joy"), [0.0]))
    assert told.attributes[0, :2].isnan().all() and told.attributes[0, 3] > 0.1
    plain = conditions_of(
        torch.zeros(1, 512, 8), EmotionCurve.parse("awe"), wan.settled(VideoOptions(base="x"))
    )
    assert plain.wanted.shape == (1, 1, 64) and plain.unwanted is None and plain.attributes is None


def test_feelings_in_words():
    prompt, in_words = VideoPrompt("a lamp. "), VideoOptions(base="x", emotion_in_words=True)
    assert spoken(prompt, COURSE, VideoOptions(base="x")) == "a lamp. "
    once = spoken(prompt, EmotionCurve.parse("sad", 0.3), in_words)
    assert once == "a lamp. The video is in the 'sadness' emotion."
    assert (
        spoken(VideoPrompt(image="a.png"), EmotionCurve.parse("awe"), in_words)
        == "The video is in the 'awe' emotion."
    )
    assert spoken(prompt, COURSE, in_words).endswith(
        "in the 'calm' emotion and then in the 'terror' emotion."
    )
    assert "'bittersweet longing'" in spoken(prompt, EmotionCurve.parse("bittersweet longing"), in_words)
    assert "'admiration'" in spoken(prompt, EmotionCurve.parse({"valence": 0.8, "arousal": 0.5}), in_words)


def test_what_is_held_goes_when_the_device_does(monkeypatch):
    monkeypatch.setattr("generators.video.wan_open.freed", lambda: None)
    held = Held()
    held.key, held.opened = ("folder", "hash", "cuda", False), object()
    held.to("cuda")
    assert held.opened is not None
    held.to("cpu")
    assert held.opened is None and held.key == ()

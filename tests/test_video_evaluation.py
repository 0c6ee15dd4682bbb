"""The evaluator of videos on made-up clips, the trials on stand-ins, the metrics, and the report."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import video_evaluation_material as material
from PIL import Image

from studio.evaluation import (
    evaluate,
    video_evaluator,
    video_grading,
    video_metrics,
    video_report,
    video_text,
    video_trials,
)
from studio.evaluation import train_video_evaluator as recipe
from studio.evaluation.video_character import (
    NUM_FEATURES,
    character,
    described,
    distances,
    ground_of,
    stills_of,
    thumbnails,
)
from studio.evaluation.video_clips import Clips, RealClips, request
from studio.evaluation.video_ear import VideoEar
from studio.evaluation.video_report import Plan, evaluate_video


@pytest.fixture(scope="module")
def judge():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recipe, "Drawer", material.StandInDrawer)
        drawn = recipe.draw_views(material.animations(), material.CONFIG)
        model, figures = recipe.fit(material.animations(), drawn, material.CONFIG)
    model.checkpoint = SimpleNamespace(figures=figures, sha256="0")
    return model.eval()


@pytest.fixture
def shipped(judge, monkeypatch):
    """The evaluator and the real clips are the stand-ins."""
    monkeypatch.setattr(video_evaluator, "load_video_evaluator", lambda: judge)
    real = RealClips(material.animations(), material.StandInDrawer())
    monkeypatch.setattr(RealClips, "of", classmethod(lambda cls, data_dir: real))
    return judge


def test_the_character_is_cut_out_wherever_it_stands():
    near = np.stack([material.picture("happy", ground=(255, 255, 255), side=128)] * 2)
    far = np.full((2, 128, 128, 3), (128, 176, 226), np.uint8)
    far[:, 20:84, 50:114] = material.picture("happy", ground=(128, 176, 226), side=64)
    assert ground_of(far).tolist() == [128, 176, 226]
    one, other = character(near), character(far)
    assert one.shape == (2, 4, 48, 48) and float(one.min()) >= 0 and float(one.max()) <= 1
    assert float((one - other).abs().mean()) < 0.03
    assert described(one).shape == (NUM_FEATURES,) and thumbnails(one).shape == (2, 432)


def test_frames_without_a_character_are_seen_whole():
    assert torch.isfinite(described(character(np.full((1, 40, 60, 3), 9, np.uint8)))).all()


def test_a_clip_is_at_no_distance_from_itself():
    small = thumbnails(character(np.stack([material.picture("sad", phase=at / 4) for at in range(4)])))
    other = thumbnails(character(np.stack([material.picture("approval")] * 4)))
    far = distances(small, torch.stack([small, other]))
    assert float(far[0]) < 1e-3 < 0.05 < float(far[1])


def test_stills_are_even_over_a_clip():
    frames = np.arange(9).reshape(9, 1, 1, 1)
    assert stills_of(frames, 3).ravel().tolist() == [0, 4, 8]
    assert len(stills_of(frames[:4])) == 4


def test_labels_are_those_with_enough_clips():
    animations = [*material.animations(4), *material.animations(1)[:1]]
    assert recipe.labels_of(animations, 5, ()) == ("happy",)
    assert recipe.labels_of(animations, 5, ("sad",)) == ("happy", "sad")
    folds = recipe.folds_of(animations, ("happy", "sad"), 3, seed=0)
    assert folds.count(-1) == 8 and {folds.count(at) for at in range(3)} == {3}


def test_clips_are_named_by_what_never_saw_them(judge):
    figures = judge.checkpoint.figures
    assert figures["held out"]["balanced"] > 0.9 and figures["real clips"] == 24
    assert set(judge.labels) == set(material.EMOTIONS) and judge.config["temperature"] > 0
    assert 0 < judge.config["copy_distance"] <= figures["distance"]["to the nearest other clip"]
    frames = np.stack([material.picture("sad", phase=at / 6, ground=(90, 160, 90)) for at in range(6)])
    found = judge.judge(frames)
    assert judge.labels[int(found.chances.argmax())] == "sad" and found.chances.sum() == pytest.approx(
        1, abs=1e-5
    )
    assert judge.tag(found.nearest).startswith("sad")


def test_a_copy_is_judged_by_the_judge_that_never_saw_its_clip(judge):
    crops = character(np.stack([material.picture("happy", phase=at / 4, odd=1 / 3) for at in range(4)]))
    nearest = judge.judge_crops(crops)
    fold = judge.config["fold_of"][nearest.nearest]
    assert nearest.distance < 0.01 and nearest.chances.max() > 0.5
    weight = judge.weight.clone()
    try:
        judge.weight[fold] = 0
        assert np.allclose(judge.judge_crops(crops).chances, 1 / 4)
    finally:
        judge.weight.copy_(weight)


def test_saved_and_loaded_it_judges_the_same(judge, tmp_path):
    judge.save_pretrained(tmp_path)
    again = type(judge).from_pretrained(tmp_path)
    frames = np.stack([material.picture("happy")] * 3)
    assert np.array_equal(again.judge(frames).chances, judge.judge(frames).chances)


def test_flicker_is_what_comes_and_goes():
    still = np.full((6, 8, 8, 3), 100, np.uint8)
    even = np.stack([np.full((8, 8, 3), 100 + 5 * at, np.uint8) for at in range(6)])
    jumping = still.copy()
    jumping[::2] += 10
    assert video_metrics.flicker(still) == video_metrics.flicker(still[:2]) == 0
    assert video_metrics.flicker(even) < 1e-3 and video_metrics.flicker(jumping) == pytest.approx(
        20, abs=1e-3
    )
    assert video_metrics.motion(even, 10.0) == pytest.approx(50, abs=1e-2)
    assert video_metrics.restlessness(jumping) == pytest.approx(2, abs=1e-3)
    assert video_metrics.over([jumping], [jumping], video_metrics.flicker) == 1


def test_small_measures():
    one = np.zeros((4, 4, 3), np.uint8)
    assert video_metrics.psnr(one, one) == 99 and video_metrics.psnr(one, one + 255) == pytest.approx(0)
    assert video_metrics.pearson_r([1, 2, 3], [2, 4, 6]) == 1 and video_metrics.pearson_r([1, 1], [2, 4]) == 0
    assert video_metrics.hue_agreement([350, 10], [10, 350]) > 0.9
    assert video_metrics.hue_agreement([0, 90], [180, 270]) == -1
    assert video_metrics.monotone([0, 1, 2], [0.5, 0.4, 0.1]) == 1
    assert video_metrics.monotone([0, 1, 2], [0.5, 0.5, 0.5]) == 0


def test_at_nothing_all_emotions_ask_for_the_same():
    assert request(1, "sad", 0.0, 5) == request(1, "happy", 0.0, 5)
    assert (
        request(1, "sad", 1.0, 5)["emotion"] == "sad"
        and request(1, "approval", 1.0, 5)["prompt"] == "a hand gesture"
    )


def test_clips_are_made_once(tmp_path):
    calls = []

    def counted(*args, **asked):
        calls.append(asked)
        return material.generate(*args, **asked)

    clips = Clips(counted, folder=tmp_path)
    first = clips.make(**request(0, "sad", 1.0, 0))
    again = clips.make(**request(0, "sad", 1.0, 0))
    assert len(calls) == 1 and np.array_equal(first.frames, again.frames) and again.frame_rate == 15
    next(tmp_path.glob("*.mp4")).write_bytes(b"broken")
    clips.make(**request(0, "sad", 1.0, 0))
    assert len(calls) == 2


def test_everything_is_measured_and_written(shipped, tmp_path, monkeypatch):
    for module in (video_grading, video_report, video_text):
        monkeypatch.setattr(module, "GRADED", ("joy", "fear"))
    monkeypatch.setattr(video_grading, "SIZE", 32)
    monkeypatch.delitem(video_trials.CONTROLS, "colourfulness")
    monkeypatch.setitem(video_trials.CONTROLS, "brightness", (0.4, 0.85))
    monkeypatch.setitem(video_trials.CONTROLS, "hue", (0.0, 180.0))
    portraits = tmp_path / "data" / "face" / "portraits"
    portraits.mkdir(parents=True)
    coarse = np.random.default_rng(0).integers(0, 200, (6, 5, 3))
    photo = np.kron(coarse, np.ones((60, 60, 1))).astype(np.uint8)
    Image.fromarray(photo).save(portraits / "a.jpg")
    steps = []
    found = evaluate_video(
        data_dir=tmp_path / "data", out_dir=tmp_path / "out", clips=1, generate=material.generate,
        on_step=lambda step, total: steps.append((step, total)),
    )  # fmt: skip
    assert found["emotions"]["named"]["balanced"] > 0.9 and found["emotions"]["happy"]["rho"] > 0.6
    assert found["emotions"]["copies"]["different clips met"] > 3
    assert 0.2 < found["flicker"]["over real"] < 5
    assert found["images"]["named"]["clips"] == 2 and found["images"]["psnr"] > 5
    assert found["looks"]["brightness"]["agreement"] > 0.9 and found["looks"]["hue"]["agreement"] < 0.5
    assert found["grading"]["identity"] == 1 and found["grading"]["joy"]["brightness"]["rho"] == 1
    plan = Plan.of(1)
    assert steps[-1] == (plan.total(video_report.SECTIONS, shipped.labels),) * 2
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    for word in ("never saw it", "Copies:", "Image-to-video", "Grading", "clips.png", "| brightness |"):
        assert word in text, word
    for name in ("dial.png", "named.png", "clips.png", "images.png", "grading.png"):
        assert (tmp_path / "out" / name).stat().st_size > 1000, name
    assert json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))["targets"]
    assert "faces alone: named" in video_report.extra_figures(found)


@pytest.mark.parametrize(
    ("given", "said"),
    [({"sections": ("songs",)}, "expected sections out of"), ({"clips": 0}, "at least 1 clip")],
)
def test_what_cannot_be_measured_is_refused(shipped, given, said, tmp_path):
    with pytest.raises(ValueError, match=said):
        evaluate("video", data_dir=tmp_path, **given)


def test_without_data_it_says_which(monkeypatch, judge, tmp_path):
    monkeypatch.setattr(video_evaluator, "load_video_evaluator", lambda: judge)
    with pytest.raises(FileNotFoundError, match="expected a table"):
        evaluate("video", data_dir=tmp_path)


def test_the_ear_hears_more_of_what_is_shown_more(shipped):
    ear = VideoEar()
    assert "neutral" not in ear.emotions and ear.request(0)["prompt"] == "a face"
    heard = [
        ear.hear(material.generate("video", emotion="happy", intensity=level, seed=1, **ear.request(0)).media)
        for level in (0.0, 1.0)
    ]
    ear.ready(heard[:1])
    low, high = ear.strength(heard, "happy")
    assert high > low

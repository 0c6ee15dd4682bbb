"""The trials of portraits on stand-ins, the report of made-up results, the recipe, what calibration asks."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from portrait_evaluation_material import film, lines, made_captures, move, points, results, talking

from conditioning.face.arkit import INDEX
from conditioning.face.motion import at_rest
from generators.media import Mark
from studio.evaluation import portrait_moves, portrait_speed
from studio.evaluation.portrait_baselines import Baseline, Heard
from studio.evaluation.portrait_ear import PortraitEar
from studio.evaluation.portrait_evaluator import NUM_COEFFICIENTS, load_portrait_evaluator
from studio.evaluation.portrait_films import eye_opening, softmax
from studio.evaluation.portrait_moves import Films, Line, Moves, closed_in, film_of, say_lines
from studio.evaluation.portrait_report import evaluate_portrait, extra_figures, report_text, targets_of
from studio.evaluation.portrait_trials import (
    MOVING,
    Spoken,
    mouth_figures,
    run_emotions,
    run_lips,
    run_separation,
)
from studio.evaluation.train_portrait_evaluator import (
    accuracy,
    describe_coefficients,
    draw_features,
    fit,
    fit_temperature,
)


def moves():
    return Moves(move)


def test_the_dial_of_a_good_face_rises_and_is_named():
    found = run_emotions(moves(), load_portrait_evaluator(), lines(), seed=0)
    assert found["accuracy"] == 1.0 and np.sum(found["confusion"]) == 16
    for emotion in MOVING:
        row = found[emotion]
        assert row["named"][-1] == 1.0 and row["named"][0] == 0.0 and row["rho"] > 0.98 and row["range"] > 0.4
        assert len(row["levels"]) == len(row["score"]) == 11
    assert found["neutral"] == {"named": 1.0, "absolute": 1.0}


def spoken_take():
    heard = Heard(np.linspace(0, 1, 90), np.zeros((90, 60)))
    return {"one": Spoken(Path("take.flac"), talking(), heard)}


def twitching():
    return np.random.default_rng(0).uniform(0, 0.1, (60, 52))


def test_what_is_kept_apart_is_found_apart():
    found = run_separation(moves(), lines(), spoken_take(), twitching(), seed=0)
    assert all(row["pose"] == 0.0 for row in found["emotions"].values())
    assert found["emotions"]["happy"]["closures"] == 0.0  # a smile leaves the lips together
    assert found["emotions"]["surprised"]["closures"] == 1.0  # a dropped jaw does not
    assert found["pose scale"] == 0.0 == found["expression scale"]
    assert found["jitter"]["mouth"]["neutral"] == pytest.approx(1.0)


def test_what_is_tied_together_is_found_out():
    def tied(modality, **request):
        made = move(modality, **request)
        motion = made.media.motion
        motion.head_pose[:] *= 1 + request["intensity"]
        motion.expression[:, INDEX["jawOpen"]] += 0.2 * request["intensity"]
        if request.get("pose_scale") == 2.0:
            motion.expression[:, 0] = 0.5
        return made

    found = run_separation(Moves(tied), lines(), spoken_take(), twitching(), seed=0)
    row = found["emotions"]["happy"]
    assert row["pose"] > 0.5 and row["closures"] == 1.0 and found["pose scale"] >= 0.49


def test_lips_are_held_against_real_ones():
    lips = np.zeros((52, 2, 3))
    lips[INDEX["jawOpen"], 0, 1] = 1.0
    true, tests = talking(), spoken_take()
    baseline = Baseline().fit([tests["one"].heard], [true])
    found = run_lips(moves(), tests, {"loudness": baseline}, lips, lines(), seed=0)
    assert (
        found["mean"]["ours"]["correlation"] == pytest.approx(1.0) and found["mean"]["ours"]["error"] == 0.0
    )
    assert found["mean"]["loudness"]["error"] > 0.5
    assert found["words"] == {"closed": 1.0, "sounds": 4}
    assert mouth_figures(true[:50], true, lips, [])["closed"] > 0.9


def test_moves_and_films_are_kept_and_read_again(tmp_path):
    path = tmp_path / "one.npz"
    motion = at_rest(5, 30.0)
    moves().write(path, motion)
    again = moves().read(path)
    assert again.frame_rate == 30.0 and again.expression.shape == (5, 52)
    films = Films(move)
    films.write(path, film())
    assert films.read(path).landmarks.shape == (4, 478, 3)
    path.write_bytes(b"broken")
    assert moves().read(path) is None and films.read(path) is None


def test_a_film_without_faces_says_so():
    grey = np.full((3, 96, 96, 3), 128, np.uint8)
    found = film_of([grey[:2], grey[2:]], np.zeros((3, 52)))
    assert found.seen == 0.0 and found.backdrop == 0.0 and found.landmarks.shape == (0, 478, 3)
    with pytest.raises(ValueError, match="expected a film with frames"):
        film_of([], np.zeros((0, 52)))


def test_lines_are_said_once_with_what_closes_the_lips(tmp_path):
    marks = [Mark(0.1, 0.2, "m", "phone"), Mark(0.2, 0.3, "ɑ", "phone"), Mark(0.3, 0.4, "p", "phone")]

    def say(modality, **request):
        assert modality == "speech" and request["intensity"] == 0.0
        media = SimpleNamespace(
            samples=np.zeros((1, 800), np.float32), sample_rate=8000, marks_of=lambda kind: marks
        )
        return SimpleNamespace(media=media)

    said = say_lines(tmp_path, 2, say)
    assert [line.closed for line in said] == [((0.1, 0.2), (0.3, 0.4))] * 2
    assert said[0] == Line(tmp_path / "line-0-kathleen.flac", closed_in(marks)) and said[1].path.is_file()
    text = " ".join(line for _, line in portrait_moves.LINES).lower()
    assert sum(text.count(letter) for letter in "pbm") > 40


def test_eyes_are_measured_over_their_width():
    at = points(2)
    at[1, [159, 386]] = at[1, [145, 374]]
    assert eye_opening(at)[1] == 0.0 < eye_opening(at)[0]
    assert softmax(np.array([0.0, 0.0])) == pytest.approx([0.5, 0.5])


def test_targets_say_what_is_reached_and_what_is_not():
    assert all(row["passed"] for row in targets_of(results()).values())
    worse = targets_of(results(good=False))
    for name in (
        "lips: correlation of the mouth's opening",
        "lips: error over that of loudness",
        "coefficients: emotion named of eight at intensity 1",
        "frames, sad: Spearman rho of the dial",
        "closures changed by an emotion, worst",
        "frames: change of the face's shape with emotion, share of its width",
    ):
        assert not worse[name]["passed"], name
    assert extra_figures(results())["speed over plain"] == 0.33


def test_the_report_has_pictures_and_every_part(tmp_path):
    found = results()
    found["targets"] = targets_of(found)
    text = report_text(found, tmp_path)
    for name in ("dial.png", "named-coefficients.png", "named-frames.png", "lips.png"):
        assert (tmp_path / name).stat().st_size > 5000 and f"({name})" in text
    for part in (
        "## Evaluator",
        "phone table",
        "rest not known",
        "backdrop",
        "900 MB",
        "frames a second",
        "mona",
    ):
        assert part in text
    assert "missed" not in text
    assert "![" not in report_text({"targets": {}}, tmp_path)


def test_wrong_sections_and_counts_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"expected .* got"):
        evaluate_portrait(data_dir=tmp_path, sections=("nonsense",))
    with pytest.raises(ValueError, match="expected at least 1 clip"):
        evaluate_portrait(data_dir=tmp_path, clips=0)


def test_an_evaluator_is_made_of_takes(tmp_path):
    captures = made_captures()
    drawn = draw_features(captures, describe_coefficients, 160, 0)
    assert drawn["features"].shape == (160, 2, NUM_COEFFICIENTS) and set(drawn["asked"]) == set(range(8))
    config = {
        "model": {"num_members": 2, "hidden_size": 8, "dropout": 0.0, "noise": 0.0},
        "batch_size": 32,
        "train": {
            "max_steps": 60,
            "learning_rate": 1e-2,
            "warmup_steps": 2,
            "ema_decay": 0.0,
            "num_threads": 1,
        },
    }
    model = fit(drawn, config, tmp_path)
    assert accuracy(model, drawn)["accuracy"] > 0.6
    logits = model.scores(drawn["features"][:, 0])
    assert 0.1 <= fit_temperature(logits, drawn["label"]) <= 10


def test_the_ear_sees_movement_against_the_calm_face():
    class Quiet(PortraitEar):
        def recorded(self, at):
            return f"{at}.flac"

    ear = Quiet()
    assert ear.request(2)["audio"] == "2.flac" and ear.request(2)["width"] == 64
    media = [
        move("portrait", audio="", emotion=name, intensity=level, seed=0).media
        for name, level in (("neutral", 0.0), ("happy", 0.5), ("happy", 1.0))
    ]
    heard = [ear.hear(each) for each in media]
    ear.ready(heard[:1])
    strength = ear.strength(heard, "happy")
    assert (np.diff(strength) > 0.1).all() and set(ear.emotions) == set(MOVING)


def test_speed_stands_beside_what_it_has_to_reach():
    rows = {"10 s": {"frames_a_second": 20.0, "peak_memory_mb": 900.0},
            "600 s": {"frames_a_second": 28.0, "peak_memory_mb": 930.0}}  # fmt: skip
    found = portrait_speed.figures_of(30.0, 90.0, rows)
    assert all(row["passed"] for row in found["targets"].values())
    assert found["memory_of_long_less_short_mb"] == 30.0 and found["speed_over_plain"] == 0.333
    slow = portrait_speed.figures_of(
        10.0, 90.0, {**rows, "600 s": {"frames_a_second": 9.0, "peak_memory_mb": 3000.0}}
    )
    assert not any(row["passed"] for row in slow["targets"].values())

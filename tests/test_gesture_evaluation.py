"""The evaluator of gestures on made-up takes, the trials on stand-ins, the report of made-up results."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from gesture_evaluation_material import CONFIG, body, line, lines, made_takes, move, popping, results

from conditioning.body.motion import at_rest
from generators.media import Mark
from studio.evaluation import gesture_speed
from studio.evaluation import train_gesture_evaluator as recipe
from studio.evaluation.gesture_ear import GestureEar
from studio.evaluation.gesture_evaluator import (
    LABELS,
    judged,
    judged_names,
    load_gesture_evaluator,
    motion_features,
)
from studio.evaluation.gesture_manner import feature_names
from studio.evaluation.gesture_moves import LINES, Moved, Moves, repeated_line, say_lines
from studio.evaluation.gesture_real import IMPLIED, measures, real_figures
from studio.evaluation.gesture_report import evaluate_gesture, extra_figures, report_text, targets_of
from studio.evaluation.gesture_trials import (
    MOVING,
    edit_sources,
    rests,
    run_beats,
    run_diversity,
    run_editing,
    run_emotions,
    run_physics,
    run_seams,
)


@pytest.fixture(scope="module")
def takes():
    return made_takes()


@pytest.fixture(scope="module")
def judge(takes):
    known = [seen for seen in takes if not seen.held_out]
    model = recipe.fit(recipe.drawn(known, 0), CONFIG)
    recipe.fit_axes(model, known)
    return model


def test_emotions_are_named_beside_a_neutral_motion_of_a_content_never_seen(takes, judge):
    found = recipe.real_figures(judge, takes)
    assert found["contents"]["clips"] == 7 and found["contents"]["accuracy"] > 0.8
    assert found["real"]["recall"]["neutral"] == 1.0 == found["takes"]["accuracy"]
    known = [seen for seen in takes if not seen.held_out]
    logits, folded = recipe.unseen_contents(known, CONFIG)
    assert logits.shape == (len(folded), 8) and recipe.accuracy(folded, logits.argmax(1))["accuracy"] > 0.8
    label = np.array([LABELS.index(seen.emotion) for seen in folded])
    assert 0.1 <= recipe.fit_temperature(logits, label) <= 32


def test_strength_goes_from_nothing_to_one(judge):
    rest = motion_features(body(seed=5)).mean(0)
    for emotion in MOVING:
        rows = [motion_features(body(emotion, level, seed=6)).mean(0) for level in (0.0, 0.5, 1.0)]
        found = judge.strength(np.stack(rows), rest)[:, LABELS.index(emotion)]
        assert abs(found[0]) < 0.4 and 0.5 < found[2] < 1.6 and (np.diff(found) > 0).all(), emotion
    described = judge.described(np.stack(rows))
    assert described.shape == (3, 4) and np.isfinite(described).all()


def test_neutral_takes_and_contents_weigh_the_same(takes):
    weight = recipe.weights_of(takes)
    for emotion in LABELS:
        assert weight[[seen.emotion == emotion for seen in takes]].sum() == pytest.approx(1)
    assert (
        recipe.alike("bye", "byebye") and recipe.alike("run", "run") and not recipe.alike("walk", "walk-left")
    )


def test_what_is_done_is_not_judged():
    names = judged_names()
    assert "head down" in names and "hands, speed" in names
    assert not {"hands up", "feet, speed", "pelvis up"} & set(names) and set(names) < set(feature_names())


def test_the_shipped_evaluator_knows_real_manners_from_a_body_that_is_still():
    shipped = load_gesture_evaluator()
    rest = motion_features(body(seed=1))
    found = judged(shipped, [rest], [rest.mean(0)])
    assert found["named"][0] == 0 and abs(found["strength"][0, 1:]).max() < 0.5
    assert shipped.checkpoint.non_commercial


@pytest.mark.thorough
def test_the_dial_of_a_good_body_rises_and_is_named(judge):
    found = run_emotions(Moves(move), judge, lines(), seed=0)
    assert found["named"]["balanced"] > 0.9 and np.sum(found["confusion"]) == 32
    for emotion in MOVING:
        row = found[emotion]
        assert row["rho"] > 0.9 and row["named"][-1] > 0.7 and len(row["levels"]) == len(row["speed"]) == 11
        if IMPLIED[emotion][0] == "speed":
            assert row["implied"]["rho"] > 0.9, emotion


def test_a_line_is_compared_with_other_lines_of_the_same_person():
    calm = [np.full((1, 2), float(at)) for at in range(4)]
    assert [row[0] for row in rests(lines(4), calm)] == [2, 3, 0, 1]
    assert rests(lines(1), calm[:1])[0][0] == 0


def test_edits_of_real_motion_are_named_and_measured(takes, judge):
    sources = edit_sources(takes, 3)
    assert list(sources) == ["guide-1", "wave-left-hand-2"]
    assert all(seen.emotion == "neutral" and seen.held_out for seen in sources.values())
    found = run_editing(Moves(move), judge, takes, lines(2), sources, seed=0)
    assert found["named"]["clips"] == 15 and found["named"]["balanced"] > 0.7
    assert set(found["frechet"]) == {"from speech", "edited", "real, learned from"} and found["ratio"] > 0


def test_hands_that_beat_with_speech_are_told_from_others():
    first = run_beats(Moves(move), [line(0, (0.0, 0.75, 1.5)), line(1, (0.3, 1.1))], seed=0)
    assert 0 < first["mean"] <= 1 and first["strict"] < first["mean"] and first["beats"] > 1


def test_variety_physics_and_real_figures(takes):
    real = real_figures(takes)
    assert real["jerk"]["mean"] > 0 and real["beyond"] < 15 and real["diversity"] > 0
    assert real["ratios"]["excited"]["speed"] > 1.5 > real["ratios"]["sad"]["speed"]
    varied = run_diversity(Moves(move), lines(2), real["diversity"], seed=0)
    assert varied["over real"] > 0.5 and varied["mean"] > 0
    found = run_physics(Moves(move), lines(2), real, seed=0)
    assert found["skate"]["mean"] == 0.0 and found["skate"]["contact"] == 1.0
    assert 0.5 < found["over real"] < 2 and found["beyond"]["degrees"] < 15


def test_a_pop_at_a_seam_is_found_out(takes, tmp_path):
    import soundfile

    real = real_figures(takes)["jump"]
    said = line()
    said = type(said)(tmp_path / "said.flac", said.onsets)
    soundfile.write(said.path, np.zeros(8000), 8000)
    smooth, jumping = (run_seams(Moves(each), [said], real, tmp_path, seed=0) for each in (move, popping))
    for emotion, row in smooth.items():
        assert row["seams"] == 2 and jumping[emotion]["over real"] > max(2, 2 * row["over real"])
    assert soundfile.info(tmp_path / "long.flac").duration == 60


def test_measures_in_plain_units():
    still = measures(at_rest(30, 30.0))
    assert still["speed"] == pytest.approx(0, abs=1e-6) and still["range"] == pytest.approx(0, abs=1e-6)
    assert measures(body("proud"))["openness"] > measures(body("insecure"))["openness"]


def test_motions_are_kept_and_read_again(tmp_path):
    path, moves = tmp_path / "one.npz", Moves(move)
    moves.write(path, Moved(body(), np.array([3])))
    again = moves.read(path)
    assert len(again.motion) == 90 and again.seams.tolist() == [3] and again.motion.frame_rate == 30
    path.write_bytes(b"broken")
    assert moves.read(path) is None


def test_lines_are_said_once_and_repeated_until_they_are_long(tmp_path):
    marks = [Mark(0.1, 0.2, "river", "word")]

    def say(modality, **request):
        assert modality == "speech" and request["intensity"] == 0.0
        sound = np.zeros((1, 8000), np.float32)
        sound[0, 4000:] = np.sin(np.arange(4000) / 5)
        return SimpleNamespace(media=SimpleNamespace(samples=sound, sample_rate=8000, marks=marks))

    said = say_lines(tmp_path, 3, say)
    assert [each.person for each in said] == [0, 1, 0] and said[0].marks == tuple(marks)
    assert np.abs(said[0].onsets - 0.5).min() < 0.03
    long = repeated_line(said, 2.5, tmp_path / "long.flac")
    assert long.path.is_file() and len({text for _, text in LINES}) == len(LINES)


def test_targets_say_what_is_reached_and_what_is_not():
    assert all(row["passed"] for row in targets_of(results()).values())
    worse = targets_of(results(good=False))
    assert len(worse) > 20 and not any(row["passed"] for row in worse.values())
    assert extra_figures(results())["editing: hands kept, correlation"] == 0.9


def test_the_report_has_pictures_and_every_part(tmp_path):
    found = results()
    found["targets"] = targets_of(found)
    text = report_text(found, tmp_path)
    for name in ("dial.png", "named.png", "named-edited.png", "beats.png", "jerk.png"):
        assert (tmp_path / name).stat().st_size > 5000 and f"({name})" in text
    for part in ("## Evaluator", "unseen in turn", "guide-1", "another line", "700 MB", "0.50 of 14"):
        assert part in text
    assert "missed" not in text
    assert "![" not in report_text({"targets": {}}, tmp_path)


def test_wrong_sections_and_counts_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"expected .* got"):
        evaluate_gesture(data_dir=tmp_path, sections=("nonsense",))
    with pytest.raises(ValueError, match="expected at least 1 clip"):
        evaluate_gesture(data_dir=tmp_path, clips=0)


def test_the_ear_sees_movement_against_the_calm_body():
    class Quiet(GestureEar):
        def recorded(self, at):
            return f"{at}.flac"

    ear = Quiet()
    assert ear.request(2)["audio"] == "2.flac" and set(ear.emotions) == set(MOVING)
    calm = [ear.hear(SimpleNamespace(motion=body(seed=at))) for at in range(2)]
    ear.ready(calm)
    found = [
        ear.strength(
            [ear.hear(SimpleNamespace(motion=body("sad", level, seed=at))) for at in range(2)], "sad"
        ).mean()
        for level in (0.0, 0.5, 1.0)
    ]
    assert abs(found[0]) < 0.3 and (np.diff(found) > 0).all()


def test_speed_stands_beside_what_it_has_to_reach(tmp_path):
    rows = {
        "60 s": {"seconds": 4.0, "peak_memory_mb": 900.0},
        "600 s": {"seconds": 30.0, "peak_memory_mb": 930.0},
    }
    found = gesture_speed.figures_of(2.0, 0.1, rows)
    assert all(row["passed"] for row in found["targets"].values())
    assert found["references_a_minute"] == 20.0 and found["memory_of_long_less_short_mb"] == 30.0
    slow = gesture_speed.figures_of(9.0, 0.1, {"60 s": {"seconds": 4.0, "peak_memory_mb": 3000.0}})
    assert not any(row["passed"] for row in slow["targets"].values())

    def say(modality, **request):
        return SimpleNamespace(
            media=SimpleNamespace(samples=np.zeros((1, 8000), np.float32), sample_rate=8000, marks=())
        )

    found = gesture_speed.measure_speed(
        tmp_path, "x", repeats=1, long_s=61, say=say, move=move, row=lambda *each: rows["60 s"]
    )
    assert found["seconds_a_minute"] < 3 and set(found["by_length"]) == {"60 s", "61 s"}

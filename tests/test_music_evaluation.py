"""The evaluator, the music encoder and the measures: closed forms, invariances, bad input, and the report on
a stand-in."""

from __future__ import annotations

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest
import symusic

from studio.evaluation import music_metrics as metrics
from studio.evaluation.music_features import feature_names, features_of
from training.data.music import Clip, song_folds


def make_score(
    bars: int = 8, *, minor: bool = False, step: int = 2, velocity: int = 70, seed: int = 0
) -> symusic.Score:
    """A broken chord in eighths over held fifths."""
    rng = np.random.default_rng(seed)
    score = symusic.Score(480)
    score.tempos.append(symusic.Tempo(0, 100))
    score.time_signatures.append(symusic.TimeSignature(0, 4, 4))
    track = symusic.Track("melody", 0, False)
    chord = (0, 3, 7, 12) if minor else (0, 4, 7, 12)
    for bar in range(bars):
        for at in range(0, 16, step):
            pitch = 60 + chord[int(rng.integers(4))] + 2 * (bar % 2)
            loud = int(np.clip(velocity + rng.integers(-8, 9), 1, 127))
            track.notes.append(symusic.Note(bar * 1920 + at * 120, 120 * step, pitch, loud))
        for pitch in (36, 43):
            track.notes.append(symusic.Note(bar * 1920, 1920, pitch, velocity))
    score.tracks.append(track)
    return score


def make_notes(count: int = 60, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    onset = np.cumsum(rng.choice([0.125, 0.25, 0.5], count))
    pitch = rng.choice([48, 52, 55, 60, 62, 64, 67, 71, 72], count)
    return np.column_stack([onset, rng.uniform(0.2, 1.0, count), pitch, rng.integers(40, 100, count)])


def make_grid(rows: list[tuple[int, int, int, int]], bars: int = 2) -> metrics.GridClip:
    return metrics.GridClip(np.array(sorted(rows)), np.arange(bars + 1) * 16)


def test_song_folds_keep_songs_together_and_cover_everything():
    songs = [f"s{at % 17}" for at in range(60)]
    folds = song_folds(songs, 4)
    assert sorted(at for fold in folds for at in fold) == list(range(60))
    seen = [{songs[at] for at in fold} for fold in folds]
    assert sum(map(len, seen)) == len(set(songs))
    with pytest.raises(ValueError, match="folds, got 1"):
        song_folds(songs, 1)


def test_measures_have_their_closed_forms():
    same = make_grid([(bar * 16 + at, 4, 60, 80) for bar in range(2) for at in (0, 4, 8, 12)])
    found = metrics.measure(same)
    assert found["pitch_class_entropy"] == pytest.approx(0.0)
    assert found["groove_consistency"] == pytest.approx(1.0)
    assert found["polyphony"] == pytest.approx(1.0)
    assert found["rhythm_density"] == pytest.approx(1.0)
    assert found["register"] == 60 and found["loudness"] == 80
    chromatic = make_grid([(at, 1, 60 + at, 64) for at in range(12)])
    assert metrics.pitch_class_entropy(chromatic) == pytest.approx(np.log2(12))
    assert metrics.scale_consistency(chromatic) == pytest.approx(7 / 12)
    half = make_grid([(0, 2, 60, 64), (16, 2, 60, 64), (17, 2, 60, 64)])
    assert metrics.groove_consistency(half) == pytest.approx(1 - 1 / 16)
    assert metrics.polyphony(make_grid([(0, 4, 60, 64), (0, 2, 64, 64)])) == pytest.approx(1.5)


def test_windows_are_the_same_in_every_key_and_differ_otherwise():
    rows = [(at, 2, 60 + at % 5, 64) for at in range(0, 32, 3)]
    plain, moved = make_grid(rows), make_grid([(a, d, p + 5, v) for a, d, p, v in rows])
    other = make_grid([*rows[:-1], (31, 2, 70, 64)])
    assert (metrics.window_hashes(plain) == metrics.window_hashes(moved)).all()
    assert (metrics.window_hashes(plain) != metrics.window_hashes(other)).all()
    known = np.sort(metrics.window_hashes(plain))
    assert metrics.copied(metrics.window_hashes(moved), known).all()
    assert not metrics.copied(metrics.window_hashes(other), known).any()
    assert not metrics.copied(known, np.zeros(0, dtype=np.int64)).any()


@pytest.mark.parametrize(
    ("notes", "word"),
    [
        (np.zeros((0, 4)), "empty"),
        (make_notes(5), "fewer than"),
        (np.array([[at * 0.5, 0.4, 60, 64] for at in range(40)]), "pitches"),
        (np.array([[0.0 if at < 20 else at, 0.4, 40 + at, 64] for at in range(40)]), "cluster"),
        (np.array([[at * 0.2 if at < 38 else 60, 0.4, 40 + at, 64] for at in range(40)]), "silence"),
    ],
)
def test_degenerate_clips_are_named(notes, word):
    assert word in metrics.fault_of(notes)


def test_music_is_not_degenerate_and_a_clip_that_stops_early_is():
    from conditioning.encoders.midi import note_array

    notes = note_array(make_score())
    assert metrics.fault_of(notes) is None
    assert metrics.fault_of(notes, 3 * notes[-1, 0]) is not None


def test_features_are_finite_named_and_blind_to_start_and_order():
    notes = make_notes()
    features = features_of(notes)
    assert features.shape == (len(feature_names()),) and np.isfinite(features).all()
    later = notes.copy()
    later[:, 0] += 7.0
    assert np.allclose(features_of(later[::-1]), features, atol=1e-4)
    for odd in (
        np.tile([0.0, 1, 60, 64], (4, 1)),
        make_notes(4),
        np.array([[at * 30, 9, 0, 1] for at in range(5)]),
    ):
        assert np.isfinite(features_of(odd)).all()


def test_scale_degrees_and_mode_do_not_depend_on_the_key():
    names = feature_names()
    notes = make_notes()
    moved = notes + np.array([0, 0, 3, 0])
    kept = [
        at for at, name in enumerate(names) if "degree" in name or "mode" in name or name.startswith("chord")
    ]
    assert np.allclose(features_of(notes)[kept], features_of(moved)[kept], atol=1e-4)


@pytest.mark.parametrize("bad", [np.zeros((3, 4)), np.zeros((8, 3)), np.full((8, 4), np.nan)])
def test_features_refuse_what_is_no_music(bad):
    with pytest.raises(ValueError, match="expected at least 4 notes"):
        features_of(bad)


@pytest.fixture(scope="module")
def tiny_encoder():
    import torch

    from conditioning.encoders.music import MusicEncoder

    torch.manual_seed(0)
    return MusicEncoder(width=16, num_heads=1).eval()


def test_encoder_reads_any_length_in_bounds(tiny_encoder):
    clips = [make_notes(1), make_notes(50), make_notes(3000)]
    va = tiny_encoder.read_va(clips)
    assert va.shape == (3, 2) and (np.abs(va) <= 1).all()
    one = tiny_encoder.read(clips[1:2])["z"]
    assert one.shape == (1, 64)
    assert np.allclose(one, tiny_encoder.read(clips)["z"][1:2], atol=1e-5)


def test_encoder_hears_no_loudness_where_there_is_one_velocity(tiny_encoder):
    soft, loud = make_notes(), make_notes()
    soft[:, 3], loud[:, 3] = 30, 110
    assert np.allclose(tiny_encoder.read_va([soft]), tiny_encoder.read_va([loud]))


def test_encoder_refuses_bad_input(tiny_encoder, tmp_path):
    with pytest.raises(FileNotFoundError):
        tiny_encoder.encode(tmp_path / "missing.mid")
    with pytest.raises(ValueError, match="expected music with at least one note"):
        tiny_encoder.encode(symusic.Score(480))
    with pytest.raises(ValueError, match="expected notes of shape"):
        tiny_encoder.read_va([np.zeros((0, 4))])


def test_readings_move_half_way_to_their_label():
    from conditioning.train_music_encoder import blend, fit_scale

    assert np.allclose(blend(np.array([0.2, -0.4]), np.array([1.0, -1.0])), [0.4, -0.5])
    scale = fit_scale({"a": np.linspace(-3, 3, 202).reshape(1, 101, 2)[0]})
    assert (np.tanh(2.7 / scale) < 0.85).all()


def test_a_line_explains_a_line():
    from studio.evaluation.music_trials import judge_fader, r_squared

    x = np.arange(7.0)
    assert r_squared(x, 3 - 2 * x) == 1.0
    assert r_squared(x, np.ones(7)) == 0.0
    rng = np.random.default_rng(0)
    values = np.tile(rng.normal(size=(1, 10, 5)), (7, 1, 1))
    values[:, :, 0] += x[:, None]
    found = judge_fader(values, 0)
    assert found["r2"] == 1.0 and set(found["restrictiveness"].values()) == {1.0}
    values[[0, 1, 2, 4, 5, 6], :, 1] *= 0.5
    assert judge_fader(values, 0)["restrictiveness"]["note_density"] == pytest.approx(0.5)


def test_calibration_straightens_the_dial():
    from conditioning.calibration import fit_calibration
    from studio.evaluation.calibration import INTENSITIES

    levels = np.array(INTENSITIES)
    scores = np.stack(
        [0.1 + 0.8 * levels**2, 0.3 + 0.2 * levels**2, np.full(len(levels), 0.2), 0.5 * levels**2]
    )
    found = fit_calibration(levels, scores)
    assert np.all(np.diff(found["intensity"]) > 0) and np.all(np.diff(found["dial"]) > 0)
    heard = np.interp(np.interp([0.25, 0.5, 0.75], found["dial"], found["intensity"]), levels, levels**2)
    assert np.allclose(heard, [0.25, 0.5, 0.75], atol=0.06)
    assert (
        found["dial"][0] == found["intensity"][0] == 0 and found["dial"][-1] == found["intensity"][-1] == 1.5
    )


class Rising:
    """An ear for clips that are a number."""

    emotions, clips = ("Q1", "Q2"), 2

    def __init__(self):
        self.neutral = None

    def request(self, at):
        return {"bars": 3 + at}

    def hear(self, media):
        return media

    def ready(self, neutral):
        self.neutral = list(neutral)

    def strength(self, heard, emotion):
        return np.array(heard) * (0.5 if emotion == "Q1" else 0.1)


def test_calibration_measures_and_keeps_what_else_is_known(tmp_path, monkeypatch):
    import checkpoints
    from studio.evaluation.calibration import CALIBRATION_SEED, calibrate

    entry = {"figures": {}, "extra": {"calibration": "old", "other": 1}}
    given = dataclasses.asdict(checkpoints.describe("music-base")) | entry
    given.pop("name")
    (tmp_path / "manifest.json").write_text(json.dumps({"music-base": given, "emotion-space": given}))
    monkeypatch.setattr(checkpoints, "ROOT", tmp_path)
    asked, steps, ear = [], [], Rising()

    def generate(modality, *, emotion, intensity, **request):
        assert checkpoints.describe("music-base").extra["calibration"] == "old"
        asked.append((modality, emotion, intensity, request))
        return SimpleNamespace(media=intensity**2)

    found = calibrate("music-base", generate=generate, ear=ear, on_step=lambda *step: steps.append(step))
    assert steps[-1] == (42, 42) and ear.neutral == [0.0, 0.0]
    assert asked[1] == (
        "music", "Q1", 0.0, {"bars": 4, "seed": CALIBRATION_SEED + 1, "checkpoint": "music-base"},
    )  # fmt: skip
    assert found["intensity"][4] > 0.6  # half of the dial needs more than half of the intensity
    assert checkpoints.describe("music-base").extra == {"calibration": found, "other": 1}
    with pytest.raises(ValueError, match="expected weights with a dial"):
        calibrate("emotion-space", generate=generate, ear=ear)
    with pytest.raises(ValueError, match="at least 1 for clips"):
        calibrate("music-base", clips=0, generate=generate, ear=ear)


def test_figures_are_added_to_those_that_are_known(tmp_path, monkeypatch):
    import checkpoints
    from studio.evaluation.report import Targets, record_figures, target_lines

    given = dataclasses.asdict(checkpoints.describe("music-base")) | {"figures": {"a": 1, "b": 2}}
    given.pop("name")
    (tmp_path / "manifest.json").write_text(json.dumps({"music-base": given}))
    (tmp_path / "music-base").mkdir()
    monkeypatch.setattr(checkpoints, "ROOT", tmp_path)
    targets = Targets()
    targets.at_least("b", 0.5, 0.9)
    targets.at_most("c", 0.01, 0.02)
    record_figures("music-base", {"clips": 3, **targets})
    assert checkpoints.describe("music-base").figures == {
        "a": 1, "clips": 3,
        "b": {"value": 0.5, "target": ">= 0.9"}, "c": {"value": 0.01, "target": "<= 0.02"},
    }  # fmt: skip
    assert '">= 0.9"' in (tmp_path / "music-base" / "README.md").read_text()
    assert target_lines(targets)[2:] == ["| b | 0.5 | >= 0.9 | missed |", "| c | 0.01 | <= 0.02 | reached |"]


class StandIn:
    """Makes music that changes as it is asked to, without a model."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, modality: str, **request):
        self.calls += 1
        if request.get("task") == "edit":
            score = symusic.Score(request["source"])
            for note in score.tracks[0].notes:
                note.velocity = 100
            return SimpleNamespace(media=SimpleNamespace(midi=score))
        high = request["emotion"] in ("Q1", "Q2")
        score = make_score(
            request["bars"],
            minor=request["emotion"] in ("Q2", "Q3"),
            step=1 if high else 4,
            velocity=int(60 + (25 if high else -25) * request["intensity"]),
            seed=request["seed"],
        )
        return SimpleNamespace(media=SimpleNamespace(midi=score))


@pytest.fixture
def shipped():
    import checkpoints

    if "music-evaluator" not in checkpoints.manifest():
        pytest.skip("needs the shipped evaluator")


def test_report_on_a_stand_in_is_written_and_goes_on(shipped, tmp_path):
    from studio.evaluation.music_report import evaluate_music

    stand_in, steps = StandIn(), []
    results = evaluate_music(
        quick=True, bars=4, out_dir=tmp_path, generate=stand_in, on_step=lambda *step: steps.append(step)
    )
    assert steps[-1][0] == steps[-1][1]
    assert results["transfer"]["generated"]["identical"] == 1.0
    assert results["samples"]["degenerate"]["of"] == 4
    assert {row["passed"] for row in results["targets"].values()} <= {True, False}
    assert json.loads((tmp_path / "report.json").read_text())["targets"] == results["targets"]
    assert "| quadrant accuracy" in (tmp_path / "report.md").read_text()
    for name in ("confusion", "dial", "faders", "measures"):
        assert (tmp_path / f"{name}.png").stat().st_size > 1000
    made = stand_in.calls
    again = evaluate_music(quick=True, bars=4, out_dir=tmp_path, generate=stand_in)
    assert again["targets"] == results["targets"]
    assert stand_in.calls == made + 1  # the edit: its exact notes are not among the kept clips
    assert not list(tmp_path.rglob("*.part*"))


def test_report_refuses_bad_input(shipped):
    from studio.evaluation.music_report import evaluate_music

    with pytest.raises(ValueError, match="expected sections"):
        evaluate_music(sections=("harmony",))
    with pytest.raises(ValueError, match="at least 1 clip"):
        evaluate_music(clips=0)


def test_shipped_evaluator_hears_arousal(shipped):
    from conditioning.encoders.midi import note_array
    from studio.evaluation.music_evaluator import load_music_evaluator

    evaluator = load_music_evaluator()
    wild = note_array(make_score(step=1, velocity=105))
    calm = note_array(make_score(step=8, velocity=40))
    judged = evaluator.judge([wild, calm, np.zeros((0, 4))])
    assert judged.arousal[0] > 0.5 > judged.arousal[1]
    assert np.allclose(judged.quadrant.sum(1), 1, atol=1e-5)
    assert np.allclose(judged.quadrant[2], 0.25) and judged.arousal[2] == pytest.approx(0.5)


def test_clip_labels_follow_the_quadrants():
    clip = Clip("Q3_x_0", None, "x", "Q3", "train")
    assert clip.label == 2

"""Whom conversion is measured on and how, with stand-ins for the backend and for everybody who judges."""

from __future__ import annotations

import csv
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from made_up_voice import RATE, make_voice
from omegaconf import OmegaConf

import checkpoints
import training
from generators.voice.features import FRAME_RATE
from studio.evaluation import conversion_trials as trials
from studio.evaluation import report, speech_words, train_speech_evaluator
from studio.evaluation.conversion_people import (
    HELD_OUT,
    SOURCES,
    judge_without,
    people_of,
    real_figures,
    real_similarity,
)
from studio.evaluation.figures import LEVELS
from studio.evaluation.speech_audio import Recording
from studio.evaluation.speech_evaluator import LABELS
from studio.evaluation.speech_trials import Voice

CONFIGS = Path(training.__path__[0]) / "configs"


def felt(emotion: str, intensity: float = 1.0) -> float:
    """How the stand-ins write a feeling into a sound: an offset of the samples."""
    return 0.0 if emotion == "neutral" else 0.1 * (LABELS.index(emotion) + 1) * intensity


class Judge:
    """Hears the offset: strong is far, and its tenths are the number of the feeling."""

    def features(self, samples, rate):
        return np.array([samples.mean()], np.float32)

    def reference(self, clips):
        return np.mean([self.features(*clip) for clip in clips], 0)

    def strength(self, features, reference):
        return np.repeat(features - reference, 5, axis=1)

    def scores(self, features, reference):
        numbers = np.round(10 * (features - reference)[:, 0] - 0.1).astype(int) - 1
        return np.eye(5)[np.where(numbers < 0, LABELS.index("neutral"), numbers)]


class Encoder:
    """A voice turns with the offset."""

    def embed(self, samples, rate):
        return np.array([np.cos(samples.mean()), np.sin(samples.mean())])


class StandIn:
    """Converts without a model; remembers what was asked."""

    def __init__(self, stretch: float = 1.0) -> None:
        self.asked: list[dict] = []
        self.stretch = stretch

    def __call__(self, modality, **request):
        assert modality == "conversion"
        self.asked.append(request)
        samples, rate = soundfile.read(request["audio"], dtype="float32")
        made = np.interp(np.arange(0, len(samples), 1 / self.stretch), np.arange(len(samples)), samples)
        made = made + felt(request["emotion"], request["intensity"])
        return SimpleNamespace(media=SimpleNamespace(samples=made[None].astype("f4"), sample_rate=rate))


def row(path, speaker="a", emotion="neutral", prompt="x", **rest):
    return Recording(path, rest.pop("corpus", "emodb-de"), speaker, emotion, prompt=prompt, **rest)


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """A person's neutral takes of three lines, and an acted one of the first line for each emotion."""
    folder, found = tmp_path_factory.mktemp("takes"), []
    told = [("neutral", line) for line in "xyz"] + [(name, "x") for name in LABELS[:4]]
    for at, (emotion, line) in enumerate(told):
        voice = make_voice(seconds=0.5, seed=at)
        soundfile.write(folder / f"{at}.wav", 0.2 * (voice - voice.mean()) + felt(emotion), RATE)
        found.append(
            row(folder / f"{at}.wav", emotion=emotion, prompt=line, text="The cat sat.", language="en-US")
        )
    return found


@pytest.fixture(scope="module")
def heard(rows):
    return np.stack([Judge().features(*soundfile.read(each.path)) for each in rows])


# People


def test_nobody_is_measured_who_taught():
    def held_out(name):
        return OmegaConf.load(CONFIGS / f"{name}.yaml").held_out

    german = [name for name in HELD_OUT if name.startswith("emodb_")]
    assert list(HELD_OUT) == held_out("conversion-nc") == held_out("speaker-encoder")
    assert german == held_out("conversion-base") and len(german) == 2


def test_every_line_is_converted_once_and_compared_with_the_others():
    told = [("x", "1"), ("x", "2"), ("y", "1"), ("y", "2"), ("z", "1")]
    ravdess = [
        row(f"{at}", "actor_01", prompt=p, take=t, corpus="ravdess-speech-en-NC")
        for at, (p, t) in enumerate(told)
    ]
    emodb = [row("5", "b"), row("6", "b"), row("7", "b", "angry"), row("8", "b", "neutral", "y")]
    others = [row("9", "c"), row("10", "c", cropped=True), row("11", "c", ""), row("12", "d"), row("13", "d")]
    rows = [*ravdess, *emodb, *others]
    features = np.arange(len(rows), dtype=np.float32)[:, None]
    actor, b = people_of(rows, features, ["actor_01", "b", "c", "nobody"])
    assert len(actor.sources) == SOURCES == 4 and actor.reference == 2 and not actor.acted
    assert [one.path for one in b.sources] == ["6", "8"] and [one.path for one in b.acted] == ["7"]
    assert np.allclose(b.references, [[(5 + 8) / 2], [(5 + 6) / 2]]), "without the take itself"
    assert trials.sources_of([actor, b])[4:] == list(zip(b.sources, b.references, strict=True))


def test_real_people_are_judged_as_results_are(rows, heard):
    (person,) = people_of(rows, heard, ["a"])
    features = {each.path: feature for each, feature in zip(rows, heard, strict=True)}
    found = real_figures(Judge(), [person], features)
    assert found["neutral"]["clips"] == 3 and abs(found["neutral"]["score"]) < 0.01
    for name in LABELS:
        assert found[name]["named"] == 1.0
        assert found[name]["score"] == pytest.approx(felt(name), abs=0.01)
    assert "fearful" not in real_figures(Judge(), people_of(rows[:-1], heard[:-1], ["a"]), features)
    alike = real_similarity([person], Encoder())
    assert alike == pytest.approx({name: np.cos(felt(name)) for name in LABELS[:4]}, abs=0.01)
    other_line = people_of([*rows[1:3], *rows[3:]], heard[1:], ["a"])
    assert real_similarity(other_line, Encoder()) == {}


def test_the_judge_never_heard_whom_it_judges(tmp_path, monkeypatch):
    for corpus in train_speech_evaluator.CORPORA:
        (tmp_path / corpus).mkdir()
        with open(tmp_path / corpus / "metadata.csv", "w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(["file", "speaker", "emotion"])
            for speaker in ("actor_04", f"{corpus}-1"):
                table.writerows(
                    [f"{speaker}-{k}.wav", speaker, e]
                    for k, e in enumerate(("neutral", "neutral", "sad", ""))
                )
    fitted = {}

    def fit(rows, inputs, config):
        fitted.update(rows=rows, inputs=inputs)
        return "the judge"

    monkeypatch.setattr(
        train_speech_evaluator,
        "feature_variants",
        lambda rows, count, seed, cache: (
            np.random.default_rng(0).normal(size=(len(rows), 1 + count, 7)).astype("f4")
        ),
    )
    monkeypatch.setattr(train_speech_evaluator, "fit", fit)
    judge, rows, features = judge_without(tmp_path, HELD_OUT)
    assert judge == "the judge" and len(rows) == 18 and features.shape == (18, 7)
    assert {each.speaker for each in fitted["rows"]} == {
        f"{corpus}-1" for corpus in train_speech_evaluator.CORPORA
    }
    assert len(fitted["inputs"]) == len(fitted["rows"]) == 9 and fitted["inputs"].shape[2] == 14
    (tmp_path / "emodb-de" / "metadata.csv").unlink()
    with pytest.raises(FileNotFoundError, match="emodb-de"):
        judge_without(tmp_path, HELD_OUT)


# Trials


def test_weights_that_media_share_count_too():
    for modality in ("speech", "conversion"):
        assert {"speech-vocoder", "speech-aligner"} <= {
            row.split(":")[0] for row in report.weights_of(modality, "auto").split(",")
        }


def test_takes_are_made_once_and_kept(rows, tmp_path):
    stand_in, clips = StandIn(), []
    how = {"folder": tmp_path / "kept", "fixed": {"checkpoint": "x"}, "on_clip": lambda: clips.append(1)}
    request = {"audio": str(rows[0].path), "emotion": "sad", "intensity": 0.5, "seed": 3}
    takes = trials.Takes(stand_in, weights="one", **how)
    (made, rate), (again, _) = takes.make(**request), takes.make(**request)
    assert rate == RATE and np.allclose(made, again, atol=2**-14) and len(clips) == 2
    assert stand_in.asked == [{"checkpoint": "x", **request}]
    assert [path.suffix for path in (tmp_path / "kept").iterdir()] == [".flac"]
    trials.Takes(stand_in, weights="other", **how).make(**request)
    takes.make(**{**request, "seed": 4})
    assert len(stand_in.asked) == 3 == len(list((tmp_path / "kept").iterdir()))
    trials.Takes(stand_in).make(**request)
    assert len(list(tmp_path.rglob("*.*"))) == 3


def test_the_dial_is_turned_over_every_recording(rows, heard, tmp_path):
    (person,) = people_of(rows, heard, ["a"])
    sources, stand_in = trials.sources_of([person]), StandIn()
    takes = trials.Takes(stand_in, folder=tmp_path)
    found = trials.run_dial(takes, Judge(), Encoder(), sources, seed=5)
    assert len(stand_in.asked) == 3 * (1 + 4 * (len(LEVELS) - 1))
    assert {(Path(ask["audio"]), ask["seed"]) for ask in stand_in.asked} == {
        (each.path, 5 + at) for at, (each, _) in enumerate(sources)
    }
    assert found["source"]["named"] == 1.0 == found["neutral"]["named"] == found["neutral"]["similarity"]
    assert set(found["source"]["score"]) == set(LABELS)
    for name in trials.MOVING:
        dial = found[name]
        assert dial["levels"] == list(LEVELS) and dial["named"][0] == 0.0 and dial["named"][-1] == 1.0
        assert dial["rho"] == pytest.approx(1) and dial["in_order"] == 1.0
        assert dial["score"] == pytest.approx([felt(name, level) for level in LEVELS], abs=0.01)
        assert dial["similarity"] == pytest.approx([np.cos(felt(name, level)) for level in LEVELS], abs=0.01)
    again = trials.run_dial(trials.Takes(stand_in, folder=tmp_path), Judge(), Encoder(), sources, seed=5)
    assert again == found and len(stand_in.asked) == 51


@pytest.fixture
def reader(rows):
    return Voice("a", rows[:3], rows[:3], ["The cat sat.", "The dog ran."])


def test_a_readers_recordings_are_compared_with_others(reader, heard):
    found = trials.reader_sources(reader, Judge(), 2)
    assert [each for each, _ in found] == reader.held_out[:2]
    assert np.allclose(found[0][1], heard[:3].mean(0), atol=1e-4)


def test_words_are_counted_at_every_level(reader, monkeypatch):
    class Recogniser:
        def __init__(self, texts, tests):
            assert texts == reader.others and tests == ["The cat sat."] * 3

        def word_error(self, clips, texts):
            assert len(clips) == len(texts) == 2
            return {"word_error": round(float(np.mean([samples.mean() for samples, _ in clips])), 2)}

    monkeypatch.setattr(speech_words, "WordRecogniser", Recogniser)
    stand_in = StandIn()
    found = trials.run_words(trials.Takes(stand_in), reader, 2, seed=0)
    assert found["source"] == pytest.approx(0, abs=0.01) and found["lines"] == 2
    for name in trials.MOVING:
        assert found[name] == pytest.approx([felt(name, level) for level in LEVELS[1:]], abs=0.011)
    assert len(stand_in.asked) == 2 * 4 * 4


class Aligner:
    """Gives every phone but the last four frames."""

    def align(self, mel, symbols):
        durations = np.full(len(symbols), 4)
        durations[-1] = len(mel) - durations[:-1].sum()
        return durations


def test_boundaries_are_seconds_at_any_rate():
    found = trials.boundaries(Aligner(), (make_voice(seconds=1.0), RATE), np.arange(6))
    np.testing.assert_allclose(found, 4 * np.arange(1, 6) / FRAME_RATE)


@pytest.mark.parametrize("stretch", [1.0, 1.5])
def test_timing_is_measured_on_phones_and_on_the_whole(reader, monkeypatch, stretch):
    monkeypatch.setattr(checkpoints, "load", lambda name: Aligner())
    monkeypatch.setattr(
        trials,
        "boundaries",
        lambda aligner, clip, symbols: np.linspace(0, len(clip[0]) / clip[1], len(symbols))[1:],
    )
    stand_in = StandIn(stretch)
    found = trials.run_timing(trials.Takes(stand_in), reader, 3, seed=0)
    felt_ones, calm = stand_in.asked[::2], stand_in.asked[1::2]
    assert [ask["emotion"] for ask in felt_ones] == list(trials.MOVING[:3])
    assert {(ask["keep_timing"], ask["intensity"]) for ask in felt_ones} == {(True, 1.0)}
    assert {(ask["keep_timing"], ask["intensity"]) for ask in calm} == {(True, 0.0)}
    assert found["boundaries"] > 20
    if stretch == 1.0:
        assert (found["within_30_ms"], found["p95_ms"], found["length_error_ms"]) == (1.0, 0.0, 0.0)
    else:
        assert (
            found["within_30_ms_at_intensity_0"] < 0.5
            and found["within_30_ms"] < 0.5
            and found["median_ms"] < found["p95_ms"]
        )
        assert found["length_error_ms"] == pytest.approx(250, abs=2)

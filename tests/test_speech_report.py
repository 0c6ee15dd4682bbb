"""The report of speech, on made-up recordings and a stand-in backend."""

from __future__ import annotations

import csv
import json
from types import SimpleNamespace

import numpy as np
import pytest
from made_up_voice import RATE, make_voice, needs_evaluator, needs_resemblyzer

from studio.evaluation import speech_audio as audio
from studio.evaluation.speech_evaluator import LABELS


@pytest.fixture(scope="module")
def small_data(tmp_path_factory):
    """Data sets of the shape of the real ones, with made-up voices in them."""
    folder = tmp_path_factory.mktemp("data")
    names = [f"p{k}" for k in range(400)]
    made = [audio.Recording(folder / "x.wav", "", "kathleen", "", prompt=name) for name in names]
    held = [take.prompt for take in made if audio.is_held_out(take)][:2]
    prompts = [*held, "p0", "p1", "p2"]
    texts = [
        "The dog ran by the door.",
        "A cat sat in the rain.",
        "The cat ran home again.",
        *["Hello old dog."] * 2,
    ]
    kathleen = [
        {"speaker": "kathleen", "emotion": "neutral", "transcript": text, "language": "en-US"}
        | {"prompt": prompt, "f0": 200 + 5 * at}
        for at, (prompt, text) in enumerate(zip(prompts, texts, strict=True))
    ]
    acted = [
        {"speaker": speaker, "emotion": emotion, "intensity": strong, "transcript": "Dogs sit.", "take": "1"}
        | {"f0": hz * (1 + 0.1 * at)}
        for speaker, hz in (("actor_01", 120), ("actor_02", 210))
        for at, (emotion, strong) in enumerate(
            [("neutral", "normal"), *((name, "strong") for name in ("angry", "happy", "sad", "fearful"))]
        )
    ]
    write_corpus(folder / "kathleen-arctic-en", kathleen)
    write_corpus(folder / "ravdess-speech-en-NC", acted)
    return folder


def write_corpus(folder, rows):
    import soundfile

    folder.mkdir()
    names = ["file", "speaker", "emotion", "intensity", "transcript", "language", "prompt", "take", "f0"]
    with open(folder / "metadata.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, names)
        table.writeheader()
        for at, values in enumerate(rows):
            table.writerow({"file": f"{at}.wav", **values})
            soundfile.write(folder / f"{at}.wav", make_voice(values["f0"], 1.2, seed=at), RATE)


class StandIn:
    """Makes a voice that rises and brightens as it is asked to, without a model."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, modality, *, text, voice, emotion, intensity, seed, duration_s=1.2, **rest):
        self.calls += 1
        f0 = 200 + 80 * intensity * (emotion != "sad")
        sound = make_voice(f0, duration_s, seed=seed)
        return SimpleNamespace(media=SimpleNamespace(samples=sound[None], sample_rate=RATE))


@needs_resemblyzer
@needs_evaluator
@pytest.mark.thorough
def test_report_on_a_stand_in_is_written_and_goes_on(small_data, tmp_path):
    from studio.evaluation.speech_report import evaluate_speech

    stand_in, steps = StandIn(), []
    asked = {
        "data_dir": small_data,
        "out_dir": tmp_path,
        "voices": ["kathleen"],
        "quick": True,
        "generate": stand_in,
        "sections": ("actors", "dial", "duration", "leak"),
        "codes": lambda: {
            "speaker from emotion": (np.random.default_rng(0).normal(size=(40, 4)), ["a", "b"] * 20)
        },
    }
    results = evaluate_speech(**asked, on_step=lambda *step: steps.append(step))
    assert steps[-1][0] == steps[-1][1]
    found = results["voices"]["kathleen"]
    assert set(LABELS) <= set(found["dial"]) and len(found["dial"]["sad"]["score"]) == 5
    assert found["duration"]["most_ms"] < 1 and found["dial"]["sad"]["similarity"][0] == pytest.approx(
        1, abs=1e-3
    )
    assert 0 < results["actors"]["mean"] <= 1 and results["leak"]["speaker from emotion"]["chance"] == 0.5
    assert {entry["passed"] for entry in results["targets"].values()} <= {True, False}
    assert json.loads((tmp_path / "report.json").read_text())["targets"] == results["targets"]
    text = (tmp_path / "report.md").read_text()
    assert "| kathleen, sad: Spearman rho of the dial |" in text and "Linear probe" in text
    assert (tmp_path / "dial-kathleen.png").stat().st_size > 1000
    made = stand_in.calls
    assert evaluate_speech(**asked)["targets"] == results["targets"] and stand_in.calls == made
    assert not list(tmp_path.rglob("*.part*"))


@needs_evaluator
def test_report_refuses_bad_input(small_data):
    from studio.evaluation.speech_report import evaluate_speech

    with pytest.raises(ValueError, match="expected sections"):
        evaluate_speech(data_dir=small_data, sections=("song",))
    with pytest.raises(ValueError, match="at least 1 clip"):
        evaluate_speech(data_dir=small_data, clips=0)
    with pytest.raises(ValueError, match="expected a voice out of"):
        evaluate_speech(data_dir=small_data, voices=("nobody",), sections=("duration",), generate=StandIn())
    with pytest.raises(FileNotFoundError, match="kerstin-de"):
        evaluate_speech(data_dir=small_data, voices=("kerstin",), sections=("duration",), generate=StandIn())

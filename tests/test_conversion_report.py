"""The report of conversion from made-up results, and what the calibration asks for."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from generators.media import Audio
from studio.evaluation import conversion_ear, conversion_voices
from studio.evaluation.conversion_people import Person
from studio.evaluation.conversion_report import evaluate_conversion, range_share, report_text, targets_of
from studio.evaluation.conversion_trials import MOVING
from studio.evaluation.speech_audio import Recording
from studio.evaluation.speech_trials import write_sound

LEVELS = [0.0, 0.25, 0.5, 0.75, 1.0]


def results(named: float = 0.8, last: float = 1.0, word_error: float = 0.3) -> dict:
    row = {
        "levels": LEVELS,
        "named": [0.0, 0.1, 0.3, 0.5, named],
        "score": [-1.0, -0.5, 0.0, 0.5, last],
        "rho": 1.0,
        "similarity": [0.9, 0.85, 0.8, 0.75, 0.7],
    }
    dial = {"source": {"score": dict.fromkeys(MOVING, -1.0)}, **{name: dict(row) for name in MOVING}}
    real = {name: {"named": 0.9, "score": 1.5, "clips": 9} for name in MOVING}
    words = {"source": 0.24, **{name: [0.25, 0.26, 0.28, word_error] for name in MOVING}}
    return {
        "people": {"real": real, "real_similarity": dict.fromkeys(MOVING, 0.65), "dial": dial},
        "readers": {"kathleen": {"dial": dial, "words": words}},
        "timing": {
            "boundaries": 10,
            "within_30_ms": 0.99,
            "median_ms": 0.0,
            "p95_ms": 10.7,
            "length_error_ms": 0.0,
        },
        "voices": {"similarity to unheard people: real, another line": 0.8},
    }


def test_targets_say_what_is_reached_and_what_is_not():
    targets = targets_of(results())
    assert targets["unheard people, angry: named at intensity 1"]["passed"]
    assert targets["unheard people, sad: range of the score, share of real"]["value"] == pytest.approx(0.8)
    assert targets["kathleen, happy: word error, worst level"]["passed"]
    assert not targets["timing kept: phone boundaries within 30 ms"]["passed"]
    worse = targets_of(results(named=0.7, last=0.0, word_error=0.4))
    for name in ("named at intensity 1", "range of the score, share of real"):
        assert not worse[f"unheard people, fearful: {name}"]["passed"]
    assert not worse["kathleen, angry: word error, worst level"]["passed"]


def test_the_range_is_a_share_of_the_way_of_real_people():
    row, acted = {"score": [0.0, 1.0]}, {"score": 3.0}
    assert range_share(row, acted, {"source": {"score": {"sad": 1.0}}}, "sad") == pytest.approx(0.5)


def test_the_report_has_a_picture_and_every_part(tmp_path):
    found = results()
    found["targets"] = targets_of(found)
    text = report_text(found, tmp_path)
    assert (tmp_path / "dial.png").stat().st_size > 5000
    for part in (
        "![dial](dial.png)",
        "real angry: named 0.9 of 9 takes",
        "95th percentile 10.7 ms",
        "missed",
    ):
        assert part in text
    bare = report_text({"targets": {}}, tmp_path)
    assert "![dial]" not in bare


def test_wrong_sections_and_counts_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"expected .* got"):
        evaluate_conversion(data_dir=tmp_path, sections=("nonsense",))
    with pytest.raises(ValueError, match="expected at least 1 clip"):
        evaluate_conversion(data_dir=tmp_path, clips=0)


def test_the_ear_asks_for_made_recordings_of_both_readers(monkeypatch, tmp_path):
    said = []

    class Quiet(conversion_ear.ConversionEar):
        def __init__(self):
            self.paths = {}

        def recorded(self, at):
            said.append(at)
            return f"{at}.flac"

    ear = Quiet()
    assert ear.request(3) == {"audio": "3.flac"} == ear.request(3)
    assert ear.request(4) == {"audio": "4.flac"} and said == [3, 4]


def test_a_lent_voice_is_compared_with_takes_of_other_lines(tmp_path):
    rows = []
    for number, line in enumerate(("one", "one", "two")):
        path = tmp_path / f"{number}.flac"
        write_sound(path, np.full(8000, 0.1 * (number + 1)), 8000)
        rows.append(Recording(path, "made", "ann", "neutral", prompt=line, language="en-US"))
    asked = []

    def generate(medium, **request):
        asked.append((medium, request))
        media = Audio(np.full((1, 4000), 0.3, np.float32), 8000)
        return SimpleNamespace(media=media)

    def embed(samples, rate):
        found = np.array([np.abs(samples).mean(), 1.0])
        return found / np.linalg.norm(found)

    encoder = SimpleNamespace(embed=embed)
    person = Person("ann", rows, [], [], np.zeros(1))
    found = conversion_voices.run_voices(generate, [person], encoder, seed=0)
    assert len(found) == 4 and all(0.9 < value <= 1.0 for value in found.values())
    assert [medium for medium, _ in asked[:3]] == ["speech", "speech", "conversion"]
    assert asked[0][1]["voice"].endswith("ann.flac") and asked[1][1]["voice"] == "kathleen"
    alone = Person("bob", rows[:2], [], [], np.zeros(1))
    assert conversion_voices.run_voices(generate, [alone], encoder, seed=0) == {}

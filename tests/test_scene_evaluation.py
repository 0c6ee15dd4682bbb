"""What is measured of scenes: readings as places, the shares that are counted, the report; nothing is generated."""

from __future__ import annotations

import numpy as np
import pytest

from studio.evaluation import scene_report, scene_trials
from studio.evaluation.options import MEASURED, imported
from studio.evaluation.scene_readers import (
    ASKED,
    LABELS,
    MEDIA,
    Seen,
    place_of,
    read_place,
    rest_of,
    together,
    window,
)
from studio.evaluation.scene_report import evaluate_scene, worths
from studio.evaluation.scene_sets import COURSES, SCRIPTS


def sure_of(medium: str, label: str | None, share: float = 0.97) -> np.ndarray:
    """(K,) chances; even where there is no label."""
    count = len(LABELS[medium])
    if label is None:
        return np.full(count, 1 / count)
    found = np.full(count, (1 - share) / (count - 1))
    found[LABELS[medium].index(label)] = share
    return found


class Stage:
    """Scenes that are their own reading: `made` is the feeling itself."""

    def short(self, name, emotion, intensity=1.0):
        return emotion

    def calm(self):
        return "neutral"

    def long(self, course):
        return course


@pytest.fixture
def staged(monkeypatch):
    """Every medium shows what was asked for, the body happiness where it was sadness."""

    def chances(seen, rest):
        rows = {}
        for medium in MEDIA:
            words = [ASKED[seen][medium]] * 3 if seen in ASKED else ["sad", "neutral", "happy"]
            if seen not in ASKED:
                words = [ASKED[word][medium] for word in words]
            if medium == "body" and seen == "sad":
                words = ["happy"] * 3
            rows[medium] = np.stack([sure_of(medium, word) for word in words])
        return rows

    monkeypatch.setattr(scene_trials, "seen_in", lambda made: made)
    monkeypatch.setattr(scene_trials, "rest_of", lambda calm, speech: None)
    monkeypatch.setattr(scene_trials, "chances", chances)
    monkeypatch.setattr(scene_trials, "heard_whole", lambda seen: chances(seen, None)["music"][0])
    monkeypatch.setattr(
        scene_trials, "asked_places", lambda made: [place_of("sad"), (0.0, 0.0), place_of("happy")]
    )
    return Stage()


def measured(staged, tmp_path, **rest):
    return evaluate_scene(data_dir=tmp_path, sets=staged, reference=lambda voice: None, **rest)


def test_what_is_read_is_counted_with_the_face_once(staged, tmp_path):
    found = measured(staged, tmp_path, clips=2)["labels"]
    assert len(found["scenes"]) == 2 * len(ASKED)
    # 4 + 4 + 4 + 3 + 3 media of five feelings have a word; one of them is wrong.
    assert found["named"]["all"] == pytest.approx(17 / 18, abs=1e-3)
    assert found["named"]["body"] == 0.75 and found["named"]["sad"] == 0.75 and found["named"]["face"] == 1
    assert found["scenes"][0]["read"]["speech"]["lines"] == ["angry"] * 3
    assert found["distance"]["face"] < 0.05 < found["distance"]["body"] < found["other emotion"]


def test_a_course_is_followed(staged, tmp_path):
    found = measured(staged, tmp_path, sections=("courses",), quick=True)["courses"]
    assert found["correlation"]["speech"]["valence"] > 0.95 and found["together"]["arousal"] > 0.9
    assert found["lines"] == 3 and set(found["between"]) >= {"speech, body", "frames, music"}
    assert "face, frames" not in found["between"]


def test_a_report_is_written_with_what_the_evaluators_are_worth(staged, tmp_path):
    heard = []
    results = measured(
        staged, tmp_path, out_dir=tmp_path / "out", on_step=lambda *step: heard.append(step), clips=1
    )
    text = (tmp_path / "out" / "report.md").read_text()
    assert set(results["targets"]) == {
        "the asked label read back, share of media",
        "valence-arousal distance to what was asked, mean",
    }
    assert "**happy**" in text and "speech-evaluator" not in text and "unseen" in text
    assert all((tmp_path / "out" / name).stat().st_size > 5000 for name in ("planes.png", "courses.png"))
    assert all(0 < value <= 1 for figures in worths().values() for value in figures.values())
    assert set(worths()) == set(MEDIA) and all(worths().values())


def test_what_cannot_be_measured_is_refused(tmp_path):
    with pytest.raises(ValueError, match="expected 1 to 4 clips, got 9"):
        evaluate_scene(data_dir=tmp_path, clips=9)
    with pytest.raises(ValueError, match="expected sections out of labels, courses"):
        evaluate_scene(data_dir=tmp_path, sections=("taste",))
    assert imported(MEASURED["scene"].report) is scene_report.evaluate_scene and not MEASURED["scene"].ear


def test_a_reading_is_the_mean_of_the_labels_places():
    for medium in MEDIA:
        for asked, words in ASKED.items():
            if words[medium] is not None:
                found = read_place(medium, sure_of(medium, words[medium], 1.0))
                assert found == pytest.approx(place_of(words[medium]))
                assert np.linalg.norm(found - place_of(asked)) < 0.3
    assert np.abs(read_place("music", np.full(4, 0.25))).max() < 0.01


def test_a_scene_is_the_mean_of_its_lines():
    rows = np.array([[0.8, 0.1, 0.1], [0.4, 0.5, 0.1]])
    assert together(rows).argmax() == 0 and together(rows).sum() == pytest.approx(1)


def test_music_is_heard_around_a_line_and_never_for_a_moment():
    notes = np.stack([np.arange(40.0), np.ones(40), np.full(40, 60), np.full(40, 64)], 1)
    seen = Seen([], [], [], [], notes, [], 40.0)
    assert window(seen, 20.0, 21.0)[:, 0].tolist() == list(np.arange(16.0, 26.0))
    assert window(seen, 0.5, 1.5)[:, 0].tolist() == list(np.arange(0.0, 10.0))
    assert len(window(seen, 5.0, 25.0)) == 20


def test_a_body_is_compared_with_other_lines_of_the_same_person():
    body = [np.full(3, float(value)) for value in (1, 2, 6)]
    face = [np.zeros((4, 52))] * 3
    marks = [np.random.default_rng(at).normal(size=(2, 478, 3)) for at in range(3)]
    rest = rest_of(Seen([np.ones(5)] * 3, face, marks, body, np.zeros((0, 4)), [], 1.0))
    assert [row[0] for row in rest.body] == [4.0, 3.5, 1.5]


def test_scripts_are_of_voices_that_have_recordings():
    from studio.evaluation.speech_trials import CORPORA

    assert {voice for voice, _ in SCRIPTS.values()} <= set(CORPORA)
    assert all(0 <= share <= 1 for course in COURSES.values() for share, _ in course)

"""Scenes: what is made of what, when, and with which feeling; the parts are stand-ins' where weights are slow."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from scene_material import QUICK, TEXT, backend_in, staged

from conditioning import EmotionCurve
from generators.base import Cancelled, build
from generators.media import Audio, Mark
from studio.dubbing.loudness import loudness_of
from studio.export import recipe_of, save
from studio.formats import format_of
from studio.scene.backend import SceneBackend
from studio.scene.mixing import RATE, Voice, ducking, mixed
from studio.scene.scene import Scene


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("scene")


@pytest.fixture(scope="module")
def scene(folder):
    """A scene of two people that is made once."""
    with staged(folder):
        yield made(backend_in(folder))


def made(backend, text=TEXT, emotion=((0.0, "calm"), (4.0, "anger")), on_step=None, **options) -> Scene:
    names = {field for field in backend.Prompt.__dataclass_fields__}
    prompt = {"text": text, **{name: options.pop(name) for name in list(options) if name in names}}
    return backend.generate(
        build(backend.Prompt, {name: value for name, value in prompt.items() if value}),
        EmotionCurve.parse(list(emotion) if isinstance(emotion, tuple) else emotion),
        build(backend.Options, {**QUICK, **options}),
        on_step=on_step,
    )


def test_shots_fill_the_film_and_hold_their_lines(scene):
    assert [shot.speaker for shot in scene.shots] == ["ANNA", "BEN", "ANNA"]
    assert scene.shots[0].start_s == 0 and scene.shots[-1].end_s == pytest.approx(scene.duration_s)
    for shot, following in zip(scene.shots, scene.shots[1:], strict=False):
        assert shot.end_s == following.start_s
    for shot in scene.shots:
        assert shot.start_s <= shot.speech_s < shot.silent_s <= shot.end_s
        assert set(shot.parts) == {"speech", "portrait", "gesture"}
        assert all(Path(path).is_file() for path in shot.parts.values())
    assert (scene.width, scene.height, scene.sample_rate) == (640, 360, RATE)


def test_the_curve_reaches_every_part(scene):
    first, last = scene.shots[0], scene.shots[-1]
    assert first.valence > 0.2 > last.valence and last.arousal > first.arousal
    for shot in (first, last):
        at = [row[1:] for row in scene.emotion_track if shot.speech_s <= row[0] < shot.silent_s]
        assert np.mean(at, axis=0) == pytest.approx([shot.valence, shot.arousal], abs=0.1)
        for path in shot.parts.values():
            felt = EmotionCurve.parse(recipe_of(path)["emotion"])
            assert felt.keyframes[0][0] == 0
    assert len(EmotionCurve.parse(recipe_of(scene.score)["emotion"]).keyframes) > 1


def test_a_line_with_a_feeling_of_its_own_keeps_it(scene):
    ben = scene.shots[1]
    assert ben.own and ben.feeling == "joy (0.8)" and ben.valence > 0.4
    assert not scene.shots[0].own


def test_words_are_where_they_are_heard(scene):
    words = [mark for mark in scene.marks if mark.kind == "word"]
    assert words[0].start_s == pytest.approx(scene.shots[0].speech_s, abs=1e-3)
    assert [mark.start_s for mark in words] == sorted(mark.start_s for mark in words)


def test_it_is_as_loud_as_asked(scene):
    sound = np.concatenate(list(scene.sound()), axis=1)
    lufs, dbtp = loudness_of(sound, RATE)
    assert abs(lufs + 23) < 0.5 and dbtp < -0.7


def test_the_same_again_makes_nothing_anew_and_gives_the_same_bytes(scene, folder, monkeypatch):
    backend = backend_in(folder)
    monkeypatch.setattr(backend.studio, "make", lambda *args, **rest: pytest.fail("made again"))
    assert Path(made(backend).file).read_bytes() == Path(scene.file).read_bytes()


def test_other_takes_of_some_parts_make_those_alone(scene, folder):
    again = made(backend_in(folder), takes='{"2 gesture": 1, "score": 2}')
    differing = [name for name, path in again.parts.items() if path != scene.parts[name]]
    assert differing == ["2 gesture", "score"]


def test_a_changed_line_leaves_the_others(scene, folder):
    again = made(backend_in(folder), text=TEXT.replace("Why now?", "Why this?"), score=False)
    same = {name for name, path in again.parts.items() if scene.parts.get(name) == path}
    assert {"1 speech", "2 speech", "2 portrait", "2 gesture"} <= same
    assert "3 speech" not in same


def test_it_can_be_cancelled_and_goes_on_from_there(folder, tmp_path):
    heard = []

    def stop(step, total):
        heard.append((step, total))
        if step > total // 2:
            raise Cancelled

    backend = backend_in(tmp_path)
    with pytest.raises(Cancelled):
        made(backend, on_step=stop)
    steps = [step for step, _ in heard]
    assert steps[0] >= 1 and steps == sorted(steps) and len({total for _, total in heard}) == 1
    finished = []
    made(backend, text=TEXT, on_step=lambda step, total: finished.append((step, total)))
    assert finished[-1][0] == finished[-1][1]


def test_every_form_is_written_and_read_back(scene, tmp_path):
    known = format_of(Scene)
    for suffix in (".png", ".srt", ".vtt", ".zip", ".mp4", ".json"):
        assert save(scene, tmp_path / f"scene{suffix}", recipe={"modality": "scene"}).stat().st_size > 100
    again = known.read(tmp_path / "scene.mp4", {"modality": "scene"})
    assert again.shots == scene.shots and again.parts == scene.parts and again.script == scene.script
    assert again.num_frames == scene.num_frames
    assert recipe_of(tmp_path / "scene.zip") == {"modality": "scene"}
    text = (tmp_path / "scene.srt").read_text()
    assert "I can't believe you came." in text
    rows = json.loads(scene.script)["lines"]
    assert rows[1]["speaker"] == "BEN" and rows[1]["start"] == pytest.approx(
        scene.shots[1].speech_s, abs=1e-3
    )


def test_the_archive_has_all_parts_and_names_what_is_missing(scene, tmp_path):
    from dataclasses import replace

    gone = replace(scene.shots[0], parts={**scene.shots[0].parts, "portrait": str(tmp_path / "gone.mp4")})
    path = save(replace(scene, shots=(gone, *scene.shots[1:])), tmp_path / "parts.zip")
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        about = json.loads(archive.read("scene.json"))
    assert {
        "speech/001-anna.wav",
        "gesture/002-ben.bvh",
        "score/score.mid",
        "score/score.wav",
        "mix.wav",
    } <= names
    assert {"scene.mp4", "storyboard.png", "scene.srt", "script.json"} <= names
    assert about["missing"] == ["1 portrait"]
    assert about["shots"][1]["parts"]["gesture"] == "gesture/002-ben.npz"


def test_the_written_script_can_be_dubbed(scene, tmp_path):
    from studio.dubbing.script import read_script

    (tmp_path / "s.json").write_text(scene.script, encoding="utf-8")
    lines = read_script(tmp_path / "s.json").lines
    assert [line.text for line in lines] == [shot.text for shot in scene.shots]
    assert not any(line.error for line in lines)


def test_cues_of_a_script_are_met(folder, tmp_path):
    script = tmp_path / "cues.srt"
    script.write_text(
        "1\n00:00:02,000 --> 00:00:03,500\n[sad 0.7] Come in.\n\n2\n00:00:05,000 --> 00:00:06,000\nSit down.\n"
    )
    with staged(tmp_path):
        found = made(backend_in(tmp_path), text="", script=str(script), shows="portrait", score=False)
    assert [shot.speech_s for shot in found.shots] == pytest.approx([2.0, 5.0], abs=0.02)
    assert found.shots[0].own and "gesture" not in found.shots[0].parts and not found.score


def test_the_music_goes_down_under_a_voice_and_comes_back():
    times, levels = ducking([(2.0, 3.0), (3.4, 5.0), (9.0, 10.0)], -12.0)
    assert times == sorted(times)
    at = np.interp([0.0, 2.0, 3.2, 5.0, 7.5, 9.5, 12.0], times, levels)
    assert at.tolist() == pytest.approx([0, -12, -12, -12, 0, -12, 0])


def test_a_voice_is_mixed_where_it_belongs_and_to_its_side():
    tone = Audio(0.1 * np.ones((1, 2400), np.float32), 24_000, (Mark(0.0, 0.1, "a", "word"),))
    voices = [Voice(1.0, lambda: tone, 0.0, 0.5, (1.0, 1.1))]
    sound = mixed(voices, None, 2.0, score_db=-9, duck_db=-12, loudness_lufs=-70, peak_dbtp=-1).samples
    loud = np.abs(sound).sum(0) > 1e-3
    assert abs(loud.argmax() - RATE) < 40 and sound.shape == (2, 2 * RATE)
    assert np.abs(sound[1]).max() > np.abs(sound[0]).max()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"text": ""}, "expected a script or text, got neither"),
        ({"text": "ANNA: Hi.", "script": "a.txt"}, "expected a script or text, got both"),
        ({"text": "ANNA: Hi.", "voice": "nobody"}, "expected a voice such as"),
        ({"text": "# nothing"}, "at least one line that is said"),
        ({"text": "ANNA: [sda 0.7] Hi."}, "row 1: expected a feeling"),
        ({"text": "ANNA: Hi.", "speaker_emotions": '{"BEN": "sad"}'}, "expected speakers out of ANNA"),
        ({"text": "ANNA: Hi.", "speaker_emotions": "[]"}, "expected speaker_emotions like"),
    ],
)
def test_bad_prompts_are_refused_before_anything_is_made(arguments, message):
    with pytest.raises(ValueError, match="expected") as error:
        SceneBackend.check(build(SceneBackend.Prompt, arguments), build(SceneBackend.Options, {}))
    assert message in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    "takes", ['{"2 voice": 1}', '{"score": -1}', '{"score": 1.5}', "[1]", "{", '{"x gesture": 1}']
)
def test_bad_takes_are_refused(takes):
    prompt = build(SceneBackend.Prompt, {"text": "ANNA: Hi."})
    with pytest.raises(ValueError, match="takes"):
        SceneBackend.check(prompt, build(SceneBackend.Options, {"takes": takes}))


def test_the_take_of_the_music_is_used_that_is_read_nearest(folder, tmp_path, monkeypatch):
    from studio.scene import parts

    def read(path):
        """Gives the asked place for the second take alone."""
        import torch

        seed = recipe_of(path)["options"]["seed"]
        return torch.zeros(3) if seed == parts.AUDITION_STEP else torch.ones(3)

    monkeypatch.setattr(parts, "read_part", read)
    with staged(tmp_path):
        found = made(backend_in(tmp_path), text="ANNA: Hi.", emotion="neutral", score_takes=3)
        assert recipe_of(found.score)["options"]["seed"] == parts.AUDITION_STEP
        assert "music-encoder" in found.provenance["weights"]
        free = made(
            backend_in(tmp_path), text="ANNA: Hi.", emotion="neutral", score_takes=3, checkpoint="speech-base"
        )
    assert recipe_of(free.score)["options"]["checkpoint"] == "music-base"
    assert "music-encoder" not in free.provenance["weights"]


def test_another_line_before_it_makes_no_line_anew(scene, folder):
    again = made(backend_in(folder), text="ANNA: Ben!\n" + TEXT, score=False)
    assert again.parts["3 speech"] == scene.parts["2 speech"]

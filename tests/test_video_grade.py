"""Grading films: what stays to the bit, what changes over time, tempo with its sound, and what is refused."""

from __future__ import annotations

import gc
import tempfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from film_material import foreign_film, held, pictures, tone
from PIL import Image

from conditioning import EmotionCurve
from conditioning.encoders.video_file import open_video
from generators.base import Cancelled
from generators.media import Audio, Video
from generators.moving_picture import VideoWriter
from generators.video.attributes import measured_film
from generators.video.grade import even_size, grade, graded_frames
from generators.video.grade_copy import copied
from generators.video.grade_course import Course
from generators.video.grade_motion import Retiming, retimed
from generators.video.grade_sound import stretched
from generators.video.options import VideoOptions, VideoPrompt

OPTIONS = VideoOptions(task="grade")
SIZE, RATE = (64, 48), 20.0


def written(path: Path, frames: np.ndarray, rate: float = RATE, audio: Audio | None = None) -> Path:
    size = frames.shape[2], frames.shape[1]
    with VideoWriter(size, rate, audio) as writer:
        writer.write(frames)
        film = writer.finish()
    path.write_bytes(Path(film.file).read_bytes())
    return path


@pytest.fixture(scope="module")
def still(tmp_path_factory) -> Path:
    """Two seconds in which nothing moves."""
    frame = np.random.default_rng(0).integers(40, 200, (6, 8, 3)).repeat(8, 0).repeat(8, 1)
    return written(
        tmp_path_factory.mktemp("still") / "still.mp4", np.tile(frame.astype(np.uint8), (40, 1, 1, 1))
    )


@pytest.fixture(scope="module")
def moving(tmp_path_factory) -> Path:
    """Two seconds that get lighter, with a tone."""
    return written(tmp_path_factory.mktemp("moving") / "moving.mp4", pictures(40, SIZE), audio=tone(2.0))


def graded_by(
    path: Path, emotion, options: VideoOptions = OPTIONS, intensity: float = 1.0, on_step=None
) -> Video:
    return grade(VideoPrompt(video=str(path)), EmotionCurve.parse(emotion, intensity), options, on_step)


def handed_over(path: Path, emotion, options: VideoOptions = OPTIONS, intensity: float = 1.0) -> np.ndarray:
    """Gives the frames as the encoder gets them."""
    source = open_video(path)
    course = Course(EmotionCurve.parse(emotion, intensity), source, options)
    return np.stack(list(graded_frames(source, course, course.retiming(), even_size(source))))


def decoded(path: Path) -> np.ndarray:
    return np.concatenate(list(open_video(path).frames()))


@pytest.mark.parametrize(
    ("emotion", "intensity", "dials"),
    [
        ("fear", 0.0, {}),
        ("neutral", 1.0, {}),
        ([(0, "neutral"), (1, "neutral")], 1.0, {}),
        ("joy", 1.0, dict.fromkeys(("brightness", "contrast", "colour", "hue"), 0.0)),
    ],
)
def test_at_zero_every_frame_stays_to_the_bit(moving, emotion, intensity, dials):
    options = replace(OPTIONS, **{f"grade_{name}": value for name, value in dials.items()})
    assert np.array_equal(handed_over(moving, emotion, options, intensity), decoded(moving))


def test_at_zero_the_film_itself_is_copied(moving, tmp_path):
    source, film = open_video(moving), graded_by(moving, "fear", intensity=0.0)
    assert np.array_equal(np.concatenate(list(film.frames())), decoded(moving))
    for one, two in zip(film.sound(), source.sound(), strict=True):
        assert np.array_equal(one, two)
    # What is not as ours is encoded anew, from the very frames.
    turned = held(foreign_film(tmp_path / "turned.mp4", [0, 40, 50, 130, 200]), (0, 1, -1, 0))
    other = foreign_film(tmp_path / "other.mkv", [0, 40, 80], codec="ffv1")
    for path in (turned, other):
        assert copied(open_video(path)) is None
        found = graded_by(path, "neutral")
        assert np.array_equal(handed_over(path, "neutral"), decoded(path))
        assert (
            found.num_frames == len(decoded(path)) and found.frame_rate == open_video(found.file).frame_rate
        )


def test_a_film_keeps_its_size_rate_length_and_sound(moving):
    steps = []
    film = graded_by(moving, "joy", on_step=lambda step, total: steps.append((step, total)))
    assert (film.width, film.height, film.frame_rate, film.num_frames) == (*SIZE, RATE, 40)
    sound = np.concatenate(list(film.sound()), axis=1)
    assert film.sample_rate == 24000 and abs(sound.shape[1] - 48000) < 2400
    assert steps == [(number, 5) for number in range(1, 6)]
    assert film.emotion_track[0][1] > 0.7 and not film.warnings
    assert film.provenance["modality"] == "video" and film.provenance["options"]["task"] == "grade"
    brighter = measured_film(film.frames(), RATE).brightness
    assert brighter > measured_film(open_video(moving).frames(), RATE).brightness + 0.02


def test_the_same_request_gives_the_same_bytes(moving):
    one, two = (graded_by(moving, [(0, "calm"), (2, "angry")]) for _ in range(2))
    assert Path(one.file).read_bytes() == Path(two.file).read_bytes()


def test_what_stands_still_does_not_flicker(still):
    """Of a feeling that stays the frames are alike; of one that changes, neighbours differ by a shade."""
    source = decoded(still)
    same = handed_over(still, "fear")
    for before, after, one, two in zip(same, same[1:], source, source[1:], strict=False):
        assert not np.array_equal(one, two) or np.array_equal(before, after)
    changing = handed_over(still, [(0, "calm"), (1, "calm"), (1.001, "angry")]).astype(int)
    steps = [np.abs(two - one).mean() for one, two in pairwise(changing)]
    whole = np.abs(changing[-1] - changing[0]).mean()
    assert whole > 10 and max(steps) < 0.15 * whole


def test_the_grade_follows_the_curve(still):
    frames = handed_over(still, [(0, "joy"), (0.5, "joy"), (1.5, "sad")])
    shades = [measured_film([frames[at : at + 4]], RATE) for at in (0, 18, 36)]
    for name in ("brightness", "colourfulness"):
        values = [getattr(shade, name) for shade in shades]
        assert values[0] > values[1] > values[2], name
    alone = handed_over(still, "sad")
    assert np.abs(frames[-1].astype(int) - alone[-1]).max() <= 1


def test_a_film_becomes_what_is_asked_for(still):
    asked = replace(OPTIONS, brightness=0.35, colourfulness=0.3, hue=210.0)
    found = measured_film([handed_over(still, "neutral", asked)], RATE)
    assert found.brightness == pytest.approx(0.35, abs=0.02)
    assert found.colourfulness == pytest.approx(0.3, abs=0.03)
    assert found.hue == pytest.approx(210, abs=8)
    # The emotion moves around what is asked for, not away from it.
    sad = measured_film([handed_over(still, "sad", replace(OPTIONS, brightness=0.6))], RATE)
    assert sad.brightness == pytest.approx(0.6, abs=0.02)


def test_tempo_takes_pictures_and_sound_along(moving):
    options = replace(OPTIONS, grade_tempo=2.0)
    fast, slow = (graded_by(moving, name, options) for name in ("excitement", "calm"))
    kept = graded_by(moving, "excitement")
    assert fast.num_frames < kept.num_frames - 5 and kept.num_frames + 5 < slow.num_frames
    for film in (fast, slow):
        length = sum(block.shape[1] for block in film.sound()) / film.sample_rate
        assert abs(length - film.duration_s) < 0.1
        # The film gets lighter over its whole length, faster or slower.
        greys = np.concatenate(list(film.frames()))[:, 24:32, 24:40].mean((1, 2, 3))
        assert (np.diff(greys) > -1).all() and greys[-1] > greys[0] + 100


def test_flash_and_click_stay_together(tmp_path):
    frames = np.full((80, 48, 64, 3), 30, np.uint8)
    sound = np.zeros((1, 96000), np.float32)
    for second in (1, 2, 3):
        frames[20 * second] = 220
        sound[0, 24000 * second : 24000 * second + 600] = 0.5
    path = written(tmp_path / "clicks.mp4", frames, audio=Audio(sound, 24000))
    curve = [(0, "calm"), (2, ("excitement", 1.5)), (4, "sad")]
    film = graded_by(path, curve, replace(OPTIONS, grade_tempo=2.0))
    light = np.concatenate(list(film.frames())).mean((1, 2, 3))
    heard = np.abs(np.concatenate(list(film.sound()), axis=1)[0])
    flashes = [at / RATE for at in range(1, len(light)) if light[at] - light[at - 1] > 60]
    loud = np.flatnonzero(heard > 0.15) / 24000
    clicks = [time for before, time in pairwise([-1.0, *loud.tolist()]) if time - before > 0.2]
    assert len(flashes) == len(clicks) == 3
    assert np.abs(np.array(flashes) - clicks).max() < 0.5 / RATE + 0.03


def test_retiming_goes_there_and_back():
    retiming = Retiming(np.array([1.0, 1.4, 0.7, 1.0]), 0.5)
    times = np.linspace(0, 4, 33)
    assert np.abs(retiming.to_source(retiming.to_result(times)) - times).max() < 1e-2
    assert (np.diff(retiming.to_result(times)) > 0).all()
    frames = [np.full((2, 2, 3), number, np.uint8) for number in range(20)]
    kept = [(int(frame[0, 0, 0]), time) for frame, time in retimed(frames, 10.0, None)]
    assert kept == [(number, number / 10) for number in range(20)]
    half = [int(frame[0, 0, 0]) for frame, _ in retimed(frames, 10.0, Retiming(np.array([0.5]), 0.25))]
    assert half == sorted(half) and 39 <= len(half) <= 40 and set(half) == set(range(20))


def test_stretched_sound_keeps_its_pitch_and_itself():
    rate = 16000
    sound = np.tile(np.sin(2 * np.pi * 250 * np.arange(rate * 3) / rate), (2, 1)).astype(np.float32)
    same = np.concatenate(list(stretched(sound, rate, Retiming(np.array([1.0]), 1.0))), axis=1)
    assert np.abs(same - sound).max() < 1e-6
    for tempo in (0.75, 1.3):
        found = np.concatenate(list(stretched(sound, rate, Retiming(np.array([tempo]), 1.0))), axis=1)
        assert found.shape == (2, round(3 / tempo * rate))
        spectrum = np.abs(np.fft.rfft(found[0] * np.hanning(found.shape[1])))
        assert spectrum.argmax() * rate / found.shape[1] == pytest.approx(250, abs=2)


def test_uneven_and_turned_films(tmp_path):
    times = [0, 40, 50, 130, 200, 240, 300, 420]
    path = held(foreign_film(tmp_path / "turned.mp4", times, sound=tone(0.5).samples), (0, 1, -1, 0))
    film = graded_by(path, "sad")
    source = open_video(path)
    assert (film.width, film.height) == (48, 64) == (source.width, source.height)
    assert film.num_frames == len(decoded(path)) and film.has_sound


def test_odd_sides_lose_a_line_and_say_so(tmp_path):
    path = foreign_film(tmp_path / "odd.mkv", [0, 40, 80], size=(65, 49), codec="ffv1")
    film = graded_by(path, "joy")
    assert (film.width, film.height) == (64, 48) and "65 x 49" in film.warnings[0]


def test_a_still_picture_becomes_a_film_of_one_frame(tmp_path):
    path = tmp_path / "still.png"
    Image.fromarray(pictures(3, (128, 96))[1]).save(path)
    film = graded_by(path, "nostalgia")
    assert (film.width, film.height, film.num_frames) == (128, 96, 1)


def test_cancelling_leaves_nothing(moving, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def stop(step: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        graded_by(moving, "fear", on_step=stop)
    gc.collect()
    assert not list(tmp_path.iterdir())


def test_frames_that_were_read_are_let_go(moving):
    """PyAV's frames lie in a ring with their side data once that is asked for, and wait for the collector."""
    gc.collect()
    gc.disable()
    try:
        for _ in open_video(moving).frames(block=1):
            pass
        assert sum(type(one).__name__ == "VideoFrame" for one in gc.get_objects()) < 5
    finally:
        gc.enable()


def test_what_is_no_film_is_refused(tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(64))
    small = foreign_film(tmp_path / "small.mkv", [0, 40], size=(14, 14), codec="ffv1")
    for path, error, words in (
        (tmp_path / "none.mp4", FileNotFoundError, "got no file"),
        (broken, ValueError, "expected a film"),
        (small, ValueError, "14 x 14"),
    ):
        with pytest.raises(error, match=words) as told:
            graded_by(path, "joy")
        assert "\n" not in str(told.value)

"""Frames to films: what goes in comes out, the same bytes every time, nothing is left behind."""

from __future__ import annotations

import gc
import threading
import time
from pathlib import Path

import av
import numpy as np
import pytest
from film_material import MARKS, RATE, SIZE, film, motion, pictures, portrait, tone

from generators.media import Audio, Portrait, Video
from generators.moving_picture import VideoWriter
from generators.visible_mark import VisibleMark


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def all_frames(video):
    return np.concatenate(list(video.frames()))


def all_sound(video):
    return np.concatenate(list(video.sound()), axis=1)


def test_a_film_holds_its_frames_and_its_sound():
    made = film(37, 30.0, tone(37 / 30))
    assert (made.width, made.height, made.num_frames, made.sample_rate) == (*SIZE, 37, RATE)
    assert made.duration_s == pytest.approx(37 / 30) and made.has_sound
    got = all_frames(made)
    error = np.abs(got.astype(int) - pictures(37))
    assert got.shape == (37, 48, 64, 3) and np.median(error) <= 3 and error.mean() < 4
    heard, said = all_sound(made), tone(37 / 30).samples
    # An MP4 counts the length of its sound in milliseconds.
    length = heard.shape[1]
    assert len(heard) == 1 and abs(length - said.shape[1]) <= RATE / 1000
    assert np.corrcoef(heard[0, 2048:], said[0, 2048:length])[0, 1] > 0.999, "sound and pictures are apart"
    np.testing.assert_array_equal(made.stills([5])[0], got[5])


def test_the_same_gives_the_same_bytes():
    first, second = (film(20, 25.0, tone(0.8)) for _ in range(2))
    assert Path(first.file).read_bytes() == Path(second.file).read_bytes()
    assert b"Lavf" not in Path(first.file).read_bytes()


def test_colours_and_codecs_are_told():
    made = film(4, 30.0, tone(1.0))
    with av.open(str(Path(made.file))) as container:
        pictured, heard = container.streams.video[0], container.streams.audio[0]
        assert pictured.codec_context.name == "h264" and heard.codec_context.name == "aac"
        assert pictured.codec_context.pix_fmt == "yuv420p" and pictured.codec_context.colorspace == 1
        # Sound that is longer than the pictures ends with them.
        assert float(heard.duration * heard.time_base) == pytest.approx(4 / 30, abs=1e-3)


@pytest.mark.parametrize(
    ("rate", "channels", "kept"), [(48000, 2, 48000), (8000, 1, 48000), (96000, 3, 48000)]
)
def test_sound_of_any_rate(rate, channels, kept):
    made = film(15, 30.0, tone(0.5, channels, rate))
    assert made.sample_rate == kept and all_sound(made).shape == (min(2, channels), kept // 2)


def test_short_sound_and_odd_rates():
    made = film(31, 29.97, tone(0.2))
    assert made.frame_rate == 29.97 and len(all_frames(made)) == 31
    assert all_sound(made).shape[1] == RATE // 5


def test_sound_from_the_disk_is_taken(tmp_path):
    samples = np.memmap(tmp_path / "long", np.float32, "w+", shape=(RATE, 1))
    samples[:] = tone(1.0).samples.T
    assert all_sound(film(30, 30.0, Audio(samples.T, RATE))).shape == (1, RATE)


def test_other_media_and_fields():
    made = portrait(12)
    assert isinstance(made, Portrait) and isinstance(made, Video) and len(made.motion) == 12
    assert made.marks_of("word") == list(MARKS[:2]) and made.provenance["licence"] == "CC-BY-4.0"
    assert film(3, media=Portrait, motion=motion(3)).identity is None


def test_what_looks_like_an_array_is_frames():
    tensor = type("Tensor", (), {"__array__": lambda self, dtype=None, copy=None: pictures(3)})()
    with VideoWriter(SIZE, 30) as writer:
        writer.write(tensor)
        assert writer.finish().num_frames == 3


def test_the_file_goes_with_the_film(scratch):
    made = film(5)
    path, rest = Path(made.file), made.frames()
    assert path.is_file()
    next(rest)
    del made
    gc.collect()
    assert path.is_file(), "somebody is still reading"
    del rest
    gc.collect()
    assert not list(scratch.iterdir())


def wait_until_empty(folder):
    end = time.monotonic() + 10
    while list(folder.iterdir()):
        assert time.monotonic() < end, "something was left behind"
        gc.collect()
        time.sleep(0.01)


def test_an_unfinished_film_leaves_nothing(scratch):
    before = threading.active_count()
    writer = VideoWriter(SIZE, 30, tone(1.0))
    writer.write(pictures(16))
    del writer
    wait_until_empty(scratch)
    with pytest.raises(RuntimeError, match="stop"), VideoWriter(SIZE, 30) as writer:
        writer.write(pictures(16))
        raise RuntimeError("stop")
    del writer
    wait_until_empty(scratch)
    assert threading.active_count() <= before


def test_the_writer_waits_for_the_encoder():
    writer = VideoWriter((512, 512), 30)
    with writer:
        for _ in range(6):
            writer.write(np.zeros((1, 512, 512, 3), np.uint8))
            assert writer._hand.blocks.qsize() <= 2
        assert writer.finish().num_frames == 6


def test_a_full_disk_is_told(monkeypatch):
    monkeypatch.setattr(
        "generators.moving_picture.as_frame", lambda *given: (_ for _ in ()).throw(OSError("No space left"))
    )
    with (
        VideoWriter(SIZE, 30) as writer,
        pytest.raises(OSError, match=r"expected room for a film .*No space"),
    ):
        for _ in range(50):
            writer.write(pictures(1))
        writer.finish()


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        (np.zeros((2, 64, 48, 3), np.uint8), r"shape \(T, 48, 64, 3\), got uint8 \(2, 64, 48, 3\)"),
        (np.zeros((48, 64, 3), np.uint8), r"got uint8 \(48, 64, 3\)"),
        (np.zeros((2, 48, 64, 3), np.float32), r"got float32"),
    ],
)
def test_other_frames_are_refused(frames, words):
    with VideoWriter(SIZE, 30) as writer, pytest.raises(ValueError, match=words):
        writer.write(frames)


@pytest.mark.parametrize(
    ("size", "rate", "audio", "words"),
    [
        ((63, 48), 30, None, "even sides of 16 to 4096 pixels for a film, got 63 x 48"),
        ((8, 48), 30, None, "got 8 x 48"),
        ((64, 8192), 30, None, "got 64 x 8192"),
        (SIZE, 0, None, "frame rate of 1 to 240 Hz, got 0"),
        (SIZE, float("nan"), None, "frame rate"),
        (SIZE, 1000, None, "frame rate of 1 to 240 Hz, got 1000"),
        (SIZE, 30, Audio(np.zeros((1, 0), np.float32), RATE), "sound with samples"),
    ],
)
def test_impossible_films_are_refused(scratch, size, rate, audio, words):
    with pytest.raises(ValueError, match=words):
        VideoWriter(size, rate, audio)
    assert not list(scratch.iterdir())


def test_nothing_makes_no_film(scratch):
    with VideoWriter(SIZE, 30) as writer:
        with pytest.raises(ValueError, match="expected a writer with frames"):
            writer.finish()
        with pytest.raises(ValueError, match="still takes frames"):
            writer.write(pictures(1))
    del writer
    wait_until_empty(scratch)


@pytest.mark.parametrize("size", [(512, 512), (96, 128), (1920, 1080), (16, 16)])
def test_the_mark_is_small_and_seen(size):
    light = np.full((1, size[1], size[0], 3), 255, np.uint8)
    dark = np.zeros_like(light)
    mark = VisibleMark(size)
    for frames in (light, dark):
        before = frames.copy()
        mark.draw(frames)
        changed = np.argwhere((frames != before).any(axis=-1)[0])
        assert len(changed) and (frames.max() > 200) and np.ptp(frames[0][tuple(changed.T)]) > 60
        if min(size) > 64:
            assert changed[:, 0].min() > 0.85 * size[1] and changed[:, 1].min() > size[0] * 0.3
            assert len(changed) < 0.05 * size[0] * size[1] + 1000


def test_the_mark_is_written_when_asked():
    frames = np.full((3, 128, 128, 3), 128, np.uint8)
    made = []
    for word in ("", "generated"):
        with VideoWriter((128, 128), 30, mark=word) as writer:
            writer.write(frames)
            made.append(all_frames(writer.finish()))
    apart = np.abs(made[0].astype(int) - made[1]).max(axis=(0, 3))
    assert apart[100:, 40:].max() > 60 and apart[:64].max() < 10
    assert (frames == 128).all(), "the caller's frames were drawn on"

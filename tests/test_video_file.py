"""Reading films and pictures: upright, even in time, with their sound; what is wrong in one line."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
import soundfile
from film_material import RATE, SIZE, film, foreign_film, held, pictures, tone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from conditioning.encoders import video_file
from conditioning.encoders.video_file import open_video

EVEN = [round(number * 1000 / 30) for number in range(20)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("films")


@pytest.fixture(scope="module")
def plain(folder):
    return foreign_film(folder / "plain.mp4", EVEN)


def all_frames(opened, **how):
    return np.concatenate(list(opened.frames(**how)))


def greys(frames):
    """Gives the grey in the middle of each frame."""
    return frames[:, SIZE[1] // 2, SIZE[0] // 2].mean(axis=-1)


def test_a_film_is_described_and_read(plain):
    opened = open_video(plain)
    assert (opened.width, opened.height, opened.num_frames) == (*SIZE, 20)
    assert opened.frame_rate == pytest.approx(30, abs=0.05) and opened.sample_rate == 0
    got = all_frames(opened, block=7)
    assert got.shape == (20, 48, 64, 3) and got.dtype == np.uint8
    np.testing.assert_allclose(greys(got), greys(pictures(20)), atol=4)
    assert got[0, 8, 8, 0] > 180 > 90 > got[0, 8, 8, 2] and got[0, -8, -8, 1] > 150
    assert [len(block) for block in opened.frames(block=7)] == [7, 7, 6]


def test_parts_single_frames_and_sizes(plain):
    opened = open_video(plain)
    whole = all_frames(opened)
    np.testing.assert_array_equal(all_frames(opened, start=13, stop=17), whole[13:17])
    np.testing.assert_array_equal(opened.frame(19), whole[19])
    assert opened.frame(0, largest=32).shape == (24, 32, 3)
    with pytest.raises(ValueError, match="expected a frame out of 20, got 40"):
        opened.frame(40)


@pytest.mark.parametrize(("rate", "count"), [(15.0, 10), (60.0, 40), (25.0, 17)])
def test_another_rate_keeps_the_time(plain, rate, count):
    got = all_frames(open_video(plain), frame_rate=rate)
    assert abs(len(got) - count) <= 1
    expected = np.interp(np.arange(len(got)) / rate, np.arange(20) / 30, greys(pictures(20)))
    np.testing.assert_allclose(greys(got), expected, atol=8)


def test_uneven_frames_become_even(folder):
    times = [0, 33, 66, 300, 333, 366, 900]
    opened = open_video(foreign_film(folder / "uneven.mp4", times))
    got = greys(all_frames(opened, frame_rate=10.0))
    known = greys(pictures(7))
    nearest = [known[np.abs(np.array(times) - at).argmin()] for at in range(0, 1000, 100)]
    np.testing.assert_allclose(got, nearest[: len(got)], atol=4)
    assert len(got) in (9, 10)


@pytest.mark.parametrize(
    ("matrix", "size", "red"),
    [
        ((0, 1, -1, 0), (48, 64), "top right"),
        ((-1, 0, 0, -1), (64, 48), "bottom right"),
        ((0, -1, 1, 0), (48, 64), "bottom left"),
        ((-1, 0, 0, 1), (64, 48), "top right"),
    ],
)
def test_it_is_shown_as_it_was_held(folder, matrix, size, red):
    path = folder / f"held{''.join(map(str, matrix))}.mp4"
    opened = open_video(held(foreign_film(path, EVEN[:3]), matrix))
    assert (opened.width, opened.height) == size
    found = opened.frame(1)
    row = slice(None, 12) if "top" in red else slice(-12, None)
    column = slice(None, 12) if "left" in red else slice(-12, None)
    assert found.shape == (size[1], size[0], 3)
    assert (found[row, column, 0] > 150).all() and (found[row, column, 1] < 100).all()


def test_pixels_become_square(folder):
    opened = open_video(foreign_film(folder / "wide.mp4", EVEN[:3], aspect=Fraction(3, 2)))
    assert (opened.width, opened.height) == (96, 48) == opened.frame(0).shape[1::-1]


def test_what_browsers_record_has_no_length(folder):
    path = foreign_film(folder / "live.webm", EVEN, codec="libvpx", options={"live": "1"})
    opened = open_video(path)
    assert opened.num_frames == 20 and opened.frame_rate == pytest.approx(30, abs=0.5)
    assert len(all_frames(opened)) == 20


def test_one_frame_is_a_film(folder):
    assert len(all_frames(open_video(foreign_film(folder / "one.mp4", [0])))) == 1


@pytest.mark.parametrize(("times", "rate"), [(range(40), "1000"), (range(0, 20_000, 5000), "0.2")])
def test_absurd_rates_are_refused(folder, times, rate):
    path = foreign_film(folder / f"rate{rate}.mp4", list(times))
    with pytest.raises(ValueError, match=rf"expected a frame rate of 1 to 240 Hz in .*, got {rate}"):
        open_video(path)
    with pytest.raises(ValueError, match="frame rate of 1 to 240 Hz to read at, got 0"):
        next(open_video(foreign_film(folder / "fine.mp4", EVEN)).frames(frame_rate=0.0))


def test_sound_is_read_in_pieces_and_begins_with_the_pictures(folder):
    wave = tone(2.0).samples
    path = foreign_film(folder / "heard.mp4", [1000 + at for at in EVEN], sound=wave)
    opened = open_video(path)
    assert opened.sample_rate == RATE and opened.start_s == pytest.approx(1.0, abs=0.002)
    blocks = list(opened.sound())
    got = np.concatenate(blocks, axis=1)
    assert got.dtype == np.float32 and len(got) == 1 and len(blocks) <= 2
    late = wave[:, RATE:]
    length = min(got.shape[1], late.shape[1]) - 2048
    assert length > RATE / 2
    assert np.corrcoef(got[0, 1024:length], late[0, 1024:length])[0, 1] > 0.99


def test_a_silent_film_has_no_sound(plain):
    assert list(open_video(plain).sound()) == []


def test_pictures_are_films(folder):
    still = [Image.fromarray(np.full((100, 120, 3), 40 * number, np.uint8)) for number in range(5)]
    turned = folder / "turned.jpg"
    still[2].save(turned, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0")
    opened = open_video(turned)
    assert (opened.width, opened.height, opened.num_frames) == (100, 120, 1)
    assert all_frames(opened).shape == (1, 120, 100, 3)
    for name in ("moving.gif", "moving.webp", "moving.png"):
        path = folder / name
        still[0].save(
            path, save_all=True, append_images=still[1:], duration=[40, 40, 80, 40, 40], lossless=True
        )
        opened = open_video(path)
        assert opened.duration_s == pytest.approx(0.24, abs=0.03) and opened.sample_rate == 0, name
        got = all_frames(opened, frame_rate=25.0, largest=60)
        assert got.shape[1:] == (50, 60, 3) and list(opened.sound()) == []
        np.testing.assert_allclose(got[:, 0, 0, 0], [0, 40, 80, 80, 120, 160][: len(got)], atol=2)
        assert len(got) >= 5


def test_opacity_lies_on_grey(folder):
    clear = [Image.new("RGBA", (100, 100), (255, 0, 0, 255 * number)) for number in (0, 1)]
    clear[0].save(folder / "clear.webp", save_all=True, append_images=clear[1:], duration=100, lossless=True)
    got = all_frames(open_video(folder / "clear.webp"))
    assert got[0, 0, 0].tolist() == [128, 128, 128] and got[1, 0, 0].tolist() == [255, 0, 0]


def broken_files(folder, plain):
    """Gives name -> what it should be refused with."""
    whole = plain.read_bytes()
    (folder / "text.mp4").write_text("hello " * 100)
    (folder / "list.mp4").write_text("#EXTM3U\n#EXTINF:10,\nfile:///etc/hostname\n")
    (folder / "script.mp4").write_text("ffconcat version 1.0\nfile /etc/hostname\n")
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "cut.mp4").write_bytes(whole[:300])
    (folder / "cut.gif").write_bytes(b"GIF89a\x10\0")
    (folder / "text.jpg").write_bytes(b"\xff\xd8\xff" + b"hello " * 30)
    soundfile.write(folder / "sound.wav", np.zeros(8000), 8000)
    os.replace(folder / "sound.wav", folder / "sound.mp4")
    foreign_film(folder / "huge.mkv", [0], size=(8194, 16))
    return {
        "text.mp4": "which is none or broken",
        "list.mp4": "which is none or broken",
        "script.mp4": "which is none or broken",
        "empty.mp4": "which is none or broken",
        "cut.mp4": "which is none or broken",
        "cut.gif": "expected a readable picture",
        "text.jpg": "expected a",
        "sound.mp4": "which is none or broken",
        "huge.mkv": "at most 8192 pixels a side, got 8194 x 16",
        "missing.mp4": "got no file",
        ".": "got a folder",
        "x" * 5000: "got no file",
        "a:b.mp4": "got no file",
        "zero\0byte": "got no file",
    }


def test_bad_files_are_refused_in_one_line(folder, plain, capfd):
    for name, words in broken_files(folder, plain).items():
        with pytest.raises((ValueError, FileNotFoundError), match="expected") as caught:
            list(open_video(folder / name).frames())
        assert words in str(caught.value) and "\n" not in str(caught.value), name
    told = capfd.readouterr()
    assert told.out == told.err == ""


def test_sound_alone_is_no_film(folder):
    import av

    path = folder / "heard.mkv"
    with av.open(str(path), "w", format="matroska") as container:
        stream = container.add_stream("aac", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 8000, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(ValueError, match=r"expected a film with pictures, got sound or data alone in"):
        open_video(path)


def test_endless_films_are_refused(folder, plain, monkeypatch):
    monkeypatch.setattr(video_file, "LONGEST_S", 0.5)
    with pytest.raises(ValueError, match=r"expected a film of at most 0.5 s, got 1 in"):
        open_video(plain)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_is_refused_or_survived(plain, folder, data):
    whole = bytearray(plain.read_bytes())
    for _ in range(data.draw(st.integers(0, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = folder / "damaged.mp4"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    try:
        opened = open_video(path)
        for block in opened.frames(0, 40):
            assert block.shape[1:] == (opened.height, opened.width, 3)
        list(opened.sound())
    except ValueError as error:
        assert "expected" in str(error) and "\n" not in str(error)


def test_nothing_heavy_is_imported_before_a_film_is_opened():
    code = """import sys, conditioning.encoders.video_file, conditioning.encoders.picture_file
assert not {"av", "numpy", "PIL"} & set(sys.modules)"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_our_own_films_are_read_frame_by_frame():
    made = film(40, 25.0)
    opened = open_video(made.file)
    assert (opened.frame_rate, opened.num_frames) == (25.0, 40)
    np.testing.assert_array_equal(all_frames(opened), np.concatenate(list(made.frames())))

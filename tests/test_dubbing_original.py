"""The sound of what is dubbed: where it lies in time, stretches of it, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
from dubbing_sound import RATE, clicks, film, hum, write_sound
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.dubbing.original import extract, open_original, stretch

EXACT = {"a.wav": None, "a.flac": None, "a.mkv": "flac", "a.mov": "pcm_s16le"}
LOSSY = {"b.mp4": "aac", "b.mkv": "aac", "b.webm": "libopus", "b.mp3": None}


def made(folder, name, codec, samples):
    if codec is None:
        return write_sound(folder / name, samples)
    pictures = "libvpx" if name.endswith("webm") else "libx264"
    return film(folder / name, samples, codec=codec, pictures=pictures)


@pytest.fixture(scope="module")
def plain_film(tmp_path_factory):
    return film(tmp_path_factory.mktemp("film") / "film.mp4", hum())


@pytest.mark.parametrize("name", [*EXACT, *LOSSY])
def test_every_sample_stands_where_it_was_put(tmp_path, name):
    codec = {**EXACT, **LOSSY}[name]
    samples = clicks(channels=2)
    found = open_original(made(tmp_path, name, codec, samples))
    heard = np.concatenate(list(found.blocks()), axis=1)
    assert (found.sample_rate, found.channels) == (RATE, 2)
    assert found.has_pictures == (codec is not None)
    assert abs(found.length_s - 4.0) < 0.06
    for at in range(0, 7):
        start = at * RATE // 2 + 4000
        place = start + int(np.abs(heard[0, start : start + RATE // 2]).argmax())
        assert abs(place - (at + 1) * RATE // 2) <= (0 if name in EXACT else 10)


@pytest.mark.parametrize("name", EXACT)
def test_a_stretch_is_the_same_as_on_the_way(tmp_path, name):
    found = open_original(made(tmp_path, name, EXACT[name], hum(noise=0.05)))
    whole = np.concatenate(list(found.blocks()), axis=1)
    for start_s, end_s in ((0.0, 0.5), (1.9, 2.2), (2.7, 3.3), (3.9, 4.5)):
        part = stretch(found, start_s, end_s)
        first, last = round(start_s * RATE), round(end_s * RATE)
        assert part.shape == (2, last - first)
        there = whole[:, first:last]
        np.testing.assert_array_equal(part[:, : there.shape[1]], there)
        assert not part[:, there.shape[1] :].any()


def test_sound_that_begins_late_has_silence_before_it(tmp_path):
    found = open_original(film(tmp_path / "late.mkv", hum(2.0), codec="flac", late_s=1.5))
    heard = np.concatenate(list(found.blocks()), axis=1)
    assert not heard[:, : round(1.49 * RATE)].any()
    assert np.abs(heard[:, round(1.51 * RATE) : round(3.4 * RATE)]).max() > 0.05
    # Also when one asks for a stretch that lies before it.
    assert not stretch(found, 0.2, 1.0).any()


def test_an_extract_is_exactly_as_long_as_asked(tmp_path, plain_film):
    out = extract(plain_film, 1.0, 2.23456, tmp_path / "out.wav")
    samples, rate = soundfile.read(out)
    assert rate == 24_000
    assert samples.shape == (round(1.23456 * 24_000),)
    assert np.sqrt((samples**2).mean()) == pytest.approx(0.1 / np.sqrt(2), rel=0.05)
    again = extract(plain_film, 1.0, 2.23456, tmp_path / "again.wav")
    assert again.read_bytes() == out.read_bytes()
    beyond, _ = soundfile.read(extract(plain_film, 3.8, 4.6, tmp_path / "beyond.flac"))
    assert len(beyond) == round(0.8 * 24_000)
    assert not beyond[-2400:].any()


@pytest.mark.parametrize(
    ("start_s", "end_s"), [(-1.0, 1.0), (2.0, 2.0), (3.0, 1.0), (9.0, 10.0), (float("nan"), 1.0)]
)
def test_a_stretch_that_is_none_is_refused_and_leaves_nothing(tmp_path, plain_film, start_s, end_s):
    with pytest.raises(ValueError, match="expected a stretch"):
        extract(plain_film, start_s, end_s, tmp_path / "out.wav")
    assert not list(tmp_path.iterdir())


def test_a_silent_film_has_no_stretches(tmp_path):
    silent = film(tmp_path / "silent.mp4", seconds=1)
    assert not open_original(silent).has_sound
    assert not list(open_original(silent).blocks())
    with pytest.raises(ValueError, match="expected a film with sound"):
        extract(silent, 0.0, 0.5, tmp_path / "out.wav")


def hostile(folder, plain_film):
    """Gives (name, content) of files that are no film, whatever they are called."""
    data = plain_film.read_bytes()
    yield "playlist.m3u8", f"#EXTM3U\n#EXTINF:1,\n{plain_film}\n".encode()
    yield "playlist.mp4", f"#EXTM3U\n#EXTINF:1,\n{plain_film}\n".encode()
    yield "list.mp4", f"ffconcat version 1.0\nfile {plain_film}\n".encode()
    yield "stream.mp4", b"v=0\nm=audio 1234 RTP/AVP 0\nc=IN IP4 127.0.0.1\n"
    yield "words.mkv", b"1\n00:00:01,000 --> 00:00:02,000\nHello\n"
    yield "page.mp4", b"<html><body>Not found</body></html>"
    yield "nothing.mp4", b""
    yield "noise.mp4", np.random.default_rng(0).bytes(4000)
    yield "half.mp4", data[: len(data) // 3]


def test_what_is_no_film_is_one_line(tmp_path, plain_film):
    for name, content in hostile(tmp_path, plain_film):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match="expected a film") as error:
            open_original(tmp_path / name)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "path", ["gone.mp4", "http://127.0.0.1:9/film.mp4", "concat:a.mp4|b.mp4", "pipe:0", "\0", "x" * 5000]
)
def test_only_local_files_are_opened(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="expected a film or a recording"):
        open_original(path)


def test_names_that_mean_something_else_elsewhere_are_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    soundfile.write(tmp_path / "-", np.zeros(8000), 8000, format="WAV")
    write_sound(tmp_path / "a:b.wav", hum(0.5))
    assert open_original("-").length_s == 1.0
    assert open_original("a:b.wav").channels == 2
    with pytest.raises(ValueError, match="folder or a device"):
        open_original(tmp_path)


@pytest.mark.parametrize("channels", [1, 2, 3, 6, 8, 17])
def test_any_number_of_channels_is_heard(tmp_path, channels):
    path = write_sound(tmp_path / "many.wav", np.repeat(hum(0.5, channels=1), channels, 0))
    found = open_original(path)
    heard = np.concatenate(list(found.blocks()), axis=1)
    assert heard.shape == (min(2, channels), RATE // 2)
    assert 0.05 < np.abs(heard).max() < 0.5


def test_sound_that_changes_its_rate_on_the_way_goes_on(tmp_path):
    parts = [
        film(
            tmp_path / f"{rate}.ts", (hum(1.0, rate=rate), rate), seconds=1, codec="mp2", kind="mpegts"
        ).read_bytes()
        for rate in (48_000, 44_100)
    ]
    (tmp_path / "both.ts").write_bytes(b"".join(parts))
    found = open_original(tmp_path / "both.ts")
    heard = np.concatenate(list(found.blocks()), axis=1)
    assert found.sample_rate == RATE
    assert heard.shape[1] >= 0.9 * RATE


def test_numbers_that_are_none_are_silence(tmp_path):
    samples = hum(0.5)
    samples[:, 1000:2000] = np.nan
    found = open_original(write_sound(tmp_path / "nan.wav", samples, subtype="FLOAT"))
    heard = np.concatenate(list(found.blocks()), axis=1)
    assert np.isfinite(heard).all()
    assert not heard[:, 1000:2000].any()


def test_a_film_that_is_cut_off_or_damaged_goes_on_as_far_as_it_can(tmp_path):
    path = film(tmp_path / "film.mkv", hum(noise=0.05), codec="flac")
    data = bytearray(path.read_bytes())
    path.write_bytes(data[: 2 * len(data) // 3])
    heard = np.concatenate(list(open_original(path).blocks()), axis=1)
    assert 0 < heard.shape[1] < 4 * RATE


changes = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=25)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["film.mp4", "film.mkv"]), changes, st.floats(0.02, 1))
def test_whatever_the_bytes_are_it_is_heard_or_refused_in_a_line(tmp_path, both, name, found, kept):
    data = bytearray(both[name])
    for place, value in found:
        # Headers decide what is done with the rest, so half of the changes are made there.
        place = int(place * 2 * 1500) if place < 0.5 else int(place * (len(data) - 1))
        data[min(place, len(data) - 1)] = value
    path = tmp_path / name
    path.write_bytes(data[: max(1, int(kept * len(data)))])
    try:
        original = open_original(path)
        assert all(np.isfinite(block).all() for block in original.blocks())
    except ValueError as error:
        assert "\n" not in str(error)
        assert str(error).startswith("expected")


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    folder = tmp_path_factory.mktemp("both")
    film(folder / "film.mp4", hum(0.5), seconds=0.5, words="words", chapters=True)
    film(folder / "film.mkv", hum(0.5), seconds=0.5, codec="flac", words="words")
    return {path.name: path.read_bytes() for path in folder.iterdir()}

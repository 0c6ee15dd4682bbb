"""A dub into its film: pictures packet by packet, the new sound on its sample, everything else kept or said."""

from __future__ import annotations

import av
import numpy as np
import pytest
from dubbing_sound import RATE, clicks, film, hum
from film_material import held

from conditioning.encoders.video_file import open_video
from studio.dubbing.film_tracks import cues
from studio.dubbing.mux import mux
from studio.dubbing.original import open_original

SPOKEN = [
    (0.5, 1.2, "Anna", "I can't believe you came."),
    (1.5, 2.5, "Bernd", "Somebody had to <come> & see."),
]


@pytest.fixture(scope="module")
def whole_film(tmp_path_factory):
    """A film with two sounds, words and chapters."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    return film(path, hum(), (hum(rate=22_050, channels=1), 22_050), words="old words", chapters=True)


def packets(path):
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(container.streams.video[0]) if packet.size]


def tracks(path):
    """Gives (type, codec, whether it is the default) of every track but MP4's own of chapters."""
    with av.open(str(path)) as container:
        default = av.stream.Disposition.default
        return [
            (one.type, one.codec_context.name, bool(one.disposition & default))
            for one in container.streams
            if one.codec_context
        ]


def words(path, number=0):
    with av.open(str(path)) as container:
        stream = container.streams.subtitles[number]
        return [
            (
                float(packet.pts * packet.time_base),
                b"".join(part.dialogue for part in packet.decode()).decode(),
            )
            for packet in container.demux(stream)
            if packet.size > 2
        ]


def sound():
    return iter([clicks(2.0), clicks(2.0)])


def dubbed(path, out, **about):
    return mux(path, sound(), RATE, out, subtitles=SPOKEN, **about)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_pictures_are_copied_and_all_else_is_kept(tmp_path, whole_film, suffix):
    out = tmp_path / f"out{suffix}"
    assert dubbed(whole_film, out, document="affect-studio: {}", language="deu") == []
    assert packets(out) == packets(whole_film)
    codec, titles = ("flac", "srt") if suffix == ".mkv" else ("aac", "mov_text")
    assert [one[:2] for one in tracks(out)] == [
        ("video", "h264"), ("audio", codec), ("audio", "aac"), ("audio", "aac"),
        ("subtitle", titles), ("subtitle", titles),
    ]  # fmt: skip
    assert [default for kind, _, default in tracks(out) if kind == "audio"] == [True, False, False]
    with av.open(str(out)) as container:
        assert [chapter["metadata"]["title"] for chapter in container.chapters()] == ["Part 0", "Part 1"]
        found = {key.lower(): value for key, value in container.metadata.items()}
        assert (found["title"], found["comment"]) == ("A film", "affect-studio: {}")
        assert suffix == ".mov" or container.streams.audio[0].metadata["language"] in ("deu", "ger")
    assert [text for _, text in words(out, 1)] == ["old words"]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_sound_and_words_stand_where_the_pictures_have_them(tmp_path, whole_film, suffix):
    out = tmp_path / f"out{suffix}"
    dubbed(whole_film, out)
    found = open_original(out)
    assert found.length_s == pytest.approx(4.0, abs=0.05)
    heard = np.concatenate(list(found.blocks()), axis=1)
    for at in (1, 3, 6):
        start = at * RATE // 2 - 9000
        place = start + int(np.abs(heard[0, start : start + 18_000]).argmax())
        # The codec smears a click over some samples; Matroska counts in milliseconds.
        assert abs(place - at * RATE // 2) <= 50
    times = [time_s - found.start_s for time_s, _ in words(out)]
    np.testing.assert_allclose(times, [0.5, 1.5], atol=0.0011)


def test_a_film_from_matroska_keeps_its_first_pictures(tmp_path):
    # Matroska does not say when the first pictures are decoded where later ones are shown before them.
    source = film(tmp_path / "film.mkv", hum(), codec="flac", words="old words")
    out = tmp_path / "out.mp4"
    assert dubbed(source, out) == []
    assert packets(out) == packets(source)
    assert open_video(out).num_frames == 100


def test_webm_gets_opus_and_its_own_words(tmp_path):
    source = film(tmp_path / "film.webm", hum(1.0), seconds=1, codec="libopus", pictures="libvpx")
    out = tmp_path / "out.webm"
    assert mux(source, iter([clicks(1.0)]), RATE, out, subtitles=[(0.2, 0.8, "A", "a < b & c")]) == []
    assert packets(out) == packets(source)
    assert [one[1] for one in tracks(out)] == ["vp8", "opus", "opus", "webvtt"]
    with pytest.raises(
        ValueError, match=r"expected pictures that a \.mov film can hold, got vp8: choose \.mkv"
    ):
        dubbed(source, tmp_path / "out.mov")


@pytest.mark.parametrize(("name", "kind"), [("film.ts", "mpegts"), ("film.avi", "avi")])
def test_other_containers_are_read(tmp_path, name, kind):
    codec = "mp2" if kind == "mpegts" else "libmp3lame"
    source = film(tmp_path / name, hum(2.0), seconds=2, codec=codec, kind=kind)
    out = tmp_path / "out.mkv"
    mux(source, iter([clicks(2.0)]), RATE, out, subtitles=SPOKEN)
    assert len(packets(out)) == 50
    assert open_original(out).has_sound


def test_how_a_film_was_held_stays(tmp_path):
    source = held(film(tmp_path / "film.mp4", hum(1.0), seconds=1), (0, 1, -1, 0))
    out = tmp_path / "out.mp4"
    dubbed(source, out)
    assert (open_video(out).width, open_video(out).height) == (48, 64)


def test_its_own_sound_can_be_left_out(tmp_path, whole_film):
    out = tmp_path / "out.mp4"
    dubbed(whole_film, out, keep_sound=False)
    assert [one[0] for one in tracks(out)].count("audio") == 1


def test_sound_that_goes_on_after_the_pictures_is_kept(tmp_path, whole_film):
    out = tmp_path / "out.mkv"
    mux(whole_film, iter([clicks(3.0), clicks(3.0)]), RATE, out)
    heard = sum(block.shape[1] for block in open_original(out).blocks())
    assert heard == pytest.approx(6 * RATE, abs=5000)


def test_what_is_no_film_is_refused(tmp_path, whole_film):
    with pytest.raises(ValueError, match=r"expected a film ending in \.mp4"):
        dubbed(whole_film, tmp_path / "out.gif")
    with pytest.raises(ValueError, match="sound alone"):
        import soundfile

        soundfile.write(tmp_path / "sound.wav", hum(0.5).T, RATE)
        dubbed(tmp_path / "sound.wav", tmp_path / "out.mp4")
    with pytest.raises(OSError, match="expected a place"):
        dubbed(whole_film, tmp_path / "nowhere" / "out.mp4")


def test_lines_that_are_said_at_once_are_read_at_once():
    rows = [(0.0, 2.0, "A", "one"), (1.0, 3.0, "B", "two"), (1.0, 2.5, "C", "three"), (4.0, 5.0, "A", "four")]
    found = cues(rows)
    assert found == [(0.0, 1.0, "one"), (1.0, 3.0, "one\ntwo\nthree"), (4.0, 5.0, "four")]
    assert all(start < end for start, end, _ in found)

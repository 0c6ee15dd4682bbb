"""Films and portraits to files: every format is whole, carries its recipe and comes out the same again."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from film_material import MARKS, RATE, SIZE, TRACK, film, pictures, portrait
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from conditioning.encoders.video_file import open_video
from conditioning.face.motion_file import read_motion
from generators import registry
from generators.media import Portrait, Video
from studio import Library, film_picture
from studio.audio_file import CODECS
from studio.export import recipe_of, save
from studio.formats import FORMATS, format_of
from studio.formats.gif import comments_of, text_of_gif
from studio.formats.webp import PIECE, text_of_webp
from studio.library_entry import media_of
from studio.result import Result
from studio.ui import face_film, looks
from studio.ui import film as film_look

RECIPE = {
    "modality": "portrait",
    "prompt": {"image": "me.jpg"},
    "options": {"seed": 1},
    "emotion": {"phrase": "Ünïcode 漢 $x$"},
}
WITHOUT = (".srt", ".csv", ".glb")
ALL = [suffix for suffix in FORMATS[Portrait].suffixes if suffix != ".glb"]


@pytest.fixture(scope="module")
def made():
    return portrait(30)


@pytest.fixture(scope="module")
def files(tmp_path_factory, made):
    folder = tmp_path_factory.mktemp("files")
    return {suffix: save(made, folder / f"film{suffix}", recipe=RECIPE) for suffix in ALL}


@pytest.mark.parametrize("suffix", [suffix for suffix in ALL if suffix not in WITHOUT])
def test_every_format_gives_its_recipe_back(files, suffix):
    assert recipe_of(files[suffix]) == RECIPE
    assert sorted(files[suffix].parent.iterdir()) == sorted(files.values()), "something half-written was left"


@pytest.mark.parametrize("suffix", [suffix for suffix in ALL if suffix != ".ogg"])
def test_the_same_film_gives_the_same_bytes(files, made, suffix, tmp_path):
    again = save(made, tmp_path / f"again{suffix}", recipe=RECIPE)
    assert again.read_bytes() == files[suffix].read_bytes()


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".gif", ".webp", ".zip", ".png"])
def test_a_long_recipe_is_carried(made, suffix, tmp_path):
    recipe = {**RECIPE, "emotion": {"code": [0.123456789] * 6000}}
    assert recipe_of(save(made, tmp_path / f"a{suffix}", recipe=recipe)) == recipe


def test_mp4_is_the_film_itself(files, made):
    with av.open(str(files[".mp4"])) as container:
        assert [stream.codec_context.name for stream in container.streams] == ["h264", "aac"]
    data = files[".mp4"].read_bytes()
    assert data.index(b"moov") < data.index(b"mdat"), "a browser would have to load all of it first"
    opened = open_video(files[".mp4"])
    assert (opened.num_frames, opened.sample_rate, opened.start_s) == (30, RATE, 0.0)
    for axis, mine, theirs in ((0, made.frames(), opened.frames()), (1, made.sound(), opened.sound())):
        np.testing.assert_array_equal(np.concatenate(list(mine), axis), np.concatenate(list(theirs), axis))


def test_webm_holds_the_film(files):
    with av.open(str(files[".webm"])) as container:
        assert [stream.codec_context.name for stream in container.streams] == ["vp9", "opus"]
    opened = open_video(files[".webm"])
    got = np.concatenate(list(opened.frames()))
    assert got.shape == (30, 48, 64, 3) and np.abs(got.astype(int) - pictures(30)).mean() < 6
    heard = np.concatenate(list(opened.sound()), axis=1)
    assert opened.sample_rate == 48000 and abs(heard.shape[1] - 48000) < 1500 and heard.std() > 0.05


@pytest.mark.parametrize(
    ("rate", "count", "length_ms"), [(30.0, 15, 1000), (25.0, 15, 1200), (60.0, 10, 500), (12.0, 30, 2500)]
)
def test_gif_runs_evenly_and_no_faster_than_20(tmp_path, rate, count, length_ms):
    path = save(film(30, rate), tmp_path / "a.gif")
    with Image.open(path) as picture:
        assert picture.n_frames == count and picture.info["loop"] == 0 and picture.size == SIZE
        lengths = []
        for number in range(count):
            picture.seek(number)
            lengths.append(picture.info["duration"])
    assert abs(sum(lengths) - length_ms) <= 20 and max(lengths) - min(lengths) <= 10 and min(lengths) >= 50


def test_gif_has_good_colours_and_a_comment(files):
    with Image.open(files[".gif"]) as picture:
        picture.seek(5)
        got = np.asarray(picture.convert("RGB")).astype(int)
    assert np.abs(got - pictures(30)[10]).mean() < 10
    assert len(list(comments_of(files[".gif"].read_bytes()))) == 1


def test_a_gif_of_someone_else_has_no_recipe(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.gif", comment=b"hello {}")
    assert text_of_gif(tmp_path / "a.gif") == ""
    with pytest.raises(ValueError, match="expected a recipe"):
        recipe_of(tmp_path / "a.gif")


@pytest.mark.parametrize(("rate", "count"), [(16.0, 33), (60.0, 40), (24.0, PIECE + 1)])
def test_webp_lasts_as_long_as_the_film_and_looks_like_it(tmp_path, rate, count):
    path = save(film(count, rate), tmp_path / "a.webp")
    with Image.open(path) as picture:
        assert picture.info["loop"] == 0 and picture.size == SIZE
        length_ms, seen = 0, []
        for number in range(picture.n_frames):  # what is like the frame before only makes that one longer
            picture.seek(number)
            seen.append((length_ms, np.asarray(picture.convert("RGB")).astype(int)))
            length_ms += picture.info["duration"]
    assert abs(length_ms - 1000 * count / rate) <= 1
    wanted = pictures(count)
    for start_ms, pixels in seen:
        assert np.abs(pixels - wanted[round(start_ms * rate / 1000)]).mean() < 5


def test_a_webp_of_one_picture_and_of_someone_else(tmp_path):
    assert recipe_of(save(film(1), tmp_path / "one.webp", recipe=RECIPE)) == RECIPE
    with Image.open(tmp_path / "one.webp") as picture:
        assert picture.size == SIZE and np.asarray(picture.convert("RGB")).std() > 10
    Image.new("RGB", (8, 8)).save(tmp_path / "theirs.webp", xmp=b"<x>hello {}</x>")
    assert text_of_webp(tmp_path / "theirs.webp") == ""
    with pytest.raises(ValueError, match="expected a recipe"):
        recipe_of(tmp_path / "theirs.webp")


def test_frames_are_exact(files, made):
    with zipfile.ZipFile(files[".zip"]) as archive:
        names = archive.namelist()
        assert names[:2] == ["recipe.json", "frame_000001.png"] and len(names) == 31
        got = np.asarray(Image.open(io.BytesIO(archive.read("frame_000012.png"))))
    np.testing.assert_array_equal(got, made.stills([11])[0])


@pytest.mark.parametrize("suffix", CODECS)
def test_sound_files_hold_the_sound(files, suffix):
    samples, rate = soundfile.read(files[suffix], always_2d=True)
    assert rate == RATE and abs(len(samples) - RATE) < 1500 and samples.std() > 0.05


def test_a_silent_film_has_no_sound_file(tmp_path):
    with pytest.raises(ValueError, match="expected a film with sound for a sound file, got a silent one"):
        save(film(5), tmp_path / "a.wav")
    with pytest.raises(ValueError, match="expected a sound with words"):
        save(film(5), tmp_path / "a.srt")
    assert not list(tmp_path.iterdir())
    save(film(5), tmp_path / "a.webm")
    assert open_video(tmp_path / "a.webm").sample_rate == 0


def test_movement_and_words_are_written(files, made):
    for suffix in (".csv", ".json"):
        back = read_motion(files[suffix])
        np.testing.assert_allclose(back.expression, made.motion.expression, atol=2e-5)
        np.testing.assert_allclose(back.gaze, made.motion.gaze, atol=2e-5)
    found = json.loads(files[".json"].read_text(encoding="utf-8"))
    assert found["provenance"] == {"licence": "CC-BY-4.0"} and set(found["timings"]) == {"word", "sentence"}
    # One line a frame, for people.
    assert len(files[".json"].read_text().splitlines()) < 200
    assert "hello there" in files[".srt"].read_text() and "hello" in files[".vtt"].read_text()


def test_a_film_alone_has_no_movement():
    assert not {".csv", ".glb"} & set(FORMATS[Video].suffixes)
    assert format_of(Portrait).kept == ".mp4" and format_of(film(2)) is FORMATS[Video]


@pytest.mark.parametrize("count", [1, 2, 30])
@pytest.mark.parametrize("track", [(), TRACK])
def test_the_picture_shows_frames(tmp_path, count, track):
    path = save(film(count, emotion_track=track), tmp_path / "a.png", recipe=RECIPE)
    picture = np.asarray(Image.open(path).convert("RGB")).astype(int)
    red = (picture[..., 0] > 150) & (picture[..., 1] < 80)
    assert picture.shape == (640, 1200, 3) and red.sum() > 1000


@given(st.floats(0.1, 10), st.integers(1, 40), st.floats(200, 2000), st.floats(200, 2000))
def test_frames_lie_beside_one_another(aspect, count, width, height):
    cells = film_picture.cells((width, height), aspect, count)
    assert len(cells) == count
    for left, top, wide, high in cells:
        assert left >= 0 and top >= 0 and wide == pytest.approx(high * aspect)
        if wide > 0:
            assert left + wide <= width + 1 and top + high <= height + 1


@given(st.integers(1, 10_000), st.integers(1, 40))
def test_frames_are_spread(count, wanted):
    found = film_picture.spread(count, wanted)
    assert len(found) == min(count, wanted) == len(set(found)) and found[0] >= 0 and found[-1] < count


# The library and the page.


@pytest.fixture
def registered(monkeypatch):
    for name, media in (("portrait", Portrait), ("video", Video)):
        monkeypatch.setitem(registry.BACKENDS, name, f"test_video_formats:Standin{media.__name__}")


class StandinPortrait:
    media = Portrait


class StandinVideo:
    media = Video


def test_the_library_keeps_all_of_a_portrait(registered, made, tmp_path):
    with Library(tmp_path) as library:
        entry = library.add(Result(made, {**RECIPE, "emotion": "joy"}))
        assert sorted(path.suffix for path in entry.path.parent.iterdir()) == [".json", ".json", ".mp4"]
        back = media_of(entry)
        assert isinstance(back, Portrait) and back.file == entry.path
        assert (back.num_frames, back.marks, back.emotion_track) == (30, made.marks, TRACK)
        np.testing.assert_allclose(back.motion.head_pose, made.motion.head_pose, atol=2e-5)
        np.testing.assert_allclose(back.identity, made.identity, atol=1e-4)
        np.testing.assert_array_equal(back.stills([9])[0], made.stills([9])[0])
        assert recipe_of(library.export(entry.id, tmp_path / "out.webm")) == entry.recipe
        entry.path.with_suffix(".json").write_text('{"motion": 3}')
        with pytest.raises(ValueError, match="expected a face's movement"):
            media_of(entry)
        entry.path.with_suffix(".json").unlink()
        with pytest.raises(ValueError, match="expected the face's movement beside"):
            media_of(entry)


def test_the_library_keeps_a_film(registered, tmp_path, monkeypatch):
    monkeypatch.setattr("studio.formats.video.track_of", lambda recipe, seconds: ((0.0, 0.5, seconds),))
    with Library(tmp_path) as library:
        entry = library.add(
            Result(film(6), {"modality": "video", "prompt": {}, "options": {}, "emotion": "joy"})
        )
        back = media_of(entry)
        # Without marks there is nothing to lie beside it; the feeling is the recipe's.
        assert type(back) is Video and back.num_frames == 6 and not back.has_sound
        assert back.emotion_track == ((0.0, 0.5, 0.2),)
        entry = library.add(Result(film(6, marks=MARKS), entry.recipe))
        assert media_of(entry).marks == MARKS


@pytest.mark.parametrize("kind", [Video, Portrait])
def test_a_film_looks_like_itself(made, kind):
    shown = made if kind is Portrait else film(30, emotion_track=TRACK, marks=MARKS)
    look = looks.look_of(kind)
    drawn = look.picture_html(shown, 'a "label"')
    assert drawn.count("<img") == film_look.STILLS and 'data-duration="1.000"' in drawn
    assert "&quot;label&quot;" in drawn and ">hello<" in drawn and "nan" not in drawn
    assert ('class="mouth"' in drawn) == (kind is Portrait)
    tile = look.thumbnail_svg(shown)
    assert tile.startswith("<svg") and tile.count("<image") == 3 and tile.count("<rect") == 3
    assert "64 × 48" in look.facts(shown) and ("silent" in look.facts(shown)) == (kind is Video)
    assert look.DOWNLOADS[0] == ".mp4" and set(look.DOWNLOADS) <= set(looks.NAMES)
    assert (".csv" in face_film.DOWNLOADS, ".csv" in film_look.DOWNLOADS) == (True, False)


def test_a_short_film_has_a_look():
    for count in (1, 2):
        short = film(count)
        assert film_look.picture_html(short, "x").count("<img") == count
        assert film_look.thumbnail_svg(short).count("<image") == count


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".gif", ".webp", ".zip"])
def test_files_without_a_recipe(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    for data in (b"", b"nothing of ours {", b"GIF89a", b"PK\3\4"):
        path.write_bytes(data)
        with pytest.raises(ValueError, match="expected") as caught:
            recipe_of(path)
        assert "\n" not in str(caught.value)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), suffix=st.sampled_from([".gif", ".webp"]))
def test_damaged_gifs_and_webps_are_refused_or_read(files, tmp_path, data, suffix):
    whole = bytearray(Path(files[suffix]).read_bytes())
    for _ in range(data.draw(st.integers(0, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / f"a{suffix}"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    try:
        recipe_of(path)
    except ValueError as error:
        assert "expected" in str(error) and "\n" not in str(error)

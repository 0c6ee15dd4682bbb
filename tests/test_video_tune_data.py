"""The table, the shapes and the frames that a fine-tuning learns from."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from film_material import foreign_film
from hypothesis import given
from hypothesis import strategies as st
from tune_material import recipe, write_film, write_films

from conditioning.encoders.video_file import VideoFile, open_video
from generators.video.tune_buckets import Bucket, Order, Piece, Shapes
from generators.video.tune_clips import cut, frames_of
from generators.video.tune_table import Row, read_table


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    return write_films(tmp_path_factory.mktemp("films"))


def table(films, text):
    (films / "other.csv").write_text(text, encoding="utf-8")
    try:
        return read_table(films, "other.csv", shortest_s=0.3)
    finally:
        (films / "other.csv").unlink()


def shapes(**changes) -> Shapes:
    return Shapes.of(recipe(**changes))


def of_size(width, height, frames=81, rate=16.0) -> VideoFile:
    return VideoFile("none.mp4", width, height, rate, frames)


def test_a_table_is_read(films):
    rows = read_table(films)
    assert [row.film.path.name for row in rows] == ["wide.mp4", "tall.mp4", "fast.mp4"]
    assert [row.prompt for row in rows] == ["a cat", "日本の海", "a storm"]
    assert rows[0].emotion.label == "joy (0.8)"
    assert rows[1].emotion.keyframes[0][1].vad == (-0.4, 0.2, 0.0)
    assert not rows[2].emotion.is_constant


def test_spreadsheets_and_other_names_are_read(films):
    rows = table(films, '\ufeffVideo;Caption;Emotion;seen by\nwide.mp4;"a; b";60% sad, 40% angry;Ann\n\n')
    assert rows[0].prompt == "a; b" and len(rows[0].emotion.keyframes[0][1].weights) == 2


def test_all_bad_rows_are_told_at_once(films):
    (films / "broken.mp4").write_bytes((films / "wide.mp4").read_bytes()[:500])
    write_film(films / "short.mp4", (64, 48), 3, 16)
    text = (
        "file,prompt,emotion,intensity,valence,arousal\n"
        "gone.mp4,a cat,joy,,,\n"
        "wide.mp4,a cat,joy,2,,\n"
        "broken.mp4,,joy,,,\n"
        "wide.mp4,a cat,,,0.5,\n"
        "wide.mp4,a cat,joy,,0.5,0.5\n"
        "wide.mp4,a cat,joy,,,\n"
        "short.mp4,a cat,joy,,,\n"
        "wide.mp4,a cat,[[0 joy]],,,\n"
        "wide.mp4,a cat,,,,\n"
        "wide.mp4,a cat,joy,,,,more\n"
        "wide.mp4,a cat,film.wav,,,\n"
    )
    with pytest.raises(ValueError) as error:
        table(films, text)
    first, *problems = str(error.value).splitlines()
    assert first == "expected 11 good rows in 'other.csv', got 11 problems"
    assert all("expected " in problem and ", got " in problem for problem in problems)
    told = [problem.split(":")[0].strip() for problem in problems]
    assert told == [
        "line 2, file", "line 3, intensity", "line 4, file", "line 4, prompt", "line 5, emotion", "line 6, emotion",
        "line 8, file", "line 9, emotion", "line 10, emotion", "line 11, row", "line 12, emotion",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "expected columns file, prompt and emotion"),
        ("file,prompt,emotion\n", "expected rows"),
        ("file,prompt,valence\na,b,c\n", "expected columns"),
        ("file,prompt,emotion,intesity\na,b,c,1\n", "expected a column 'intensity', got 'intesity'"),
        ("file,prompt,emotion,file\na,b,c,a\n", "expected every column once"),
        ('file,prompt,emotion\na,"b,c\n', "expected a table of cells"),
    ],
)
def test_a_bad_table_is_refused(films, text, expected):
    with pytest.raises(ValueError, match=expected):
        table(films, text)


def test_the_table_must_be_there_once(films, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"expected one table \(.csv\) in .*, got none"):
        read_table(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"expected a table 'x.csv'"):
        read_table(films, "x.csv")
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="expected a table as UTF-8 text"):
        read_table(tmp_path)


def test_a_film_takes_the_size_and_length_that_suit_it():
    many = shapes(sizes=[[832, 480], [480, 832], [624, 624], [1280, 720]], lengths=[17, 81, 49])
    assert many.size_of(of_size(1920, 1080)) == (1280, 720)
    assert many.size_of(of_size(850, 480)) == (832, 480)
    assert many.size_of(of_size(600, 600)) == (624, 624)
    assert many.size_of(of_size(500, 900)) == (480, 832)
    found = [
        many.pieces(Row(2, of_size(624, 624, count), "", None))[0].bucket.num_frames
        for count in (17, 60, 200)
    ]
    assert found == [17, 49, 81]


def test_pieces_are_spread_over_a_film():
    few = shapes(lengths=[9], pieces_per_film=3)
    starts = [piece.start for piece in few.pieces(Row(2, of_size(64, 48, 100), "", None))]
    assert starts == [0, 45, 91]
    assert [piece.start for piece in few.pieces(Row(2, of_size(64, 48, 20), "", None))] == [0, 11]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"lengths": [16]}, r"expected 4 n \+ 1 frames \(such as 13 or 17\), got 16"),
        ({"lengths": [0]}, "expected at least 1 frame"),
        ({"sizes": [[64, 50]]}, "expected sides that 16 divides in sizes, got 64 x 50"),
        ({"sizes": []}, "expected at least one of sizes"),
    ],
)
def test_bad_shapes_are_refused(changes, expected):
    with pytest.raises(ValueError, match=expected):
        shapes(**changes)


@given(
    st.lists(
        st.sampled_from([Bucket(64, 48, 9), Bucket(48, 64, 9), Bucket(64, 48, 5)]), min_size=1, max_size=20
    ),
    st.integers(1, 4),
    st.integers(1, 3),
)
def test_every_piece_is_learned_once_an_epoch(buckets, batch_size, num_processes):
    order = Order(buckets, batch_size, num_processes, 0)
    batches = [order.batch(*divmod(number, num_processes)) for number in range(3 * order.epoch_length)]
    again = Order(buckets, batch_size, num_processes, 0)
    assert batches[-1] == again.batch(*divmod(len(batches) - 1, num_processes))
    for batch in batches:
        assert len(batch) == batch_size and len({buckets[number] for number in batch}) == 1
    counted = Counter(number for batch in batches[: order.epoch_length] for number in batch)
    assert set(counted) == set(range(len(buckets)))
    if batch_size == 1:
        assert set(counted.values()) == {1}


def piece(path, start=0, num_frames=9, rate=16.0, size=(64, 48)):
    return Piece(Row(2, open_video(path), "", None), Bucket(*size, num_frames), start, rate)


def test_uneven_films_are_read_at_an_even_rate(tmp_path):
    # Frames that get lighter with their number, at uneven times: lightness tells which was taken.
    times = [0, 10, 20, 100, 200, 210, 300, 400, 500, 505, 600, 700, 800, 900]
    frames = frames_of(piece(foreign_film(tmp_path / "a.mp4", times)))
    assert frames.shape == (9, 48, 64, 3) and frames.dtype == np.uint8
    wanted = [int(np.abs(np.array(times) / 1000 - number / 16).argmin()) for number in range(9)]
    light = np.linspace(20, 220, len(times))[wanted]
    assert np.abs(frames[:, 24, 32].mean(-1) - light).max() < 6


def test_a_film_that_ends_early_is_refused(tmp_path):
    write_film(tmp_path / "a.mp4", (64, 48), 8, 16)
    assert len(frames_of(piece(tmp_path / "a.mp4"))) == 9  # one frame is shown again
    with pytest.raises(ValueError, match=r"expected 13 frames at 16 Hz, got 8 from frame 0 of 'a.mp4'"):
        frames_of(piece(tmp_path / "a.mp4", num_frames=13))


def test_the_middle_of_a_picture_is_kept():
    picture = np.zeros((40, 100, 3), np.uint8)
    picture[:, 30:70] = 255
    assert cut(picture, (40, 40)).min() == 255
    assert cut(picture, (100, 40)).shape == (40, 100, 3)


def test_latent_frames_feel_the_middle_of_their_frames():
    found = Piece(Row(2, of_size(64, 48), "", None), Bucket(64, 48, 9), 32, 16.0).times_s()
    assert found == pytest.approx([2.0, 2 + 2.5 / 16, 2 + 6.5 / 16])

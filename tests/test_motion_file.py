"""A face's movement in files: Live Link Face's CSV and our JSON, out and in."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from film_material import motion
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conditioning.face.arkit import INDEX, NAMES
from conditioning.face.motion import at_rest
from conditioning.face.motion_file import HEADER, csv_lines, motion_to_json, read_motion, timecode


def as_csv(path, moved):
    path.write_text("".join(csv_lines(moved)), encoding="ascii", newline="")
    return path


def as_json(path, moved, **more):
    path.write_text(json.dumps({"motion": {**motion_to_json(moved), **more}}), encoding="utf-8")
    return path


def rows_of(path):
    return list(csv.reader(path.read_text(encoding="ascii").splitlines()))


def write_rows(path, rows):
    path.write_text("\n".join(",".join(row) for row in rows) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("rate", [30.0, 25.0, 60.0, 24.0, 12.5, 29.97, 23.976, 59.94, 47.3])
def test_a_csv_comes_back(tmp_path, rate):
    moved = motion(150, rate)
    back = read_motion(as_csv(tmp_path / "a.csv", moved))
    assert len(back) == 150 and back.frame_rate == pytest.approx(rate, rel=2e-4)
    np.testing.assert_allclose(back.expression, moved.expression, atol=1e-6)
    np.testing.assert_allclose(back.head_pose[:, :3], moved.head_pose[:, :3], atol=1e-6)
    np.testing.assert_allclose(back.gaze, moved.gaze, atol=1e-6)
    assert not back.head_pose[:, 3:].any()


@pytest.mark.parametrize("rate", [30.0, 29.97])
def test_long_recordings_do_not_drift(tmp_path, rate):
    quiet = at_rest(round(120 * rate), rate)
    back = read_motion(as_csv(tmp_path / "long.csv", quiet))
    assert abs(back.duration_s - quiet.duration_s) < 0.01 and len(back) == len(quiet)


def test_the_csv_is_what_the_app_writes(tmp_path):
    moved = motion(40)
    moved.head_pose[0, :3] = (0.3, 0.2, -0.1)  # right of the picture, up, top of the head to its right
    moved.gaze[0] = (0.25, -0.15)
    rows = rows_of(as_csv(tmp_path / "a.csv", moved))
    assert tuple(rows[0]) == HEADER and len(HEADER) == 63
    assert rows[0][:5] == ["Timecode", "BlendShapeCount", "EyeBlinkLeft", "EyeLookDownLeft", "EyeLookInLeft"]
    assert rows[0][53:] == [
        "TongueOut", "HeadYaw", "HeadPitch", "HeadRoll", "LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll",
        "RightEyeYaw", "RightEyePitch", "RightEyeRoll",
    ]  # fmt: skip
    assert rows[1][:2] == ["00:00:00:00.000", "61"] and rows[31][0] == "00:00:01:00.000"
    named = dict(zip(rows[0], rows[1], strict=True))
    assert float(named["JawOpen"]) == pytest.approx(moved.coefficient("jawOpen")[0], abs=1e-9)
    # To the person's right, downwards, to the person's left shoulder.
    turned = [float(named[f"Head{axis}"]) for axis in ("Yaw", "Pitch", "Roll")]
    assert turned == pytest.approx([-0.3, -0.2, 0.1])
    for side in ("Left", "Right"):
        assert [float(named[f"{side}Eye{axis}"]) for axis in ("Yaw", "Pitch", "Roll")] == pytest.approx(
            [-0.25, 0.15, 0]
        )
    assert "-0.0000000000" not in (tmp_path / "a.csv").read_text()


def test_timecodes():
    assert timecode(0, 30) == "00:00:00:00.000" and timecode(29, 30) == "00:00:00:29.000"
    assert timecode(30 * 3661 + 7, 30) == "01:01:01:07.000" and timecode(1, 29.97) == "00:00:00:01.001"


def recorded(
    path, drop=(), faceless=(), start=12 * 3600 + 27 * 60 + 47, code="{h:02d}:{m:02d}:{s:02d}:{f:06.3f}"
):
    """Writes 90 frames as the app does at 30 Hz: counted in sixtieths from the time of day, with gaps."""
    rows = [list(HEADER)]
    for number in range(90):
        if number in drop:
            continue
        at = start + (47.169 + 1.9998 * number) / 60
        second = int(at)
        told = code.format(h=second // 3600 % 24, m=second // 60 % 60, s=second % 60, f=(at - second) * 60)
        values = [f"{number / 100:.10f}"] * 52 + ["0.0"] * 3 + ["0.1", "-0.2", "0.0", "0.3", "-0.2", "0.0"]
        rows.append([told, "0" if number in faceless else "61", *values])
    return write_rows(path, rows)


def test_the_app_s_own_recordings_are_read(tmp_path):
    back = read_motion(recorded(tmp_path / "a.csv", drop=(40, 41, 42), faceless=(10,)))
    assert len(back) == 90 and back.frame_rate == pytest.approx(30, abs=0.02)
    # Dropped frames are filled in straight; 0..0.89 is a ramp.
    np.testing.assert_allclose(back.coefficient("jawOpen"), np.arange(90) / 100, atol=2e-3)
    np.testing.assert_allclose(back.gaze, np.tile([-0.2, 0.2], (90, 1)), atol=1e-6)


def test_midnight_is_no_end(tmp_path):
    back = read_motion(recorded(tmp_path / "a.csv", start=86399))
    assert len(back) == 90 and back.frame_rate == pytest.approx(30, abs=0.02)


def test_other_trackers_tables_are_read(tmp_path):
    moved = motion(45)
    rows = rows_of(as_csv(tmp_path / "a.csv", moved))
    gone = [rows[0].index(name) for name in ("TongueOut", "HeadRoll", "BlendShapeCount")]
    order = [place for place in range(len(rows[0]))[::-1] if place not in gone]
    table = [[row[place] for place in order] for row in rows]
    table[0] = [name if name == "Timecode" else f"blendShapes.{name}" for name in table[0]]
    at = order.index(0)
    for number, row in enumerate(table[1:]):
        row[at] = f"{5 + number / 30:.4f}"
    back = read_motion(write_rows(tmp_path / "b.csv", table))
    assert (
        back.frame_rate == 30 and not back.coefficient("tongueOut").any() and not back.head_pose[:, 2].any()
    )
    np.testing.assert_allclose(back.coefficient("jawOpen"), moved.coefficient("jawOpen"), atol=1e-6)


@pytest.mark.parametrize("count", [1, 2, 20])
def test_short_recordings(tmp_path, count):
    back = read_motion(as_csv(tmp_path / "a.csv", motion(count)))
    assert len(back) == count and back.frame_rate == 30


def test_json_comes_back(tmp_path):
    moved = motion(20, 29.97)
    back = read_motion(as_json(tmp_path / "a.json", moved))
    assert back.frame_rate == 29.97
    for part in ("expression", "head_pose", "gaze"):
        np.testing.assert_allclose(getattr(back, part), getattr(moved, part), atol=2e-5)
    plain = {"frame_rate": 30, "names": list(NAMES[::-1]), "expression": [[0.5] * 51 + [0.25]]}
    (tmp_path / "plain.json").write_text(json.dumps(plain))
    back = read_motion(tmp_path / "plain.json")
    assert back.coefficient(NAMES[0])[0] == 0.25 and not back.gaze.any()


def spoiled(rows, column, value):
    rows[2][rows[0].index(column)] = value
    return rows


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda rows: [row[1:] for row in rows], "expected a Timecode column"),
        (lambda rows: rows[:1], "expected at least one frame"),
        (lambda rows: [row[:30] for row in rows], "expected the 52 ARKit coefficients .* got 28 of them"),
        (lambda rows: spoiled(rows, "JawOpen", "wide"), "expected numbers"),
        (lambda rows: spoiled(rows, "JawOpen", "nan"), "expected coefficients of 0 to 1"),
        (lambda rows: spoiled(rows, "JawOpen", "55"), "expected coefficients of 0 to 1 .* got 55"),
        (lambda rows: spoiled(rows, "HeadYaw", "-30"), "expected rotations in radians .* got 30"),
        (lambda rows: spoiled(rows, "Timecode", "soon"), "expected timecodes such as"),
        (lambda rows: [rows[0], *rows[:0:-1]], "expected timecodes that go on"),
        (lambda rows: spoiled(rows, "Timecode", "09:00:00:00.000"), "expected"),
    ],
)
def test_tables_that_are_something_else_are_refused(tmp_path, spoil, words):
    path = write_rows(tmp_path / "a.csv", spoil(rows_of(as_csv(tmp_path / "a.csv", motion(90)))))
    with pytest.raises(ValueError, match=words) as caught:
        read_motion(path)
    assert "\n" not in str(caught.value) and "'a.csv'" in str(caught.value)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"frame_rate": 0}, "expected a frame rate of 1 to 240 Hz"),
        ({"frame_rate": "thirty"}, "expected a number for frame_rate"),
        ({"frame_rate": float("nan")}, "expected a number for frame_rate"),
        ({"names": ["jawOpen"]}, "expected rows of 1 numbers for expression"),
        ({"names": ["x"] * 52}, "got 0 of them"),
        ({"expression": []}, "expected rows of 52 numbers"),
        ({"expression": [[10**400] * 52]}, "expected rows of 52 numbers"),
        ({"expression": [[1.0]]}, "expected rows of 52 numbers"),
        ({"expression": 7}, "expected rows of 52 numbers"),
        ({"gaze": [[0, 0]]}, "as many of each part"),
        ({"head_pose": [[0, 0, 0, 0, 0, 5000]] * 4}, "expected positions in cm"),
        ({"names": 5}, "got other JSON"),
    ],
)
def test_json_that_is_something_else_is_refused(tmp_path, more, words):
    with pytest.raises(ValueError, match=words) as caught:
        read_motion(as_json(tmp_path / "a.json", motion(4), **more))
    assert "\n" not in str(caught.value)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "a.json").write_text('{"recipe": {}}')
    (tmp_path / "b.json").write_text("[" * 100_000)
    (tmp_path / "c.json").write_bytes(b"\xff\xfe\0\1")
    (tmp_path / "d.csv").write_bytes(b"")
    (tmp_path / "e.csv").write_text("Timecode,JawOpen\0\n1,2\n")
    (tmp_path / "f.txt").write_text("")
    for name in ("a.json", "b.json", "c.json", "d.csv", "e.csv", "f.txt", "missing.csv", "."):
        with pytest.raises((ValueError, FileNotFoundError), match="expected") as caught:
            read_motion(tmp_path / name)
        assert "\n" not in str(caught.value), name


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_is_refused_or_survived(tmp_path, data):
    kind = data.draw(st.sampled_from(["csv", "json"]))
    path = tmp_path / f"a.{kind}"
    (as_csv if kind == "csv" else as_json)(path, motion(6))
    text = path.read_text()
    for _ in range(data.draw(st.integers(0, 5))):
        at = data.draw(st.integers(0, len(text) - 1))
        text = text[:at] + data.draw(st.sampled_from(list('0129.,:-e"{}[]\n\0é'))) + text[at + 1 :]
    path.write_text(text[: data.draw(st.integers(0, len(text)))], encoding="utf-8")
    try:
        back = read_motion(path)
    except ValueError as error:
        assert "expected" in str(error) and "\n" not in str(error)
    else:
        assert back.expression.shape == (len(back), 52) and back.expression[:, INDEX["jawOpen"]].max() <= 1
        assert np.isfinite(back.head_pose).all() and np.isfinite(back.gaze).all() and back.frame_rate >= 1

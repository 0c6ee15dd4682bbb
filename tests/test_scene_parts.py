"""The pieces that scenes are made of: scripts as text, curves cut and joined, shots, words in the picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conditioning import EmotionCurve, load_space
from conditioning.curve_parts import at, shifted, until
from generators.base import build
from studio.scene import canvas
from studio.scene.feelings import together
from studio.scene.film import captions_of, faded
from studio.scene.layout import layout_of
from studio.scene.options import ScenePrompt
from studio.scene.screenplay import MOST_BYTES, parse, read_screenplay
from studio.scene.timing import Placed, cuts, pause_before

CURVE = EmotionCurve.parse([(0.0, ("calm", 0.5)), (10.0, ("anger", 1.0)), (20.0, "60% sad, 40% fear")])


def points(curve, times):
    return load_space().embed_curve(curve, times).numpy()


def test_a_script_is_read_line_by_line():
    play = parse(
        "# for people\nANNA (sad 0.7): Hello there.\n\n[joy 0.4] And again.\nBEN: No: not today.\n"
        "This is what I want: go.\n[pause 1.5s]\nDr. O'Hara-Smith (holding back tears): Why?\n"
    )
    assert [line.speaker for line in play.lines] == ["ANNA", "ANNA", "BEN", "BEN", "Dr. O'Hara-Smith"]
    assert [line.text for line in play.lines] == [
        "Hello there.",
        "And again.",
        "No: not today.",
        "This is what I want: go.",
        "Why?",
    ]
    assert [(line.emotion, line.intensity) for line in play.lines] == [
        ("sad", 0.7),
        ("joy", 0.4),
        (None, None),
        (None, None),
        ("holding back tears", None),
    ]
    assert play.pauses == {5: 1.5} and not play.timed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ANNA (sad): [angry] Hi.", "expected one feeling"),
        ("ANNA: ...", "expected words"),
        ("ANNA: 你好。", "line 2: expected"),
        ("ANNA: [voice: nobody] Hi.", "expected a voice such as"),
        ("ANNA: [intensity: 9] Hi.", "intensity"),
        ("ANNA: [mode: convert] Hi.", "expected emotion, intensity, voice or speaker"),
    ],
)
def test_bad_rows_are_named(text, message):
    with pytest.raises(ValueError, match="expected") as error:
        read_screenplay(build(ScenePrompt, {"text": f"BEN: Good.\n{text}"}))
    assert message in str(error.value) and "\n" not in str(error.value) and "2" in str(error.value)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_in_one_line(text):
    try:
        play = parse(text)
    except ValueError as error:
        assert str(error).startswith("row ") and "expected" in str(error)
    else:
        assert all(line.text and line.number == at for at, line in enumerate(play.lines, 1))


def test_files_are_read_safely(tmp_path):
    path = tmp_path / "s.txt"
    path.write_bytes("\ufeffANNA: Grüße.".encode())
    assert read_screenplay(build(ScenePrompt, {"script": str(path)})).lines[0].text == "Grüße."
    path.write_bytes(b"ANNA: Gr\xfc\xdfe.")
    with pytest.raises(ValueError, match=r"expected UTF-8 in 's\.txt', got byte 0xfc at 8"):
        read_screenplay(build(ScenePrompt, {"script": str(path)}))
    path.write_bytes(b"a" * (MOST_BYTES + 1))
    with pytest.raises(ValueError, match="expected a script of at most"):
        read_screenplay(build(ScenePrompt, {"script": str(path)}))
    with pytest.raises(FileNotFoundError, match="expected a script"):
        read_screenplay(build(ScenePrompt, {"script": str(tmp_path / "gone.txt")}))


def test_everybody_gets_a_voice(tmp_path):
    (tmp_path / "cast.yaml").write_text("voices:\n  Ben: {voice: emodb_10, gain_db: -2}\n")
    text = "ANNA: One.\nBEN: Two.\nCLARA: Three."
    play = read_screenplay(build(ScenePrompt, {"text": text, "voices": str(tmp_path / "cast.yaml")}))
    assert {name: play.cast[name].voice for name in play.names} == {
        "ANNA": "kathleen",
        "BEN": "emodb_10",
        "CLARA": "kathleen",
    }
    assert play.cast["BEN"].gain_db == -2 and play.cast["CLARA"].f0_shift != 0


def test_a_curve_that_is_cut_goes_on_as_it_was():
    times = np.linspace(0, 9, 7)
    moved = shifted(CURVE, 7.5)
    assert points(moved, times) == pytest.approx(points(CURVE, times + 7.5), abs=2e-3)
    ended = until(moved, 4.0)
    assert points(ended, [0.0, 2.0, 4.0]) == pytest.approx(points(CURVE, [7.5, 9.5, 11.5]), abs=2e-3)
    assert points(ended, [9.0]) == pytest.approx(points(CURVE, [11.5]), abs=2e-3)
    early = shifted(CURVE, -1.0)
    assert points(early, [1.0, 11.0]) == pytest.approx(points(CURVE, [0.0, 10.0]), abs=1e-4)


def test_what_lies_between_has_an_intensity_between():
    middle = at(CURVE, 5.0)
    assert middle.intensity == pytest.approx(0.75)
    assert at(CURVE, 10.0) == CURVE.keyframes[1][1]
    still = EmotionCurve.parse("sad", 0.5)
    assert shifted(still, 3.0) == still and EmotionCurve.parse(middle.to_json()).keyframes[0][1] == middle


def test_lines_with_feelings_of_their_own_stand_in_the_scene():
    joy = EmotionCurve.parse("joy")
    found = together(CURVE, [(1.0, 3.0, None), (4.0, 6.0, joy), (12.0, 14.0, EmotionCurve.parse("fear"))])
    assert points(found, [4.0, 5.0, 6.0]) == pytest.approx(points(joy, [0, 0, 0]), abs=1e-5)
    assert points(found, [2.0, 3.0, 9.0, 18.0]) == pytest.approx(
        points(CURVE, [2.0, 3.0, 9.0, 18.0]), abs=0.02
    )
    assert together(CURVE, [(0.0, 2.0, None)]) is CURVE
    times = [time for time, _ in found.keyframes]
    assert times == sorted(set(times)) and times[0] >= 0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(0.05, 3), st.floats(0.2, 4), st.booleans()), min_size=1, max_size=8))
def test_any_lines_make_a_curve(rows):
    lines, now = [], 0.0
    for pause, length, own in rows:
        now += pause
        lines.append((now, now + length, EmotionCurve.parse("joy", 0.5) if own else None))
        now += length
    found = together(CURVE, lines)
    for start, end, own in lines:
        if own is not None:
            middle = (start + end) / 2
            assert points(found, [middle]) == pytest.approx(points(own, [0]), abs=1e-4)


def test_shots_fill_the_film():
    placed = [Placed(1.0, 2.0), Placed(3.5, 1.0), Placed(4.5, 2.0)]
    found = cuts(placed, 8.0, 25.0)
    assert found[0][0] == 0 and found[-1][1] == 200
    assert [end for _, end in found[:-1]] == [start for start, _ in found[1:]]
    assert 3.0 * 25 <= found[1][0] < 3.5 * 25 and found[2][0] == round(4.5 * 25)


def test_excitement_shortens_a_pause():
    assert (
        pause_before(0.6, 0.8, same=False)
        < pause_before(0.6, 0.0, same=False)
        < pause_before(0.6, -0.8, same=False)
    )
    assert pause_before(0.6, 0.0, same=True) < 0.6 and pause_before(0.6, 0.0, same=False, asked_s=2.0) > 2.5
    assert pause_before(0.0, 0.0, same=False) == 0


@pytest.mark.parametrize("height", [360, 720, 1080])
@pytest.mark.parametrize("shows", ["both", "portrait", "body"])
def test_everything_has_its_place(height, shows):
    plain, other = (layout_of(height, shows, mirrored=mirrored) for mirrored in (False, True))
    width = plain.size[0]
    for layout in (plain, other):
        boxes = [box for box in (layout.face, layout.body) if box]
        assert len(boxes) == (2 if shows == "both" else 1)
        for box in (*boxes, layout.words, layout.strip):
            assert box.left >= 0 and box.left + box.width <= width and box.top + box.height <= height
        assert all(side % 8 == 0 for box in boxes for side in box.size)
    if shows == "both":
        assert plain.face.left < plain.body.left and other.body.left < other.face.left
        assert plain.face.left + plain.face.width < plain.body.left


def test_long_lines_come_in_pieces():
    text = "I had to see you once more, and now that I am here I do not want to go at all, not today, not tomorrow."
    heard = np.arange(len(text.split())) * 0.3 + 1.0
    found = captions_of(text, 0.5, heard.tolist())
    assert " ".join(words for _, words in found) == text and len(found) == 2
    assert found[0][0] == 0.5 and 1.0 < found[1][0] < heard[-1]
    assert abs(len(found[0][1]) - len(found[1][1])) < 20
    assert captions_of("Short.", 2.0, [2.1]) == [(2.0, "Short.")]


def test_words_are_written_into_the_picture_alone():
    layout = layout_of(360, "both")
    pixels = np.zeros((360, 640, 3), np.uint8)
    canvas.draw_words(pixels, layout, "ÄNNA", "sadness", "word " * 60, (-0.6, -0.4))
    rows, columns = layout.words.slices
    assert pixels[rows, columns].max() > 150
    pixels[rows, columns] = 0
    assert pixels.max() == 0


def test_cards_have_round_corners_and_any_picture_fits():
    layout = layout_of(360, "both")
    pixels = np.zeros((360, 640, 3), np.uint8)
    card = canvas.filling(np.full((50, 70, 3), 200, np.uint8), layout.face)
    canvas.put(pixels, card, layout.face, layout.scale)
    rows, columns = layout.face.slices
    assert pixels[rows, columns][0, 0].max() < 60 and pixels[rows, columns][20, 0].min() == 200


def test_films_begin_and_end_in_the_dark():
    block = np.full((4, 2, 2, 3), 200, np.uint8)
    assert faded(block, 0, 100, 25.0)[0].max() < 20 and faded(block, 96, 100, 25.0)[-1].max() < 20
    assert faded(block, 40, 100, 25.0) is block


def test_words_give_feelings_only_where_they_have_some(monkeypatch):
    from studio.dubbing import suggest
    from studio.scene.direct import with_feelings

    read = {"I am so happy for you.": ("joy", 0.9), "The table is brown and round.": ("neutral", 1.0)}
    monkeypatch.setattr(suggest, "read_line", lambda words: read[words])
    play = parse(
        "ANNA: I am so happy for you.\nBEN: The table is brown and round.\nANNA (sad 0.5): Fine, then."
    )
    felt = [(line.emotion, line.intensity) for line in with_feelings(play).lines]
    assert felt[0][0] is not None and felt[0] != (None, None)
    assert felt[1:] == [(None, None), ("sad", 0.5)]


def test_a_table_is_read_with_what_a_scene_cannot_do(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text(
        "start,end,speaker,text,emotion,mode\n4,5,BEN,Later.,,\n1,2,ANNA,First.,sad,convert\n7,6,BEN,Never.,,\n"
    )
    play = read_screenplay(build(ScenePrompt, {"script": str(path)}))
    assert play.timed and [line.text for line in play.lines] == ["First.", "Later."]
    assert any("no recording to convert" in warning for warning in play.warnings)
    assert any(warning.startswith("line 3: ") for warning in play.warnings)

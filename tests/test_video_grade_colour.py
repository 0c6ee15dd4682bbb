"""Looks: what a table does to colours, what a feeling does to a look, and what is measured of clips."""

from __future__ import annotations

import numpy as np
import pytest

from conditioning import Emotion, load_space
from generators.video.attributes import Attributes, control_row, measured, measured_film
from generators.video.grade_colour import (
    Look,
    colours_of,
    graded,
    grid,
    regraded,
    shifted,
    skin_in,
    table_of,
    to_oklab,
)
from generators.video.moods import MOODS, looks

STATES = ("joy", "sadness", "anger", "fear", "disgust", "calm", "love", "nostalgia", "awe", "boredom")
# The strongest that can be asked for: intensity 1.5 with every dial at 2.
MOST = 3.0


def look_of(name: str, intensity: float = 1.0) -> Look:
    return Look(*looks(load_space().embed(Emotion.parse(name, intensity))[None])[0].tolist())


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """Shades of many colours, as of a dull day: a sky, a meadow, skin, and something red."""
    rng = np.random.default_rng(3)
    colours = np.array([(150, 175, 205), (90, 120, 70), (200, 150, 120), (170, 60, 50), (70, 70, 80)])
    shade = np.linspace(0.35, 1.1, 60)[None, :, None]
    rows = np.repeat(colours, 12, 0)[:, None, :] * shade + rng.normal(0, 4, (60, 60, 3))
    return np.clip(rows, 0, 255).astype(np.uint8)


def seen(picture: np.ndarray, look: Look) -> Attributes:
    return measured(graded(picture, table_of(look))[None], 25.0)


def towards(attributes: Attributes, look: Look) -> float:
    """How far the mean colour lies towards the look's cast."""
    row = attributes.row()[2:]
    cast = np.array([look.warm_red, look.warm_green])
    return float(row @ cast / np.linalg.norm(cast))


def test_no_look_is_the_identity():
    values = np.random.default_rng(0).random((3, 4000))
    assert np.abs(regraded(colours_of(values), Look()) - values).max() < 1e-6


def test_neutral_has_no_look_and_looks_grow_evenly():
    assert look_of("neutral").keeps_colours and not any(look_of("neutral"))
    assert not any(look_of("fear", 0.0))
    for name in STATES:
        whole, half = np.array(look_of(name)), np.array(look_of(name, 0.5))
        assert np.abs(whole - 2 * half).max() < 1e-5, name


def test_moods_have_their_own_casts():
    for name, mood in MOODS.items():
        look = look_of(name)
        hue = np.degrees(np.arctan2(look.warm_green, look.warm_red))
        away = (hue - mood.hue + 180) % 360 - 180
        assert abs(away) < 25, (name, hue)


def test_valence_arousal_and_dominance_alone_make_a_look():
    def at(*vad: float) -> Look:
        return Look(*looks(load_space().embed(Emotion.parse({"vad": vad}))[None])[0].tolist())

    assert at(0.8, 0.1, 0.0).brightness > 0.2 > -0.2 > at(-0.8, 0.1, 0.0).brightness
    assert at(0.1, 0.8, 0.0).colourfulness > 0.2 > -0.2 > at(-0.1, -0.8, 0.0).colourfulness
    assert at(0.1, 0.8, 0.0).tempo > 0.1 > -0.1 > at(0.1, -0.8, 0.0).tempo


@pytest.mark.parametrize("name", STATES)
def test_nothing_is_clipped_at_the_strongest(name):
    look = Look(*(MOST * value for value in look_of(name)))
    ramp = regraded(colours_of(np.repeat(np.linspace(0, 1, 256)[None], 3, 0)), look)
    assert ramp.min() >= 0 and ramp.max() <= 1
    # Shades of grey stay apart and in their order, as far as 8 bits tell them apart at all.
    assert (np.diff(ramp.mean(0)) > 0).all()
    table = table_of(look)
    assert np.isfinite(table).all() and table.min() >= 0 and table.max() <= 1


def test_black_white_and_pure_colours_stay():
    ends = np.array([(0, 0, 0), (1, 1, 1), (1, 0, 0), (1, 1, 0)], float).T
    look = look_of("joy")._replace(fade=0.0)
    found = regraded(colours_of(ends), look)
    assert np.abs(found[:, :2] - ends[:, :2]).max() < 1e-6
    assert np.abs(found[:, 2:] - ends[:, 2:]).max() < 0.2


def test_the_table_is_near_what_it_stands_for():
    values = np.random.default_rng(1).integers(0, 256, (3, 5000))
    for name in ("joy", "fear", "nostalgia"):
        look = look_of(name)
        found = graded(values.T.reshape(50, 100, 3).astype(np.uint8), table_of(look))
        exact = 255 * regraded(colours_of(values / 255), look)
        error = np.abs(found.reshape(-1, 3).T - exact)
        assert error.mean() < 0.6 and np.quantile(error, 0.99) < 6


@pytest.mark.parametrize("name", STATES[:6])
def test_every_dial_moves_what_it_is_for(name, picture):
    full = look_of(name)
    cast = {"warm_red": full.warm_red, "warm_green": full.warm_green}
    for part, of in (
        ({"brightness": full.brightness}, lambda seen: seen.brightness),
        ({"contrast": full.contrast}, lambda seen: seen.contrast),
        ({"colourfulness": full.colourfulness}, lambda seen: seen.colourfulness),
        (cast, lambda seen: towards(seen, full)),
    ):
        if max(map(abs, part.values())) < 0.1:
            continue
        found = [
            of(seen(picture, Look(**{key: dial * value for key, value in part.items()})))
            for dial in (0.0, 0.5, 1.0)
        ]
        sign = 1.0 if "warm_red" in part else np.sign(next(iter(part.values())))
        assert (np.diff(found) * sign > 0).all(), (name, part, found)


def test_skin_takes_on_less_of_a_cast():
    skin = np.array([(224, 172, 140), (141, 85, 62), (90, 56, 40)], float).T / 255
    other = skin[[2, 0, 1]]  # as light and as colourful, blue and green instead
    lab = to_oklab(np.concatenate([skin, other], 1))
    likely = skin_in(lab[1], lab[2], np.hypot(lab[1], lab[2]))
    assert likely[:3].min() > 0.6 and likely[3:].max() < 0.1
    cast = Look(warm_red=-0.3, warm_green=0.1)
    moved = [odds(regraded(colours_of(values), cast)) - odds(values) for values in (skin, other)]
    assert np.abs(moved[0]).mean() < 0.8 * np.abs(moved[1]).mean()


def odds(values: np.ndarray) -> np.ndarray:
    return np.log(values / (1 - values))


def test_log_odds_keep_ends_and_order():
    values = np.linspace(0, 1, 101)
    for by in (-3.0, 0.7):
        moved = shifted(values, by, 1.4)
        assert moved[0] == 0 and moved[-1] == 1 and (np.diff(moved) > 0).all()
    assert len(grid().lightness) == 33**3


def plain(colour: tuple[int, int, int], count: int = 3) -> np.ndarray:
    return np.tile(np.array(colour, np.uint8), (count, 24, 32, 1))


def test_attributes_of_plain_clips():
    grey, red = measured(plain((128, 128, 128)), 10.0), measured(plain((255, 0, 0)), 10.0)
    assert grey.brightness == pytest.approx(128 / 255, abs=1e-4)
    assert grey.colourfulness == pytest.approx(0, abs=1e-4) and grey.hue_strength < 1e-5
    assert grey.contrast < 1e-4 and grey.motion < 1e-5
    assert red.brightness == pytest.approx(0.2126, abs=1e-4) and red.hue == pytest.approx(0, abs=0.1)
    assert red.row().tolist() == pytest.approx([0.2126, red.colourfulness, 1, 0], abs=1e-4)
    assert measured(plain((0, 0, 200)), 10.0).hue == pytest.approx(240, abs=0.1)


def test_colourfulness_is_hasslers():
    half = plain((200, 40, 60))
    half[:, :, ::2] = (30, 90, 220)
    pixels = half[0].reshape(-1, 3).astype(float)
    first, second = pixels[:, 0] - pixels[:, 1], pixels[:, :2].mean(1) - pixels[:, 2]
    wanted = np.hypot(first.std(), second.std()) + 0.3 * np.hypot(first.mean(), second.mean())
    assert measured(half, 10.0).colourfulness == pytest.approx(wanted / 100, rel=1e-4)


def test_motion_is_counted_by_the_second():
    blinking = plain((0, 0, 0), 5)
    blinking[1::2] = 255
    assert measured(blinking, 10.0).motion == pytest.approx(10.0, rel=1e-3)
    assert measured(blinking, 20.0).motion == pytest.approx(20.0, rel=1e-3)


def test_a_film_is_measured_block_by_block():
    frames = np.random.default_rng(0).integers(0, 256, (37, 30, 40, 3), np.uint8)
    whole, pieces = measured(frames, 25.0), measured_film(np.array_split(frames, 7), 25.0)
    assert tuple(pieces) == pytest.approx(tuple(whole), rel=1e-4)


def test_what_is_no_clip_is_refused():
    for frames in (np.zeros((2, 8, 8, 3)), np.zeros((8, 8, 3), np.uint8), np.zeros((2, 0, 8, 3), np.uint8)):
        with pytest.raises(ValueError, match="expected frames of uint8"):
            measured(frames, 10.0)
    with pytest.raises(ValueError, match="at least one frame"):
        measured(np.zeros((0, 8, 8, 3), np.uint8), 10.0)


def test_what_is_not_said_is_not_a_number():
    row = control_row(brightness=0.4, hue=90)
    assert row.dtype == np.float32 and np.isnan(row).tolist() == [False, True, False, False]
    assert row[3] > 0 and abs(row[2]) < 1e-6

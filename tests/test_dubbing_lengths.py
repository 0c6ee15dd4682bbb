"""Lengths of a text without its sound: the draw is the one that the sound follows."""

from __future__ import annotations

import numpy as np
import pytest
from speech_material import QUICK, say, small_backend

from conditioning import EmotionCurve
from generators.base import build
from generators.speech.drawn import LONGEST, Draw, Drawn

TEXT = "Well, I have been waiting for you all day. Where have you been?"
OVER_TIME = [(0.0, "calm"), (3.0, "angry")]


@pytest.fixture(scope="module")
def backend():
    return small_backend()


def lengths_of(backend, text=TEXT, emotion="sad", prompt=None, **options):
    return backend.lengths(
        build(backend.Prompt, {"text": text, **(prompt or {})}),
        EmotionCurve.parse(emotion),
        build(backend.Options, {**QUICK, **options}),
    )


def spoken(audio):
    words = audio.marks_of("word")
    return words[0].start_s, words[-1].end_s


@pytest.mark.parametrize("ratio", [0.8, 1.0, 1.7])
def test_asked_for_its_own_length_it_takes_that_length(backend, ratio):
    found = lengths_of(backend)
    duration_s = ratio * found.natural_s + found.around_s
    audio = say(backend, TEXT, emotion="sad", prompt={"duration_s": duration_s})
    start_s, end_s = spoken(audio)
    assert start_s == pytest.approx(found.before_s, abs=1e-6)
    assert end_s - start_s == pytest.approx(ratio * found.natural_s, abs=0.011)  # a frame


def test_the_ends_are_feasible_and_beyond_them_nothing_is(backend):
    found = lengths_of(backend, "It rained all day.")
    for heard_s in (found.shortest_s, found.longest_s):
        say(backend, "It rained all day.", emotion="sad", prompt={"duration_s": heard_s + found.around_s})
    for heard_s in (0.9 * found.shortest_s, 1.1 * found.longest_s):
        with pytest.raises(ValueError, match="expected a duration from"):
            say(backend, "It rained all day.", emotion="sad", prompt={"duration_s": heard_s + found.around_s})


def test_speed_is_only_what_is_natural(backend):
    usual, quick = lengths_of(backend), lengths_of(backend, speed=1.25)
    assert quick.natural_s < usual.natural_s
    assert (quick.shortest_s, quick.longest_s) == (usual.shortest_s, usual.longest_s)
    assert lengths_of(backend, speed=1.25, prompt={"duration_s": 5.0}) == quick


def test_where_the_feeling_changes_the_draw_follows_the_time_there_is(backend):
    free = lengths_of(backend, emotion=OVER_TIME)
    held = lengths_of(backend, emotion=OVER_TIME, prompt={"duration_s": 0.5 * free.natural_s})
    assert held.natural_s != free.natural_s
    duration_s = 0.8 * held.natural_s + held.around_s
    again = lengths_of(backend, emotion=OVER_TIME, prompt={"duration_s": duration_s})
    audio = say(backend, TEXT, emotion=OVER_TIME, prompt={"duration_s": duration_s})
    start_s, end_s = spoken(audio)
    assert end_s - start_s == pytest.approx(duration_s - again.around_s, abs=0.011)


def test_a_draw_that_is_known_gives_the_same_bytes(backend):
    prompt = {"duration_s": 4.0}
    fresh = say(small_backend(), TEXT, emotion="sad", prompt=prompt)
    lengths_of(backend)
    known = say(backend, TEXT, emotion="sad", prompt=prompt)
    again = say(backend, TEXT, emotion="sad", prompt=prompt)
    assert np.array_equal(fresh.samples, known.samples)
    assert np.array_equal(fresh.samples, again.samples)
    other = say(backend, TEXT, emotion="sad", prompt=prompt, seed=5)
    assert not np.array_equal(fresh.samples, other.samples)


def test_draws_are_kept_up_to_a_number():
    drawn = Drawn(2)
    for key in "abc":
        drawn.put(key, Draw([], None))
        drawn.get("a")
    assert (drawn.get("a") is None, drawn.get("b") is None, drawn.get("c") is None) == (False, True, False)
    drawn.put("long", Draw([None] * (LONGEST + 1), None))
    assert drawn.get("long") is None


def test_what_cannot_be_said_has_no_length(backend):
    with pytest.raises(ValueError, match="expected"):
        lengths_of(backend, "...")

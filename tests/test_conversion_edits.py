"""What an edit is: measured between two takes, applied to one, summed up and moved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.conversion.content import F0_USED, LEVEL_USED, NUM_CONTENT, SPEAKING, VOICED_USED
from generators.conversion.edits import (
    CHANNELS,
    F0,
    MOST,
    NUM_SHAPE,
    SHAPE,
    apply_edit,
    edit_between,
    envelope_change,
    moments,
    over_frames,
    timing,
)
from generators.conversion.summary import F0_RANGE, LEVEL_RANGE, NUM_SUMMARY, moved, summary_of
from generators.conversion.warping import positions
from generators.voice.features import N_MELS
from generators.voice.recording import Recording

NUM_PHONES = 9


def take_of(stretch: float = 1.0, seed: int = 0) -> tuple[Recording, np.ndarray]:
    """A line of some phones of its own colours, said at a pace, with its phone posteriors."""
    rng = np.random.default_rng(seed)
    order = [0, *rng.permutation(np.arange(1, NUM_PHONES)), *rng.permutation(np.arange(1, NUM_PHONES)), 0]
    symbols = np.repeat(order, np.round(stretch * rng.integers(8, 14, len(order))).astype(int))
    colours = envelope_change(np.random.default_rng(9).normal(0, 6, (NUM_PHONES, NUM_SHAPE))) - 6
    phones = 0.98 * np.eye(NUM_PHONES, dtype=np.float32)[symbols] + 0.02 / NUM_PHONES
    speaking = (symbols > 0).astype(np.float32)
    f0 = 150 * np.exp(0.2 * np.sin(np.linspace(0, 9, len(symbols)))) * speaking
    return Recording(colours[symbols], f0.astype(np.float32), phones, speaking), phones


def felt(take: Recording) -> Recording:
    """Higher and brighter, and as loud."""
    tilt = envelope_change(np.eye(NUM_SHAPE, dtype=np.float32)[[1]] * -12)
    return replace(take, envelope=take.envelope + tilt * take.speaking[:, None], f0_hz=take.f0_hz * 1.3)


# Alignment and edits


@pytest.mark.parametrize("stretch", [0.6, 1.0, 1.7])
def test_what_is_said_is_found_in_a_slower_or_faster_take(stretch):
    (one, phones), (other, other_phones) = take_of(), take_of(stretch)
    at = positions(one, felt(other), (phones, other_phones))
    assert at.shape == (len(one),) and (np.diff(at) >= 0).all() and at[0] >= 0 and at[-1] <= len(other) - 1
    far = np.abs(at - stretch * np.arange(len(one)))
    assert np.median(far) < 2 and far.max() < 9
    nearest = at.round().astype(int)
    assert (other_phones[nearest].argmax(1) == phones.argmax(1)).mean() > 0.9


@pytest.mark.parametrize("stretch", [0.7, 1.0, 1.5])
def test_an_edit_makes_one_take_into_the_other(stretch):
    (source, phones), (other, other_phones) = take_of(), take_of(stretch)
    target = felt(other)
    at = positions(source, target, (phones, other_phones))
    edit = edit_between(source, target, at)
    assert edit.shape == (len(moments(len(source))), CHANNELS) and (np.abs(edit) <= MOST).all()
    made = apply_edit(source, edit, keep_timing=False)
    assert len(made.f0_hz) == pytest.approx(len(target), rel=0.06)

    def far(envelope: np.ndarray) -> float:
        places = np.linspace(0, len(envelope) - 1, len(target)).round().astype(int)
        return float(np.abs(envelope[places] - target.envelope)[target.speaking > 0].mean())

    assert far(made.envelope) < 0.6 * far(source.envelope)
    middle = np.median(np.log(target.f0_hz[target.f0_hz > 0]))
    assert np.median(np.log(made.f0_hz[made.f0_hz > 0])) == pytest.approx(middle, abs=0.03)
    kept = apply_edit(source, edit, keep_timing=True)
    assert np.array_equal(kept.source_at, np.arange(len(source)))
    assert np.array_equal(kept.f0_hz > 0, source.f0_hz > 0)


def test_a_take_and_itself_need_no_edit():
    take, _ = take_of()
    edit = edit_between(take, take, np.arange(len(take), dtype=float))
    assert np.abs(edit[20:-20]).max() < 1e-3


def test_a_louder_take_is_no_edit_and_pauses_are_left_alone():
    take, _ = take_of()
    louder = replace(take, envelope=take.envelope + 2.0)
    edit = edit_between(take, louder, np.arange(len(take), dtype=float))
    speech = take.speaking[moments(len(take)).round().astype(int)] > 0
    assert np.abs(edit[speech, SHAPE.start].mean()) < 0.1 < 10 * 2.0 < MOST[SHAPE.start]
    strong = np.ones((len(moments(len(take))), CHANNELS), np.float32)
    made = apply_edit(take, strong, keep_timing=True)
    pause = take.speaking == 0
    assert np.allclose(made.envelope[pause], take.envelope[pause]) and not made.f0_hz[pause].any()
    assert not np.allclose(made.envelope[~pause], take.envelope[~pause])


@given(st.lists(st.floats(-0.7, 0.7), min_size=1, max_size=120))
@settings(max_examples=40, deadline=None)
def test_timing_goes_forward_through_all_of_the_source(rates):
    log_rate = np.array(rates, np.float32)
    at = timing(log_rate)
    assert len(at) == max(1, round(float(np.exp(log_rate).cumsum()[-1])))
    assert (np.diff(at) > 0).all() and at[0] >= -0.5 and at[-1] <= len(rates) - 0.5
    for doubled in (np.log(2.0), -np.log(2.0)):
        assert len(timing(np.full(40, doubled, np.float32))) == round(40 * np.exp(doubled))
    np.testing.assert_allclose(timing(np.zeros(len(rates), np.float32)), np.arange(len(rates)), atol=1e-4)


@given(st.integers(1, 90), st.integers(0, 2**31))
@settings(max_examples=40, deadline=None)
def test_an_edit_between_moments_lies_between_them(num_frames, seed):
    edit = np.random.default_rng(seed).normal(size=(len(moments(num_frames)), CHANNELS)).astype(np.float32)
    frames = over_frames(edit, num_frames)
    assert frames.shape == (num_frames, CHANNELS) and frames.dtype == np.float32
    assert (frames <= edit.max(0) + 1e-6).all() and (frames >= edit.min(0) - 1e-6).all()
    grid = moments(num_frames)
    straight = over_frames(np.outer(grid, edit[0]).astype(np.float32), num_frames)
    frames_inside = np.arange(num_frames).clip(grid[0], grid[-1])
    np.testing.assert_allclose(straight, np.outer(frames_inside, edit[0]), atol=1e-3)


@given(st.integers(0, 2**31), st.floats(-3, 3))
@settings(max_examples=40, deadline=None)
def test_coefficients_are_smooth_changes_of_their_own_size(seed, factor):
    one, other = np.random.default_rng(seed).normal(size=(2, 5, NUM_SHAPE)).astype(np.float32)
    change = envelope_change(one)
    assert change.shape == (5, N_MELS)
    np.testing.assert_allclose(np.linalg.norm(change, axis=1), np.linalg.norm(one, axis=1), rtol=1e-4)
    both = envelope_change(one + np.float32(factor) * other)
    np.testing.assert_allclose(both, change + factor * envelope_change(other), atol=1e-4)
    level = envelope_change(np.eye(NUM_SHAPE, dtype=np.float32)[[0]])
    np.testing.assert_allclose(level, 0.1, atol=1e-6)


# Summaries


def made_up_content(rng: np.random.Generator, count: int = 80) -> np.ndarray:
    content = rng.normal(0, 1, (count, NUM_CONTENT)).astype(np.float32)
    content[:, SPEAKING] = np.arange(count) % 16 > 3
    content[:, VOICED_USED] = content[:, SPEAKING] * (np.arange(count) % 5 > 0)
    return content


@pytest.mark.parametrize("seed", range(4))
def test_an_edit_is_moved_to_what_is_wanted_on_the_whole(seed):
    rng = np.random.default_rng(seed)
    content, edit = made_up_content(rng), rng.normal(0, 0.2, (80, CHANNELS)).astype(np.float32)
    wanted = rng.uniform(-0.5, 0.5, NUM_SUMMARY).astype(np.float32)
    before = summary_of(edit, content)
    assert np.abs(before - wanted).max() > 0.3
    np.testing.assert_allclose(summary_of(moved(edit, content, wanted, 1.0), content), wanted, atol=0.01)
    assert np.allclose(moved(edit, content, wanted, 0.0), edit, atol=1e-6)
    half = summary_of(moved(edit, content, wanted, 0.5), content)
    np.testing.assert_allclose(half, (before + wanted) / 2, atol=0.01)


def test_a_summary_counts_speech_alone_and_hears_ranges():
    content = made_up_content(np.random.default_rng(0))
    edit = np.zeros((80, CHANNELS), np.float32)
    edit[content[:, SPEAKING] == 0] = 5.0
    assert np.abs(summary_of(edit, content)).max() < 0.05
    edit[:] = 0
    edit[:, F0] = 0.5 * 0.25 * content[:, F0_USED]
    edit[:, SHAPE.start] = -0.5 * 10 * content[:, LEVEL_USED]
    found = summary_of(edit, content)
    assert found[F0_RANGE] == pytest.approx(np.log(1.5), abs=0.01)
    assert found[LEVEL_RANGE] == pytest.approx(np.log(0.5), abs=0.01)

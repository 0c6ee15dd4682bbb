"""The parts that speech is made of, each against a closed form, a brute force or its own inverse."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from speech_material import small_model, small_vocoder

from generators.speech.delivery import Delivery, rounded, stretch_for, total_frames
from generators.speech.plan import (
    EXPRESSION,
    F0,
    F0_AT,
    NUM_KINDS,
    VALUES,
    VoiceStatistics,
    contour_of,
    fit_statistics,
    kinds_of,
    merge_short_pauses,
    raw_of,
    residuals,
)
from generators.speech.render import FIRST_WINDOW, WINDOW, window_bounds
from generators.speech.text import read_text
from generators.speech.timing import marks_of
from generators.speech.tokens import TokenRow, tokens_of
from generators.voice.aligner import Aligner, best_path
from generators.voice.features import (
    F0_MIN_HZ,
    FRAME_RATE,
    HOP_LENGTH,
    N_MELS,
    SAMPLE_RATE,
    log_mel,
    smooth_envelope,
)
from generators.voice.flat_start import flat_start
from generators.voice.limiter import KNEE, softly_limited
from generators.voice.phones import INDEX, SILENCE, SYMBOLS
from generators.voice.vocoder import harmonic_source, inverse_short_time, short_time

SEEDS = st.integers(0, 2**31)


@pytest.fixture(scope="module")
def row() -> TokenRow:
    return tokens_of(read_text("Well, she sold it, and then we all went home.", "en-US")[0])


def delivery_of(text: str, frames: float = 7.0) -> Delivery:
    sentence = read_text(text, "en-US")[0]
    row = tokens_of(sentence)
    lengths = np.where(row.is_pause, 0.0, frames)
    lengths[[0, -1]] = 6
    return Delivery(sentence, row, np.zeros((len(row), len(VALUES)), np.float32), lengths)


# Plans


def test_residuals_and_raw_values_are_inverse(row):
    rng = np.random.default_rng(0)
    statistics = VoiceStatistics(
        rng.normal(0, 3, (NUM_KINDS, 7)), rng.uniform(0.1, 4, 7), rng.normal(0, 2, (3, 7))
    )
    values = rng.normal(0, 1, (len(row), 7)).astype(np.float32)
    raw = raw_of(values, kinds_of(row), 1, statistics)
    assert np.allclose(residuals(raw, kinds_of(row), 1, statistics), values, atol=1e-4)
    raw[3, 2] = np.nan
    assert residuals(raw, kinds_of(row), 1, statistics)[3, 2] == 0, "what could not be measured is usual"


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_a_contour_passes_through_its_points(seed):
    rng = np.random.default_rng(seed)
    durations = rng.integers(0, 9, 8)
    durations[0] = 5
    values = rng.normal(0, 1, (8, 3))
    contour = contour_of(values, durations)
    assert contour.shape == (durations.sum(),)
    lasting = durations > 0
    starts = (durations.cumsum() - durations)[lasting]
    at = (starts[:, None] + durations[lasting][:, None] * np.array(F0_AT) - 0.5).ravel()
    for place, value in zip(at, values[lasting].ravel(), strict=True):
        if place >= 0 and place == round(place):
            assert contour[round(place)] == pytest.approx(value, abs=1e-5)
    assert contour.min() >= values[lasting].min() - 1e-5 and contour.max() <= values[lasting].max() + 1e-5
    assert np.allclose(contour_of(np.full((8, 3), 2.5), durations), 2.5)


def test_short_pauses_go_to_their_neighbours(row):
    durations = np.full(len(row), 6)
    inner = np.flatnonzero(row.is_pause)[1:-1]
    durations[inner] = np.arange(len(inner)) % 7
    before = durations.copy()
    merged = merge_short_pauses(durations, row)
    assert merged.sum() == before.sum() and np.array_equal(durations, before)
    assert all(merged[at] == (0 if before[at] < 4 else before[at]) for at in inner)
    assert merged[0] == before[0] and merged[-1] == before[-1]
    assert (merged[~row.is_pause] >= before[~row.is_pause]).all()


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.floats(0.3, 20.0))
def test_rounding_keeps_the_sum_and_every_phone(seed, mean):
    rng = np.random.default_rng(seed)
    lengths = rng.exponential(mean, 40)
    is_pause = rng.random(40) < 0.2
    lengths[is_pause & (rng.random(40) < 0.5)] = 0
    is_pause[[0, -1]] = True
    lengths[[0, -1]] = 40.0
    frames = rounded(lengths, is_pause)
    assert frames.sum() == round(lengths.sum()) and (frames >= 0).all()
    assert (frames[~is_pause] >= 1).all()
    if (lengths[~is_pause] > 1).all():
        assert (np.abs(frames.cumsum() - lengths.cumsum()) <= 0.5 + 1e-9).all()


def test_rounding_takes_what_is_missing_from_phones_not_from_pauses():
    lengths = np.array([6, 0.1, 0.1, 9.8, 30.0, 0.2, 4.8, 6])
    pauses = np.array([True, False, False, False, True, False, False, True])
    frames = rounded(lengths, pauses)
    assert frames[4] == 30 and frames[0] == frames[-1] == 6 and (frames[~pauses] >= 1).all()


@pytest.mark.parametrize("ratio", [0.5, 0.6, 1.6, 2.5])
def test_a_stretch_meets_its_target(ratio):
    deliveries = [delivery_of("We went home."), delivery_of("Nobody was there, not even the cat.")]
    target = ratio * total_frames(deliveries, 1.0)
    stretch = stretch_for(deliveries, target)
    assert total_frames(deliveries, stretch) == pytest.approx(target, abs=1e-6)
    assert (stretch < 1) == (ratio < 1)


def test_asked_pauses_and_edges_do_not_stretch():
    delivery = delivery_of("We went [pause 0.5s] home.")
    asked = np.flatnonzero(delivery.row.is_pause)[2]
    delivery.frames[asked] = 0.5 * FRAME_RATE
    for stretch in (0.5, 2.0):
        lengths = delivery.stretched(stretch)
        assert lengths[asked] == 0.5 * FRAME_RATE and lengths[0] == lengths[-1] == 6
        assert ((lengths < delivery.frames) == (stretch < 1))[~delivery.row.is_pause].all()


def test_an_impossible_length_names_what_is_possible():
    deliveries = [delivery_of("We went home.")]
    for frames in (10.0, 10_000.0):
        with pytest.raises(
            ValueError, match=r"^expected a duration from \d\.\d\d to \d\.\d\d s .*, got [\d.]+ s$"
        ):
            stretch_for(deliveries, frames)


def test_marks_tile_the_sentence():
    delivery = delivery_of('He paid $3.50 for "two" books, didn\'t he?')
    durations = delivery.frames.astype(int)
    marks = marks_of(delivery, durations)
    words = [mark.text for mark in marks if mark.kind == "word"]
    assert words == [word.text for word in delivery.sentence.words if word.text] and "$3.50" in words
    for kind in ("phone", "viseme"):
        own = [mark for mark in marks if mark.kind == kind]
        assert own[0].start_s == 0 and own[-1].end_s == pytest.approx(durations.sum() / FRAME_RATE)
        assert all(a.end_s == pytest.approx(b.start_s) for a, b in itertools.pairwise(own))
    assert [mark.text for mark in marks if mark.kind == "phone"] == [
        SYMBOLS[symbol] for symbol, length in zip(delivery.row.symbol, durations, strict=True) if length
    ]


# What is usual


def test_statistics_take_kinds_and_speakers_apart():
    rng = np.random.default_rng(3)
    kind_effect, speaker_effect = rng.normal(0, 2, (NUM_KINDS, 7)), rng.normal(0, 1, (2, 7))
    kind_effect[:, F0] = 0  # has one level for all phones
    spread = np.array([0.3, 0.1, 0.2, 0.3, 2.0, 0.5, 0.05])
    raw, kinds, speakers = [], [], np.array([0, 1] * 20 + [0])
    for who in speakers:
        kind = rng.integers(1, 12, 60)
        kinds.append(kind)
        raw.append(kind_effect[kind] + speaker_effect[who] + spread * rng.normal(0, 1, (60, 7)))
    raw[0][5:9, 6] = np.nan
    neutral = np.ones(len(raw), bool)
    neutral[-1] = False
    raw[-1] += 100  # acted: must not count
    found = fit_statistics(raw, kinds, speakers, neutral, 4)
    for who in (0, 1):
        usual = (found.kind_mean + found.speaker_mean[who])[1:12]
        wanted = (kind_effect + speaker_effect[who])[1:12]
        assert (np.abs(usual - wanted) < 0.25 * spread + 0.05).all()
    wanted_scale = np.r_[spread[0], [np.mean([0.1, 0.2, 0.3])] * 3, spread[4:]]
    assert np.allclose(found.scale, wanted_scale, rtol=0.1)
    assert not found.speaker_mean[2:].any()


def test_what_an_emotion_implies_is_linear():
    model = small_model().prosody
    one, two = torch.randn(2, 64, generator=torch.Generator().manual_seed(0))
    implied = model.implied_expression
    assert implied(one).shape == (len(EXPRESSION),) and not implied(torch.zeros(64)).any()
    assert torch.allclose(implied(0.3 * one + 0.5 * two), 0.3 * implied(one) + 0.5 * implied(two), atol=1e-5)


# Windows and levels


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 20_000))
def test_windows_cover_everything_once(total):
    windows = window_bounds(total)
    assert windows[0][0] == 0 and windows[-1][1] == total
    assert all(a[1] == b[0] for a, b in itertools.pairwise(windows))
    assert all(0 < end - start <= WINDOW for start, end in windows)
    if len(windows) > 1:
        assert windows[0] == (0, FIRST_WINDOW)
        assert min(end - start for start, end in windows[1:]) > WINDOW // 2 - 1


def test_the_limiter_is_monotone_seamless_and_bounded():
    quiet = np.linspace(-KNEE, KNEE, 101, dtype=np.float32)
    assert np.array_equal(softly_limited(quiet), quiet)
    ramp = np.linspace(-5, 5, 100_001, dtype=np.float32)
    out = softly_limited(ramp)
    assert (np.diff(out) >= 0).all() and np.abs(out).max() <= 1 and out.dtype == np.float32
    assert np.allclose(out, -out[::-1])
    assert np.diff(out).max() < 1.02e-4, "no jump, and never steeper than the input"
    cut = [softly_limited(part) for part in np.array_split(ramp, 7)]
    assert np.array_equal(np.concatenate(cut), out)


# Vocoder


@pytest.mark.parametrize("bins", [300, 501, 1234])
def test_harmonics_have_unit_power_and_exact_f0(bins):
    frames = 256
    f0 = bins * SAMPLE_RATE / (frames * HOP_LENGTH)  # falls on a bin
    sound = harmonic_source(torch.full((1, frames), f0))
    assert float(sound.square().mean()) == pytest.approx(1.0, abs=0.01)
    spectrum = torch.fft.rfft(sound[0].double()).abs()
    peaks = (spectrum > spectrum.max() / 2).nonzero()[:, 0]
    assert torch.equal(peaks, bins * torch.arange(1, len(peaks) + 1))
    assert len(peaks) == int(SAMPLE_RATE / 2 / f0)


def test_harmonics_follow_a_glide_and_are_silent_where_unvoiced():
    f0 = torch.linspace(100, 300, 100)[None].repeat(2, 1)
    f0[1, 40:60] = 0
    sound = harmonic_source(f0)
    assert sound.shape == (2, 100 * HOP_LENGTH)
    assert not sound[1, 40 * HOP_LENGTH : 60 * HOP_LENGTH].any()
    assert sound[1, : 40 * HOP_LENGTH].any() and sound[1, 60 * HOP_LENGTH :].any()
    high = sound[0] > 4  # once a turn
    assert int((high[1:] & ~high[:-1]).sum()) == pytest.approx(200 * 100 * HOP_LENGTH / SAMPLE_RATE, abs=1)
    assert not harmonic_source(torch.zeros(1, 9)).any()


def test_the_phase_starts_where_it_is_told_to():
    f0 = torch.full((1, 60), 171.3)
    turns = 171.3 * 25 * HOP_LENGTH / SAMPLE_RATE
    rest = harmonic_source(f0[:, 25:], torch.tensor([turns % 1]))
    assert torch.allclose(rest, harmonic_source(f0)[:, 25 * HOP_LENGTH :], atol=2e-3)


def test_the_short_time_transform_is_inverted():
    samples = torch.randn(2, 20 * HOP_LENGTH, generator=torch.Generator().manual_seed(0))
    back = inverse_short_time(short_time(samples))
    assert back.shape == samples.shape
    assert torch.allclose(back[:, 512:-512], samples[:, 512:-512], atol=1e-5)


def test_pieces_of_sound_are_the_whole_away_from_their_ends():
    vocoder = small_vocoder()
    generator = torch.Generator().manual_seed(1)
    total, start, stop = 60, 22, 41
    mel = -6 + torch.randn(1, total, N_MELS, generator=generator)
    f0 = torch.linspace(150, 260, total)[None]
    noise = torch.randn(1, total * HOP_LENGTH, generator=generator)
    harmonics = harmonic_source(f0)
    whole = vocoder(mel, f0, harmonics, noise)
    first, last = start - vocoder.context_frames, stop + vocoder.context_frames
    at = slice(first * HOP_LENGTH, last * HOP_LENGTH)
    piece = vocoder(mel[:, first:last], f0[:, first:last], harmonics[:, at], noise[:, at])
    inner = slice((start - first) * HOP_LENGTH, (stop - first) * HOP_LENGTH)
    wanted = whole[:, start * HOP_LENGTH : stop * HOP_LENGTH]
    assert wanted.abs().max() > 1e-4
    assert torch.allclose(piece[:, inner], wanted, atol=1e-5 * float(wanted.abs().max()) + 1e-7)


# Frames


def harmonic_mel(f0: float, frames: int = 40) -> np.ndarray:
    sound = harmonic_source(torch.full((1, frames), f0))
    return log_mel(sound)[0].numpy().T[5:-6]


def test_the_envelope_has_no_harmonics_and_keeps_the_level():
    smooth = {}
    for f0 in (125.0, 250.0):
        mel = harmonic_mel(f0)
        out = smooth_envelope(mel, np.full(len(mel), f0))
        bands = slice(12, 60)
        ripple, left = (np.abs(np.diff(x[:, bands], 2)).mean() for x in (mel, out))
        assert left < 0.5 * ripple
        level = [10 * np.log10(np.exp(2 * x).mean()) for x in (mel, out)]
        assert level[1] == pytest.approx(level[0], abs=1.0)
        smooth[f0] = out.mean(0)
    # The source is as dense in power at any f0: what is left must not know which it was.
    assert np.abs(smooth[125.0] - smooth[250.0])[15:95].mean() < 0.2


def test_unvoiced_frames_stay_and_a_smooth_spectrum_stays_smooth():
    mel = harmonic_mel(200.0)
    f0 = np.full(len(mel), 200.0)
    f0[::2] = 0
    out = smooth_envelope(mel, f0)
    assert np.array_equal(out[::2], mel[::2]) and not np.array_equal(out[1::2], mel[1::2])
    flat = np.full((3, N_MELS), -4.0)
    assert np.allclose(smooth_envelope(flat, np.full(3, F0_MIN_HZ)), -4.0, atol=1e-5)


# Alignment


def best_by_hand(scores: np.ndarray) -> float:
    frames, tokens = scores.shape
    found = -np.inf
    for cuts in itertools.combinations(range(1, frames), tokens - 1):
        path = np.searchsorted(cuts, np.arange(frames), side="right")
        found = max(found, scores[np.arange(frames), path].sum())
    return found


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.integers(1, 5), st.integers(0, 4))
def test_the_best_path_is_the_best(seed, tokens, more):
    scores = np.random.default_rng(seed).normal(0, 1, (tokens + more, tokens))
    durations = best_path(scores)
    assert durations.sum() == len(scores) and (durations >= 1).all()
    path = np.repeat(np.arange(tokens), durations)
    assert scores[np.arange(len(scores)), path].sum() == pytest.approx(best_by_hand(scores))


def test_too_few_frames_are_refused():
    with pytest.raises(ValueError, match="expected at least a frame for each of 3 phones, got 2 frames"):
        best_path(np.zeros((2, 3)))


def test_an_aligner_gives_every_token_its_frames(row):
    torch.manual_seed(0)
    aligner = Aligner(width=8, depth=1).eval()
    mel = np.random.default_rng(0).normal(-5, 1, (90, N_MELS)).astype(np.float32)
    durations = aligner.align(mel, row.symbol)
    assert durations.sum() == 90 and (durations >= 1).all() and len(durations) == len(row)


def test_a_flat_start_finds_the_boundaries():
    rng = np.random.default_rng(7)
    phones = np.array([INDEX[s] for s in ("a", "i", "s", "m", "t", "oː")])
    centre = {int(p): rng.normal(0, 3, 8) for p in phones} | {INDEX[SILENCE]: np.zeros(8)}
    for place in centre.values():
        place[0] = 8.0  # loudness
    centre[INDEX[SILENCE]][0] = 0.0
    features, symbols, true = [], [], []
    for _ in range(14):
        row = np.r_[INDEX[SILENCE], rng.choice(phones, 9), INDEX[SILENCE]]
        durations = rng.integers(4, 14, len(row))
        at = np.repeat(row, durations)
        features.append(np.stack([centre[int(s)] for s in at]) + rng.normal(0, 0.7, (len(at), 8)))
        symbols.append(row)
        true.append(durations)
    found = flat_start(features, symbols)
    off = np.concatenate([
        np.abs(f.cumsum() - t.cumsum())[:-1][row[1:] != row[:-1]]
        for f, t, row in zip(found, true, symbols, strict=True)
    ])  # fmt: skip
    assert np.median(off) == 0 and (off <= 2).mean() > 0.9
    assert flat_start([], []) == []

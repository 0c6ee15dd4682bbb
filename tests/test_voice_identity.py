"""Whose voice it is: prints, what turns one into another, directions of speakers, and points of feelings."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
import torch
from conversion_material import recording, voice_like
from speech_material import NAME, say, small_backend

import checkpoints
from conditioning import load_space
from generators.speech.options import VOCODER
from generators.voice.features import HOP_LENGTH, N_MELS, SAMPLE_RATE, analyse
from generators.voice.identity import (
    MOST_WIDER,
    PRIOR_FRAMES,
    VoicePrint,
    distance,
    full_colours,
    mixed,
    pooled,
    print_of,
    turn,
)
from generators.voice.phones import INDEX, SILENCE, SYMBOLS
from generators.voice.points import EmotionPoints
from generators.voice.prints import CHECKPOINT as PRINTS
from generators.voice.prints import VoicePrints
from generators.voice.speaker_encoder import CHECKPOINT as SPEAKERS
from generators.voice.speaker_encoder import NUM_INPUTS, SpeakerEncoder, discriminant, equal_error
from generators.voice.voices import VOICES

BANDS = np.linspace(-1, 1, N_MELS)
RNG = np.random.default_rng(7)
USUAL = (-6 + 2 * np.cos(np.outer(RNG.uniform(0, 3, len(SYMBOLS)), np.arange(N_MELS) / 20))).astype(
    np.float32
)
QUIET = INDEX[SILENCE]


def voice(colour: np.ndarray, frames: float = 200.0, f0_hz: float = 150.0, spread: float = 0.2) -> VoicePrint:
    counts = np.full(len(SYMBOLS), frames, np.float32)
    return VoicePrint((USUAL + colour).astype(np.float32), counts, float(np.log(f0_hz)), spread)


DARK, BRIGHT = voice(-1.5 * BANDS, f0_hz=110.0), voice(1.5 * BANDS, f0_hz=210.0, spread=0.26)


def spoken(who: VoicePrint, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every phone some times for 12 frames, in that voice: envelope, posteriors, f0."""
    rng = np.random.default_rng(seed)
    at = np.repeat(np.concatenate([rng.permutation(len(SYMBOLS)) for _ in range(3)]), 12)
    envelope = who.colours[at] + rng.normal(0, 0.3, (len(at), N_MELS))
    f0 = np.exp(who.log_f0 + who.log_f0_spread * np.sqrt(2) * np.sin(np.arange(len(at)) / 9))
    return envelope.astype(np.float32), np.eye(len(SYMBOLS), dtype=np.float32)[at], f0.astype(np.float32)


# Prints


def test_a_phone_never_heard_has_the_usual_colour_and_the_voices_own():
    heard = np.arange(len(SYMBOLS)) % 2 == 0
    counts = np.where(heard, 500.0, 0.0).astype(np.float32)
    found = full_colours(replace(DARK, counts=counts), USUAL)
    unheard = ~heard & (np.arange(len(SYMBOLS)) != QUIET)
    np.testing.assert_allclose(
        found[unheard] - USUAL[unheard], np.tile(-1.5 * BANDS, (unheard.sum(), 1)), atol=0.01
    )
    assert np.array_equal(found[QUIET], USUAL[QUIET]), "silence is the room's"
    odd = DARK.colours.copy()
    odd[4] += 3.0
    clear, faint = (
        full_colours(replace(DARK, colours=odd, counts=np.where(heard, frames, 0).astype(np.float32)), USUAL)[
            4
        ]
        for frames in (2000.0, PRIOR_FRAMES / 4)
    )
    assert np.abs(clear - odd[4]).max() < 0.1 and np.abs(faint - odd[4]).min() > 1.5
    nobody = full_colours(replace(DARK, counts=np.zeros_like(counts)), USUAL)
    np.testing.assert_allclose(nobody, USUAL, atol=1e-5)


def test_a_print_is_what_was_heard():
    found = print_of(*spoken(BRIGHT))
    assert np.abs(found.colours - BRIGHT.colours).mean() < 0.1 and (found.counts == 36).all()
    assert found.log_f0 == pytest.approx(BRIGHT.log_f0, abs=0.02)
    assert found.log_f0_spread == pytest.approx(BRIGHT.log_f0_spread, rel=0.05)
    envelope, phones, f0 = spoken(BRIGHT)
    with pytest.raises(ValueError, match="expected a voice, got a recording with hardly anything voiced"):
        print_of(envelope, phones, np.where(np.arange(len(f0)) < 9, f0, 0))


def test_recordings_of_one_voice_are_pooled_by_how_much_was_heard():
    little, much = voice(0 * BANDS, frames=10.0, f0_hz=100.0), voice(BANDS, frames=30.0, f0_hz=200.0)
    found = pooled([little, much])
    np.testing.assert_allclose(found.colours, USUAL + 0.75 * BANDS, atol=1e-4)
    assert (found.counts == 40).all()
    assert found.log_f0 == pytest.approx(0.25 * np.log(100) + 0.75 * np.log(200))


# Turns


@pytest.mark.parametrize("who", [DARK, BRIGHT, voice(BANDS, frames=3.0), voice(BANDS, spread=0.005)])
def test_nobody_is_turned_into_himself(who):
    found = turn(who, who, USUAL)
    assert not found.colours.any() and found.log_f0 == 0 and found.wider == 1


def test_a_turn_takes_a_recording_most_of_the_way():
    envelope, phones, f0 = spoken(DARK)
    how = turn(print_of(envelope, phones, f0), print_of(*spoken(BRIGHT, seed=1)), USUAL)
    made = print_of(envelope + how.envelope(phones), phones, np.exp(how.contour(np.log(f0))))
    assert distance(made, BRIGHT, USUAL) < 0.25 * distance(DARK, BRIGHT, USUAL)
    assert made.log_f0 == pytest.approx(BRIGHT.log_f0, abs=0.03)
    assert made.log_f0_spread == pytest.approx(BRIGHT.log_f0_spread, rel=0.1)
    change = how.envelope(phones)[phones[:, QUIET] == 0]
    assert abs(change.mean()) < 0.05 < np.abs(change).mean(), "the level is not the voice's"


def test_a_turn_does_not_widen_without_bound():
    lively, flat = voice(BANDS, spread=0.9), voice(BANDS, spread=0.0)
    assert turn(flat, lively, USUAL).wider == pytest.approx(MOST_WIDER)
    assert turn(lively, flat, USUAL).wider == pytest.approx(1 / MOST_WIDER)


@pytest.mark.parametrize("frames", [200.0, 8.0])
def test_a_mixture_goes_from_one_voice_to_the_other(frames):
    counts = (frames * (np.arange(len(SYMBOLS)) % 3)).astype(np.float32)
    one, other = replace(DARK, counts=counts), replace(BRIGHT, counts=counts[::-1].copy())
    whole = turn(one, other, USUAL)
    for share in (0.0, 0.5, 1.0):
        found = turn(one, mixed(one, other, share, USUAL), USUAL)
        np.testing.assert_allclose(found.colours, share * whole.colours, atol=1e-4)
        assert found.log_f0 == pytest.approx(share * whole.log_f0, abs=1e-6)
    assert turn(one, mixed(one, other, 0.0, USUAL), USUAL).wider == 1


# Directions of speakers


def made_up_people(num_people: int, seed: int):
    """Takes whose loudest differences are moods, which all people share."""
    rng = np.random.default_rng(seed)
    people = np.repeat(np.arange(num_people), 12)
    own = np.random.default_rng(3).normal(0, 1, (4, 30)) * 0.6
    moods = np.random.default_rng(4).normal(0, 1, (3, 30)) * 3
    inputs = rng.normal(0, 1, (num_people, 4))[people] @ own + rng.normal(0, 1, (len(people), 3)) @ moods
    return inputs + rng.normal(0, 0.3, inputs.shape), np.array([f"p{n}" for n in people])


def error_of(rows: np.ndarray, speakers: np.ndarray) -> float:
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    one, two = np.triu_indices(len(rows), 1)
    return equal_error((rows[one] * rows[two]).sum(1), speakers[one] == speakers[two])


def test_discriminants_know_people_never_heard_whatever_they_feel():
    inputs, speakers = made_up_people(30, seed=0)
    mean, project = discriminant(inputs, speakers, 4)
    assert mean.shape == (30,) and project.shape == (30, 4)
    unheard, names = made_up_people(8, seed=1)
    raw = error_of(unheard - unheard.mean(0), names)
    found = error_of((unheard - mean) @ project, names)
    assert found < 0.15 < 0.35 < raw


def test_equal_errors_of_known_cases():
    same = np.arange(4000) % 2 == 0
    rng = np.random.default_rng(0)
    assert equal_error(same + 0.1 * rng.random(4000), same) < 0.01
    assert equal_error(rng.random(4000), same) == pytest.approx(0.5, abs=0.03)
    assert equal_error(-1.0 * same, same) > 0.9


# What ships


def test_the_shipped_speaker_encoder_hears_who_speaks():
    encoder, aligner = checkpoints.load(SPEAKERS), checkpoints.load("speech-aligner")
    assert isinstance(encoder, SpeakerEncoder) and encoder.project.shape == (
        NUM_INPUTS,
        encoder.config["size"],
    )
    assert -1 < float(encoder.least_alike) < 1 and encoder.usual.shape[1] == N_MELS

    def heard(f0_hz, seed=0, gain=0.3):
        frames = analyse(gain * voice_like(3.0, f0_hz=f0_hz, seed=seed))
        return frames, aligner.posteriors(frames.log_mel)

    low, again, high = (encoder.embed(*heard(*who)) for who in ((100.0, 0), (100.0, 1), (250.0, 0)))
    assert low.shape == (encoder.config["size"],) and np.linalg.norm(low) == pytest.approx(1, abs=1e-4)
    assert low @ again > 0.9 > low @ high
    loud, quiet = (encoder.inputs(*heard(100.0, gain=gain)) for gain in (0.3, 0.1))
    assert np.abs(loud - quiet).max() < 2 < 10 * np.log(3), "the level is the microphone's"


def test_the_shipped_prints_are_those_of_the_voices_that_ship():
    table = checkpoints.load(PRINTS)
    assert isinstance(table, VoicePrints) and list(table.config["names"]) == list(VOICES)
    assert table.usual_colours.shape == (len(SYMBOLS), N_MELS)
    for name in VOICES:
        found = table.voice(name)
        assert found.colours.shape == (len(SYMBOLS), N_MELS) and (found.counts >= 0).all()
        assert 70 < np.exp(found.log_f0) < 320 and 0.05 < found.log_f0_spread < 0.6
        assert table.nearest(found, list(VOICES)) == name
    assert table.voice("emodb_10").log_f0 < table.voice("kathleen").log_f0
    with pytest.raises(ValueError, match=r"expected a voice out of kathleen, .* got 'nobody'"):
        table.voice("nobody")


# Speech in the voice of a recording


def test_speech_takes_on_the_voice_of_a_recording_and_says_so():
    backend, text = small_backend(), "It rained all day."
    plain = say(backend, text)
    clip = recording(3.0, f0_hz=330.0)
    lent, none = (say(backend, text, prompt={"voice_clip": clip, "voice_mix": mix}) for mix in (1.0, 0.0))
    assert set(plain.provenance["weights"]) == {NAME, VOCODER}
    for audio in (lent, none):
        assert set(audio.provenance["weights"]) == {NAME, VOCODER, PRINTS, "speech-aligner"}
        assert audio.samples.shape == plain.samples.shape and audio.marks == plain.marks
    assert not np.allclose(lent.samples, plain.samples, atol=0.01)
    np.testing.assert_allclose(none.samples, plain.samples, atol=2e-3)
    assert say(backend, text, prompt={"voice_clip": clip}).samples.tobytes() == lent.samples.tobytes()


# Points of feelings


class Felt(NamedTuple):
    emotion: str
    intensity: float = 1.0


def test_points_lie_around_what_the_label_says():
    points, space = EmotionPoints(load_space()), load_space()
    for name in ("", "neutral"):
        assert not points.offset(Felt(name)).any()
        drawn = points.draw(Felt(name), torch.Generator().manual_seed(0))
        assert float(torch.dist(drawn, space.neutral)) < 0.5
    whole = points.offset(Felt("anger"))
    assert whole.shape == (64,) and torch.allclose(points.offset(Felt("anger", 0.4)), 0.4 * whole)
    assert torch.equal(points.offset(Felt("angry")), whole), "aliases are the same state"
    strong, mild = (
        torch.stack([points.draw(Felt("anger", far), torch.Generator().manual_seed(n)) for n in range(60)])
        for far in (1.0, 0.3)
    )
    assert torch.equal(strong[7], points.draw(Felt("anger"), torch.Generator().manual_seed(7)))
    assert float(strong.std(0).mean()) > 0.01
    middle = strong.mean(0) - space.neutral
    assert float(torch.cosine_similarity(middle, whole, 0)) > 0.9
    valence, arousal, _ = space.vad(strong).mean(0).tolist()
    assert valence < -0.2 and arousal > 0.3
    assert float((mild.mean(0) - space.neutral).norm()) < 0.6 * float(middle.norm())


def test_prints_of_sound_do_not_depend_on_its_level():
    aligner = checkpoints.load("speech-aligner")
    found = []
    for gain in (0.3, 0.3 / 2):
        frames = analyse(gain * voice_like(2.0, f0_hz=180.0)[: 2 * SAMPLE_RATE // HOP_LENGTH * HOP_LENGTH])
        found.append(print_of(frames.envelope, aligner.posteriors(frames.log_mel), frames.f0_hz))
    how = turn(found[0], found[1], USUAL)
    assert how.log_f0 == pytest.approx(0, abs=1e-2)
    assert np.abs(how.colours).mean() < 0.25 * np.log(2)

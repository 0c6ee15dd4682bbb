"""What the conversion backend promises beyond the contract of all backends, on a made-up voice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from conversion_material import NAME, QUICK, convert, long_recording, recording, small_backend, voice_like

import checkpoints
from conditioning import EmotionCurve
from generators import on_disk
from generators.base import build, files_in_place
from generators.conversion.backend import ConversionBackend
from generators.conversion.convert import Conversion
from generators.conversion.edits import CHANNELS, F0, RATE, SHAPE, apply_edit
from generators.conversion.options import ALIGNER, CHECKPOINTS, ConversionOptions, ConversionPrompt
from generators.conversion.options import check_prompt as check_conversion
from generators.media import join
from generators.speech.backend import SpeechBackend
from generators.speech.options import SpeechPrompt
from generators.voice.clip import print_of_clip
from generators.voice.features import HOP_LENGTH, SAMPLE_RATE, analyse, track_f0
from generators.voice.identity import distance
from generators.voice.prints import CHECKPOINT as PRINTS
from generators.voice.recording import recording_of
from generators.voice.recording_file import LONGEST, SHORTEST, stretches
from studio.export import save
from studio.recipe import split_arguments

SHIPPED = next((name for name in CHECKPOINTS if name in checkpoints.manifest()), None)


@pytest.fixture(scope="module")
def backend():
    return small_backend()


@pytest.fixture(scope="module")
def shipped():
    if SHIPPED is None:
        pytest.skip("no weights of conversion are shipped")
    return ConversionBackend()


def begun(backend, path, emotion="anger", intensity=1.0, prompt=None, **options) -> Conversion:
    return Conversion(
        backend.weights,
        build(ConversionPrompt, {"audio": path, **(prompt or {})}),
        EmotionCurve.parse(emotion, intensity),
        build(ConversionOptions, {**QUICK, **options}),
    )


def edit_of(conversion: Conversion):
    """Gives the recording that a call sees and what it would change, as if it were one stretch."""
    take, _ = recording_of(conversion.aligner, analyse(conversion.survey.sample))
    return take, conversion.edit(take, 0.0, lambda step, total: None)


def log_f0(samples: np.ndarray) -> np.ndarray:
    found = track_f0(samples, len(samples) // HOP_LENGTH)
    return np.log(found[found > 0])


def semitones(higher: np.ndarray, lower: np.ndarray) -> float:
    return float(12 * (np.median(log_f0(higher)) - np.median(log_f0(lower))) / np.log(2))


# What no feeling is asked of


@pytest.mark.parametrize("emotion", ["anger", "60% sad, 40% happy", (0.8, 0.9, 0.3), "neutral"])
@pytest.mark.parametrize("name", [NAME, SHIPPED])
def test_no_intensity_changes_nothing(request, name, emotion):
    used = request.getfixturevalue("backend" if name == NAME else "shipped")
    take, edit = edit_of(begun(used, recording(2.0), emotion, 0.0, checkpoint=name))
    assert edit.shape[1] == CHANNELS and not edit.any()
    edited = apply_edit(take, edit, keep_timing=False)
    assert np.array_equal(edited.source_at, np.arange(len(take)))
    np.testing.assert_allclose(edited.envelope, take.envelope, atol=1e-6)
    np.testing.assert_allclose(edited.f0_hz, take.f0_hz, rtol=1e-5)
    if emotion != "neutral":
        assert np.abs(edit_of(begun(used, recording(2.0), emotion, 1.0, checkpoint=name))[1]).max() > 0.1


def test_what_the_recording_expresses_already_needs_no_edit(backend):
    angry = {"source_emotion": "anger"}
    assert not edit_of(begun(backend, recording(2.0), "anger", 1.0, angry))[1].any()
    calm = edit_of(begun(backend, recording(2.0), "neutral", 1.0, angry))[1]
    assert np.abs(calm).max() > 0.1


# Lengths


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000, 192000])
@pytest.mark.parametrize("more", [0, 1, 255])
def test_kept_timing_is_exact_to_the_sample(backend, tmp_path, rate, more):
    sound = voice_like(0.6, rate)[: rate // 2 + more]
    soundfile.write(tmp_path / "take.wav", sound, rate)
    made = convert(backend, str(tmp_path / "take.wav"), prompt={"keep_timing": True})
    wanted = len(soxr.resample(sound, rate, SAMPLE_RATE))
    assert made.samples.shape == (1, wanted) and abs(wanted - len(sound) * SAMPLE_RATE / rate) < 1


def test_kept_timing_leaves_every_stretch_where_it_was(backend):
    parts = begun(backend, recording(13.0), prompt={"keep_timing": True}).parts(None)
    lengths = [part.samples.shape[1] for part in parts]
    assert lengths == [len(stretch) for stretch in stretches(recording(13.0))]
    take, edit = edit_of(begun(backend, recording(2.0), prompt={"keep_timing": True}))
    assert edit[:, RATE].any() and edit[:, F0].any()
    assert np.array_equal(apply_edit(take, edit, keep_timing=True).source_at, np.arange(len(take)))


def test_a_feeling_may_change_the_length(backend):
    source = soundfile.info(recording(2.0)).frames
    assert abs(convert(backend, recording(2.0)).samples.shape[1] - source) > 0.05 * source
    calm = convert(backend, recording(2.0), emotion="neutral").samples.shape[1]
    assert 0 <= calm - source < HOP_LENGTH


# Feelings over time, seeds


@pytest.mark.parametrize("first", ["joy", "neutral"])
def test_a_curve_changes_only_what_comes_later(backend, first):
    cut_s = len(next(stretches(recording(13.0)))) / SAMPLE_RATE
    curve = [(0.0, first), (cut_s, first), (cut_s + 0.01, "anger")]
    steady, turning = (
        list(begun(backend, recording(13.0), emotion).parts(None)) for emotion in (first, curve)
    )
    assert len(steady) == len(turning) == 2
    assert np.array_equal(steady[0].samples, turning[0].samples)
    assert not np.array_equal(steady[1].samples, turning[1].samples)
    assert steady[0].emotion_track == turning[0].emotion_track != turning[1].emotion_track
    times = [time_s for time_s, *_ in join(turning).emotion_track]
    assert times == sorted(times) and 0 == times[0] < times[-1] < join(turning).duration_s


def test_a_feeling_that_turns_within_a_stretch_is_felt_from_there(shipped):
    curve = [(0.0, "neutral"), (2.0, "neutral"), (2.01, "anger")]
    _, edit = edit_of(begun(shipped, recording(4.0), curve, checkpoint=SHIPPED, temperature=0.0))
    before, after = (np.abs(edit[at][:, SHAPE]).mean() for at in (slice(80), slice(110, None)))
    assert after > 2 * before


def test_a_seed_is_a_delivery_of_its_own(backend):
    def edit(seed, temperature):
        return edit_of(begun(backend, recording(2.0), seed=seed, temperature=temperature))[1]

    assert np.array_equal(edit(1, 0.6), edit(1, 0.6)) and not np.allclose(edit(1, 0.6), edit(2, 0.6))
    assert np.array_equal(edit(1, 0.0), edit(2, 0.0))


# Options, measured on what is heard


@pytest.fixture(scope="module")
def delivered(shipped):
    def deliver(path=None, **options):
        made = convert(shipped, path or recording(3.0), emotion="neutral", checkpoint=SHIPPED, **options)
        return made.samples[0]

    return deliver


@pytest.mark.parametrize("asked", [-7.0, 3.5, 12.0])
def test_f0_shift_is_heard_in_semitones(delivered, asked):
    assert semitones(delivered(), voice_like(3.0)) == pytest.approx(0, abs=0.2)
    assert semitones(delivered(f0_shift=asked), voice_like(3.0)) == pytest.approx(asked, abs=0.3)


def test_f0_range_is_heard(delivered):
    usual, flat, lively = (log_f0(delivered(f0_range=wider)) for wider in (1.0, 0.0, 2.0))
    spread = [np.diff(np.quantile(found, (0.2, 0.8)))[0] for found in (flat, usual, lively)]
    assert spread[0] < 0.1 * spread[1] and spread[2] == pytest.approx(2 * spread[1], rel=0.2)
    assert np.median(lively) == pytest.approx(np.median(usual), abs=0.06)


@pytest.mark.parametrize("gain", [0.02, 0.4])
def test_the_level_is_that_of_the_source(backend, tmp_path, gain):
    def level(factor):
        path = tmp_path / f"{factor}.wav"
        soundfile.write(path, factor * voice_like(2.0), SAMPLE_RATE, subtype="FLOAT")
        return np.linalg.norm(convert(backend, str(path)).samples)

    assert level(gain) == pytest.approx(gain * level(1.0), rel=0.02)


def test_a_loud_recording_stays_within_full_scale(backend, tmp_path):
    soundfile.write(tmp_path / "loud.wav", (20 * voice_like(2.0)).clip(-1, 1), SAMPLE_RATE)
    made = convert(backend, str(tmp_path / "loud.wav"))
    assert 0.9 < np.abs(made.samples).max() <= 1


# Voices


def test_a_named_voice_is_taken_on(shipped, tmp_path):
    table, aligner = shipped.weights.get(PRINTS), shipped.weights.get(ALIGNER)
    path = recording(4.0, f0_hz=120.0)
    made = convert(shipped, path, emotion="neutral", checkpoint=SHIPPED, prompt={"voice": "kathleen"})
    assert PRINTS in made.provenance["weights"] and PRINTS not in convert_plain(shipped).provenance["weights"]
    before, after = print_of_clip(path, aligner), print_of_clip(save(made, tmp_path / "k.wav"), aligner)
    wanted, usual = table.voice("kathleen"), table.usual_colours
    assert abs(after.log_f0 - wanted.log_f0) < 0.25 * abs(before.log_f0 - wanted.log_f0)
    assert distance(after, wanted, usual) < 0.5 * distance(before, wanted, usual)


def convert_plain(shipped):
    return convert(shipped, recording(2.0), emotion="neutral", checkpoint=SHIPPED)


def test_a_recordings_voice_is_taken_on_by_degrees(shipped):
    clip = recording(4.0, f0_hz=230.0, seed=1)

    def made(share, **prompt):
        given = {"voice_clip": clip, "voice_mix": share, **prompt}
        return convert(shipped, recording(2.0), emotion="neutral", checkpoint=SHIPPED, prompt=given).samples

    none, half, whole = (made(share)[0] for share in (0.0, 0.5, 1.0))
    np.testing.assert_allclose(none, convert_plain(shipped).samples[0], atol=2e-3)
    interval = 12 * np.log2(230 / 140)
    assert semitones(whole, none) == pytest.approx(interval, abs=1)
    assert semitones(half, none) == pytest.approx(interval / 2, abs=1)
    named = {"voice": "kathleen"}
    alone = convert(shipped, recording(2.0), emotion="neutral", checkpoint=SHIPPED, prompt=named).samples
    np.testing.assert_allclose(made(0.0, **named), alone, atol=2e-3)
    assert not np.allclose(made(1.0, **named), alone, atol=2e-3)


@pytest.mark.parametrize("medium", [ConversionBackend, SpeechBackend])
@pytest.mark.parametrize("kind", [str, Path])
def test_a_file_for_a_voice_lands_where_files_belong(medium, kind):
    needed = {"audio": "take.wav"} if medium is ConversionBackend else {"text": "Hello."}
    prompt, _ = split_arguments(medium, {**needed, "voice": kind("refs/clip.WAV"), "voice_mix": 0.5})
    assert prompt.voice_clip == str(kind("refs/clip.WAV")) and prompt.voice == medium.Prompt.voice
    with pytest.raises(ValueError, match="expected a file for voice or for voice_clip, got both"):
        split_arguments(medium, {**needed, "voice": kind("a.wav"), "voice_clip": "b.wav"})
    named, _ = split_arguments(medium, {**needed, "voice": "kerstin", "voice_clip": "b.wav"})
    assert (named.voice, named.voice_clip) == ("kerstin", "b.wav")


def test_a_name_stays_a_name():
    for cls in (ConversionPrompt, SpeechPrompt):
        for values in ({"voice": "kathleen"}, {"voice": ""}, {"voice": None}, {"voice_clip": "a.wav"}):
            assert files_in_place(cls, values) == values
        assert files_in_place(cls, {"voice": "a.mp3", "voice_clip": ""}) == {"voice_clip": "a.mp3"}
    with pytest.raises(ValueError, match="expected a voice such as kathleen"):
        check_conversion(build(ConversionPrompt, {"audio": recording(), "voice": "kathlen"}), None)


# Long recordings


@pytest.mark.parametrize("rate", [SAMPLE_RATE, 44_100])
def test_stretches_are_the_recording_cut_where_it_is_quiet(tmp_path, rate):
    path = long_recording()
    if rate != SAMPLE_RATE:
        path = tmp_path / "other.wav"
        soundfile.write(path, voice_like(26.0, rate), rate)
    parts = list(stretches(path))
    whole = soxr.resample(soundfile.read(path, dtype="float32")[0], rate, SAMPLE_RATE)
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-5)
    assert len(parts) > 2 and all(len(part) % HOP_LENGTH == 0 for part in parts[:-1])
    assert (
        all(SHORTEST - HOP_LENGTH < len(part) <= LONGEST for part in parts[:-1]) and len(parts[-1]) <= LONGEST
    )
    for part in parts[:-1]:
        assert np.abs(part[-HOP_LENGTH:]).mean() < 0.02 * np.abs(part).mean() + 2e-3


def test_a_long_result_waits_on_the_disk(backend, monkeypatch, tmp_path):
    usual = convert(backend, recording(13.0))
    monkeypatch.setattr(on_disk, "IN_MEMORY", 60_000)
    waiting = convert(backend, recording(13.0))
    assert isinstance(waiting.samples, np.memmap) and not isinstance(usual.samples, np.memmap)
    assert np.array_equal(waiting.samples, usual.samples)
    for suffix in (".wav", ".flac"):
        found, rate = soundfile.read(save(waiting, tmp_path / f"long{suffix}"), dtype="float32")
        assert rate == SAMPLE_RATE and np.allclose(found, usual.samples[0], atol=2**-15)


# What the recording expresses


@pytest.mark.parametrize("name", ["auto", "neutral", "sad", "Happiness", "grief"])
def test_source_emotions_have_the_names_of_emotions(name):
    check_conversion(build(ConversionPrompt, {"audio": recording(), "source_emotion": name}), None)


@pytest.mark.parametrize("name", ["", "sadd", "very sad indeed", "60% sad", "Auto"])
def test_other_source_emotions_are_refused_before_weights_are_loaded(name):
    backend = ConversionBackend()
    with pytest.raises(ValueError, match=f"^expected auto or the name of an emotion .* got '{name}'$"):
        convert(backend, recording(), prompt={"source_emotion": name})
    assert not backend.weights.models


def test_auto_hears_what_the_recording_expresses(backend, monkeypatch):
    import torch

    from conditioning.encoders import speech

    auto = {"source_emotion": "auto"}
    made = convert(backend, recording(2.0), prompt=auto)
    assert speech.CHECKPOINT in made.provenance["weights"] and np.isfinite(made.samples).all()
    states = list(speech.load_speech_encoder().config["states"])
    heard = {name: torch.tensor([float(state == name) for state in states]) for name in states}
    heard["nothing"] = torch.full((len(states),), 1 / len(states))
    for name, given in (("anger", {"source_emotion": "anger"}), ("nothing", {})):
        chances = heard[name]
        monkeypatch.setattr(speech.SpeechEncoder, "chances", lambda self, path, chances=chances: chances)
        auto_edit = edit_of(begun(backend, recording(2.0), "joy", prompt=auto))[1]
        assert np.array_equal(auto_edit, edit_of(begun(backend, recording(2.0), "joy", prompt=given))[1])

"""A voice as an emotion reference: what is heard, what is refused, and that the recipe trains."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import soundfile
import torch

import checkpoints
from conditioning import train_speech_encoder as recipe
from conditioning.emotion import Emotion
from conditioning.encoders import ENCODERS, speech, speech_frames
from conditioning.encoders.speech import SpeechEncoder, pad, stretches
from conditioning.encoders.speech_frames import NUM_FEATURES, NUM_SUMMARY, RATE, frames_of, read_speech
from conditioning.speech_probes import gain_of, probe
from training.data.speech import speaker_folds
from training.loop import steps_done

SMALL = {"width": 16, "num_heads": 2, "dim": 64, "dropout": 0.1}


def voice(seconds=1.0, f0_hz=150.0, rate=RATE, seed=0):
    """Something like a voice: harmonics of a moving f0 under a syllable rhythm."""
    time = np.arange(int(seconds * rate)) / rate
    f0 = f0_hz * 2 ** (0.1 * np.sin(2 * np.pi * 1.3 * time))
    phase = 2 * np.pi * np.cumsum(f0) / rate
    sound = sum(np.sin(k * phase) / k for k in range(1, 12))
    rhythm = 0.55 + 0.45 * np.sin(2 * np.pi * 4 * time)
    hiss = np.random.default_rng(seed).standard_normal(len(time)) * 0.003
    return (0.2 * rhythm * sound + hiss).astype(np.float32)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return SpeechEncoder(**SMALL).eval()


def test_frames_have_the_promised_shape_and_pitch():
    for f0_hz in (90.0, 150.0, 300.0, 480.0):
        heard = frames_of(voice(f0_hz=f0_hz))
        assert heard.frames.shape[1] == NUM_FEATURES and heard.summary.shape == (NUM_SUMMARY,)
        assert heard.frames.dtype == np.float32 and np.isfinite(heard.frames).all()
        semitones = 6 * heard.frames[heard.frames[:, -2] > 0, speech_frames.NUM_MELS]
        assert abs(np.median(semitones) - 12 * np.log2(f0_hz / 150)) < 1.0


def test_level_and_silence_around_do_not_matter():
    plain = frames_of(voice())
    quiet = frames_of(0.01 * voice())
    assert np.allclose(plain.summary, quiet.summary, atol=0.02)
    around = frames_of(np.pad(voice(), RATE))
    assert abs(len(around.frames) - len(plain.frames)) <= 4


@pytest.mark.parametrize("sound", [np.zeros(RATE), np.ones(1), np.ones(0), np.full(RATE, np.nan)])
def test_no_speech_is_refused(sound):
    with pytest.raises(ValueError, match=r"^expected [^\n]+, got [^\n]+$"):
        frames_of(sound)


def test_noise_and_tones_are_given_some_place(model):
    noise = np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    click = np.zeros(RATE, dtype=np.float32)
    click[RATE // 2] = 1.0
    for sound in (noise, click, np.ones(RATE, dtype=np.float32)):
        assert torch.isfinite(model.encode(sound)).all()


def test_a_batch_equals_its_clips(model):
    clips = [frames_of(voice(1.0)), frames_of(voice(1.7, 220))]
    with torch.no_grad():
        together = model(*pad(clips))["z"]
    assert torch.allclose(together, model.read(clips)["z"], atol=1e-5)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3"])
@pytest.mark.parametrize("channels", [1, 2])
def test_files_of_any_rate_and_channels(tmp_path, suffix, channels):
    for rate in (8000, 44100):
        path = tmp_path / f"take{rate}{suffix}"
        soundfile.write(path, np.repeat(voice(rate=rate)[:, None], channels, axis=1), rate)
        samples = read_speech(path)
        assert samples.ndim == 1 and abs(len(samples) / RATE - 1.0) < 0.12


def test_opus(tmp_path):
    path = tmp_path / "take.opus"
    if "OPUS" not in soundfile.available_subtypes("OGG"):
        pytest.skip("this libsndfile writes no Opus")
    soundfile.write(path, voice(rate=48000), 48000, format="OGG", subtype="OPUS")
    assert abs(len(read_speech(path)) / RATE - 1.0) < 0.1


def test_a_long_file_is_heard_where_it_is_loudest(tmp_path, monkeypatch):
    path = tmp_path / "long.wav"
    rng = np.random.default_rng(0)
    with soundfile.SoundFile(path, "w", 8000, 1) as file:
        for minute in range(12):
            level = 0.5 if minute == 3 else 0.01
            file.write(level * rng.uniform(-1, 1, 60 * 8000))
    samples = read_speech(path)
    assert len(samples) == pytest.approx(30 * RATE, abs=10)
    assert np.sqrt(np.mean(samples**2)) > 0.3  # all of it from the loud minute
    assert len(stretches(samples)) == 5


def bad_files(folder):
    """Gives files that are no usable recording, by name."""
    soundfile.write(folder / "silence.wav", np.zeros(RATE), RATE)
    soundfile.write(folder / "short.wav", np.ones(1), RATE)
    soundfile.write(folder / "empty.wav", np.zeros(0), RATE)
    soundfile.write(folder / "nan.wav", np.full(RATE, np.nan), RATE, subtype="FLOAT")
    soundfile.write(folder / "slow.wav", np.ones(RATE), 100)
    soundfile.write(folder / "wide.wav", np.ones((900, 40)), RATE)
    (folder / "text.wav").write_text("dear diary")
    (folder / "nothing.mp3").write_bytes(b"")
    soundfile.write(folder / "whole.flac", voice(), RATE)
    (folder / "cut.flac").write_bytes((folder / "whole.flac").read_bytes()[:60])
    (folder / "folder.wav").mkdir()
    (folder / "whole.flac").unlink()
    return sorted(folder.iterdir())


def test_bad_files_are_refused_in_one_line(tmp_path):
    for path in bad_files(tmp_path):
        with pytest.raises(ValueError, match=r"^expected [^\n]+, got [^\n]+$"):
            read_speech(path)
    with pytest.raises(FileNotFoundError, match="expected a sound file"):
        read_speech(tmp_path / "none.wav")


def test_a_recording_is_an_emotion_everywhere(tmp_path, monkeypatch, model):
    monkeypatch.setattr(speech, "load_speech_encoder", lambda: model)
    path = tmp_path / "angry take.wav"
    soundfile.write(path, voice(), RATE)
    emotion = Emotion.parse(str(path), 0.5)
    assert len(emotion.code) == 64 and emotion.source == path.name and emotion.intensity == 0.5
    assert emotion == Emotion.parse((path, 0.5)) == Emotion.parse(emotion.to_json())
    with pytest.raises(ValueError, match="got a file name"):
        Emotion.parse(str(path), files=False)
    assert {".wav", ".flac", ".ogg", ".mp3", ".opus"} <= set(ENCODERS)


def corpus(folder):
    """A tiny corpus: two speakers, three emotions told apart by pitch and level."""
    folder.mkdir(parents=True)
    rows = []
    for speaker, base in (("one", 110.0), ("two", 200.0), ("three", 150.0)):
        for emotion, ratio in (("neutral", 1.0), ("angry", 1.6), ("sad", 0.85)):
            for take, intensity in enumerate(("normal", "strong")):
                name = f"{speaker}-{emotion}-{take}.wav"
                soundfile.write(folder / name, voice(0.6, base * ratio, seed=take), RATE)
                rows.append([name, speaker, emotion, "strong" if emotion == "neutral" else intensity, "Hm."])
    with open(folder / "metadata.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["file", "speaker", "emotion", "intensity", "transcript"], *rows])


def test_the_recipe_trains_and_resumes(tmp_path, monkeypatch):
    corpus(tmp_path / "data" / "tiny-ravdess")
    config = recipe_config(tmp_path)
    saved = {}
    monkeypatch.setattr(checkpoints, "save", lambda name, model, **entry: saved.update(entry, name=name))
    figures = recipe.run(config, tmp_path / "data", tmp_path / "run")
    assert saved["name"] == "speech-encoder" and saved["non_commercial"] and saved["space_version"] == 1
    assert set(figures) == {"unseen_speakers", "probes"} and figures["unseen_speakers"]["clips"] == 18
    assert recipe.run(config, tmp_path / "data", tmp_path / "run", resume=True) == figures
    with pytest.raises(FileNotFoundError, match=r"^expected a metadata.csv"):
        recipe.run({**config, "corpora": ["none"]}, tmp_path / "data", tmp_path / "run")


def test_a_time_budget_stops_the_encoder_and_not_the_folds_that_judge_it(tmp_path, monkeypatch):
    corpus(tmp_path / "data" / "tiny-ravdess")
    config = recipe_config(tmp_path)
    config["train"]["max_minutes"] = 0.0
    monkeypatch.setattr(checkpoints, "save", lambda *args, **entry: pytest.fail("shipped"))
    assert recipe.run(config, tmp_path / "data", tmp_path / "run") == {}
    assert steps_done(tmp_path / "run") == 1
    clips = recipe.clips_of(tmp_path / "data", config["corpora"])
    heard = recipe.hear(clips, 1, 0, tmp_path / "cache.npz")
    recipe.unseen(clips, heard, config, tmp_path / "folds", resume=False)
    assert steps_done(tmp_path / "folds" / "0") == 4


def recipe_config(folder):
    train = {"max_steps": 4, "warmup_steps": 1, "log_every": 4, "seed": 0}
    return {"corpora": ["tiny-ravdess"], "model": SMALL, "batch_size": 4, "variants": 1, "num_folds": 2,
            "losses": {"nearest": 1.0, "logits": 0.5, "place": 0.5, "speaker": 0.1}, "train": train,
            "cache_file": str(folder / "cache.npz")}  # fmt: skip


def test_folds_share_no_speaker(tmp_path):
    corpus(tmp_path / "tiny")
    clips = recipe.clips_of(tmp_path, ["tiny"])
    folds = speaker_folds([(recipe.corpus_of(clip), clip.speaker) for clip in clips], 2)
    speakers = [{clips[at].speaker for at in fold} for fold in folds]
    assert not speakers[0] & speakers[1]
    assert sorted(np.concatenate(folds).tolist()) == list(range(len(clips)))


def test_probe_and_gain():
    rng = np.random.default_rng(0)
    label, fold = np.arange(200) % 4, np.arange(200) // 4 % 5
    codes = np.eye(4)[label] + 0.1 * rng.standard_normal((200, 4))
    assert probe(codes, label, fold) == 1.0
    assert probe(rng.standard_normal((200, 4)), label, fold) < 0.5
    assert gain_of(0.8 * codes, codes) == 1.25 and gain_of(2 * codes, codes) == 1.0


@pytest.mark.skipif("speech-encoder" not in checkpoints.manifest(), reason="the weights are not trained yet")
def test_the_shipped_weights_read_a_voice(tmp_path):
    path = tmp_path / "take.wav"
    soundfile.write(path, voice(2.0), RATE)
    encoder = speech.load_speech_encoder()
    assert torch.equal(encoder.encode(path), encoder.encode(path))
    assert encoder.checkpoint.non_commercial and encoder.checkpoint.space_version == 1

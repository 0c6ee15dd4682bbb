"""The recipes of speech on a handful of synthetic recordings: they run, learn, resume and ship."""

from __future__ import annotations

import copy
import csv
import dataclasses
import functools
import json
import zlib

import numpy as np
import pytest
import torch

import checkpoints
from conditioning import load_space
from generators.speech import train, train_acoustic, train_aligner, train_prosody
from generators.speech.acoustic import AcousticDenoiser
from generators.speech.acoustic_examples import AcousticExamples, envelopes_of, fit_mel_statistics
from generators.speech.examples import ProsodyExamples, aligned_corpus
from generators.speech.model import SpeechModel
from generators.speech.prosody import ProsodyDenoiser
from generators.speech.text import read_text
from generators.speech.tokens import tokens_of
from generators.voice import train_vocoder
from generators.voice.aligner import Aligner
from generators.voice.corpus import load_corpus, prepare_corpus
from generators.voice.discriminators import Discriminators
from generators.voice.features import FRAME_RATE, HOP_LENGTH, SAMPLE_RATE
from generators.voice.flat_start import cepstra, flat_start
from generators.voice.phones import INDEX, SILENCE, SYMBOLS, VOICED, VOWELS
from generators.voice.points import EmotionPoints
from generators.voice.vocoder import Vocoder, harmonic_source
from studio.cli_training import set_time_budget
from training.loop import steps_done

TEXTS = {
    "en-US": ("The cat sat on the mat.", "A man had seven dogs.", "She sings in the rain."),
    "de-DE": ("Das ist mir egal.", "Der Hund mag den Mann."),
}
# Who reads, and who acts: name, language, emotions, f0.
SPEAKERS = (("ann", "en-US", ("neutral",), 190.0), ("emodb_1", "de-DE", ("neutral", "angry"), 110.0))
LOOP = {
    "max_steps": 3, "learning_rate": 1e-3, "warmup_steps": 1, "ema_decay": 0.9, "precision": "no",
    "log_every": 1, "seed": 0,
}  # fmt: skip


def spoken(text: str, language: str, f0_hz: float, seed: int) -> np.ndarray:
    """A sound in which every phone has its own colour: harmonics or noise, through two resonances."""
    rng = np.random.default_rng(seed)
    row = tokens_of(read_text(text, language)[0])
    symbols = [SYMBOLS[index] for index in row.symbol]
    frames = np.array([0 if s == SILENCE else int(rng.integers(6, 10)) for s in symbols])
    frames[[0, -1]] = 14
    voiced = np.repeat([s in VOWELS or s in VOICED for s in symbols], frames)
    f0 = f0_hz * np.linspace(1.15, 0.9, len(voiced))
    buzz = harmonic_source(torch.from_numpy(np.where(voiced, f0, 0)).float()[None])[0].numpy()
    hiss = rng.normal(0, 1, len(buzz))
    source = np.where(np.repeat(voiced, HOP_LENGTH), buzz, hiss)
    parts, start = [], 0
    for symbol, count in zip(symbols, frames, strict=True):
        stretch = source[start : start + count * HOP_LENGTH]
        start += count * HOP_LENGTH
        hertz = np.fft.rfftfreq(max(1, len(stretch)), 1 / SAMPLE_RATE)
        code = zlib.crc32(symbol.encode())
        peaks = (300 + code % 900, 1400 + code // 900 % 4000)
        shape = sum(np.exp(-(((hertz - peak) / 250) ** 2)) for peak in (200, *peaks)) + 0.003
        if len(stretch):
            quiet = 0.0005 if symbol == SILENCE else 0.2
            parts.append(quiet * np.fft.irfft(np.fft.rfft(stretch) * shape, len(stretch)))
    return np.concatenate(parts).clip(-1, 1)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder of recordings with a metadata.csv, as anybody might have one."""
    import soundfile

    folder = tmp_path_factory.mktemp("data") / "voices"
    folder.mkdir()
    rows = []
    for speaker, language, emotions, f0_hz in SPEAKERS:
        for emotion in emotions:
            for number, text in enumerate(TEXTS[language]):
                f0 = f0_hz * (1.4 if emotion == "angry" else 1.0)
                name = f"{speaker}-{emotion}-{number}.wav"
                soundfile.write(folder / name, spoken(text, language, f0, len(rows)), SAMPLE_RATE)
                rows.append(
                    {"file": name, "speaker": speaker, "transcript": text, "language": language,
                     "emotion": emotion, "prompt": f"text {language} {number}"}
                )  # fmt: skip
    with open(folder / "metadata.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)
    return folder.parent


@pytest.fixture(scope="module")
def corpus(data):
    return prepare_corpus([data / "voices"], data / "cache")


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """Recipes ship into a folder of the test's own."""
    monkeypatch.setattr(checkpoints, "save", functools.partial(checkpoints.save, root=tmp_path))
    return tmp_path


def config_of(data, **own):
    return {
        "name": "tiny", "licence": "CC0-1.0", "non_commercial": False, "data": "made up",
        "corpora": ["voices"], "speakers": ["ann", "emodb_*"], "cache": str(data / "cache"), **own,
    }  # fmt: skip


def speech_config(data):
    part = {"batch_size": 3, "train": dict(LOOP)}
    model = {"hidden_size": 16, "depth": 2, "num_heads": 2}
    return config_of(
        data,
        non_commercial=True,
        levelled=["emodb_*"],
        flat_start=["*"],
        max_speakers=3,
        init=None,
        weights={"ann": 0.5, "emodb_*": 0.5},
        joined_share=0.5,
        drop={"content": 0.1, "identity": 0.2, "emotion": 0.2},
        overlap_weight=0.05,
        prosody={"model": model, **copy.deepcopy(part)},
        acoustic={"model": model, "num_frames": 48, "lent_share": 0.4, **copy.deepcopy(part)},
    )


def vocoder_config(data):
    return config_of(
        data,
        model={"width": 8, "depth": 1, "kernel_size": 3},
        batch_size=2,
        num_frames=24,
        loss={"spectral_weight": 1.0, "adversarial_from": 1, "judged_frames": 12, "adversarial_weight": 0.5,
              "feature_weight": 1.0},
        train=dict(LOOP, max_steps=2),
    )  # fmt: skip


def aligner_config(data):
    loss = {"own_from": 2}
    return config_of(data, model={"width": 8, "depth": 1}, batch_size=3, loss=loss, train=dict(LOOP))


RECIPES = {
    "speech": (train.run, speech_config, ("prosody", "acoustic")),
    "vocoder": (train_vocoder.run, vocoder_config, ("",)),
    "aligner": (train_aligner.run, aligner_config, ("",)),
}


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_runs_resumes_and_ships(name, data, corpus, shipped, tmp_path, monkeypatch):
    run, make_config, parts = RECIPES[name]
    torch.manual_seed(0)
    whole = run(make_config(data), data, tmp_path / "whole")
    entry = checkpoints.manifest(shipped)["tiny"]
    assert entry.licence == "CC0-1.0" and entry.non_commercial == (name == "speech")
    rows = [
        json.loads(line)
        for part in parts
        for line in (tmp_path / "whole" / part / "log.jsonl").read_text().splitlines()
    ]
    assert all(np.isfinite(row["loss"]) for row in rows)

    (shipped / "manifest.json").unlink()
    steps: list[int] = []
    torch.manual_seed(0)
    cut = make_config(data)
    set_time_budget(cut, 0.0)
    run(cut, data, tmp_path / "cut")
    assert checkpoints.manifest(shipped) == {}, "what is cut short ships nothing"
    assert {steps_done(tmp_path / "cut" / part) for part in parts} == {1}
    resumed = run(
        make_config(data), data, tmp_path / "cut", resume=True, on_step=lambda step, *_: steps.append(step)
    )
    assert steps[0] == 2
    for key, value in whole.state_dict().items():
        # The acoustic model began after another number of steps of prosody, so from other random weights.
        assert key.startswith("acoustic.") or torch.allclose(value, resumed.state_dict()[key], atol=1e-6), key
    monkeypatch.setattr(checkpoints, "ROOT", shipped)
    loaded = checkpoints.load("tiny")
    assert type(loaded) is type(whole)
    for key in whole.state_dict():
        assert torch.allclose(resumed.state_dict()[key], loaded.state_dict()[key], rtol=2e-3, atol=2e-3), key
    if name == "speech":
        assert isinstance(loaded, SpeechModel) and tuple(loaded.config["speakers"]) == ("ann", "emodb_1")
        assert set(train.initial_weights({"init": "tiny"})) == {"prosody", "acoustic"}
        assert train.initial_weights({"init": None}) == {}


def test_recordings_that_name_no_emotion_are_neutral(data, corpus, aligned):
    own = [item for item in aligned.items if item.utterance.speaker == "ann"]
    plain = aligned_corpus(
        corpus,
        [dataclasses.replace(item.utterance, emotion="") for item in own],
        [item.row for item in own],
        [item.durations for item in own],
        ("ann",),
        3,
    )
    assert np.isfinite(plain.statistics.scale).all() and plain.statistics.speaker_mean[0].any()
    model = ProsodyDenoiser(hidden_size=16, depth=2, num_heads=2, max_speakers=3)
    fitted = train_prosody.fit_buffers(model, plain, EmotionPoints(load_space()))
    assert not fitted["expression_of_emotion"].any(), "nobody acts: an emotion implies nothing"
    mel = fit_mel_statistics(plain.items, envelopes_of(corpus, plain.items), 3)
    assert np.isfinite(mel.speaker_mel).all() and (mel.scale > 0).all()


def falls(model: torch.nn.Module, loss_of, batch, steps: int = 15, rate: float = 1e-2) -> None:
    """The loss of one batch, seen again and again with the same noise, falls."""
    optimizer = torch.optim.Adam(model.parameters(), rate)
    losses = []
    for _ in range(steps):
        torch.manual_seed(0)
        loss = loss_of(model, batch)["loss"]
        losses.append(float(loss.detach()))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert np.isfinite(losses).all() and losses[-1] < 0.97 * losses[0], losses


@pytest.fixture(scope="module")
def aligned(data, corpus):
    return train_prosody.prepared_alignment(corpus, speech_config(data))


def prosody_material(data, aligned):
    torch.manual_seed(0)
    config = speech_config(data)
    model = ProsodyDenoiser(**config["prosody"]["model"], max_speakers=3)
    fitted = train_prosody.fit_buffers(model, aligned, EmotionPoints(load_space()))
    mean, std = fitted["expression_mean"].numpy(), fitted["expression_std"].numpy()
    return model, ProsodyExamples(aligned, load_space(), {**config, **config["prosody"]}, mean, std), config


def acoustic_material(data, corpus, aligned):
    torch.manual_seed(0)
    config = speech_config(data)
    envelopes = envelopes_of(corpus, aligned.items)
    mel = fit_mel_statistics(aligned.items, envelopes, 3)
    model = AcousticDenoiser(**config["acoustic"]["model"], max_speakers=3)
    own = {**config, **config["acoustic"]}
    return model, AcousticExamples(corpus, aligned, envelopes, mel, load_space(), own), config


def test_the_prosody_loss_falls(data, aligned):
    model, source, config = prosody_material(data, aligned)
    batch = source.batch_at(0, 0)
    count = batch["tokens"]["symbol"].shape
    assert batch["clean"].shape == (*count, 7) and batch["emotion"].shape == (*count, 64)
    assert torch.equal(batch["clean"], source.batch_at(0, 0)["clean"]), "a pure function of the step"
    falls(model, lambda m, b: train_prosody.loss_of(m, b, 0, config), batch)


def test_the_acoustic_loss_falls(data, corpus, aligned):
    model, source, config = acoustic_material(data, corpus, aligned)
    batch = source.batch_at(0, 0)
    num_frames = batch["clean"].shape[1]
    assert num_frames % 16 == 0 and batch["emotion"].shape[1] == num_frames // 16
    assert batch["mask"].sum(1).max() <= 48
    falls(model, lambda m, b: train_acoustic.loss_of(m, b, 0, config), batch)


def test_a_reader_is_lent_a_feeling_and_an_actor_is_not(data, corpus, aligned):
    _, source, _ = acoustic_material(data, corpus, aligned)
    neutral, found = load_space().neutral, {}
    for share in (0.0, 1.0):
        source.lent_share = share
        how = np.random.default_rng(0), torch.Generator().manual_seed(0)
        found[share] = [source.felt(index, *how) for index in range(len(source.items))]
    assert {feeling.utterance.emotion for feeling in source.feelings} == {"angry"}
    for item, plain, lent in zip(source.items, found[0.0], found[1.0], strict=True):
        same = np.array_equal(plain.plan, lent.plan) and np.array_equal(plain.clean, lent.clean)
        assert same == (item.utterance.speaker != "ann")
        assert np.array_equal(plain.clean[:, 100:], lent.clean[:, 100:]), "voicing and the detail of f0 stay"
    far = {share: max(float(torch.dist(one.emotion, neutral)) for one in found[share][:3]) for share in found}
    assert source.items[2].utterance.speaker == "ann" and far[1.0] > 2 * far[0.0]


def test_the_aligner_loss_falls(corpus):
    torch.manual_seed(0)
    rows = [train_aligner.token_row(u) for u in corpus.utterances]
    features = [cepstra(corpus.frames(u).log_mel) for u in corpus.utterances]
    durations = flat_start(features, [row.symbol for row in rows])
    source = train_aligner.Pairs(corpus, list(corpus.utterances), rows, durations, 3)
    batch = source.batch_at(0, 0)
    model = Aligner(width=8, depth=1)
    for own_from in (9, 0):  # the flat start's phones, then the model's own best path
        falls(model, lambda m, b, at=own_from: train_aligner.loss_of(m, b, 1, {"own_from": at}), batch)


def test_the_vocoder_losses_fall(data, corpus):
    torch.manual_seed(0)
    config = vocoder_config(data)
    source = train_vocoder.Segments(corpus, list(corpus.utterances), 2, 24)
    batch = source.batch_at(0, 0)
    model = train_vocoder.VocoderTraining(Vocoder(**config["model"]), Discriminators(4, 4))
    quiet = {**config["loss"], "adversarial_from": 9}
    falls(model.vocoder, lambda m, b: train_vocoder.losses_of(model, b, 0, quiet), batch, steps=6)
    losses = train_vocoder.losses_of(model, batch, 400, config["loss"])
    assert {"judged", "adversarial", "features"} <= set(losses)
    model.zero_grad()
    losses["adversarial"].backward(retain_graph=True)
    assert all(p.grad is None for p in model.discriminators.parameters()), "each loss reaches its own network"
    assert any(p.grad is not None and p.grad.any() for p in model.vocoder.parameters())
    model.zero_grad()
    losses["judged"].backward()
    assert all(p.grad is None for p in model.vocoder.parameters())


def test_the_corpus_is_what_was_recorded(data, corpus):
    assert {u.speaker for u in corpus.utterances} == {"ann", "emodb_1"} and len(corpus.utterances) == 7
    again = load_corpus(data / "cache")
    assert again.utterances == corpus.utterances
    for utterance in corpus.utterances:
        frames, samples = corpus.frames(utterance), corpus.samples(utterance)
        assert len(samples) == utterance.num_frames * HOP_LENGTH == len(frames.f0_hz) * HOP_LENGTH
        wanted = next(f0 for name, _, _, f0 in SPEAKERS if name == utterance.speaker)
        wanted *= 1.4 if utterance.emotion == "angry" else 1.0
        voiced = frames.f0_hz[frames.f0_hz > 0]
        assert len(voiced) > 20 and np.median(voiced) == pytest.approx(wanted, rel=0.12)
        assert np.median(frames.periodicity[frames.f0_hz > 0]) > 0.7


def test_alignment_finds_the_silences_and_the_statistics_the_voices(aligned):
    assert len(aligned.items) == 7, "every recording is plausible"
    for item in aligned.items:
        assert item.durations.sum() == item.utterance.num_frames
        assert item.row.symbol[0] == INDEX[SILENCE] and item.durations[0] / FRAME_RATE < 0.25
    low, high = aligned.statistics.speaker_mean[:2, 2][::-1]
    assert high - low == pytest.approx(np.log(190 / 110), abs=0.15)
    neutral = [item.expression[1] for item in aligned.items if item.utterance.emotion == "neutral"]
    angry = [item.expression[1] for item in aligned.items if item.utterance.emotion == "angry"]
    assert min(angry) > max(neutral)

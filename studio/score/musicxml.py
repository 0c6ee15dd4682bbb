"""MusicXML from a score: a piano part on two staves, written by partitura; and the recipe kept inside."""

from __future__ import annotations

import warnings
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generators.media import Score

from .notation import (
    ACCOMPANIMENT,
    GRID_PER_QUARTER,
    MELODY,
    bars_of,
    metres_of,
    pieces_of,
    sharps_at,
    spell,
    staves_of,
    voices_of,
)
from .piano_roll import MARKER

if TYPE_CHECKING:
    import symusic

FIELD = "affect-studio"


def write(score: Score, path: str | Path, *, recipe: str = "") -> None:
    """Writes a score as MusicXML, uncompressed.

    Args:
        score: notes are moved to the nearest sixteenth; those of a track called "melody" go to the upper
            staff, those of other tracks to the lower one; a score without such a track is split at middle C.
        path: where to write.
        recipe: text to carry in the identification of the work.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import partitura

        partitura.save_musicxml(part_of(score.midi), str(path))
    finish(Path(path), recipe)


def part_of(midi: symusic.Score) -> Any:
    """Builds the partitura part: signs, bars, and in each voice notes, ties and rests."""
    from partitura import score as notation

    scale = GRID_PER_QUARTER / midi.ticks_per_quarter
    part = notation.Part("P1", "Piano", quarter_duration=GRID_PER_QUARTER)
    voices = {staff: voices_of(notes) for staff, notes in staves_of(midi, scale).items()}
    last = max((chord.end for staff in voices.values() for voice in staff for chord in voice), default=1)
    bars = bars_of(midi, last)
    for number, bar in enumerate(bars, 1):
        part.add(notation.Measure(number, str(number)), bar.start, bar.end)
    add_signs(part, midi, scale, bars[-1].end)
    for staff, staff_voices in voices.items():
        for voice, chords in enumerate(staff_voices):
            pieces = pieces_of(chords, bars, fill=voice == 0)
            add_pieces(part, pieces, voice + 1 + (staff - 1) * 4, staff, midi)
    return part


def add_pieces(part: Any, pieces: list[Any], voice: int, staff: int, midi: symusic.Score) -> None:
    """Adds the notes and rests of one voice, tied where a chord goes on."""
    from partitura import score as notation
    from partitura.utils.music import estimate_symbolic_duration

    scale = GRID_PER_QUARTER / midi.ticks_per_quarter
    held: dict[int, Any] = {}
    for piece in pieces:
        shared = {
            "voice": voice,
            "staff": staff,
            "symbolic_duration": estimate_symbolic_duration(piece.end - piece.onset, GRID_PER_QUARTER),
        }
        if not piece.pitches:
            part.add(notation.Rest(id=f"r{voice}-{piece.onset}", **shared), piece.onset, piece.end)
        before, held = held, {}
        for pitch in piece.pitches:
            step, alter, octave = spell(pitch, sharps_at(midi, piece.onset / scale))
            note = notation.Note(
                step=step, octave=octave, alter=alter, id=f"n{voice}-{piece.onset}-{pitch}", **shared
            )
            part.add(note, piece.onset, piece.end)
            if pitch in before:
                note.tie_prev, before[pitch].tie_next = before[pitch], note
            if piece.tied:
                held[pitch] = note


def add_signs(part: Any, midi: symusic.Score, scale: float, end: int) -> None:
    """Adds clefs, metre, key, tempo and the emotion's markers."""
    from partitura import score as notation

    part.add(notation.Clef(MELODY, "G", 2, 0), 0)
    part.add(notation.Clef(ACCOMPANIMENT, "F", 4, 0), 0)
    for time, (beats, unit) in metres_of(midi).items():
        if time < end:
            part.add(notation.TimeSignature(beats, unit), time)
    for sign in midi.key_signatures:
        if round(sign.time * scale) < end:
            mode = "minor" if sign.tonality else "major"
            part.add(notation.KeySignature(int(sign.key), mode), round(sign.time * scale))
    tempos = {0: 120, **{round(tempo.time * scale): round(tempo.qpm) for tempo in midi.tempos}}
    before = 0
    for time, bpm in sorted(tempos.items()):
        if time < end and bpm != before:
            part.add(notation.Tempo(bpm, unit="q"), time)
            before = bpm
    for marker in midi.markers:
        time, words = round(marker.time * scale), str(marker.text)
        if words.startswith(MARKER) and time < end:
            part.add(notation.Direction(words.removeprefix(MARKER), staff=MELODY), time)


def finish(path: Path, recipe: str) -> None:
    """Adds what partitura does not write: the software, the recipe and visible tempo marks."""
    tree = ElementTree.parse(path)
    root = tree.getroot()
    add_identification(root, recipe)
    for bar in root.iter("measure"):
        for position, child in enumerate(list(bar)):
            if child.tag == "sound" and child.get("tempo"):
                bar.remove(child)
                bar.insert(position, tempo_mark(child))
    ElementTree.indent(tree)
    declaration = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE score-partwise PUBLIC '
        '"-//Recordare//DTD MusicXML 3.1 Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd">\n'
    )
    path.write_text(declaration + ElementTree.tostring(root, encoding="unicode") + "\n", encoding="utf-8")


def tempo_mark(sound: ElementTree.Element) -> ElementTree.Element:
    """Gives a metronome mark that carries the given sound element."""
    mark = ElementTree.Element("direction", placement="above")
    metronome = ElementTree.SubElement(ElementTree.SubElement(mark, "direction-type"), "metronome")
    ElementTree.SubElement(metronome, "beat-unit").text = "quarter"
    ElementTree.SubElement(metronome, "per-minute").text = sound.get("tempo")
    mark.append(sound)
    return mark


def add_identification(root: ElementTree.Element, recipe: str) -> None:
    """Names the software and puts the recipe where MusicXML keeps what it has no place for."""
    old = root.find("identification")
    if old is not None:
        root.remove(old)
    identification = ElementTree.Element("identification")
    encoding = ElementTree.SubElement(identification, "encoding")
    ElementTree.SubElement(encoding, "software").text = "Affect Studio"
    if recipe:
        miscellaneous = ElementTree.SubElement(identification, "miscellaneous")
        ElementTree.SubElement(miscellaneous, "miscellaneous-field", name=FIELD).text = recipe
    position = next(
        (i for i, child in enumerate(root) if child.tag in ("defaults", "credit", "part-list")), 0
    )
    root.insert(position, identification)


def read_recipe(path: Path) -> str:
    """Gives the recipe's text from a MusicXML file; empty when there is none.

    Raises:
        ValueError: not XML.
    """
    try:
        for _, element in ElementTree.iterparse(path):
            if element.tag == "miscellaneous-field" and element.get("name") == FIELD:
                return element.text or ""
            if element.tag == "part-list":
                break
    except ElementTree.ParseError as error:
        raise ValueError(f"expected MusicXML, got {path.name!r}: {error}") from None
    return ""

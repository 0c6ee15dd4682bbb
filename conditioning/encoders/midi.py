"""Reading of music files that come from outside: every size is bounded before anything large is built."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import symusic

MAX_BYTES = 8 * 2**20
MAX_XML_BYTES = 64 * 2**20
MAX_NOTES = 100_000
MAX_SECONDS = 4 * 3600.0
TICKS_PER_QUARTER = 480
XML_SUFFIXES = (".musicxml", ".mxl", ".xml")
# Rough velocity of a piece that says nothing about its loudness: mezzo-forte.
PLAIN_VELOCITY = 80
DEFAULT_BPM = 120.0


def read_midi(path: str | Path) -> symusic.Score:
    """Reads a MIDI or MusicXML file.

    Args:
        path: a `.mid`/`.midi` file, or `.musicxml`, `.mxl`, `.xml`; at most 8 MiB, 100,000 notes and 4 hours.

    Returns:
        The score in ticks, with at least one note.

    Raises:
        FileNotFoundError: nothing is there.
        ValueError: not such a file, broken, too large, too long, or without notes.
    """
    path = Path(path)
    data = read_bytes(path)
    score = parse_xml(path, data) if path.suffix.lower() in XML_SUFFIXES else parse_midi(path, data)
    return check_score(score, path.name)


def read_bytes(path: Path) -> bytes:
    """Gives a file's bytes when there are few enough of them."""
    if not path.exists():
        raise FileNotFoundError(f"expected a MIDI file, got no file at {str(path)!r}")
    if not path.is_file():
        raise ValueError(f"expected a MIDI file, got a folder or a device at {str(path)!r}")
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise ValueError(f"expected a MIDI file of at most {MAX_BYTES} bytes, got {size} in {path.name!r}")
    return path.read_bytes()


def parse_midi(path: Path, data: bytes) -> symusic.Score:
    """Reads the bytes of a standard MIDI file."""
    import symusic

    if not data.startswith(b"MThd"):
        raise ValueError(f"expected a MIDI file, got {path.name!r}, which does not start like one")
    try:
        return symusic.Score.from_midi(data)
    except (RuntimeError, ValueError, UnicodeDecodeError) as error:
        raise ValueError(f"expected a readable MIDI file, got {path.name!r}: {first_line(error)}") from None


def check_score(score: symusic.Score, name: str) -> symusic.Score:
    """Gives the score back when it has notes, and neither too many nor too late ones."""
    count = score.note_num()
    if count == 0:
        raise ValueError(f"expected at least one note, got none in {name!r}")
    if count > MAX_NOTES:
        raise ValueError(f"expected at most {MAX_NOTES} notes, got {count} in {name!r}")
    if score.ticks_per_quarter < 1:
        raise ValueError(
            f"expected at least 1 tick a quarter note, got {score.ticks_per_quarter} in {name!r}"
        )
    seconds = float(score.to("second").end())
    if not 0.0 <= seconds <= MAX_SECONDS:
        raise ValueError(f"expected at most {MAX_SECONDS:g} s of music, got {seconds:.0f} s in {name!r}")
    return score


def note_array(score: symusic.Score) -> np.ndarray:
    """Gives every note of every track that is not a drum track.

    Returns:
        (N, 4) float32: onset in s, duration in s, pitch 0..127, velocity 0..127; sorted by onset, then pitch.
    """
    import numpy as np

    parts = []
    for track in score.to("second").tracks:
        if track.is_drum or not len(track.notes):
            continue
        notes = track.notes.numpy()
        parts.append(np.stack([notes["time"], notes["duration"], notes["pitch"], notes["velocity"]], axis=1))
    if not parts:
        return np.zeros((0, 4), dtype=np.float32)
    rows = np.concatenate(parts).astype(np.float32)
    return rows[np.lexsort((rows[:, 2], rows[:, 0]))]


def parse_xml(path: Path, data: bytes) -> symusic.Score:
    """Reads MusicXML, plain or compressed, into a score in ticks."""
    check_xml(path, data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import partitura

        try:
            return score_of_parts(partitura.load_musicxml(str(path)).parts)
        except Exception as error:  # noqa: BLE001 - a parser of foreign files fails in any way it likes
            raise ValueError(f"expected readable MusicXML, got {path.name!r}: {first_line(error)}") from None


def check_xml(path: Path, data: bytes) -> None:
    """Refuses archives that unpack to much more than they are, and documents that define entities."""
    texts = [data]
    if data.startswith(b"PK"):
        try:
            with zipfile.ZipFile(path) as archive:
                size = sum(entry.file_size for entry in archive.infolist())
                if size > MAX_XML_BYTES:
                    raise ValueError(
                        f"expected at most {MAX_XML_BYTES} bytes of MusicXML, got {size} in {path.name!r}"
                    )
                texts = [
                    archive.read(entry) for entry in archive.infolist() if entry.filename.endswith("xml")
                ]
        except (zipfile.BadZipFile, RuntimeError, OSError) as error:
            raise ValueError(
                f"expected a readable .mxl archive, got {path.name!r}: {first_line(error)}"
            ) from None
    # Entities can read other files and grow without bound; no score needs them.
    if any(b"<!ENTITY" in text for text in texts):
        raise ValueError(f"expected MusicXML without entity definitions, got {path.name!r}")
    if not any(b"<score-" in text for text in texts):
        raise ValueError(f"expected MusicXML, got {path.name!r}, which holds no score")


def score_of_parts(parts: Any) -> symusic.Score:
    """Turns partitura parts into a symusic score: one track for each staff."""
    import symusic

    score = symusic.Score(TICKS_PER_QUARTER)
    arrays = [(part, part.note_array(include_staff=True)) for part in parts if len(part.notes)]
    # A pickup bar has negative onsets; time starts at the first thing heard or written.
    start = min((float(notes["onset_quarter"].min()) for _, notes in arrays), default=0.0)
    start = min(start, 0.0)
    for part, notes in arrays:
        for staff in sorted(set(notes["staff"].tolist())):
            track = symusic.Track(f"{part.part_name or 'part'} {staff}".strip(), 0, False)
            for note in notes[notes["staff"] == staff]:
                onset = round((float(note["onset_quarter"]) - start) * TICKS_PER_QUARTER)
                duration = max(1, round(float(note["duration_quarter"]) * TICKS_PER_QUARTER))
                track.notes.append(symusic.Note(onset, duration, int(note["pitch"]), PLAIN_VELOCITY))
            score.tracks.append(track)
    if arrays:
        copy_signs(score, arrays[0][0], start)
    return score


def copy_signs(score: symusic.Score, part: Any, start: float) -> None:
    """Copies tempo, key and time signatures of a partitura part."""
    import symusic
    from partitura.score import KeySignature, Tempo, TimeSignature

    def tick(item: Any) -> int:
        return max(0, round((float(part.quarter_map(item.start.t)) - start) * TICKS_PER_QUARTER))

    for item in part.iter_all(Tempo):
        if 1.0 <= float(item.bpm) <= 1000.0:
            quarters = {"h": 2.0, "q": 1.0, "e": 0.5, "q.": 1.5, "h.": 3.0, "e.": 0.75}.get(
                item.unit or "q", 1.0
            )
            score.tempos.append(symusic.Tempo(tick(item), float(item.bpm) * quarters))
    for item in part.iter_all(KeySignature):
        if -7 <= int(item.fifths) <= 7:
            score.key_signatures.append(
                symusic.KeySignature(tick(item), int(item.fifths), int(item.mode == "minor"))
            )
    for item in part.iter_all(TimeSignature):
        score.time_signatures.append(symusic.TimeSignature(tick(item), int(item.beats), int(item.beat_type)))
    if not len(score.tempos):
        score.tempos.append(symusic.Tempo(0, DEFAULT_BPM))


def first_line(error: BaseException) -> str:
    """Gives an error's text as one short line."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:160]

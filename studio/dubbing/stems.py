"""The parts of a dub as files in one archive, which laid over one another are the dub again."""

from __future__ import annotations

import re
import shutil
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checkpoints import sha256_of

from .mix import BED, SAMPLE_RATE, VOICES, Mix
from .write import write_subtitles

if TYPE_CHECKING:
    import numpy as np

    from .dub import Dub, DubLine

# The time in an archive is nobody's business, and the same dub shall give the same bytes.
EPOCH = (1980, 1, 1, 0, 0, 0)
RECIPE, MANIFEST = "recipe.json", "dub.json"
LONGEST_NAME = 40
MOST_WAV = 2**32 - 2**16  # bytes of a WAV, which says its length in 32 bits
README = """The stems of a dub, all of the same length, 48 kHz, 32 bit float, before the limiter.
speakers/   one file a speaker. original.wav   the film's own sound as it lies below them, with its room.
lines/      every line alone, as it was spoken. Laid over one another, the first two are the dub.
"""


def write_stems(dub: Dub, path: Path, document: str, manifest: str) -> None:
    """Writes a ZIP archive: a WAV a speaker, the film's own sound, every line, subtitles and the manifest.

    Args:
        dub: whose lines' files and film are still there. path: where to write. document: JSON that makes it again.
        manifest: JSON of what became of every line.

    Raises:
        ValueError: a line's file or the film is gone or has changed. OSError: the place cannot be written.
    """
    heard = [line for line in dub.lines if line.is_heard]
    check_there(heard)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(entry(RECIPE), document)
        archive.writestr(entry(MANIFEST), manifest)
        archive.writestr(entry("README.txt"), README)
        if heard:
            put(archive, "dub.srt", path, partial(write_subtitles, dub.spoken))
        long = dub.samples.size * 4 > MOST_WAV
        for name, blocks in stems(dub):
            put(archive, name, path, partial(write_float, blocks, long))
        for line in heard:
            name = f"lines/{line.number:04d}-{plain_name(line.speaker)}{Path(line.file).suffix}"
            put(archive, name, path, partial(shutil.copyfile, line.file))


def stems(dub: Dub) -> Iterator[tuple[str, Iterator[np.ndarray]]]:
    """Gives the name and the sound, (C, S) float32 blocks at 48 kHz, of each stem; their sum is the dub's, unlimited.

    Raises:
        ValueError: the levels of the mix are not known.
    """
    import numpy as np

    from .loudness import amplitude

    levels = dub.provenance.get("mix") or {}
    try:
        voice_db, gain_db = float(levels["voice_db"]), float(levels["gain_db"])
    except (KeyError, TypeError, ValueError):
        raise ValueError("expected a dub that knows the levels of its mix, got one without") from None
    whole = Mix(dub.pieces, dub.original or None, dub.duration_s, dub.options)
    whole.prepare(lambda: None)
    whole.voice_gain = amplitude(voice_db)
    gain = np.float32(amplitude(gain_db))

    def louder(blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        for block in blocks:
            yield block * gain

    taken: set[str] = set()
    for speaker in dict.fromkeys(line.speaker for line in dub.lines if line.is_heard):
        name = unused(plain_name(speaker), taken)
        yield f"speakers/{name}.wav", louder(whole.blocks(VOICES, speaker))
    if whole.bed is not None:
        yield "original.wav", louder(whole.blocks(BED))


def check_there(lines: Iterable[DubLine]) -> None:
    """Refuses lines whose files are gone or hold something else by now."""
    for line in lines:
        file = Path(line.file)
        if not file.is_file():
            raise ValueError(f"expected the sound of line {line.number}, got no file at {line.file[:200]!r}")
        if line.sha256 and sha256_of(file) != line.sha256:
            raise ValueError(
                f"expected line {line.number} as it was mixed, got another sound in {file.name!r}"
            )


def put(archive: zipfile.ZipFile, name: str, beside: Path, write: Callable[[Path], Any]) -> None:
    """Adds a file that is written beside the archive first, since a sound's header is known last."""
    file = beside.with_name(f"{beside.stem}.part{Path(name).suffix}")
    try:
        write(file)
        with archive.open(entry(name), "w", force_zip64=True) as into, open(file, "rb") as source:
            shutil.copyfileobj(source, into, 2**20)
    finally:
        file.unlink(missing_ok=True)


def entry(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, EPOCH)


def write_float(blocks: Iterable[np.ndarray], long: bool, path: Path) -> None:
    """Writes sound as 32-bit numbers, so that a stem that is louder than the whole is not cut off.

    Args:
        long: whether it may be more than a plain WAV holds.
    """
    import soundfile

    upcoming = iter(blocks)
    first = next(upcoming)
    kind = "RF64" if long else "WAV"
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, len(first), subtype="FLOAT", format=kind) as file:
        file.write(first.T)
        for block in upcoming:
            file.write(block.T)
    forget_time(path)


def forget_time(path: Path) -> None:
    """Takes out of a WAV of floating numbers when it was written, which libsndfile puts beside its peaks."""
    with open(path, "r+b") as file:
        at = file.read(512).find(b"PEAK")
        if at > 0:
            file.seek(at + 12)
            file.write(bytes(4))


def plain_name(name: str) -> str:
    """Gives a speaker's name as that of a file: letters, digits and hyphens of any script."""
    words = re.sub(r"[\W_]+", "-", unicodedata.normalize("NFC", name)).strip("-").lower()
    return words[:LONGEST_NAME] or "voice"


def unused(name: str, taken: set[str]) -> str:
    """Gives a name that is not taken yet, and takes it."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    taken.add(found)
    return found

"""Writing sound to a file piece by piece, and the text that rides along in it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# suffix -> (libsndfile's format, subtype). FLAC is the exact form, as far as 24 bits are.
CODECS = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_24"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
    ".ogg": ("OGG", "VORBIS"),
}
SOFTWARE = "Affect Studio"
# Larger pieces overflow the stack of some builds of the Vorbis encoder.
FRAMES_PER_WRITE = 2**16
COMMENT_CHUNK = b"ICMT"


def write(blocks: Iterable[np.ndarray], sample_rate: int, path: Path, *, comment: str = "") -> None:
    """Writes sound; memory holds one block at a time.

    Args:
        blocks: (C, S) float32 in -1..1, all of the same C.
        sample_rate: Hz.
        path: its suffix chooses the format.
        comment: text for the file's comment tag.

    Raises:
        OSError: the disk or libsndfile refused.
        ValueError: no samples, or this libsndfile does not know the format.
    """
    import soundfile

    kind, subtype = CODECS[path.suffix.lower()]
    if not soundfile.check_format(kind, subtype):
        raise ValueError(
            f"expected a libsndfile that writes {path.suffix}, got {soundfile.__libsndfile_version__}"
        )
    upcoming = iter(blocks)
    first = next(upcoming, None)
    if first is None or not first.size:
        raise ValueError("expected at least one sample of sound, got none")
    wav = kind == "WAV"
    try:
        with soundfile.SoundFile(
            path, "w", sample_rate, first.shape[0], subtype=subtype, format=kind
        ) as file:
            if not wav:
                file.title, file.software = SOFTWARE, SOFTWARE
                if comment:
                    file.comment = comment
            write_block(file, first)
            for block in upcoming:
                write_block(file, block)
    except soundfile.LibsndfileError as error:
        raise OSError(f"expected a writable {path.suffix} file, got: {error}") from None
    if wav:
        append_info(path, comment)


def write_block(file: object, block: np.ndarray) -> None:
    """Writes one block in small pieces."""
    for start in range(0, block.shape[1], FRAMES_PER_WRITE):
        file.write(block[:, start : start + FRAMES_PER_WRITE].T)  # type: ignore[attr-defined]


def append_info(path: Path, comment: str) -> None:
    """Adds a LIST INFO chunk to a WAV file; ours, as libsndfile drops comments beyond 2 kB when it reads."""
    entries = b"".join(
        chunk(name, text) for name, text in ((b"ISFT", SOFTWARE), (COMMENT_CHUNK, comment)) if text
    )
    with open(path, "r+b") as file:
        file.seek(0, 2)
        if file.tell() % 2:
            file.write(b"\0")
        file.write(b"LIST" + (4 + len(entries)).to_bytes(4, "little") + b"INFO" + entries)
        size = file.tell()
        if size - 8 >= 2**32:
            raise ValueError(f"expected a .wav file below 4 GiB, got {size} bytes: choose .flac")
        file.seek(4)
        file.write((size - 8).to_bytes(4, "little"))


def chunk(name: bytes, text: str) -> bytes:
    """Gives a RIFF chunk with a text, ended by a zero and padded to an even length."""
    data = text.encode("utf-8") + b"\0"
    return name + len(data).to_bytes(4, "little") + data + b"\0" * (len(data) % 2)


def read_comment(path: Path) -> str:
    """Gives the comment tag of a sound file; empty when it has none.

    Raises:
        ValueError: not a sound file.
    """
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            comment = file.comment
    except soundfile.LibsndfileError as error:
        raise ValueError(f"expected a sound file, got {path.name!r}: {error}") from None
    return comment or read_info(path)


def read_info(path: Path) -> str:
    """Gives the comment from the LIST INFO chunks of a WAV file; empty when there is none."""
    with open(path, "rb") as file:
        if file.read(4) != b"RIFF":
            return ""
        file.seek(12)
        while len(head := file.read(8)) == 8:
            size = int.from_bytes(head[4:], "little")
            if head[:4] == b"LIST" and size < 2**24:
                data = file.read(size)
                at = data.find(COMMENT_CHUNK)
                if data.startswith(b"INFO") and at >= 0:
                    length = int.from_bytes(data[at + 4 : at + 8], "little")
                    return data[at + 8 : at + 8 + length].rstrip(b"\0").decode("utf-8", errors="replace")
            else:
                file.seek(size, 1)
            file.seek(size % 2, 1)
    return ""

"""The bytes of a script -> its text: UTF-8 or UTF-16; a byte that is neither costs its own line only."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

LARGEST_FILE = 64 * 2**20
# Half of a character: what stands in the text for a byte that is no UTF-8 (U+DC80 to U+DCFF), or what a JSON
# escape alone may leave.
BROKEN = re.compile("[\ud800-\udfff]")
REPLACEMENT = "\ufffd"
WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(path: Path, largest: int = LARGEST_FILE) -> str:
    """Reads a text file; every line ends with a line feed.

    Args:
        path: UTF-8, with or without its mark, or UTF-16 with its mark.
        largest: most bytes.

    Returns:
        The text. A byte that is no UTF-8 stands in it as half a character, which `explain_broken` finds.

    Raises:
        FileNotFoundError: no such file.
        ValueError: too large, or no text at all.
    """
    if not path.is_file():
        raise FileNotFoundError(f"expected an existing file, got {str(path)!r}")
    size = path.stat().st_size
    if size > largest:
        raise ValueError(f"expected a file of at most {largest:,} bytes, got {size:,} in {path.name!r}")
    text = decoded(path.read_bytes(), path.name)
    at = text.find("\0")
    if at >= 0:
        raise ValueError(
            f"expected UTF-8, or UTF-16 with its byte order mark, got a zero byte at place {at} of {path.name!r}"
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


def decoded(data: bytes, name: str) -> str:
    """Gives the text of a file's bytes.

    Raises:
        ValueError: UTF-16 that ends within a character.
    """
    if not data.startswith(WIDE_MARKS):
        return data.decode("utf-8-sig", errors="surrogateescape")
    try:
        return data.decode("utf-16", errors="surrogatepass")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"expected whole UTF-16 in {name!r}, got: {error.reason} at byte {error.start}"
        ) from None


def explain_broken(text: str) -> str:
    """Says what is wrong with a text that is not whole; empty when nothing is."""
    found = BROKEN.search(text)
    if found is None:
        return ""
    code = ord(found.group())
    if not 0xDC80 <= code <= 0xDCFF:
        return f"expected whole characters, got half of one (U+{code:04X})"
    # Mostly an old Windows file; said, not assumed: the same byte is another letter elsewhere.
    meant = bytes([code - 0xDC00]).decode("cp1252", errors="replace")
    byte = f"0x{code - 0xDC00:02x} ({meant!r} in Windows-1252)"
    return f"expected UTF-8 text, got the byte {byte}: save the file as UTF-8"


def whole(text: str) -> str:
    """Gives a text that can be shown and written."""
    return BROKEN.sub(REPLACEMENT, text)

"""What the tests of scripts share: a script from its text, and the one line of an error."""

from __future__ import annotations

import pytest

from studio.dubbing.script import read_script

SRT = "1\n00:00:01,000 --> 00:00:02,500\n{}\n"


def script_in(folder):
    """Gives what writes a file into a folder and reads it as a script."""

    def write(text, suffix=".srt", **arguments):
        path = folder / f"film{suffix}"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_script(path, **arguments)

    return write


def error_of(call, *arguments, kind=ValueError, **named):
    with pytest.raises(kind) as caught:
        call(*arguments, **named)
    assert "\n" not in str(caught.value) and str(caught.value).startswith("expected ")
    return str(caught.value)

"""Runs commands in this process or in another one, and reads their complaints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from studio.cli import main

TESTS = Path(__file__).parent


def complaint(capsys):
    """Gives the error of a refused command: exactly one line, in the house form, without a traceback."""
    shown = capsys.readouterr()
    assert shown.err.startswith("affect: expected ") and shown.err.count("\n") == 1, shown.err
    assert "Traceback" not in shown.err and shown.out == ""
    return shown.err


def generate(*arguments):
    return main(["generate", "tiny", "--device", "cpu", "--quiet", *map(str, arguments)])


PROGRAM = """
import sys
sys.path.insert(0, sys.argv.pop(1))
from generators import registry
registry.BACKENDS["tiny"] = "tiny_backend:TinyBackend"
from studio.cli import main
sys.exit(main())
"""


def start(*arguments):
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(TESTS), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

"""Speed and memory of reading and writing scripts of 50,000 lines, and of the worst lines that fit into one."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from studio.dubbing.line import Line, Script, Speaker
from studio.dubbing.row import MOST_CHARACTERS
from studio.dubbing.script import READERS, read_script
from studio.dubbing.write import write_script
from studio.evaluation.benchmark import machine, write_benchmark
from studio.evaluation.report import Targets

LINES = 50_000
CUE_S = 0.5
HARD = (
    "[",
    "[,",
    "[a]",
    "&amp;",
    "<",
    "<v ",
    "- ",
    "A A A ",
    "*a ",
    "{\\",
    "intensity ",
    "0:a,",
    "1% a,",
    "a :",
)


def run(out_dir: str | Path | None = None, checkpoint: str = "auto", repeats: int = 1) -> dict[str, Any]:
    """Measures every format.

    Args:
        out_dir: gets bench-scripts.json and bench-scripts.md.
        checkpoint: not used; no weights read scripts.
        repeats: of every timing; the least counts.

    Returns:
        "read_s" and "written_s" by suffix, "hardest_line_ms" and "peak_memory_mb".
    """
    figures: dict[str, Any] = {"lines": LINES, "read_s": {}, "written_s": {}}
    script = made_up()
    with tempfile.TemporaryDirectory() as folder:
        for suffix in READERS:
            path = Path(folder) / f"long{suffix}"
            figures["written_s"][suffix] = round(least(repeats, write_script, script, path), 2)
            figures["read_s"][suffix] = round(least(repeats, read_script, path), 2)
        figures["hardest_line_ms"] = round(max(hard_line_ms(Path(folder), text) for text in HARD), 1)
    unit = 2**20 if sys.platform == "darwin" else 2**10
    figures["peak_memory_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, 1)
    figures["machine"] = machine()
    targets = Targets()
    targets.at_most("reading 50,000 lines, s", max(figures["read_s"].values()), 10)
    targets.at_most("the hardest line, ms", figures["hardest_line_ms"], 100)
    figures["targets"] = targets
    if out_dir is not None:
        write_benchmark(figures, out_dir, "scripts")
    return figures


def made_up() -> Script:
    """Gives a script with something of everything."""
    feelings = ("sad", None, "60% sad, 40% angry", [(0, "calm"), (1, "sad")])
    lines = tuple(
        Line(
            at + 1, at * CUE_S, (at + 0.9) * CUE_S, f"This is line {at}, & it says <i> something.",
            ("Anna", "Bob", "")[at % 3], feelings[at % 4], 0.7 if at % 2 else None,
        )
        for at in range(LINES)
    )  # fmt: skip
    return Script(lines, {"Anna": Speaker("Anna", "kathleen"), "Bob": Speaker("Bob", "kathleen")})


def least(repeats: int, call: Any, *arguments: Any) -> float:
    """Gives the processor seconds of the quickest call: what else a machine does is no figure of ours."""
    found = []
    for _ in range(repeats):
        started = time.process_time()
        call(*arguments)
        found.append(time.process_time() - started)
    return min(found)


def hard_line_ms(folder: Path, piece: str) -> float:
    """Gives the milliseconds of one line of nothing but a piece that leads a reader astray."""
    path = folder / "hard.srt"
    text = piece * (MOST_CHARACTERS // len(piece))
    path.write_text(f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n", encoding="utf-8")
    return 1000 * least(1, read_script, path)

"""Dubs a script of numbered lines with the humming voice, in a process that a test may kill at any moment.

Arguments: the store's folder, how many lines, how many processes.
"""

from __future__ import annotations

import json
import os
import sys

from generators import registry
from studio import Studio
from studio.dubbing.line import Line, Script, Speaker
from studio.dubbing.options import DubbingOptions, DubbingPrompt
from studio.dubbing.plan import Plan, plan_lines
from studio.dubbing.render import render
from studio.dubbing.store import Store


def script_of(count: int) -> Script:
    lines = [
        Line(n, 2.0 * n, 2.0 * n + 1.5, f"This is the line {n:03d} of all.", "ANNA" if n % 2 else "BEN")
        for n in range(count)
    ]
    return Script(tuple(lines))


def planned(studio: Studio, store: Store, script: Script, **more: object) -> Plan:
    cast = {"ANNA": Speaker("ANNA", "kathleen"), "BEN": Speaker("BEN", "emodb_03")}
    return plan_lines(
        studio, script, cast, DubbingPrompt("script.srt"), DubbingOptions(workers=1), store=store, **more
    )


def main(folder: str, count: str, workers: str) -> None:
    with Studio("cpu") as studio:
        store = Store(folder)
        plan = planned(studio, store, script_of(int(count)))
        rows = sorted(render(studio, plan, store, workers=int(workers)), key=lambda row: row.number)
    sys.stdout.write(
        json.dumps([[row.number, row.state, row.sha256, os.path.relpath(row.file, folder)] for row in rows])
    )


if __name__ == "__main__":
    registry.BACKENDS["speech"] = "standin_lines:HummingBackend"
    main(*sys.argv[1:])

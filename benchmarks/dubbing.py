"""Speed, memory and resilience of dubbing: how fast lines are made, what a changed word costs, what kills leave.

Seconds depend on the machine and on what else it does; processor seconds, which stand beside them, far less.
"""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from checkpoints import write_json
from studio import Studio
from studio.dubbing.line import Line, Script
from studio.dubbing.options import DubbingOptions, DubbingPrompt
from studio.dubbing.plan import Plan, plan_lines
from studio.dubbing.render import DONE, FAILED, Row, render
from studio.dubbing.store import RECORDS, Store
from studio.dubbing.workers import Workers
from studio.evaluation.benchmark import ROOT, largest_memory_mb, machine, write_benchmark
from studio.evaluation.report import Targets

LINES, CUE_S = 1000, 3.0
KILLED_LINES, KILLS = 500, 25
PROCESSES = 2
VOICES = ("kathleen", "emodb_11", "kerstin")
FEELINGS = ("sad", "angry", "happy", "calm", "afraid", "neutral", "proud", "disgusted")
WORDS = (
    *(
        "nobody",
        "told",
        "me",
        "that",
        "the",
        "last",
        "train",
        "would",
        "leave",
        "before",
        "midnight",
        "and",
        "now",
    ),
    *(
        "we",
        "stand",
        "here",
        "in",
        "rain",
        "with",
        "two",
        "heavy",
        "bags",
        "while",
        "your",
        "brother",
        "keeps",
    ),
    *("asking", "why", "did", "not", "simply", "stay", "at", "home", "like", "everybody", "else"),
)


def run(
    out_dir: str | Path | None = None,
    checkpoint: str = "auto",
    lines: int = LINES,
    killed_lines: int = KILLED_LINES,
    kills: int = KILLS,
) -> dict[str, Any]:
    """Measures dubbing on two processes of one thread each.

    Args:
        out_dir: gets bench-dubbing.json and bench-dubbing.md.
        checkpoint: weights of the voice.
        lines: of 3 s each, for speed and memory. killed_lines: short ones, of the run that is killed again and again.
        kills: how often.

    Returns:
        "real_time_factor" (seconds of planning and making, with the start of the processes, for a second of cues);
        "processor_factor", the same in processor seconds over the number of processes; "redo_s" of one changed
        word, weights loaded; "memory_growth_mb" of a process from the first quarter of the lines to the last;
        "kills": what was lost, made twice or different; "targets".
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures: dict[str, Any] = {
            **speed(folder / "speed", checkpoint, lines),
            "kills": after_kills(folder, checkpoint, killed_lines, kills),
            "processes": PROCESSES,
            "machine": machine(),
        }
    targets = Targets()
    targets.at_most("real-time factor of planning and making", figures["real_time_factor"], 0.2)
    targets.at_most("one changed word, warm, s", figures["redo_s"], 2.0)
    targets.at_most("growth of a process over the lines, MB", figures["memory_growth_mb"], 100)
    targets.at_most("largest error of a cue, ms", figures["cue_error_ms"], 20)
    targets.at_most("highest rate against natural", figures["highest_rate"], 1.25)
    for what in ("lost", "different", "made_twice", "failed"):
        targets.at_most(f"lines {what.replace('_', ' ')} after {kills} kills", figures["kills"][what], 0)
    figures["targets"] = targets
    if out_dir is not None:
        write_benchmark(figures, out_dir, "dubbing")
    return figures


def script_of(count: int, words: tuple[int, int], cue_s: float, seed: int = 0) -> Script:
    """Gives lines of random words, each with a feeling. words: least and most of a line."""
    draw, found = random.Random(seed), []
    for number in range(1, count + 1):
        text = " ".join(draw.choice(WORDS) for _ in range(draw.randint(*words))).capitalize() + "."
        feeling, intensity = draw.choice(FEELINGS), draw.choice((0.4, 0.7, 1.0))
        start_s = number * cue_s
        line = Line(
            number, start_s, start_s + 0.95 * cue_s, text, f"SPEAKER {number % 3}", feeling, intensity
        )
        found.append(line)
    return Script(tuple(found))


def planned(studio: Studio, store: Store, script: Script, checkpoint: str, **more: Any) -> Plan:
    from studio.dubbing.line import Speaker

    cast = {
        f"SPEAKER {n}": Speaker(f"SPEAKER {n}", voice, language="en-US") for n, voice in enumerate(VOICES)
    }
    options = DubbingOptions(checkpoint=checkpoint, borrow_s=0.1)
    return plan_lines(studio, script, cast, DubbingPrompt("script.srt"), options, store=store, **more)


def speed(folder: Path, checkpoint: str, count: int) -> dict[str, Any]:
    """Makes a long script once, and once more with another word in the middle."""
    store, script = Store(folder), script_of(count, (7, 9), CUE_S)
    with Studio("cpu") as studio:
        started, before_s = time.perf_counter(), processor_s()
        with Workers(PROCESSES, store) as workers:
            plan = planned(studio, store, script, checkpoint, hands=workers)
            planned_s = time.perf_counter() - started
            rows, memory_mb = [], []
            for row in render(studio, plan, store, hands=workers):
                rows.append(row)
                memory_mb.append(max((largest_memory_mb(pid) for pid in workers.pids()), default=0.0))
        seconds = time.perf_counter() - started
        busy_s = processor_s() - before_s
        redo_s = redone_s(studio, store, script, checkpoint)
    return {
        "real_time_factor": round(seconds / (count * CUE_S), 4),
        "processor_factor": round(busy_s / PROCESSES / (count * CUE_S), 4),
        "lines": count,
        "planned_s": round(planned_s, 1),
        "made_s": round(seconds - planned_s, 1),
        "sound_s": round(sum(row.length_s for row in rows), 1),
        "failed": sum(row.state == FAILED for row in rows),
        "redo_s": round(redo_s, 3),
        "peak_memory_mb": round(max(memory_mb), 1),
        "memory_growth_mb": round(memory_mb[-1] - memory_mb[len(memory_mb) // 4], 1),
        **fits(plan, rows),
    }


def redone_s(studio: Studio, store: Store, script: Script, checkpoint: str) -> float:
    """Seconds from a script with one changed word to the sound of all its lines, weights loaded."""
    from dataclasses import replace

    seconds = []
    for word in ("yesterday", "tomorrow"):  # the first one loads the weights
        lines, middle = list(script.lines), len(script.lines) // 2
        lines[middle] = replace(lines[middle], text=f"{word.capitalize()} {lines[middle].text.lower()}")
        started = time.perf_counter()
        plan = planned(studio, store, Script(tuple(lines)), checkpoint)
        states = [row.state for row in render(studio, plan, store)]
        seconds.append(time.perf_counter() - started)
        if states.count(DONE) != 1:
            raise ValueError(f"expected one line made anew, got {states.count(DONE)}")
    return seconds[-1]


def fits(plan: Plan, rows: Iterable[Row]) -> dict[str, float]:
    """How lines lie at their cues: by the marks of what was made."""
    cues = {line.line.number: line.line.start_s for line in plan.lines}
    errors = [abs(row.start_s - cues[row.number]) for row in rows if row.state != FAILED]
    return {
        "cue_error_ms": round(1000 * max(errors), 3),
        "highest_rate": round(max(line.rate for line in plan.lines), 4),
        "faster_than_natural": sum(line.rate > 1.001 for line in plan.lines),
        "conflicts": len(plan.conflicts),
    }


def after_kills(folder: Path, checkpoint: str, count: int, kills: int) -> dict[str, Any]:
    """Kills a run with -9 at random moments until it has had enough, and compares with one that was let be."""
    calm, killed = folder / "calm", folder / "killed"
    undisturbed = made(calm, checkpoint, count)
    draw, records, twice = random.Random(7), {}, 0
    for _ in range(kills):
        process = start(killed, checkpoint, count)
        wait_for(killed, len(records) + draw.randint(0, 2 * count // kills), process)
        time.sleep(0.3 * draw.random())
        process.kill()
        process.wait()
        seen = times_of(killed)
        twice += sum(seen.get(name) != at for name, at in records.items())
        records = seen
    found = made(killed, checkpoint, count)
    seen = times_of(killed)
    twice += sum(seen.get(name) != at for name, at in records.items())
    return {
        "lines": count,
        "kills": kills,
        "kept_at_the_last_kill": len(records),
        "lost": len(undisturbed.keys() - found.keys()),
        "different": sum(found.get(number) != digest for number, digest in undisturbed.items()),
        "made_twice": twice,
        "failed": sum(not digest for digest in found.values()),
    }


def start(folder: Path, checkpoint: str, count: int) -> subprocess.Popen[bytes]:
    """Dubs short lines into a folder, in a process of its own."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(Path(__file__).resolve()), str(folder), checkpoint, str(count)]
    return subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)


def made(folder: Path, checkpoint: str, count: int) -> dict[str, str]:
    """Lets a run come to its end; gives number -> hash of every line."""
    import json

    process = start(folder, checkpoint, count)
    if process.wait():
        raise OSError(f"expected a run that ends well, got exit code {process.returncode}")
    return dict(json.loads((folder / "rows.json").read_text(encoding="utf-8")))


def times_of(folder: Path) -> dict[str, int]:
    """Gives when each finished line was finished; one that is made again changes its own."""
    return {path.name: path.stat().st_mtime_ns for path in (folder / RECORDS).rglob("*.json")}


def wait_for(folder: Path, count: int, process: subprocess.Popen[bytes]) -> None:
    """Waits until so many lines are finished, or the process has ended."""
    while process.poll() is None and sum(1 for _ in (folder / RECORDS).rglob("*.json")) < count:
        time.sleep(0.05)


def processor_s() -> float:
    """Seconds that processors have worked for this process and for those that it waited for."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(used.ru_utime + used.ru_stime for used in both)


def dub_short_lines(folder: str, checkpoint: str, count: str) -> None:
    """The run that is killed: plans and makes short lines, and writes what came of them."""
    store = Store(folder)
    with Studio("cpu") as studio, Workers(PROCESSES, store) as workers:
        plan = planned(studio, store, script_of(int(count), (1, 3), 2.0, seed=3), checkpoint, hands=workers)
        rows = list(render(studio, plan, store, hands=workers))
    write_json(Path(folder) / "rows.json", [[row.number, row.sha256] for row in rows])


if __name__ == "__main__":
    dub_short_lines(*sys.argv[1:])

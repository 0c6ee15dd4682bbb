"""Making the lines: crashes, kills, several processes, failures that stop nothing else, and the manifest."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import dub_by_hand
import pytest

from checkpoints import sha256_of
from generators import registry
from generators.base import Cancelled
from studio import Studio
from studio.dubbing.hands import Crew, OwnHands, worth
from studio.dubbing.line import Line, Script
from studio.dubbing.manifest import recorded, write_manifest
from studio.dubbing.render import render
from studio.dubbing.store import Store
from studio.dubbing.workers import Waiting, Workers

LINES = 24


@pytest.fixture
def studio(monkeypatch, tmp_path):
    monkeypatch.setitem(registry.BACKENDS, "speech", "standin_lines:HummingBackend")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("HUMMED", str(tmp_path / "hummed"))
    with Studio("cpu") as opened:
        yield opened


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def planned(studio, store, *texts):
    lines = [Line(n, 2.0 * n, 2.0 * n + 1.5, text) for n, text in enumerate(texts, 1)]
    return dub_by_hand.planned(studio, store, Script(tuple(lines)))


def hummed(tmp_path):
    path = tmp_path / "hummed"
    return Counter(path.read_text().splitlines()) if path.exists() else Counter()


def started(folder, hummed, workers=1, hum_s=0.02):
    """Starts a dub in a process of its own, in a group of its own."""
    path = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parent.parent)])
    env = {
        **os.environ,
        "PYTHONPATH": path,
        "OMP_NUM_THREADS": "1",
        "HUMMED": str(hummed),
        "HUM_S": str(hum_s),
    }
    command = [sys.executable, dub_by_hand.__file__, str(folder), str(LINES), str(workers)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=env, start_new_session=True)


def outcome(process):
    rows = json.loads(process.communicate(timeout=60)[0])
    assert process.returncode == 0
    return rows


def lines_noted(path):
    return len(path.read_text().splitlines()) if path.exists() else 0


def wait_for_lines(path, count, process):
    """Waits until so many lines were begun, or the process has ended."""
    deadline = time.monotonic() + 30
    while lines_noted(path) < count and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    return {number: digest for number, _, digest, _ in outcome(started(folder / "s", folder / "h", hum_s=0))}


@pytest.mark.parametrize(("workers", "kills"), [(1, 2), (2, 1)])
def test_killed_at_random_moments_nothing_is_lost_and_nothing_made_twice(
    tmp_path, undisturbed, workers, kills
):
    draw, log = random.Random(workers), tmp_path / "hummed"
    for _ in range(kills):
        begun = lines_noted(log)
        process = started(tmp_path / "s", log, workers)
        wait_for_lines(log, begun + draw.randint(3, 8), process)
        time.sleep(0.02 * draw.random())
        process.kill()
        process.communicate()
        wait_for_group(process.pid)  # workers end with who asked
    rows = outcome(started(tmp_path / "s", log, workers))
    assert {number: digest for number, _, digest, _ in rows} == undisturbed
    assert Counter(state for _, state, _, _ in rows)["kept"] >= kills
    assert all(sha256_of(tmp_path / "s" / file) == digest for _, _, digest, file in rows)
    # A line is begun again only where a kill met it; finished ones never are.
    assert sum(hummed(tmp_path).values()) <= LINES + kills * workers
    kept = list((tmp_path / "s" / "parts").rglob("*.wav"))
    assert len(kept) == LINES


def living(group):
    """Gives the processes of a group that still run; those that nobody has buried yet do not."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, own = path.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(own) == group and state != "Z":
            found.append(path.parent.name)
    return found


def wait_for_group(group):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not living(group):
            return
        time.sleep(0.01)
    raise AssertionError("expected no process left behind")


def test_bytes_do_not_depend_on_who_makes_them(studio, tmp_path):
    texts = [f"Line {n} of a few." for n in range(6)]
    stores = [Store(tmp_path / "one"), Store(tmp_path / "two")]
    alone = sorted(
        row.sha256 for row in render(studio, planned(studio, stores[0], *texts), stores[0], workers=1)
    )
    plan = planned(studio, stores[1], *texts)
    assert alone == sorted(row.sha256 for row in render(studio, plan, stores[1], workers=2))


def test_one_changed_word_makes_one_line_anew(studio, store, tmp_path):
    texts = [f"Line {n} of a few." for n in range(5)]
    list(render(studio, planned(studio, store, *texts), store))
    texts[2] = "Line 2 of a lot."
    rows = list(render(studio, planned(studio, store, *texts), store))
    assert Counter(row.state for row in rows) == {"kept": 4, "done": 1}
    assert hummed(tmp_path) == Counter([*(f"Line {n} of a few." for n in range(5)), "Line 2 of a lot."])


def test_a_failed_line_stops_no_other_and_the_manifest_says_it(studio, store, tmp_path):
    plan = planned(studio, store, "Good.", "FAIL", "The disk is FULL", "Good too.", "Good.", "")
    path = tmp_path / "dub.json"
    rows = {row.number: row for row in recorded(render(studio, plan, store), path, plan, script="s.srt")}
    assert [rows[n].state for n in range(1, 7)] == ["done", "failed", "failed", "done", "kept", "failed"]
    assert rows[2].error == "expected an easier line, got FAIL"
    assert "No space left" in rows[3].error
    assert rows[5].file == rows[1].file  # the same words with the same feeling in the same time
    assert rows[5].start_s == 10.0
    found = json.loads(path.read_text())
    assert found["script"] == "s.srt"
    assert found["states"] == {"done": 2, "failed": 3, "kept": 1}
    assert [line["state"] for line in found["lines"]] == [rows[n].state for n in range(1, 7)]
    assert found["lines"][1]["error"] == rows[2].error
    assert found["lines"][0]["sha256"] == sha256_of(Path(rows[1].file))


def test_every_line_starts_at_its_cue_to_the_sample(studio, store):
    import soundfile

    plan = planned(studio, store, "Good evening.", "And good night to all of you.")
    for row in render(studio, plan, store):
        samples, rate = soundfile.read(row.file)
        onset = round(row.onset_s * rate)
        assert row.start_s == 2.0 * row.number
        assert not samples[:onset].any()
        assert samples[onset] != 0
        assert row.end_s == pytest.approx(plan.lines[row.number - 1].end_s, abs=1 / rate)


def test_the_manifest_waits_for_lines_that_were_not_reached(studio, store, tmp_path):
    plan = planned(studio, store, "One.", "Two.", "Three.")
    asked = iter([False, True, True, True])
    rows = list(
        recorded(render(studio, plan, store, should_stop=lambda: next(asked)), tmp_path / "m.json", plan)
    )
    assert len(rows) == 1
    assert json.loads((tmp_path / "m.json").read_text())["states"] == {"done": 1, "waiting": 2}
    assert (
        write_manifest(tmp_path / "again.json", plan, rows).read_bytes() == (tmp_path / "m.json").read_bytes()
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_cancelled_while_lines_are_made(studio, store, monkeypatch, workers):
    monkeypatch.setenv("HUM_S", "0.05")
    plan = planned(studio, store, *(f"Line {n}." for n in range(20)))

    def on_step(step, total):
        assert total == 20
        if step >= 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        list(render(studio, plan, store, workers=workers, on_step=on_step))
    assert 2 <= sum(row.state == "kept" for row in render(studio, plan, store, should_stop=lambda: True)) < 10


def test_a_process_that_dies_of_a_line_takes_no_other_with_it(studio, store):
    plan = planned(studio, store, *(f"Line {n}." for n in range(5)), "DIE here.", "Line 6.")
    rows = {row.number: row for row in render(studio, plan, store, workers=2)}
    assert len(rows) == 7
    assert [number for number, row in rows.items() if row.state == "failed"] == [6]
    assert "signal 9" in rows[6].error


def test_workers_that_are_killed_are_replaced(studio, store, monkeypatch):
    monkeypatch.setenv("HUM_S", "0.03")
    plan = planned(studio, store, *(f"Line {n}." for n in range(16)))
    with Workers(2, store) as workers:
        rows = []
        for row in render(studio, plan, store, hands=workers):
            rows.append(row)
            if len(rows) in (4, 10):
                alive = [process for process in workers.processes if process]
                os.kill(alive[len(rows) % len(alive)].process.pid, signal.SIGKILL)
        assert Counter(row.state for row in rows) == {"done": 16}


def test_a_crew_starts_processes_for_many_orders_and_keeps_them(studio, store):
    request = {"modality": "speech", "duration_s": 1.0}
    orders = [{"verb": "make", "request": {**request, "text": f"Line {n}."}} for n in range(4)]
    with Crew(studio, store, workers=2) as crew:
        assert [at for at, _ in crew.run(orders[:1])] == [0]
        assert crew.processes is None
        assert sorted(at for at, _ in crew.run(orders)) == [0, 1, 2, 3]
        pids = crew.processes.pids()
        answers = dict(crew.run(orders))
        assert all(answer["kept"] for answer in answers.values())
        assert set(crew.processes.pids()) >= set(pids)
    assert crew.processes.pids() == []


def test_a_worker_gets_the_lines_that_it_has_met_and_then_any(studio, store):
    orders = [{"request": {"text": text}} for text in "abcd"]
    waiting = Waiting(orders, {"c": 0, "d": 1}, 2)
    assert [waiting.take(slot)[0] for slot in (1, 1, 0, 1)] == [3, 0, 2, 1]
    assert waiting.take(0) is None
    waiting = Waiting(orders, dict.fromkeys("abcd", 0), 2)
    assert [waiting.take(1)[0] for _ in range(4)] == [0, 1, 2, 3]


def test_a_full_disk_for_the_manifest_stops_nothing(studio, store, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError("No space left on device")

    plan = planned(studio, store, "One.", "Two.")
    monkeypatch.setattr("studio.dubbing.manifest.write_json", full)
    seen = []
    with pytest.raises(OSError, match="No space"):
        for row in recorded(render(studio, plan, store), tmp_path / "m.json", plan):
            seen.append(row)
    assert len(seen) == 2

    def failing():
        yield from ()
        raise Cancelled

    with pytest.raises(Cancelled):
        list(recorded(failing(), tmp_path / "m.json", plan))


def test_a_worker_that_cannot_start_says_why(studio, store):
    workers = Workers(1, store)
    workers.settings["device"] = "abacus"
    with workers:
        ((_, answer),) = workers.run([{"verb": "make", "request": {}}])
    assert "abacus" in answer["error"]


def test_nonsense_orders_are_answered(studio, store):
    orders = [{"verb": "make", "request": {"modality": "nonsense"}}, {"verb": "make", "request": {}}]
    assert all("error" in answer for _, answer in OwnHands(studio, store).run(orders))


def test_few_lines_are_not_worth_a_process():
    assert worth(3) == 1
    assert worth(10_000) >= 1

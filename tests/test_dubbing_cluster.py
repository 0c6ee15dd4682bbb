"""The work on a real cluster of several processes on this machine, of which some are killed."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path

import dub_by_hand
import pytest

from generators import registry
from generators.base import Cancelled
from studio import Studio
from studio.dubbing.cluster import ClusterHands, cluster_hands, render_on_cluster
from studio.dubbing.line import Line, Script
from studio.dubbing.mirror import Mirror
from studio.dubbing.render import render
from studio.dubbing.store import Store

ray = pytest.importorskip("ray")
MEMORY_MB = 100


@pytest.fixture(autouse=True)
def hum(monkeypatch, tmp_path):
    monkeypatch.setitem(registry.BACKENDS, "speech", "standin_lines:HummingBackend")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("HUMMED", str(tmp_path / "hummed"))


@pytest.fixture(scope="module")
def cluster():
    """Four processors of a cluster; its sockets want a short path."""
    folder = tempfile.mkdtemp(prefix="ray")
    path = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parent.parent)])
    env = {"PYTHONPATH": path, "HUM_S": "0.05", "HUMMED": f"{folder}/hummed", "OMP_NUM_THREADS": "1"}
    ray.init(
        num_cpus=4, include_dashboard=False, log_to_driver=False, logging_level="ERROR", _temp_dir=folder,
        object_store_memory=80 * 2**20, runtime_env={"env_vars": env},
        _system_config={"worker_niceness": 0},  # else they starve where the machine is busy
    )  # fmt: skip
    yield Path(folder)
    ray.shutdown()
    shutil.rmtree(folder, ignore_errors=True)


def planned(store, *texts):
    lines = [Line(n, 2.0 * n, 2.0 * n + 1.5, text) for n, text in enumerate(texts, 1)]
    with Studio("cpu") as studio:
        return dub_by_hand.planned(studio, store, Script(tuple(lines)))


def alone(folder, *texts):
    """Gives number -> hash of lines that this process makes."""
    store = Store(folder)
    with Studio("cpu") as studio:
        return {row.number: row.sha256 for row in render(studio, planned(store, *texts), store, workers=1)}


def test_without_ray_one_line_says_so(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ValueError, match=r"affect-studio\[cluster\]"), cluster_hands("auto", Store(tmp_path)):
        pass


@pytest.mark.parametrize(
    "address", ["nonsense", "", "http://a:1", "127.0.0.1:9", "ray://127.0.0.1:9", "127.0.0.1:99999"]
)
def test_addresses_where_nobody_is(address, tmp_path):
    with pytest.raises(ValueError, match="expected a"), cluster_hands(address, Store(tmp_path)):
        pass


@pytest.mark.slow
def test_three_of_four_actors_killed_in_turn_nothing_is_lost(cluster, tmp_path):
    texts = [f"Line {n:02d} of all." for n in range(60)]
    store = Store(tmp_path / "store")
    with ClusterHands(store, count=4, memory_mb=MEMORY_MB) as hands:
        rows, killed = [], []
        for row in render(None, planned(store, *texts), store, hands=hands):
            rows.append(row)
            if len(rows) in (10, 22, 35):
                alive = [m.pid for m in (*hands.members, *hands.idle) if m.pid and m.pid not in killed]
                os.kill(alive[0], signal.SIGKILL)
                killed.append(alive[0])
    assert len(killed) == 3
    assert Counter(row.state for row in rows) == {"done": 60}
    assert {row.number: row.sha256 for row in rows} == alone(tmp_path / "alone", *texts)
    made = Counter((cluster / "hummed").read_text().splitlines())
    assert set(texts) <= set(made)
    assert sum(made[text] for text in texts) <= 60 + 3


@pytest.mark.slow
def test_a_failed_and_a_deadly_line_stop_no_other(cluster, tmp_path):
    store = Store(tmp_path / "store")
    plan = planned(store, "One.", "FAIL", "DIE here.", "Four.")
    rows = {row.number: row for row in render_on_cluster("auto", plan, store, count=2, memory_mb=MEMORY_MB)}
    assert [rows[n].state for n in range(1, 5)] == ["done", "failed", "failed", "done"]
    assert rows[2].error == "expected an easier line, got FAIL"
    assert rows[3].error.startswith("expected an actor that speaks the line, got 3 that died of it")
    assert [row.state for row in render_on_cluster("auto", plan, store, should_stop=lambda: True)] == [
        "kept"
    ] * 2


@pytest.mark.slow
def test_results_go_to_a_url_and_come_back(cluster, tmp_path):
    texts, url = ["One.", "Two.", "Three."], f"file://{tmp_path}/bucket"
    store = Store(tmp_path / "store")
    rows = list(
        render_on_cluster("auto", planned(store, *texts), store, count=2, url=url, memory_mb=MEMORY_MB)
    )
    assert Counter(row.state for row in rows) == {"done": 3}
    assert all(Path(row.file).is_relative_to(tmp_path / "store") for row in rows)
    # Another machine, which has nothing, finds them there.
    other = Store(tmp_path / "other")
    again = list(
        render_on_cluster("auto", planned(other, *texts), other, count=1, url=url, memory_mb=MEMORY_MB)
    )
    assert Counter(row.state for row in again) == {"kept": 3}
    assert {row.sha256 for row in again} == {row.sha256 for row in rows}


@pytest.mark.slow
def test_cancelled_on_a_cluster(cluster, tmp_path):
    store = Store(tmp_path / "store")
    plan = planned(store, *(f"Line {n}." for n in range(40)))

    def on_step(step, total):
        if step >= 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        list(render_on_cluster("auto", plan, store, count=2, memory_mb=MEMORY_MB, on_step=on_step))
    with ClusterHands(store, count=2, memory_mb=MEMORY_MB) as hands:
        assert len(list(render(None, plan, store, hands=hands))) == 40


@pytest.mark.slow
def test_a_machine_that_does_not_see_the_store_says_so(cluster, tmp_path):
    store = Store(tmp_path / "store")
    plan = planned(store, "One.")
    with ClusterHands(store, count=1, memory_mb=MEMORY_MB) as hands:
        hands.probe.unlink()
        (row,) = render(None, plan, store, hands=hands)
    assert "a store that every machine sees" in row.error


def test_a_mirror_takes_parts_whole_and_refuses_what_is_damaged(tmp_path):
    store, other = Store(tmp_path / "store"), Store(tmp_path / "other")
    mirror = Mirror(f"file://{tmp_path}/bucket")
    with Studio("cpu") as studio:
        asked = {"text": "Good evening.", "duration_s": 1.0}
        key, part = store.key(studio, "speech", asked), store.part(studio, "speech", asked)
    mirror.push(store, key)
    assert mirror.pull(other, key).sha256 == part.sha256
    assert mirror.pull(other, "0" * 64, missing_ok=True) is None
    with pytest.raises(FileNotFoundError):
        mirror.pull(other, "0" * 64)
    with pytest.raises(KeyError):
        mirror.push(store, "0" * 64)
    other.forget(key)
    assert other.get(key) is None
    kept = next((tmp_path / "bucket" / "parts").rglob("*.wav"))
    kept.write_bytes(b"damaged")
    with pytest.raises(ValueError, match="damaged"):
        mirror.pull(other, key)
    record = next((tmp_path / "bucket" / "records").rglob("*.json"))
    record.write_text(record.read_text().replace(part.path.name, "../../" + part.path.name))
    with pytest.raises(ValueError, match="expected a"):
        mirror.pull(other, key)
    assert not list((tmp_path / "bucket" / "partial").iterdir())


@pytest.mark.parametrize("url", ["nonsense://x", "s4://bucket/folder"])
def test_urls_that_nothing_reaches(url):
    with pytest.raises(ValueError, match="expected a URL"):
        Mirror(url)

"""The library: rows only for whole files, also after kill -9; tags, favourites, search, export, delete."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from generators import registry
from studio import Library, generate
from studio.library import SIDECAR, default_folder

TESTS = Path(__file__).parent


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setitem(registry.BACKENDS, "tiny", "tiny_backend:TinyBackend")


@pytest.fixture
def library(tmp_path):
    with Library(tmp_path / "library") as opened:
        yield opened


def make(**changes):
    return generate("tiny", **{"emotion": "happy", "seed": 1, "device": "cpu", **changes})


def check_whole(folder):
    """Opens a library after whatever happened; checks that rows and files agree and every file is whole."""
    import symusic

    with Library(folder) as library:
        entries = library.search(limit=10_000)
        for entry in entries:
            assert symusic.Score(entry.path).note_num() == entry.recipe["options"]["num_inference_steps"]
        assert {path.name for path in library.files.iterdir()} == {entry.id for entry in entries}
        assert not list(library.partial.iterdir())
        return entries


def test_add_show_and_reopen(library, tmp_path):
    result = make()
    entry = library.add(result, tags=["first"])
    assert entry.path.is_file() and entry.path.suffix == ".mid"
    assert library.show(entry.id) == entry == library.show(entry.id[:-1])
    assert entry.recipe == result.recipe and entry.tags == ("first",)
    with Library(library.folder) as again:
        assert again.show(entry.id) == entry and again.count() == 1
    assert json.loads(json.dumps(entry.to_json()))["id"] == entry.id


def test_search_tags_and_favourites(library):
    happy = library.add(make(emotion="happy"))
    sad = library.add(make(emotion="sad", key="D"), tags=["rain"])
    assert [entry.id for entry in library.list()] == [sad.id, happy.id]
    assert [entry.id for entry in library.search("sad")] == [sad.id]
    assert [entry.id for entry in library.search("RAIN key=d")] == [sad.id]
    assert library.search("sad happy") == [] == library.search("100%") == library.search("_____")
    assert library.search(modality="music") == []
    library.favourite(happy.id)
    library.tag(happy.id, "sun", "rain")
    assert [entry.id for entry in library.search(favourite=True)] == [happy.id]
    assert len(library.search(tag="rain")) == 2
    assert library.untag(happy.id, "rain").tags == ("sun",)
    assert not library.favourite(happy.id, False).favourite
    assert [entry.id for entry in library.search(limit=1, offset=1)] == [happy.id]


def test_bad_input(library):
    entry = library.add(make())
    for bad in ("", "none", "%", "2"):
        if bad == "2":
            library.add(make())
        with pytest.raises(ValueError, match="expected the id of one"):
            library.show(bad)
    for bad in ("", " ", "a\nb", "a" * 61, 3):
        with pytest.raises(ValueError, match="expected a tag"):
            library.tag(entry.id, bad)
    with pytest.raises(ValueError, match="limit"):
        library.search(limit=0)
    with pytest.raises(ValueError, match="limit"):
        library.search(offset=-1)


def test_export_and_delete(library, tmp_path):
    entry = library.add(make())
    assert library.export(entry.id, tmp_path / "a.mid").read_bytes() == entry.path.read_bytes()
    assert library.export(entry.id, tmp_path).name == entry.path.name
    recipe = json.loads(library.export(entry.id, tmp_path / "a.json").read_text())["recipe"]
    assert recipe == entry.recipe
    with pytest.raises(OSError):
        library.export(entry.id, tmp_path / "none" / "a.mid")
    library.delete(entry.id)
    assert library.count() == 0 and not entry.path.exists()
    assert check_whole(library.folder) == []


def test_a_failed_save_leaves_nothing(library, monkeypatch):
    result = make()

    def fail(self, path):
        Path(path).write_bytes(b"half")
        raise OSError("expected space, got a full disk")

    monkeypatch.setattr(type(result), "save", fail)
    with pytest.raises(OSError, match="full disk"):
        library.add(result)
    assert library.count() == 0 and not list(library.files.iterdir()) and not list(library.partial.iterdir())


def test_recovery_of_every_half_state(library):
    kept, lost, orphan = (library.add(make(seed=seed)) for seed in range(3))
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for owner in (dead.pid, os.getpid()):
        (library.partial / f"{owner}-x").mkdir()
        (library.partial / f"{owner}-x" / "a.mid").write_bytes(b"half")
    lost.path.unlink()
    (lost.path.parent / SIDECAR).unlink()
    lost.path.parent.rmdir()
    library._base.execute("DELETE FROM entries WHERE id = ?", (orphan.id,))
    (library.files / "stray").mkdir()
    (library.files / "stray" / SIDECAR).write_text("{")
    (library.files / "note.txt").write_text("not ours")
    with Library(library.folder) as again:
        assert {entry.id for entry in again.list()} == {kept.id, orphan.id}
        assert again.show(orphan.id) == orphan, "a whole folder without a row is taken in again"
        assert [path.name for path in again.partial.iterdir()] == [f"{os.getpid()}-x"], (
            "a living process keeps its own"
        )


def test_catalogue_that_is_none(tmp_path):
    (tmp_path / "library.sqlite").write_bytes(b"not a database at all" * 100)
    with pytest.raises(ValueError, match="expected a library catalogue"):
        Library(tmp_path)


def test_catalogue_of_a_newer_version(tmp_path):
    Library(tmp_path).close()
    base = sqlite3.connect(tmp_path / "library.sqlite")
    base.execute("PRAGMA user_version = 99")
    base.close()
    with pytest.raises(ValueError, match="got version 99"):
        Library(tmp_path)


def test_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError):
        Library(tmp_path / "file" / "library")


def test_default_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("AFFECT_HOME", str(tmp_path / "home"))
    assert default_folder() == tmp_path / "home"
    monkeypatch.delenv("AFFECT_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    if sys.platform.startswith("linux"):
        assert default_folder() == tmp_path / "affect-studio"


def test_several_threads_and_a_second_opening(library):
    result = make()
    threads = [threading.Thread(target=library.add, args=(result,)) for _ in range(4)]
    with Library(library.folder) as other:
        for thread in threads:
            thread.start()
        other.add(result)
        for thread in threads:
            thread.join()
        assert other.count() == library.count() == 5


def test_many_first_openings_at_once(tmp_path):
    failures = []

    def open_it():
        try:
            Library(tmp_path / "new").close()
        except (OSError, ValueError) as error:
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


WRITER = """
import sys
sys.path.insert(0, sys.argv[1])
from generators import registry
registry.BACKENDS["tiny"] = "tiny_backend:TinyBackend"
from studio import Library, generate
results = [generate("tiny", seed=seed, num_inference_steps=400 + seed, device="cpu") for seed in range(3)]
library = Library(sys.argv[2])
sys.stdout.write("ready\\n"); sys.stdout.flush()
while True:
    for result in results:
        sys.stdout.write("+" + library.add(result).id + "\\n"); sys.stdout.flush()
        if library.count() % 5 == 0:
            newest = library.list()[0].id
            sys.stdout.write("-" + newest + "\\n"); sys.stdout.flush()
            library.delete(newest)
"""


def test_survives_kill_9_at_any_moment(tmp_path):
    """A writer is killed again and again at random moments: nothing is half-written, nothing told is lost."""
    draw = random.Random(0)
    folder = tmp_path / "library"
    added, deleted = set(), set()
    for _ in range(5):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(TESTS), str(folder)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout.readline() == "ready\n"
        time.sleep(draw.uniform(0.02, 0.25))
        os.kill(writer.pid, signal.SIGKILL)
        told = writer.stdout.read().split()
        writer.wait()
        added |= {word[1:] for word in told if word[0] == "+"}
        deleted |= {word[1:] for word in told if word[0] == "-"}
        assert added - deleted <= {entry.id for entry in check_whole(folder)}
    assert added

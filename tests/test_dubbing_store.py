"""The store of parts: what names a part, what makes it anew, and what a crash may leave."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from checkpoints import sha256_of
from generators import registry
from studio import Studio
from studio.dubbing import store_key
from studio.dubbing.store import Store
from studio.dubbing.store_files import machine_name

LINE = {"text": "Good evening.", "voice": "kathleen", "duration_s": 1.5}


@pytest.fixture
def studio(monkeypatch, tmp_path):
    monkeypatch.setitem(registry.BACKENDS, "speech", "standin_lines:HummingBackend")
    monkeypatch.setenv("HUMMED", str(tmp_path / "hummed"))
    with Studio("cpu") as opened:
        yield opened


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def hummed(tmp_path):
    path = tmp_path / "hummed"
    return path.read_text().splitlines() if path.exists() else []


def test_a_part_is_made_once_and_named_by_its_content(studio, store, tmp_path):
    made = store.part(studio, "speech", LINE)
    again = store.part(studio, "speech", dict(reversed(LINE.items())))
    assert (made.kept, again.kept) == (False, True)
    assert made.path == again.path == Path(store.made(studio, "speech", LINE))
    assert made.path.stem == made.sha256 == sha256_of(made.path)
    assert (made.duration_s, made.onset_s, made.end_s) == (1.5, 0.064, 1.3)
    assert "timings" in json.loads(made.path.with_suffix(".json").read_text())
    assert hummed(tmp_path) == ["Good evening."]


def test_every_argument_belongs_to_the_key_and_defaults_to_it_too(studio, store, tmp_path):
    clip = tmp_path / "clip.wav"
    import numpy as np
    import soundfile

    soundfile.write(clip, np.zeros(800), 16000)
    asked = [LINE, {**LINE, "text": "Good night."}, {**LINE, "duration_s": 1.6}, {**LINE, "seed": 1},
             {**LINE, "emotion": "sad"}, {**LINE, "emotion": "sad", "intensity": 0.5}, {**LINE, "f0_shift": 1},
             {**LINE, "voice": str(clip)}]  # fmt: skip
    keys = [store.key(studio, "speech", one) for one in asked]
    assert len(set(keys)) == len(keys)
    assert store.key(studio, "speech", {**LINE, "seed": 0, "emotion": "neutral"}) == keys[0]
    assert store.key(studio, "speech", LINE, ".flac") != keys[0]
    other = shutil.copy(clip, tmp_path / "copy.wav")
    assert store.key(studio, "speech", {**LINE, "voice": str(other)}) == keys[-1]
    soundfile.write(clip, np.ones(900), 16000)
    assert store.key(studio, "speech", {**LINE, "voice": str(clip)}) != keys[-1]


def test_other_weights_make_it_anew(studio, store, monkeypatch):
    key = store.key(studio, "speech", LINE)
    store.part(studio, "speech", LINE)
    assert store.get(key)
    changed = {**store_key.fingerprints(), "speech-nc": "another", "emotion-space": "another"}
    monkeypatch.setattr(store_key, "fingerprints", lambda: changed)
    assert store.key(studio, "speech", LINE) != key
    monkeypatch.setattr("studio.dubbing.store.fingerprints", lambda: changed)
    assert store.get(key) is None


@pytest.mark.parametrize("harm", ["cut", "gone", "timings gone", "record cut", "record nonsense"])
def test_what_is_damaged_is_made_again(studio, store, tmp_path, harm):
    key = store.key(studio, "speech", LINE)
    path = store.part(studio, "speech", LINE).path
    before, record = path.read_bytes(), store.place("records", key)
    if harm == "cut":
        path.write_bytes(before[:-10])
    elif harm == "record cut":
        record.write_text(record.read_text()[:-10])
    elif harm == "record nonsense":
        record.write_text('["nonsense"]')
    else:
        (path if harm == "gone" else path.with_suffix(".json")).unlink()
    assert store.get(key) is None
    assert store.part(studio, "speech", LINE).path.read_bytes() == before
    assert len(hummed(tmp_path)) == 2


def test_a_full_disk_leaves_nothing_behind(studio, store, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("studio.dubbing.store.os.replace", full)
    with pytest.raises(OSError, match="No space"):
        store.part(studio, "speech", LINE)
    monkeypatch.undo()
    assert [path for path in store.folder.rglob("*") if path.is_file()] == []


def test_strays_of_the_dead_are_cleaned_and_of_the_living_left(tmp_path):
    store = Store(tmp_path)
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True
    )
    mine = machine_name()
    names = [f"{mine}-{int(dead.stdout)}-ab.wav", f".{mine}-{int(dead.stdout)}-ab.12.partial.wav"]
    living = [f"{mine}-{os.getpid()}-ab.wav", f"elsewhere-{int(dead.stdout)}-ab.wav"]
    for name in (*names, *living):
        (store.folder / "partial" / name).touch()
    Store(tmp_path)
    assert sorted(path.name for path in (store.folder / "partial").iterdir()) == sorted(living)


def test_several_threads_may_make_the_same_part(studio, store):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(store.part(studio, "speech", LINE))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len({part.path for part in found}) == 1
    assert store.get(store.key(studio, "speech", LINE))
    assert not list((store.folder / "partial").iterdir())

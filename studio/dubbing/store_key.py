"""What names a part: a hash of everything that decides what a request makes."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import checkpoints
from checkpoints import sha256_of
from generators import base, registry

from ..batch_request import with_references
from ..recipe import readers_of

if TYPE_CHECKING:
    from ..session import Studio

MOST_KNOWN = 2**16
KNOWN: dict[
    str, str
] = {}  # requests without files -> their keys, so that a long script is named quickly again
VERSION = 1  # of the form in which parts are kept; another one makes everything anew


def key_of(studio: Studio, modality: str, arguments: Mapping[str, Any], suffix: str) -> str:
    """Gives the hash of a request: medium, every argument with its default, the content of every file that it
    names, the weights that it names, and the form that is kept.

    Weights that a medium takes beside those are not known before it has run; the record of a part names them.

    Raises:
        ValueError, FileNotFoundError: what `generate` would refuse before it starts.
    """
    if may_change(modality, arguments):
        return fresh_key(studio, modality, arguments, suffix)
    asked = json.dumps([modality, arguments, suffix, fingerprints()], sort_keys=True)
    key = KNOWN.get(asked)
    if key is None:
        if len(KNOWN) >= MOST_KNOWN:
            KNOWN.clear()
        key = KNOWN[asked] = fresh_key(studio, modality, arguments, suffix)
    return key


def may_change(modality: str, arguments: Mapping[str, Any]) -> bool:
    """Says whether the same arguments may stand for something else the next time: files, and a seed that is drawn."""
    backend = registry.backend_class(modality)
    files = {**base.files_of(backend.Prompt), **base.files_of(backend.Options)}
    given = base.files_in_place(backend.Prompt, arguments)
    if any(given.get(name) for name in files) or given.get("seed", 0) is None:
        return True
    emotion = given.get("emotion", {})
    return not isinstance(emotion, Mapping) or with_references(emotion, lambda name: "") != emotion


def fresh_key(studio: Studio, modality: str, arguments: Mapping[str, Any], suffix: str) -> str:
    """Gives the key of a request, all of it read and checked; see `key_of`."""
    prompt, options, curve = studio.check(modality, **arguments)
    known = fingerprints()
    readers = [name for _, emotion in curve.keyframes for name in readers_of(emotion)]
    weights = ["emotion-space", *readers, getattr(options, "checkpoint", None)]
    named = {
        "version": VERSION,
        "modality": modality,
        "suffix": suffix,
        "prompt": with_contents(prompt),
        "options": with_contents(options),
        "emotion": curve.to_json(),
        "weights": {name: known[name] for name in weights if name in known},
    }
    return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()


def with_contents(fields: Any) -> dict[str, Any]:
    """Gives a Prompt or Options with the content of every file in place of its name."""
    values = dataclasses.asdict(fields)
    for name in base.files_of(type(fields)):
        if values[name]:
            path = Path(values[name])
            # Timings beside a sound move lips and hands, so they belong to it.
            beside = path.with_suffix(".json")
            values[name] = [content_of(one) for one in (path, beside) if one.is_file()]
    return values


def content_of(path: Path) -> str:
    """Gives the hash of a file; read again only when it has changed."""
    found = path.stat()
    return hash_of(str(path.resolve()), found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=4096)
def hash_of(path: str, size: int, changed: int) -> str:
    return sha256_of(Path(path))


def fingerprints() -> dict[str, str]:
    """Gives the fingerprint of all weights that are shipped."""
    return fingerprints_at((checkpoints.ROOT / "manifest.json").stat().st_mtime_ns)


@lru_cache(maxsize=1)
def fingerprints_at(changed: int) -> dict[str, str]:
    return {name: entry.fingerprint for name, entry in checkpoints.manifest().items()}

"""One request of a batch: what its file says of it, checked, with a fingerprint of all that goes into it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from checkpoints import sha256_of
from conditioning.emotion import FILE_SUFFIXES
from conditioning.references import read_shares
from generators import base, registry
from generators.base import shorten

from .emotion_text import read_emotion
from .recipe import is_file

LEDGER = ".affect-batch.jsonl"
OWN_KEYS = ("id", "modality", "out")
REFERENCES = tuple(FILE_SUFFIXES)
WORDS = ("phrase", "text", "source")  # keys of an emotion under which even "a.wav" is words


@dataclass(frozen=True)
class Draft:
    """A request as it stands in its file; what is wrong with it stops no other.

    Attributes:
        id: the caller's own name for it; the number of its line when none was given.
        values: "modality", "out" and arguments of `generate`, as plain JSON values.
        error: why it cannot be read; empty when it can.
    """

    id: str
    values: Mapping[str, Any]
    error: str = ""


@dataclass(frozen=True)
class Defaults:
    """What holds for every row that says nothing else.

    Attributes:
        modality: the medium. emotion: as typed on a command line. intensity: 0..1.5.
    """

    modality: str | None = None
    emotion: str | None = None
    intensity: float | None = None


@dataclass(frozen=True)
class Request:
    """A request that can be run.

    Attributes:
        id: as of its draft.
        modality, arguments: of `generate`.
        out: where the result goes, inside the output folder.
        fingerprint: hash of everything that is asked and of the content of every file that it names; the same
            fingerprint is the same work.
    """

    id: str
    modality: str
    arguments: dict[str, Any]
    out: Path
    fingerprint: str


def read_request(draft: Draft, out_dir: Path) -> Request:
    """Checks a draft as far as the batch itself can.

    Raises:
        ValueError: the draft's own error, no medium, or an output outside of the folder or on an input.
        FileNotFoundError: a file that the request names.
    """
    if draft.error:
        raise ValueError(draft.error)
    found = draft.values
    if not isinstance(found.get("modality"), str):
        raise ValueError(f"expected a modality, got {shorten(found.get('modality'))}")
    if not isinstance(found.get("out"), str):
        raise ValueError(f"expected a file name for out, got {shorten(found.get('out'))}")
    prompt = registry.backend_class(found["modality"]).Prompt
    arguments = {key: value for key, value in found.items() if key not in OWN_KEYS}
    arguments = base.files_in_place(prompt, arguments)
    if isinstance(arguments.get("emotion"), str):
        arguments["emotion"] = read_emotion(arguments["emotion"])
    out = inside(out_dir, found["out"])
    inputs = input_files(found["modality"], arguments)
    if out in [path.resolve() for path in inputs.values()]:
        raise ValueError(f"expected an out that is not the input file, got {shorten(found['out'])}")
    return Request(
        id=draft.id,
        modality=found["modality"],
        arguments=arguments,
        out=out,
        fingerprint=fingerprint(found, arguments.get("emotion"), inputs),
    )


def inside(out_dir: Path, name: str) -> Path:
    """Gives the path of an output name; refuses one that leaves the folder, also through a link."""
    try:
        path = (out_dir / name).resolve()
        ok = (
            not Path(name).is_absolute()
            and path.is_relative_to(out_dir.resolve())
            and path != out_dir.resolve()
        )
    except (ValueError, OSError, RuntimeError):
        ok = False
    if not ok or path.name == LEDGER:
        raise ValueError(f"expected an out inside of the output folder, got {shorten(name)}")
    return path


def file_fields(modality: str) -> dict[str, tuple[str, ...]]:
    """Gives the fields of a medium that name a file, each with its suffixes.

    Raises:
        ValueError: no such medium.
    """
    backend = registry.backend_class(modality)
    return {**base.files_of(backend.Prompt), **base.files_of(backend.Options)}


def required_files(modality: str) -> list[str]:
    """Gives the fields with the files that a medium makes every result from."""
    fields = dataclasses.fields(registry.backend_class(modality).Prompt)
    return [field.name for field in fields if field.metadata.get("file") and field.metadata.get("required")]


def names_file(value: Any, suffixes: tuple[str, ...]) -> bool:
    """Says whether a field's value is a path; anything else in it is a name, or for the field to refuse."""
    return isinstance(value, str) and PurePath(value).suffix.lower() in suffixes


def input_files(modality: str, arguments: Mapping[str, Any]) -> dict[str, Path]:
    """Gives field -> the file that it names.

    Raises:
        FileNotFoundError: no file there.
    """
    fields = file_fields(modality)
    named = {
        name: arguments[name] for name, known in fields.items() if names_file(arguments.get(name), known)
    }
    for name, value in named.items():
        if not is_file(value):
            raise FileNotFoundError(f"expected an existing file for {name}, got {shorten(value, 200)}")
    return {name: Path(value) for name, value in named.items()}


def fingerprint(found: Mapping[str, Any], emotion: Any, inputs: Mapping[str, Path]) -> str:
    """Gives the hash of a request, with the content of every file in place of its name."""
    named = {**found, **{name: sha256_of(path) for name, path in inputs.items()}}
    heard = with_references(emotion, lambda name: sha256_of(Path(name)) if is_file(name) else name)
    if heard != emotion or is_file(str(found.get("emotion", "")).strip()):
        named["emotion"] = heard
    return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()


def with_references(emotion: Any, change: Callable[[str], str]) -> Any:
    """Gives an emotion of plain values in which every name of a reference file is changed.

    Shares in a text ("60% a.wav, 40% sad") become a mapping, which means the same.
    """
    if isinstance(emotion, str):
        text = emotion.strip()
        shares = [] if is_file(text) else read_shares(text)
        if any(names_file(name, REFERENCES) for name, _ in shares):
            return with_names(shares, change)
        return change(text) if names_file(text, REFERENCES) else emotion
    if isinstance(emotion, Mapping):
        return with_names(emotion.items(), change)
    if isinstance(emotion, (list, tuple)):
        return type(emotion)(with_references(value, change) for value in emotion)
    return emotion


def with_names(items: Iterable[tuple[str, Any]], change: Callable[[str], str]) -> dict[str, Any]:
    """Gives a mapping's items with the references changed among keys and values."""
    changed: dict[str, Any] = {}
    for key, value in items:
        name = change(key) if names_file(key, REFERENCES) else key
        new = value if key in WORDS else with_references(value, change)
        # Shares of what turns out to be the same file.
        changed[name] = changed[name] + new if name in changed else new
    return changed

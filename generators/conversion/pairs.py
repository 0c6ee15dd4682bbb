"""Parallel takes: the same line by the same person, felt differently, and the edit that leads from one to the
other; measured once into a compact cache."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

import checkpoints
from generators.voice.corpus import Corpus, Utterance, matches, prepared_corpus
from generators.voice.recording import recording_of
from training.workers import map_in_processes

from .content import NUM_CONTENT, NUM_VOICE, content_of, voice_of
from .edits import CHANNELS, edit_between, moments
from .warping import positions

NEUTRAL = "neutral"
OTHERS = 4  # targets of each take beside the neutral ones
FORMAT = 3


@dataclass(frozen=True)
class Pair:
    """From one take to another; places of its rows in the cache.

    Attributes:
        source, target: take numbers. first, count: rows of the edit.
    """

    source: int
    target: int
    first: int
    count: int


@dataclass(frozen=True)
class Take:
    """One recording of the parallel set. first, count: rows of its content."""

    id: str
    speaker: str
    line: str
    emotion: str
    first: int
    count: int


@dataclass(frozen=True)
class Pairs:
    """The parallel set.

    Attributes:
        content: (rows, F) of all takes, see `content.content_of`. voice: (takes, V).
        edits: (rows, 14) of all pairs, float16.
    """

    takes: tuple[Take, ...]
    pairs: tuple[Pair, ...]
    content: np.ndarray
    voice: np.ndarray
    edits: np.ndarray

    def content_at(self, number: int) -> np.ndarray:
        """Content of a take. (G, F)"""
        take = self.takes[number]
        return self.content[take.first : take.first + take.count].astype(np.float32)

    def edit(self, pair: Pair) -> np.ndarray:
        """(G, 14)"""
        return self.edits[pair.first : pair.first + pair.count].astype(np.float32)


def prepared_pairs(config: dict[str, Any], data_dir: str | Path) -> Pairs:
    """Gives the parallel takes of the config's speakers, from the cache when there is one."""
    path = Path(config["pairs_cache"])
    wanted = {"speakers": config["speakers"], "held_out": config["held_out"], "format": FORMAT}
    if not path.exists() or json.loads(str(np.load(path)["wanted"])) != wanted:
        corpus = prepared_corpus(config, data_dir)
        measured = measure_pairs(corpus, of_config(corpus, config), config.get("num_workers", 1))
        save(measured, path, wanted)
    return load(path)


def of_config(corpus: Corpus, config: dict[str, Any]) -> list[Utterance]:
    """The acted recordings of the config's speakers less those that are held out."""
    return [
        u
        for u in corpus.of_speakers(config["speakers"])
        if u.emotion and not any(matches(u.speaker, name) for name in config["held_out"])
    ]


def measure_pairs(corpus: Corpus, utterances: Sequence[Utterance], num_workers: int = 1) -> Pairs:
    """Measures every line of every speaker."""
    cells: dict[tuple[str, str], list[Utterance]] = {}
    for utterance in utterances:
        cells.setdefault((utterance.speaker, utterance.transcript), []).append(utterance)
    chosen = [cell for cell in cells.values() if len({u.emotion for u in cell}) > 1]
    parts = [[corpus.frames(u) for u in cell] for cell in chosen]
    labels = [[u.emotion for u in cell] for cell in chosen]
    found = map_in_processes(measure_line, parts, labels, num_workers=num_workers, batch_size=2)
    takes: list[Take] = []
    pairs: list[Pair] = []
    content: list[Any] = []
    voice: list[Any] = []
    edits: list[Any] = []
    rows = edit_rows = 0
    for cell, (features, voices, own_pairs) in zip(chosen, found, strict=True):
        base = len(takes)
        for utterance, feature in zip(cell, features, strict=True):
            takes.append(
                Take(
                    utterance.id,
                    utterance.speaker,
                    utterance.transcript,
                    utterance.emotion,
                    rows,
                    len(feature),
                )
            )
            rows += len(feature)
        content += features
        voice += voices
        for source, target, edit in own_pairs:
            pairs.append(Pair(base + source, base + target, edit_rows, len(edit)))
            edit_rows += len(edit)
            edits.append(edit.astype(np.float16))
    return Pairs(
        tuple(takes),
        tuple(pairs),
        np.concatenate([np.zeros((0, NUM_CONTENT), np.float32), *content]).astype(np.float16),
        np.stack(voice) if voice else np.zeros((0, NUM_VOICE), np.float32),
        np.concatenate([np.zeros((0, CHANNELS), np.float16), *edits]),
    )


def measure_line(frames: Sequence[Any], labels: Sequence[str]) -> tuple[list[Any], list[Any], list[Any]]:
    """Measures the takes of one line of one speaker: content, voice, and (source, target, edit) of pairs."""
    import torch

    torch.set_num_threads(1)
    aligner: Any = checkpoints.load("speech-aligner")
    found = [recording_of(aligner, each) for each in frames]
    takes, phones = [take for take, _ in found], [posteriors for _, posteriors in found]
    pairs = []
    for source, target in chosen_pairs(labels):
        at = positions(takes[source], takes[target], (phones[source], phones[target]))
        edit = edit_between(takes[source], takes[target], at)
        assert len(edit) == len(moments(len(takes[source])))
        pairs.append((source, target, edit))
    return [content_of(take) for take in takes], [voice_of(take) for take in takes], pairs


def chosen_pairs(labels: Sequence[str]) -> list[tuple[int, int]]:
    """From and to every neutral take; among the others a few of each take."""
    rng = np.random.default_rng(len(labels))
    calm = [at for at, label in enumerate(labels) if label == NEUTRAL]
    felt = [at for at, label in enumerate(labels) if label != NEUTRAL]
    out = [(a, b) for a in calm for b in range(len(labels)) if a != b]
    out += [(a, b) for a in felt for b in calm]
    for a in felt:
        rest = [b for b in felt if b != a]
        out += [(a, int(b)) for b in rng.permutation(rest)[:OTHERS]]
    return out


def save(pairs: Pairs, path: Path, wanted: dict[str, Any]) -> None:
    """Writes the cache, under its name only when whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with checkpoints.replace_file(path) as partial, open(partial, "wb") as file:
        np.savez(
            file,
            wanted=json.dumps(wanted),
            takes=json.dumps([asdict(take) for take in pairs.takes]),
            pairs=np.array([list(asdict(pair).values()) for pair in pairs.pairs], np.int64).reshape(-1, 4),
            content=pairs.content,
            voice=pairs.voice,
            edits=pairs.edits,
        )


def load(path: str | Path) -> Pairs:
    """Reads the cache."""
    with np.load(path) as data:
        takes = tuple(Take(**row) for row in json.loads(str(data["takes"])))
        pairs = tuple(Pair(*row) for row in data["pairs"].tolist())
        return Pairs(takes, pairs, data["content"], data["voice"], data["edits"])

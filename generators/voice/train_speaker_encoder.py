"""Recipe of the speaker encoder: discriminant analysis over acted and read speech, a few minutes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

import checkpoints

from .corpus import Corpus, Utterance, load_corpus, matches
from .features import Frames
from .phones import class_matrix
from .prints import CHECKPOINT as PRINTS
from .speaker_encoder import PIECE_FRAMES, SpeakerEncoder, discriminant, equal_error

QUANTILE = 0.02


def run(
    config: dict[str, Any], data_dir: str | Path, out_dir: str | Path, *, resume: bool = False
) -> dict[str, float]:
    """Fits the encoder and ships the checkpoint that the config names; gives its figures on people held out.

    Args:
        config: name, licence, non_commercial, data, caches (of prepared corpora), speakers, held_out, each
            (recordings of a speaker, at most), size.
        data_dir, out_dir, resume: not used: the corpora are prepared, and the fit is in closed form.
    """
    aligner: Any = checkpoints.load("speech-aligner")
    model = SpeakerEncoder(config["size"])
    usual = checkpoints.load(PRINTS).usual_colours
    classes = class_matrix()[:, 1:]
    model.usual.copy_(torch.from_numpy(classes.T @ usual / classes.sum(0)[:, None]))
    rows = unique([row for cache in config["caches"] for row in chosen(load_corpus(cache), config)])
    inputs = np.stack([measured(model, aligner, corpus.frames(u)) for corpus, u in rows])
    speakers = np.array([u.speaker for _, u in rows])
    held = np.array([any(matches(name, p) for p in config["held_out"]) for name in speakers])
    mean, project = discriminant(inputs[~held], speakers[~held], config["size"])
    model.mean.copy_(torch.from_numpy(mean))
    model.project.copy_(torch.from_numpy(project.copy()))
    lines = np.array([u.transcript for _, u in rows])
    figures = figures_of(directions(model, inputs[held]), speakers[held], lines[held])
    unheard = [row for row, out in zip(rows, held, strict=True) if out]
    model.least_alike.fill_(usual_unlikeness(model, aligner, unheard))
    checkpoints.ship(model, config, purpose="who speaks in a recording, whatever is felt")
    checkpoints.update_manifest(config["name"], {"figures": figures})
    return figures


def usual_unlikeness(model: SpeakerEncoder, aligner: Any, rows: list[tuple[Corpus, Utterance]]) -> float:
    """How unlike the pieces of one person may be, all feelings mixed: that of the strangest fiftieth."""
    rng, found = np.random.default_rng(0), []
    of_speaker: dict[str, list[Frames]] = {}
    for corpus, u in rows:
        of_speaker.setdefault(u.speaker, []).append(corpus.frames(u))
    for takes in of_speaker.values():
        for _ in range(10):
            some = [takes[at] for at in rng.permutation(len(takes))[:12]]
            found.append(strangest(model, aligner, some, rng))
    return float(np.nanquantile(found, QUANTILE))


def chosen(corpus: Corpus, config: dict[str, Any]) -> list[tuple[Corpus, Utterance]]:
    """At most so many recordings of each speaker, spread over all."""
    found = []
    for pattern in config["speakers"]:
        own = corpus.of_speakers([pattern])
        for name in sorted({u.speaker for u in own}):
            takes = [u for u in own if u.speaker == name]
            found += [(corpus, u) for u in takes[:: max(1, len(takes) // config["each"])][: config["each"]]]
    return found


def unique(rows: list[tuple[Corpus, Utterance]]) -> list[tuple[Corpus, Utterance]]:
    """Leaves out what a second corpus has again."""
    return list({u.id: (corpus, u) for corpus, u in rows}.values())


def measured(model: SpeakerEncoder, aligner: Any, frames: Frames) -> np.ndarray:
    return model.inputs(frames, aligner.posteriors(frames.log_mel))


def directions(model: SpeakerEncoder, inputs: np.ndarray) -> np.ndarray:
    """(N, D) -> (N, size) of length 1."""
    out = (inputs - model.mean.numpy()) @ model.project.numpy()
    return np.asarray(out / np.linalg.norm(out, axis=1, keepdims=True))


def figures_of(found: np.ndarray, speakers: np.ndarray, lines: Sequence[str]) -> dict[str, float]:
    """The equal error rate over pairs of takes of different lines, feelings mixed."""
    one, two = np.triu_indices(len(found), 1)
    other_line = np.asarray(lines)[one] != np.asarray(lines)[two]
    one, two = one[other_line], two[other_line]
    alike = (found[one] * found[two]).sum(1)
    same = speakers[one] == speakers[two]
    return {
        "equal error rate, held-out people, other lines, all feelings": equal_error(alike, same),
        "held-out people": float(len(set(speakers.tolist()))),
        "pairs": float(len(alike)),
    }


def strangest(model: SpeakerEncoder, aligner: Any, takes: list[Frames], rng: np.random.Generator) -> float:
    """How alike the two least alike of five pieces of one voice are, cut from takes in a row."""
    rows, pieces = [], []
    for frames in takes:
        phones = aligner.posteriors(frames.log_mel)
        if len(frames.f0_hz) >= PIECE_FRAMES * 2 // 3:
            pieces.append((frames, phones))
    for at in rng.permutation(len(pieces))[:5]:
        frames, phones = pieces[at]
        rows.append(model.embed(frames.between(0, PIECE_FRAMES), phones[:PIECE_FRAMES]))
    if len(rows) < 5:
        return float("nan")
    found = np.stack(rows)
    return float((found @ found.T).min())

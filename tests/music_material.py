"""A small music backend of the real classes with random weights, and small scores to give it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import symusic
from material import Material, entry

from conditioning import EmotionCurve
from generators.base import build
from generators.media import Score
from generators.music.backend import MusicBackend
from generators.music.model import MusicDenoiser

NAME = "music-base"
QUICK = {"num_inference_steps": 2, "checkpoint": NAME}


def small_model(seed: int = 0) -> MusicDenoiser:
    """A denoiser in which every door is open: what starts at zero is random too."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = MusicDenoiser(hidden_size=32, depth=2, num_heads=4)
        for parameter in model.parameters():
            if not parameter.any():
                torch.nn.init.normal_(parameter, std=0.3)
    model.attribute_mean.copy_(torch.tensor([1.5, 3.0, 2.5, 62.0, 70.0]))
    model.attribute_std.copy_(torch.tensor([0.5, 1.0, 0.8, 5.0, 10.0]))
    model.attribute_of_emotion[:, 1:3] = 0.5
    model.eval().requires_grad_(False)
    model.checkpoint = entry(NAME, model)
    return model


def small_backend(seed: int = 0) -> MusicBackend:
    backend = MusicBackend()
    backend.weights.models[NAME] = small_model(seed)
    return backend


def make(backend: MusicBackend, *, emotion: object = "joy", on_step=None, prompt: dict, **options) -> Score:
    """Generates from plain values, as `studio` does."""
    return backend.generate(
        build(backend.Prompt, prompt),
        EmotionCurve.parse(emotion),
        build(backend.Options, {**QUICK, **options}),
        on_step=on_step,
    )


def notes_of(score: symusic.Score, *, part: bool = True) -> list[tuple]:
    """Sorted (onset and duration in quarter notes, pitch, velocity[, track]) of every note."""
    tpq = score.ticks_per_quarter
    return sorted(
        (n.time / tpq, n.duration / tpq, n.pitch, n.velocity, *([index] if part else []))
        for index, track in enumerate(score.tracks)
        for n in track.notes
    )


def write_score(
    path: Path,
    rows: list[tuple],
    *,
    tempi: list[tuple[float, float]] = [(0.0, 100.0)],  # noqa: B006
    signature: tuple[int, int] = (4, 4),
    tpq: int = 480,
) -> Path:
    """Writes (onset, duration in quarter notes, pitch, velocity, track) rows as a MIDI file."""
    score = symusic.Score(tpq)
    score.tempos = [symusic.Tempo(round(at * tpq), qpm=bpm) for at, bpm in tempi]
    score.time_signatures.append(symusic.TimeSignature(0, *signature))
    for track in range(1 + max(row[4] for row in rows)):
        score.tracks.append(symusic.Track(("melody", "left")[track]))
    for onset, duration, pitch, velocity, track in rows:
        note = symusic.Note(round(onset * tpq), max(1, round(duration * tpq)), pitch, velocity)
        score.tracks[track].notes.append(note)
    path.write_bytes(score.dumps_midi())
    return path


def song(bars: int, beats: int = 4, seed: int = 0) -> list[tuple]:
    """A tune in C over chords, on the grid, every velocity its own."""
    rng = np.random.default_rng(seed)
    rows: list[tuple] = []
    for bar in range(bars):
        root = (48, 53, 55, 48)[bar % 4]
        rows += [(bar * beats, beats - 0.5, root + step, 50 + step, 1) for step in (0, 4, 7)]
        for beat in range(beats):
            pitch = int(rng.choice([60, 62, 64, 65, 67, 69, 71, 72]))
            rows.append((bar * beats + beat, 0.5, pitch, int(rng.integers(40, 110)), 0))
            rows.append((bar * beats + beat + 0.5, 0.25, pitch + 2, int(rng.integers(40, 110)), 0))
    return rows


def performance(bars: int, bpm: float, jitter_s: float, seed: int = 0) -> list[tuple[float, float, int, int]]:
    """(onset_s, duration_s, pitch, velocity) of the song, played with jitter at a tempo that breathes."""
    rng = np.random.default_rng(seed)
    grid = np.arange(0, bars * 4 + 2, 1.0)
    swing = 1 + 0.04 * np.sin(grid / 7)
    seconds = np.concatenate([[0.0], np.cumsum(60 / bpm * swing)])
    index = np.arange(len(seconds))
    rows = []
    for onset, duration, pitch, velocity, _ in song(bars, seed=seed):
        start = np.interp(onset, index, seconds) + 0.3 + rng.normal(0, jitter_s)
        rows.append((float(start), float(duration * 60 / bpm), pitch, velocity))
    return sorted(rows)


MATERIAL = Material(
    build=small_backend,
    prompt={"bars": 4},
    options={**QUICK, "mode": "major"},
    long_prompt={"bars": 61},
    dump=lambda media: bytes(media.midi.dumps_midi()),
    networks=lambda backend: [backend.weights.models[NAME]],
    weights={NAME: "0" * 64},
    batch=lambda inputs: len(inputs["bar"]),
    window=16,
    seen=lambda inputs: max(int(inputs["bar"].max()) + 1, inputs["emotion"].shape[1]),
    close=lambda one, two: abs(one.num_notes - two.num_notes) <= 0.2 * one.num_notes,
    steady={"temperature": 0.0},
)

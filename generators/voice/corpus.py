"""The prepared corpus: every recording's sound and frames in a few flat arrays, read from disk once."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from checkpoints import write_json
from training.data.speech import NEUTRAL, Recording, read_recordings
from training.workers import map_in_processes

from .features import (
    HOP_LENGTH,
    N_MELS,
    NEUTRAL_LEVEL_DB,
    SAMPLE_RATE,
    Frames,
    active_level_db,
    analyse,
    trim_silence,
)

ARRAYS = ("audio", "log_mel", "f0_hz", "periodicity")
BATCH = 64
SHORTEST = SAMPLE_RATE // 10  # samples; shorter recordings are left out


@dataclass(frozen=True)
class Utterance:
    """One prepared recording; T frames, T * 256 samples."""

    id: str
    speaker: str
    language: str
    emotion: str
    intensity: float
    transcript: str
    held_out: bool
    first_frame: int
    num_frames: int


@dataclass(frozen=True)
class Corpus:
    """Prepared recordings.

    Attributes:
        audio: (all frames * 256,) int16 at 24 kHz. log_mel: (all frames, 100) float16. f0_hz, periodicity:
            (all frames,) float16 and float32.
    """

    utterances: tuple[Utterance, ...]
    audio: np.ndarray
    log_mel: np.ndarray
    f0_hz: np.ndarray
    periodicity: np.ndarray

    def frames(self, utterance: Utterance) -> Frames:
        """Gives an utterance's frames in float32."""
        at = slice(utterance.first_frame, utterance.first_frame + utterance.num_frames)
        return Frames(
            self.log_mel[at].astype(np.float32),
            self.f0_hz[at].astype(np.float32),
            self.periodicity[at].astype(np.float32),
        )

    def samples(self, utterance: Utterance) -> np.ndarray:
        """Gives an utterance's sound, (T * 256,) float32."""
        first = utterance.first_frame * HOP_LENGTH
        part = self.audio[first : first + utterance.num_frames * HOP_LENGTH]
        return part.astype(np.float32) / 32768

    def of_speakers(self, speakers: Sequence[str]) -> list[Utterance]:
        """Gives the utterances of these speakers; a name that ends with "*" takes all that begin so."""
        return [u for u in self.utterances if any(matches(u.speaker, name) for name in speakers)]


def matches(speaker: str, pattern: str) -> bool:
    return speaker.startswith(pattern[:-1]) if pattern.endswith("*") else speaker == pattern


def load_corpus(folder: str | Path) -> Corpus:
    """Opens a prepared corpus; arrays are mapped, not read."""
    folder = Path(folder)
    rows = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in ARRAYS}
    return Corpus(tuple(Utterance(**row) for row in rows), **arrays)


def prepare_corpus(folders: Sequence[str | Path], out_dir: str | Path, num_workers: int = 1) -> Corpus:
    """Reads data sets into `out_dir`, which gets its index last, when all else is whole."""
    out_dir = Path(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    recordings = [recording for folder in folders for recording in read_recordings(folder)]
    gains = speaker_gains(recordings)
    parts: dict[str, list[np.ndarray]] = {name: [] for name in ARRAYS}
    utterances, first = [], 0
    gains_db = [gains.get(recording.speaker) for recording in recordings]
    found = map_in_processes(prepared, recordings, gains_db, num_workers=num_workers, batch_size=BATCH)
    for recording, arrays in zip(recordings, found, strict=True):
        num_frames = len(arrays["f0_hz"])
        if num_frames == 0:
            continue
        for name in ARRAYS:
            parts[name].append(arrays[name])
        utterances.append(
            Utterance(
                recording.id,
                recording.speaker,
                recording.language,
                recording.kind or recording.emotion,
                recording.intensity,
                recording.transcript,
                recording.held_out,
                first,
                num_frames,
            )
        )
        first += num_frames
    for name in ARRAYS:
        np.save(out_dir / f"{name}.npy", np.concatenate(parts[name]))
    write_json(out_dir / "index.json", [dataclasses.asdict(u) for u in utterances])
    return load_corpus(out_dir)


def prepared_corpus(config: dict[str, Any], data_dir: str | Path) -> Corpus:
    """Gives the prepared recordings, from the cache when there is one."""
    cache = Path(config["cache"])
    if not (cache / "index.json").exists():
        folders = [Path(data_dir) / name for name in config["corpora"]]
        prepare_corpus(folders, cache, config.get("num_workers", 1))
    return load_corpus(cache)


def speaker_gains(recordings: Sequence[Recording]) -> dict[str, float]:
    """Gives, for speakers who act, the gain in dB that brings their neutral speech to the common level.

    Speakers who only read are levelled recording by recording (they are not in the answer): between their
    takes only the distance to the microphone changed.
    """
    actors = {r.speaker for r in recordings if r.emotion not in ("", NEUTRAL)}
    gains = {}
    for speaker in actors:
        own = [r for r in recordings if r.speaker == speaker and r.emotion == NEUTRAL]
        levels = [active_level_db(read_audio(r.path)) for r in own[:12]]
        if levels:
            gains[speaker] = NEUTRAL_LEVEL_DB - float(np.median(levels))
    return gains


def prepared(recording: Recording, gain_db: float | None) -> dict[str, np.ndarray]:
    """Gives one recording's arrays; without a gain it is brought to the common level by itself."""
    samples = read_audio(recording.path)
    if len(samples) < SHORTEST:
        return {name: np.zeros((0, N_MELS) if name == "log_mel" else 0, np.float32) for name in ARRAYS}
    samples = trim_silence(samples)
    if gain_db is None:
        gain_db = NEUTRAL_LEVEL_DB - active_level_db(samples)
    samples = samples * 10 ** (gain_db / 20)
    num_frames = len(samples) // HOP_LENGTH
    samples = samples[: num_frames * HOP_LENGTH]
    frames = analyse(samples)
    return {
        # Shouting may be beyond full scale: its frames are whole, its sound is not.
        "audio": np.round(samples.clip(-1, 1) * 32767).astype(np.int16),
        "log_mel": frames.log_mel[:num_frames].astype(np.float16),
        "f0_hz": frames.f0_hz[:num_frames],
        "periodicity": frames.periodicity[:num_frames].astype(np.float16),
    }


def read_audio(path: str | Path) -> np.ndarray:
    """Gives a file's sound in mono at 24 kHz, (S,) float32."""
    import soundfile
    import soxr

    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = samples.mean(1)
    return mono if rate == SAMPLE_RATE else soxr.resample(mono, rate, SAMPLE_RATE)


def speakers_of(utterances: Sequence[Utterance]) -> Iterator[str]:
    """Gives each speaker once, in order of name."""
    yield from sorted({utterance.speaker for utterance in utterances})

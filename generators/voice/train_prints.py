"""Recipe of the voice prints: measured on neutral speech of the bundled voices, in a minute."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import checkpoints

from .corpus import Corpus, prepared_corpus
from .identity import VoicePrint, pooled, print_of
from .prints import VoicePrints


def run(
    config: dict[str, Any], data_dir: str | Path, out_dir: str | Path, *, resume: bool = False
) -> VoicePrints:
    """Measures the voices and ships the checkpoint that the config names.

    Args:
        config: name, licence, non_commercial, data, corpora, cache, voices, recordings.
        data_dir: folder with the unpacked data sets; not read when the cache is there.
        out_dir, resume: not used: nothing is trained.
    """
    corpus = prepared_corpus(config, data_dir)
    aligner: Any = checkpoints.load("speech-aligner")
    table = VoicePrints(tuple(config["voices"]))
    table.fill([print_in(corpus, aligner, name, config["recordings"]) for name in config["voices"]])
    checkpoints.ship(table, config, purpose="how each phone sounds in a voice, and in people in general")
    return table


def print_in(corpus: Corpus, aligner: Any, speaker: str, most: int) -> VoicePrint:
    """Measures up to `most` neutral recordings of a speaker."""
    own = [u for u in corpus.of_speakers([speaker]) if u.emotion in ("", "neutral") and not u.held_out]
    own = own or corpus.of_speakers([speaker])
    found = []
    for utterance in own[:: max(1, len(own) // most)][:most]:
        frames = corpus.frames(utterance)
        found.append(print_of(frames.envelope, aligner.posteriors(frames.log_mel), frames.f0_hz))
    return pooled(found)

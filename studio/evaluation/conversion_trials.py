"""The trials of the conversion backend: recordings converted once and kept, and what is measured on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .conversion_people import Person, heard_as
from .figures import LEVELS, dial_figures, rounded, share
from .speech_audio import Recording, read_sound
from .speech_evaluator import LABELS
from .speech_trials import Lines, Sound, Voice

if TYPE_CHECKING:
    import numpy as np

MOVING = tuple(name for name in LABELS if name != "neutral")
NEAR_S = 0.03


class Takes(Lines):
    """Converts recordings; results are kept as spoken lines are."""

    modality = "conversion"


def run_dial(
    takes: Takes, judge: Any, encoder: Any, sources: Sequence[tuple[Recording, np.ndarray]], seed: int
) -> dict[str, Any]:
    """Turns the dial of every emotion over neutral recordings.

    Args:
        judge: the evaluator of emotion. encoder: of speakers.
        sources: recordings, each with what the evaluator hears in other neutral takes of the speaker.
        seed: of the first.

    Returns:
        For each emotion "levels", "named", "score", "rho", "in_order", and "similarity" to the source at each
        level; under "source" what is said of the recordings themselves.
    """
    import numpy as np

    from .speech_similarity import similarity

    reference = np.stack([ref for _, ref in sources])
    originals = [read_sound(row.path) for row, _ in sources]
    voices = np.stack([encoder.embed(*clip) for clip in originals])

    def judged(clips: Sequence[Sound]) -> dict[str, Any]:
        heard = np.stack([judge.features(*clip) for clip in clips])
        own = np.stack([encoder.embed(*clip) for clip in clips])
        return {
            "scores": judge.scores(heard, reference),
            "strength": judge.strength(heard, reference),
            "similarity": rounded(similarity(own, voices).mean()),
        }

    def converted(emotion: str, level: float) -> list[Sound]:
        return [
            takes.make(audio=str(row.path), emotion=emotion, intensity=level, seed=seed + at)
            for at, (row, _) in enumerate(sources)
        ]

    calm = LABELS.index("neutral")
    still, before = judged(converted("neutral", 0.0)), judged(originals)
    answer: dict[str, Any] = {
        "source": {
            "named": share(before["scores"].argmax(1) == calm),
            "score": {name: rounded(before["strength"][:, at].mean()) for at, name in enumerate(LABELS)},
        },
        "neutral": {
            "named": share(still["scores"].argmax(1) == calm),
            "similarity": still["similarity"],
        },
    }
    for emotion in MOVING:
        number = LABELS.index(emotion)
        steps = [still, *(judged(converted(emotion, level)) for level in LEVELS[1:])]
        odds = np.array([step["strength"][:, number] for step in steps])
        answer[emotion] = {
            "levels": list(LEVELS),
            "named": [share(step["scores"].argmax(1) == number) for step in steps],
            **dial_figures(LEVELS, odds),
            "similarity": [step["similarity"] for step in steps],
            "heard_as": heard_as(steps[-1]["scores"]),
        }
    return answer


def reader_sources(voice: Voice, judge: Any, count: int) -> list[tuple[Recording, np.ndarray]]:
    """A reader's held-out recordings, with what the evaluator hears in others."""
    reference = judge.reference([read_sound(row.path) for row in voice.references])
    return [(row, reference) for row in voice.held_out[:count]]


def sources_of(people: Sequence[Person]) -> list[tuple[Recording, np.ndarray]]:
    """Every take to convert, with its reference."""
    return [pair for p in people for pair in zip(p.sources, p.references, strict=True)]


def run_words(takes: Takes, voice: Voice, count: int, seed: int) -> dict[str, Any]:
    """Word error of a reader's held-out recordings and of what they become at each level."""
    from .speech_words import WordRecogniser

    rows = voice.held_out[:count]
    texts = [row.text for row in rows]
    words = WordRecogniser(voice.others, [row.text for row in voice.held_out])

    def error(clips: Sequence[Sound]) -> float:
        return float(words.word_error(clips, texts)["word_error"])

    answer: dict[str, Any] = {"source": error([read_sound(row.path) for row in rows]), "lines": count}
    for emotion in MOVING:
        answer[emotion] = [
            error(
                [
                    takes.make(audio=str(row.path), emotion=emotion, intensity=level, seed=seed + at)
                    for at, row in enumerate(rows)
                ]
            )
            for level in LEVELS[1:]
        ]
    return answer


def run_timing(takes: Takes, voice: Voice, count: int, seed: int) -> dict[str, Any]:
    """How far phone boundaries move where the timing is kept, by the aligner of training on both sounds."""
    import numpy as np

    import checkpoints
    from generators.speech.text import read_text
    from generators.speech.tokens import tokens_of
    from generators.speech.train_aligner import join

    aligner: Any = checkpoints.load("speech-aligner")
    moved, still, lengths = [], [], []
    for at, row in enumerate(voice.held_out[:count]):
        symbols = join([tokens_of(s) for s in read_text(row.text, row.language)]).symbol
        before = boundaries(aligner, read_sound(row.path), symbols)
        asked = {"audio": str(row.path), "seed": seed + at, "keep_timing": True}
        made = takes.make(**asked, emotion=MOVING[at % len(MOVING)], intensity=1.0)
        calm = takes.make(**asked, emotion="neutral", intensity=0.0)
        still.append(np.abs(boundaries(aligner, calm, symbols) - before))
        moved.append(np.abs(boundaries(aligner, made, symbols) - before))
        source, rate = read_sound(row.path)
        lengths.append(abs(len(made[0]) / made[1] - len(source) / rate))
    far = np.concatenate(moved)
    return {
        "boundaries": len(far),
        "within_30_ms": share(far <= NEAR_S),
        "within_30_ms_at_intensity_0": share(np.concatenate(still) <= NEAR_S),
        "median_ms": rounded(1000 * np.median(far)),
        "p95_ms": rounded(1000 * np.quantile(far, 0.95)),
        "length_error_ms": rounded(1000 * max(lengths)),
    }


def boundaries(aligner: Any, clip: Sound, symbols: np.ndarray) -> np.ndarray:
    """Seconds at which each phone but the last ends. (N - 1,)"""
    import torch

    from generators.voice.features import FRAME_RATE, SAMPLE_RATE, log_mel

    from .speech_audio import at_rate

    samples = at_rate(*clip, SAMPLE_RATE)
    mel = log_mel(torch.from_numpy(samples)[None])[0].numpy().T
    return aligner.align(mel, symbols).cumsum()[:-1] / FRAME_RATE

"""The trials of the speech backend: lines asked for, made once and kept, and what is measured on them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .figures import LEVELS, dial_figures, rounded, share
from .maker import Maker
from .speech_audio import Recording, is_held_out, read_corpus, read_sound
from .speech_evaluator import LABELS

if TYPE_CHECKING:
    import numpy as np

RATIOS = (0.6, 0.8, 1.0, 1.25, 1.6)
CORPORA = {"kathleen": "kathleen-arctic-en", "kerstin": "kerstin-de"}
NUM_REFERENCES = 40
FEWEST_WORDS, MOST_WORDS = 4, 14
Sound = tuple["np.ndarray", int]


@dataclass(frozen=True)
class Voice:
    """A voice with the recordings that it is measured against.

    Attributes:
        name: of the voice and of the speaker.
        held_out: recordings of lines that no training heard, one of each.
        references: other recordings, neutral.
        others: every text of the speaker, for the recogniser's language model.
    """

    name: str
    held_out: list[Recording]
    references: list[Recording]
    others: list[str]


def voice_of_data(data_dir: str | Path, name: str) -> Voice:
    """Reads the recordings of a voice.

    Raises:
        ValueError: no data set has it.
        FileNotFoundError: its data set is not there.
    """
    corpus = CORPORA.get(name, "emodb-de" if name.startswith("emodb_") else "")
    if not corpus:
        raise ValueError(f"expected a voice out of {', '.join(CORPORA)}, emodb_NN, got {name!r}")
    rows = [row for row in read_corpus(data_dir, corpus) if row.speaker == name and not row.cropped]
    neutral = [row for row in rows if row.emotion == "neutral"]
    if not neutral:
        raise ValueError(f"expected a voice with neutral recordings in {corpus}, got {name!r}")
    lines = {row.prompt or row.text: row for row in neutral if is_held_out(row) or corpus == "emodb-de"}
    held_out = [row for row in lines.values() if FEWEST_WORDS <= len(row.text.split()) <= MOST_WORDS]
    held_out.sort(key=lambda row: hashlib.sha256(row.path.name.encode()).digest())
    rest = [row for row in neutral if not is_held_out(row)] or neutral
    step = max(1, len(rest) // NUM_REFERENCES)
    return Voice(name, held_out, rest[::step][:NUM_REFERENCES], [row.text for row in rows])


class Lines(Maker):
    """Makes spoken lines, in `.media` with `samples` (C, S) and `sample_rate`; they are kept as .flac."""

    modality = "speech"
    suffix = ".flac"

    def measured(self, media: Any) -> Sound:
        """Gives the samples (S,) and the rate."""
        return media.samples.mean(axis=0), int(media.sample_rate)

    def read(self, path: Path) -> Sound:
        return read_sound(path)

    def write(self, path: Path, found: Sound) -> None:
        write_sound(path, *found)


def write_sound(path: Path, samples: np.ndarray, sample_rate: int) -> None:
    """Writes a 16-bit FLAC, under its name only when whole."""
    import soundfile

    from checkpoints import replace_file

    path.parent.mkdir(parents=True, exist_ok=True)
    with replace_file(path) as partial:
        soundfile.write(partial, samples.clip(-1, 1), sample_rate, format="FLAC", subtype="PCM_16")


@dataclass
class Judges:
    """The frozen evaluators, set up for one voice.

    Attributes:
        emotion: the evaluator of emotion.
        reference: (F,) of the voice's real neutral recordings.
        speaker: the speaker encoder.
        voice: (256,) of the same recordings.
        words: the recogniser; None for a language that has none.
    """

    emotion: Any
    reference: np.ndarray
    speaker: Any
    voice: np.ndarray
    words: Any

    @classmethod
    def of(cls, voice: Voice) -> Judges:
        """Sets them up from real recordings of a voice."""
        from .speech_evaluator import load_speech_evaluator
        from .speech_similarity import load_speaker_encoder, voice_of
        from .speech_words import WordRecogniser

        emotion, speaker = load_speech_evaluator(), load_speaker_encoder()
        clips = [read_sound(row.path) for row in voice.references]
        english = all(row.language == "en-US" for row in voice.held_out)
        return cls(
            emotion,
            emotion.reference(clips),
            speaker,
            voice_of([speaker.embed(*clip) for clip in clips]),
            WordRecogniser(voice.others, [row.text for row in voice.held_out]) if english else None,
        )

    def features(self, clips: Sequence[Sound]) -> np.ndarray:
        """(N, F)."""
        import numpy as np

        return np.stack([self.emotion.features(*clip) for clip in clips])

    def embeddings(self, clips: Sequence[Sound]) -> np.ndarray:
        """(N, 256)."""
        import numpy as np

        return np.stack([self.speaker.embed(*clip) for clip in clips])


def run_real(judges: Judges, held_out: Sequence[Recording]) -> dict[str, Any]:
    """What the evaluators say of the real recordings of the same lines."""
    from .speech_similarity import similarity

    clips = [read_sound(row.path) for row in held_out]
    named = judges.emotion.scores(judges.features(clips), judges.reference).argmax(1)
    answer: dict[str, Any] = {
        "named_neutral": share(named == LABELS.index("neutral")),
        "similarity_to_voice": rounded(similarity(judges.embeddings(clips), judges.voice).mean()),
        "seconds": rounded(sum(len(samples) / rate for samples, rate in clips)),
    }
    if judges.words is not None:
        answer |= judges.words.word_error(clips, [row.text for row in held_out])
    return answer


def run_dial(
    lines: Lines, judges: Judges, voice: str, texts: Sequence[str], seed: int, word_clips: int
) -> dict[str, Any]:
    """Turns the dial of every emotion over the same lines with the same seeds.

    At intensity 0 every emotion is neutral by contract, so that step is made once for all of them.

    Args:
        lines: makes or reads the clips.
        judges: of the voice.
        voice: its name.
        texts: lines to say.
        seed: of the first line.
        word_clips: how many of the lines are written down at each step, the costliest of the measures.

    Returns:
        For each emotion: "named" (share at each level), "score" (mean strength at each level), "rho" of the
        means, "in_order" (share of adjacent steps of single lines that rise), "similarity" to intensity 0 and
        "similarity_to_voice" at each level, "word_error" at each level.
    """
    import numpy as np

    from .speech_similarity import similarity

    def clips_of(emotion: str, level: float) -> list[Sound]:
        return [
            lines.make(text=text, voice=voice, emotion=emotion, intensity=level, seed=seed + at)
            for at, text in enumerate(texts)
        ]

    def judged(clips: list[Sound]) -> dict[str, Any]:
        heard = judges.features(clips)
        found: dict[str, Any] = {
            "scores": judges.emotion.scores(heard, judges.reference),
            "strength": judges.emotion.strength(heard, judges.reference),
            "embeddings": judges.embeddings(clips),
        }
        if judges.words is not None:
            said = list(texts[:word_clips])
            found["word_error"] = judges.words.word_error(clips[:word_clips], said)["word_error"]
        return found

    still = judged(clips_of("neutral", 0.0))
    answer: dict[str, Any] = {"levels": list(LEVELS), "lines": len(texts), "word_clips": word_clips}
    for number, emotion in enumerate(LABELS):
        levels = (0.0, 1.0) if emotion == "neutral" else LEVELS
        steps = [still, *(judged(clips_of(emotion, level)) for level in levels[1:])]
        odds = np.array([step["strength"][:, number] for step in steps])  # (levels, lines)
        answer[emotion] = {
            "levels": list(levels),
            "named": [share(step["scores"].argmax(1) == number) for step in steps],
            **dial_figures(levels, odds),
            "similarity": [
                rounded(similarity(step["embeddings"], still["embeddings"]).mean()) for step in steps
            ],
            "similarity_to_voice": [
                rounded(similarity(step["embeddings"], judges.voice).mean()) for step in steps
            ],
        }
        if judges.words is not None:
            answer[emotion]["word_error"] = [step["word_error"] for step in steps]
    return answer


def run_duration(lines: Lines, voice: str, texts: Sequence[str], seed: int) -> dict[str, Any]:
    """Asks for lengths in seconds, from 0.6 to 1.6 times what the line takes of its own accord."""
    import numpy as np

    errors = np.zeros((len(RATIOS), len(texts)))
    for at, text in enumerate(texts):
        request = {"text": text, "voice": voice, "emotion": "neutral", "intensity": 0.0, "seed": seed + at}
        samples, rate = lines.make(**request)
        for number, ratio in enumerate(RATIOS):
            asked_s = round(ratio * len(samples) / rate, 3)
            made, made_rate = lines.make(**request, duration_s=asked_s)
            errors[number, at] = abs(len(made) / made_rate - asked_s)
    return {
        "ratios": list(RATIOS),
        "mean_error_ms": [rounded(1000 * row.mean()) for row in errors],
        "most_ms": rounded(1000 * errors.max()),
        "within_20_ms": share((errors <= 0.02).ravel()),
        "lines": len(texts),
    }


def probe(codes: np.ndarray, labels: Sequence[str], folds: int = 5, penalty: float = 1.0) -> dict[str, float]:
    """How well a linear reader tells labels from codes: what leaks.

    Ridge regression onto one-hot labels of standardised codes, cross-validated over shuffled rows.

    Args:
        codes: (N, D).
        labels: N names.
        folds: of rows.
        penalty: of the ridge, times the number of rows.

    Returns:
        {"accuracy", "chance" (share of the commonest label)}.

    Raises:
        ValueError: fewer rows than folds, or a single label.
    """
    import numpy as np

    names, target = np.unique(np.asarray(labels), return_inverse=True)
    codes = np.asarray(codes, dtype=np.float64)
    if len(codes) != len(target) or len(codes) < folds or len(names) < 2:
        raise ValueError(
            f"expected {folds} or more codes of two or more labels, got {codes.shape} and {len(names)}"
        )
    order = np.random.default_rng(0).permutation(len(codes))
    right = np.zeros(len(codes), dtype=bool)
    for fold in range(folds):
        test = order[fold::folds]
        rest = np.setdiff1d(order, test)
        mean, std = codes[rest].mean(0), codes[rest].std(0) + 1e-6
        x, z = (codes[rest] - mean) / std, (codes[test] - mean) / std
        wanted = np.eye(len(names))[target[rest]]
        usual = wanted.mean(0)
        weights = np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), x.T @ (wanted - usual))
        right[test] = (z @ weights + usual).argmax(1) == target[test]
    return {"accuracy": share(right), "chance": rounded(np.bincount(target).max() / len(target))}

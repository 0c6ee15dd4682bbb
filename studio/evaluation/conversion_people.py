"""The people that conversion is measured on, held out of its training and of the evaluator that judges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .speech_audio import Recording, read_sound
from .speech_evaluator import LABELS, reference_of

if TYPE_CHECKING:
    import numpy as np

# As in training/configs/conversion-*.yaml; two men and two women act in English, one of each in German.
HELD_OUT = ("actor_04", "actor_09", "actor_14", "actor_19", "emodb_10", "emodb_16")
SOURCES = 4  # neutral takes of each person that are converted


@dataclass(frozen=True)
class Person:
    """One person.

    Attributes:
        sources: neutral takes to convert. acted: takes of the other emotions.
        references: for each source, what the evaluator hears in the person's other neutral takes. (F,) each
        reference: the same of all neutral takes.
    """

    name: str
    sources: list[Recording]
    acted: list[Recording]
    references: list[np.ndarray]
    reference: np.ndarray


def judge_without(data_dir: str | Path, names: Sequence[str]) -> tuple[Any, list[Recording], np.ndarray]:
    """Fits the evaluator of emotional speech to everybody but some people.

    Returns:
        The evaluator; every recording of the recipe; what it hears in each, (N, F).

    Raises:
        FileNotFoundError: a data set of the evaluator's recipe is missing.
    """
    import numpy as np
    from omegaconf import OmegaConf

    import training

    from .train_speech_evaluator import compared, feature_variants, fit, recordings_of

    path = Path(training.__path__[0]) / "configs" / "speech-evaluator.yaml"
    config: Any = OmegaConf.to_container(OmegaConf.load(path), resolve=True)
    rows = recordings_of(data_dir)
    features = feature_variants(rows, config["variants"], config["seed"], Path(config["cache_file"]))
    inputs = np.stack([compared(rows, features[:, at]) for at in range(features.shape[1])], axis=1)
    inside = np.array([at for at, row in enumerate(rows) if row.speaker not in names])
    return fit([rows[at] for at in inside], inputs[inside], config), rows, features[:, 0]


def people_of(rows: Sequence[Recording], features: np.ndarray, names: Sequence[str]) -> list[Person]:
    """Gives the people that the data have, with one neutral take of each line first."""
    import numpy as np

    found = []
    for name in names:
        own = [at for at, row in enumerate(rows) if row.speaker == name]
        calm = [at for at in own if rows[at].emotion == "neutral" and not rows[at].cropped]
        if len(calm) < 2:
            continue
        lines = {
            (rows[at].take if rows[at].corpus.startswith("ravdess") else "", rows[at].prompt): at
            for at in calm
        }
        chosen = list(lines.values())[:SOURCES]
        references = [reference_of(list(features[[at for at in calm if at != one]])) for one in chosen]
        acted = [rows[at] for at in own if rows[at].emotion not in ("", "neutral")]
        found.append(
            Person(name, [rows[at] for at in chosen], acted, references, np.mean(features[calm], axis=0))
        )
    return found


def real_figures(
    judge: Any, people: Sequence[Person], features: Mapping[Path, np.ndarray]
) -> dict[str, dict[str, Any]]:
    """What the evaluator says of real acted takes of these people, by emotion.

    Args:
        features: what it hears in each recording, by path.

    Returns:
        {emotion: {"named" share, "score" mean strength, "clips", "heard_as" counts}}.
    """
    import numpy as np

    answer: dict[str, dict[str, Any]] = {}
    for number, emotion in enumerate(LABELS):
        if emotion == "neutral":
            takes = [(row, ref) for p in people for row, ref in zip(p.sources, p.references, strict=True)]
        else:
            takes = [(row, p.reference) for p in people for row in p.acted if row.emotion == emotion]
        if not takes:
            continue
        heard = np.stack([features[row.path] for row, _ in takes])
        reference = np.stack([ref for _, ref in takes])
        scores = judge.scores(heard, reference)
        strength = judge.strength(heard, reference)[:, number]
        answer[emotion] = {
            "named": round(float((scores.argmax(1) == number).mean()), 4),
            "score": round(float(strength.mean()), 4),
            "clips": len(takes),
            "heard_as": heard_as(scores),
        }
    return answer


def heard_as(scores: np.ndarray) -> dict[str, int]:
    """How often each emotion is the likeliest. (N, 5) -> counts by name"""
    found = scores.argmax(1).tolist()
    return {name: found.count(number) for number, name in enumerate(LABELS)}


def real_similarity(people: Sequence[Person], encoder: Any) -> dict[str, float]:
    """How like themselves these people stay from neutral to each emotion, take by take of one line."""
    import numpy as np

    from .speech_similarity import similarity

    found: dict[str, list[float]] = {}
    for person in people:
        calm = {row.prompt: encoder.embed(*read_sound(row.path)) for row in person.sources}
        for row in person.acted:
            if row.prompt in calm:
                likeness = similarity(encoder.embed(*read_sound(row.path)), calm[row.prompt])
                found.setdefault(row.emotion, []).append(float(likeness))
    return {emotion: round(float(np.mean(values)), 4) for emotion, values in found.items()}

"""The trials of the portrait backend on coefficients: lips, emotions, and what must not depend on what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .figures import dial_figures, rounded, share
from .portrait_metrics import (
    BROWS_AND_LIDS,
    MOUTH_SHAPES,
    closures,
    correlation,
    jitter,
    lip_error,
    opening,
    pose_change,
    shut_times,
)
from .portrait_moves import Line, Moves
from .portrait_units import LABELS

if TYPE_CHECKING:
    import numpy as np

    from conditioning.face.motion import FaceMotion

    from .portrait_baselines import Baseline, Heard

MOVING = tuple(name for name in LABELS if name != "neutral")
LEVELS = tuple(step / 10 for step in range(11))
# Nobody trains on the last two.
TRAIN = ("1114_2_01", "1114_2_02", "1114_2_03", "1114_2_04")
TEST = ("1114_2_05", "1114_3_15")
RATE = 30.0


@dataclass(frozen=True)
class Spoken:
    """A real take of speech.

    Attributes:
        path: of its sound. true: (T, 52) what the face did, at 30 Hz.
        heard: what the baselines hear.
    """

    path: Path
    true: np.ndarray
    heard: Heard


def spoken_takes(data_dir: str | Path, names: Sequence[str]) -> dict[str, Spoken]:
    """Reads takes of real speech with their sound.

    Raises:
        FileNotFoundError: the data do not have them.
    """
    import checkpoints
    from conditioning.face.arkit import NAMES
    from training.data.face import facegood

    from .portrait_baselines import hear
    from .speech_audio import read_sound

    aligner: Any = checkpoints.load("speech-aligner")
    found = {}
    for take in facegood(Path(data_dir) / "face" / "facegood", NAMES):
        if take.id in names and take.audio is not None:
            heard = hear(*read_sound(take.audio), aligner)
            found[take.id] = Spoken(take.audio, take.coefficients, heard)
    missing = [name for name in names if name not in found]
    if missing:
        raise FileNotFoundError(f"expected the take {missing[0]} in face/facegood, got none")
    return found


def fitted_baselines(data_dir: str | Path, takes: Sequence[Spoken]) -> dict[str, Baseline]:
    """Gives the two plain ways of moving a mouth, fitted to takes."""
    from .portrait_baselines import Baseline, phone_shapes

    table = phone_shapes(Path(data_dir) / "face" / "emotion_presets")
    sounds, true = [take.heard for take in takes], [take.true for take in takes]
    return {
        "loudness": Baseline().fit(sounds, true),
        "phone table": Baseline(table).fit(sounds, true),
    }


def run_lips(
    moves: Moves,
    tests: dict[str, Spoken],
    baselines: dict[str, Baseline],
    lips: np.ndarray,
    lines: Sequence[Line],
    seed: int,
) -> dict[str, Any]:
    """Holds mouths against what real ones did, and against plain ways of moving them.

    Args:
        lips: (52, N, 3) cm that coefficients move the marks of the lips.

    Returns:
        "takes": for each test take "ours", and each baseline, its figures; "mean" of them over takes;
        "words": share of p, b and m of our own voice's lines in which the lips close, and how many there are.
    """
    import numpy as np

    from .portrait_baselines import closed_times

    takes: dict[str, dict[str, Any]] = {}
    for name, take in tests.items():
        made = moves.make(audio=str(take.path), emotion="neutral", intensity=0.0, seed=seed)
        rows = {"ours": made.expression, **{key: each.move(take.heard) for key, each in baselines.items()}}
        closed = closed_times(take.heard)
        takes[name] = {key: mouth_figures(row, take.true, lips, closed) for key, row in rows.items()}
    keys = next(iter(takes.values()))
    mean = {
        key: {
            figure: rounded(np.mean([take[key][figure] for take in takes.values()])) for figure in keys[key]
        }
        for key in keys
    }
    shut = np.concatenate(
        [closures(opening(still_face(moves, line, seed).expression), line.closed, RATE) for line in lines]
    )
    return {"takes": takes, "mean": mean, "words": {"closed": share(shut), "sounds": len(shut)}}


def still_face(moves: Moves, line: Line, seed: int, **rest: Any) -> FaceMotion:
    """Says a line and feels nothing."""
    return moves.make(audio=str(line.path), emotion="neutral", intensity=0.0, seed=seed, **rest)


def mouth_figures(
    made: np.ndarray, true: np.ndarray, lips: np.ndarray, closed: Sequence[tuple[float, float]]
) -> dict[str, float]:
    """What a mouth is worth beside the real one.

    Args:
        closed: where the sound has p, b or m, as far as it is heard; only where the real lips close counts.

    Returns:
        "correlation" of the opening; "closed" share of the real mouth's "closures"; "error" of the lips in
        mm, mean, and "largest".
    """
    count = min(len(made), len(true))
    made, true = made[:count], true[:count]
    gap, real = opening(made), opening(true)
    really = closures(real, closed, RATE)
    times = [*(when for when, shut in zip(closed, really, strict=True) if shut), *shut_times(real, RATE)]
    error = lip_error(made, true, lips)
    return {
        "correlation": rounded(correlation(gap, real)),
        "closed": share(closures(gap, times, RATE)),
        "closures": len(times),
        "error": rounded(error["mean"]),
        "largest": rounded(error["largest"]),
    }


def run_emotions(moves: Moves, judge: Any, lines: Sequence[Line], seed: int) -> dict[str, Any]:
    """Turns the dial of every emotion over lines, and lets the evaluator judge the coefficients.

    Returns:
        For each emotion "levels", "named" share at each level, "absolute" the same without knowing the face's
        rest, "score", "rho", "in_order", "range"; "neutral": {"named"}; "confusion" at 1, with neutral at 0.
    """
    import numpy as np

    from .portrait_evaluator import coefficient_features

    calm = [still_face(moves, line, seed).expression for line in lines]
    rest = np.mean([row.mean(0) for row in calm], axis=0)

    def judged(rows: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        own = np.stack([coefficient_features(row, rest) for row in rows])
        alone = np.stack([coefficient_features(row) for row in rows])
        return {
            "named": judge.scores(own).argmax(1),
            "absolute": judge.scores(alone, "absolute").argmax(1),
            "strength": judge.strength(own),
        }

    still = judged(calm)
    counts = np.zeros((len(LABELS), len(LABELS)), int)
    np.add.at(counts[0], still["named"], 1)
    answer: dict[str, Any] = {
        "neutral": {
            "named": share(still["named"] == 0),
            "absolute": share(still["absolute"] == 0),
        }
    }
    for emotion in MOVING:
        number = LABELS.index(emotion)
        steps = [still]
        for level in LEVELS[1:]:
            asked = {"emotion": emotion, "intensity": level, "seed": seed}
            steps.append(judged([moves.make(audio=str(line.path), **asked).expression for line in lines]))
        np.add.at(counts[number], steps[-1]["named"], 1)
        odds = np.stack([step["strength"][:, number] for step in steps])
        answer[emotion] = {
            "levels": list(LEVELS),
            "named": [share(step["named"] == number) for step in steps],
            "absolute": [share(step["absolute"] == number) for step in steps],
            **dial_figures(LEVELS, odds),
            "range": rounded(odds[-1].mean() - odds[0].mean()),
        }
    return {**answer, "confusion": counts.tolist(), "accuracy": rounded(np.diag(counts).sum() / counts.sum())}


def run_separation(
    moves: Moves, lines: Sequence[Line], tests: dict[str, Spoken], faces: np.ndarray, seed: int
) -> dict[str, Any]:
    """What changes that should not: mouth and pose with the emotion, expression with the pose.

    Args:
        tests: real takes of speech, whose mouths' jitter is compared with what is made of the same sound.
        faces: (T, 52) real captures of whole faces, for the jitter of brows and lids.

    Returns:
        "emotions": for each {"closures", "opening", "pose"} changes from 0 to 1; "pose scale": the largest
        change of any coefficient; "expression scale": of pose, of closures; "jitter": over real captures'.
    """
    import numpy as np

    emotions: dict[str, dict[str, float]] = {}
    calm = [still_face(moves, line, seed) for line in lines]
    before = [
        closures(opening(row.expression), line.closed, RATE) for row, line in zip(calm, lines, strict=True)
    ]
    for emotion in MOVING:
        made = [moves.make(audio=str(line.path), emotion=emotion, intensity=1.0, seed=seed) for line in lines]
        after = [
            closures(opening(row.expression), line.closed, RATE)
            for row, line in zip(made, lines, strict=True)
        ]
        emotions[emotion] = {
            "closures": share(np.concatenate(after) != np.concatenate(before)),
            "opening": rounded(
                np.mean(
                    [
                        correlation(opening(one.expression), opening(other.expression))
                        for one, other in zip(calm, made, strict=True)
                    ]
                )
            ),
            "pose": rounded(
                np.mean(
                    [
                        pose_change(one.head_pose, other.head_pose)
                        for one, other in zip(calm, made, strict=True)
                    ]
                )
            ),
        }
    return {
        "emotions": emotions,
        "pose scale": scaled(moves, lines[0], seed, "pose_scale", "expression"),
        "expression scale": scaled(moves, lines[0], seed, "expression_scale", "head_pose"),
        "jitter": jitters(moves, tests, faces, seed),
    }


def scaled(moves: Moves, line: Line, seed: int, option: str, kept: str) -> float:
    """The largest change of what must be kept, while a dial that is not its own goes from 0 to 2."""
    import numpy as np

    made = [
        moves.make(audio=str(line.path), emotion=MOVING[0], intensity=1.0, seed=seed, **{option: value})
        for value in (1.0, 0.0, 2.0)
    ]
    first = getattr(made[0], kept)
    return rounded(max(float(np.abs(getattr(row, kept) - first).max()) for row in made[1:]), 6)


def jitters(
    moves: Moves, tests: dict[str, Spoken], faces: np.ndarray, seed: int
) -> dict[str, dict[str, float]]:
    """How restless faces are over how restless real ones are, part by part, neutral and happy."""
    import numpy as np

    usual = jitter(faces[:, BROWS_AND_LIDS], RATE)
    found: dict[str, dict[str, float]] = {"mouth": {}, "brows and lids": {}}
    for name, asked in (("neutral", ("neutral", 0.0)), ("happy", ("happy", 1.0))):
        emotion, intensity = asked
        rows = [
            moves.make(audio=str(take.path), emotion=emotion, intensity=intensity, seed=seed).expression
            for take in tests.values()
        ]
        mouths = [
            jitter(row[:, MOUTH_SHAPES], RATE) / jitter(take.true[:, MOUTH_SHAPES], RATE)
            for row, take in zip(rows, tests.values(), strict=True)
        ]
        found["mouth"][name] = rounded(np.mean(mouths))
        found["brows and lids"][name] = rounded(
            np.mean([jitter(row[:, BROWS_AND_LIDS], RATE) for row in rows]) / usual
        )
    return found

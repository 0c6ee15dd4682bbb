"""The trials of the gesture backend: emotions and their dials, editing, beats, variety, physics, seams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .figures import dial_figures, recall_of, rounded, share
from .gesture_evaluator import LABELS, NEUTRAL, judged, motion_features, window_features
from .gesture_manner import seen_from_pelvis, signals
from .gesture_metrics import (
    SIGMA_S,
    alignment,
    diversity,
    frechet,
    hand_beats,
    jerk,
    jumps,
    seam_jumps,
    skate,
    slope_sign,
)
from .gesture_moves import Line, Moved, Moves, repeated_line
from .gesture_real import IMPLIED, by_emotion, gesturing, in_room, measures, upper

if TYPE_CHECKING:
    import numpy as np

    from conditioning.body.motion import BodyMotion

    from .train_gesture_evaluator import Seen

MOVING = tuple(name for name in LABELS if name != "neutral")
LEVELS = tuple(step / 10 for step in range(11))
VARIED = ("neutral", "happy", "sad")
SEEDS = 6
STRICT_SIGMA_S, HIT_SIGMA_S = 0.1, 0.05
FRECHET_WINDOW = 60
LONG_S = 60.0
SEAMED = ("neutral", "excited")


def at(line: Line, emotion: str, intensity: float, seed: int) -> dict[str, Any]:
    """What is asked for of a line."""
    person = seed + line.person
    return {"audio": str(line.path), "emotion": emotion, "intensity": intensity, "seed": person}


def still(moves: Moves, line: Line, seed: int) -> Moved:
    """Says a line and feels nothing."""
    return moves.make(**at(line, "neutral", 0.0, seed))


def full(moves: Moves, line: Line, emotion: str, seed: int) -> BodyMotion:
    """Says a line with an emotion at 1, or with none."""
    made = still(moves, line, seed) if emotion == "neutral" else moves.make(**at(line, emotion, 1.0, seed))
    return made.motion


def rests(lines: Sequence[Line], calm: Sequence[np.ndarray]) -> list[np.ndarray]:
    """What each line is compared with: (F,), how the same person moves in other lines and feels nothing.

    With a single line of a person, that one.
    """
    import numpy as np

    found = []
    for number, line in enumerate(lines):
        mine = [other for other, each in enumerate(lines) if each.person == line.person]
        others = [other for other in mine if other != number] or mine
        found.append(np.mean([calm[other].mean(0) for other in others], axis=0))
    return found


def run_emotions(moves: Moves, judge: Any, lines: Sequence[Line], seed: int) -> dict[str, Any]:
    """Turns the dial of every emotion over lines; the evaluator and the tape measure judge.

    Returns:
        For each emotion "levels", "named" share at each level, "score", "rho", "in_order" of the strength;
        "speed", "range", "openness" at each level, means; "implied": {"measure", "rho", signed so that 1 is as
        it should be}; "neutral": {"named"}; "confusion" at 1, with neutral at 0; "named": `recall_of` it.
    """
    import numpy as np

    calm = [still(moves, line, seed).motion for line in lines]
    rest = rests(lines, [motion_features(motion) for motion in calm])
    zero = judged(judge, [motion_features(motion) for motion in calm], rest)
    before = [measures(motion) for motion in calm]
    counts = np.zeros((len(LABELS), len(LABELS)), int)
    np.add.at(counts[NEUTRAL], zero["named"], 1)
    answer: dict[str, Any] = {"neutral": {"named": share(zero["named"] == NEUTRAL)}}
    for emotion in MOVING:
        number, steps, sizes = LABELS.index(emotion), [zero], [before]
        for level in LEVELS[1:]:
            made = [moves.make(**at(line, emotion, level, seed)).motion for line in lines]
            steps.append(judged(judge, [motion_features(motion) for motion in made], rest))
            sizes.append([measures(motion) for motion in made])
        np.add.at(counts[number], steps[-1]["named"], 1)
        means = {name: [float(np.mean([row[name] for row in rows])) for rows in sizes] for name in before[0]}
        measure, sign = IMPLIED[emotion]
        answer[emotion] = {
            "levels": list(LEVELS),
            "named": [share(step["named"] == number) for step in steps],
            **dial_figures(LEVELS, np.stack([step["strength"][:, number] for step in steps])),
            **{name: [rounded(value) for value in rows] for name, rows in means.items()},
            "implied": {"measure": measure, "rho": rounded(sign * slope_sign(means[measure])["rho"])},
        }
    return {**answer, "confusion": counts.tolist(), "named": named_of(counts)}


def named_of(counts: np.ndarray) -> dict[str, Any]:
    """`recall_of` a table of counts."""
    import numpy as np

    asked = np.repeat(np.array(LABELS), counts.sum(1))
    given = np.concatenate([np.repeat(np.array(LABELS), row) for row in counts])
    return recall_of(asked, given, LABELS)


def edit_sources(takes: Sequence[Seen], count: int) -> dict[str, Seen]:
    """Real neutral gestures that nobody learned from, by name: the first set's, then one of each content."""
    held = [seen for seen in gesturing(takes) if seen.held_out and seen.emotion == "neutral"]
    found: dict[str, Seen] = {}
    for seen in sorted(held, key=lambda seen: (seen.set, seen.take)):
        if len(found) < count:
            found.setdefault(f"{seen.content}-{seen.set}", seen)
    return found


def run_editing(
    moves: Moves,
    judge: Any,
    takes: Sequence[Seen],
    lines: Sequence[Line],
    sources: Mapping[str, Seen],
    seed: int,
) -> dict[str, Any]:
    """Changes the emotion of real neutral gestures.

    Returns:
        "named": `recall_of` the edits, against neutral takes of the same content (the source itself in the
        first set, where neutral is left out, and others in the second); "confusion"; "kept": correlation of
        the hands' courses with the source's; "frechet": distance to real held-out gestures of what was made
        from speech, of the edits, and of real gestures that are learned from; "ratio" of the first two; "jumps":
        median and worst of an edit's largest jump over its source's.
    """
    import numpy as np

    from .train_gesture_evaluator import references

    known = references([seen for seen in takes if not seen.held_out])
    counts, kept, leaps = np.zeros((len(LABELS), len(LABELS)), int), [], []
    rows: list[np.ndarray] = []
    for name, source in sources.items():
        rest = known.get(source.key, source.windows.mean(0))
        for number, emotion in enumerate(LABELS):
            asked = {"source": name, "emotion": emotion, "intensity": float(emotion != "neutral")}
            motion = moves.make(**asked, seed=seed).motion
            rows.append(short_windows(motion))
            kept.append(likeness(source.motion, motion))
            leaps.append(jumps(upper(motion)).max() / jumps(upper(source.motion)).max())
            if emotion != "neutral" or source.key in known:
                found = judged(judge, [motion_features(motion)], [rest])["named"][0]
                counts[number, found] += 1
    spoken = [short_windows(full(moves, line, emotion, seed)) for line in lines for emotion in LABELS]
    real = gesturing(takes)
    held = [short_windows(seen.motion) for seen in real if seen.held_out]
    learned = [short_windows(seen.motion) for seen in real if not seen.held_out]
    far = {
        name: rounded(frechet(*(judge.described(np.concatenate(each)) for each in (part, held))))
        for name, part in (("from speech", spoken), ("edited", rows), ("real, learned from", learned))
    }
    return {
        "named": named_of(counts),
        "confusion": counts.tolist(),
        "kept": rounded(np.mean(kept)),
        "frechet": far,
        "ratio": rounded(far["edited"] / max(1e-6, far["from speech"])),
        "jumps": {"median": rounded(np.median(leaps)), "worst": rounded(max(leaps))},
        "sources": list(sources),
    }


def short_windows(motion: BodyMotion) -> np.ndarray:
    """(N, F) of windows of about 2 s, of which there are more."""
    return window_features(signals(motion), FRECHET_WINDOW)


def likeness(source: BodyMotion, motion: BodyMotion) -> float:
    """How much the hands of two motions go alike, whatever their lengths: mean correlation of their courses."""
    import numpy as np

    from .portrait_metrics import correlation

    one, other = (seen_from_pelvis(each)[0][:, 20:22].reshape(len(each), -1) for each in (source, motion))
    at = np.linspace(0, 1, 200)
    one, other = (
        np.stack([np.interp(at, np.linspace(0, 1, len(rows)), column) for column in rows.T], 1)
        for rows in (one, other)
    )
    moving = one.std(0) > 1.0
    found = [correlation(a, b) for a, b in zip(one.T[moving], other.T[moving], strict=True)]
    return float(np.mean(found)) if found else 1.0


def run_beats(moves: Moves, lines: Sequence[Line], seed: int) -> dict[str, Any]:
    """How near the hands' beats are to the onsets of what is said, neutrally and with every emotion.

    Returns:
        For each of `LABELS` the mean over lines; "mean" of them; "strict" with sigma .1 s; "by chance": both
        with the onsets of another line, which the hands cannot know; "hits": the other way round, mean over
        beats with sigma .05 s, and "hits, by chance"; "beats" and "onsets" a second.
    """
    import numpy as np

    found: dict[str, Any] = {}
    strict, chance, strict_chance, hits, hits_chance, often, heard = ([] for _ in range(7))
    for emotion in LABELS:
        rows = []
        for number, line in enumerate(lines):
            motion = full(moves, line, emotion, seed)
            beats = hand_beats(seen_from_pelvis(motion)[0])
            rows.append(alignment(line.onsets, beats))
            strict.append(alignment(line.onsets, beats, STRICT_SIGMA_S))
            other = lines[(number + 1) % len(lines)].onsets
            other = other[other < motion.duration_s]
            chance.append(alignment(other, beats))
            strict_chance.append(alignment(other, beats, STRICT_SIGMA_S))
            hits.append(alignment(beats, line.onsets, HIT_SIGMA_S))
            hits_chance.append(alignment(beats, other, HIT_SIGMA_S))
            often.append(len(beats) / motion.duration_s)
            heard.append(len(line.onsets) / motion.duration_s)
        found[emotion] = rounded(np.nanmean(rows))
    return {
        **found,
        "mean": rounded(np.mean(list(found.values()))),
        "strict": rounded(np.nanmean(strict)),
        "by chance": rounded(np.nanmean(chance)),
        "strict, by chance": rounded(np.nanmean(strict_chance)),
        "hits": rounded(np.nanmean(hits)),
        "hits, by chance": rounded(np.nanmean(hits_chance)),
        "sigma_s": SIGMA_S,
        "beats": rounded(np.mean(often)),
        "onsets": rounded(np.mean(heard)),
    }


def run_diversity(moves: Moves, lines: Sequence[Line], real: float, seed: int) -> dict[str, Any]:
    """How much motions of one line differ from seed to seed, over how much real takes of one content do."""
    import numpy as np

    rows = {}
    for emotion in VARIED:
        level = float(emotion != "neutral")
        takes = [
            [
                upper(moves.make(**at(line, emotion, level, seed + 100 * (1 + number))).motion)
                for number in range(SEEDS)
            ]
            for line in lines[:2]
        ]
        rows[emotion] = rounded(np.mean([diversity(each) for each in takes]))
    mean = float(np.mean(list(rows.values())))
    return {**rows, "mean": rounded(mean), "real": real, "over real": rounded(mean / max(1e-6, real))}


def run_physics(moves: Moves, lines: Sequence[Line], real: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """What bodies cannot do, over all lines and emotions at 1, and neutral.

    Args:
        real: from `gesture_real.real_figures`.

    Returns:
        "skate": {"mean", "worst", "contact", "real"} cm/s; "beyond": {"degrees" that the worst joint is beyond
        its human range, "joint", "share" of frames' joints}; "jerk": by emotion, "over real" of their means;
        "by emotion": the same of each.
    """
    import numpy as np

    from conditioning.body.limits import beyond, worst

    slides, jerks, limits, shares = [], [], [], []
    for emotion in LABELS:
        for line in lines:
            motion = full(moves, line, emotion, seed)
            slides.append(skate(in_room(motion)))
            jerks.append((emotion, jerk(upper(motion))))
            limits.append(worst(motion))
            shares.append(beyond(motion))
    made = by_emotion(jerks)
    joint, degrees = max(limits, key=lambda row: row[1])
    return {
        "skate": {
            "mean": rounded(np.mean([row["cm_s"] for row in slides])),
            "worst": rounded(max(row["cm_s"] for row in slides)),
            "contact": rounded(np.mean([row["contact"] for row in slides])),
            "real": real["skate"],
        },
        "beyond": {
            "degrees": rounded(max(0.0, degrees)),
            "joint": joint,
            "share": rounded(np.mean(shares), 6),
        },
        "jerk": made,
        "over real": rounded(made["mean"] / real["jerk"]["mean"]),
        "by emotion": {name: rounded(value / real["jerk"][name]) for name, value in made.items()},
    }


def run_seams(
    moves: Moves, lines: Sequence[Line], real: Mapping[str, float], folder: Path, seed: int
) -> dict[str, Any]:
    """Whether a long motion jumps where its pieces and windows meet.

    Args:
        real: the largest jump of a real take by emotion, mean over takes.

    Returns:
        For each of `SEAMED`: "seams", "worst" at them in cm/s^2, "over real": that over real; "over
        elsewhere": the mean over seams of the largest at each, over the same of as many frames anywhere else;
        "largest over real" of the whole motion.
    """
    import numpy as np

    folder.mkdir(parents=True, exist_ok=True)
    line, found = repeated_line(lines, LONG_S, folder / "long.flac"), {}
    for emotion in SEAMED:
        made = moves.make(**at(line, emotion, float(emotion != "neutral"), seed))
        places = upper(made.motion)
        here, every = seam_jumps(places, made.seams), jumps(places)
        apart = [
            frame for frame in range(5, len(places), 5) if np.abs(made.seams - frame).min(initial=99) > 5
        ]
        there = seam_jumps(places, apart)
        worst = float(here.max()) if len(here) else 0.0
        found[emotion] = {
            "seams": len(made.seams),
            "worst": rounded(worst),
            "over real": rounded(worst / real[emotion]),
            "over elsewhere": rounded(here.mean() / there.mean()) if len(here) and len(there) else 0.0,
            "largest over real": rounded(every.max() / real[emotion]),
        }
    return found

"""The trials of the video backend: emotions and their dials, flicker, copies, image-to-video, looks asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .figures import LEVELS, dial_figures, recall_of, rounded, share
from .video_clips import SHOWN_BY_HANDS, Clips, Made, RealClips, request
from .video_metrics import (
    flicker,
    hue_agreement,
    looks,
    motion,
    over,
    pearson_r,
    psnr,
    restlessness,
)

if TYPE_CHECKING:
    import numpy as np

    from .video_evaluator import Judged

NEUTRAL = "neutral"
# Settings of each control, in its own unit.
CONTROLS: Mapping[str, tuple[float, ...]] = {
    "brightness": (0.4, 0.55, 0.7, 0.85),
    "colourfulness": (0.2, 0.4, 0.6, 0.8),
    "hue": (0.0, 60.0, 120.0, 180.0, 240.0, 300.0),
}
IMAGE_SEED = 50_000
LOOKS_SEED = 60_000


def run_emotions(
    clips: Clips, judge: Any, count: int, at_level: int, seed: int
) -> tuple[dict[str, Any], dict[str, list[Made]]]:
    """Turns the dial of every emotion; the evaluator judges.

    Args:
        count: clips of each emotion at 1. at_level: at each step between, and at 0 of the dial.

    Returns:
        For each emotion but neutral "score" (mean chance of its label) at each of `LEVELS`, "rho", "in_order",
        "ends_in_order" and "named" at 1, and "by all", the same by all judges together, who stay the same at every
        step; "confusion" at 1, neutral at 0; "named": `recall_of` it; "named by all"; "faces": its accuracy without
        what is shown by hands; "mean": figures of the mean dial; "copies".
        And the clips at 1 by emotion, neutral's at 0.
    """
    import numpy as np

    labels = judge.labels
    counts = np.zeros((len(labels), len(labels)), int)
    answer: dict[str, Any] = {}
    films: dict[str, list[Made]] = {}
    found: list[Judged] = []
    curves = []
    for at, label in enumerate(labels):
        full = 0.0 if label == NEUTRAL else 1.0
        films[label] = [clips.make(**request(number, label, full, seed)) for number in range(count)]
        judged = [judge.judge(made.frames) for made in films[label]]
        found += judged
        np.add.at(counts[at], [int(each.chances.argmax()) for each in judged], 1)
        if label == NEUTRAL:
            continue
        steps = [judged_at(clips, judge, label, level, at_level, seed) for level in LEVELS[:-1]]
        steps.append(judged[:at_level])
        chances = np.array([[each.chances[at] for each in step] for step in steps])
        by_all = np.array([[each.by_all[at] for each in step] for step in steps])
        curves.append((chances.mean(1), by_all.mean(1)))
        answer[label] = {
            **dial_figures(LEVELS, chances),
            "named": rounded(counts[at, at] / count),
            "by all": dial_figures(LEVELS, by_all),
        }
    asked = np.repeat(labels, counts.sum(1))
    named = np.concatenate([np.repeat(labels, row) for row in counts])
    named_by_all = np.array(labels)[[int(each.by_all.argmax()) for each in found]]
    strict, kind = (dial_figures(LEVELS, np.stack(rows, 1)) for rows in zip(*curves, strict=True))
    return {
        **answer,
        "labels": list(labels),
        "confusion": counts.tolist(),
        "named": recall_of(asked, named, labels),
        "named by all": recall_of(asked, named_by_all, labels),
        "faces": share((asked == named)[asked != SHOWN_BY_HANDS]),
        "mean": {**strict, "by all": kind},
        "copies": copies_of(judge, found),
    }, films


def judged_at(clips: Clips, judge: Any, label: str, level: float, count: int, seed: int) -> list[Judged]:
    """Judges clips of one step of a dial."""
    made = (clips.make(**request(number, label, level, seed)) for number in range(count))
    return [judge.judge(each.frames) for each in made]


def copies_of(judge: Any, found: Sequence[Judged]) -> dict[str, Any]:
    """How near clips are to real ones: "share" nearer than 19 of 20 real clips are to any other, "median" distance,
    and the real clips that are met most often."""
    import numpy as np

    far = np.array([each.distance for each in found])
    met = Counter(judge.tag(each.nearest) for each in found)
    return {
        "share": share(far < judge.config["copy_distance"]),
        "median": rounded(np.median(far)),
        "copy_distance": judge.config["copy_distance"],
        "different clips met": len(met),
        "met most often": [f"{tag} ({number})" for tag, number in met.most_common(5)],
    }


def run_flicker(films: Mapping[str, Sequence[Made]], real: RealClips) -> dict[str, Any]:
    """What was made beside real clips of the same emotion and kind, on the same ground, as films alike.

    Returns:
        "over real" of the flicker of all clips; "by emotion"; "motion over real"; "restlessness over real".
    """
    made: list[Made] = []
    beside: list[Made] = []
    by_emotion = {}
    for emotion, group in films.items():
        known = real.like(emotion)
        if not known:
            continue
        drawn = [real.beside(each, known[at % len(known)]) for at, each in enumerate(group)]
        by_emotion[emotion] = over(frames_of(group), frames_of(drawn), flicker)
        made += group
        beside += drawn
    mine, theirs = frames_of(made), frames_of(beside)
    rate = made[0].frame_rate
    return {
        "over real": over(mine, theirs, flicker),
        "by emotion": by_emotion,
        "motion over real": over(mine, theirs, motion, rate),
        "restlessness over real": over(mine, theirs, restlessness),
    }


def frames_of(clips: Sequence[Made]) -> list[np.ndarray]:
    return [each.frames for each in clips]


def run_images(
    clips: Clips, judge: Any, real: RealClips, folder: Path, count: int, seed: int
) -> tuple[dict[str, Any], list[tuple[str, Made]]]:
    """Gives pictures of calm faces a feeling: is it named, and is the first frame the picture?

    Args:
        count: pictures.

    Returns:
        "named": `recall_of`; "psnr" of the first frame in dB, mean, and "least". And the clips with their
        emotions.
    """
    import numpy as np

    labels = [label for label in judge.labels if label not in (NEUTRAL, SHOWN_BY_HANDS)]
    asked, named, kept, made = [], [], [], []
    for number, animation in enumerate(real.like(NEUTRAL)[:count]):
        path = folder / f"{animation.tag}.png"
        picture = real.write_still(animation, path)
        for label in labels:
            clip = clips.make(image=str(path), emotion=label, intensity=1.0, seed=seed + IMAGE_SEED + number)
            made.append((label, clip))
            asked.append(label)
            named.append(judge.labels[int(judge.judge(clip.frames).chances.argmax())])
            kept.append(psnr(clip.frames[0], picture))
    return {
        "named": recall_of(np.array(asked), np.array(named), labels),
        "psnr": rounded(np.mean(kept)),
        "least": rounded(np.min(kept)),
    }, made


def run_looks(clips: Clips, count: int, seed: int) -> dict[str, Any]:
    """Asks for a brightness, a colourfulness and a hue; gives Pearson's r with what is measured, of hue the mean
    cosine of the angle between, and the means at each setting."""
    import numpy as np

    answer: dict[str, Any] = {}
    for name, settings in CONTROLS.items():
        rows = []
        for value in settings:
            for number in range(count):
                asked = request(number % 2, NEUTRAL, 0.0, seed + LOOKS_SEED + number // 2)
                made = clips.make(**asked, **{name: value})
                rows.append((value, looks(made.frames, made.frame_rate)[name]))
        asked_for, found = (list(column) for column in zip(*rows, strict=True))
        means = [rounded(np.mean([f for a, f in rows if a == value])) for value in settings]
        figure = hue_agreement if name == "hue" else pearson_r
        answer[name] = {"settings": list(settings), "found": means, "agreement": figure(asked_for, found)}
    return answer

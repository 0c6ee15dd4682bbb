"""The trials of the music backend: clips asked for, made once, kept on disk, and what is measured on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .figures import LEVELS, share
from .maker import Maker
from .music_metrics import ATTRIBUTES, GridClip, copied, fault_of, grid_of, measure, window_hashes

if TYPE_CHECKING:
    import numpy as np
    import symusic

QUADRANTS = ("Q1", "Q2", "Q3", "Q4")
SETTINGS = (-3, -2, -1, 0, 1, 2, 3)
KEPT = "position,pitch,duration"
OTHER_AROUSAL = {"Q1": "Q4", "Q2": "Q3", "Q3": "Q2", "Q4": "Q1"}


@dataclass(frozen=True)
class Sample:
    """One clip.

    Attributes:
        notes: (N, 4) onset_s, duration_s, pitch, velocity.
        grid: the same on sixteenths; None when there is too little to put on a grid.
    """

    notes: np.ndarray
    grid: GridClip | None


class Clips(Maker):
    """Makes scores, in `.media.midi`; what is measured of them is kept as .npz."""

    modality = "music"
    suffix = ".npz"

    def measured(self, media: Any) -> Sample:
        return sample_of(media.midi)

    def read(self, path: Path) -> Sample | None:
        return read_sample(path)

    def write(self, path: Path, found: Sample) -> None:
        write_sample(path, found)

    def make_file(self, folder: Path, **request: Any) -> Path:
        """Gives the clip of a request as a MIDI file, for tasks that start from one."""
        path = self.path_of(request, ".mid") or folder / f"source-{request['seed']}-{request['emotion']}.mid"
        if not path.exists():
            from checkpoints import replace_file

            score = self.generate("music", **self.fixed, **request).media.midi
            path.parent.mkdir(parents=True, exist_ok=True)
            with replace_file(path) as partial:
                score.dump_midi(str(partial))
        return path


def sample_of(score: symusic.Score) -> Sample:
    """Reads a score for measuring."""
    from conditioning.encoders.midi import note_array

    notes = note_array(score)
    return Sample(notes, grid_of(score) if len(notes) >= 2 else None)


def write_sample(path: Path, sample: Sample) -> None:
    import numpy as np

    from checkpoints import replace_file

    path.parent.mkdir(parents=True, exist_ok=True)
    grid: dict[str, Any] = {}
    if sample.grid is not None:
        grid = {"grid": sample.grid.notes, "lines": sample.grid.lines}
    with replace_file(path) as partial, open(partial, "wb") as file:
        np.savez(file, notes=sample.notes, **grid)


def read_sample(path: Path) -> Sample:
    import numpy as np

    with np.load(path) as data:
        grid = GridClip(data["grid"], data["lines"]) if "grid" in data else None
        return Sample(data["notes"], grid)


def run_quadrants(clips: Clips, evaluator: Any, count: int, seed: int) -> tuple[dict[str, Any], list[Sample]]:
    """Asks `count` clips of each quadrant at full intensity and lets the evaluator name them."""
    import numpy as np

    samples = [
        clips.make(emotion=name, intensity=1.0, seed=seed + at) for name in QUADRANTS for at in range(count)
    ]
    asked = np.repeat(np.arange(4), count)
    judged = evaluator.judge([sample.notes for sample in samples])
    confusion = np.zeros((4, 4), dtype=int)
    np.add.at(confusion, (asked, judged.label), 1)
    answer = {
        "clips": len(samples),
        "4q": share(judged.label == asked),
        "arousal": share((judged.arousal > 0.5) == (asked < 2)),
        "valence": share((judged.valence > 0.5) == np.isin(asked, (0, 3))),
        "by_quadrant": {name: share(judged.label[asked == k] == k) for k, name in enumerate(QUADRANTS)},
        "confusion": confusion.tolist(),
    }
    return answer, samples


def run_intensity(clips: Clips, evaluator: Any, count: int, seed: int) -> dict[str, Any]:
    """Turns the dial with the same seeds at every level; the score is the probability of the quadrant asked
    for."""
    import numpy as np
    from scipy.stats import spearmanr

    answer: dict[str, Any] = {"clips_per_level": count, "levels": list(LEVELS)}
    for number, name in enumerate(QUADRANTS):
        rows = []
        for level in LEVELS:
            made = [clips.make(emotion=name, intensity=level, seed=seed + at).notes for at in range(count)]
            rows.append(evaluator.judge(made).quadrant[:, number])
        scores = np.array(rows)  # (levels, clips)
        each = [spearmanr(LEVELS, column).statistic for column in scores.T if np.ptp(column) > 0]
        means = scores.mean(1)
        answer[name] = {
            "mean_score": [round(float(value), 4) for value in means],
            "rho": round(float(spearmanr(LEVELS, means).statistic), 4) if np.ptp(means) > 0 else 0.0,
            "rho_of_single_clips": round(float(np.mean(each)), 4) if each else 0.0,
        }
    return answer


def run_faders(clips: Clips, count: int, seed: int) -> dict[str, Any]:
    """Moves one fader at a time over its whole range, the same seeds and emotions at every setting."""
    import numpy as np

    answer: dict[str, Any] = {"clips_per_setting": count, "settings": list(SETTINGS)}
    for fader in ATTRIBUTES:
        rows = []
        for setting in SETTINGS:
            change = {fader: float(setting)} if setting else {}
            made = [
                clips.make(emotion=QUADRANTS[at % 4], intensity=1.0, seed=seed + at, **change)
                for at in range(count)
            ]
            rows.append([attributes(sample) for sample in made])
        answer[fader] = judge_fader(np.array(rows), ATTRIBUTES.index(fader))
    return answer


def attributes(sample: Sample) -> list[float]:
    """The five measured attributes of a clip; NaN where it is empty."""
    values = measure(sample.grid) if sample.grid is not None else {}
    return [values.get(name, float("nan")) for name in ATTRIBUTES]


def judge_fader(values: np.ndarray, which: int) -> dict[str, Any]:
    """Linearity and restrictiveness of one fader.

    Args:
        values: (settings, clips, 5) measured attributes.
        which: index of the attribute that the fader should move.

    Returns:
        "means" of the attribute at each setting; "r2" of a line through them; "r2_of_clips" of a line
        through all clips once each clip's own mean is taken off; "restrictiveness": how much of its spread
        every other attribute keeps (1 = all), mean over the settings; "drift": how many of its own spreads
        each other attribute's mean moves over the whole range.

    Source: Tan and Herremans, "Music FaderNets", ISMIR 2020, for linearity and restrictiveness.
    """
    import numpy as np

    settings = np.array(SETTINGS, dtype=float)
    means = np.nanmean(values[:, :, which], axis=1)
    own = values[:, :, which] - np.nanmean(values[:, :, which], axis=0)
    spread = np.maximum(np.nanstd(values, axis=1), 1e-6)  # (settings, 5)
    middle = SETTINGS.index(0)
    kept, drift = {}, {}
    for other, name in enumerate(ATTRIBUTES):
        if other != which:
            ratio = np.minimum(spread[:, other] / spread[middle, other], 1.0)
            kept[name] = round(float(np.delete(ratio, middle).mean()), 4)
            ends = np.nanmean(values[[0, -1], :, other], axis=1)
            drift[name] = round(float((ends[1] - ends[0]) / spread[middle, other]), 3)
    return {
        "means": [round(float(value), 4) for value in means],
        "r2": r_squared(settings, means),
        "r2_of_clips": r_squared(np.repeat(settings, values.shape[1]), own.ravel()),
        "restrictiveness": kept,
        "drift": drift,
    }


def r_squared(x: np.ndarray, y: np.ndarray) -> float:
    """Share of the variance of y that a rising or falling line in x explains; NaNs are left out."""
    import numpy as np

    known = np.isfinite(y)
    if known.sum() < 3 or np.ptp(y[known]) < 1e-9:
        return 0.0
    return round(float(np.corrcoef(x[known], y[known])[0, 1] ** 2), 4)


def run_transfer(
    clips: Clips, evaluator: Any, sources: Sequence[tuple[Path, str]], seed: int
) -> dict[str, Any]:
    """Edits pieces towards the other side of arousal with position, pitch and duration kept.

    Whether they are kept is told on the beats that the backend puts the source on, exact to a tick: a
    performance has no beats of its own, and to track them again in the result would measure the tracking.

    Args:
        sources: (MIDI file, its quadrant).

    Returns:
        "identical": share of edits whose kept elements are those of the source to the last note; "moved":
        share whose arousal, as the evaluator hears it, went the way that was asked.
    """
    import numpy as np

    from conditioning.encoders.midi import read_midi

    scores = [read_midi(path) for path, _ in sources]
    before = [sample_of(score) for score in scores]
    after, wanted, same = [], [], []
    for number, (path, quadrant) in enumerate(sources):
        target = OTHER_AROUSAL[quadrant]
        request = {"task": "edit", "source": str(path), "keep": KEPT, "emotion": target, "intensity": 1.0}
        edited = clips.generate("music", **clips.fixed, **request, seed=seed + number).media.midi
        after.append(sample_of(edited))
        same.append(same_notes(scores[number], edited))
        wanted.append(1 if target in ("Q1", "Q2") else -1)
        clips.on_clip()
    change = (
        evaluator.judge([s.notes for s in after]).arousal - evaluator.judge([s.notes for s in before]).arousal
    )
    return {"edits": len(sources), "identical": share(np.array(same)), "moved": share(change * wanted > 0)}


def same_notes(source: symusic.Score, edited: symusic.Score) -> bool:
    """Says whether an edit has every onset, duration and pitch of its source, to a tick."""
    import numpy as np

    from generators.music.features import piece_from_score

    piece = piece_from_score(source)
    exact = piece.exact[:, :3] - np.array([piece.origin_beats, 0, 0])
    ticks = edited.ticks_per_quarter
    found = np.array(
        [(n.time / ticks, n.duration / ticks, n.pitch) for track in edited.tracks for n in track.notes]
    )
    if exact.shape != found.shape:
        return False
    # Sorted by pitch first: onsets a rounding apart must not change the order.
    one, two = (
        rows[np.lexsort((rows[:, 1], np.round(rows[:, 0], 2), rows[:, 2]))] for rows in (exact, found)
    )
    return bool((np.abs(one - two) <= 1.01 / ticks).all())


def judge_samples(
    samples: Sequence[Sample], reference: dict[str, Any], training: np.ndarray
) -> dict[str, Any]:
    """Measures beside real clips, copied windows and degenerate clips."""
    import numpy as np

    rows = [measure(sample.grid) for sample in samples if sample.grid is not None]
    measures = {}
    for name in rows[0] if rows else {}:
        real = float(np.mean(reference[name]["by_quadrant"]))
        made = float(np.mean([row[name] for row in rows]))
        measures[name] = {
            "real": round(real, 4),
            "made": round(made, 4),
            "difference": round(made / real - 1, 4),
        }
    windows = [window_hashes(sample.grid) for sample in samples if sample.grid is not None]
    flat = np.concatenate(windows) if windows else np.zeros(0, dtype=np.int64)
    faults = [fault for fault in (fault_of(sample.notes) for sample in samples) if fault]
    return {
        "measures": measures,
        "copy_rate": share(copied(flat, training)),
        "copy_rate_of_real": reference.get("copy_rate"),
        "windows": len(flat),
        "degenerate": {
            "clips": len(faults),
            "of": len(samples),
            "faults": {f: faults.count(f) for f in set(faults)},
        },
    }

"""The trials of scenes: whether every medium shows what was asked, whether they agree, and whether they follow."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .figures import rounded, share
from .portrait_metrics import correlation
from .scene_readers import (
    ASKED,
    MEDIA,
    SHARES,
    Rest,
    Seen,
    chances,
    distances,
    heard_whole,
    named,
    place_of,
    read_place,
    rest_of,
    seen_in,
    together,
)
from .scene_sets import SCRIPTS, Sets

if TYPE_CHECKING:
    import numpy as np

    from ..scene.direct import Acted

AXES = ("valence", "arousal")
# Two readings of the same face are no two media.
PAIRS = [pair for pair in itertools.combinations(MEDIA, 2) if pair != ("face", "frames")]
References = Callable[[str], "np.ndarray | None"]


def run_labels(sets: Sets, scripts: Sequence[str], reference: References) -> dict[str, Any]:
    """Plays every script with every feeling at full strength and reads each medium.

    Args:
        reference: voice -> (F,) of its real neutral recordings, or None.

    Returns:
        "scenes": rows {"script", "asked", "read": medium -> {"named", "right" or None, "chance", "place",
        "distance", "lines"}}; "named": share right over all media that have a word for it, and by medium and by
        emotion; "named, lines": the same of single lines; "distance": mean of all, by medium, by emotion;
        "apart": mean distance between two media of a scene; "other emotion": what the distance would be to
        another scene's feeling.
    """
    scenes = []
    for script in scripts:
        calm = seen_in(sets.short(script, "neutral", 0.0))
        rest = rest_of(calm, reference(SCRIPTS[script][0]))
        for emotion in ASKED:
            seen = calm if emotion == "neutral" else seen_in(sets.short(script, emotion))
            scenes.append({"script": script, "asked": emotion, "read": read_scene(seen, rest, emotion)})
    return {"scenes": scenes, **summary(scenes)}


def read_scene(seen: Seen, rest: Rest, emotion: str) -> dict[str, Any]:
    """Reads every medium of a scene with one feeling."""
    asked, found = place_of(emotion), chances(seen, rest)
    rows = {}
    for medium in MEDIA:
        lines = found[medium]
        whole = heard_whole(seen) if medium == "music" else together(lines)
        word = ASKED[emotion][medium]
        place = read_place(medium, whole)
        called = named(medium, whole)
        rows[medium] = {
            "named": called,
            "right": None if word is None else called == word,
            "chance": rounded(whole.max()),
            "place": [rounded(value) for value in place],
            "distance": rounded(distances(place, asked)),
            "distance of its name": rounded(distances(place_of(called), asked)),
            "lines": [named(medium, row) for row in lines],
        }
    return rows


def summary(scenes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The shares and means of what was read; the face, which two evaluators read, counts once. See `run_labels`."""
    import numpy as np

    rows = [(scene["asked"], medium, row) for scene in scenes for medium, row in scene["read"].items()]

    def mean(name: str, *, asked: str = "", medium: str = "") -> float:
        kept = [(row[name], SHARES[m]) for a, m, row in rows if asked in ("", a) and medium in ("", m)]
        known = [(value, counts) for value, counts in kept if value is not None]
        values, weights = np.array(known, float).reshape(-1, 2).T
        return rounded(np.average(values, weights=weights)) if known else 0.0

    def means(name: str) -> dict[str, float]:
        return {
            "all": mean(name),
            **{medium: mean(name, medium=medium) for medium in MEDIA},
            **{emotion: mean(name, asked=emotion) for emotion in ASKED},
        }

    pairs = [
        distances(scene["read"][one]["place"], scene["read"][other]["place"])
        for scene in scenes
        for one, other in PAIRS
    ]
    wrong = [
        distances(row["place"], place_of(other))
        for asked, _, row in rows
        for other in ASKED
        if other != asked
    ]
    lines = [
        line == ASKED[asked][medium]
        for asked, medium, row in rows
        if row["right"] is not None and medium != "music"
        for line in row["lines"]
    ]
    return {
        "named": means("right"),
        "named, lines": share(np.array(lines)),
        "distance": means("distance"),
        "distance of names": mean("distance of its name"),
        "apart": rounded(np.mean(pairs)),
        "other emotion": rounded(np.mean(wrong)),
    }


def run_courses(sets: Sets, courses: Sequence[str], reference: References) -> dict[str, Any]:
    """Lets a feeling change over a long scene and reads every medium line by line.

    Returns:
        "courses": name -> {"asked" (L, 2), "read": medium -> (L, 2)}; "correlation": medium -> {"valence",
        "arousal"} with what was asked, over the lines of all courses; "together": of the mean of all media;
        "between": medium, medium -> mean of both axes; "distance": medium -> mean.
    """
    calm = seen_in(sets.calm())
    rest = rest_of(calm, reference("kathleen"))
    rows: dict[str, Any] = {}
    for course in courses:
        made = sets.long(course)
        found = chances(seen_in(made), rest)
        rows[course] = {
            "asked": asked_places(made),
            "read": {m: [[rounded(v) for v in row] for row in read_place(m, found[m])] for m in MEDIA},
        }
    return {"courses": rows, **followed(rows)}


def asked_places(made: Acted) -> list[list[float]]:
    """(L, 2) of what was asked during each line, its mean."""
    return [[shot.valence, shot.arousal] for shot in made.shots]


def followed(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """How well what is read follows what was asked; see `run_courses`."""
    import numpy as np

    asked = np.concatenate([row["asked"] for row in rows.values()])
    read = {medium: np.concatenate([row["read"][medium] for row in rows.values()]) for medium in MEDIA}
    mean = np.mean(list(read.values()), axis=0)

    def both(one: np.ndarray, other: np.ndarray) -> dict[str, float]:
        return {axis: rounded(correlation(one[:, at], other[:, at])) for at, axis in enumerate(AXES)}

    between = {
        f"{one}, {other}": rounded(np.mean(list(both(read[one], read[other]).values())))
        for one, other in PAIRS
    }
    return {
        "correlation": {medium: both(read[medium], asked) for medium in MEDIA},
        "together": both(mean, asked),
        "between": between,
        "distance": {medium: rounded(distances(read[medium], asked).mean()) for medium in MEDIA},
        "lines": len(asked),
    }

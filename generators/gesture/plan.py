"""What the hands are going to do: key poses at moments that a voice gives, drawn at random.

A stretch of strokes is a unit: the hands leave rest, strike on accents, and go back where the voice pauses.

Source: units, phases and rest positions: Kendon 2004, "Gesture: visible action as utterance", chapter 7; most strokes
fall on or shortly before the stressed syllable: Loehr 2012, "Temporal, structural, and pragmatic synchrony between
intonation and gesture"; nods on accents: Graf et al. 2002, "Visual prosody", section 3. The poses are ours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from conditioning.body.rotations import between
from generators.media import Mark

from .concepts import Library
from .features import FRAME_RATE
from .poses import HANGING, Arm, mirrored, pose_of
from .rhythm import Heard

# Where the hands work from, and where strokes lead from there: one arm, both when they work together.
HOMES = (
    Arm(8, 15, -2, 24, 10, 0), Arm(14, 18, 12, 16, 5, 4), Arm(5, 20, -14, 12, 25, 0), Arm(18, 13, 20, 28, 0, 5),
    Arm(2, 16, -22, 30, 0, 0),
)  # fmt: skip
STROKES = (
    Arm(10, 17, -20, 18, 5, -8), Arm(12, 30, -8, -18, 40, 6), Arm(22, 18, 2, 6, 60, 8), Arm(6, 26, -16, -4, 15, -4),
    Arm(16, 12, 6, 42, 0, -6), Arm(26, 22, 18, -2, 45, 10), Arm(10, 34, 10, -28, 55, 8), Arm(20, 14, -12, 12, -35, -12),
)  # fmt: skip
RESTS = (
    HANGING, replace(HANGING, rise=-60, inward=14), replace(HANGING, out=14, rise=-72), Arm(2, 12, -38, 34, 0, 0),
)  # fmt: skip
FRONT_REST = Arm(-2, 15, -14, 52, 0, 0)  # hands before the body, one near the other
LIFT = (
    14.0,
    6.0,
    18.0,
)  # degrees that the forearm rises before a stroke, the upper arm goes forward, the wrist bends
GAP_S, UNIT_GAP_S = 0.53, 1.25
PREPARE_S, RETRACT_S, HOLD_S = 0.34, 0.8, 0.22
LEAST_FRAMES = 6.0  # between key poses
QUICKEST = 0.11  # radians a frame that any joint turns on the way, in the mean
CALL_CHANCE, CALL_GAP_S = 0.4, 2.2
LEAST_PROMINENCE = 0.22
NOD_DEGREES = 6.0
HANDS = (0.56, 0.17, 0.27)  # how often both work, the left, the right
CHANGE_CHANCE = 0.2  # after a stroke, of other hands and another place


@dataclass(frozen=True)
class Plan:
    """Key poses.

    Attributes:
        frames: (N,) rising, with fractions. poses: (N, 10, 4) as `poses.POSED`.
        beats: (N,) True where a stroke ends.
    """

    frames: np.ndarray
    poses: np.ndarray
    beats: np.ndarray


def planned(
    heard: Heard,
    num_frames: int,
    rng: np.random.Generator,
    library: Library | None = None,
    words: Sequence[Mark] = (),
    activity: Callable[[float], float] = lambda frame: 1.0,
    tempo: Callable[[float], float] = lambda frame: 1.0,
) -> Plan:
    """Draws what the hands do with a voice.

    Args:
        words: of kind "word". activity: how readily one gestures at a frame, 1 as usual. tempo: likewise how quickly.
    """
    strokes = chosen(heard, rng, activity)
    called = calls(words, library, rng) if library else []
    script = Script(rng)
    unit: list[tuple[float, float]] = []
    for at, size in strokes:
        if unit and at - unit[-1][0] > UNIT_GAP_S * FRAME_RATE / activity(at) ** 0.5:
            script.unit(unit, called, tempo(unit[0][0]))
            unit = []
        unit.append((at, size))
    if unit:
        script.unit(unit, called, tempo(unit[0][0]))
    return script.plan(num_frames)


def chosen(
    heard: Heard, rng: np.random.Generator, activity: Callable[[float], float]
) -> list[tuple[float, float]]:
    """Syllables that get a stroke: the most prominent, none too near to another. (frame, prominence)"""
    likely = heard.prominence + 0.22 * rng.standard_normal(len(heard.onsets))
    taken: list[tuple[float, float]] = []
    frames: list[float] = []
    for number in np.argsort(-likely, kind="stable"):
        at = float(heard.onsets[number])
        lively = activity(at)
        if heard.prominence[number] < LEAST_PROMINENCE / lively:
            continue
        place = int(np.searchsorted(frames, at))
        gap = GAP_S * FRAME_RATE / lively
        near = frames[max(0, place - 1) : place + 1]
        if all(abs(at - other) >= gap for other in near):
            frames.insert(place, at)
            taken.append((at, float(heard.prominence[number])))
    return sorted(taken)


def calls(
    words: Sequence[Mark], library: Library, rng: np.random.Generator
) -> list[tuple[float, np.ndarray]]:
    """Words that call a gesture, some of them: (frame, key poses (K, 10, 4))."""
    out: list[tuple[float, np.ndarray]] = []
    for mark in words:
        gesture = library.of_word(mark.text) if mark.kind == "word" else None
        at = mark.start_s * FRAME_RATE
        if (
            gesture is None
            or (out and at - out[-1][0] < CALL_GAP_S * FRAME_RATE)
            or rng.random() > CALL_CHANCE
        ):
            continue
        poses = gesture.strokes
        out.append((at, mirrored(poses) if rng.random() < 0.5 else poses))
    return out


class Script:
    """Key poses, written one unit after another."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.rests = [RESTS[int(rng.integers(len(RESTS)))].varied(rng, 3.0) for _ in range(2)]
        self.keys: list[tuple[float, np.ndarray, bool]] = []
        self.look = rng.normal(0, 4, 3)

    def rest(self) -> np.ndarray:
        """How this person stands between gestures. (10, 4)"""
        (left, right), (down, turn, tilt) = self.rests, self.look
        return pose_of(left, right, (0.6 * down, turn, 0.6 * tilt))

    def add(self, frame: float, pose: np.ndarray, beat: bool = False) -> None:
        """Writes a pose; of two that are too near each other the end of a stroke stays, else the first."""
        while beat and self.keys and not self.keys[-1][2] and frame < self.keys[-1][0] + LEAST_FRAMES:
            self.keys.pop()
        if not self.keys or frame >= self.keys[-1][0] + LEAST_FRAMES:
            self.keys.append((frame, self.reached(frame, pose), beat))

    def reached(self, frame: float, pose: np.ndarray) -> np.ndarray:
        """As much of the way to a pose as there is time for. (10, 4)"""
        if not self.keys:
            return pose
        before, last, _ = self.keys[-1]
        turn = 2 * np.arccos(np.abs((last * pose).sum(-1)).clip(0, 1)).max()
        return between(last, pose, np.array(min(1.0, QUICKEST * (frame - before) / max(1e-6, turn))))

    def unit(
        self, strokes: list[tuple[float, float]], called: list[tuple[float, np.ndarray]], tempo: float
    ) -> None:
        """Writes a unit: out of rest, its strokes, and back."""
        rng, prepare = self.rng, PREPARE_S * FRAME_RATE / tempo
        hands = self.hands()
        home = HOMES[int(rng.integers(len(HOMES)))].varied(rng, 5.0)
        if self.rng.random() < 0.25:
            self.rests = [RESTS[int(rng.integers(len(RESTS)))].varied(rng, 3.0) for _ in range(2)]
        self.add(strokes[0][0] - 2.3 * prepare, self.rest())
        for at, size in strokes:
            extent = (0.48 + 0.6 * size) * float(np.exp(0.18 * rng.standard_normal()))
            call = next((poses for frame, poses in called if abs(frame - at) < 0.35 * FRAME_RATE), None)
            if call is None:
                self.stroke(at, extent, home, hands, prepare)
            else:
                self.meaning(at, call, prepare)
            if rng.random() < CHANGE_CHANCE:
                home, hands = HOMES[int(rng.integers(len(HOMES)))].varied(rng, 5.0), self.hands()
        last = self.keys[-1]
        hold = HOLD_S * FRAME_RATE * rng.uniform(0.5, 2.5)
        self.add(last[0] + hold, last[1])
        self.look = 0.5 * self.look + rng.normal(0, 3.5, 3)
        self.add(last[0] + hold + RETRACT_S * FRAME_RATE / tempo, self.rest())

    def hands(self) -> str:
        """Which hands work."""
        return str(self.rng.choice(["both", "left", "right"], p=HANDS))

    def stroke(self, at: float, extent: float, home: Arm, hands: str, prepare: float) -> None:
        """Writes a beat: the hand is lifted, and comes down or out on the accent."""
        rng = self.rng
        apex = home.towards(STROKES[int(rng.integers(len(STROKES)))], min(1.25, extent)).varied(rng, 4.0)
        rise, forward, bend = (size * extent * rng.uniform(0.6, 1.3) for size in LIFT)
        start = home.towards(apex, 0.25)
        lifted = replace(
            start, rise=start.rise + rise, forward=start.forward + forward, wrist=start.wrist + bend
        )
        self.look = 0.75 * self.look + rng.normal(0, 2.5, 3)
        nod = NOD_DEGREES * extent * rng.uniform(0, 1)
        if self.keys and at - self.keys[-1][0] > 1.5 * prepare:
            self.add(at - prepare, self.both(lifted, hands, -0.5 * nod))
        self.add(at, self.both(apex, hands, nod), beat=True)

    def both(self, arm: Arm, hands: str, nod: float) -> np.ndarray:
        """A pose whose working hands do the same, nearly; the other rests. (10, 4)"""
        arms = [arm.varied(self.rng, 2.0) if hands in ("both", side) else rest
                for side, rest in zip(("left", "right"), self.rests, strict=True)]  # fmt: skip
        down, left, tilt = self.look
        return pose_of(arms[0], arms[1], (down + nod, left, tilt))

    def meaning(self, at: float, poses: np.ndarray, prepare: float) -> None:
        """Writes a gesture that a word calls: its first pose on the word, the others after."""
        for number, pose in enumerate(poses):
            self.add(at + number * 1.1 * prepare, pose, beat=number == 0)

    def plan(self, num_frames: int) -> Plan:
        """What was written, from before the first frame to after the last."""
        first = (-1.0, self.rest(), False)
        keys = [first] + [key for key in self.keys if key[0] > 0]
        keys.append((max(num_frames + 1.0, keys[-1][0] + 10), keys[-1][1], False))
        frames, poses, beats = zip(*keys, strict=True)
        return Plan(np.array(frames), np.stack(poses), np.array(beats))


def poses_along(plan: Plan, frames: np.ndarray) -> np.ndarray:
    """The poses between the keys: each way is made as smoothly as can be. (T,) -> (T, 10, 4)

    Source: minimum jerk: Flash and Hogan 1985, "The coordination of arm movements", equation 1.
    """
    after = np.searchsorted(plan.frames, frames).clip(1, len(plan.frames) - 1)
    span = plan.frames[after] - plan.frames[after - 1]
    s = ((frames - plan.frames[after - 1]) / span).clip(0, 1)
    share = s**3 * (10 - 15 * s + 6 * s**2)
    return between(plan.poses[after - 1], plan.poses[after], share[:, None])

"""From a script to a film: lines said one after another, shots cut, faces, bodies and music made, all put together."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from conditioning.curve_parts import at, name_of, shifted, until
from generators.base import StepCallback
from generators.media import Audio, Mark
from generators.voice.voices import VOICES

from ..composed import provenance
from .feelings import together
from .film import filmed
from .layout import layout_of
from .mixing import Voice, mixed, side_of
from .options import BODY, PORTRAIT, SceneOptions, ScenePrompt
from .parts import Kitchen, opened, padded, sound_file
from .scene import Scene, Shot
from .screenplay import Screenplay, parsed, read_screenplay
from .timing import FASTEST, Placed, cuts, pause_before

if TYPE_CHECKING:
    from conditioning import EmotionCurve

    from ..dubbing.line import Line, Speaker
    from ..dubbing.store import Part, Store
    from ..session import Studio

TRACK_STEP_S = 0.25
# The last chord rings out within the scene.
RINGS_S = 1.5
# Steps that are told of a line's speech, shot and frames, and of the music.
SAID, MOVED, DRAWN, PLAYED = 4, 12, 6, 8
# What is felt later than a line can last makes no difference to it, and must not make it anew.
LINE_S, LETTER_S = 10.0, 0.3


@dataclass(frozen=True)
class Said:
    """A line that has been said.

    Attributes:
        line, speaker: of the script. placed: when. speech: its sound. emotion: from the line's start on.
        own: whether the feeling is not the scene's.
    """

    line: Line
    speaker: Speaker
    placed: Placed
    speech: Part
    emotion: EmotionCurve
    own: bool

    @property
    def heard(self) -> tuple[float, float]:
        """From when until when there is a voice, in s of the scene."""
        return self.placed.start_s + self.speech.onset_s, self.placed.start_s + self.speech.end_s


class Steps:
    """Steps done of steps in all; what a part says of its own steps moves within its share.

    Args:
        total: at least 1. on_step: as in `Backend.generate`.
    """

    def __init__(self, total: int, on_step: StepCallback | None) -> None:
        self.total, self.on_step, self.before, self.last = total, on_step, 0, 0

    def within(self, steps: int) -> StepCallback | None:
        """Gives the callback of a part that is worth so many steps."""
        if self.on_step is None:
            return None

        def step(done: int, total: int) -> None:
            self.tell(self.before + int(steps * min(1.0, done / max(1, total))))

        return step

    def finished(self, steps: int) -> None:
        """Counts a part that is done."""
        self.before += steps
        self.tell(self.before)

    def tell(self, at: int) -> None:
        self.last = max(1, self.last, min(at, self.total))
        if self.on_step:
            self.on_step(self.last, self.total)


@dataclass(frozen=True)
class Acted:
    """All parts of a scene, not yet put together.

    Attributes:
        said: the lines. felt: over the scene's seconds, with what single lines feel of their own. shots: their
            pictures. score: the music; None without. end_s: of the scene.
    """

    said: tuple[Said, ...]
    felt: EmotionCurve
    shots: tuple[Shot, ...]
    score: Part | None
    end_s: float

    @property
    def parts(self) -> list[str]:
        """The files of all of them."""
        kept = [path for shot in self.shots for path in shot.parts.values()]
        return [*kept, *([os.fspath(self.score)] if self.score else [])]


def directed(
    studio: Studio,
    store: Store,
    prompt: ScenePrompt,
    emotion: EmotionCurve,
    options: SceneOptions,
    on_step: StepCallback | None,
) -> Scene:
    """Makes a scene; see `SceneBackend.generate`."""
    play = read_screenplay(prompt)
    if options.from_text:
        play = with_feelings(play)
    kitchen = kitchen_of(studio, store, options)
    steps = Steps(len(play.lines) * (SAID + MOVED + DRAWN) + PLAYED * options.score + 1, on_step)
    made = acted(kitchen, play, emotion, steps)
    sound = sounding(made, options)
    done, frames = steps.before, round(made.end_s * options.frame_rate)

    def on_frame(number: int) -> None:
        steps.tell(done + int(DRAWN * len(made.said) * number / frames))

    film = filmed(
        made.shots,
        marks_of(made.said),
        sound,
        track_of(made.felt, made.end_s),
        options,
        on_frame,
        score=os.fspath(made.score) if made.score else "",
        script=script_of(made.said),
        warnings=(*play.warnings, *late(made.said)),
        provenance=provenance("scene", made.parts, prompt, emotion, options, readers=kitchen.readers),
    )
    steps.tell(steps.total)
    return film


def kitchen_of(studio: Studio, store: Store, options: SceneOptions) -> Kitchen:
    """Gives where the parts of a film of these options are made."""
    layout = layout_of(options.height, options.shows)
    return Kitchen(studio, store, options, layout.face.size if layout.face else (64, 64))


def acted(kitchen: Kitchen, play: Screenplay, emotion: EmotionCurve, steps: Steps) -> Acted:
    """Makes all parts of a scene: first what is said, for it decides when everything else is."""
    options = kitchen.options
    said = spoken(kitchen, play, emotion, steps)
    end_s = round((said[-1].placed.end_s + options.tail_s) * options.frame_rate) / options.frame_rate
    own = [(one.placed.start_s, one.placed.end_s, one.emotion if one.own else None) for one in said]
    felt = together(emotion, own)
    shots = photographed(kitchen, said, felt, end_s, steps)
    score = None
    if options.score:
        score = kitchen.score(end_s - min(RINGS_S, options.tail_s), until(felt, end_s), steps.within(PLAYED))
        steps.finished(PLAYED)
    return Acted(tuple(said), felt, tuple(shots), score, end_s)


def with_feelings(play: Screenplay) -> Screenplay:
    """Gives lines without a feeling the one that their words have; where they have none, the scene's stays."""
    from ..dubbing.line import Script
    from ..dubbing.suggest import suggested

    read = suggested(Script(play.lines, warnings=play.warnings), None)
    lines = tuple(new if new.suggested else old for old, new in zip(play.lines, read.lines, strict=True))
    return replace(play, lines=lines, warnings=read.warnings)


def spoken(kitchen: Kitchen, play: Screenplay, emotion: EmotionCurve, steps: Steps) -> list[Said]:
    """Says the lines in order, each when the one before has ended or at its own time."""
    said: list[Said] = []
    for number, line in enumerate(play.lines):
        speaker = play.cast[line.speaker]
        start_s = start_of(line, said, emotion, play, kitchen.options)
        curve, own = feeling_at(line, play, emotion, start_s)
        try:
            speech = kitchen.speech(line, speaker, curve, steps.within(SAID))
            if play.timed:
                start_s = max(said[-1].placed.end_s if said else 0.0, line.start_s - speech.onset_s)
                following = play.lines[number + 1].start_s if number + 1 < len(play.lines) else None
                room = None if following is None else following - start_s
                if room is not None and speech.duration_s > room >= speech.duration_s / FASTEST:
                    speech = kitchen.speech(line, speaker, curve, None, duration_s=round(room, 3))
        except ValueError as error:
            raise ValueError(f"line {line.number}: {error}") from None
        said.append(Said(line, speaker, Placed(start_s, speech.duration_s), speech, curve, own))
        steps.finished(SAID)
    return said


def start_of(
    line: Line, said: Sequence[Said], emotion: EmotionCurve, play: Screenplay, options: SceneOptions
) -> float:
    """Gives when a line's sound begins: at its cue, or after a pause that goes with what was felt."""
    asked_s = play.pauses.get(line.number, 0.0)
    if play.timed:
        return max(line.start_s, said[-1].placed.end_s if said else 0.0)
    if not said:
        return options.lead_s + asked_s
    before = said[-1]
    arousal = places(before.emotion, [before.placed.length_s])[0][1]
    same = before.line.speaker == line.speaker
    return before.placed.end_s + pause_before(options.pause_s, arousal, same=same, asked_s=asked_s)


def feeling_at(
    line: Line, play: Screenplay, emotion: EmotionCurve, start_s: float
) -> tuple[EmotionCurve, bool]:
    """Gives what a line is said with, from its start on, and whether that is the line's or the speaker's own."""
    if line.emotion is not None:
        return parsed(line.emotion, line.intensity, f"line {line.number}", files=play.timed), True
    own = line.speaker in play.felt
    curve = shifted(play.felt[line.speaker] if own else emotion, start_s)
    curve = until(curve, LINE_S + LETTER_S * len(line.text)) if len(curve.keyframes) > 1 else curve
    if line.intensity is None:
        return curve, own
    return parsed(curve, line.intensity, f"line {line.number}"), True


def photographed(
    kitchen: Kitchen, said: Sequence[Said], felt: EmotionCurve, end_s: float, steps: Steps
) -> list[Shot]:
    """Makes the shot of every line: a face and a body that say it, silent before and after."""
    options, shots = kitchen.options, []
    edges = cuts([one.placed for one in said], end_s, options.frame_rate)
    for one, (first, last) in zip(said, edges, strict=True):
        start_s, stop_s = first / options.frame_rate, last / options.frame_rate
        sound = padded(opened("speech", one.speech), one.placed.start_s - start_s, stop_s - start_s)
        path = sound_file(sound)
        curve = until(shifted(felt, start_s), stop_s - start_s)
        parts = {"speech": os.fspath(one.speech)}
        if options.shows != BODY:
            step = steps.within(MOVED)
            parts["portrait"] = os.fspath(kitchen.portrait(path, one.line, one.speaker, curve, step))
        if options.shows != PORTRAIT:
            parts["gesture"] = os.fspath(
                kitchen.gesture(path, one.line, one.speaker, curve, steps.within(MOVED))
            )
        steps.finished(MOVED)
        shots.append(shot_of(one, start_s, stop_s, parts))
    return shots


def shot_of(one: Said, start_s: float, stop_s: float, parts: dict[str, str]) -> Shot:
    length_s = one.placed.length_s
    rows = places(one.emotion, [length_s * share for share in (0.0, 0.25, 0.5, 0.75, 1.0)])
    valence, arousal = (round(sum(row[axis] for row in rows) / len(rows), 4) for axis in (0, 1))
    speech_s, silent_s = one.heard
    return Shot(
        number=one.line.number,
        speaker=one.line.speaker,
        text=one.line.text,
        start_s=start_s,
        end_s=stop_s,
        speech_s=round(speech_s, 4),
        silent_s=round(silent_s, 4),
        feeling=label_of(one.emotion, length_s),
        valence=valence,
        arousal=arousal,
        emotion=one.emotion.to_json(),
        own=one.own,
        voice=Path(one.line.voice or one.speaker.voice).name,
        image=Path(one.speaker.image).name if one.speaker.image else "",
        parts=parts,
    )


def label_of(curve: EmotionCurve, length_s: float) -> str:
    """Gives a short text of what is felt in the middle of a line."""
    middle = at(curve, length_s / 2)
    return middle.label if middle.code is None else name_of(middle)


def sounding(made: Acted, options: SceneOptions) -> Audio:
    """Mixes the scene's sound."""
    names = list(dict.fromkeys(one.line.speaker for one in made.said))
    voices = [
        Voice(
            one.placed.start_s,
            partial(opened, "speech", one.speech),
            one.speaker.gain_db,
            side_of(names.index(one.line.speaker) % 2 == 1) if len(names) > 1 else 0.0,
            one.heard,
        )
        for one in made.said
    ]
    return mixed(
        voices, opened("music", made.score) if made.score else None, made.end_s,
        score_db=options.score_db, duck_db=options.duck_db,
        loudness_lufs=options.loudness_lufs, peak_dbtp=options.peak_dbtp,
    )  # fmt: skip


def marks_of(said: Sequence[Said]) -> list[Mark]:
    """Gives what sounds when, in the scene's seconds."""
    return [
        replace(mark, start_s=mark.start_s + one.placed.start_s, end_s=mark.end_s + one.placed.start_s)
        for one in said
        for mark in opened("speech", one.speech).marks
    ]


def places(curve: EmotionCurve, times_s: Sequence[float]) -> list[tuple[float, float]]:
    """Gives valence and arousal at times."""
    from conditioning import load_space

    space = load_space()
    return [(row[0], row[1]) for row in space.vad(space.embed_curve(curve, list(times_s))).tolist()]


def track_of(curve: EmotionCurve, end_s: float) -> list[tuple[float, float, float]]:
    """Gives (start in s, valence, arousal) of what is felt."""
    times = [TRACK_STEP_S * number for number in range(1 + int(end_s / TRACK_STEP_S))]
    return [(time, *place) for time, place in zip(times, places(curve, times), strict=True)]


def late(said: Sequence[Said]) -> list[str]:
    """Says which lines came later than their cues, since the ones before took longer."""
    return [
        f"line {one.line.number}: said {one.heard[0] - one.line.start_s:.2f} s after its cue"
        for one in said
        if one.line.end_s > 0 and one.heard[0] - one.line.start_s > 0.02
    ]


def script_of(said: Sequence[Said]) -> str:
    """Gives the script with the times at which it was said, as the dubbing of scripts reads it."""
    rows = []
    for one in said:
        start_s, end_s = one.heard
        row = {
            "start": round(start_s, 3),
            "end": round(end_s, 3),
            "speaker": one.line.speaker,
            "text": one.line.text,
        }
        voice = one.line.voice or one.speaker.voice
        # A recording lies elsewhere, where a script may not reach.
        rows.append(
            {**row, "emotion": one.emotion.to_json(), **({"voice": voice} if voice in VOICES else {})}
        )
    return json.dumps({"lines": rows}, ensure_ascii=False, indent=2)

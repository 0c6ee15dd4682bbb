"""The way of a dub: script, cast, feelings, plan, sound of every line, mix."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from ..composed import provenance
from .line import Cast, Script
from .options import DubbingOptions, DubbingPrompt
from .original import Original, open_original
from .script import few, read_script

if TYPE_CHECKING:
    from conditioning import EmotionCurve
    from generators.base import StepCallback

    from ..session import Studio
    from .dub import Dub, DubLine
    from .hands import Hands
    from .plan import Plan
    from .render import Row
    from .store import Store

# Shares of the work, of which a bar shows how much is done.
PLANNED, RENDERED, STEPS = 0.2, 0.9, 1000


@dataclass(frozen=True)
class Read:
    """What was read before anything is made.

    Attributes:
        script: with a feeling on every line. cast: who has which voice. original: the film or its sound.
    """

    script: Script
    cast: Cast
    original: Original | None


class Production:
    """One dub from its script to its mix; every part can be had alone.

    Args:
        studio: whose voices speak. prompt, options: of the dub.
        emotion: of lines that say none; where it is neutral they get the feeling of their words.
        store: keeps the sound of lines. hands: who makes them; chosen by their number when None.
    """

    def __init__(
        self,
        studio: Studio,
        prompt: DubbingPrompt,
        emotion: EmotionCurve,
        options: DubbingOptions,
        *,
        store: Store,
        hands: Hands | None = None,
    ) -> None:
        self.studio, self.prompt, self.emotion, self.options = studio, prompt, emotion, options
        self.store, self.hands = store, hands

    @cached_property
    def read(self) -> Read:
        """The script, the voices and the film.

        Raises:
            FileNotFoundError, ValueError: one of them cannot be read.
        """
        from .suggest import suggested
        from .voices import read_voices

        cast = read_voices(self.prompt.voices) if self.prompt.voices else {}
        script = read_script(self.prompt.script, cast=cast)
        original = open_original(self.prompt.video) if self.prompt.video else None
        return Read(suggested(script, self.fallback), {**script.cast, **cast}, original)

    @property
    def fallback(self) -> EmotionCurve | None:
        """The feeling of lines that say none; None where it is read off their words."""
        from conditioning import EmotionCurve

        return None if self.emotion == EmotionCurve.parse("neutral") else self.emotion

    def length_s(self, lines: Iterable[DubLine]) -> float | None:
        """Gives how long the dub is; None where it ends with its last line.

        A tail is never lost: what is still said when the film ends is heard all the same.
        """
        found = self.read.original
        if found is None or not self.options.keep_length:
            return None
        ends = (line.start_s - line.onset_s + line.length_s for line in lines if line.is_heard)
        return max(found.length_s, *ends)

    def plan(self, on_step: StepCallback | None = None, hands: Hands | None = None) -> Plan:
        """Plans every line; see `plan.plan_lines`."""
        from .plan import plan_lines

        read = self.read
        return plan_lines(
            self.studio,
            read.script,
            read.cast,
            self.prompt,
            self.options,
            length_s=read.original.length_s if read.original else None,
            on_step=on_step,
            store=self.store,
            hands=hands or self.hands,
        )

    def dub(
        self, on_step: StepCallback | None = None, *, manifest: str | os.PathLike[str] | None = None
    ) -> Dub:
        """Makes the dub; see `backend.DubbingBackend.generate`.

        Args:
            manifest: file that says of every line what happened, while it happens.
        """
        from .dub import lines_of
        from .hands import chosen

        told = Told(on_step)
        # Who has planned a line knows its plan when it is made.
        with chosen(self.studio, self.store, self.hands, self.options.workers) as hands:
            plan = self.plan(told.part(0, PLANNED), hands)
            made_rows = self.rows(plan, told.part(PLANNED, RENDERED), manifest, hands)
            rows = {row.number: row for row in made_rows}
        lines = lines_of(plan.lines, rows)
        if not any(line.is_heard for line in lines):
            why = next((line.error for line in lines if line.error), "the script is empty")
            raise ValueError(f"expected a line that can be dubbed, got none: {why}")
        made = self.mixed(lines, told.part(RENDERED, 1.0))
        return self.on_a_still(made) if self.prompt.image else made

    def rows(
        self,
        plan: Plan,
        on_step: StepCallback | None,
        manifest: str | os.PathLike[str] | None,
        hands: Hands,
    ) -> Iterable[Row]:
        """Makes the sound of every line that is missing."""
        from .manifest import recorded
        from .render import render

        rows = render(self.studio, plan, self.store, on_step=on_step, hands=hands)
        return rows if manifest is None else recorded(rows, manifest, plan)

    def mixed(self, lines: list[DubLine], on_step: StepCallback | None) -> Dub:
        """Mixes the lines with the film's own sound."""
        from .dub import dub_of
        from .mix import mix

        original = self.read.original
        sound = original.path if original and original.has_sound else None
        audio = mix(
            [line.piece for line in lines if line.is_heard],
            sound,
            self.length_s(lines),
            self.options,
            on_step=on_step,
        )
        return dub_of(
            audio,
            lines,
            self.options,
            video=original.path if original and original.has_pictures else "",
            original=sound or "",
            provenance=provenance(
                "dubbing",
                {line.file for line in lines if line.is_heard},
                self.prompt,
                self.emotion,
                self.options,
            ),
            warnings=[*self.read.script.warnings, *few(failures(lines))],
        )

    def on_a_still(self, made: Dub) -> Dub:
        """Gives the dub with a film in which a photo speaks it."""
        from .still_film import still_film

        film = still_film(self.studio, self.store, self.prompt.image, made)
        return replace(made, video=str(film))


class Told:
    """Tells `on_step` of several pieces of work as of one.

    Args:
        on_step: called with steps of `STEPS`; None for nobody.
    """

    def __init__(self, on_step: StepCallback | None) -> None:
        self.on_step, self.last = on_step, 0

    def part(self, start: float, stop: float) -> StepCallback:
        """Gives the callback of a piece that leads from one share of the whole to another."""

        def step(done: int, total: int) -> None:
            if self.on_step:
                share = start + (stop - start) * done / max(1, total)
                self.last = max(self.last, min(STEPS, int(STEPS * share)))
                self.on_step(self.last, STEPS)

        return step


def failures(lines: Iterable[DubLine]) -> list[str]:
    """Gives a warning for every line that is missing, and for each that does not fit."""
    found = [f"line {line.number} is missing: {line.error}" for line in lines if not line.is_heard]
    return found + [
        f"line {line.number} {text}" for line in lines if line.is_heard for text in line.conflicts
    ]

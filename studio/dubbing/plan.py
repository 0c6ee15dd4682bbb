"""The plan of a dub: how long every line can be, how long it is said, and every conflict by name.

Nothing sounds yet. The natural length of a line is that of the very draw which its sound will follow, so the rate
that the plan names is the rate that is heard.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..jobs import one_line
from .fit import Room, fit, rooms
from .hands import Answers, Hands, Orders, chosen
from .line import SPEAK, Cast, Line, Script, Speaker
from .options import DubbingOptions, DubbingPrompt
from .requests import converted, spoken
from .store import Store
from .voices import speaker_of
from .work import measure_order, remember, remembered

if TYPE_CHECKING:
    from generators.base import StepCallback

    from ..session import Studio

# Where the feeling changes over time, the draw depends on how much time there is: asked again so often at most.
ROUNDS = 3
SETTLED_S = 0.005


@dataclass(frozen=True)
class Planned:
    """How one line is said.

    Attributes:
        line: as in the script.
        speaker: who says it, with the line's own voice.
        natural_s, shortest_s, longest_s: lengths that it can have, from the first sound to the end of the last;
            of a converted line all are the stretch's.
        start_s: when the first sound is heard. duration_s: from there to the end of the last.
        rate: against natural; above 1 is faster.
        borrowed_s: silence that was taken from beyond the cue.
        conflicts: what is wrong with the fit, a line each.
        request: "modality" and the arguments of `generate`.
        key: names what the request makes in a store.
        error: why it cannot be dubbed, one line; empty when it can.
    """

    line: Line
    speaker: Speaker
    natural_s: float = 0.0
    shortest_s: float = 0.0
    longest_s: float = 0.0
    start_s: float = 0.0
    duration_s: float = 0.0
    rate: float = 1.0
    borrowed_s: float = 0.0
    conflicts: tuple[str, ...] = ()
    request: dict[str, Any] = field(default_factory=dict)
    key: str = ""
    error: str = ""

    @property
    def end_s(self) -> float:
        """When the last sound ends."""
        return self.start_s + self.duration_s


@dataclass(frozen=True)
class Plan:
    """All lines in the order of the script, and the film's length in s where there is one."""

    lines: tuple[Planned, ...]
    length_s: float | None = None

    @property
    def end_s(self) -> float:
        """When the last sound of all ends."""
        return max((planned.end_s for planned in self.lines if not planned.error), default=0.0)

    @property
    def conflicts(self) -> list[tuple[int, str]]:
        """Gives (number of the line, conflict) of everything that does not fit."""
        return [(planned.line.number, text) for planned in self.lines for text in planned.conflicts]

    @property
    def errors(self) -> list[tuple[int, str]]:
        """Gives (number of the line, why it cannot be dubbed)."""
        return [(planned.line.number, planned.error) for planned in self.lines if planned.error]


def plan_lines(
    studio: Studio,
    script: Script,
    cast: Cast,
    prompt: DubbingPrompt,
    options: DubbingOptions,
    *,
    length_s: float | None = None,
    on_step: StepCallback | None = None,
    store: Store | None = None,
    hands: Hands | None = None,
) -> Plan:
    """Plans every line.

    Args:
        studio: whose voice speaks. script: what is said when. cast: who has which voice.
        prompt, options: of the dub.
        length_s: of the film, beyond which no silence can be borrowed.
        on_step: called as lines are planned, with lines done of lines in all; may raise `Cancelled`.
        store: remembers lengths and stretches of the original, so that planning again is quick; the user's own
            when None.
        hands: who does the work; chosen by the number of lines when None.

    Returns:
        The plan. A line that cannot be dubbed says why, and the rest goes on.

    Raises:
        Cancelled: `on_step` asked for it. OSError: the store cannot be written.
    """
    store, total, done = Store() if store is None else store, max(1, len(script.lines)), 0

    def pulse() -> None:
        if on_step:
            on_step(done, total)

    drafts = []
    for line in script.lines:
        pulse()  # stretches of the original are cut out here
        drafts.append(drafted(line, cast, prompt, options, store))
    good = [at for at, planned in enumerate(drafts) if not planned.error]
    lines = [replace(drafts[at].line, speaker=drafts[at].speaker.name) for at in good]
    around = dict(zip(good, rooms(lines, options, length_s), strict=True))
    speaking = [at for at in good if drafts[at].line.mode == SPEAK]
    done = len(drafts) - len(speaking)
    pulse()
    measuring = Measuring(studio, store, hands, options.workers)
    for at, found in fitted(measuring, drafts, speaking, around, options, pulse):
        drafts[at] = found
        done += 1
        pulse()
    return Plan(tuple(named(studio, store, planned) for planned in drafts), length_s)


def drafted(line: Line, cast: Cast, prompt: DubbingPrompt, options: DubbingOptions, store: Store) -> Planned:
    """Gives a line with who says it and what is asked, before anything of its length is known."""
    speaker = Speaker(line.speaker, prompt.voice)
    try:
        if line.error:
            raise ValueError(line.error)
        speaker = speaker_of(line, cast, speaker)
        if line.mode == SPEAK:
            return Planned(line, speaker, start_s=line.start_s, request=spoken(line, speaker, options))
        request = converted(store, line, prompt, options)
    except (ValueError, OSError) as error:
        return Planned(line, speaker, start_s=line.start_s, error=one_line(error))
    cue_s = line.duration_s
    return Planned(line, speaker, cue_s, cue_s, cue_s, line.start_s, duration_s=cue_s, request=request)


class Measuring:
    """Says how long lines can be: what the store remembers at once, the rest when somebody has measured it.

    Args:
        hands: who measures; chosen by how much is to be done when None. workers: as of the options.
    """

    def __init__(self, studio: Studio, store: Store, hands: Hands | None, workers: int) -> None:
        self.studio, self.store, self.hands, self.workers = studio, store, hands, workers

    def run(self, orders: Orders, pulse: Callable[[], None]) -> Answers:
        """Gives (index of the order, answer); see `hands.Hands.run`."""
        missing = []
        for at, order in enumerate(orders):
            found = None
            with contextlib.suppress(ValueError, OSError):  # who measures it will say why not
                found = remembered(self.studio, self.store, order)
            if found is None:
                missing.append(at)
            else:
                yield at, found
        if missing:
            with chosen(self.studio, self.store, self.hands, self.workers) as hands:
                for number, answer in hands.run([orders[at] for at in missing], pulse=pulse):
                    at = missing[number]
                    # Who measured it may have had a store of their own.
                    if "error" not in answer and remembered(self.studio, self.store, orders[at]) is None:
                        remember(self.studio, self.store, orders[at], answer)
                    yield at, answer


def fitted(
    measuring: Measuring,
    drafts: Sequence[Planned],
    places: Sequence[int],
    around: Mapping[int, Room],
    options: DubbingOptions,
    pulse: Callable[[], None],
) -> Iterator[tuple[int, Planned]]:
    """Measures spoken lines and chooses their lengths.

    Args:
        drafts: all lines. places: of the spoken ones among them. around: place -> its room.

    Yields:
        (place, the line with its lengths and its request).
    """
    files_s: dict[int, float | None] = dict.fromkeys(places)  # length of the whole file, once it is chosen
    for left in reversed(range(ROUNDS)):
        now, files_s = list(files_s.items()), {}
        orders = [measure_order(drafts[at].request, drafts[at].speaker.speed, file_s) for at, file_s in now]
        for number, lengths in measuring.run(orders, pulse):
            at, before = now[number]
            if "error" in lengths:
                yield at, replace(drafts[at], error=lengths["error"])
                continue
            found = lengthened(drafts[at], lengths, around[at], options)
            file_s = found.request["duration_s"]
            if left and changes(found.request) and (before is None or abs(file_s - before) > SETTLED_S):
                files_s[at] = file_s
            else:
                yield at, found


def lengthened(
    planned: Planned, lengths: Mapping[str, float], room: Room, options: DubbingOptions
) -> Planned:
    """Chooses how long a line is said. lengths: as `generators.speech.lengths.Lengths`."""
    natural_s, shortest_s = lengths["natural_s"], lengths["shortest_s"]
    found = fit(natural_s, shortest_s, room, options)
    around_s = lengths["before_s"] + lengths["after_s"]
    return replace(
        planned,
        natural_s=natural_s,
        shortest_s=shortest_s,
        longest_s=lengths["longest_s"],
        duration_s=found.duration_s,
        rate=natural_s / found.duration_s,
        borrowed_s=found.borrowed_s,
        conflicts=found.conflicts,
        request={**planned.request, "duration_s": round(found.duration_s + around_s, 6)},
    )


def changes(request: Mapping[str, Any]) -> bool:
    """Says whether a request's feeling changes over time."""
    return len(request["emotion"].get("keyframes", ())) > 1


def named(studio: Studio, store: Store, planned: Planned) -> Planned:
    """Gives a line with the key of its request."""
    if planned.error:
        return planned
    request = dict(planned.request)
    try:
        return replace(planned, key=store.key(studio, request.pop("modality"), request))
    except (ValueError, OSError) as error:
        return replace(planned, error=one_line(error))

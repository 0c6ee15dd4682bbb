"""The plan of a dub on the page: how long every line takes, what fits, and what is in conflict."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

import gradio as gr

from .making import bar_html, message_html, note_html, one_line
from .script_rows import Row, counted, lines_from, rows_from

if TYPE_CHECKING:
    from ..dubbing.plan import Plan
    from .medium_tab import MediumTab

logger = logging.getLogger(__name__)
TOLD_S = 0.3


def add_plan() -> tuple[Any, Any]:
    """Adds the button and the place where it says how far it is; gives both."""
    with gr.Row(elem_classes="small-row plan-row"):
        button = gr.Button("Check the timing", size="md", elem_id="dubbing-plan", elem_classes="quiet")
        told = gr.HTML(
            note_html("How long each line takes and whether it fits, before anything is said."),
            apply_default_css=False,
            elem_id="dubbing-plan-told",
        )
    return button, told


def wire_plan(tab: MediumTab, button: Any, told: Any, desk: Any) -> None:
    """Joins the button to the rows."""

    def run(value: Any, *values: Any) -> Iterator[list[Any]]:
        try:
            rows = rows_from(value)
            request = tab.request(values)
            for step in planning(tab, request):
                if isinstance(step, str):
                    yield [gr.skip(), step]
                else:
                    seen = view_of(step, rows)
                    summary = summary_of(seen)
                    yield [gr.update(plan=seen, told=summary), note_html(summary)]
        except (ValueError, OSError) as error:
            yield [gr.skip(), message_html(one_line(error))]
        except Exception as error:  # whatever went wrong, the page must say so
            logger.exception("the page could not plan a dub")
            yield [gr.skip(), message_html(f"{type(error).__name__}: {one_line(error)}")]

    button.click(
        run,
        [desk, *tab.inputs],
        [desk, told],
        show_progress="hidden",
        api_visibility="private",
        concurrency_limit=1,
    )


def planning(tab: MediumTab, request: dict[str, Any]) -> Iterator[Any]:
    """Gives a progress bar now and then, and at last the plan.

    Raises:
        ValueError: what rendering would refuse before it starts.
    """
    studio = tab.workshop.queue.studios[0]
    modality = request.pop("modality")
    prompt, options, curve = studio.check(modality, **request)
    progress = [0, 0]

    def on_step(step: int, total: int) -> None:
        progress[:] = step, total

    def work() -> Plan:
        # The backend is only free when nothing else is being made.
        return studio.backend(modality).production(prompt, curve, options).plan(on_step)

    with ThreadPoolExecutor(1) as pool:
        plan = pool.submit(work)
        while not wait([plan], TOLD_S).done:
            step, total = progress
            yield bar_html(
                step / total if total else 0.0,
                f"Line {step} of {total}" if total else "Waiting for the voice",
            )
        yield plan.result()


def view_of(plan: Plan, rows: Sequence[Row]) -> dict[str, Any]:
    """Gives what the browser shows of each row by its id; rows that cannot be dubbed say why."""
    _, taken, problems = lines_from(rows)
    seen: dict[str, Any] = {
        row["id"]: {"rev": row["rev"], "error": problems[row["id"]]} for row in rows if row["id"] in problems
    }
    by_number = dict(enumerate(taken, start=1))
    for planned in plan.lines:
        row = by_number.get(planned.line.number)
        if row is None:
            continue
        seen[row["id"]] = {
            "rev": row["rev"],
            "start": round(planned.start_s, 3),
            "length": round(planned.duration_s, 3),
            "rate": round(planned.rate, 3),
            "borrowed": round(planned.borrowed_s, 3),
            "conflicts": list(planned.conflicts),
            "error": planned.error,
        }
    return seen


def summary_of(seen: dict[str, Any]) -> str:
    """Gives one line about a plan: what fits, what is faster than usual, what is in conflict."""
    fits = [each for each in seen.values() if not each["error"]]
    faster = [each["rate"] for each in fits if each["rate"] > 1.005]
    borrowed = sum(each["borrowed"] > 0.005 for each in fits)
    clashes = sum(bool(each["conflicts"]) for each in fits)
    words = [
        counted(len(fits), "line") + (" planned" if clashes or len(fits) < len(seen) else " planned, all fit")
    ]
    if faster:
        words.append(f"{len(faster)} said faster, {max(faster):.2f}× at most")
    if borrowed:
        words.append(f"{borrowed} with silence borrowed")
    if clashes:
        words.append(f"{clashes} in conflict")
    if len(fits) < len(seen):
        words.append(f"{len(seen) - len(fits)} cannot be dubbed")
    return " · ".join(words)

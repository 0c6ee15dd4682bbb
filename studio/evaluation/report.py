"""What the reports of all media share: targets, the files of a report, and figures in the manifest."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

# Weights that several media stand on; see `generators.voice`.
SHARED = "generators.voice."


class Targets(dict[str, dict[str, Any]]):
    """Measured figures beside what they have to reach: name -> {"value", "target", "passed"}."""

    def at_least(self, name: str, value: float, target: float) -> None:
        """Notes a figure that is good when it is high."""
        self[name] = {"value": value, "target": f">= {target:.4g}", "passed": bool(value >= target)}

    def at_most(self, name: str, value: float, target: float) -> None:
        """Notes a figure that is good when it is low."""
        self[name] = {"value": value, "target": f"<= {target:.4g}", "passed": bool(value <= target)}


def target_lines(targets: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Gives targets as the rows of a Markdown table."""
    lines = ["| measure | value | target | |", "|---|---|---|---|"]
    for name, row in targets.items():
        state = "reached" if row["passed"] else "missed"
        lines.append(f"| {name} | {row['value']:.3g} | {row['target']} | {state} |")
    return lines


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    """Gives rows as a Markdown table."""
    shown = [[f"{value:.3g}" if isinstance(value, float) else str(value) for value in row] for row in rows]
    lines = [head, ["---"] * len(head), *shown]
    return ["| " + " | ".join(line) + " |" for line in lines]


def sections_markdown(
    title: str,
    results: Mapping[str, Any],
    pictures: Mapping[str, str],
    parts: Mapping[str, Callable[[Any], list[str]]],
) -> str:
    """Gives a report as Markdown: targets, pictures, and what was found section by section.

    Args:
        pictures: file -> what it shows. parts: section -> function(what was found) that gives its lines.
    """
    lines = [f"# {title}", "", *target_lines(results.get("targets", {})), ""]
    for name, shown in pictures.items():
        lines += [f"![{shown}]({name})", ""]
    for name, lines_of in parts.items():
        if name in results:
            lines += [f"## {name.capitalize()}", "", *lines_of(results[name]), ""]
    return "\n".join(lines).rstrip() + "\n"


def write_report(results: Mapping[str, Any], folder: Path, text: str, name: str = "report") -> None:
    """Writes NAME.json and NAME.md, each only when whole."""
    import checkpoints

    folder.mkdir(parents=True, exist_ok=True)
    whole = json.dumps(results, indent=2, ensure_ascii=False)
    for suffix, content in ((".json", whole), (".md", text)):
        with checkpoints.replace_file(folder / f"{name}{suffix}") as path:
            path.write_text(content + "\n", encoding="utf-8")


def record_figures(checkpoint: str, figures: Mapping[str, Any]) -> None:
    """Adds figures to those that the manifest and the model card have of a checkpoint.

    Args:
        checkpoint: its name.
        figures: numbers, or rows of `Targets`, of which value and target are kept. Figures of the same name
            are replaced; all others stay, so that a part can be measured again.
    """
    import checkpoints
    from checkpoints.cards import write_cards

    found = {name: recorded(value) for name, value in figures.items()}
    before = checkpoints.describe(checkpoint).figures
    checkpoints.update_manifest(checkpoint, {"figures": {**before, **found}})
    write_cards(checkpoints.ROOT)


def recorded(value: Any) -> Any:
    """Gives a figure as the manifest keeps it."""
    return {name: value[name] for name in ("value", "target")} if isinstance(value, Mapping) else value


def named_weights(modality: str, checkpoint: str) -> str:
    """Gives the name of a medium's weights, of its best ones for "auto"."""
    from generators import registry

    return registry.backend_class(modality).checkpoints[0] if checkpoint == "auto" else checkpoint


def weights_of(modality: str, checkpoint: str) -> str:
    """Gives a text that changes when any weights that take part in making clips change.

    Args:
        modality: name of the medium.
        checkpoint: name of the weights chosen; beside them count those that are no choice, of the medium and
            of what it shares with others (a vocoder), and the emotion space.
    """
    import checkpoints
    from generators import registry

    chosen = named_weights(modality, checkpoint)
    choices = registry.backend_class(modality).checkpoints
    return ",".join(
        f"{name}:{entry.sha256[:16]}:{json.dumps(entry.extra.get('calibration'))}"
        for name, entry in checkpoints.manifest().items()
        if name in (chosen, "emotion-space")
        or (entry.cls.startswith((f"generators.{modality}.", SHARED)) and name not in choices)
    )


def shipped_generate() -> Callable[..., Any]:
    """Gives the public call, on the CPU: figures must not depend on who has a GPU."""
    from studio.session import generate

    return partial(generate, device="cpu")


def check_sections(sections: tuple[str, ...], known: tuple[str, ...]) -> None:
    """Refuses trials that do not exist.

    Raises:
        ValueError: names those that do.
    """
    for section in sections:
        if section not in known:
            raise ValueError(f"expected sections out of {', '.join(known)}, got {section!r}")

"""What is felt in texts: JSON rows, a table, the wheel of labels and the valence-arousal plane."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checkpoints import replace_file

from .pictures import colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from rich.text import Text

AXES = ("valence", "arousal", "dominance")
INK, MUTED, FAINT, PAPER = "#22242c", "#70747f", "#dcdee4", "#fbfaf7"
MARK = "#1d1f27"
NAME_SIZE = 7.2
# States named on the plane where there is room, in this order.
NAMED = (
    "joy", "excitement", "love", "pride", "gratitude", "optimism", "curiosity", "surprise", "anger", "rage",
    "fear", "disgust", "nervousness", "annoyance", "embarrassment", "sadness", "grief", "disappointment",
    "remorse", "boredom", "melancholy", "nostalgia", "bittersweet", "longing", "relief", "calm",
    "contentment", "tenderness", "weariness", "triumph", "amusement", "confusion", "realization",
    "pensiveness", "dreaminess", "terror", "caring", "ecstasy",
)  # fmt: skip


def read_texts(texts: Sequence[str]) -> list[dict[str, Any]]:
    """Reads what is felt in each text.

    Returns:
        For each text: "text", "labels" (28 GoEmotions names -> probability), "chosen" (the labels above their
        thresholds, most probable first; at least one), "vad" (three numbers in -1..1), "vad_std" (their
        standard deviations) and "entropy" (0 all on one label, 1 evenly over all).
    """
    import torch

    from conditioning import load_space, load_text_encoder
    from conditioning.encoders.text import entropy

    if not texts:
        return []
    encoder, names = load_text_encoder(), load_space().label_names
    with torch.no_grad():
        reading = encoder.encode(list(texts))
        spread = entropy(reading.probabilities)
    thresholds = dict(zip(names, encoder.config["thresholds"], strict=True))
    rows = []
    for index, text in enumerate(texts):
        labels = dict(zip(names, rounded(reading.probabilities[index]), strict=True))
        rows.append(
            {
                "text": text,
                "labels": labels,
                "chosen": choose(labels, thresholds),
                "vad": rounded(reading.vad[index]),
                "vad_std": rounded(reading.vad_std[index]),
                "entropy": round(float(spread[index]), 4),
            }
        )
    return rows


def choose(labels: dict[str, float], thresholds: dict[str, float]) -> list[str]:
    """Gives the labels above their thresholds, most probable first; at least the nearest to its own."""
    order = sorted(labels, key=lambda name: -labels[name])
    above = [name for name in order if labels[name] >= thresholds[name]]
    return above or [max(order, key=lambda name: labels[name] / thresholds[name])]


def rounded(values: Any) -> list[float]:
    return [round(float(value), 4) for value in values]


def table(reading: dict[str, Any], rows: int = 6) -> Text:
    """Lays one reading out for a terminal; `str()` of it is the plain text.

    Args:
        reading: one row of `read_texts`.
        rows: how many labels to show; all chosen ones are shown.
    """
    from rich.text import Text

    text = Text(reading["text"].strip() + "\n", style="bold")
    labels, chosen = reading["labels"], reading["chosen"]
    shown = sorted(labels, key=lambda name: (name not in chosen, -labels[name]))[: max(rows, len(chosen))]
    for name in shown:
        line = f"  {'*' if name in chosen else ' '} {name:<15}{labels[name]:6.3f}  {bar(labels[name])}\n"
        text.append(line, style="" if name in chosen else "dim")
    for axis, value, spread in zip(AXES, reading["vad"], reading["vad_std"], strict=True):
        text.append(f"    {axis:<14}{value:+7.3f}  ± {spread:.3f}\n")
    text.append(f"    {'uncertainty':<15}{reading['entropy']:6.3f}  (0 one label, 1 all alike)")
    return text


def bar(share: float, width: int = 24) -> str:
    return "█" * round(share * width) or "▏"


def plot(what: Any, path: str | Path) -> Path:
    """Draws the wheel of labels and the valence-arousal plane.

    Args:
        what: one row of `read_texts`, or anything `EmotionCurve.parse` takes.
        path: .png, .svg or .pdf; written under its name only when whole.
    """
    from matplotlib.figure import Figure

    reading = what if isinstance(what, dict) and "labels" in what else reading_of(what)
    figure = Figure(figsize=(12.6, 7.1), facecolor=PAPER)
    wheel = figure.add_axes((0.095, 0.115, 0.32, 0.568), projection="polar")
    plane = figure.add_axes((0.545, 0.08, 0.43, 0.763))
    draw_wheel(wheel, reading["labels"], reading["chosen"])
    draw_plane(plane)
    draw_points(plane, reading)
    title = reading["text"] if len(reading["text"]) <= 90 else reading["text"][:87] + "..."
    figure.text(
        0.035, 0.93, f"“{title}”" if "vad_std" in reading else title, fontsize=15, color=INK, va="center"
    )
    figure.text(0.035, 0.90, summary(reading), fontsize=10, color=MUTED, va="center")
    return write(figure, Path(path))


def write(figure: Figure, path: Path) -> Path:
    with replace_file(path) as partial:
        figure.savefig(partial, dpi=150, format=path.suffix.lstrip(".") or "png")
    return path


def summary(reading: dict[str, Any]) -> str:
    spread = reading.get("vad_std", [None] * 3)
    parts = [
        f"{axis} {value:+.2f}" + (f" ± {std:.2f}" if std is not None else "")
        for axis, value, std in zip(AXES, reading["vad"], spread, strict=True)
    ]
    return "   ·   ".join([", ".join(reading["chosen"][:4]), *parts])


def reading_of(what: Any) -> dict[str, Any]:
    """Gives an emotion or a curve as a reading: its label, its probabilities, the way it takes."""
    import torch

    from conditioning import EmotionCurve, load_space

    curve, space = EmotionCurve.parse(what), load_space()
    first, last = curve.keyframes[0][0], curve.keyframes[-1][0]
    with torch.no_grad():
        z = space.embed_curve(curve, torch.linspace(first, last, 1 if curve.is_constant else 60).tolist())
        probabilities = space.label_logits(z).sigmoid().amax(0)
        stops = space.vad(space.embed_curve(curve, [time_s for time_s, _ in curve.keyframes]))
        way = space.vad(z)
    labels = dict(zip(space.label_names, rounded(probabilities), strict=True))
    chosen = [name for name in sorted(labels, key=lambda name: -labels[name]) if labels[name] >= 0.4]
    reading = {"text": curve.label, "labels": labels, "vad": rounded(way[0])}
    reading["chosen"] = chosen or [max(labels, key=lambda name: labels[name])]
    if not curve.is_constant:
        reading |= {"way": [rounded(row) for row in way], "stops": [rounded(row) for row in stops]}
    return reading


def colour(valence: float, arousal: float) -> tuple[float, float, float]:
    """Gives the colour of a place."""
    import numpy as np

    red, green, blue = colours(np.array([valence]), np.array([arousal]))[0]
    return float(red), float(green), float(blue)


def draw_wheel(axes: Any, labels: dict[str, float], chosen: Sequence[str]) -> None:
    """Draws label probabilities as petals, each where its feeling lies around the plane."""
    import math

    from conditioning.names import STATES

    names = [name for name in labels if name != "neutral"]
    names.sort(key=lambda name: math.atan2(STATES[name][1], STATES[name][0]))
    width = 2 * math.pi / len(names)
    axes.set_facecolor(PAPER)
    axes.set_ylim(0, 1.0)
    axes.set_axis_off()
    for radius in (0.25, 0.5, 0.75, 1.0):
        ring = hub(radius)
        axes.plot(
            [step * math.pi / 90 for step in range(181)], [ring] * 181, color=FAINT, linewidth=0.8, zorder=0
        )
        axes.text(0, ring, f"{radius:g}", fontsize=6.5, color=MUTED, ha="center", va="center", zorder=4)
    for index, name in enumerate(names):
        angle, share = (index + 0.5) * width - math.pi, labels[name]
        shade = colour(*STATES[name][:2])
        axes.bar(angle, 1 - hub(0), width * 0.86, bottom=hub(0), color=shade, alpha=0.09, zorder=1)
        axes.bar(angle, hub(share) - hub(0), width * 0.86, bottom=hub(0), color=shade, zorder=2)
        turned = math.degrees(angle) % 360
        flip = 90 < turned < 270
        axes.text(
            angle, 1.04, f"{name} {share:.2f}" if name in chosen else name,
            rotation=turned + 180 if flip else turned, rotation_mode="anchor", ha="right" if flip else "left",
            va="center", fontsize=9, color=INK if name in chosen else MUTED,
            fontweight="bold" if name in chosen else "normal",
        )  # fmt: skip
    neutral = labels.get("neutral", 0.0)
    axes.text(0, 0, f"neutral\n{neutral:.2f}", ha="center", va="center", fontsize=8.5, color=INK, zorder=5,
              fontweight="bold" if "neutral" in chosen else "normal")  # fmt: skip


def hub(share: float) -> float:
    """Radius of a probability: petals grow from a hub."""
    return 0.2 + 0.8 * share


def draw_plane(axes: Axes) -> None:
    """Draws the valence-arousal plane with every state of the space."""
    import numpy as np

    from conditioning.names import STATES

    grid = np.linspace(-1, 1, 81)
    shades = colours(*np.meshgrid(grid, grid))
    axes.imshow(
        shades, extent=(-1.08, 1.08, -1.08, 1.08), origin="lower", alpha=0.13, interpolation="bilinear"
    )
    axes.set(xlim=(-1.08, 1.08), ylim=(-1.08, 1.08), aspect="equal")
    axes.axhline(0, color="white", linewidth=1.6)
    axes.axvline(0, color="white", linewidth=1.6)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.tick_params(length=0, labelsize=8, labelcolor=MUTED)
    axes.set_xticks([-1, -0.5, 0, 0.5, 1])
    axes.set_yticks([-1, -0.5, 0, 0.5, 1])
    axes.set_xlabel("valence", fontsize=9.5, color=MUTED)
    axes.set_ylabel("arousal", fontsize=9.5, color=MUTED, labelpad=2)
    for valence, arousal, _ in STATES.values():
        axes.scatter(valence, arousal, s=16, color=colour(valence, arousal), linewidth=0, alpha=0.9, zorder=2)
    for name, x, y in place_names(axes, {name: STATES[name][:2] for name in NAMED}):
        axes.text(x, y, name, ha="center", va="center", fontsize=NAME_SIZE, color=MUTED, zorder=2)


def place_names(axes: Axes, places: dict[str, tuple[float, float]]) -> list[tuple[str, float, float]]:
    """Gives names with where to write them, above or below their points; names without room are left out."""
    unit = 2.16 * axes.figure.dpi / (axes.bbox.width * 72)  # plane units a point
    height = NAME_SIZE * 1.25 * unit
    taken: list[tuple[float, ...]] = []
    written: list[tuple[str, float, float]] = []
    for name, (x, y) in places.items():
        half = 0.29 * NAME_SIZE * unit * len(name)
        middle = min(1.06 - half, max(half - 1.06, x))
        for centre in (y + 0.95 * height, y - 0.95 * height):
            box = (middle - half, middle + half, centre - height / 2, centre + height / 2)
            if all(box[1] < b[0] or box[0] > b[1] or box[3] < b[2] or box[2] > b[3] for b in taken):
                taken.append(box)
                written.append((name, middle, centre))
                break
    return written


def draw_points(axes: Axes, reading: dict[str, Any]) -> None:
    """Marks a reading on the plane, with its uncertainty, or the way a curve takes."""
    from matplotlib.patches import Ellipse

    valence, arousal = reading["vad"][:2]
    if "way" in reading:
        way, stops = reading["way"], reading["stops"]
        axes.plot([row[0] for row in way], [row[1] for row in way], color=MARK, linewidth=2, zorder=5)
        for number, stop in enumerate(stops, 1):
            axes.scatter(stop[0], stop[1], s=190, color=MARK, edgecolor="white", linewidth=1.6, zorder=6)
            axes.text(
                stop[0], stop[1], str(number), color="white", fontsize=8, ha="center", va="center", zorder=7
            )
        return
    if "vad_std" in reading:
        spread = reading["vad_std"]
        for times, alpha in ((1, 0.12), (2, 0.07)):
            size = 2 * times * spread[0], 2 * times * spread[1]
            axes.add_patch(Ellipse((valence, arousal), *size, color=MARK, alpha=alpha, linewidth=0, zorder=3))
    axes.plot([0, valence], [0, arousal], color=MARK, linewidth=1.4, alpha=0.7, zorder=4)
    axes.scatter(valence, arousal, s=150, color=MARK, edgecolor="white", linewidth=2, zorder=6)

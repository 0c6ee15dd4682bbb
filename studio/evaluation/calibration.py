"""The intensity dial: a monotone map, fitted on the frozen evaluator of a medium, makes its steps even."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from .options import MEASURED, imported

if TYPE_CHECKING:
    import numpy as np

    from generators.media import Media

INTENSITIES = tuple(step / 10 for step in range(11))
CALIBRATION_SEED = 900_000


class Ear(Protocol):
    """What the calibration of a medium listens with.

    Attributes:
        emotions: whose dials are turned.
        clips: how many are usual at each step.
    """

    emotions: tuple[str, ...]
    clips: int

    def request(self, at: int) -> dict[str, Any]:
        """What is asked for in clip number `at`, beside emotion, intensity and seed."""

    def hear(self, media: Media) -> Any:
        """What is kept of a clip."""

    def ready(self, neutral: Sequence[Any]) -> None:
        """Gets what was heard at intensity 0, once, before anything is scored."""

    def strength(self, heard: Sequence[Any], emotion: str) -> np.ndarray:
        """How strong an emotion is in clips; (N,), clip 0 first."""


def calibrate(
    checkpoint: str,
    *,
    clips: int | None = None,
    on_step: Callable[[int, int], None] | None = None,
    generate: Callable[..., Any] | None = None,
    ear: Ear | None = None,
) -> dict[str, list[float]]:
    """Measures how the evaluator's score rises with intensity, and writes the map into the manifest.

    The map that the weights have is left alone until the new one is there, and is not applied while
    measuring. The seeds are none that a report uses.

    Args:
        checkpoint: name of the weights of a medium.
        clips: of each emotion at each of eleven intensities.
        on_step: (clips done, clips in all).
        generate: a stand-in for `Studio.generate`.
        ear: a stand-in for the medium's evaluator.

    Returns:
        {"dial": [0 .. 1.5], "intensity": what the backend makes of it}.

    Raises:
        ValueError: weights of no medium that has a dial, or fewer than one clip.
        CheckpointError: no such weights.
    """
    import numpy as np

    import checkpoints
    from conditioning.calibration import fit_calibration

    modality = medium_of(checkpoint)
    if ear is None:
        ear = imported(MEASURED[modality].ear)()
    generate = generate or uncalibrated(modality, checkpoint)
    count = ear.clips if clips is None else clips
    if count < 1:
        raise ValueError(f"expected at least 1 for clips, got {count}")
    done, total = 0, count * (1 + len(ear.emotions) * (len(INTENSITIES) - 1))

    def heard(emotion: str, intensity: float) -> list[Any]:
        nonlocal done
        found = []
        for at in range(count):
            asked = {**ear.request(at), "seed": CALIBRATION_SEED + at, "checkpoint": checkpoint}
            made = generate(modality, emotion=emotion, intensity=intensity, **asked)
            found.append(ear.hear(made.media))
            done += 1
            if on_step:
                on_step(done, total)
        return found

    neutral = heard(ear.emotions[0], 0.0)  # by contract the same for all emotions
    ear.ready(neutral)
    scores = np.zeros((len(ear.emotions), len(INTENSITIES)))
    for number, emotion in enumerate(ear.emotions):
        scores[number, 0] = ear.strength(neutral, emotion).mean()
        for level, intensity in enumerate(INTENSITIES[1:], 1):
            scores[number, level] = ear.strength(heard(emotion, intensity), emotion).mean()
    calibration = fit_calibration(INTENSITIES, scores)
    kept = checkpoints.describe(checkpoint).extra
    checkpoints.update_manifest(checkpoint, {"extra": {**kept, "calibration": calibration}})
    return calibration


def medium_of(checkpoint: str) -> str:
    """Gives the medium that weights are a choice of.

    Raises:
        ValueError: they are of none that has a dial.
        CheckpointError: no such weights.
    """
    import checkpoints
    from generators import registry

    checkpoints.describe(checkpoint)
    known = {name: registry.backend_class(name).checkpoints for name, row in MEASURED.items() if row.ear}
    for modality, names in known.items():
        if checkpoint in names:
            return modality
    names = [name for choices in known.values() for name in choices]
    raise ValueError(f"expected weights with a dial, out of {', '.join(names)}, got {checkpoint!r}")


def uncalibrated(modality: str, checkpoint: str) -> Callable[..., Any]:
    """Gives `generate` of a Studio of its own, in which the weights have lost their map."""
    from studio.session import Studio

    studio = Studio(device="cpu")
    model = studio.backend(modality).weights.get(checkpoint)
    model.checkpoint = dataclasses.replace(model.checkpoint, extra=without_map(model.checkpoint.extra))
    return studio.generate


def without_map(extra: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in extra.items() if name != "calibration"}

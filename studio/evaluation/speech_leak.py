"""Codes for the probes of what leaks: who speaks from what is felt, and what is felt from who speaks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .speech_audio import Recording, at_rate, read_corpus, read_sound
from .speech_evaluator import LABELS

if TYPE_CHECKING:
    import numpy as np

    from generators.speech.examples import AlignedCorpus

ACTED = "ravdess-speech-en-NC"
ENCODER = "speech-encoder"
PARTS = ("prosody", "acoustic")
Codes = dict[str, tuple["np.ndarray", list[str]]]


def shipped_codes(checkpoint: str, data_dir: str | Path) -> Codes:
    """Gives {title: (codes (N, D), N labels)} of speech weights; each title says what is probed.

    "as named" is what an emotion given by name becomes, drawn as in training for each acted clip: it can only
    know the speaker by how often he acts what. "as heard" is what a clip given as the reference becomes:
    there a voice can slip through, and emotions and lines are the same for all speakers. "from the speaker
    condition" is the row of a speaker's table: what it tells of emotion is what he has more clips of.
    "expression" is what the prosody model is taught that an emotion does, per speaker.

    Args:
        checkpoint: name of the weights.
        data_dir: holds RAVDESS and EmoDB. The expressions come from the recipe's prepared corpus and are left
            out where there is none.
    """
    import checkpoints

    model = checkpoints.load(checkpoint)
    rows = acted_rows(data_dir, ACTED)
    answer = named_codes(model, rows) | table_codes(model, [*rows, *acted_rows(data_dir, "emodb-de")])
    if ENCODER in checkpoints.manifest():
        answer |= heard_codes(model, rows)
    aligned = prepared(checkpoint)
    if aligned is not None:
        answer |= expression_codes(aligned)
    return answer


def conditions_of(model: Any, points: np.ndarray) -> dict[str, np.ndarray]:
    """(N, 64) points of the emotion space -> (N, D) emotion condition of each part."""
    import torch

    with torch.no_grad():
        given = torch.from_numpy(points).float()
        return {part: getattr(model, part).conditions.emotion(given).numpy() for part in PARTS}


def acted_rows(data_dir: str | Path, corpus: str) -> list[Recording]:
    return [row for row in read_corpus(data_dir, corpus) if row.emotion in LABELS]


def named_codes(model: Any, rows: Sequence[Recording]) -> Codes:
    """Points drawn by label, as in training."""
    import numpy as np
    import torch

    from conditioning import load_space
    from generators.voice.corpus import Utterance
    from generators.voice.points import EmotionPoints

    points, generator = EmotionPoints(load_space()), torch.Generator().manual_seed(0)

    def said(row: Recording) -> Utterance:
        strength = 0.6 if row.intensity == "normal" else 1.0
        return Utterance("", row.speaker, row.language, row.emotion, strength, row.text, False, 0, 0)

    drawn = np.stack([points.draw(said(row), generator).numpy() for row in rows])
    speakers = [row.speaker for row in rows]
    return {
        f"speaker from the emotion condition of {part}, as named": (codes, speakers)
        for part, codes in conditions_of(model, drawn).items()
    }


def table_codes(model: Any, rows: Sequence[Recording]) -> Codes:
    """The rows of the speaker table, one for each clip of a speaker whom the weights know."""
    table = list(model.config["speakers"])
    known = [row for row in rows if row.speaker in table]
    emotions, at = [row.emotion for row in known], [table.index(row.speaker) for row in known]
    return {
        f"emotion from the speaker condition of {part}": (
            getattr(model, part).conditions.speaker.weight.detach().numpy()[at],
            emotions,
        )
        for part in PARTS
    }


def heard_codes(model: Any, rows: Sequence[Recording]) -> Codes:
    """What the speech encoder hears in clips, and what the model makes of that."""
    import numpy as np

    import checkpoints
    from conditioning.encoders.speech_frames import RATE

    encoder = checkpoints.load(ENCODER)
    heard = np.stack([encoder.encode(at_rate(*read_sound(row.path), RATE)).numpy() for row in rows])
    speakers, emotions = [row.speaker for row in rows], [row.emotion for row in rows]
    found: Codes = {
        "speaker from the encoder's point, as heard": (heard, speakers),
        "emotion from the encoder's point, as heard": (heard, emotions),
    }
    for part, codes in conditions_of(model, heard).items():
        found[f"speaker from the emotion condition of {part}, as heard"] = (codes, speakers)
    return found


def prepared(checkpoint: str) -> AlignedCorpus | None:
    """Gives the aligned recordings that weights were trained on, where the recipe left them."""
    from omegaconf import OmegaConf

    import training
    from generators.speech.train_prosody import prepared_alignment
    from generators.voice.corpus import load_corpus

    recipe = Path(training.__path__[0]) / "configs" / f"{checkpoint}.yaml"
    config: Any = OmegaConf.to_container(OmegaConf.load(recipe))
    cache = Path(config["cache"])
    if not ((cache / "index.json").exists() and (cache / "durations.json").exists()):
        return None
    return prepared_alignment(load_corpus(cache), config)


def expression_codes(aligned: AlignedCorpus) -> Codes:
    """The 8 numbers of an utterance's expression, less the speaker's own neutral ones and, beside it, not."""
    import numpy as np

    acted = {item.speaker for item in aligned.items if item.utterance.emotion not in ("", "neutral")}
    items = [item for item in aligned.items if item.speaker in acted]
    less = np.stack([item.expression for item in items])
    whole = less + aligned.speaker_expression[[item.speaker for item in items]]
    speakers = [aligned.speakers[item.speaker] for item in items]
    return {
        "speaker from the expression less his own": (less, speakers),
        "speaker from the expression as it is": (whole, speakers),
        "emotion from the expression less the speaker's own": (less, [i.utterance.emotion for i in items]),
    }

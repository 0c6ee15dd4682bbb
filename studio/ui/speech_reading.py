"""The sentences of a text and what each feels: read by the text encoder, kept where a person changed it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checkpoints import CheckpointError
from conditioning import Emotion
from conditioning.names import GOEMOTIONS, NEUTRAL
from generators.base import shorten

from ..sentence_emotions import LANGUAGE, likeliest
from .colour import css_colour
from .feeling import read_number
from .making import one_line

if TYPE_CHECKING:
    from generators.voice.phones import Sentence

MOST_SENTENCES = 400
STRONGEST = 1.5


@dataclass(frozen=True)
class Row:
    """One sentence.

    Attributes:
        text: as written.
        emotion: anything that `Emotion.parse` takes as text.
        intensity: 0..1.5.
    """

    text: str
    emotion: str = NEUTRAL
    intensity: float = 1.0

    def feeling(self) -> Emotion:
        """Gives the emotion; raises ValueError. Text from a page never names a file."""
        return Emotion.parse(self.emotion, self.intensity, files=False)


def sentences_of(text: str, language: str) -> list[str]:
    """Splits a text as the backend does.

    Raises:
        ValueError: no words, a language that is not spoken, or too many sentences to set one by one.
    """
    return [sentence.text for sentence in read(text, language)]


def read(text: str, language: str) -> list[Sentence]:
    """Gives the backend's own sentences; raises as `sentences_of`."""
    from generators.speech.text import read_text

    found = read_text(text, language)
    if len(found) > MOST_SENTENCES:
        raise ValueError(
            f"expected at most {MOST_SENTENCES} sentences to set one by one, got {len(found)}: "
            "take the feeling from the panel"
        )
    return found


def read_rows(text: str, language: str, known: Sequence[Row] = ()) -> list[Row]:
    """Gives a row for each sentence: a known one where its text is the same, else what the encoder reads.

    Raises:
        ValueError: as `sentences_of`.
    """
    left = list(known)
    rows: list[Row | None] = []
    unread: list[Sentence] = []
    for sentence in read(text, language):
        same = next((row for row in left if row.text == sentence.text), None)
        rows.append(same)
        if same is None:
            unread.append(sentence)
        else:
            left.remove(same)
    new = iter(readings(unread))
    return [row or next(new) for row in rows]


def readings(sentences: Sequence[Sentence]) -> list[Row]:
    """Gives what each sentence feels like; neutral in a language that the text encoder does not know."""
    if not sentences:
        return []
    if sentences[0].language != LANGUAGE:
        return [Row(sentence.text) for sentence in sentences]
    from conditioning import load_space
    from conditioning.encoders.text import load_text_encoder

    labels = load_space().label_names
    texts = [sentence.text for sentence in sentences]
    chances = load_text_encoder().encode(texts).probabilities.tolist()
    return [
        Row(text, *likeliest(dict(zip(labels, row, strict=True))))
        for text, row in zip(texts, chances, strict=True)
    ]


def rows_from(value: Any) -> list[Row]:
    """Reads the rows that a browser sent.

    Raises:
        ValueError: not rows, or an intensity out of range.
    """
    found = value.get("rows") if isinstance(value, Mapping) else None
    if found is None:
        return []
    if not isinstance(found, Sequence) or not all(isinstance(row, Mapping) for row in found):
        raise ValueError(f"expected a row for each sentence, got {shorten(found)}")
    return [
        Row(
            str(row.get("text", "")),
            str(row.get("emotion", "")),
            read_number(row.get("intensity"), f"the intensity of sentence {number}", 0.0, STRONGEST),
        )
        for number, row in enumerate(found[:MOST_SENTENCES], start=1)
    ]


def to_json(rows: Sequence[Row], factor: float) -> str:
    """Gives the prompt's JSON, [[emotion, intensity], ...], each intensity `factor` times its own.

    Raises:
        ValueError: an emotion that cannot be read; the message says in which sentence.
    """
    pairs = []
    for number, row in enumerate(rows, start=1):
        try:
            row.feeling()
        except ValueError as error:
            raise ValueError(f"sentence {number}: {error}") from None
        pairs.append([row.emotion.strip(), round(min(STRONGEST, row.intensity * factor), 4)])
    return json.dumps(pairs, ensure_ascii=False)


def rows_of_json(text: str, language: str, emotions: str) -> list[Row]:
    """Gives the rows that a recipe's text and JSON stand for; sentences read anew when they do not fit."""
    try:
        pairs = json.loads(emotions)
        sentences = sentences_of(text, language)
        return [
            Row(sentence, str(emotion), read_number(intensity, "an intensity", 0.0, STRONGEST))
            for sentence, (emotion, intensity) in zip(sentences, pairs, strict=True)
        ]
    except (ValueError, TypeError):
        return []


def overall(rows: Sequence[Row]) -> Emotion:
    """Gives one feeling to stand for all rows in titles and lists: their shares, or the first phrase."""
    feelings = [row.feeling() for row in rows]
    shares: dict[str, float] = {}
    for feeling in feelings:
        if not feeling.weights:
            return feeling
        for name, share in feeling.weights:
            shares[name] = shares.get(name, 0.0) + share / len(feelings)
    return Emotion.parse(shares)


def view_of(rows: Sequence[Row]) -> dict[str, Any]:
    """Gives what strip.js draws: the rows, each with the colour of its feeling or what is wrong with it."""
    return {"rows": [shown(row) for row in rows], "names": list(GOEMOTIONS)}


def shown(row: Row) -> dict[str, Any]:
    from conditioning import load_space

    drawn: dict[str, Any] = {"text": row.text, "emotion": row.emotion, "intensity": row.intensity}
    try:
        space = load_space()
        valence, arousal, *_ = space.vad(space.embed(row.feeling())).tolist()
    except (ValueError, OSError, CheckpointError) as error:
        return {**drawn, "colour": "", "problem": one_line(error)}
    return {**drawn, "colour": css_colour(round(valence, 2), round(arousal, 2)), "problem": ""}

"""Feelings for the lines that say nothing of theirs: read off their text, for somebody to look at."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from conditioning.curve_parts import stretch
from generators.base import StepCallback

from ..sentence_emotions import LANGUAGE, NEUTRAL, likeliest
from .line import Line, Script
from .markup import spoken_words

if TYPE_CHECKING:
    from conditioning import EmotionCurve


def suggested(
    script: Script, fallback: EmotionCurve | None, *, on_step: StepCallback | None = None
) -> Script:
    """Gives the script with a feeling on every line.

    A line with an emotion keeps it. Another gets the one that its words show, marked as suggested, at the line's own
    intensity where it has one; where they show none it is neutral.

    Args:
        script: as it was read; its lines that cannot be said stay as they are.
        fallback: a feeling over the seconds of the picture that every silent line has instead, the stretch of it that
            lies under the line. It was asked for, so it is nobody's suggestion. None reads the words.
        on_step: called after every line that is read; may raise `Cancelled`.

    Returns:
        The script. Words are read in English alone: in another language silent lines are neutral, and a warning
        says so.
    """
    silent = [line for line in script.lines if line.emotion is None and not line.error]
    if fallback is not None:
        felt = {line.number: replace(line, emotion=under(line, fallback)) for line in silent}
        return replace(script, lines=with_lines(script, felt))
    words = {line.number: spoken_words(line.text) for line in silent}
    language = language_of_lines(words.values())
    if language != LANGUAGE:
        warning = f"no feelings were suggested: they are read off English words, and these are {language}"
        felt = {line.number: replace(line, emotion=NEUTRAL) for line in silent}
        return replace(script, lines=with_lines(script, felt), warnings=(*script.warnings, warning))
    felt = {}
    for number, line in enumerate(silent, 1):
        felt[line.number] = with_suggestion(line, *read_line(words[line.number]))
        if on_step:
            on_step(number, len(silent))
    return replace(script, lines=with_lines(script, felt))


def with_lines(script: Script, felt: Mapping[int, Line]) -> tuple[Line, ...]:
    return tuple(felt.get(line.number, line) for line in script.lines)


def language_of_lines(texts: Iterable[str]) -> str:
    """Gives the language of a script as a whole; a line alone ("No!") may be of several."""
    from generators.speech.text_language import language_of

    text = "\n".join(texts)
    return language_of(text, "auto") if text.strip() else LANGUAGE


def with_suggestion(line: Line, name: str, strength: float) -> Line:
    if name == NEUTRAL:
        return replace(line, emotion=NEUTRAL)
    intensity = strength if line.intensity is None else line.intensity
    return replace(line, emotion=name, intensity=intensity, suggested=True)


def under(line: Line, curve: EmotionCurve) -> dict[str, Any]:
    return stretch(curve, line.start_s, line.end_s).to_json()


@functools.lru_cache(maxsize=4096)
def read_line(words: str) -> tuple[str, float]:
    """Gives the feeling of a line's words and its strength, 0..1.

    Every line is read alone: in a batch, what else is in it moves the last digits, and with a rounded strength a line
    would be made again because another one changed.
    """
    if not any(character.isalpha() for character in words):
        return NEUTRAL, 1.0
    from conditioning import load_space
    from conditioning.encoders.text import load_text_encoder

    chances = load_text_encoder().encode([words]).probabilities[0].tolist()
    return likeliest(dict(zip(load_space().label_names, chances, strict=True)))

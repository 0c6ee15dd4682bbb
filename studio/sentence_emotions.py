"""What each sentence of a text feels like, read off its words: `emotion="auto"`."""

from __future__ import annotations

import json

NEUTRAL = "neutral"
SURE = 0.5  # the probability at which a feeling is taken to be fully meant
FAINT = 0.12  # below it a sentence is neutral
BLOCK = 64
LANGUAGE = "en-US"


def read_sentences(text: str, language: str = "auto") -> list[tuple[str, str, float]]:
    """Reads a text sentence by sentence, as the speech medium cuts it.

    Returns:
        (sentence, emotion, intensity 0..1) of each.

    Raises:
        ValueError: unreadable text, or a language that the text encoder does not know.
    """
    from conditioning import load_space
    from conditioning.encoders.text import load_text_encoder
    from generators.speech.text import read_text

    sentences = read_text(text, language)
    if sentences[0].language != LANGUAGE:
        raise ValueError(
            f'expected English text for emotion "auto", got {sentences[0].language}; name the emotion instead'
        )
    encoder, labels, rows = load_text_encoder(), load_space().label_names, []
    for first in range(0, len(sentences), BLOCK):
        block = [sentence.text for sentence in sentences[first : first + BLOCK]]
        for words, chances in zip(block, encoder.encode(block).probabilities.tolist(), strict=True):
            rows.append((words, *likeliest(dict(zip(labels, chances, strict=True)))))
    return rows


def likeliest(chances: dict[str, float]) -> tuple[str, float]:
    """Gives the feeling that is meant most, and how strongly; neutral where none stands out."""
    feelings = {name: chance for name, chance in chances.items() if name != NEUTRAL}
    name = max(feelings, key=lambda key: feelings[key])
    if feelings[name] < max(FAINT, 0.4 * chances.get(NEUTRAL, 0.0)):
        return NEUTRAL, 1.0
    return name, round(min(1.0, max(0.3, feelings[name] / SURE)), 2)


def as_prompt(rows: list[tuple[str, str, float]], factor: float = 1.0) -> str:
    """Gives what `SpeechPrompt.emotions` takes; `factor` multiplies every intensity."""
    return json.dumps([[name, round(min(1.5, strength * factor), 3)] for _, name, strength in rows])

"""Subtitles from the words and sentences of a sound: SubRip, and WebVTT with the time of every word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from generators.media import Mark

# Two lines of 42 characters, as broadcasters have it; a pause this long ends a cue too.
MOST_CHARACTERS = 84
LONGEST_PAUSE_S = 1.5


def cues(marks: Iterable[Mark]) -> list[list[Mark]]:
    """Gives the words of each cue: a sentence, or as much of it as two lines hold.

    Raises:
        ValueError: no words.
    """
    marks = sorted(marks, key=lambda mark: mark.start_s)
    ends = [mark.end_s for mark in marks if mark.kind == "sentence"]
    found: list[list[Mark]] = []
    for word in (mark for mark in marks if mark.kind == "word" and mark.text):
        last = found[-1] if found else []
        full = len(text_of([*last, word])) > MOST_CHARACTERS
        if not last or full or is_apart(last[-1], word, ends):
            found.append([])
        found[-1].append(word)
    if not found:
        raise ValueError("expected a sound with words and their times for subtitles, got none")
    return found


def is_apart(word: Mark, following: Mark, ends: Sequence[float]) -> bool:
    """Says whether a sentence ends between two words, or a long pause lies there."""
    if following.start_s - word.end_s > LONGEST_PAUSE_S:
        return True
    return any(word.start_s + word.end_s < 2 * end < following.start_s + following.end_s for end in ends)


def text_of(words: Iterable[Mark]) -> str:
    return " ".join(word.text for word in words)


def srt(marks: Iterable[Mark]) -> str:
    """Gives SubRip."""
    blocks = [
        f"{number}\n{clock(cue[0].start_s, ',')} --> {clock(cue[-1].end_s, ',')}\n{text_of(cue)}\n"
        for number, cue in enumerate(cues(marks), 1)
    ]
    return "\n".join(blocks)


def vtt(marks: Iterable[Mark], note: str = "") -> str:
    """Gives WebVTT in which every word has its time.

    Args:
        note: JSON to carry as a comment.

    Source: W3C, "WebVTT: The Web Video Text Tracks Format", sections 4.1 and 4.2.2.
    """
    # "-->" would end a comment; in JSON a ">" can only stand inside a text.
    note = note.replace(">", r"\u003e")
    blocks = ["WEBVTT\n"] + (
        [f"NOTE affect-studio: {note.replace('>', chr(92) + 'u003e')}\n"] if note else []
    )
    for cue in cues(marks):
        first, *rest = cue
        words = [escaped(first.text), *(f"<{clock(word.start_s)}>{escaped(word.text)}" for word in rest)]
        blocks.append(f"{clock(first.start_s)} --> {clock(cue[-1].end_s)}\n{' '.join(words)}\n")
    return "\n".join(blocks)


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def clock(seconds: float, point: str = ".") -> str:
    """Gives 00:01:02.345."""
    whole, milliseconds = divmod(round(max(0.0, seconds) * 1000), 1000)
    minutes, second = divmod(whole, 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}{point}{milliseconds:03d}"

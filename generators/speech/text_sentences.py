"""Tokens into sentences: breaks, ends, emphasis, pauses, and the cut of sentences that are too long."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from generators.voice.phones import Phone, Sentence, Word

from .text_inline import pause_s, phones_in_braces
from .text_phones import pronounce
from .text_spoken import Context, Spoken, spoken
from .text_tokens import CLOSERS, Token
from .text_words import MAY_END

MOST_CHARACTERS = 200
MOST_WORDS = 40
SLACK = 8  # marks and blanks after the last word that still belongs to the sentence
FEWEST_WORDS = 6  # a cut at a comma leaves no shorter head
NEIGHBOR = re.compile(r"[^\W_][\w'’.]*")
STAR_SPAN = 300


@dataclass
class Draft:
    """A spoken word that is not yet looked up; places are in the sentence's text as it is built."""

    said: Spoken
    text: str
    start: int
    end: int
    break_after: str = ""
    pause_s: float | None = None
    emphasis: float = 0.0


class Builder:
    """Takes tokens, gives sentences."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._text = ""
        self._drafts: list[Draft] = []
        self._pause_before: float | None = None
        self._reset_line()

    def _reset_line(self) -> None:
        self._emphasis = 0.0
        self._star = False
        self._mark = ""  # the end of the sentence, seen but not yet acted on
        self._closed = False  # a closing quote followed it
        self._gap = False  # a blank followed it
        self._before = ""
        self._kind = ""  # of the last token that was said
        self._shouted = False

    def begin_line(self, line: str) -> None:
        """Starts a line; no sentence goes on over it."""
        self._reset_line()
        self._shouted = line.isupper() and len(line.split()) > 2

    def end_line(self) -> Iterator[Sentence]:
        """Ends the sentence in hand."""
        yield from self._finish(self._mark or ".")

    def take(self, token: Token, line: str) -> Iterator[Sentence]:
        """Takes one token of the line.

        Raises:
            ValueError: from inline markup.
        """
        if self._mark and (ready := self._after_mark(token, line)):
            yield from self._finish(ready)
        if token.kind == "space":
            self._add(" " if self._text and not self._text.endswith(" ") else "")
        elif token.kind == "end":
            self._end(token, line)
        elif token.kind == "comma":
            self._comma(token)
        elif token.kind in ("pause", "break"):
            self._pause(pause_s(token.text))
        elif token.kind in ("strong_on", "strong_off", "star"):
            self._toggle(token, line)
        elif token.kind == "pron":
            yield from self._pronunciation(token, line)
        elif token.kind != "tag":
            yield from self._say(token, line)

    def _after_mark(self, token: Token, line: str) -> str:
        """Decides, at the token after a sentence's mark, whether the sentence ends; gives its mark then."""
        if token.kind in ("pause", "break", "star", "strong_off", "tag", "end"):
            return ""
        if token.kind == "space":
            self._gap = True
            return ""
        if not self._gap and token.text in CLOSERS:
            self._closed = True
            return ""
        following = token.text[:1]
        mark, self._mark = self._mark, ""
        if self._closed and following.islower():
            self._set_break(",")
            return ""
        if mark == "." and following.islower() and self._kind in ("measure", "abbreviation"):
            return ""  # "5 lbs. of sugar"
        joined = not self._gap and not self._closed and mark == "."
        return "" if joined and not (following.isupper() and self._before[-1:].islower()) else mark

    def _end(self, token: Token, line: str) -> None:
        self._add(token.text[: MOST_CHARACTERS // 20])
        if not self._drafts:
            return
        found = "?" if "?" in token.text or "？" in token.text else "!" if "!" in token.text else "."
        self._mark = found if self._mark in ("", ".") else self._mark
        self._gap = self._closed = False

    def _comma(self, token: Token) -> None:
        self._add(token.text)
        self._set_break(",")

    def _set_break(self, mark: str) -> None:
        if self._drafts and not self._drafts[-1].break_after:
            self._drafts[-1].break_after = mark

    def _pause(self, seconds: float) -> None:
        if self._drafts:
            self._drafts[-1].pause_s = min((self._drafts[-1].pause_s or 0.0) + seconds, 10.0)
        else:
            self._pause_before = min((self._pause_before or 0.0) + seconds, 10.0)

    def _toggle(self, token: Token, line: str) -> None:
        if token.kind != "star":
            self._emphasis = float(token.kind == "strong_on")
            return
        opens = token.end < len(line) and not line[token.end].isspace()
        closes = token.start > 0 and not line[token.start - 1].isspace()
        if self._star and closes:
            self._star, self._emphasis = False, 0.0
        elif (
            not self._star
            and opens
            and re.compile(rf"[^*_\n]{{0,{STAR_SPAN}}}[^*_\s][*_]").match(line, token.end)
        ):
            self._star, self._emphasis = True, 1.0

    def _pronunciation(self, token: Token, line: str) -> Iterator[Sentence]:
        content = token.text[1:-1].strip()
        phones = phones_in_braces(content)
        attached = (
            token.start > 0 and line[token.start - 1].isalpha() and self._drafts and self._text[-1:].isalpha()
        )
        if attached:
            while len(self._drafts) > 1 and not self._drafts[-1].text:
                self._drafts.pop()
            self._drafts[-1].said = phones
            return
        yield from self._append([phones], content)

    def _say(self, token: Token, line: str) -> Iterator[Sentence]:
        following = NEIGHBOR.search(line[token.end : token.end + 40])
        after = (
            following.group()
            if following and not line[token.end : token.end + following.start()].strip()
            else ""
        )
        said = spoken(token, Context(self.language, self._before, after, self._shouted))
        if said:
            yield from self._append(said, token.text)
            self._before, self._kind = token.text, token.kind
            if token.kind == "abbreviation" and token.text in MAY_END and said != ["saint"]:
                self._mark, self._gap, self._closed = ("." if after[:1].isupper() else ""), False, False
        elif len(self._text) < MOST_CHARACTERS - 1:
            self._add(token.text)
            self._before = ""

    def _add(self, text: str) -> None:
        if text and (self._drafts or text.strip()) and len(self._text) + len(text) <= MOST_CHARACTERS + SLACK:
            self._text += text

    def _append(self, said: list[Spoken], text: str) -> Iterator[Sentence]:
        if not self._drafts:
            self._text = self._text[-8:].lstrip()
        while self._drafts and (
            len(self._drafts) + len(said) > MOST_WORDS or len(self._text) + len(text) > MOST_CHARACTERS
        ):
            yield from self._cut()
        start = len(self._text)
        self._text += text
        for i, item in enumerate(said):
            place = (text, start, start + len(text)) if i == 0 else ("", len(self._text), len(self._text))
            self._drafts.append(Draft(item, *place, emphasis=self._emphasis))

    def _cut(self) -> Iterator[Sentence]:
        """Gives off the head of a sentence that is too long."""
        commas = [i for i, d in enumerate(self._drafts) if d.break_after == "," and i + 1 >= FEWEST_WORDS]
        keep = commas[-1] + 1 if commas else len(self._drafts)
        head, tail = self._drafts[:keep], self._drafts[keep:]
        place = len(self._text)
        if tail:
            blank = self._text.rfind(" ", head[-1].end, tail[0].start)
            place = blank + 1 if blank >= 0 else tail[0].start
        text, rest = self._text[:place], self._text[place:]
        yield from self._emit(head, text, ",")
        self._drafts = [replace(d, start=d.start - place, end=d.end - place) for d in tail]
        self._text = rest

    def _finish(self, mark: str) -> Iterator[Sentence]:
        drafts, text = self._drafts, self._text
        self._drafts, self._text, self._mark = [], "", ""
        self._gap = self._closed = False
        self._before = ""
        yield from self._emit(drafts, text, mark)

    def _emit(self, drafts: list[Draft], text: str, mark: str) -> Iterator[Sentence]:
        words = list(self._looked_up(drafts))
        if not words:
            return
        words[-1] = replace(words[-1], break_after=mark)
        yield Sentence(text.rstrip(), tuple(words), self.language, self._pause_before)
        self._pause_before = None

    def _looked_up(self, drafts: list[Draft]) -> Iterator[Word]:
        for i, draft in enumerate(drafts):
            before = drafts[i - 1].said if i else ""
            after = drafts[i + 1].said if i + 1 < len(drafts) else ""
            phones = _phones(draft.said, self.language, before, after)
            if phones:
                yield Word(
                    draft.text,
                    phones,
                    draft.break_after,
                    draft.pause_s,
                    draft.emphasis,
                    draft.start,
                    draft.end,
                )


def _phones(said: Spoken, language: str, before: Spoken, after: Spoken) -> tuple[Phone, ...]:
    if not isinstance(said, str):
        return said
    return pronounce(
        said, language, before if isinstance(before, str) else "", after if isinstance(after, str) else ""
    )

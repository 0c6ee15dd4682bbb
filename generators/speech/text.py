"""Written text to sentences of spoken words: what the speech medium reads.

Besides plain English or German, a text may carry:

- `{K AE1 T}` or `{kæt}`: a pronunciation, in ARPAbet or IPA; the caption shows the content.
  Attached to a word, `tomato{t ə ˈm ɑ t oʊ}`, it replaces how that word is said and the caption keeps it.
- `[pause 0.4s]`, `[pause 400ms]`, `<break time="400ms"/>`: silence of that length, 0 to 10 s.
- `*word*`, `**some words**`, `<emphasis>word</emphasis>`: said with emphasis.
- other tags in angle brackets are dropped.

Numbers, dates, times, money, units, abbreviations, capitals and addresses are read as words; emoji and
other symbols are dropped; dashes, colons, semicolons and brackets are pauses as commas are. A line end
ends the sentence. A sentence is at most about 200 characters and 40 spoken words long: a longer one is
cut at its last comma, else between words, and each part is a `Sentence` of its own with a comma's pause
after it. One written token (an address, say) is said in 40 words at most, a word is read up to its 40th
letter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from generators.voice.phones import Sentence

from .text_language import check_script, language_of
from .text_sentences import Builder
from .text_tokens import Token, scan

MOST_CHARACTERS = 200_000


def read_text(text: str, language: str = "auto") -> list[Sentence]:
    """Reads a text.

    Args:
        text: 1 to 200,000 characters with at least one letter or digit; the cost is linear in its length.
        language: "auto", "en-US" ("en") or "de-DE" ("de"); auto decides for the whole text by its
            common words and umlauts.

    Returns:
        The sentences in order, at least one.

    Raises:
        ValueError: empty or too long text, no words in it, a script other than Latin, an unknown language, a
            pronunciation in braces that is neither ARPAbet nor IPA, a pause out of range.
    """
    return list(iter_sentences(text, language))


def iter_sentences(text: str, language: str = "auto") -> Iterator[Sentence]:
    """Gives the sentences one after another, the first at once; arguments and errors as `read_text`.

    The text as a whole is checked before this returns; inline markup when its sentence is reached.
    """
    text = _checked(text)
    return _sentences(text, language_of(text, language))


def _checked(text: str) -> str:
    if not isinstance(text, str):
        raise ValueError(f"expected text, got {type(text).__name__}")
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"expected at most {MOST_CHARACTERS:,} characters, got {len(text):,}")
    text = unicodedata.normalize("NFC", text)
    if not text.strip():
        raise ValueError("expected text to speak, got an empty text")
    if not re.search(r"[^\W_]", text):
        raise ValueError(f"expected text with letters or digits, got only symbols ({text.strip()[:20]!r})")
    check_script(text)
    return text


def _sentences(text: str, language: str) -> Iterator[Sentence]:
    builder = Builder(language)
    found = False
    for line in re.finditer(r"[^\n\r\u2028\u2029\x0b\x0c\x85]+", text):
        for sentence in _line(line.group(), builder):
            found = True
            yield sentence
    if not found:
        raise ValueError(f"expected text with words to speak, got {text.strip()[:40]!r}")


def _line(line: str, builder: Builder) -> Iterator[Sentence]:
    builder.begin_line(line)
    ahead: Token | None = None
    for token in scan(line, builder.language):
        if ahead is not None:
            yield from builder.take(ahead, line)
        ahead = token
    if ahead is not None:
        yield from builder.take(ahead, line)
    yield from builder.end_line()

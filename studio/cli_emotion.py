"""`affect emotion`: what is felt in a text, alone or beside a recording of it."""

from __future__ import annotations

from pathlib import Path

import typer

from .cli_terminal import JSON, QUIET, progress, say, say_json

LONGEST_TEXT = 5000
BATCH = 64
PICTURES = (".png", ".svg", ".pdf")


def emotion(
    text: str = typer.Argument(None, help="The text.", metavar="TEXT", show_default=False),
    file: Path = typer.Option(
        None, "--file", help="One text a line, read instead of TEXT.", metavar="TEXTS.txt"
    ),
    audio: Path = typer.Option(
        None, "--audio", help="A recording of TEXT: its voice is read too.", metavar="TAKE.wav"
    ),
    text_weight: float = typer.Option(
        None,
        "--text-weight",
        help="Share of the words beside --audio, 0 to 1; chosen when left out.",
        metavar="W",
        show_default=False,
    ),
    plot: Path = typer.Option(
        None, "--plot", help="Draw the wheel and the valence-arousal plane.", metavar="FILE.png"
    ),
    as_json: bool = JSON,
    quiet: bool = QUIET,
) -> int:
    """Read the emotion of a text: label probabilities, valence, arousal, dominance and their uncertainty.

    With --audio: where the words and the voice lie, their combination, and whether they contradict.
    """
    check_audio(file, audio, text_weight)
    texts = read_texts(text, file)
    if plot is not None:
        check_plot(plot, texts)
    if audio is not None:
        return words_and_voice(texts[0], audio, text_weight, plot, as_json)
    from . import emotion_report

    rows = []
    with progress("emotion", quiet, total=len(texts)) as show:
        for start in range(0, len(texts), BATCH):
            part = emotion_report.read_texts(texts[start : start + BATCH])
            rows += part
            show(min(start + BATCH, len(texts)), len(texts))
            if as_json and file is not None:
                for row in part:
                    say_json(row)
    if as_json and file is None:
        say_json(rows[0])
    elif not as_json:
        for row in rows:
            say(str(emotion_report.table(row)))
    if plot is not None:
        emotion_report.plot(rows[0], plot)
    return 0


def check_audio(file: Path | None, audio: Path | None, text_weight: float | None) -> None:
    """Raises a ValueError for flags that do not go together."""
    if audio is not None and file is not None:
        raise ValueError("expected TEXT with --audio, got --file")
    if text_weight is not None and audio is None:
        raise ValueError("expected --audio with --text-weight, got none")


def words_and_voice(
    text: str, audio: Path, text_weight: float | None, plot: Path | None, as_json: bool
) -> int:
    """Reads a text and its recording, and shows both, their combination and whether they contradict."""
    from conditioning import read_together

    from . import words_and_voice as shown

    combined = read_together(text, audio, text_weight)
    if as_json:
        say_json(shown.row_of(combined, text_weight is not None))
    else:
        say(str(shown.table(combined, text_weight is not None)))
    if plot is not None:
        from . import emotion_report

        emotion_report.plot(combined.emotion(), plot)
    return 0


def read_texts(text: str | None, file: Path | None) -> list[str]:
    """Gives the texts of a call.

    Raises:
        ValueError, FileNotFoundError: none or both given, no such file, no text, or one that is too long.
    """
    if (text is None) == (file is None):
        raise ValueError(f"expected TEXT or --file, got {'neither' if text is None else 'both'}")
    texts = [text] if text is not None else read_lines(file) if file is not None else []
    for number, line in enumerate(texts, 1):
        where = f" in line {number}" if file is not None else ""
        if not line.strip() or not any(letter.isprintable() and not letter.isspace() for letter in line):
            raise ValueError(f"expected a text with letters{where}, got {line!r}")
        if len(line) > LONGEST_TEXT:
            raise ValueError(f"expected a text of at most {LONGEST_TEXT} characters{where}, got {len(line)}")
    return texts


def read_lines(path: Path) -> list[str]:
    if not path.is_file():
        raise FileNotFoundError(f"expected an existing file of texts, got {str(path)!r}")
    try:
        lines = [line.rstrip("\r") for line in path.read_text(encoding="utf-8-sig").split("\n")]
    except UnicodeDecodeError:
        raise ValueError(f"expected texts in UTF-8, got other bytes in {path.name}") from None
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise ValueError(f"expected at least one text in {path.name}, got an empty file")
    return lines


def check_plot(path: Path, texts: list[str]) -> None:
    from .outputs import check_writable

    if len(texts) != 1:
        raise ValueError(f"expected one text for --plot, got {len(texts)}")
    check_writable(path, PICTURES)

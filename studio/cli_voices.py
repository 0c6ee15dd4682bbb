"""`affect voices`: who can speak, in which language, and under which licence their recordings are."""

from __future__ import annotations

from dataclasses import asdict

from generators.voice.voices import list_voices

from .cli_terminal import JSON, say_json, show_table


def voices(as_json: bool = JSON) -> int:
    """List the voices of the speech medium."""
    rows = [asdict(voice) for voice in list_voices()]
    if as_json:
        say_json(rows)
        return 0
    columns = ["name", "language", "description", "licence"]
    show_table(columns, [[row[column] for column in columns] for row in rows])
    return 0

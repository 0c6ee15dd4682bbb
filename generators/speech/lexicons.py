"""The pronouncing lexicons that ship with gruut, read once into memory.

Their tables carry no index, so that a look-up by SQL scans all of it (12 ms); a dictionary takes a
quarter of a second once.
"""

from __future__ import annotations

import importlib.util
import sqlite3
from functools import lru_cache
from pathlib import Path
from typing import Any


def _folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ImportError(
            f"expected the package {package} for reading text aloud: pip install 'gruut[de]>=2.4'"
        )
    return Path(spec.origin).parent


def _rows(path: Path, query: str) -> list[tuple[str, ...]]:
    connection = sqlite3.connect(f"file:{path.as_posix()}?mode=ro", uri=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


@lru_cache(maxsize=1)
def german_lexicon() -> dict[str, str]:
    """Gives word -> phonemes apart by blanks, with stress, eSpeak's symbols; lower case, 280,000 words."""
    path = _folder("gruut_lang_de") / "espeak" / "lexicon.db"
    return dict(_rows(path, "SELECT word, phonemes FROM word_phonemes ORDER BY pron_order DESC"))  # type: ignore[arg-type]


@lru_cache(maxsize=1)
def english_lexicon() -> dict[str, str]:
    """Gives word -> first pronunciation, gruut's symbols; lower case, about 124,000 words."""
    path = _folder("gruut_lang_en") / "lexicon.db"
    return dict(_rows(path, "SELECT word, phonemes FROM word_phonemes ORDER BY pron_order DESC"))  # type: ignore[arg-type]


@lru_cache(maxsize=1)
def english_roles() -> dict[str, dict[str, str]]:
    """Gives word -> {part of speech: pronunciation} for words read by their role (NN, VB, VBD, ...)."""
    path = _folder("gruut_lang_en") / "lexicon.db"
    roles: dict[str, dict[str, str]] = {}
    query = "SELECT word, role, phonemes FROM word_phonemes WHERE role != '' ORDER BY pron_order DESC"
    for word, role, phonemes in _rows(path, query):
        roles.setdefault(word, {})[role.removeprefix("gruut:")] = phonemes
    return roles


@lru_cache(maxsize=1)
def english_guesser() -> Any:
    """Gives gruut's letter-to-sound model: word -> list of phonemes."""
    from gruut.g2p import GraphemesToPhonemes

    return GraphemesToPhonemes(_folder("gruut_lang_en") / "g2p" / "model.crf")

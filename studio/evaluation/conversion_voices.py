"""How like a person speech becomes that is given his or her voice by a few seconds of recording."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .conversion_people import Person
from .figures import rounded
from .speech_audio import read_sound
from .speech_trials import write_sound

if TYPE_CHECKING:
    import numpy as np

TEXTS = {
    "en-US": ("They moved the table closer to the window.", "My brother still keeps the old radio."),
    "de-DE": ("Der Zug nach Hamburg fährt heute später.", "Das Fenster im Flur steht schon lange offen."),
}
LONGEST_S = 12.0


def run_voices(
    generate: Callable[..., Any], people: Sequence[Person], encoder: Any, seed: int
) -> dict[str, float]:
    """Lends the voice of one line of each person to other words.

    Args:
        encoder: of speakers, Resemblyzer's.

    Returns:
        Mean cosine similarities to the person's takes of other lines: of real takes, of speech in the lent
        voice, of the reader who spoke with his own voice, and of a reader's recording in the lent voice.
    """
    import numpy as np

    from .speech_similarity import similarity

    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for person in people:
            lines = sorted({row.prompt for row in person.sources})
            clip, others = split(person, lines)
            if not others:
                continue
            path = Path(folder) / f"{person.name}.flac"
            write_sound(path, *clip)
            own = np.stack([encoder.embed(*sound) for sound in others])

            def note(name: str, sound: tuple[np.ndarray, int], own: np.ndarray = own) -> None:
                alike = similarity(np.repeat(encoder.embed(*sound)[None], len(own), 0), own).mean()
                found.setdefault(name, []).append(float(alike))

            note("real, another line", clip)
            language = person.sources[0].language
            for text in TEXTS[language]:
                said = {"text": text, "emotion": "neutral", "intensity": 0.0, "seed": seed}
                note("speech, lent voice", sound_of(generate("speech", voice=str(path), **said)))
                plain = {"en-US": "kathleen", "de-DE": "kerstin"}[language]
                result = generate("speech", voice=plain, **said)
                note("speech, reader's own voice", sound_of(result))
                reader = Path(folder) / "reader.flac"
                write_sound(reader, *sound_of(result))
                turned = generate(
                    "conversion", audio=str(reader), voice=str(path), emotion="neutral", intensity=0.0
                )
                note("conversion, lent voice", sound_of(turned))
    return {f"similarity to unheard people: {name}": rounded(np.mean(v)) for name, v in found.items()}


def split(person: Person, lines: Sequence[str]) -> tuple[Any, list[Any]]:
    """The takes of the first line in a row, at most 12 s, and those of the others one by one."""
    import numpy as np

    first = [read_sound(row.path) for row in person.sources if row.prompt == lines[0]]
    rate = first[0][1]
    joined = np.concatenate([samples for samples, _ in first])[: int(LONGEST_S * rate)]
    return (joined, rate), [read_sound(row.path) for row in person.sources if row.prompt != lines[0]]


def sound_of(result: Any) -> tuple[np.ndarray, int]:
    return result.media.samples.mean(axis=0), int(result.media.sample_rate)

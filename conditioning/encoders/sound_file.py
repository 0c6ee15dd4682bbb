"""Opening a recording that somebody gives: whatever is wrong with it is said in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import soundfile

RATES = (2000, 768_000)
MAX_CHANNELS = 32


@contextmanager
def opened_sound(path: str | Path) -> Iterator[soundfile.SoundFile]:
    """Gives an open sound file; what breaks while it is read is a ValueError too.

    Raises:
        FileNotFoundError: nothing is there.
        ValueError: not a sound file, broken, of an absurd rate or of too many channels.
    """
    import soundfile

    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"expected a sound file, got no file at {str(path)!r}")
    if not path.is_file():
        raise ValueError(f"expected a sound file, got a folder or a device at {str(path)!r}")
    try:
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            if not RATES[0] <= rate <= RATES[1]:
                raise ValueError(
                    f"expected a rate of {RATES[0]} to {RATES[1]} Hz, got {rate} in {path.name!r}"
                )
            if file.channels > MAX_CHANNELS:
                raise ValueError(
                    f"expected at most {MAX_CHANNELS} channels, got {file.channels} in {path.name!r}"
                )
            yield file
    except (soundfile.LibsndfileError, RuntimeError, TypeError) as error:
        raise ValueError(f"expected a readable sound file, got {path.name!r}: {error}") from None

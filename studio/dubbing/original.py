"""The sound of the film or recording that is dubbed: where it lies in time, piece by piece, and stretches of it.

Time zero is the first picture, or the first sample where there are no pictures. What a file says of when its
sound plays is kept: holes become silence, so that nothing drifts. A broken packet is a hole. Memory holds about a
second.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

# Sounds beside the films that `conditioning.encoders.video_file` opens; no playlist and no script is among them.
SOUNDS = "wav,w64,flac,mp3,aac,aiff,ogg"
RATES = (2000, 768_000)
MOST_CHANNELS, MOST_PLANES = 32, 7
LONGEST_S, LONGEST_STRETCH_S = 12 * 3600.0, 600.0
BLOCK_S = 1.0
# A codec's clock is finer than a container's, which may count in milliseconds; less than this is no hole.
HOLE_S = 0.015
BEFORE_S = 2.0  # a decoder needs what comes before to say the right thing
EXTRACT_RATE = 24_000  # Hz, what every voice model here hears


@dataclass(frozen=True)
class Original:
    """A film or a recording. Every method opens the file anew, so that several may read at once.

    Attributes:
        path: of the file.
        sample_rate: of its sound in Hz; 0 where it has none.
        channels: 1 or 2, of the sound as it is given: of more, two are mixed; 0 where it has none.
        length_s: of the pictures, or of the sound where there are none.
        frame_rate: Hz; 0 where there are no pictures.
        start_s: time zero in the file's own time.
    """

    path: Path
    sample_rate: int
    channels: int
    length_s: float
    frame_rate: float = 0.0
    start_s: float = 0.0

    @property
    def has_sound(self) -> bool:
        return self.sample_rate > 0

    @property
    def has_pictures(self) -> bool:
        return self.frame_rate > 0

    def blocks(self, start_s: float = 0.0) -> Iterator[np.ndarray]:
        """Gives the sound from a time on, (C, S) float32, in blocks of about a second; nothing where there is none.

        Raises:
            ValueError: the file is broken.
        """
        import numpy as np

        from conditioning.encoders.video_file import gathered

        if not self.has_sound:
            return
        for block in gathered(from_there(self, start_s), round(BLOCK_S * self.sample_rate)):
            yield block if np.isfinite(block).all() else np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0)


def open_original(path: str | Path) -> Original:
    """Opens a film (MP4, MOV, MKV, WebM, AVI, MPEG, ...) or a recording.

    Raises:
        FileNotFoundError: nothing is there.
        ValueError: neither, a broken one, one that names other files (playlists), or of absurd measures.
    """
    from conditioning.encoders.video_file import described, exists

    path = Path(path)
    if not exists(path):
        raise FileNotFoundError(f"expected a film or a recording, got no file at {str(path)[:200]!r}")
    if not path.is_file():
        raise ValueError(f"expected a film or a recording, got a folder or a device at {str(path)[:200]!r}")
    rate, channels = sound_shape(path)
    with opened(path) as container:
        if not has_pictures(container):
            if not rate:
                raise ValueError(f"expected a film or a recording, got neither in {path.name!r}")
            start_s, length_s = sound_span(container, path)
            return Original(path, rate, channels, length_s, start_s=start_s)
        film = described(path, container)
    return Original(path, rate, channels, film.duration_s, film.frame_rate, film.start_s)


def extract(path: str | Path, start_s: float, end_s: float, out: str | Path) -> Path:
    """Writes a stretch of the sound, mixed to mono at 24 kHz; silence where the file has none.

    Args:
        path: a film or a recording. start_s, end_s: from its time zero.
        out: a .wav (16 bits) or .flac (24 bits); it appears when it is whole and has exactly
            round((end_s - start_s) * 24000) samples.

    Returns:
        `out` as a path.

    Raises:
        FileNotFoundError: no film there.
        ValueError: a film without sound or a broken one, or a stretch that is empty or beyond its end.
        OSError: the place cannot be written.
    """
    import numpy as np
    import soxr

    from checkpoints import replace_file

    from ..audio_file import write

    found = open_original(path)
    if not found.has_sound:
        raise ValueError(f"expected a film with sound, got {found.path.name!r} without any")
    if not (0 <= start_s < end_s and end_s - start_s <= LONGEST_STRETCH_S):
        got = f"{start_s:g} to {end_s:g} s"
        raise ValueError(
            f"expected a stretch from 0 s upwards, of at most {LONGEST_STRETCH_S:g} s, got {got}"
        )
    if start_s >= found.length_s:
        got = f"one from {start_s:.3f} s"
        raise ValueError(
            f"expected a stretch within {found.length_s:.3f} s of {found.path.name!r}, got {got}"
        )
    samples = stretch(found, start_s, end_s).mean(axis=0)
    even = soxr.resample(samples, found.sample_rate, EXTRACT_RATE).astype(np.float32)
    count = round((end_s - start_s) * EXTRACT_RATE)
    even = np.pad(even[:count], (0, max(0, count - len(even))))
    out = Path(out)
    with replace_file(out) as partial:
        write([even[None].clip(-1, 1)], EXTRACT_RATE, partial)
    return out


def stretch(found: Original, start_s: float, end_s: float) -> np.ndarray:
    """Gives a stretch of the sound at its own rate, (C, S), silence where the file has none."""
    import numpy as np

    count = round(end_s * found.sample_rate) - round(start_s * found.sample_rate)
    pieces: list[np.ndarray] = []
    got = 0
    for block in found.blocks(start_s):
        pieces.append(block[:, : count - got])
        got += pieces[-1].shape[1]
        if got >= count:
            break
    return np.concatenate([*pieces, np.zeros((found.channels, count - got), np.float32)], axis=1)


@contextmanager
def opened(path: Path, **options: str) -> Iterator[Any]:
    """Gives FFmpeg's container of a local file; what breaks while it is read is a ValueError of one line.

    Args:
        options: of FFmpeg, beside those that keep it from opening anything else.
    """
    import av

    from conditioning.encoders.video_file import CONTAINERS

    # The whole path, since FFmpeg would take a name with a colon for an address and "-" for a pipe.
    rules = {**options, "format_whitelist": f"{CONTAINERS},{SOUNDS}", "protocol_whitelist": "file"}
    try:
        container = av.open(str(path.resolve()), options=rules, metadata_errors="replace")
    except av.FFmpegError:
        kinds = "a film or a recording (MP4, MOV, MKV, WebM, AVI, MPEG, WAV, FLAC, MP3, OGG)"
        raise ValueError(f"expected {kinds}, got {path.name!r}, which is none or broken") from None
    with container:
        try:
            yield container
        except av.FFmpegError as error:
            said = (error.strerror or type(error).__name__).splitlines()[0]
            raise ValueError(f"expected a readable film, got {path.name!r}: {said[:160]}") from None


def has_pictures(container: Any) -> bool:
    """Says whether there are moving pictures; the cover of an album is none."""
    import av

    cover = av.stream.Disposition.attached_pic
    return any(not stream.disposition & cover for stream in container.streams.video)


def sound_stream(container: Any) -> Any:
    """Gives the track that a player would take: the default one, else the first; None of a silent film."""
    import av

    known = [stream for stream in container.streams.audio if stream.codec_context is not None]
    usual = [stream for stream in known if stream.disposition & av.stream.Disposition.default]
    return next(iter([*usual, *known]), None)


def sound_shape(path: Path) -> tuple[int, int]:
    """Gives rate and channels (1 or 2) of the sound; zeros of a silent film."""
    with opened(path) as container:
        stream = sound_stream(container)
        if stream is None:
            return 0, 0
        # What is decoded counts: headers do not know of what a codec adds, and streams have none.
        about = next(frames_of(container, stream), None)
        if about is None:
            return 0, 0
        rate, channels = int(about.sample_rate), about.layout.nb_channels
    if not RATES[0] <= rate <= RATES[1]:
        raise ValueError(f"expected sound of {RATES[0]} to {RATES[1]} Hz, got {rate} in {path.name!r}")
    if not 1 <= channels <= MOST_CHANNELS:
        raise ValueError(f"expected 1 to {MOST_CHANNELS} channels, got {channels} in {path.name!r}")
    return rate, min(2, channels)


def sound_span(container: Any, path: Path) -> tuple[float, float]:
    """Gives when the sound starts, in the file's time, and its length in seconds."""
    stream = sound_stream(container)
    first = next(frames_of(container, stream), None)
    if first is None:
        raise ValueError(f"expected sound, got none in {path.name!r}")
    start_s = float(first.time or 0.0)
    length_s = float((stream.duration or 0) * stream.time_base)
    if length_s <= 0:  # what was recorded as a stream does not say
        ends = [
            packet.pts + (packet.duration or 0)
            for packet in packets_of(container, stream)
            if packet.pts is not None
        ]
        length_s = float(max([*ends, 0]) * stream.time_base) - start_s
    length_s = max(length_s, first.samples / first.sample_rate)
    if length_s > LONGEST_S:
        raise ValueError(f"expected at most {LONGEST_S:g} s of sound, got {length_s:.0f} in {path.name!r}")
    return start_s, length_s


def packets_of(container: Any, *streams: Any) -> Iterator[Any]:
    """Gives the packets of some tracks. A track that appears on the way, as in broadcasts, is none of them."""
    whole = False
    while not whole:
        # PyAV does not know a track that was not there at the beginning, and stops; it goes on when asked again.
        with suppress(IndexError):
            yield from container.demux(*streams)
            whole = True


def frames_of(container: Any, stream: Any) -> Iterator[Any]:
    """Decodes a track packet by packet; one that is broken is left out."""
    import av

    for packet in packets_of(container, stream):
        try:
            frames = packet.decode()
        except av.FFmpegError:
            continue
        yield from frames


def from_there(found: Original, from_s: float) -> Iterator[np.ndarray]:
    """Decodes the sound from a time on, (C, S) each."""
    pieces = placed(found, from_s)
    first = next(pieces, None)
    if first is not None:
        yield first
        yield from pieces
        return
    # Some files cannot be searched, or land too late: then the way there is decoded.
    left = round(from_s * found.sample_rate)
    for piece in placed(found, 0.0):
        if left < piece.shape[1]:
            yield piece[:, left:]
        left = max(0, left - piece.shape[1])


def placed(found: Original, from_s: float) -> Iterator[np.ndarray]:
    """Decodes the sound, (C, S) each, so that the first sample stands at `from_s` and no hole shifts the rest.

    Gives nothing where the file cannot be searched for that time.
    """
    rate, hole = found.sample_rate, round(HOLE_S * found.sample_rate)
    at, end = round(from_s * rate), round(LONGEST_S * rate)
    searched = from_s > BEFORE_S
    clock: int | None = None
    with opened(found.path) as container:
        stream = sound_stream(container)
        if searched:
            container.seek(int((from_s - BEFORE_S + found.start_s) / stream.time_base), stream=stream)
        for time_s, samples in mixed(frames_of(container, stream), found):
            here = round((time_s - found.start_s) * rate)
            if clock is None and searched and here > at:
                return
            if clock is None or abs(here - clock) > hole:
                clock = here
            if clock > end:
                return
            yield from silence(found.channels, clock - at, rate)
            at = max(at, clock)
            heard = samples[:, at - clock :]
            clock += samples.shape[1]
            at += heard.shape[1]
            if heard.shape[1]:
                yield heard


def mixed(frames: Iterator[Any], found: Original) -> Iterator[tuple[float, np.ndarray]]:
    """Gives the time of each frame in the file's own, and its sound as (C, S) float32 at the rate of the file.

    Sound that changes its rate or its channels on the way is brought to what it began as.
    """
    import av

    even: dict[str, Any] = {}
    for frame in frames:
        time_s = float(frame.time or 0.0)
        if " channels" in frame.layout.name:
            yield time_s, without_places(frame, found)
            continue
        kind = f"{frame.format.name} {frame.layout.name} {frame.sample_rate}"
        if kind not in even:
            layout = "mono" if found.channels == 1 else "stereo"
            even[kind] = av.AudioResampler("fltp", layout, found.sample_rate)
        for piece in even[kind].resample(frame):
            yield time_s, piece.to_ndarray()


def without_places(frame: Any, found: Original) -> np.ndarray:
    """Mixes channels of which nobody says where they stand: every other one to the left. (C, S) float32

    Raises:
        ValueError: so many in separate planes that PyAV cannot hold them.
    """
    import numpy as np

    count = frame.layout.nb_channels
    if frame.format.is_planar and count > MOST_PLANES:
        got = f"{count} without names in {found.path.name!r}"
        raise ValueError(f"expected at most {MOST_PLANES} channels, got {got}")
    values = frame.to_ndarray()
    values = values if frame.format.is_planar else values.reshape(-1, count).T
    samples = values.astype(np.float32)
    if values.dtype.kind == "u":
        samples = samples / 128 - 1
    elif values.dtype.kind == "i":
        samples /= 2 ** (8 * values.dtype.itemsize - 1)
    return np.stack([samples[side :: found.channels].mean(axis=0) for side in range(found.channels)])


def silence(channels: int, count: int, step: int) -> Iterator[np.ndarray]:
    """Gives so many samples of silence, `step` at a time; none where the count is not above 0."""
    import numpy as np

    for at in range(0, count, step):
        yield np.zeros((channels, min(step, count - at)), np.float32)

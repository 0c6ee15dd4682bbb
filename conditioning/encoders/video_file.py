"""Opening a film or picture that somebody gives: upright RGB frames at an even rate, and its sound.

Times need not be even in the file (telephones, screen recordings): each frame that is given is the file's
nearest in time, so that some are given twice or not at all. Rotation and mirroring are applied, pixels made
square, more than 8 bits reduced, opacity laid on grey. A still picture is a film of one frame, an animated
one a silent film. Sound begins with the first frame. Memory holds one block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np

LARGEST = 8192  # pixels of a side
RATES = (1.0, 240.0)  # frames a second; outside lies a broken header, or a film of something else than people
LONGEST_S = 4 * 3600.0
# What FFmpeg may take a file for: no playlists or scripts, which name other files, and no subtitles.
CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg"
BLOCK = 16  # frames
SOUND_BLOCK_S = 1.0
# libavutil's numbers of colour spaces. What does not say is by custom BT.709 from 720 lines upwards.
UNSAID, BT709, HD_LINES = 2, 1, 720


class Moment(NamedTuple):
    """One picture of a film.

    Attributes:
        start_s: when it is first seen, from the start of the film.
        length_s: how long it is seen; 0 where the file does not say.
        pixels: gives (H, W, 3) uint8 RGB; costs something, so only for what is shown.
    """

    start_s: float
    length_s: float
    pixels: Callable[[], np.ndarray]


@dataclass(frozen=True)
class VideoFile:
    """A film on the disk. Every method opens the file anew, so that several may read at once.

    Attributes:
        path: of the file.
        width, height: of a frame as it is given: upright, with square pixels.
        frame_rate: Hz.
        num_frames: as the file says; one that is uneven or broken may give others.
        sample_rate: of its sound in Hz; 0 of a silent film.
        start_s: when the first frame is seen, in the file's own time.
    """

    path: Path
    width: int
    height: int
    frame_rate: float
    num_frames: int
    sample_rate: int = 0
    start_s: float = 0.0

    @property
    def duration_s(self) -> float:
        return self.num_frames / self.frame_rate

    def frames(
        self,
        start: int = 0,
        stop: int | None = None,
        *,
        frame_rate: float | None = None,
        largest: int | None = None,
        block: int = BLOCK,
    ) -> Iterator[np.ndarray]:
        """Gives frames in order, (T, H, W, 3) uint8 RGB with T up to `block`.

        Args:
            start, stop: from this frame to before that one, counted at the rate asked for.
            frame_rate: Hz; the file's own when None.
            largest: of the longer side in pixels; larger frames are scaled down.
            block: most frames at a time.

        Raises:
            ValueError: the file is broken.
        """
        import numpy as np

        rate = self.frame_rate if frame_rate is None else checked_rate(frame_rate, "to read at")
        # Without a stop the last picture ends it: headers err where frames have uneven lengths.
        stop = round(LONGEST_S * rate) if stop is None else stop
        moments = self._moments(start / rate, largest)
        waiting: list[np.ndarray] = []
        for pixels in evenly(moments, rate, start, stop, 1 / self.frame_rate):
            waiting.append(pixels)
            if len(waiting) == block:
                yield np.stack(waiting)
                waiting = []
        if waiting:
            yield np.stack(waiting)

    def frame(self, number: int, *, largest: int | None = None) -> np.ndarray:
        """Gives one frame, (H, W, 3) uint8 RGB.

        Raises:
            ValueError: the film has no such frame.
        """
        found = next(self.frames(number, number + 1, largest=largest, block=1), None)
        if found is None:
            raise ValueError(f"expected a frame out of {self.num_frames}, got {number}")
        return found[0]

    def sound(self) -> Iterator[np.ndarray]:
        """Gives the sound in blocks of about a second, (C, S) float32; nothing of a silent film.

        C is 1 or 2: of more channels two are mixed.

        Raises:
            ValueError: the file is broken.
        """
        if not self.sample_rate:
            return
        with opened(self.path) as container:
            yield from gathered(sound_of(container, self.start_s), round(SOUND_BLOCK_S * self.sample_rate))

    def _moments(self, start_s: float, largest: int | None) -> Iterator[Moment]:
        from . import picture_file

        if picture_file.is_picture(self.path):
            yield from picture_file.moments(self.path, largest)
            return
        with opened(self.path) as container:
            yield from moments_of(container, self, start_s, largest)


def open_video(path: str | Path) -> VideoFile:
    """Opens a film (MP4, MOV, WebM, MKV, AVI, MPEG, ...) or a picture.

    Raises:
        FileNotFoundError: nothing is there.
        ValueError: no film, a broken one, one without pictures, of a side above 8192 pixels, of a rate
            outside 1 to 240 Hz, or longer than 4 h.
    """
    from . import picture_file

    path = Path(path)
    if not exists(path):
        raise FileNotFoundError(f"expected a film or a picture, got no file at {str(path)[:200]!r}")
    if not path.is_file():
        raise ValueError(f"expected a film or a picture, got a folder or a device at {str(path)!r}")
    if picture_file.is_picture(path):
        return picture_file.open_picture(path)
    with opened(path) as container:
        return described(path, container)


def exists(path: Path) -> bool:
    """Says whether something is there; a name that no file system takes is nowhere."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Gives FFmpeg's container; what breaks while it is read is a ValueError of one line."""
    import av

    try:
        # The whole path, since FFmpeg would take a name with a colon for an address.
        container = av.open(
            str(path.resolve()), options={"format_whitelist": CONTAINERS}, metadata_errors="replace"
        )
    except av.FFmpegError:
        raise ValueError(
            f"expected a film (MP4, MOV, WebM, MKV, AVI, MPEG), got {path.name!r}, which is none or broken"
        ) from None
    with container:
        try:
            yield container
        except av.FFmpegError as error:
            said = (error.strerror or type(error).__name__).splitlines()[0]
            raise ValueError(f"expected a readable film, got {path.name!r}: {said[:160]}") from None


def described(path: Path, container: Any) -> VideoFile:
    """Reads what is known of a film from its header and its first frame."""
    stream = picture_stream(container, path)
    check_size(stream.codec_context.width, stream.codec_context.height, path)
    first = next(container.decode(stream), None)
    if first is None:
        raise ValueError(f"expected a film with at least one frame, got {path.name!r} without any")
    check_size(first.width, first.height, path)
    rate, count = rate_of(stream), int(stream.frames or 0)
    length_s = length_of(container, stream)
    if not RATES[0] <= rate <= RATES[1] or not (count or length_s):
        container.seek(0)
        rate, count = counted(container, stream, rate)
    rate = checked_rate(rate, f"in {path.name!r}")
    count = count or max(1, round(length_s * rate))
    if count / rate > LONGEST_S:
        got = f"{count / rate:.0f} in {path.name!r}"
        raise ValueError(f"expected a film of at most {LONGEST_S:g} s, got {got}")
    height, width = upright_size(first, stream)
    sound = next(iter(container.streams.audio), None)
    sample_rate = int(sound.codec_context.sample_rate or 0) if sound and sound.codec_context else 0
    return VideoFile(path, width, height, rate, count, sample_rate, float(first.time or 0.0))


def picture_stream(container: Any, path: Path) -> Any:
    """Gives the stream of pictures; the cover of an album is none."""
    import av

    cover = av.stream.Disposition.attached_pic
    found = next((one for one in container.streams.video if not one.disposition & cover), None)
    if found is None:
        raise ValueError(f"expected a film with pictures, got sound or data alone in {path.name!r}")
    if found.codec_context is None:
        raise ValueError(f"expected a film in a codec that FFmpeg knows, got another in {path.name!r}")
    return found


def check_size(width: int, height: int, path: Path) -> None:
    if max(width, height) > LARGEST:
        raise ValueError(
            f"expected frames of at most {LARGEST} pixels a side, got {width} x {height} in {path.name!r}"
        )


def checked_rate(rate: float, where: str) -> float:
    if not RATES[0] <= rate <= RATES[1]:
        raise ValueError(f"expected a frame rate of {RATES[0]:g} to {RATES[1]:g} Hz {where}, got {rate:.6g}")
    return float(rate)


def rate_of(stream: Any) -> float:
    """Gives the rate that the header says, as frames by length where it can; 0 when it says none."""
    return next((float(rate) for rate in (stream.average_rate, stream.guessed_rate) if rate), 0.0)


def length_of(container: Any, stream: Any) -> float:
    """Gives the length in seconds; 0 when the header does not say, as what browsers record does not."""
    if stream.duration:
        return float(stream.duration * stream.time_base)
    return (container.duration or 0) / 1e6


def counted(container: Any, stream: Any, said: float) -> tuple[float, int]:
    """Gives rate and number of frames by going through the file without decoding it.

    Args:
        said: the rate in the header, which holds for a film of a single frame.
    """
    times = sorted(packet.pts for packet in container.demux(stream) if packet.pts is not None)
    span = float((times[-1] - times[0]) * stream.time_base) if times else 0.0
    return ((len(times) - 1) / span if span > 0 else said), len(times)


def matrix_of(frame: Any) -> tuple[int, int, int, int] | None:
    """Gives (a, b, c, d) of how a frame is to be shown, x' = a x + c y and y' = b x + d y; None: as it is.

    Source: FFmpeg, libavutil/display.h, "Display transformation matrix".
    """
    import numpy as np
    from av.sidedata.sidedata import Type

    found = frame.side_data.get(Type.DISPLAYMATRIX)
    if found is None:
        return None
    a, b, _, c, d = np.frombuffer(bytes(found), np.int32)[:5].tolist()
    return a, b, c, d


def upright(pixels: np.ndarray, matrix: tuple[int, int, int, int] | None) -> np.ndarray:
    """Turns and mirrors (H, W, 3) by quarters of a turn; what lies between is left."""
    if matrix is None:
        return pixels
    a, b, c, d = matrix
    if abs(b) + abs(c) > abs(a) + abs(d):
        pixels, across, down = pixels.swapaxes(0, 1), c, b
    else:
        across, down = a, d
    return pixels[:: -1 if down < 0 else 1, :: -1 if across < 0 else 1]


def stored_size(frame: Any, stream: Any) -> tuple[int, int]:
    """Gives width and height with square pixels, before turning."""
    ratio = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
    aspect = float(ratio) if ratio else 1.0
    # Beyond four to one the header is nonsense.
    return (max(1, round(frame.width * aspect)) if 0.25 <= aspect <= 4 else frame.width), frame.height


def upright_size(frame: Any, stream: Any) -> tuple[int, int]:
    """Gives height and width of a frame as it is shown."""
    import numpy as np

    width, height = stored_size(frame, stream)
    shape = upright(np.empty((height, width, 0), np.uint8), matrix_of(frame)).shape
    return shape[0], shape[1]


def moments_of(container: Any, file: VideoFile, start_s: float, largest: int | None) -> Iterator[Moment]:
    """Gives the pictures of a film from about `start_s` onwards, decoded but not yet converted."""
    import av

    stream = picture_stream(container, file.path)
    if start_s > 0:
        container.seek(round((start_s + file.start_s) / stream.time_base), stream=stream)
    shrink = min(1.0, largest / max(file.width, file.height)) if largest else 1.0
    size: tuple[int, int] | None = None
    # One for all frames: each frame's own would keep megabytes.
    scaler = av.video.reformatter.VideoReformatter()
    for frame in container.decode(stream):
        check_size(frame.width, frame.height, file.path)
        if size is None:
            # A film that changes is shown as it began; a frame asked for its matrix outlives its use.
            matrix = matrix_of(frame)
            width, height = stored_size(frame, stream)
            size = max(1, round(width * shrink)), max(1, round(height * shrink))
        time = float(frame.time or 0.0) - file.start_s
        length = float((getattr(frame, "duration", 0) or 0) * (frame.time_base or 0))
        yield Moment(time, length, partial(rgb, scaler, frame, size, matrix))


def rgb(
    scaler: Any, frame: Any, size: tuple[int, int], matrix: tuple[int, int, int, int] | None
) -> np.ndarray:
    """Converts one decoded frame to (H, W, 3) uint8, upright by its matrix; the size is that before turning."""
    unsaid = frame.colorspace == UNSAID and frame.height >= HD_LINES
    source = BT709 if unsaid else frame.colorspace
    pixels = scaler.reformat(frame, *size, "rgb24", src_colorspace=source).to_ndarray()
    return upright(pixels, matrix)


def evenly(
    moments: Iterable[Moment], rate: float, start: int, stop: int, usual_s: float
) -> Iterator[np.ndarray]:
    """Gives for each number from start to before stop the picture nearest to its time; ends with the film.

    Args:
        usual_s: how long the last picture is seen where the file does not say.
    """
    upcoming = iter(moments)
    shown, following = next(upcoming, None), next(upcoming, None)
    pixels: np.ndarray | None = None
    for number in range(start, stop):
        time = number / rate
        while shown and following and abs(following.start_s - time) <= abs(shown.start_s - time):
            shown, following, pixels = following, next(upcoming, None), None
        if shown is None:
            return
        if following is None and time > shown.start_s + (shown.length_s or usual_s) - 0.25 / rate:
            return
        pixels = shown.pixels() if pixels is None else pixels
        yield pixels


def sound_of(container: Any, start_s: float) -> Iterator[np.ndarray]:
    """Decodes the sound from `start_s` of the file's time: silence before it starts, cut when it is early."""
    import av
    import numpy as np

    stream = container.streams.audio[0]
    layout = "mono" if stream.channels == 1 else "stereo"
    even = av.AudioResampler(format="fltp", layout=layout, rate=stream.rate)
    # A codec's last block is padded; the header knows where the sound ends.
    left = round(float(stream.duration * stream.time_base) * stream.rate) if stream.duration else None
    early: int | None = None
    for frame in chain(container.decode(stream), (None,)):
        if early is None and frame is not None:
            early = round((start_s - float(frame.time or 0.0)) * stream.rate)
            if early < 0:
                yield np.zeros((1 if layout == "mono" else 2, min(-early, stream.rate * 3600)), np.float32)
        for piece in even.resample(frame):
            samples = piece.to_ndarray()[:, :left]
            left = None if left is None else left - samples.shape[1]
            cut = min(max(early or 0, 0), samples.shape[1])
            early = (early or 0) - cut
            yield samples[:, cut:]


def gathered(pieces: Iterable[np.ndarray], length: int) -> Iterator[np.ndarray]:
    """Gives pieces of (C, S) joined to blocks of at least `length`, the last one shorter."""
    import numpy as np

    waiting: list[np.ndarray] = []
    for piece in pieces:
        waiting.append(piece)
        if sum(one.shape[1] for one in waiting) >= length:
            yield np.concatenate(waiting, axis=1)
            waiting = []
    if sum(one.shape[1] for one in waiting):
        yield np.concatenate(waiting, axis=1)

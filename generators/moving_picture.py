"""Frames to an H.264 film on the disk while they are made: rendering and encoding overlap."""

from __future__ import annotations

import contextlib
import queue
import threading
import weakref
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeVar

from .media import Audio, Video
from .on_disk import ScratchFile, release

if TYPE_CHECKING:
    import numpy as np

SIDES = (16, 4096)  # pixels
RATES = (1.0, 240.0)  # Hz
CRF, PRESET = 16, "veryfast"  # barely told from the frames; quick enough for one laptop core
KEYFRAME_S = 2.0  # how far a player has to go back when somebody jumps
WAITING = 2  # blocks between who renders and the encoder
# Sound of these rates is kept, any other becomes 48 kHz.
AAC_RATES = (16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
AAC_FRAME = 1024
BITS_PER_CHANNEL = 96_000
SOUND_BLOCK_S = 1.0
# FFmpeg's numbers: BT.709 primaries, transfer and matrix, and its range of 16 to 235.
BT709, STUDIO_RANGE = 1, 1
SomeVideo = TypeVar("SomeVideo", bound=Video)


class VideoWriter:
    """Takes frames in blocks and gives a `Video`. The same frames and sound give the same bytes.

    Encoding runs on a thread of its own; `write` waits when the encoder is more than two blocks behind, so
    that memory stays flat. Used as a context or not, a writer that was not finished leaves nothing behind.

    Args:
        size: width and height in pixels, even, 16 to 4096.
        frame_rate: Hz, 1 to 240.
        audio: the sound, from the first frame on, read piece by piece; what goes beyond the last frame is
            left out.
        mark: text to draw into the corner of every frame; see `generators.visible_mark`.
        threads: of the encoder. One is enough beside a renderer; the bytes depend on it.

    Raises:
        ValueError: a size or rate that no film has, or sound without samples.
    """

    def __init__(
        self,
        size: tuple[int, int],
        frame_rate: float,
        audio: Audio | None = None,
        *,
        mark: str = "",
        threads: int = 1,
    ) -> None:
        check_size(size)
        if not RATES[0] <= frame_rate <= RATES[1]:
            raise ValueError(f"expected a frame rate of {RATES[0]:g} to {RATES[1]:g} Hz, got {frame_rate:g}")
        if audio is not None and not audio.samples.shape[-1]:
            raise ValueError("expected sound with samples for a film, got none")
        rate = Fraction(frame_rate).limit_denominator(1001)
        self.plan = Plan(ScratchFile(".mp4"), size, rate, audio, mark, threads)
        self.num_frames = 0
        self._hand = Hand()
        self._thread = threading.Thread(target=encode, args=(self.plan, self._hand), daemon=True)
        self._thread.start()
        self._abandoned = weakref.finalize(self, self._hand.abandon)

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(self, *about: object) -> None:
        self.close()

    def write(self, frames: Any) -> None:
        """Hands over frames, (T, H, W, 3) uint8 RGB, as an array or a tensor of the CPU.

        They are not to be changed afterwards.

        Raises:
            ValueError: frames of another shape or kind, or the writer is finished.
            OSError: the disk is full.
        """
        import numpy as np

        frames = np.asarray(frames)
        width, height = self.plan.size
        if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[1:] != (height, width, 3):
            got = f"{frames.dtype} {frames.shape}"
            raise ValueError(f"expected frames of uint8 and shape (T, {height}, {width}, 3), got {got}")
        if not self._abandoned.alive:
            raise ValueError("expected a writer that still takes frames, got one that was finished or closed")
        self._hand.complain()
        if len(frames):
            self.num_frames += len(frames)
            self._hand.blocks.put(frames)

    def finish(self, media: type[SomeVideo] = Video, **about: Any) -> SomeVideo:  # type: ignore[assignment]
        """Waits for the encoder and gives the film.

        Args:
            media: its class. about: its other fields, such as `provenance`, `marks` and `motion`.

        Raises:
            ValueError: no frame was written, or the writer is finished already.
            OSError: the disk is full.
        """
        if not self.num_frames or not self._abandoned.alive:
            self.close()
            raise ValueError("expected a writer with frames that is not finished, got none or a finished one")
        self._hand.blocks.put(None)
        self._thread.join()
        self._abandoned.detach()
        self._hand.complain()
        width, height = self.plan.size
        rate = 0 if self.plan.audio is None else self.plan.sample_rate
        return media(self.plan.file, width, height, float(self.plan.rate), self.num_frames, rate, **about)

    def close(self) -> None:
        """Lets go of the film when it is not finished, and waits until it is gone."""
        self._abandoned()
        self._thread.join()


def check_size(size: tuple[int, int]) -> None:
    """Refuses sizes that H.264 does not take."""
    if any(side % 2 or not SIDES[0] <= side <= SIDES[1] for side in size):
        width, height = size
        raise ValueError(
            f"expected even sides of {SIDES[0]} to {SIDES[1]} pixels for a film, got {width} x {height}"
        )


@dataclass(frozen=True)
class Plan:
    """What is encoded; holds no writer, so that an abandoned one is noticed."""

    file: ScratchFile
    size: tuple[int, int]
    rate: Fraction
    audio: Audio | None
    mark: str
    threads: int

    @property
    def sample_rate(self) -> int:
        """Hz of the film's sound."""
        source = self.audio.sample_rate if self.audio is not None else 0
        return source if source in AAC_RATES else AAC_RATES[-1]


@dataclass
class Hand:
    """What goes between the writer and its thread: blocks of frames, and None behind the last."""

    blocks: queue.Queue = field(default_factory=lambda: queue.Queue(WAITING))
    stopped: threading.Event = field(default_factory=threading.Event)
    problems: list[Exception] = field(default_factory=list)

    def complain(self) -> None:
        """Raises what went wrong in the encoder."""
        for problem in self.problems:
            if isinstance(problem, OSError):
                raise OSError(
                    f"expected room for a film in the temporary folder, got: {problem}"
                ) from problem
            raise problem

    def abandon(self) -> None:
        """Ends the thread without a film."""
        self.stopped.set()
        with contextlib.suppress(queue.Empty):
            while True:
                self.blocks.get_nowait()
        self.blocks.put(None)


def encode(plan: Plan, hand: Hand) -> None:
    """Runs on the thread: writes the film until None comes."""
    try:
        write_film(plan, hand)
    except Exception as error:  # noqa: BLE001 - raised again by the writer, on the thread of who renders
        hand.problems.append(error)
        # Who renders must not wait for an encoder that is gone.
        while hand.blocks.get() is not None:
            pass


def write_film(plan: Plan, hand: Hand) -> None:
    import av

    from .visible_mark import VisibleMark

    mark = VisibleMark(plan.size, plan.mark) if plan.mark else None
    # Nothing of the moment or the build goes in: "bitexact" leaves the muxer's version and the time out.
    with av.open(str(plan.file.path), "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        pictures, scaler = picture_stream(container, plan), av.video.reformatter.VideoReformatter()
        sound = SoundTrack(container, plan) if plan.audio is not None else None
        count = 0
        while (frames := hand.blocks.get()) is not None:
            if mark is not None:
                frames = frames.copy()
                mark.draw(frames)
            for pixels in frames:
                if hand.stopped.is_set():
                    return
                container.mux(pictures.encode(as_frame(scaler, pixels, count)))
                count += 1
            if sound is not None:
                sound.write(float(count / plan.rate))
        if hand.stopped.is_set():
            return
        container.mux(pictures.encode(None))
        if sound is not None:
            sound.finish()


def picture_stream(container: Any, plan: Plan) -> Any:
    """Adds the pictures to a film."""
    options = {
        "preset": PRESET,
        "crf": str(CRF),
        "g": str(max(1, round(KEYFRAME_S * plan.rate))),
        # x264's macroblock tree reads memory that it never wrote: the same frames gave other bytes.
        "x264-params": "mbtree=0",
    }
    stream = container.add_stream("libx264", rate=plan.rate, options=options)
    stream.width, stream.height = plan.size
    stream.pix_fmt = "yuv420p"
    tag_colours(stream.codec_context)
    stream.codec_context.thread_count = plan.threads
    return stream


def tag_colours(context: Any) -> None:
    """Says in the film how its colours are meant; else players guess by the size of the picture."""
    context.color_primaries = context.color_trc = context.colorspace = BT709
    context.color_range = STUDIO_RANGE


def as_frame(scaler: Any, pixels: np.ndarray, number: int) -> Any:
    """Gives (H, W, 3) uint8 as the encoder takes it: YUV 4:2:0 of BT.709.

    Args:
        scaler: PyAV's reformatter, the same for all frames: to make one takes a millisecond.
    """
    import av
    import numpy as np

    whole = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
    frame = scaler.reformat(whole, format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
    frame.colorspace, frame.color_range = BT709, STUDIO_RANGE
    frame.pts = number
    return frame


class SoundTrack:
    """The sound of a film, written as far as its pictures are, so that the muxer need not keep much."""

    def __init__(self, container: Any, plan: Plan) -> None:
        import av

        assert plan.audio is not None
        self.container, self.samples, self.source_rate = container, plan.audio.samples, plan.audio.sample_rate
        self.channels = min(2, len(self.samples))
        self.layout = "mono" if self.channels == 1 else "stereo"
        self.stream = container.add_stream("aac", rate=plan.sample_rate, layout=self.layout)
        self.stream.bit_rate = min(BITS_PER_CHANNEL, 4 * plan.sample_rate) * self.channels
        self.even = av.AudioResampler("fltp", self.layout, plan.sample_rate, AAC_FRAME)
        self.at = 0

    def write(self, until_s: float) -> None:
        """Writes the sound up to this time of the film."""
        import av
        import numpy as np

        until = min(self.samples.shape[1], round(until_s * self.source_rate))
        while self.at < until:
            stop = min(until, self.at + round(SOUND_BLOCK_S * self.source_rate))
            block = np.ascontiguousarray(self.samples[: self.channels, self.at : stop], np.float32)
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=self.layout)
            frame.sample_rate, frame.pts = self.source_rate, self.at
            frame.time_base = Fraction(1, self.source_rate)
            self.at = stop
            self._mux(self.even.resample(frame))
        release(self.samples)

    def finish(self) -> None:
        """Writes what is still on its way."""
        self._mux(self.even.resample(None))
        self.container.mux(self.stream.encode(None))

    def _mux(self, frames: list[Any]) -> None:
        for frame in frames:
            self.container.mux(self.stream.encode(frame))

"""A dub into its film: pictures as they are, packet by packet, the new sound first, new subtitles, all else kept.

What a container cannot hold is left out and said. Nothing of the film is encoded again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .film_tracks import TEXTS, SoundTrack, SubtitleTrack, cues, retold, subtitle_stream
from .original import open_original, opened, packets_of

if TYPE_CHECKING:
    import numpy as np

COMMENT = "comment"
# Said by whoever writes the file, and of the one that was read.
NOT_KEPT = {"encoder", "major_brand", "minor_version", "compatible_brands", COMMENT}
TITLE = "Dub"


@dataclass(frozen=True)
class Kind:
    """What goes into a container: FFmpeg's names of it, of the sound and of the subtitles."""

    container: str
    sound: str
    subtitles: str


KINDS = {
    ".mp4": Kind("mp4", "aac", "mov_text"),
    ".mov": Kind("mov", "aac", "mov_text"),
    ".mkv": Kind("matroska", "flac", "subrip"),
    ".webm": Kind("webm", "libopus", "webvtt"),
}


def mux(
    film: str | Path,
    sound: Iterable[np.ndarray],
    sample_rate: int,
    out: str | Path,
    *,
    subtitles: Sequence[tuple[float, float, str, str]] = (),
    document: str = "",
    language: str = "",
    keep_sound: bool = True,
) -> list[str]:
    """Writes a film with another sound in front of its own; what stands at `out` is not whole before the end.

    Args:
        film: whose pictures, chapters and other tracks are kept. sound: (C, S) float32 blocks from the first picture
            on, C 1 or 2. sample_rate: Hz; 48000 for .webm.
        out: ending in .mp4, .mov, .mkv or .webm.
        subtitles: (start_s, end_s, speaker, text) from the first picture on, in the order of time.
        document: for the film's comment. language: of the dub, as of ISO 639-2 ("deu"); empty for none.
        keep_sound: whether the film's own sound goes along as another track.

    Returns:
        What was left out, a line each.

    Raises:
        FileNotFoundError: no film there.
        ValueError: no film, a broken one, or pictures that such a container does not hold.
        OSError: the place cannot be written.
    """
    out, known = Path(out), open_original(film)
    kind = KINDS.get(out.suffix.lower())
    if kind is None:
        raise ValueError(f"expected a film ending in {', '.join(KINDS)}, got {out.name!r}")
    if not known.has_pictures:
        raise ValueError(f"expected a film with pictures, got sound alone in {known.path.name!r}")
    with opened(known.path, fflags="+genpts") as source:
        return Muxing(source, out, kind, known.start_s, keep_sound).write(
            sound, sample_rate, subtitles, document, language
        )


class Muxing:
    """One film on its way.

    Args:
        source: the open film. out: where it goes. kind: what it becomes.
        start_s: when the first picture is seen, in the film's own time. keep_sound: as in `mux`.
    """

    def __init__(self, source: Any, out: Path, kind: Kind, start_s: float, keep_sound: bool) -> None:
        self.source, self.path, self.kind, self.start_s = source, out, kind, start_s
        self.keep_sound = keep_sound
        self.left_out: list[str] = []

    def write(
        self,
        sound: Iterable[np.ndarray],
        sample_rate: int,
        subtitles: Sequence[tuple[float, float, str, str]],
        document: str,
        language: str,
    ) -> list[str]:
        """Writes everything; see `mux`."""
        import av

        blocks = iter(sound)
        first = next(blocks)
        try:
            for keep in (self.keep_sound, False):
                self.left_out.clear()
                with self._opened() as container:
                    self._describe(container, document)
                    copies = self._copied(container, "video")
                    track = SoundTrack(container, self.kind.sound, first, blocks, sample_rate, self.start_s)
                    copies |= self._copied(container, "audio") if keep else {}
                    titles = SubtitleTrack(container, self.kind.subtitles, cues(subtitles), self.start_s)
                    copies |= self._copied(container, "subtitle")
                    self._say_rest(copies, keep)
                    for stream in (track.stream, *([titles.stream] if titles.stream else [])):
                        named(stream, TITLE, language)
                    self._chapters(container)
                    if self._begun(container, last=not keep):
                        self._pump(container, copies, track, titles)
                        break
        except av.FFmpegError as error:
            if isinstance(error, OSError):
                raise OSError(f"expected a place for {self.path.name!r}, got: {error.strerror}") from None
            raise ValueError(
                f"expected a film that can be copied, got a broken one: {error.strerror}"
            ) from None
        return self.left_out

    def _opened(self) -> Any:
        import av

        options = {"fflags": "+bitexact"}
        if self.kind.container in ("mp4", "mov"):
            options["movflags"] = "+faststart+use_metadata_tags"
        return av.open(str(self.path), "w", format=self.kind.container, options=options)

    def _begun(self, container: Any, last: bool) -> bool:
        """Writes the head of the film; says whether the container took all that stands in it.

        Raises:
            ValueError: it did not, and there is nothing more to leave out.
        """
        import av

        try:
            container.start_encoding()
        except av.FFmpegError as error:
            if isinstance(error, OSError):
                raise
            if last:
                stream = next(stream for stream in self.source.streams if stream.type == "video")
                raise ValueError(self._wrong_container(stream)) from None
            return False
        return True

    def _describe(self, container: Any, document: str) -> None:
        kept = {key: value for key, value in self.source.metadata.items() if key.lower() not in NOT_KEPT}
        container.metadata.update(kept)
        if document:
            container.metadata[COMMENT] = document

    def _copied(self, container: Any, type_: str) -> dict[int, Any]:
        """Adds the film's own tracks of a type; gives their numbers in the film and the new ones."""
        import av

        cover, found = av.stream.Disposition.attached_pic, {}
        for stream in self.source.streams:
            if stream.type != type_ or stream.disposition & cover:
                continue
            made = self._added(container, stream)
            if made is None and type_ == "video":
                raise ValueError(self._wrong_container(stream))
            if made is None:
                self.left_out.append(f"{described(stream)}: a {self.path.suffix} film cannot hold it")
                continue
            made.metadata.update(stream.metadata)
            if type_ != "video":
                made.disposition = stream.disposition & ~av.stream.Disposition.default
            found[stream.index] = made
        return found

    def _added(self, container: Any, stream: Any) -> Any:
        """Adds one track; None where the container does not hold it. Words go into any."""
        import av

        if stream.type == "subtitle" and stream.codec_context and stream.codec_context.name in TEXTS:
            return subtitle_stream(container, self.kind.subtitles)
        try:
            return container.add_stream_from_template(stream)
        except (ValueError, TypeError, av.FFmpegError):
            return None

    def _wrong_container(self, stream: Any) -> str:
        name = stream.codec_context.name if stream.codec_context else "an unknown codec"
        return f"expected pictures that a {self.path.suffix} film can hold, got {name}: choose .mkv"

    def _say_rest(self, copies: dict[int, Any], keep: bool) -> None:
        """Says what is not copied: covers, time codes, fonts, sound that the container did not take."""
        # MP4 has its chapters in a track of data too, and they are kept.
        known = {"subtitle"} | ({"data"} if self.source.chapters() else set())
        known |= {"audio"} if keep or not self.keep_sound else set()
        for stream in self.source.streams:
            if stream.index not in copies and stream.type not in known:
                self.left_out.append(f"{described(stream)}: it is not copied")

    def _chapters(self, container: Any) -> None:
        found = self.source.chapters()
        if found:
            container.set_chapters(found)

    def _pump(self, container: Any, copies: dict[int, Any], track: SoundTrack, titles: SubtitleTrack) -> None:
        """Writes all tracks side by side, so that the container need not keep much."""
        wanted = [stream for stream in self.source.streams if stream.index in copies]
        for packet in timed(packets_of(self.source, *wanted)):
            if packet.stream.type == "video":
                until_s = float(packet.dts * packet.time_base) - self.start_s
                track.write(until_s)
                titles.write(until_s)
            for made in retold(packet, copies[packet.stream.index]):
                container.mux(made)
        track.write(None)
        titles.write(None)


def timed(packets: Iterator[Any]) -> Iterator[Any]:
    """Gives every packet with the time at which it is to be decoded, which Matroska and AVI do not always say.

    Where the first of a track have none they are counted back from the first that has.
    """
    waiting: dict[int, list[Any]] = {}
    known: set[int] = set()
    ends: dict[int, int] = {}
    for packet in packets:
        track = packet.stream.index
        if not packet.size:
            continue
        if packet.dts is None and track not in known:
            waiting.setdefault(track, []).append(packet)
            continue
        if packet.dts is None:
            # Some say neither time of some packets.
            packet.dts = ends[track] if packet.pts is None else packet.pts
        packet.pts = packet.dts if packet.pts is None else packet.pts
        ends[track] = packet.dts + (packet.duration or 1)
        known.add(track)
        yield from counted_back(waiting.pop(track, []), packet.dts)
        yield packet
    for rest in waiting.values():
        yield from counted_back(
            rest, min((packet.pts for packet in rest if packet.pts is not None), default=0)
        )


def counted_back(packets: list[Any], until: int) -> list[Any]:
    """Gives packets that are decoded one after the other before a time, in units of their track."""
    for before, packet in enumerate(reversed(packets), 1):
        packet.dts = until - before * max(1, packet.duration or 1)
    return packets


def named(stream: Any, title: str, language: str) -> None:
    """Says what a track is."""
    stream.metadata["title"] = stream.metadata["handler_name"] = title
    if language:
        stream.metadata["language"] = language


def described(stream: Any) -> str:
    """Gives a track in words."""
    name = stream.codec_context.name if stream.codec_context else "unknown"
    title = stream.metadata.get("title") or stream.metadata.get("filename") or ""
    return f"track {stream.index} ({stream.type}, {name}{f', {title[:60]}' if title else ''})"

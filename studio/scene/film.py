"""A scene's film: faces and bodies drawn side by side with their words, frame by frame in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from generators.media import Audio, Mark
from generators.moving_picture import VideoWriter

from ..subtitles import MOST_CHARACTERS
from . import canvas
from .layout import Box, Layout, layout_of
from .options import SceneOptions
from .parts import opened
from .scene import Scene, Shot

if TYPE_CHECKING:
    import numpy as np

BLOCK = 8
# The light follows the feeling in steps of so many frames, which nobody sees.
HELD = 5
FADE_S = 0.6
SOFT_S = 0.32
Track = Sequence[tuple[float, float, float]]
Pictures = tuple["np.ndarray | None", ...]


def filmed(
    shots: Sequence[Shot],
    marks: Sequence[Mark],
    sound: Audio,
    track: Track,
    options: SceneOptions,
    on_frame: Callable[[int], None],
    **about: Any,
) -> Scene:
    """Draws and encodes a film.

    Args:
        shots: with their parts, times on whole frames. marks: of the whole scene.
        sound: of the whole scene. track: (start in s, valence, arousal), for the colours.
        on_frame: called with the frames done, block by block; may raise `Cancelled`.
        about: other fields of the scene.
    """
    names = list(dict.fromkeys(shot.speaker for shot in shots))
    rate, end_s = options.frame_rate, shots[-1].end_s
    total = round(end_s * rate)
    with VideoWriter(layout_of(options.height, options.shows).size, rate, sound) as writer:
        stage: Stage | None = None
        for shot in shots:
            mirrored = names.index(shot.speaker) % 2 == 1
            layout = layout_of(options.height, options.shows, mirrored=mirrored)
            goes_on = stage is not None and stage.shot.speaker == shot.speaker
            stage = Stage(shot, layout, track, end_s, options, stage.pictures if stage and goes_on else ())
            for block in stage.blocks(stage.captions(marks)):
                writer.write(faded(block, writer.num_frames, total, rate))
                on_frame(writer.num_frames)
        return writer.finish(
            Scene, shots=tuple(shots), marks=tuple(marks), emotion_track=tuple(track), **about
        )


class Stage:
    """Draws the frames of one shot.

    Args:
        before: the last pictures of a shot before it of the same person, which go over into this one's: nobody
            jumps between two lines.
    """

    def __init__(
        self,
        shot: Shot,
        layout: Layout,
        track: Track,
        end_s: float,
        options: SceneOptions,
        before: Pictures = (),
    ) -> None:
        import numpy as np

        self.shot, self.layout, self.options, self.end_s = shot, layout, options, end_s
        self.rate = options.frame_rate
        self.first, self.last = round(shot.start_s * self.rate), round(shot.end_s * self.rate)
        rows = np.array(track, np.float64)
        self.felt = lambda times: tuple(np.interp(times, rows[:, 0], rows[:, axis]) for axis in (1, 2))
        at = (np.arange(layout.strip.width) + 0.5) / layout.strip.width * end_s
        self.strip = canvas.strip_of(layout.strip, *self.felt(at))
        self.ground_at, self.ground = -1, np.zeros(0)
        self.before, self.pictures = before, before

    def captions(self, marks: Sequence[Mark]) -> list[tuple[float, str]]:
        """Gives (from when in s, what) of the words; a long line comes piece by piece."""
        shot = self.shot
        if not self.options.subtitles:
            return []
        words = [mark for mark in marks if mark.kind == "word" and shot.start_s <= mark.start_s < shot.end_s]
        return captions_of(shot.text, shot.start_s, [mark.start_s for mark in words])

    def blocks(self, captions: Sequence[tuple[float, str]]) -> Iterator[np.ndarray]:
        """Gives the frames, (T, H, W, 3) uint8."""
        import numpy as np

        shown = [(part, box) for part, box in self.people() if box is not None]
        for start in range(self.first, self.last, BLOCK):
            stop = min(self.last, start + BLOCK)
            out = np.empty((stop - start, self.layout.size[1], self.layout.size[0], 3), np.uint8)
            for frame, pixels in zip(range(start, stop), out, strict=True):
                self.pictures = tuple(self.next_picture(number, *row) for number, row in enumerate(shown))
                self.draw(pixels, frame, [box for _, box in shown], captions)
            yield out

    def people(self) -> list[tuple[Iterator[np.ndarray], Box | None]]:
        """Gives what is seen of who speaks, picture by picture, and where."""
        return [(self.faces(), self.layout.face), (self.bodies(), self.layout.body)]

    def next_picture(self, number: int, part: Iterator[np.ndarray], box: Box) -> np.ndarray | None:
        """Gives the next picture of a part; one that is a frame shorter than its sound keeps its last."""
        found = next(part, None)
        if found is None:
            return self.pictures[number] if number < len(self.pictures) else None
        return canvas.filling(found, box)

    def draw(
        self, pixels: np.ndarray, frame: int, boxes: Sequence[Box], captions: Sequence[tuple[float, str]]
    ) -> None:
        """Draws one frame into (H, W, 3)."""
        step = frame // HELD
        if step != self.ground_at:
            self.ground_at, self.ground = step, self.grounded(HELD * step / self.rate, captions)
        pixels[...] = self.ground
        share = (frame - self.first + 1) / (SOFT_S * self.rate)
        for number, box in enumerate(boxes):
            picture = self.pictures[number]
            old = self.before[number] if share < 1 and number < len(self.before) else None
            if picture is not None:
                canvas.put(
                    pixels, picture if old is None else blended(old, picture, share), box, self.layout.scale
                )
        canvas.draw_strip(pixels, self.strip, self.layout.strip, frame / self.rate / self.end_s)

    def grounded(self, time_s: float, captions: Sequence[tuple[float, str]]) -> np.ndarray:
        """Gives what is behind and below the people at a time, (H, W, 3) uint8."""
        valence, arousal = (float(value[0]) for value in self.felt([time_s]))
        out = canvas.lit_ground(self.layout, valence, arousal).clip(0, 255).astype("uint8")
        text = next((text for start, text in reversed(captions) if start <= time_s + 1 / self.rate), "")
        text = text or (captions[0][1] if captions else "")
        if text:
            canvas.draw_words(
                out, self.layout, self.shot.speaker, self.shot.feeling, text, (valence, arousal)
            )
        return out

    def faces(self) -> Iterator[np.ndarray]:
        """Gives the pictures of the face; nothing where it is not seen."""
        path = self.shot.parts.get("portrait")
        if path:
            for block in opened("portrait", path).frames(frame_rate=self.rate):
                yield from block

    def bodies(self) -> Iterator[np.ndarray]:
        """Draws the body; nothing where it is not seen."""
        path = self.shot.parts.get("gesture")
        if path and self.layout.body:
            from ..body_film.renderer import BodyRenderer

            made = opened("gesture", path)
            times = [row[0] for row in made.emotion_track] or [0.0]
            felt = self.felt([time + self.shot.start_s for time in times])
            track = [(time, float(v), float(a)) for time, v, a in zip(times, *felt, strict=True)]
            for block in BodyRenderer(made.motion, track, size=self.layout.body.size).frames():
                yield from block


def blended(before: np.ndarray, after: np.ndarray, share: float) -> np.ndarray:
    """Gives the picture between two, 0..1 from the first to the second."""
    import numpy as np

    return (before + share * (after.astype(np.float32) - before)).astype(np.uint8)


def captions_of(text: str, start_s: float, words_s: Sequence[float]) -> list[tuple[float, str]]:
    """Cuts a line into pieces of about the same length that two rows hold.

    Args:
        words_s: when each word that is heard begins; written words are shared among them.
    """
    words = text.split()
    count = -(-len(text) // MOST_CHARACTERS)
    if count < 2 or not words_s:
        return [(start_s, text)]
    pieces: list[list[str]] = [[]]
    firsts = [0]
    for at, word in enumerate(words):
        done = sum(len(one) + 1 for piece in pieces for one in piece)
        if done >= len(pieces) * len(text) / count - 0.5 * len(word):
            pieces.append([])
            firsts.append(at)
        pieces[-1].append(word)
    times = [words_s[min(len(words_s) - 1, first * len(words_s) // len(words))] for first in firsts]
    return [(start_s, " ".join(pieces[0])), *zip(times[1:], map(" ".join, pieces[1:]), strict=True)]


def faded(block: np.ndarray, first: int, total: int, rate: float) -> np.ndarray:
    """Fades the beginning of a film in and its end out."""
    import numpy as np

    frames = first + np.arange(len(block))
    share = np.minimum(frames + 1, total - frames) / (FADE_S * rate)
    if share.min() >= 1:
        return block
    return (block * share.clip(0, 1)[:, None, None, None]).astype(np.uint8)

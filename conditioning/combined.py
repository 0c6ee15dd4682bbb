"""Words and voice together: what the words say, and the category and the place heard in the voice.

Source: the three parts are those of Yee et al. 2025, "SynchroRaMa: Lip-Synchronized and Emotion-Aware Talking
Face Generation via Multi-Modal Emotion Embedding", arXiv:2509.19965. How they are weighed is our own.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from .emotion import MAX_PHRASE, Emotion, check_number, clean_text, printable, shorten
from .encoders import ENCODERS, SPEECH, TEXT_WEIGHTS, encoder_of
from .names import NEUTRAL, find_state
from .space import EmotionSpace, load_space

# How much of the voice's point is its category (chances x points of the states); the rest is the continuous
# point. On 1918 clips of speakers that the encoder had not heard, 0.5 read valence, arousal and dominance
# best (r 0.52, 0.75, 0.62; 0 gives 0.51, 0.74, 0.60 and 1 gives 0.45, 0.74, 0.59) and lay nearer to the acted
# point (2.23 away instead of 2.80), while the nearest of nine states was right as often (0.555 and 0.566).
CATEGORY_SHARE = 0.5
# A weight that is chosen here leaves each of the two a say.
WEIGHTS = (0.2, 0.8)
# How far from 0 both valences must be before opposite signs count as a conflict. Chosen on the RAVDESS clips
# of the odd actors, read by encoders that had not heard the speaker, with 36 invented texts (12 glad, 12 sad,
# 12 plain): plain texts read up to 0.25 and seven of ten neutral voices within 0.2. On the even actors these
# flag 45 % of the pairs that do conflict, 5 % of those that agree, 15 % of glad or sad words in a neutral
# voice and no plain text. Asking that the points' directions differ as well did not help: all feelings share
# so much of their direction from neutral that even joy and sadness lie only 76 degrees apart.
CLEAR_IN_WORDS, CLEAR_IN_VOICE = 0.3, 0.2


@dataclass(frozen=True)
class Reading:
    """Where a feeling was placed.

    Attributes:
        point: 64 numbers of the space.
        vad: valence, arousal, dominance in -1..1, as the point reads.
        name: the nearest state.
        length: how far the point lies from neutral.
    """

    point: tuple[float, ...]
    vad: tuple[float, float, float]
    name: str
    length: float


@dataclass(frozen=True)
class Combined:
    """The two readings and their combination.

    Attributes:
        words: what is said.
        take: file name of the recording.
        text, audio: where the words and the voice lie.
        heard: (state, chance) that the voice's classifier gives, the likeliest first; chances sum to 1.
        text_weight: share of the words in `together`, 0..1; the rest is the voice's.
        together: the weighted mean of the two points.
        read_by: names of the weights that read them.
    """

    words: str
    take: str
    text: Reading
    audio: Reading
    heard: tuple[tuple[str, float], ...]
    text_weight: float
    together: Reading
    read_by: tuple[str, ...]

    @property
    def text_point(self) -> tuple[float, ...]:
        return self.text.point

    @property
    def audio_point(self) -> tuple[float, ...]:
        return self.audio.point

    @property
    def point(self) -> tuple[float, ...]:
        """The combination, 64 numbers of the space."""
        return self.together.point

    @property
    def conflict(self) -> bool:
        """Whether one is clearly pleasant and the other clearly unpleasant."""
        said, heard = self.text.vad[0], self.audio.vad[0]
        return abs(said) >= CLEAR_IN_WORDS and abs(heard) >= CLEAR_IN_VOICE and said * heard < 0

    @property
    def why(self) -> str:
        """One sentence on the conflict, or on why there is none."""
        said, heard = told(self.text), told(self.audio)
        if self.conflict:
            return f"the words are {side(self.text)} ({said}), the voice is {side(self.audio)} ({heard})"
        if abs(self.text.vad[0]) < CLEAR_IN_WORDS:
            return f"no conflict: the words are neither clearly pleasant nor unpleasant ({said})"
        if abs(self.audio.vad[0]) < CLEAR_IN_VOICE:
            return f"no conflict: the voice is neither clearly pleasant nor unpleasant ({heard})"
        return f"no conflict: words ({said}) and voice ({heard}) are both {side(self.text)}"

    def weighed(self, text_weight: float | None = None) -> Combined:
        """Gives the same readings with another weight; None chooses it as `read_together` does."""
        if text_weight is None:
            text_weight = weight_of(self.text, self.audio)
        weight = check_number(text_weight, "the weight of the words", 0.0, 1.0)
        text, audio = (torch.tensor(reading.point) for reading in (self.text, self.audio))
        return replace(
            self, text_weight=weight, together=reading_at(load_space(), weight * text + (1 - weight) * audio)
        )

    def emotion(self, intensity: float = 1.0) -> Emotion:
        """Gives the combination as an emotion whose source names both."""
        said = self.words if len(self.words) <= 40 else self.words[:37] + "..."
        source = printable(f"“{said}” said in {self.take}")
        return Emotion(code=self.point, source=source, read_by=self.read_by, intensity=intensity)


def read_together(text: str, audio: str | Path, text_weight: float | None = None) -> Combined:
    """Reads what is said and how it is said, and combines the two.

    The words go through the text encoder; a text that is the name of a state is that state. The point is
    taken as it is read, not lengthened like a phrase that somebody asks for: "the train leaves at nine" must
    stay near neutral. The voice goes through the speech encoder, whose category and point have equal parts.

    Args:
        text: the words that are said, at most 1000 characters; English.
        audio: path of the recording.
        text_weight: share of the words, 0..1. None: the farther of the two from neutral gets the larger
            share, in proportion to the distances and within 0.2..0.8, as a reading near neutral says little.

    Raises:
        ValueError: no words, a weight out of range, or no sound of a voice in the file.
        FileNotFoundError: no such file.
    """
    words, path = check_words(text), check_recording(audio)
    if text_weight is not None:
        check_number(text_weight, "the weight of the words", 0.0, 1.0)
    space = load_space()
    voice, heard = read_voice(space, path)
    said, read_by = read_words(space, words)
    blank = Combined(words, path.name, said, voice, heard, 0.0, voice, (*read_by, SPEECH.checkpoint))
    return blank.weighed(text_weight)


def weight_of(text: Reading, audio: Reading) -> float:
    """Gives the share of the words: their part of both distances from neutral, within 0.2..0.8."""
    total = text.length + audio.length
    low, high = WEIGHTS
    return round(min(high, max(low, text.length / total)), 2) if total > 1e-6 else 0.5


@torch.no_grad()
def read_words(space: EmotionSpace, words: str) -> tuple[Reading, tuple[str, ...]]:
    """Gives where words lie, and the names of the weights that read them."""
    state = find_state(words)
    if state is not None:
        return reading_at(space, space.means()[space.index(state)]), ()
    from .encoders.text import load_text_encoder

    offset = load_text_encoder().encode([words]).z[0].to(space.neutral) - space.neutral
    return reading_at(space, space.neutral + space.within(offset)), (TEXT_WEIGHTS,)


@torch.no_grad()
def read_voice(space: EmotionSpace, path: Path) -> tuple[Reading, tuple[tuple[str, float], ...]]:
    """Gives where a voice lies, and its states with their chances."""
    from .encoders.speech import load_speech_encoder
    from .encoders.speech_frames import read_speech

    encoder, samples = load_speech_encoder(), read_speech(path)
    place = space.within(encoder.encode(samples).to(space.neutral) - space.neutral)  # (D,)
    states, chances = encoder.config["states"], encoder.chances(samples).to(space.neutral)  # (K,)
    category = chances @ space.offsets()[[space.index(name) for name in states]]  # (D,)
    offset = CATEGORY_SHARE * category + (1 - CATEGORY_SHARE) * place
    heard = sorted(zip(states, chances.tolist(), strict=True), key=lambda pair: -pair[1])
    return reading_at(space, space.neutral + offset), tuple(heard)


@torch.no_grad()
def reading_at(space: EmotionSpace, point: torch.Tensor) -> Reading:
    """Says where a point (D,) lies."""
    point = point.to(space.neutral)
    valence, arousal, dominance = space.vad(point).tolist()
    return Reading(
        point=tuple(point.tolist()),
        vad=(valence, arousal, dominance),
        name=space.nearest_states(point, 1)[0][0],
        length=float((point - space.neutral).norm()),
    )


def side(reading: Reading) -> str:
    return "pleasant" if reading.vad[0] > 0 else "unpleasant"


def told(reading: Reading) -> str:
    # A weak feeling may have no state nearer than neutral, which would sound like a contradiction here.
    name = "" if reading.name == NEUTRAL else f"{reading.name}, "
    return f"{name}valence {reading.vad[0]:+.2f}"


def check_words(text: str) -> str:
    """Gives the words with single spaces.

    Raises:
        ValueError: no text, no letter in it, control characters, or more than 1000 characters.
    """
    if not isinstance(text, str) or not any(character.isalpha() for character in text):
        raise ValueError(f"expected the words that are said, got {shorten(text)}")
    if len(text) > MAX_PHRASE:
        raise ValueError(f"expected words of at most {MAX_PHRASE} characters, got {len(text)}")
    return clean_text(text)


def check_recording(audio: str | Path) -> Path:
    """Gives the path of a recording that the speech encoder reads; errors as for `read_together`."""
    if not isinstance(audio, (str, os.PathLike)):
        raise ValueError(f"expected the path of a recording, got {shorten(audio)}")
    path = Path(audio)
    if encoder_of(path.name) is not SPEECH:
        known = ", ".join(suffix for suffix, reader in ENCODERS.items() if reader is SPEECH)
        raise ValueError(f"expected a recording of {known}, got {shorten(path.name)}")
    if not os.path.isfile(path):
        raise FileNotFoundError(f"expected a recording, got no file at {shorten(str(path))}")
    return path

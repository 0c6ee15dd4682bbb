"""When each phone, viseme, word and sentence is heard."""

from __future__ import annotations

import numpy as np

from generators.media import Mark
from generators.voice.features import FRAME_RATE
from generators.voice.phones import SYMBOLS
from generators.voice.visemes import viseme_track

from .delivery import Delivery


def marks_of(delivery: Delivery, durations: np.ndarray) -> list[Mark]:
    """Gives the marks of a sentence, times from its start, in the order of time.

    Words are those written: what is spoken as several ("$3.50") is one mark.
    """
    ends = durations.cumsum() / FRAME_RATE
    starts = ends - durations / FRAME_RATE
    row, sentence = delivery.row, delivery.sentence
    marks = [Mark(float(starts[1]), float(starts[-1]), sentence.text, "sentence")]
    phones = [
        (SYMBOLS[symbol], float(starts[index]), float(ends[index]))
        for index, symbol in enumerate(row.symbol)
        if durations[index]
    ]
    marks += [Mark(start, end, symbol, "phone") for symbol, start, end in phones]
    marks += [Mark(start, end, shape, "viseme") for shape, start, end in viseme_track(phones)]
    spoken: list[list[float]] = []
    texts: list[str] = []
    for number, word in enumerate(sentence.words):
        own = np.flatnonzero((row.word == number) & ~row.is_pause)
        first, last = float(starts[own[0]]), float(ends[own[-1]])
        if word.text or not spoken:
            spoken.append([first, last])
            texts.append(word.text)
        else:
            spoken[-1][1] = last
    marks += [Mark(first, last, text, "word") for (first, last), text in zip(spoken, texts, strict=True)]
    order = {"sentence": 0, "word": 1, "phone": 2, "viseme": 3}
    return sorted(marks, key=lambda mark: (mark.start_s, order[mark.kind]))

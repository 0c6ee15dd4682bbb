"""Are the words there? Word error under an offline recogniser, the same for real and for made speech.

PocketSphinx with its own acoustic model of US English. Its free recognition is too weak to tell good speech
from bad, so it is given a closed vocabulary: a trigram model of the ARCTIC prompts *without* the sentences
under test, whose words are added one by one. It can therefore not guess a test sentence from its beginning,
and hears real speech with an error that leaves room above and below.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .speech_audio import RATE, at_rate, need, trimmed

if TYPE_CHECKING:
    import numpy as np

SIBILANTS = ("S", "Z", "SH", "ZH", "CH", "JH")
UNVOICED = ("P", "T", "K", "F", "TH")
LEVEL = 0.08
EDGE_S = 0.25
DISCOUNT = 0.5


def words_of(text: str) -> list[str]:
    """Gives the words of a text as the recogniser writes them: lower case, no marks but apostrophes."""
    return re.findall(r"[a-z]+(?:'[a-z]+)*", text.lower().replace("’", "'"))


def word_errors(said: Sequence[str], heard: Sequence[str]) -> tuple[int, int]:
    """Gives (substitutions + deletions + insertions, words said), over all texts."""
    found = need("jiwer").process_words(
        [" ".join(words_of(text)) for text in said], [" ".join(words_of(text)) for text in heard]
    )
    wrong = found.substitutions + found.deletions + found.insertions
    return wrong, found.hits + found.substitutions + found.deletions


class WordRecogniser:
    """Writes down English speech with a closed vocabulary.

    Args:
        texts: sentences that make the language model.
        tests: sentences that are to be recognised: their words enter the vocabulary, their order does not.
    """

    def __init__(self, texts: Sequence[str], tests: Sequence[str]) -> None:
        sphinx = need("pocketsphinx")
        pronounced = pronunciations(sphinx.get_model_path("en-us/cmudict-en-us.dict"))
        hidden = {tuple(words_of(text)) for text in tests}
        known = [text for text in texts if tuple(words_of(text)) not in hidden]
        vocabulary = {word for text in (*texts, *tests) for word in words_of(text)}
        entries = {word: spell(word, pronounced) for word in sorted(vocabulary)}
        # Words that nobody knows how to say cannot be heard; sentences with them are errors on both sides.
        self.vocabulary = {word for word, ways in entries.items() if ways}
        with tempfile.TemporaryDirectory() as folder:
            words, model = Path(folder) / "words.dict", Path(folder) / "sentences.arpa"
            words.write_text(dictionary(entries), encoding="utf-8")
            language_model(known, self.vocabulary, model)
            self.decoder = sphinx.Decoder(
                hmm=sphinx.get_model_path("en-us/en-us"),
                lm=str(model),
                dict=str(words),
                loglevel="FATAL",
            )

    def hear(self, samples: np.ndarray, sample_rate: int) -> str:
        """Gives the words of a clip; "" where nothing is heard.

        Args:
            samples: (S,) or (C, S).
            sample_rate: Hz.
        """
        import numpy as np

        sound = trimmed(at_rate(samples, sample_rate))
        # One level and a little silence for every clip, as the model expects.
        sound = sound * (LEVEL / max(1e-6, float(np.sqrt(np.mean(sound**2)))))
        sound = np.pad(sound, int(EDGE_S * RATE))
        pcm = (np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()
        self.decoder.reinit_feat()  # forgets the cepstral mean of the clip before: each is heard alone
        self.decoder.start_utt()
        self.decoder.process_raw(pcm, no_search=False, full_utt=True)
        self.decoder.end_utt()
        found = self.decoder.hyp()
        return found.hypstr if found is not None else ""

    def word_error(self, clips: Sequence[tuple[np.ndarray, int]], said: Sequence[str]) -> dict[str, Any]:
        """Gives {"word_error": wrong words over words said, "words", "clips"} of (samples, rate) clips."""
        heard = [self.hear(samples, rate) for samples, rate in clips]
        wrong, words = word_errors(said, heard)
        return {"word_error": round(wrong / max(1, words), 4), "words": words, "clips": len(heard)}


def pronunciations(path: str) -> dict[str, list[str]]:
    """Reads a CMU dictionary: word -> ways to say it."""
    ways: dict[str, list[str]] = {}
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        word, _, phones = line.partition(" ")
        if phones:
            ways.setdefault(re.sub(r"\(\d+\)$", "", word), []).append(phones.strip())
    return ways


def spell(word: str, pronounced: dict[str, list[str]]) -> list[str]:
    """Ways to say a word; a possessive that is not listed is made from its noun."""
    if word in pronounced or not word.endswith("'s"):
        return pronounced.get(word, [])
    ways = []
    for noun in pronounced.get(word[:-2], []):
        last = noun.split()[-1]
        ways.append(f"{noun} {'IH Z' if last in SIBILANTS else 'S' if last in UNVOICED else 'Z'}")
    return ways


def dictionary(entries: dict[str, list[str]]) -> str:
    """Writes a dictionary as PocketSphinx reads it."""
    rows = []
    for word, ways in entries.items():
        rows += [f"{word}{f'({at + 1})' if at else ''} {phones}" for at, phones in enumerate(ways)]
    return "\n".join(rows) + "\n"


def language_model(texts: Sequence[str], vocabulary: set[str], path: Path) -> None:
    """Writes an ARPA trigram model with a fixed discount; words without a text count once."""
    lm = need("pocketsphinx.lm")
    rows = [[word for word in words_of(text) if word in vocabulary] for text in texts]
    model = lm.ArpaBoLM(
        text="\n".join(" ".join(row) for row in rows if row), add_start=True, discount_mass=DISCOUNT
    )
    for word in sorted(vocabulary):
        if word not in model.grams_1:
            model.grams_1[word] = 1
    for mark in ("<s>", "</s>"):
        model.grams_1[mark] = model.grams_1[mark] or 1
    model.compute()
    if not model.write_file(str(path)):
        raise OSError(f"expected a writable folder for {path.name}, got none")

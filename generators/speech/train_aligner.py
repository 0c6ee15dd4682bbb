"""Recipe of the aligner: a flat start finds the phones, a network learns them, then follows its own paths.

The forward sum over all paths (Badlani et al. 2022) was tried first and fell into paths that ignore the sound
within 800 steps; Gaussians need twenty seconds and do not.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

import checkpoints
from generators.voice.aligner import Aligner, best_path, normalise
from generators.voice.corpus import Corpus, Utterance, prepared_corpus
from generators.voice.flat_start import cepstra, flat_start
from training.loop import TrainConfig, steps_done, train

from .text import read_text
from .tokens import TokenRow, tokens_of

LONGEST = 900  # frames; longer recordings are rare and slow


def token_row(utterance: Utterance) -> TokenRow:
    """Gives the tokens of a transcript, which may hold several sentences, as one row."""
    rows = [tokens_of(sentence) for sentence in read_text(utterance.transcript, utterance.language)]
    return join(rows)


def join(rows: list[TokenRow]) -> TokenRow:
    """Joins sentences; where one ends and the next begins stands one pause."""
    if len(rows) == 1:
        return rows[0]
    columns: dict[str, list[np.ndarray]] = {
        name: [] for name in ("symbol", "stress", "boundary", "edge", "word")
    }
    words = 0
    for number, row in enumerate(rows):
        keep = slice(0 if number == 0 else 1, None)
        for name, parts in columns.items():
            values = getattr(row, name)[keep].copy()
            if name == "word":
                values += words
            if name == "boundary" and number < len(rows) - 1:
                values[-1] = 2  # a full stop within the row
            parts.append(values)
        words += int(row.word.max()) + 1
    joined = {name: np.concatenate(parts) for name, parts in columns.items()}
    return TokenRow(**joined, tune=rows[-1].tune, language=rows[-1].language)


class Pairs:
    """Draws recordings of like length with their tokens; which is a pure function of the step."""

    def __init__(
        self,
        corpus: Corpus,
        utterances: list[Utterance],
        rows: list[TokenRow],
        durations: list[np.ndarray],
        batch_size: int,
    ) -> None:
        order = sorted(range(len(utterances)), key=lambda index: utterances[index].num_frames)
        self.durations = durations
        self.batches = [
            order[at : at + batch_size] for at in range(0, len(order) - batch_size + 1, batch_size)
        ]
        self.corpus, self.utterances, self.rows = corpus, utterances, rows

    def batch_at(self, step: int, rank: int) -> dict[str, Tensor]:
        """Gives log_mel (B, T, 100), symbols (B, N), phones (B, T), frame_counts, token_counts (B,)."""
        rng = np.random.default_rng((23, step, rank))
        chosen = self.batches[rng.integers(len(self.batches))]
        mels = [self.augmented(index, rng) for index in chosen]
        symbols = [torch.from_numpy(self.rows[index].symbol) for index in chosen]
        pad = torch.nn.utils.rnn.pad_sequence
        return {
            "log_mel": pad(mels, batch_first=True),
            "symbols": pad(symbols, batch_first=True),
            "phones": pad([self.phones(index) for index in chosen], batch_first=True, padding_value=-1),
            "frame_counts": torch.tensor([len(mel) for mel in mels]),
            "token_counts": torch.tensor([len(symbol) for symbol in symbols]),
        }

    def phones(self, index: int) -> Tensor:
        """The phone at each frame by the flat start. (T,)"""
        return torch.from_numpy(np.repeat(self.rows[index].symbol, self.durations[index]))

    def augmented(self, index: int, rng: np.random.Generator) -> Tensor:
        """A recording's frames, at times as if from another length of vocal tract, with some bands lost."""
        mel = normalise(self.corpus.frames(self.utterances[index]).log_mel)
        if rng.random() < 0.7:
            bands = np.arange(mel.shape[1]) * rng.uniform(0.88, 1.14)
            low = np.clip(bands.astype(int), 0, mel.shape[1] - 2)
            share = np.clip(bands - low, 0, 1).astype(np.float32)
            mel = mel[:, low] * (1 - share) + mel[:, low + 1] * share
        if rng.random() < 0.5:
            first = rng.integers(0, mel.shape[1] - 12)
            mel[:, first : first + rng.integers(2, 12)] = 0
        return torch.from_numpy(mel + rng.normal(0, 0.1, mel.shape).astype(np.float32))


def loss_of(model: Aligner, batch: dict[str, Tensor], step: int, config: dict[str, Any]) -> dict[str, Tensor]:
    """Cross-entropy with the flat start's phones; from `own_from` on, with the model's own best path."""
    frames = torch.arange(batch["log_mel"].shape[1], device=batch["log_mel"].device)
    log_probs = model(batch["log_mel"], frames < batch["frame_counts"][:, None])
    phones = own_path(model, log_probs.detach(), batch) if step >= config["own_from"] else batch["phones"]
    return {"loss": F.nll_loss(log_probs.transpose(1, 2), phones, ignore_index=-1)}


def own_path(model: Aligner, log_probs: Tensor, batch: dict[str, Tensor]) -> Tensor:
    """The phone at each frame by the best path, -1 beyond the end. (B, T)"""
    likelihood = model.likelihood(log_probs).double().cpu().numpy()
    phones = torch.full(log_probs.shape[:2], -1)
    counts = zip(batch["frame_counts"].tolist(), batch["token_counts"].tolist(), strict=True)
    for row, (num_frames, num_tokens) in enumerate(counts):
        symbols = batch["symbols"][row, :num_tokens].cpu()
        durations = best_path(likelihood[row, :num_frames][:, symbols.numpy()])
        phones[row, :num_frames] = symbols.repeat_interleave(torch.from_numpy(durations))
    return phones.to(log_probs.device)


def run(
    config: dict[str, Any],
    data_dir: str | Path,
    out_dir: str | Path,
    resume: bool = False,
    on_step: Any = None,
) -> Aligner:
    """Trains as the config says and ships the checkpoint that it names.

    Args:
        config: name, licence, non_commercial, data, corpora, speakers, cache, model, batch_size, loss, train.
        data_dir: folder with the unpacked data sets; not read when the cache is there.
    """
    corpus = prepared_corpus(config, data_dir)
    readable = [(u, token_row(u)) for u in corpus.of_speakers(config["speakers"])]
    utterances = [u for u, row in readable if len(row) <= u.num_frames <= LONGEST]
    rows = [row for u, row in readable if len(row) <= u.num_frames <= LONGEST]
    durations = flat_start(
        [cepstra(corpus.frames(u).log_mel) for u in utterances], [row.symbol for row in rows]
    )
    source = Pairs(corpus, utterances, rows, durations, config["batch_size"])
    torch.manual_seed(config["train"].get("seed", 0))
    model = Aligner(**config["model"])
    model.set_prior(
        np.concatenate([np.repeat(row.symbol, d) for row, d in zip(rows, durations, strict=True)])
    )
    train_config = TrainConfig(**config["train"])
    model = train(
        model,
        source.batch_at,
        lambda m, batch, step: loss_of(m, batch, step, config["loss"]),
        train_config,
        out_dir,
        resume=resume,
        on_step=on_step,
    )
    if steps_done(out_dir) >= train_config.max_steps:
        checkpoints.ship(model, config, purpose="which phone stands at which frame of a recording")
    return model

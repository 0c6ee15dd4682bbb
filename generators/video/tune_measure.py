"""How well films that were not learned from are foretold, with their feeling and without."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from training.loop import to_device

from .tune_batches import Examples
from .tune_model import Tuned, flow_error

SHARES = (0.25, 0.5, 0.75)  # of noise
MOST_PIECES = 32


class Measure:
    """Figures of held-out pieces, at the same noise every time.

    Args:
        examples: held out, one a batch. device: that works. dtype: of the base.
    """

    def __init__(self, examples: Examples, device: torch.device, dtype: torch.dtype) -> None:
        self.examples, self.device, self.dtype = examples, device, dtype
        count = len(examples.pieces)
        self.numbers = [int(number) for number in torch.linspace(0, count - 1, min(count, MOST_PIECES))]

    @torch.no_grad()
    def __call__(self, tuned: Tuned) -> dict[str, float]:
        """Gives the mean error ("held_out_loss") and by how much it is larger without the feeling ("emotion_helps")."""
        half = self.dtype == torch.bfloat16
        with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
            rows = [self._errors(tuned, *case) for case in self._cases()]
        with_it, without = torch.tensor(rows).mean(0).tolist()
        return {"held_out_loss": round(with_it, 5), "emotion_helps": round(without - with_it, 6)}

    def _cases(self) -> Iterator[tuple[dict[str, Tensor], Tensor, Tensor]]:
        """Gives every piece with noise and its share."""
        for number in self.numbers:
            batch = to_device(self.examples.batch([number]), self.device)
            generator = torch.Generator().manual_seed(number)
            for share in SHARES:
                noise = torch.randn(batch["latents"].shape, generator=generator).to(self.device)
                yield batch, noise, torch.tensor([share], device=self.device)

    def _errors(self, tuned: Tuned, batch: dict[str, Tensor], noise: Tensor, share: Tensor) -> list[float]:
        given = torch.ones(1, dtype=torch.bool, device=self.device)
        without_looks = batch | {"looks": torch.full_like(batch["looks"], torch.nan)}
        return [
            float(
                flow_error(
                    tuned,
                    without_looks,
                    tuned.frozen,
                    noise,
                    share,
                    {"content": given, "identity": given, "emotion": felt},
                )
            )
            for felt in (given, ~given)
        ]

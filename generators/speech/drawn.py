"""The plans that were drawn last, so that who asked for a length and then for the sound draws once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import NamedTuple

from torch import Tensor

from .delivery import Delivery

MOST = 1024
LONGEST = 8  # sentences, some 10 kB each; who says more at once does not ask for its length first


class Draw(NamedTuple):
    """Plans of all sentences, and the state of the noise after them."""

    plans: list[Delivery]
    state: Tensor


class Drawn:
    """Keeps the last draws by what they were drawn for; safe for several threads.

    Args:
        most: of them that are kept.
    """

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._draws: OrderedDict[Hashable, Draw] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Draw | None:
        """Gives a draw again; None where it is not kept."""
        with self._lock:
            found = self._draws.get(key)
            if found is not None:
                self._draws.move_to_end(key)
            return found

    def put(self, key: Hashable, draw: Draw) -> None:
        """Keeps a draw that is not too long, and lets go of the one that was not asked for longest."""
        if len(draw.plans) > LONGEST:
            return
        with self._lock:
            self._draws[key] = draw
            self._draws.move_to_end(key)
            while len(self._draws) > self.most:
                self._draws.popitem(last=False)

"""The process that does orders for another: a line of JSON in, a line of JSON out, until nobody asks any more.

Started as `python -m studio.dubbing.worker`. It ends when its input does, so that none is left behind when the
process that asked has died.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from ..session import Studio
    from .store import Store


def prepared(settings: Mapping[str, Any]) -> tuple[Studio, Store]:
    """Gives what an order needs.

    Args:
        settings: "device"; "store", its folder; "backends", the registry of the process that asks.
    """
    from generators import registry

    from ..session import Studio
    from .store import Store

    registry.BACKENDS.update(settings["backends"])
    return Studio(settings["device"]), Store(settings["store"])


def serve(asked: TextIO, answers: TextIO) -> None:
    """Reads the settings and then orders; writes {} when ready and an answer for each."""
    from .work import carry_out

    try:
        studio, store = prepared(json.loads(asked.readline()))
    except Exception as error:  # noqa: BLE001 - whatever it is, who asks must hear of it
        say(answers, {"error": f"{type(error).__name__}: {error}"})
        return
    say(answers, {})
    for line in asked:
        say(answers, carry_out(studio, store, json.loads(line)))


def say(answers: TextIO, answer: Mapping[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def main() -> None:
    """Serves standard input; standard output is kept for answers, whatever a library prints."""
    own = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    with own, open(0, encoding="utf-8", closefd=False) as asked:
        serve(asked, own)


if __name__ == "__main__":
    try:
        main()
    except (BrokenPipeError, KeyboardInterrupt):  # nobody listens any more
        sys.exit(1)

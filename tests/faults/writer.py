"""A process with a whole engine that says what it has acknowledged: ``writer FOLDER FIRST``.

It sends requests from number FIRST on, one a line on its output, and writes a checkpoint now and then.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from monitor.engine.inline import InlineEngine
from monitor.engine.settings import HostSettings
from tests.engine.making import SHARDS, Kept, batch, send

CHECKPOINT_EVERY = 25


def main(folder: str, first: int) -> None:
    engine = InlineEngine(SHARDS, HostSettings(Path(folder)))
    engine.start(Kept(), {})
    os.write(1, b"ready\n")
    number = first
    while True:
        send(engine, batch(number, 1), number)
        os.write(1, b"%d\n" % number)
        if number % CHECKPOINT_EVERY == 0:
            engine.checkpoint()
        number += 1


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

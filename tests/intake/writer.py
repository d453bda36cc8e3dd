"""A process that appends to a log and prints each acknowledged position: ``writer DIRECTORY COUNT``."""

from __future__ import annotations

import os
import sys

from monitor.domain.records import Tick
from monitor.intake.log import Log


def main(directory: str, count: int) -> None:
    with Log(directory, segment_bytes=4000) as log:
        os.write(1, b"ready\n")
        for number in range(count):
            position = log.append(Tick(number)).future.result()
            os.write(1, b"ack %d\n" % position)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

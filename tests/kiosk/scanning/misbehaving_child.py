"""A decoder's process that does on demand what the real one does on crafted pictures.

The frame's first pixel says what; any other frame is read as usual.
"""

import os
import sys
import time
from enum import IntEnum
from functools import partial

import numpy as np
from numpy.typing import NDArray

from kiosk.scanning import child, wire
from kiosk.scanning.symbols import Effort, Symbol


class Misdeed(IntEnum):
    """What the first pixel asks for."""

    HANG = 1
    CRASH = 2
    GARBAGE = 3
    LEAVE = 4
    GORGE = 5
    OTHER_ORDER = 6
    ENDLESS = 7
    HALF = 8


def _load() -> child.Read:
    from kiosk.scanning.reader import read  # noqa: PLC0415 - as in production, within the limits

    return partial(_misbehave, read)


def _misbehave(read: child.Read, luma: NDArray[np.uint8], effort: Effort) -> tuple[Symbol, ...]:
    replies = int(sys.argv[2])
    match int(luma[0, 0]):
        case Misdeed.HANG:
            time.sleep(3600)
        case Misdeed.CRASH:
            os.abort()
        case Misdeed.GARBAGE:
            os.write(replies, (9).to_bytes(4) + b'{"type":\xff')
        case Misdeed.LEAVE:
            sys.exit(0)
        case Misdeed.GORGE:
            np.ones(8 << 30, np.uint8)
        case Misdeed.OTHER_ORDER:
            wire.send(replies, wire.Answer(999_999, 1.0, ()))
        case Misdeed.ENDLESS:
            os.write(replies, (2**32 - 1).to_bytes(4))
        case Misdeed.HALF:
            os.write(replies, (100).to_bytes(4) + b"{")
            time.sleep(3600)
    return read(luma, effort)


if __name__ == "__main__":
    child.main(_load)

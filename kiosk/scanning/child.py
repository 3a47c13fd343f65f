"""The decoder's process: reads frames from shared memory until it is killed or the scanner is gone.

Run as ``python -m kiosk.scanning.child ORDERS REPLIES FRAMES MEMORY``: three file descriptors and the
address space that it may use, in bytes. It imports the readers only after it has bound itself by its
limits, and trusts the scanner; the scanner trusts nothing that comes from here.
"""

import ctypes
import mmap
import resource
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kiosk.camera.source import Luma
from kiosk.scanning import wire
from kiosk.scanning.symbols import Effort, Symbol

Read = Callable[[Luma, Effort], tuple[Symbol, ...]]

_PR_SET_PDEATHSIG = 1


def main(load: Callable[[], Read] | None = None) -> None:
    """Serve until the scanner hangs up; ``load`` imports what reads, in place of the cascade."""
    orders, replies, frames, memory = (int(argument) for argument in sys.argv[1:5])
    _bind(memory)
    read = (load or _load_cascade)()
    shared = SharedFrames(frames)
    wire.send(replies, wire.Ready())
    while True:
        try:
            order = wire.receive_order(orders)
        except wire.WireBroken:
            return
        wire.send(replies, _answer(read, shared, order))


@dataclass(slots=True)
class SharedFrames:
    """The child's view of the memory that the scanner writes frames to; it may grow, never shrink."""

    fd: int
    _mapping: mmap.mmap | None = None

    def frame(self, height: int, width: int) -> Luma:
        """Return the frame that stands there now, without copying it."""
        if self._mapping is None or len(self._mapping) < height * width:
            # Not all of it: one huge frame before must not cost this child the room for its own.
            self._mapping = mmap.mmap(self.fd, height * width, prot=mmap.PROT_READ)
        return np.frombuffer(self._mapping, np.uint8, height * width).reshape(height, width)


def _bind(memory: int) -> None:
    """Die with the scanner, even while a reader spins; keep to the memory; leave no picture in a core."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _load_cascade() -> Read:
    import cv2  # noqa: PLC0415 - its thread pool and its libraries count against the limit set before

    from kiosk.scanning.reader import read  # noqa: PLC0415 - as above

    cv2.setNumThreads(1)
    read(np.zeros((32, 32), np.uint8), Effort.FULL)
    return read


def _answer(read: Read, shared: SharedFrames, order: wire.Order) -> wire.Answer:
    luma = shared.frame(order.height, order.width)
    started = time.perf_counter()
    symbols = read(luma, order.effort)
    return wire.Answer(order.number, (time.perf_counter() - started) * 1000, symbols)


if __name__ == "__main__":
    main()

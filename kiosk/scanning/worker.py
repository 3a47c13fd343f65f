"""The decoder as the scanner sees it: a process that may hang or crash and is replaced within a second.

Readers work on pictures that anyone may hold up to the camera, and zbar is known to crash or spin on
crafted ones. So they run in a child; a second child waits with everything imported, since importing
takes longer than a second on a small device.
"""

import fcntl
import mmap
import os
import select
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import structlog

from kiosk.camera.source import Luma
from kiosk.errors import DecoderDied
from kiosk.scanning import wire
from kiosk.scanning.symbols import Effort, Glimpse, Symbol

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DecoderLimits:
    """What a child may use before it is killed: seconds for a frame and to start, bytes of memory."""

    live_seconds: float = 0.8
    full_seconds: float = 20.0
    start_seconds: float = 30.0
    memory_bytes: int = 1 << 30

    def seconds(self, effort: Effort) -> float:
        """Return how long reading one frame may take."""
        return self.full_seconds if effort is Effort.FULL else self.live_seconds


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a frame held, and the milliseconds that reading it took.

    ``glimpse`` is a code that was seen and not read, in a frame of which nothing was read.
    """

    symbols: tuple[Symbol, ...]
    ms: float
    glimpse: Glimpse | None = None


class Decoder:
    """Reads frames in a child process. One frame at a time; ``close`` may come from any thread.

    ``child_module`` is what runs in the child; anything but the default is for tests.
    """

    def __init__(
        self, limits: DecoderLimits | None = None, *, child_module: str = "kiosk.scanning.child"
    ) -> None:
        self._limits = limits or DecoderLimits()
        self._module = child_module
        self._lock = threading.Lock()
        self._closed = False
        self._number = 0
        self._frames = _Frames()
        # A child is killed when the *thread* that started it ends, so one thread starts them all and
        # lasts as long as the decoder.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="decoder-starter")
        self._child = self._start()
        self._spare = self._start()

    def decode(self, luma: Luma, effort: Effort = Effort.LIVE) -> Decoded:
        """Read the frame, (height, width).

        Raises:
            DecoderDied: the child crashed, took too long or answered garbage. The next frame is read by
                the spare.
        """
        if not luma.size:
            return Decoded((), 0.0)
        with self._lock:
            if self._closed:
                raise DecoderDied("the decoder was closed")
            return self._ask(luma, effort)

    def close(self) -> None:
        """End the children and give back everything; safe to call twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._child.kill()
            self._spare.kill()
            self._starter.shutdown()
            self._frames.close()

    def _ask(self, luma: Luma, effort: Effort) -> Decoded:
        if not self._child.is_alive():
            # It died between two frames, so this one is not to blame.
            self._replace_child("died while idle")
        self._number += 1
        height, width = self._frames.write(luma)
        order = wire.Order(self._number, height, width, effort)
        try:
            return self._child.ask(order, self._limits)
        except DecoderDied as error:
            self._replace_child(str(error))
            raise

    def _replace_child(self, reason: str) -> None:
        log.warning("decoder_replaced", reason=reason)
        self._child.kill()
        # In one step: where no process can be started, the killed child stays and is never asked again.
        self._child, self._spare = self._spare, self._start()

    def _start(self) -> "_Child":
        return self._starter.submit(_Child, self._module, self._frames.fd, self._limits.memory_bytes).result()


class _Frames:
    """The memory that frames are handed over in; as large as the largest frame so far."""

    def __init__(self) -> None:
        self.fd = os.memfd_create("frames", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        # A child that went wild could cut the file under our feet, and writing past its end is death.
        fcntl.fcntl(self.fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL)
        self._mapping: mmap.mmap | None = None

    def write(self, luma: Luma) -> tuple[int, int]:
        """Put the frame into the memory and return its height and width."""
        height, width = luma.shape
        mapping = self._mapping_of(luma.size)
        np.copyto(np.frombuffer(mapping, np.uint8, luma.size).reshape(height, width), luma)
        return height, width

    def close(self) -> None:
        if self._mapping is not None:
            self._mapping.close()
        os.close(self.fd)

    def _mapping_of(self, size: int) -> mmap.mmap:
        mapping = self._mapping
        if mapping is not None and len(mapping) >= size:
            return mapping
        if mapping is not None:
            mapping.close()
        os.ftruncate(self.fd, size)
        self._mapping = mmap.mmap(self.fd, size)
        return self._mapping


class _Child:
    """One process, with pipes of its own, from its start until it is killed."""

    def __init__(self, module: str, frames: int, memory: int) -> None:
        orders, self._orders = os.pipe()
        self._replies, replies = os.pipe()
        try:
            self._process = _run(module, orders, replies, frames, memory)
        except OSError:
            os.close(self._orders)
            os.close(self._replies)
            raise
        finally:
            os.close(orders)
            os.close(replies)
        self._is_ready = False
        self._is_reaped = False

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, order: wire.Order, limits: DecoderLimits) -> Decoded:
        """Have a frame read.

        Raises:
            DecoderDied: the child is of no use any more and to be killed.
        """
        try:
            self._await_ready(limits.start_seconds)
            wire.send(self._orders, order)
            reply = self._reply(limits.seconds(order.effort))
        except (wire.WireBroken, BrokenPipeError) as error:
            raise DecoderDied(f"the decoder broke off: {error}") from error
        if not isinstance(reply, wire.Answer) or reply.number != order.number:
            raise DecoderDied("the decoder answered out of turn")
        return Decoded(reply.symbols, reply.ms, reply.glimpse)

    def kill(self) -> None:
        """Kill the process and wait until it is gone; safe to call twice."""
        if self._is_reaped:
            return
        self._is_reaped = True
        self._process.kill()
        self._process.wait()
        os.close(self._orders)
        os.close(self._replies)

    def _await_ready(self, seconds: float) -> None:
        if not self._is_ready:
            self._is_ready = isinstance(self._reply(seconds), wire.Ready)

    def _reply(self, seconds: float) -> wire.Reply:
        deadline = time.monotonic() + seconds
        return wire.receive_reply(self._replies, lambda: _await_bytes(self._replies, deadline, seconds))


def _run(module: str, orders: int, replies: int, frames: int, memory: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", module, *map(str, (orders, replies, frames, memory))],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=(orders, replies, frames),
        # Ctrl-C is for the scanner, which then ends its children.
        start_new_session=True,
        # One thread reads one frame; pools of threads would only fill the address space.
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    )


def _await_bytes(fd: int, deadline: float, seconds: float) -> None:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    left = max(deadline - time.monotonic(), 0.0)
    if not poll.poll(left * 1000):
        raise DecoderDied(f"the decoder took longer than {seconds:g} s")

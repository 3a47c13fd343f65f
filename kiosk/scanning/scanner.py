"""The scanner's loop: frames from the camera through the decoder to the reception.

A dead part ends the process (systemd starts it anew); only the decoder is replaced while scanning goes on.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import structlog
from numpy.typing import NDArray

from kiosk.camera.source import FrameSource
from kiosk.device.clock import Clock
from kiosk.errors import DecoderDied
from kiosk.scanning.symbols import Hint
from kiosk.scanning.worker import Decoded

_TICK_SECONDS = 0.05

log = structlog.get_logger(__name__)


class FrameDecoder(Protocol):
    """What reads a frame: the killable decoder, or a fake in a test."""

    def decode(self, luma: NDArray[np.uint8]) -> Decoded: ...


class Watcher(Protocol):
    """Who is told what a frame held, and that time goes by."""

    def saw(self, texts: Sequence[str], now: float) -> None: ...

    def glimpsed(self, hint: Hint, now: float) -> None: ...

    def tick(self, now: float) -> None: ...


@dataclass(slots=True)
class Vital:
    """What the loop knows of its own health; written by the loop, read by others."""

    frames: int = 0
    last_frame_at: float | None = None
    decode_ms: float | None = None
    decoder_restarts: int = 0


class Scanner:
    """Reads codes until stopped or until the camera has no more frames."""

    def __init__(self, source: FrameSource, decoder: FrameDecoder, watcher: Watcher, clock: Clock) -> None:
        self.vital = Vital()
        self._source = source
        self._decoder = decoder
        self._watcher = watcher
        self._clock = clock
        self._stop = threading.Event()

    def run(self) -> None:
        """Scan; returns when the source ends or :meth:`stop` is called.

        Raises:
            CameraError: the camera gives no frames.
        """
        for frame in self._source.frames():
            if self._stop.is_set():
                return
            self.vital.frames += 1
            self.vital.last_frame_at = frame.taken_at
            decoded = self._read(frame.luma)
            if decoded is not None:
                self._tell(decoded)

    def stop(self) -> None:
        """End :meth:`run` and close the camera, from any thread."""
        self._stop.set()
        self._source.close()

    def tick_until_stopped(self, also: Callable[[], None]) -> None:
        """Let the watcher know that time goes by, and do ``also``, about twenty times a second."""
        while not self._stop.wait(_TICK_SECONDS):
            self._watcher.tick(self._clock.monotonic())
            also()

    def _tell(self, decoded: Decoded) -> None:
        now = self._clock.monotonic()
        if decoded.symbols:
            self._watcher.saw([symbol.text for symbol in decoded.symbols], now)
        elif decoded.glimpse is not None:
            self._watcher.glimpsed(decoded.glimpse.hint, now)

    def _read(self, luma: NDArray[np.uint8]) -> Decoded | None:
        try:
            decoded = self._decoder.decode(luma)
        except DecoderDied as error:
            self.vital.decoder_restarts += 1
            log.warning("decoder replaced", reason=str(error), restarts=self.vital.decoder_restarts)
            return None
        self.vital.decode_ms = decoded.ms
        return decoded

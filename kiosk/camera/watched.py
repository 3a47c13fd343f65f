"""Makes a live camera one that can be relied on: a stalled one is closed, opened again, or given up.

A camera that stalls raises nothing: its pictures only grow old. So their age is watched. One whose
driver does not even let go within a deadline can be freed by the kernel alone, when the process ends.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import NoReturn

import structlog

from kiosk.camera.live import NewProcessNeeded, Opener, Picture
from kiosk.camera.reader import Reader
from kiosk.camera.recovery import Patience, Recovery
from kiosk.camera.source import Frame
from kiosk.errors import CameraError

CAMERA_HUNG = os.EX_IOERR
"""The process's exit status when a camera could not be closed."""

log = structlog.get_logger(__name__)


def end_process(status: int) -> NoReturn:
    """End at once: an orderly end would wait for the thread that hangs."""
    sys.stderr.flush()
    os._exit(status)


class Watched:
    """The pictures of a live camera, for as long as there is a way to get them."""

    def __init__(
        self,
        opener: Opener,
        patience: Patience | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        end: Callable[[int], NoReturn] = end_process,
    ) -> None:
        self._opener = opener
        self._patience = patience or Patience()
        self._clock = clock
        self._end = end
        self._closed = threading.Event()
        self._reader: Reader | None = None

    def frames(self) -> Iterator[Frame]:
        """Yield the newest picture each time.

        Raises:
            CameraError: the camera was given up, or only a new process can open it.
        """
        for index, picture in enumerate(self._pictures(Recovery(self._patience))):
            yield Frame(picture.luma, picture.taken_at, index)

    def close(self) -> None:
        self._closed.set()
        if self._reader is not None:
            self._reader.stop()

    def _pictures(self, recovery: Recovery) -> Iterator[Picture]:
        while not self._closed.is_set():
            try:
                yield from self._one_opening(recovery)
            except NewProcessNeeded:
                raise
            except CameraError as error:
                self._pause_after(error, recovery)

    def _one_opening(self, recovery: Recovery) -> Iterator[Picture]:
        recovery.opening(self._clock())
        reader = self._reader = Reader(self._opener)
        try:
            while not self._closed.is_set():
                picture = self._next(reader, recovery)
                if picture is not None:
                    yield picture
        finally:
            self._let_go(reader)

    def _next(self, reader: Reader, recovery: Recovery) -> Picture | None:
        """Return the next picture, None if the camera was closed meanwhile."""
        picture = reader.take(recovery.seconds_left(self._clock()))
        if picture is not None:
            recovery.saw(self._clock())
        elif not self._closed.is_set():
            raise CameraError("the camera is stalled: its last picture grew too old")
        return picture

    def _let_go(self, reader: Reader) -> None:
        reader.stop()
        if not reader.has_ended(self._patience.closing):
            log.error("the camera cannot be closed: the process ends", seconds=self._patience.closing)
            self._end(CAMERA_HUNG)

    def _pause_after(self, error: CameraError, recovery: Recovery) -> None:
        if self._closed.is_set():
            return
        pause = recovery.pause()
        if pause is None:
            raise CameraError(f"the camera was given up after several tries: {error}") from error
        log.warning("camera lost, to be opened again", reason=str(error), seconds=pause)
        self._closed.wait(pause)

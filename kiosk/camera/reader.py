"""One opening of a camera: a thread of its own that opens, reads and closes it.

A driver may hang in each of the three, so nobody else ever calls it: what hangs is this thread alone.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from kiosk.camera.live import LiveCamera, Opener, Picture


class Reader:
    """Keeps the newest picture until it is taken; older ones are dropped."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._changed = threading.Condition()
        self._newest: Picture | None = None
        self._failure: Exception | None = None
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="camera-reader", daemon=True)
        self._thread.start()

    def take(self, seconds: float) -> Picture | None:
        """Return a picture not taken before, waiting for it; None if none came, or after :meth:`stop`.

        Raises:
            Exception: whatever ended the reading.
        """
        with self._changed:
            self._changed.wait_for(self._has_news, seconds)
            if self._failure is not None:
                raise self._failure
            picture, self._newest = self._newest, None
            return picture

    def stop(self) -> None:
        """Ask the thread to close the camera; safe from any thread."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def has_ended(self, seconds: float) -> bool:
        """Wait for the camera to be closed; false if it is not."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _has_news(self) -> bool:
        return self._newest is not None or self._failure is not None or self._stopped

    def _run(self) -> None:
        with self._told():
            camera = self._opener()
            # What went wrong is told before the closing, which may hang.
            with self._told():
                self._read(camera)
            camera.close()

    def _read(self, camera: LiveCamera) -> None:
        while not self._stopped:
            picture = camera.read()
            with self._changed:
                self._newest = picture
                self._changed.notify_all()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001  the edge of the thread: raised where pictures are taken
            with self._changed:
                self._failure = self._failure or error
                self._changed.notify_all()

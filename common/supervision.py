"""Threads that belong together: when one dies, the process ends, and systemd starts it anew."""

import threading
from collections.abc import Callable

import structlog

_LOOK_SECONDS = 0.5
_PATIENCE_SECONDS = 5.0

log = structlog.get_logger(__name__)


class PartDied(RuntimeError):
    """A part of the process ended though nobody had asked it to."""


class Crew:
    """Threads with one stop event."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._threads: dict[str, threading.Thread] = {}
        self._failure: BaseException | None = None

    def start(self, name: str, work: Callable[[], None], at_end: Callable[[], None] | None = None) -> None:
        """Run ``work`` in a thread. Ending before the stop event is a failure unless ``at_end`` is given."""
        thread = threading.Thread(target=self._run, args=(name, work, at_end), name=name, daemon=True)
        self._threads[name] = thread
        thread.start()

    def watch(self, healthy: Callable[[], bool]) -> None:
        """Block until the stop event.

        Raises:
            PartDied: a thread failed or ``healthy`` says no; the cause is attached.
        """
        while not self._stop.wait(_LOOK_SECONDS):
            if not healthy():
                self._fail("page", None)
        if self._failure is not None:
            raise PartDied(str(self._failure)) from self._failure

    def join(self, *names: str) -> None:
        """Wait for the named threads (all, without names) to end; one that does not is logged and left."""
        for name in names or tuple(self._threads):
            self._threads[name].join(_PATIENCE_SECONDS)
            if self._threads[name].is_alive():
                log.error("a thread does not end", thread=name)

    def _run(self, name: str, work: Callable[[], None], at_end: Callable[[], None] | None) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  the edge of the thread: told, then the process ends
            self._fail(name, error)
            return
        if self._stop.is_set():
            return
        if at_end is not None:
            at_end()
        else:
            self._fail(name, None)

    def _fail(self, name: str, error: BaseException | None) -> None:
        log.error("a part died", part=name, exc_info=error)
        self._failure = self._failure or error or PartDied(f"{name} ended by itself")
        self._stop.set()

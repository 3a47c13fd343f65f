"""Serves the page from a thread of its own, and can be closed while pages are being served."""

import socket
from threading import Event, Thread
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.server import create_server

from kiosk.display.stage import Stage
from kiosk.display.virtual_page import MAX_FRAME_BYTES

THREADS = 16
"""Each page's stream holds one while it lasts."""


class Server:
    """A running server. ``port`` is the one it listens on, also when it was left to the system."""

    def __init__(self, waitress: Any, sockets: dict[int, Any], stage: Stage, port: int) -> None:
        self.port = port
        self._waitress = waitress
        self._sockets = sockets
        self._stage = stage
        self._stopping = Event()
        self._thread = Thread(target=self._poll, name="page", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether it still serves."""
        return self._thread.is_alive()

    def close(self) -> None:
        """End every stream, finish what is being answered, and free the port. Safe to call twice."""
        if self._stopping.is_set():
            return
        self._stage.dismiss()
        self._waitress.task_dispatcher.shutdown()
        self._stopping.set()
        self._waitress.pull_trigger()
        self._thread.join()
        # Not before: the thread would poll, and the trigger write to, numbers that are others' by now.
        wasyncore.close_all(self._sockets)

    def _poll(self) -> None:
        # In place of waitress's own loop, which another thread cannot end without a race.
        while not self._stopping.is_set():
            wasyncore.loop(timeout=1, map=self._sockets, count=1)


def serve(app: Flask, host: str, port: int) -> Server:
    """Serve the page on ``host`` (a numeric address), on a free port for 0.

    Raises:
        OSError: the port is taken.
    """
    listener = _listen(host, port)
    sockets: dict[int, Any] = {}
    waitress = create_server(
        app,
        map=sockets,
        sockets=[listener],
        threads=THREADS,
        ident=None,
        # Looking ahead is how waitress notices that a browser left in the middle of a stream.
        channel_request_lookahead=1,
        max_request_body_size=MAX_FRAME_BYTES + 1,
    )
    return Server(waitress, sockets, app.extensions["stage"], listener.getsockname()[1])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener

"""A broker that answers whoever connects with prepared bytes: for what no broker at hand would say."""

import contextlib
import socket
import ssl
import threading
from pathlib import Path

NO_SHARED_SUBSCRIPTIONS = b"\x20\x05\x00\x00\x02\x2a\x00"
"""CONNACK: welcome, and property 42 (shared subscriptions available) is 0."""

NOT_AUTHORISED = b"\x20\x03\x00\x87\x00"
"""CONNACK: reason 135."""


class ScriptedBroker:
    """Listens by TLS as ``broker.crt`` in ``tls`` until closed, and says ``answer`` once to each."""

    def __init__(self, tls: Path, answer: bytes) -> None:
        self._answer = answer
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(tls / "broker.crt", tls / "broker.key")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lines: list[ssl.SSLSocket] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def visits(self) -> int:
        """How often somebody has connected so far."""
        return len(self._lines)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for line in self._lines:
            line.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                plain, _ = self._listener.accept()
                line = self._context.wrap_socket(plain, server_side=True)
                self._lines.append(line)
                line.recv(4_096)
                line.sendall(self._answer)

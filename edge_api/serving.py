"""Running the web servers: plain HTTP for people, TLS for kiosks; gunicorn does one or the other, not both.

The two stand and fall together: when one ends, so does the other, and the service manager starts anew.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from edge_api.config import Config, Listener
from edge_api.errors import BadConfiguration
from edge_api.wsgi import HOME_VARIABLE

STOP_SECONDS = 4
_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Server:
    """A gunicorn to run. Event streams hold a thread each, so there are many."""

    application: str
    listener: Listener
    certificate: Path | None = None
    key: Path | None = None
    threads: int = 32

    def arguments(self) -> list[str]:
        """The command line."""
        tls = [f"--certfile={self.certificate}", f"--keyfile={self.key}"] if self.certificate else []
        return [
            # Whoever kills us at once, without a word, does not leave the servers behind.
            "setpriv",
            "--pdeathsig",
            "TERM",
            sys.executable,
            "-m",
            "gunicorn",
            f"edge_api.wsgi:{self.application}()",
            f"--bind={_address(self.listener)}",
            "--worker-class=gthread",
            "--workers=1",
            f"--threads={self.threads}",
            "--graceful-timeout=2",
            "--no-control-socket",
            "--log-level=warning",
            *tls,
        ]


def servers(config: Config) -> tuple[Server, Server]:
    """Return the two servers.

    Raises:
        BadConfiguration: the certificate for kiosks is not there yet.
    """
    certificate, key = (config.home / "tls" / f"kiosk-api.{part}" for part in ("crt", "key"))
    for file in (certificate, key):
        if not file.is_file():
            raise BadConfiguration(f"{file} is missing; `edge init` makes it")
    return Server("back_office", config.http), Server("kiosks", config.kiosk_api, certificate, key)


def serve(config: Config) -> int:
    """Run both servers until told to stop or one of them ends; return the exit code.

    Raises:
        BadConfiguration: the certificate for kiosks is not there yet.
    """
    stop = threading.Event()

    def stopping(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stopping)
    environment = {**os.environ, HOME_VARIABLE: str(config.home)}
    # Each in a group of its own: Ctrl-C reaches only us, and we stop them in order.
    running = [
        subprocess.Popen(server.arguments(), env=environment, start_new_session=True)
        for server in servers(config)
    ]
    return supervise(running, stop)


def supervise(
    running: Sequence[subprocess.Popen[bytes]], stop: threading.Event, patience: float = STOP_SECONDS
) -> int:
    """Wait until told to stop (0) or a process ends by itself (1), then stop them all.

    A process (which leads a group of its own) that does not stop within ``patience`` seconds is ended.
    """
    while not stop.wait(_LOOK_SECONDS):
        ended = [process for process in running if process.poll() is not None]
        if ended:
            print(f"A web server ended with code {ended[0].returncode}; stopping.", file=sys.stderr)
            break
    for process in running:
        process.terminate()
    for process in running:
        _end(process, patience)
    return 0 if stop.is_set() else 1


def _end(process: subprocess.Popen[bytes], patience: float) -> None:
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _address(listener: Listener) -> str:
    host = f"[{listener.host}]" if ":" in listener.host else listener.host
    return f"{host}:{listener.port}"

"""Connects as a kiosk with a last will, and goes on until it is killed: a program for the tests to start."""

import sys
from pathlib import Path

from common.mqtt import Credentials, Endpoint, Link, Message, Parting, Welcome


class Kiosk:
    """Says that it is there, and nothing else."""

    def __init__(self, name: str) -> None:
        self._topic = f"welkom/v1/{name}/up/status"
        self.link: Link | None = None

    def parting(self) -> Parting:
        return Parting(self._topic, b"gone")

    def connected(self, welcome: Welcome) -> None:
        if self.link is not None:
            self.link.publish(self._topic, b"here", retain=True)

    def disconnected(self, reason: str) -> None:
        pass

    def received(self, message: Message) -> None:
        pass


if __name__ == "__main__":
    name, port, *files = sys.argv[1:]
    kiosk = Kiosk(name)
    kiosk.link = Link(Endpoint("127.0.0.1", int(port), name), Credentials(*map(Path, files)))
    kiosk.link.run(kiosk)

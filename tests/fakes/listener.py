"""Remembers what happened on a line to the broker."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from common.mqtt import Link, Message, Parting, Welcome


@dataclass
class Ear:
    """A listener that subscribes to ``topics`` at each connect, and does ``then`` with each message."""

    topics: tuple[str, ...] = ()
    will: Parting | None = None
    then: Callable[[Message], None] | None = None
    link: Link | None = None
    welcomes: list[Welcome] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)

    def parting(self) -> Parting | None:
        return self.will

    def connected(self, welcome: Welcome) -> None:
        if self.topics and self.link is not None:
            self.link.subscribe(*self.topics)
        self.welcomes.append(welcome)

    def disconnected(self, reason: str) -> None:
        self.reasons.append(reason)

    def received(self, message: Message) -> None:
        self.messages.append(message)
        if self.then is not None:
            self.then(message)

    def heard(self) -> list[tuple[str, bytes]]:
        """Return what arrived so far."""
        return [(message.topic, message.payload) for message in self.messages]


class Running:
    """A link in a thread of its own, and what came out of it."""

    def __init__(self, link: Link, ear: Ear) -> None:
        self.link, self.ear = link, ear
        ear.link = link
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def is_over(self) -> bool:
        return not self._thread.is_alive()

    def stop(self) -> None:
        self.link.stop()
        self._thread.join(15)
        assert self.is_over, "a link does not stop"

    def _run(self) -> None:
        try:
            self.link.run(self.ear)
        except BaseException as error:  # noqa: BLE001  handed to the test
            self.error = error

"""Stands in for the line to the broker, and keeps what was said on it."""

from dataclasses import dataclass, field
from typing import TypeVar

from contracts.events import decode

T = TypeVar("T")


@dataclass(frozen=True)
class Sent:
    """One message that went out."""

    topic: str
    payload: bytes
    retain: bool = False


@dataclass
class Wire:
    """A line that a test can cut: while it is down, nothing is kept."""

    up: bool = True
    sent: list[Sent] = field(default_factory=list)
    topics: list[str] = field(default_factory=list)

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool:
        if self.up:
            self.sent.append(Sent(topic, payload, retain))
        return self.up

    def subscribe(self, *topics: str) -> None:
        self.topics += topics

    def heard(self, topic: str, kind: type[T]) -> list[T]:
        """Return what was said on a topic so far, and forget it."""
        found = [decode(each.payload, kind) for each in self.sent if each.topic == topic]
        self.sent = [each for each in self.sent if each.topic != topic]
        return found

"""A line to the broker that remembers what went over it, and can be cut."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Published:
    """One message that went out."""

    topic: str
    payload: bytes
    qos: int
    retain: bool


class RecordingLine:
    """Takes everything while ``is_up``, nothing otherwise, as :class:`common.mqtt.Link` does."""

    def __init__(self) -> None:
        self.is_up = True
        self.published: list[Published] = []
        self.subscribed: list[str] = []

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool:
        if self.is_up:
            self.published.append(Published(topic, payload, qos, retain))
        return self.is_up

    def subscribe(self, *topics: str) -> None:
        self.subscribed.extend(topics)

    def on(self, topic: str) -> list[Published]:
        """Return what was published on a topic."""
        return [each for each in self.published if each.topic == topic]

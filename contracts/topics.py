"""Where MQTT messages go. Every topic begins with ``welkom/v1``."""

import re
from dataclasses import dataclass
from enum import StrEnum

from contracts.errors import InvalidTopic

ROOT = "welkom/v1"
ALL = "all"
KIOSK_ID = re.compile(r"k-[a-z0-9]{1,30}")
"""No dots, slashes or wildcards: brokers give those a meaning. No other broker user begins with k-."""


class Up(StrEnum):
    """What a kiosk publishes."""

    STATUS = "status"
    INFO = "info"
    HEALTH = "health"
    EVENT = "event"
    RESULT = "result"


class Down(StrEnum):
    """What is published for a kiosk."""

    ACK = "ack"
    COMMAND = "command"
    CONFIG = "config"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class UpTopic:
    """A topic that a kiosk published to."""

    kiosk: str
    kind: Up


ROWS = f"{ROOT}/{ALL}/down/rows"
"""Sealed rows for every kiosk."""


def is_kiosk_id(text: str) -> bool:
    """Tell whether a text may be a kiosk's id."""
    return KIOSK_ID.fullmatch(text) is not None


def up(kiosk: str, kind: Up) -> str:
    """Return the topic a kiosk publishes to."""
    return f"{ROOT}/{kiosk}/up/{kind}"


def down(kiosk: str, kind: Down) -> str:
    """Return the topic a kiosk is told something on."""
    return f"{ROOT}/{kiosk}/down/{kind}"


def every(kind: Up) -> str:
    """Return the filter that takes this kind from all kiosks."""
    return f"{ROOT}/+/up/{kind}"


def site_scan(location: str) -> str:
    """Return the topic on which a location's scans are told to its point of sale."""
    return f"{ROOT}/site/{location}/scan"


def parse_up(topic: str) -> UpTopic:
    """Read a topic that a kiosk published to.

    Raises:
        InvalidTopic: it is none, or names no possible kiosk.
    """
    parts = topic.split("/")
    if len(parts) != 5 or parts[:2] != ROOT.split("/") or parts[3] != "up" or not is_kiosk_id(parts[2]):
        raise InvalidTopic(topic[:100])
    if parts[4] not in {kind.value for kind in Up}:
        raise InvalidTopic(topic[:100])
    return UpTopic(parts[2], Up(parts[4]))

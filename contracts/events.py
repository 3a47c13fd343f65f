"""What a kiosk reports, as CloudEvents 1.0 in JSON, and the edge's word that it has them.

An event's ``data`` is kept as the bytes that the kiosk wrote: proofs are made over those, so nobody has
to agree on one way of writing JSON.
"""

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

import msgspec

from contracts.errors import InvalidMessage
from contracts.numbers import Count
from contracts.sealing import prove, proves

MAX_EVENT_BYTES = 16_384

T = TypeVar("T")


class OutcomeName(StrEnum):
    """What a scan came to. The last two never leave the kiosk as events."""

    RECOGNISED = "recognised"
    GIFT_CARD = "gift_card"
    UNLINKED = "unlinked"
    PROVISIONAL = "provisional"
    REVOKED = "revoked"
    ACCOUNT_CLOSED = "account_closed"
    UNKNOWN_CARD = "unknown_card"
    FOREIGN_CODE = "foreign_code"
    SEVERAL_CODES = "several_codes"
    STAFF_BADGE = "staff_badge"
    UNREADABLE = "unreadable"
    NOT_COUNTED = "not_counted"


class EventType(StrEnum):
    """What happened at the kiosk."""

    SCAN = "welkom.scan.v1"


class ScanData(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A scan. ``stream`` and ``seq`` place it in one kiosk's outbox; they never repeat.

    ``uptime_ms`` and ``boot_id`` let the edge put it in place when the kiosk's clock was not set.
    ``lookup`` (16 bytes) names a card of ours; of any other code only ``code_hash`` (the first 8 bytes
    of its SHA-256) and its length are told.
    """

    stream: str
    seq: Count
    boot_id: str
    uptime_ms: Count
    clock_synced: bool
    outcome: OutcomeName
    lookup: bytes | None = None
    code_hash: bytes | None = None
    code_length: Count | None = None
    row_revision: Count | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """The CloudEvents envelope. ``cardproof`` shows that the kiosk was shown the card."""

    id: UUID
    source: str
    type: str
    time: datetime
    data: msgspec.Raw
    specversion: str = "1.0"
    datacontenttype: str = "application/json"
    cardproof: bytes | msgspec.UnsetType = msgspec.UNSET

    def scan(self) -> ScanData:
        """Read the data of a scan.

        Raises:
            InvalidMessage: the data are not a scan's.
        """
        return decode(bytes(self.data), ScanData)


class Ack(msgspec.Struct, frozen=True, kw_only=True):
    """The edge has these events for good. ``ranges`` are pairs of first and last ``seq``, both included."""

    stream: str
    ranges: tuple[tuple[Count, Count], ...]


def proof_of(key: bytes, event: Event) -> bytes:
    """Return the HMAC over who reports what where: source, id, type, time and the data as written."""
    return prove(key, *_proven_parts(event))


def is_proven(event: Event, key: bytes) -> bool:
    """Tell whether the event's ``cardproof`` was made with the card's event key."""
    return isinstance(event.cardproof, bytes) and proves(event.cardproof, key, *_proven_parts(event))


def _proven_parts(event: Event) -> tuple[bytes, ...]:
    # Stream and seq stand in the data, so they are proven with it.
    return (
        event.source.encode(),
        event.id.bytes,
        event.type.encode(),
        event.time.isoformat().encode(),
        bytes(event.data),
    )


def hash_of_foreign(text: str) -> bytes:
    """Return what may be told of a code that is not ours: enough to see that it was the same one again."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8]


def ranges_of(numbers: list[int]) -> tuple[tuple[int, int], ...]:
    """Fold numbers into sorted ranges, both ends included.

    >>> ranges_of([3, 1, 2, 7])
    ((1, 3), (7, 7))
    """
    ranges: list[tuple[int, int]] = []
    for number in sorted(set(numbers)):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return tuple(ranges)


def decode(payload: bytes, kind: type[T]) -> T:
    """Read a message.

    Raises:
        InvalidMessage: it does not follow its contract; the text says where.
    """
    try:
        return msgspec.json.decode(payload, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidMessage(str(error)) from None


def encode(message: object) -> bytes:
    """Write a message as JSON."""
    return msgspec.json.encode(message)

"""Reading what kiosks send. Whatever comes past here can be stored by any database and shown on any page.

JSON holds more than that: numbers without end, the character NUL, times without a zone, lists nested until
the reader gives up. A kiosk's key does not vouch for what somebody made the kiosk say.
"""

import re
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import msgspec

from contracts.errors import InvalidMessage
from contracts.events import MAX_EVENT_BYTES, Event, EventType, ScanData, decode
from edge_api.ingest.errors import Rejected
from edge_api.ingest.models import RejectReason

T = TypeVar("T", bound=msgspec.Struct)

MAX_NUMBER = 2**53 - 1
"""The largest number that every reader of JSON keeps exact; no count of a kiosk's comes near it."""

_MAX_TEXT = 200
_NAME = re.compile(r"[0-9A-Za-z_-]{1,40}")
"""A stream, a boot: what names something and goes into a column."""

_LOOKUP_BYTES = 16
_HASH_BYTES = 8


class Place(msgspec.Struct, frozen=True):
    """An event's place in its kiosk's outbox, which is what is acknowledged."""

    stream: str
    seq: int


class _Placed(msgspec.Struct, frozen=True):
    """As much of an event as says which one it is."""

    data: Place


class _Lookup(msgspec.Struct, frozen=True):
    lookup: bytes | None = None


class _Looked(msgspec.Struct, frozen=True):
    """As much of an event as says which card it is about."""

    data: _Lookup


class _Named(msgspec.Struct, frozen=True):
    id: UUID


def is_name(text: str) -> bool:
    """Tell whether a text may name a stream or a boot, and so stand in a column."""
    return _NAME.fullmatch(text) is not None


def read_scan(payload: bytes) -> tuple[Event, ScanData]:
    """Read an event and the scan in it.

    Raises:
        Rejected: it is too large, of another type, or not as agreed.
    """
    event = read(payload, Event)
    if event.specversion != "1.0":
        raise _malformed("specversion: takes 1.0")
    if event.type != EventType.SCAN:
        raise Rejected(RejectReason.UNKNOWN_TYPE, repr(event.type))
    data = read(bytes(event.data), ScanData)
    if fault := _fault_of_scan(data):
        raise _malformed(fault)
    return event, data


def read(payload: bytes, kind: type[T]) -> T:
    """Read a message.

    Raises:
        Rejected: it is too large or not as agreed.
    """
    if len(payload) > MAX_EVENT_BYTES:
        raise Rejected(RejectReason.TOO_LARGE, f"{len(payload)} bytes")
    value = _decoded(payload, kind)
    for name in value.__struct_fields__:
        if fault := _fault(getattr(value, name)):
            raise _malformed(f"{name}: {fault}")
    return value


def place_of(payload: bytes) -> Place | None:
    """Return which event it is, if a message that is not accepted says at least that."""
    try:
        place = _decoded(payload, _Placed).data
    except Rejected:
        return None
    return place if _NAME.fullmatch(place.stream) and 0 <= place.seq <= MAX_NUMBER else None


def id_of(payload: bytes) -> UUID | None:
    """Return the event's id, if a message that is not accepted has one."""
    try:
        return _decoded(payload, _Named).id
    except Rejected:
        return None


def lookup_of(payload: bytes) -> bytes | None:
    """Return the lookup of the card that a message says was scanned, if it says that; nothing is checked."""
    try:
        return _decoded(payload, _Looked).data.lookup
    except Rejected:
        return None


def _decoded(payload: bytes, kind: type[T]) -> T:
    try:
        return decode(payload, kind)
    except InvalidMessage as error:
        raise _malformed(str(error)) from None
    except RecursionError:
        raise _malformed("nested too deep") from None


def _fault_of_scan(data: ScanData) -> str | None:
    for name in ("stream", "boot_id"):
        if not _NAME.fullmatch(getattr(data, name)):
            return f"{name}: takes 1 to 40 letters, digits, hyphens"
    if data.lookup is not None and len(data.lookup) != _LOOKUP_BYTES:
        return f"lookup: takes {_LOOKUP_BYTES} bytes"
    if data.code_hash is not None and len(data.code_hash) != _HASH_BYTES:
        return f"code_hash: takes {_HASH_BYTES} bytes"
    return None


def _fault(value: object) -> str | None:
    match value:
        case int() if not 0 <= value <= MAX_NUMBER:
            return f"takes a number from 0 to {MAX_NUMBER}"
        case str() if len(value) > _MAX_TEXT or "\0" in value:
            return f"takes at most {_MAX_TEXT} characters, and no NUL"
        case datetime() if not _is_a_time(value):
            return "takes a time with its zone"
    return None


def _is_a_time(value: datetime) -> bool:
    # Years at the very ends cannot be told in every zone, and a database may tell them in any.
    return value.tzinfo is not None and 1 < value.year < 9999


def _malformed(detail: str) -> Rejected:
    return Rejected(RejectReason.MALFORMED, detail)

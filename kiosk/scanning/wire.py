"""The small messages between the scanner and its decoder's process; frames go by shared memory.

Each message is its length in four bytes and then JSON. Whatever the other side sends that does not
follow this is a reason to kill it, never to go on.
"""

import os
from collections.abc import Callable

import msgspec

from kiosk.scanning.symbols import Effort, Glimpse, Symbol

MAX_BYTES = 4_000_000
"""Far more than the symbols of one frame can hold."""


class WireBroken(Exception):
    """The other side hung up, or sent what is no message."""


class Order(msgspec.Struct, frozen=True):
    """Read the frame that now stands in the shared memory."""

    number: int
    height: int
    width: int
    effort: Effort


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """Everything is imported: an order would be answered at once."""


class Answer(msgspec.Struct, frozen=True, tag="answer"):
    """What the frame held; ``number`` is the order's and ``ms`` the time that reading took."""

    number: int
    ms: float
    symbols: tuple[Symbol, ...]
    glimpse: Glimpse | None = None


Reply = Ready | Answer

_ORDER: msgspec.json.Decoder[Order] = msgspec.json.Decoder(Order)
_REPLY: msgspec.json.Decoder[Reply] = msgspec.json.Decoder(Reply)


def send(fd: int, message: msgspec.Struct) -> None:
    """Write a message whole; raises BrokenPipeError when nobody is there to read it."""
    body = msgspec.json.encode(message)
    rest = memoryview(len(body).to_bytes(4) + body)
    while rest:
        rest = rest[os.write(fd, rest) :]


def receive_order(fd: int) -> Order:
    """Wait for the next order.

    Raises:
        WireBroken: the scanner is gone.
    """
    return _ORDER.decode(_message(fd, lambda: None))


def receive_reply(fd: int, await_bytes: Callable[[], None]) -> Reply:
    """Read the next reply; ``await_bytes`` returns once there is something to read, or raises.

    Raises:
        WireBroken: the decoder is gone, or sent garbage.
    """
    try:
        return _REPLY.decode(_message(fd, await_bytes))
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise WireBroken(f"no reply but garbage: {error}") from None


def _message(fd: int, await_bytes: Callable[[], None]) -> bytes:
    length = int.from_bytes(_exactly(fd, 4, await_bytes))
    if length > MAX_BYTES:
        raise WireBroken(f"a message of {length} bytes was announced")
    return _exactly(fd, length, await_bytes)


def _exactly(fd: int, count: int, await_bytes: Callable[[], None]) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        await_bytes()
        part = os.read(fd, count - len(parts))
        if not part:
            raise WireBroken("the other side hung up")
        parts += part
    return bytes(parts)

"""What the decoder is asked for and what it found: plain values that both sides of its pipe know."""

from dataclasses import dataclass
from enum import StrEnum

Point = tuple[int, int]
"""(x, y) in pixels of the frame."""

Quad = tuple[Point, Point, Point, Point]
"""A symbol's corners, one after another around it."""


class Effort(StrEnum):
    """How much time a picture is worth."""

    LIVE = "live"
    """One of many frames a second: what this one hides, the next may show."""

    FULL = "full"
    """A single picture: there will be no other."""


class Reader(StrEnum):
    """What read a symbol: a library, or our own sampling of its modules."""

    ZXING = "zxing"
    ZBAR = "zbar"
    MODULES = "modules"


@dataclass(frozen=True, slots=True)
class Symbol:
    """A QR code that was read to the last bit.

    ``text`` is exact. Bytes that are no text (binary payloads, unknown encodings) come as Latin-1, one
    character a byte: nothing is lost or replaced, and as they hold control or non-ASCII characters they
    never pass for a card's code, which is ASCII.
    """

    text: str
    quad: Quad
    reader: Reader


class Hint(StrEnum):
    """What the person could do so that a code that is seen can be read."""

    CLOSER = "closer"
    FURTHER = "further"
    HOLD_STILL = "hold_still"
    LESS_TILT = "less_tilt"
    LESS_GLARE = "less_glare"
    BRIGHTER = "brighter"
    """A phone's screen, or the light on paper."""


@dataclass(frozen=True, slots=True)
class Glimpse:
    """A code that is in the frame and was not read: where it is, and what would help most."""

    quad: Quad
    hint: Hint

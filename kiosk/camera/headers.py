"""How large a picture says it is, read from its first bytes.

A file of a hundred bytes can claim more pixels than there is memory, and a codec believes it: so the
size is known before any codec sees the data.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from kiosk.errors import UnreadableImage

_JPEG_SEGMENT_WITHOUT_LENGTH = re.compile(rb"\xff*[\x01\xd0-\xd7]")
_JPEG_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of the segment that holds the size; the three left out are tables that lie between them."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a picture says of itself. ``may_be_transparent`` is true also where that is not known."""

    width: int
    height: int
    may_be_transparent: bool

    @property
    def pixels(self) -> int:
        return self.width * self.height


def read_header(data: bytes) -> Header:
    """Read the header of a JPEG, PNG, WebP, GIF or BMP.

    Raises:
        UnreadableImage: the data are empty, of another format, or end within the header.
    """
    if not data:
        raise UnreadableImage("the image is empty")
    for magic, parse in _FORMATS:
        if magic.match(data):
            return _complete(parse, data)
    raise UnreadableImage("of no known format: an image is a JPEG, PNG, WebP, GIF or BMP")


def _complete(parse: Callable[[bytes], Header], data: bytes) -> Header:
    try:
        return parse(data)
    except IndexError:
        raise UnreadableImage("the image is truncated or damaged: it has no size") from None


def _number(data: bytes, at: int, count: int, byteorder: Literal["little", "big"] = "little") -> int:
    if at + count > len(data):
        raise IndexError(at)
    return int.from_bytes(data[at : at + count], byteorder)


def _png(data: bytes) -> Header:
    # Colour types with alpha; others may name a transparent colour, before the pixels begin.
    transparent = data[25] in {4, 6} or data.find(b"tRNS", 33, max(data.find(b"IDAT"), 33)) > 0
    return Header(_number(data, 16, 4, "big"), _number(data, 20, 4, "big"), transparent)


def _jpeg(data: bytes) -> Header:
    at = 2
    while True:
        if alone := _JPEG_SEGMENT_WITHOUT_LENGTH.match(data, at):
            at = alone.end()
            continue
        while data[at] == 0xFF:
            at += 1
        if data[at] in _JPEG_FRAME:
            height, width = _number(data, at + 4, 2, "big"), _number(data, at + 6, 2, "big")
            return Header(width, height, may_be_transparent=False)
        at += 1 + max(_number(data, at + 1, 2, "big"), 2)


def _webp(data: bytes) -> Header:
    kind = data[12:16]
    if kind == b"VP8X":
        return Header(_number(data, 24, 3) + 1, _number(data, 27, 3) + 1, bool(data[20] & 0x10))
    if kind == b"VP8L":
        sides = _number(data, 21, 4)
        return Header((sides & 0x3FFF) + 1, (sides >> 14 & 0x3FFF) + 1, bool(sides >> 28 & 1))
    return Header(_number(data, 26, 2) & 0x3FFF, _number(data, 28, 2) & 0x3FFF, may_be_transparent=False)


def _gif(data: bytes) -> Header:
    return Header(_number(data, 6, 2), _number(data, 8, 2), may_be_transparent=True)


def _bmp(data: bytes) -> Header:
    if _number(data, 14, 4) == 12:  # OS/2's older header
        return Header(_number(data, 18, 2), _number(data, 20, 2), may_be_transparent=False)
    # A negative height means that the first row is the top one.
    height = int.from_bytes(_number(data, 22, 4).to_bytes(4), signed=True)
    return Header(_number(data, 18, 4), abs(height), may_be_transparent=_number(data, 28, 2) == 32)


_FORMATS: tuple[tuple[re.Pattern[bytes], Callable[[bytes], Header]], ...] = (
    (re.compile(rb"\xff\xd8\xff"), _jpeg),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), _png),
    (re.compile(rb"RIFF....WEBPVP8[ LX]", re.DOTALL), _webp),
    (re.compile(rb"GIF8[79]a"), _gif),
    (re.compile(rb"BM"), _bmp),
)

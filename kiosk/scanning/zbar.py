"""zbar for QR codes, with the one setting that pyzbar does not offer: the payload's raw bytes.

Left alone zbar guesses an encoding and garbles what it guesses wrong (``h``, ``é``, ``é`` in Latin-1 comes
back as ``h澭``). It is also known to crash or spin on crafted images, so it belongs into a process
that can be killed.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from pyzbar import wrapper

from kiosk.camera.source import Luma
from kiosk.scanning.symbols import Point, Quad

_Y800 = int.from_bytes(b"Y800", "little")
_BINARY = 4
"""ZBAR_CFG_BINARY of zbar.h; pyzbar's list of settings is older than it."""
_EVERY_SYMBOLOGY = 0


@dataclass(frozen=True, slots=True)
class Payload:
    """What a symbol holds, as its bytes, and where it stands in the picture."""

    data: bytes
    quad: Quad


def scan(luma: Luma) -> list[Payload]:
    """Read the QR codes (Model 2, dark on light) of a picture of at least one pixel."""
    pixels = np.ascontiguousarray(luma)
    with _scanner() as scanner, _image() as image:
        height, width = pixels.shape
        wrapper.zbar_image_set_format(image, _Y800)
        wrapper.zbar_image_set_size(image, width, height)
        wrapper.zbar_image_set_data(image, pixels.ctypes.data_as(ctypes.c_void_p), pixels.size, None)
        wrapper.zbar_scan_image(scanner, image)
        return [_payload(symbol) for symbol in _symbols(image)]


@contextmanager
def _scanner() -> Iterator[Any]:
    scanner = wrapper.zbar_image_scanner_create()
    try:
        wrapper.zbar_image_scanner_set_config(scanner, _EVERY_SYMBOLOGY, wrapper.ZBarConfig.CFG_ENABLE, 0)
        for config in (wrapper.ZBarConfig.CFG_ENABLE, _BINARY):
            wrapper.zbar_image_scanner_set_config(scanner, wrapper.ZBarSymbol.QRCODE, config, 1)
        yield scanner
    finally:
        wrapper.zbar_image_scanner_destroy(scanner)


@contextmanager
def _image() -> Iterator[Any]:
    image = wrapper.zbar_image_create()
    try:
        yield image
    finally:
        wrapper.zbar_image_destroy(image)


def _symbols(image: Any) -> Iterator[Any]:
    symbol = wrapper.zbar_image_first_symbol(image)
    while symbol:
        # Parts of a structured append come as PARTIAL and are half a text at best.
        if symbol.contents.type == wrapper.ZBarSymbol.QRCODE:
            yield symbol
        symbol = wrapper.zbar_symbol_next(symbol)


def _payload(symbol: Any) -> Payload:
    length = wrapper.zbar_symbol_get_data_length(symbol)
    return Payload(ctypes.string_at(wrapper.zbar_symbol_get_data(symbol), length), _quad(_outline(symbol)))


def _outline(symbol: Any) -> list[Point]:
    return [
        (wrapper.zbar_symbol_get_loc_x(symbol, index), wrapper.zbar_symbol_get_loc_y(symbol, index))
        for index in range(wrapper.zbar_symbol_get_loc_size(symbol))
    ]


def _quad(outline: list[Point]) -> Quad:
    if len(outline) == 4:
        first, second, third, fourth = outline
        return first, second, third, fourth
    # Several symbols joined to one text have more points than four.
    x, y, width, height = cv2.boundingRect(np.array(outline or [(0, 0)], np.int32))
    return (x, y), (x + width, y), (x + width, y + height), (x, y + height)

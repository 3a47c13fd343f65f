"""zxing-cpp for QR codes: what it read, and where it saw a code that it could not read.

QR Code Model 2 only. Micro QR's smallest form has no error correction and yields texts where there is
no code, and no card of ours has one.
"""

from dataclasses import dataclass

import numpy as np
import zxingcpp

from kiosk.camera.source import Luma
from kiosk.scanning.grid.repair import Grid
from kiosk.scanning.symbols import Quad, Reader, Symbol

Binarizer = zxingcpp.Binarizer
LOCAL, GLOBAL = Binarizer.LocalAverage, Binarizer.GlobalHistogram

_MODEL_2 = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCodeModel2])
_ANY_QR = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
"""Pure pictures are read with the whole family only; Model 2 is then picked out."""

_NO_TEXT = frozenset({zxingcpp.ContentType.Binary, zxingcpp.ContentType.UnknownECI})
_REPLACEMENT = "\ufffd"
_PURE_PIXELS, _QUIET = 3, 4


@dataclass(frozen=True, slots=True)
class Damaged:
    """A code whose bits did not come out; ``version`` as far as that could be told."""

    quad: Quad
    version: int | None


@dataclass(frozen=True, slots=True)
class Sight:
    """What zxing-cpp read, and where it saw a code whose bits did not come out."""

    symbols: tuple[Symbol, ...]
    damaged: tuple[Damaged, ...]


def look(luma: Luma, binarizer: Binarizer = LOCAL) -> Sight:
    """Read a picture of at least one pixel."""
    found = zxingcpp.read_barcodes(
        np.ascontiguousarray(luma),
        formats=_MODEL_2,
        text_mode=zxingcpp.TextMode.Plain,
        binarizer=binarizer,
        return_errors=True,
    )
    symbols = tuple(Symbol(text_of(code), _quad(code), Reader.ZXING) for code in found if code.valid)
    return Sight(symbols, tuple(Damaged(_quad(code), _version(code)) for code in found if not code.valid))


def text_of_grid(grid: Grid) -> str | None:
    """Return the text of a code without a flaw, None where it is none."""
    framed = np.pad(grid.astype(np.uint8), _QUIET)
    clean = np.where(np.kron(framed, np.ones((_PURE_PIXELS, _PURE_PIXELS), np.uint8)), 0, 255)
    found = zxingcpp.read_barcodes(
        np.asarray(clean, np.uint8), formats=_ANY_QR, text_mode=zxingcpp.TextMode.Plain, is_pure=True
    )
    # A pure read that failed comes back all the same, as an invalid result.
    texts = [text_of(code) for code in found if code.valid and code.format == zxingcpp.BarcodeFormat.QRCode]
    return texts[0] if texts else None


def text_of(code: zxingcpp.Barcode) -> str:
    """Return the text by the encoding that the symbol declares or shows; binary content byte for byte."""
    if code.content_type in _NO_TEXT:
        return str(code.bytes.decode("latin-1"))
    # Where zxing-cpp guesses the wrong encoding it replaces what does not fit, and that loses bytes.
    return text_of_bytes(code.bytes) if _REPLACEMENT in code.text else str(code.text)


def text_of_bytes(data: bytes) -> str:
    """Return bytes whose encoding nobody declared as UTF-8, or else one character a byte."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _quad(code: zxingcpp.Barcode) -> Quad:
    place = code.position
    corners = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
    first, second, third, fourth = ((corner.x, corner.y) for corner in corners)
    return first, second, third, fourth


def _version(code: zxingcpp.Barcode) -> int | None:
    extra = code.extra
    told = str(extra.get("Version", "")) if isinstance(extra, dict) else ""
    return int(told) if told.isdigit() else None

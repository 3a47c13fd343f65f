"""From a picture to the QR codes in it: a cascade of readers, the cheap and good ones first.

QR Code Model 2 only. Micro QR's smallest form has no error correction and yields texts where there is
no code, and no card of ours has one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import zxingcpp

from kiosk.camera.source import Luma
from kiosk.scanning import zbar
from kiosk.scanning.symbols import Effort, Point, Quad, Reader, Symbol

Symbols = tuple[Symbol, ...]

_NO_TEXT = frozenset({zxingcpp.ContentType.Binary, zxingcpp.ContentType.UnknownECI})
_REPLACEMENT = "\ufffd"
_BOXES_TRIED = 2
"""More would delay a live frame; the next one comes with boxes of its own."""
_CROP_PIXELS = 360_000
"""Crops are reduced to this: a damaged code is then still at 3 pixels a module or more."""
_FALLBACK_PIXELS = 4_000_000
"""Single pictures are reduced to this before they are pre-processed: 12 megapixels hide nothing more."""


def read(luma: Luma, effort: Effort) -> Symbols:
    """Return the symbols in ``luma``, (height, width) of any size: each exact, or not there.

    Live, a frame gets zxing-cpp, and zbar where zxing-cpp saw a code that it could not read. With full
    effort a picture without a text then gets one fallback after another until something is read.
    """
    if not luma.size:
        return ()
    sight = _zxing(luma)
    symbols = _merged(sight.symbols, _read_damaged(luma, sight.damaged))
    if symbols or effort is Effort.LIVE:
        return symbols
    return _first_fallback(luma)


@dataclass(frozen=True, slots=True)
class _Sight:
    """What zxing-cpp read, and where it saw a code whose bits did not come out."""

    symbols: Symbols
    damaged: tuple[Quad, ...]


def _zxing(luma: Luma, binarizer: zxingcpp.Binarizer = zxingcpp.Binarizer.LocalAverage) -> _Sight:
    found = zxingcpp.read_barcodes(
        np.ascontiguousarray(luma),
        formats=zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCodeModel2]),
        text_mode=zxingcpp.TextMode.Plain,
        binarizer=binarizer,
        return_errors=True,
    )
    symbols = tuple(
        Symbol(_zxing_text(code), _zxing_quad(code), Reader.ZXING) for code in found if code.valid
    )
    return _Sight(symbols, tuple(_zxing_quad(code) for code in found if not code.valid))


def _zxing_text(code: zxingcpp.Barcode) -> str:
    """Return the text by the encoding that the symbol declares or shows; binary content byte for byte."""
    if code.content_type in _NO_TEXT:
        return code.bytes.decode("latin-1")
    # Where zxing-cpp guesses the wrong encoding it replaces what does not fit, and that loses bytes.
    return _text_of_bytes(code.bytes) if _REPLACEMENT in code.text else code.text


def _zxing_quad(code: zxingcpp.Barcode) -> Quad:
    place = code.position
    corners = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
    first, second, third, fourth = ((corner.x, corner.y) for corner in corners)
    return first, second, third, fourth


def _zbar(luma: Luma) -> Symbols:
    return tuple(
        Symbol(_text_of_bytes(payload.data), payload.quad, Reader.ZBAR) for payload in zbar.scan(luma)
    )


def _text_of_bytes(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _read_damaged(luma: Luma, boxes: Sequence[Quad]) -> Symbols:
    return _merged(*(_read_crop(luma, box) for box in boxes[:_BOXES_TRIED]))


def _read_crop(luma: Luma, box: Quad) -> Symbols:
    """Look once more, closely, at where a code was seen."""
    crop, corner = _crop(luma, box)
    view = _reduced(crop, _CROP_PIXELS)
    symbols = _zbar(view) or _doubled_and_thresholded(view)
    return _placed(symbols, crop.shape[1] / view.shape[1], corner)


def _crop(luma: Luma, box: Quad) -> tuple[Luma, Point]:
    """Cut the box out with a third more on each side: quiet zone, and corners that were guessed."""
    left, top, width, height = cv2.boundingRect(np.array(box, np.int32))
    margin = max(width, height) // 3
    x, y = max(left - margin, 0), max(top - margin, 0)
    return luma[y : top + height + margin, x : left + width + margin], (x, y)


def _doubled_and_thresholded(view: Luma) -> Symbols:
    clean = _threshold(_resized(view, 2.0))
    return _placed(_zxing(clean, zxingcpp.Binarizer.GlobalHistogram).symbols, 0.5)


def _first_fallback(luma: Luma) -> Symbols:
    """Try the fallbacks, the quickest first: a picture that one of them reads needs no other."""
    view = _reduced(luma, _FALLBACK_PIXELS)
    for fallback in _FALLBACKS:
        symbols = fallback(view)
        if symbols:
            return _placed(symbols, luma.shape[1] / view.shape[1])
    return ()


def _global_histogram(view: Luma) -> Symbols:
    return _zxing(view, zxingcpp.Binarizer.GlobalHistogram).symbols


def _half(view: Luma) -> Symbols:
    return _placed(_zxing(_resized(view, 0.5)).symbols, 2.0)


def _half_sharpened(view: Luma) -> Symbols:
    return _placed(_zxing(_sharpened(_resized(view, 0.5))).symbols, 2.0)


def _thresholded(view: Luma) -> Symbols:
    return _zxing(_threshold(view)).symbols


def _enlarged_by_half(view: Luma) -> Symbols:
    return _placed(_zxing(_resized(view, 1.5)).symbols, 1 / 1.5)


def _sharp(view: Luma) -> Symbols:
    return _zxing(_sharpened(view)).symbols


def _equalised(view: Luma) -> Symbols:
    return _zxing(np.asarray(cv2.createCLAHE(3.0, (8, 8)).apply(view), np.uint8)).symbols


def _doubled(view: Luma) -> Symbols:
    return _placed(_zxing(_resized(view, 2.0)).symbols, 0.5)


def _zbar_sharpened(view: Luma) -> Symbols:
    return _zbar(_sharpened(view))


_FALLBACKS: tuple[Callable[[Luma], Symbols], ...] = (
    _global_histogram,
    _half,
    _half_sharpened,
    _thresholded,
    _enlarged_by_half,
    _sharp,
    _equalised,
    _doubled,
    _zbar,
    _zbar_sharpened,
)


def _reduced(luma: Luma, pixels: int) -> Luma:
    return luma if luma.size <= pixels else _resized(luma, (pixels / luma.size) ** 0.5)


def _resized(luma: Luma, factor: float) -> Luma:
    size = tuple(max(round(side * factor), 1) for side in luma.shape[::-1])
    interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(luma, size, interpolation=interpolation), np.uint8)


def _sharpened(luma: Luma) -> Luma:
    soft = cv2.GaussianBlur(luma, (0, 0), 3)
    return np.asarray(cv2.addWeighted(luma, 2.5, soft, -1.5, 0), np.uint8)


def _threshold(luma: Luma) -> Luma:
    binary = cv2.adaptiveThreshold(luma, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 31, 5)
    return np.asarray(binary, np.uint8)


def _placed(symbols: Symbols, factor: float, corner: Point = (0, 0)) -> Symbols:
    """Move symbols from a view to the picture that it is a part or a copy of."""
    return tuple(Symbol(each.text, _moved(each.quad, factor, corner), each.reader) for each in symbols)


def _moved(quad: Quad, factor: float, corner: Point) -> Quad:
    first, second, third, fourth = (
        (round(x * factor) + corner[0], round(y * factor) + corner[1]) for x, y in quad
    )
    return first, second, third, fourth


def _merged(*groups: Symbols) -> Symbols:
    """Join what several looks found; the same text at the same place is one symbol."""
    symbols: list[Symbol] = []
    for symbol in (each for group in groups for each in group):
        if not any(each.text == symbol.text and _overlap(each.quad, symbol.quad) for each in symbols):
            symbols.append(symbol)
    return tuple(symbols)


def _overlap(one: Quad, other: Quad) -> bool:
    left, top, width, height = cv2.boundingRect(np.array(one, np.int32))
    x, y, other_width, other_height = cv2.boundingRect(np.array(other, np.int32))
    return left < x + other_width and x < left + width and top < y + other_height and y < top + height

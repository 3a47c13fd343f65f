"""Other views of a picture, in which a code may be read that hides in the picture itself."""

import cv2
import numpy as np

from kiosk.camera.source import Luma
from kiosk.scanning.symbols import Point, Quad, Symbol

Symbols = tuple[Symbol, ...]


def resized(luma: Luma, factor: float) -> Luma:
    """Return the picture, larger or smaller."""
    if factor == 1:
        return luma
    size = tuple(max(round(side * factor), 1) for side in luma.shape[::-1])
    interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(luma, size, interpolation=interpolation), np.uint8)


def reduced(luma: Luma, pixels: int) -> Luma:
    """Return the picture, made smaller if it has more pixels than these."""
    return luma if luma.size <= pixels else resized(luma, (pixels / luma.size) ** 0.5)


def sharpened(luma: Luma, sigma: float = 3.0, strength: float = 1.5) -> Luma:
    """Return the picture with what differs from its blurred copy made stronger."""
    soft = cv2.GaussianBlur(luma, (0, 0), sigma)
    return np.asarray(cv2.addWeighted(luma, 1 + strength, soft, -strength, 0), np.uint8)


def smoothed(luma: Luma, sigma: float) -> Luma:
    """Return the picture without its finest grain."""
    return np.asarray(cv2.GaussianBlur(luma, (0, 0), sigma), np.uint8)


def thresholded(luma: Luma, window: int = 31, below: float = 5) -> Luma:
    """Return the picture in black and white, each pixel against the mean around it."""
    binary = cv2.adaptiveThreshold(luma, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, window, below)
    return np.asarray(binary, np.uint8)


def equalised(luma: Luma) -> Luma:
    """Return the picture with the same contrast everywhere."""
    return np.asarray(cv2.createCLAHE(3.0, (8, 8)).apply(luma), np.uint8)


def cropped(luma: Luma, box: Quad, around: float = 1 / 3) -> tuple[Luma, Point]:
    """Cut a box out with more on each side (quiet zone, guessed corners); and say where that begins."""
    left, top, width, height = cv2.boundingRect(np.array(box, np.int32))
    margin = round(max(width, height) * around)
    x, y = max(left - margin, 0), max(top - margin, 0)
    return luma[y : top + height + margin, x : left + width + margin], (x, y)


def placed(symbols: Symbols, factor: float, corner: Point = (0, 0)) -> Symbols:
    """Move symbols from a view to the picture that it is a part or a copy of."""
    return tuple(Symbol(each.text, moved(each.quad, factor, corner), each.reader) for each in symbols)


def moved(quad: Quad, factor: float, corner: Point = (0, 0)) -> Quad:
    """Move a quad from a view, ``factor`` times as small, to the picture that it is a part of."""
    first, second, third, fourth = (
        (round(x * factor) + corner[0], round(y * factor) + corner[1]) for x, y in quad
    )
    return first, second, third, fourth


def merged(*groups: Symbols) -> Symbols:
    """Join what several looks found; the same text at the same place is one symbol."""
    symbols: list[Symbol] = []
    for symbol in (each for group in groups for each in group):
        if not any(each.text == symbol.text and overlap(each.quad, symbol.quad) for each in symbols):
            symbols.append(symbol)
    return tuple(symbols)


def overlap(one: Quad, other: Quad) -> bool:
    """Tell whether two quads' upright frames meet."""
    left, top, width, height = cv2.boundingRect(np.array(one, np.int32))
    x, y, other_width, other_height = cv2.boundingRect(np.array(other, np.int32))
    return left < x + other_width and x < left + width and top < y + other_height and y < top + height

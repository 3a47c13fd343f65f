"""Finds where in a frame something as busy as a code is, so that effort goes there and not everywhere.

A code is an area, not a line, in which every part has contrast. That is seen in a tenth of the time that
reading takes, even where blur or noise hide what the code says.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.camera.source import Luma

_STEP = 4
"""Every so many-th pixel is looked at, along both sides: contrast shows in any of them."""
_WINDOW = 5
_EDGE = 7
"""Busy strips narrower than this are the edges of things."""
_ABOVE_NOISE, _CONTRAST = 1.4, 1.0
_LEVELS = (0.6, 0.25)
"""Parts of the highest contrast: a code is picked out of what is less busy, or else taken with it."""
_EDGES = np.ones((_EDGE, _EDGE), np.uint8)
_FINENESS = 2
_AREAS = 3
_MAX_COMPONENTS = 40


@dataclass(frozen=True, slots=True)
class Area:
    """A busy part of a frame, in pixels; ``strength`` is how busy it is for its size, to compare by."""

    x: int
    y: int
    width: int
    height: int
    strength: float

    def cut(self, luma: Luma) -> Luma:
        """Return this part of the picture, without copying it."""
        return luma[self.y : self.y + self.height, self.x : self.x + self.width]


def busy_areas(luma: Luma) -> list[Area]:
    """Return the areas that may be a code, the likeliest first."""
    contrast = _contrast(luma)
    if min(contrast.shape) < 2 * _EDGE:
        return [Area(0, 0, luma.shape[1], luma.shape[0], 1.0)]
    few = contrast[::8, ::8].ravel()
    usual = float(np.partition(few, few.size // 2)[few.size // 2])
    least = _ABOVE_NOISE * usual + _CONTRAST * _FINENESS
    highest = float(contrast.max())
    found: list[Area] = []
    for level in _LEVELS:
        for area in _areas(contrast, max(least, level * highest), luma.shape):
            if not any(_are_alike(area, other) for other in found):
                found.append(area)
    return sorted(found, key=lambda each: -each.strength)[:_AREAS]


def _contrast(luma: Luma) -> Luma:
    """Return the mean deviation from the mean around every fourth pixel, two to a grey level."""
    size = (luma.shape[1] // _STEP, luma.shape[0] // _STEP)
    if min(size) < 1:
        return np.zeros((0, 0), np.uint8)
    thin = cv2.resize(luma, size, interpolation=cv2.INTER_NEAREST)
    window = (_WINDOW, _WINDOW)
    deviation = cv2.convertScaleAbs(cv2.absdiff(thin, cv2.blur(thin, window)), alpha=_FINENESS)
    return np.asarray(cv2.blur(deviation, window), np.uint8)


def _areas(contrast: Luma, least: float, shape: tuple[int, ...]) -> list[Area]:
    _, busy = cv2.threshold(contrast, least, 1, cv2.THRESH_BINARY)
    core = cv2.erode(busy, _EDGES)
    # Every second one tells as well what belongs together, in a quarter of the time.
    count, _, boxes, _ = cv2.connectedComponentsWithStats(
        np.ascontiguousarray(core[::2, ::2]), connectivity=4
    )
    if count > _MAX_COMPONENTS:
        return []
    largest = sorted(range(1, count), key=lambda index: -int(boxes[index, cv2.CC_STAT_AREA]))[:_AREAS]
    return [_area(boxes[index] * 2, contrast, shape) for index in largest]


def _area(box: NDArray[np.int32], contrast: Luma, shape: tuple[int, ...]) -> Area:
    left, top, width, height = (int(each) for each in box[:4])
    filled = float(cv2.mean(contrast[top : top + height, left : left + width])[0]) / _FINENESS
    squareness = min(width, height) / max(width, height)
    around = _EDGE // 2 + 5
    x, y = max(left - around, 0) * _STEP, max(top - around, 0) * _STEP
    right, bottom = (left + width + around) * _STEP, (top + height + around) * _STEP
    strength = filled * squareness * min(width * height, 2000) ** 0.25
    return Area(x, y, min(right, shape[1]) - x, min(bottom, shape[0]) - y, strength)


def _are_alike(one: Area, other: Area) -> bool:
    apart = abs(one.x - other.x) + abs(one.y - other.y)
    return (
        apart + abs(one.width - other.width) + abs(one.height - other.height) < (one.width + one.height) / 3
    )

"""From a straightened code to how dark each of its modules seems."""

from collections.abc import Iterator

import cv2
import numpy as np

from kiosk.scanning.grid.repair import Darkness
from kiosk.scanning.grid.snap import MARGIN, PIXELS, Plane

_SHARPENINGS = (0.0, 1.2, 3.0)
_WINDOWS = (5, 9)


def readings(front: Plane) -> Iterator[Darkness]:
    """Yield several ways to see the modules, the likeliest first: blur asks for more contrast than noise."""
    for strength in _SHARPENINGS:
        sampled = _sampled(_sharpened(front, strength))
        for window in _WINDOWS:
            yield _against_midpoint(sampled, window)


def _sharpened(front: Plane, strength: float) -> Plane:
    if not strength:
        return front
    soft = cv2.GaussianBlur(front, (0, 0), 0.9 * PIXELS)
    return np.asarray(front + strength * (front - soft), np.float32)


def _sampled(front: Plane) -> Plane:
    """Return the mean of each module's inner half, with one ring of modules around the code."""
    inner = cv2.blur(front, (PIXELS // 2,) * 2, anchor=(0, 0))
    first = (MARGIN - 1) * PIXELS + PIXELS // 4
    last = front.shape[0] - (MARGIN - 1) * PIXELS
    return np.asarray(inner[first:last:PIXELS, first:last:PIXELS], np.float32)


def _against_midpoint(sampled: Plane, window: int) -> Darkness:
    """Compare each module with the middle between the darkest and the lightest near it."""
    kernel = np.ones((window, window), np.uint8)
    high, low = cv2.dilate(sampled, kernel), cv2.erode(sampled, kernel)
    size = (window, window)
    high, low = cv2.blur(high, size), cv2.blur(low, size)
    half = (high - low) / 2
    darkness = ((high + low) / 2 - sampled) / (half + 0.05 * float(half.max()) + 1e-6)
    return np.asarray(darkness[1:-1, 1:-1], np.float32)

"""Where a code lies in a picture: its four corners, and how far it is bent between them.

Corners stay where they are when the bend changes, so the two can be found together. Points on the code
are in modules from its upper left corner; pixels are counted from the middle of the first one.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.camera.source import Luma
from kiosk.scanning.views import resized

Points = NDArray[np.float32]
"""(n, 2): x and y."""

FLAT: NDArray[np.float32] = np.zeros((2, 2), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """``corners``, (4, 2) pixels, from the upper left one clockwise as the code is read; ``bend``, (2, 2)
    pixels, is how far the middle is moved by a bend along the rows and by one along the columns.
    """

    corners: Points
    side: int
    bend: Points

    @classmethod
    def of(cls, corners: Points, side: int, bend: Points = FLAT) -> "Pose":
        return cls(np.asarray(corners, np.float32), side, np.asarray(bend, np.float32))

    @property
    def module(self) -> float:
        """The pixels that a module measures, on average."""
        return float(np.sqrt(max(abs(_area(self.corners)), 1e-6)) / self.side)

    def pixels(self, points: Points) -> Points:
        """Return where points of the code, (n, 2) modules, lie in the picture."""
        flat = np.asarray([(0, 0), (self.side, 0), (self.side, self.side), (0, self.side)], np.float32)
        seen = cv2.getPerspectiveTransform(flat, self.corners)
        moved = cv2.perspectiveTransform(points[None], seen)[0]
        if self.bend.any():
            moved = moved + bulge(points, self.side) @ self.bend
        return np.asarray(moved, np.float32)

    def is_plausible(self, width: int, height: int) -> bool:
        """Tell whether this may be a code in a picture of that size: convex, and not all edge."""
        if not np.isfinite(self.corners).all() or not cv2.isContourConvex(self.corners):
            return False
        sides = np.linalg.norm(self.corners - np.roll(self.corners, -1, 0), axis=1)
        low, high = self.corners.min(0), self.corners.max(0)
        inside = low.min() > -width * 0.1 and high[0] < width * 1.1 and high[1] < height * 1.1
        return bool(inside and sides.min() > self.side and sides.max() < 4 * sides.min())


def bulge(points: Points, side: int) -> Points:
    """Return how much of each of the two bends a point takes part in: all in the middle, none at the rim."""
    centred = points * (2 / side) - 1
    return np.asarray(1 - centred**2, np.float32)


def straightened(luma: Luma, pose: Pose, pixels: int, margin: int) -> NDArray[np.float32]:
    """Return the code as if seen from the front: ``pixels`` a module, ``margin`` modules around it."""
    picture, pose = _shrunk_to(luma, pose, pixels)
    count = (pose.side + 2 * margin) * pixels
    along = (np.arange(count, dtype=np.float32) + 0.5) / pixels - margin
    points = np.stack(np.meshgrid(along, along), axis=-1).reshape(-1, 2)
    places = pose.pixels(np.asarray(points, np.float32))
    x, y = np.ascontiguousarray(places.T).reshape(2, count, count)
    seen = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(seen, np.float32)


def _shrunk_to(luma: Luma, pose: Pose, pixels: int) -> tuple[Luma, Pose]:
    """Cut the code out, reduced if its modules are so large that sampling points would add noise."""
    low = np.maximum(np.floor(pose.corners.min(0) - 4 * pose.module), 0).astype(int)
    high = np.ceil(pose.corners.max(0) + 4 * pose.module).astype(int) + 1
    part = luma[low[1] : high[1], low[0] : high[0]]
    if not part.size:
        return luma, pose
    factor = min(1.0, 1.5 * pixels / pose.module)
    corners = pose.corners - low
    if factor < 0.8:
        part = resized(part, factor)
        corners = (corners + 0.5) * factor - 0.5
        return part, Pose.of(corners, pose.side, pose.bend * factor)
    return part, Pose.of(corners, pose.side, pose.bend)


def _area(corners: Points) -> float:
    x, y = corners[:, 0], corners[:, 1]
    return float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)) / 2)

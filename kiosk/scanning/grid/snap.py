"""Fits a code's pose to the pattern that all codes have: finders, timing, alignment.

A library's corners are a module or more off where the picture is poor. The fit moves them, and bends the
code, until the picture fits the pattern best (Gauss and Newton, from blurred to sharp).
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.camera.source import Luma
from kiosk.scanning.grid.layout import pattern, side_of
from kiosk.scanning.grid.pose import Points, Pose, straightened

Plane = NDArray[np.float32]

PIXELS = 4
"""A module's pixels in the straightened code; more sharpen nothing."""
MARGIN = 3
_DENSITY = 2
"""Samples a module, along each side, that the pattern is compared at."""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A pose, and how well the picture there follows the pattern: 1 exactly, 0 not at all, -1 inverted."""

    pose: Pose
    score: float


@dataclass(frozen=True, slots=True)
class _Stage:
    """``blur`` in modules; how stiff the code is against perspective and bending, 0 being free."""

    blur: float
    repeats: int
    perspective: float
    bending: float


_COARSE = (_Stage(1.0, 5, 1.0, 100.0), _Stage(0.6, 4, 0.05, 1.0), _Stage(0.45, 3, 0.01, 0.05))
_FINE = (_Stage(0.4, 6, 0.001, 0.02),)


@dataclass(frozen=True, slots=True, eq=False)
class _Samples:
    """Where the pattern is compared, (n, 2) modules, and what each corner and bend moves there."""

    points: Points
    moved_by: Plane
    rendered: Plane


def likeness(luma: Luma, pose: Pose, version: int, *, is_inverted: bool = False) -> float:
    """Return how well a pose fits as it is: in half a millisecond it tells most wrong guesses."""
    return _fitted(luma, pose, version, is_inverted, ()).score


def snapped(luma: Luma, pose: Pose, version: int, *, is_inverted: bool = False) -> Fit:
    """Return the best fit near ``pose``, which may be a module or two off."""
    return _fitted(luma, pose, version, is_inverted, _COARSE)


def refined(luma: Luma, pose: Pose, version: int, *, is_inverted: bool = False) -> Fit:
    """Return the best fit very near ``pose``, to some hundredths of a module."""
    return _fitted(luma, pose, version, is_inverted, _FINE)


def _fitted(luma: Luma, pose: Pose, version: int, is_inverted: bool, stages: tuple[_Stage, ...]) -> Fit:
    front = straightened(luma, pose, PIXELS, MARGIN)
    even = levelled(255 - front if is_inverted else front)
    shift = np.zeros((6, 2), np.float32)
    for stage in stages:
        shift = _settled(even, version, shift, stage)
    return Fit(_moved(pose, shift), _score(even, version, shift))


def levelled(front: Plane, modules: float = 7.0) -> Plane:
    """Return the picture with its local mean at 0 and its local contrast at 1, without shadows and glare."""
    size = (round(modules * PIXELS) | 1,) * 2
    mean = cv2.blur(front, size, borderType=cv2.BORDER_REFLECT)
    rest = front - mean
    spread = np.sqrt(np.maximum(cv2.blur(rest * rest, size, borderType=cv2.BORDER_REFLECT), 0))
    return np.asarray(rest / (spread + 2 + 0.1 * float(spread.max())), np.float32)


def _settled(even: Plane, version: int, shift: Plane, stage: _Stage) -> Plane:
    blurred = cv2.GaussianBlur(even, (0, 0), stage.blur * PIXELS)
    slopes = [cv2.Sobel(blurred, cv2.CV_32F, *axis, ksize=3, scale=1 / 8) for axis in ((1, 0), (0, 1))]
    samples, wanted = _samples(version), _expected(version, stage.blur)
    stiff = np.array([0, 0, 0, stage.perspective, stage.bending, stage.bending] * 2)
    for _ in range(stage.repeats):
        places = _places(samples, shift)
        seen, across, down = (_at(np.asarray(plane, np.float32), places) for plane in (blurred, *slopes))
        columns = (
            samples.moved_by * across,
            samples.moved_by * down,
            -wanted[None],
            -np.ones_like(wanted)[None],
        )
        step = _step(np.concatenate(columns), seen, _trust(seen, wanted), shift, stiff)
        shift = shift + np.clip(step, -1.5 * PIXELS, 1.5 * PIXELS)
        if float(np.abs(step).max()) < 0.05:
            break
    return np.asarray(np.clip(shift, -6 * PIXELS, 6 * PIXELS), np.float32)


def _step(design: Plane, seen: Plane, trust: Plane, shift: Plane, stiff: NDArray[np.float64]) -> Plane:
    """Return how to change the shift, with the contrast and the brightness that fit best."""
    weighted = design * trust
    normal = (weighted @ design.T).astype(np.float64)
    usual = np.trace(normal[:12, :12]) / 12
    normal[np.diag_indices(12)] += usual * (stiff + 0.001)
    normal[np.diag_indices(14)] += 1e-9
    pull = -(weighted @ seen).astype(np.float64)
    pull[:12] -= usual * stiff * shift.T.reshape(-1)
    solution = np.linalg.solve(normal, pull)
    return np.asarray(solution[:12].reshape(2, 6).T, np.float32)


def _trust(seen: Plane, wanted: Plane) -> Plane:
    """Return weights that leave out what contradicts the pattern: reflections, thumbs, scratches."""
    scale = float(seen @ wanted) / max(float(wanted @ wanted), 1e-6)
    rest = np.abs(seen - max(scale, 0.1) * wanted)
    return np.asarray(1 / (1 + (rest / (2.4 * float(rest.mean()) + 1e-3)) ** 2), np.float32)


def _score(even: Plane, version: int, shift: Plane) -> float:
    blurred = cv2.GaussianBlur(even, (0, 0), 0.4 * PIXELS)
    seen, wanted = (
        _at(np.asarray(blurred, np.float32), _places(_samples(version), shift)),
        _expected(version, 0.4),
    )
    seen = seen - seen.mean()
    wanted = wanted - wanted.mean()
    return float(seen @ wanted / max(np.linalg.norm(seen) * np.linalg.norm(wanted), 1e-6))


def _places(samples: _Samples, shift: Plane) -> Points:
    places = (samples.points + MARGIN) * PIXELS - 0.5 + samples.moved_by.T @ shift
    return np.asarray(places, np.float32)


def _at(plane: Plane, places: Points) -> Plane:
    x, y = np.ascontiguousarray(places.T)
    found = cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.float32).reshape(-1)


@cache
def _expected(version: int, sigma: float) -> Plane:
    """Return the blurred pattern at the samples: dark is low, what data may be is in the middle."""
    samples = _samples(version)
    blurred = cv2.GaussianBlur(samples.rendered, (0, 0), sigma * PIXELS)
    return _at(np.asarray(blurred, np.float32), np.asarray((samples.points + MARGIN) * PIXELS - 0.5))


@cache
def _samples(version: int) -> _Samples:
    side = side_of(version)
    known = pattern(version)
    rows, columns = np.nonzero(known >= 0)
    offsets = (np.arange(_DENSITY) + 0.5) / _DENSITY
    x = (columns[:, None, None] + offsets[None, None, :] + 0 * offsets[None, :, None]).reshape(-1)
    y = (rows[:, None, None] + offsets[None, :, None] + 0 * offsets[None, None, :]).reshape(-1)
    points = np.asarray(np.stack([x, y], axis=1), np.float32)
    levels = np.where(known < 0, 0.0, 1.0 - 2.0 * known).astype(np.float32)
    rendered = cv2.resize(levels, None, fx=PIXELS, fy=PIXELS, interpolation=cv2.INTER_NEAREST)
    framed = np.pad(rendered, MARGIN * PIXELS, constant_values=0.4)
    return _Samples(points, np.ascontiguousarray(_moved_by(points, side).T), np.asarray(framed, np.float32))


def _moved_by(points: Points, side: int) -> Plane:
    """Return, (n, 6), how a point is moved by each of: shift, two stretches, perspective, two bends."""
    x, y = (points * (2 / side) - 1).T
    return np.asarray(np.stack([np.ones_like(x), x, y, x * y, 1 - x * x, 1 - y * y], axis=1), np.float32)


def _moved(pose: Pose, shift: Plane) -> Pose:
    """Return the pose, moved in the picture as it was in the straightened code."""
    side = pose.side
    flat = np.array([(0, 0), (side, 0), (side, side), (0, side)], np.float32)
    corners = pose.pixels(np.asarray(flat + _moved_by(flat, side) @ shift / PIXELS, np.float32))
    middle = np.array([(side / 2, side / 2)], np.float32)
    here = pose.pixels(middle)
    bends = [pose.pixels(np.asarray(middle + each / PIXELS, np.float32))[0] - here[0] for each in shift[4:]]
    return Pose.of(corners, side, pose.bend + np.array(bends, np.float32))

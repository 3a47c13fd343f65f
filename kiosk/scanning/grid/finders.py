"""Finds a code by its finder patterns where a library finds none: in blur, noise, and without a quiet zone.

Each place is compared with a finder as it looks from any side, a dark disc in a light ring in a dark
ring; three of them that can belong to one code give its pose.
"""

from dataclasses import dataclass
from functools import cache
from itertools import combinations, permutations

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.camera.source import Luma
from kiosk.scanning.grid.layout import side_of
from kiosk.scanning.grid.pose import Pose
from kiosk.scanning.views import resized

Plane = NDArray[np.float32]

_MODULES = (1.6, 2.1, 2.8, 3.7, 4.9, 6.5, 8.6)
"""Sizes, in pixels, that are looked for; a finder is recognised a fifth larger or smaller."""
_LIKENESS = 0.45
_PEAKS = 14
_FRAMED, _BARE = 8.6, 6.8
"""Modules a side that are compared; a finder has seven."""
_VERSIONS = range(1, 11)


@dataclass(frozen=True, slots=True)
class Finder:
    """A place that looks like a finder: its middle, its modules' size in pixels, and how much it does."""

    x: float
    y: float
    module: float
    likeness: float


@dataclass(frozen=True, slots=True, eq=False)
class Guess:
    """A pose to be fitted, with the version that its proportions suggest."""

    pose: Pose
    version: int
    likeness: float


def find_finders(luma: Luma, *, is_inverted: bool = False, is_framed: bool = True) -> list[Finder]:
    """Return the likeliest finders of a (part of a) picture, the best first.

    ``is_framed`` looks for the light around them, which a code without a quiet zone lacks on a dark ground.
    """
    found: list[Finder] = []
    for module in _MODULES:
        found += _of_size(luma, module, is_inverted, _FRAMED if is_framed else _BARE)
    found.sort(key=lambda each: -each.likeness)
    kept: list[Finder] = []
    for finder in found:
        if not any(_is_near(finder, other) for other in kept):
            kept.append(finder)
    return kept[:_PEAKS]


def guesses(finders: list[Finder], limit: int) -> list[Guess]:
    """Return the poses of codes that three of the finders may belong to, the likeliest first."""
    made = [guess for three in combinations(finders, 3) if (guess := _guess(*three)) is not None]
    made.sort(key=lambda each: -each.likeness)
    return made[:limit]


def _of_size(luma: Luma, module: float, is_inverted: bool, modules: float) -> list[Finder]:
    # Large ones are looked for in a smaller picture: the same finder, much sooner.
    factor = min(1.0, 2.2 / module)
    picture = resized(luma, factor)
    template = _template(round(module * factor, 3), modules)
    if min(picture.shape) <= template.shape[0]:
        return []
    likeness = cv2.matchTemplate(picture, template, cv2.TM_CCOEFF_NORMED)
    if is_inverted:
        likeness = -likeness
    highest = cv2.dilate(likeness, np.ones((5, 5), np.uint8))
    ys, xs = np.nonzero((likeness >= highest) & (likeness > _LIKENESS) & np.isfinite(likeness))
    middle = (template.shape[0] - 1) / 2
    best = np.argsort(-likeness[ys, xs])[:_PEAKS]
    return [
        Finder(
            (float(xs[at]) + middle + 0.5) / factor - 0.5,
            (float(ys[at]) + middle + 0.5) / factor - 0.5,
            module,
            float(likeness[ys[at], xs[at]]),
        )
        for at in best
    ]


@cache
def _template(module: float, modules: float) -> Luma:
    """Return a finder, the mean over all its rotations, and so many modules of it and around it."""
    side = round(module * modules) | 1
    fine = 5
    along = ((np.arange(side * fine) + 0.5) / fine - side / 2) / module
    x, y = np.meshgrid(along, along)
    turned = [_finder(x, y, angle) for angle in np.linspace(0, np.pi / 2, 8, endpoint=False)]
    small = cv2.resize(np.mean(turned, axis=0), (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(small * 255, np.uint8)


def _finder(x: NDArray[np.float64], y: NDArray[np.float64], angle: float) -> NDArray[np.float64]:
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    ring = np.maximum(np.abs(along), np.abs(across))
    light = ((ring > 1.5) & (ring < 2.5)) | (ring > 3.5)
    return np.asarray(light, np.float64)


def _is_near(one: Finder, other: Finder) -> bool:
    """Tell whether two are one finder; a dark blob is often seen as a small one within a large one."""
    is_same_size = max(one.module, other.module) < 1.6 * min(one.module, other.module)
    return is_same_size and np.hypot(one.x - other.x, one.y - other.y) < 3 * max(one.module, other.module)


def _guess(one: Finder, other: Finder, third: Finder) -> Guess | None:
    three = (one, other, third)
    modules = [each.module for each in three]
    if max(modules) > 1.9 * min(modules):
        return None
    places = np.array([(each.x, each.y) for each in three])
    corner = max(permutations(range(3)), key=lambda order: _squareness(places[list(order)]))
    fit = _squareness(places[list(corner)])
    if fit < 0.35:
        return None
    return _posed(places[list(corner)], float(np.mean(modules)), sum(each.likeness for each in three) * fit)


def _squareness(places: NDArray[np.float64]) -> float:
    """Return how much like upper left, upper right, lower left three places are: 1 exactly, 0 not at all."""
    right, down = places[1] - places[0], places[2] - places[0]
    lengths = float(np.hypot(*right)), float(np.hypot(*down))
    turn = float(right[0] * down[1] - right[1] * down[0]) / max(lengths[0] * lengths[1], 1e-6)
    return max(turn, 0.0) * min(lengths) / max(*lengths, 1e-6)


def _posed(places: NDArray[np.float64], module: float, likeness: float) -> Guess | None:
    right, down = places[1] - places[0], places[2] - places[0]
    modules_apart = np.sqrt(abs(right[0] * down[1] - right[1] * down[0])) / module
    version = round((modules_apart + 7 - 17) / 4)
    if not -0.5 <= (modules_apart + 7 - 17) / 4 <= _VERSIONS[-1]:
        return None
    version = max(version, 1)
    side = side_of(version)
    right, down = right / (side - 7), down / (side - 7)
    first = places[0] - 3.5 * (right + down)
    corners = [first, first + right * side, first + (right + down) * side, first + down * side]
    return Guess(Pose.of(np.array(corners), side), version, likeness)

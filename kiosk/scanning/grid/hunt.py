"""Reads a code module by module: from a guess where it lies to its text, or to how well it was seen."""

from dataclasses import dataclass, replace

import numpy as np

from kiosk.camera.source import Luma
from kiosk.scanning.grid.finders import Guess, find_finders, guesses
from kiosk.scanning.grid.layout import MAX_VERSION, side_of
from kiosk.scanning.grid.modules import readings
from kiosk.scanning.grid.pose import Pose, straightened
from kiosk.scanning.grid.repair import Grid, repaired
from kiosk.scanning.grid.snap import MARGIN, PIXELS, Fit, Plane, likeness, refined, snapped

WORTH_READING = 0.35
"""How good a fit must be before it is read; of nothing in particular one fit in ten is that good."""
_WORTH_FITTING = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Located:
    """A code that was found in a picture, read or not."""

    fit: Fit
    version: int
    is_inverted: bool


def located(luma: Luma, guess: Guess, *, is_inverted: bool) -> Located | None:
    """Return the best fit near the guess, of the versions that it may be; None where there is no code."""
    height, width = luma.shape
    poses = [(_as_version(guess.pose, version), version) for version in _versions_near(guess.version)]
    rated = [
        (likeness(luma, pose, version, is_inverted=is_inverted), version, pose)
        for pose, version in poses
        if pose.is_plausible(width, height)
    ]
    score, version, pose = max(rated, key=lambda each: each[0], default=(0.0, 0, guess.pose))
    if score < _WORTH_FITTING:
        return None
    fit = snapped(luma, pose, version, is_inverted=is_inverted)
    is_code = fit.score > WORTH_READING and fit.pose.is_plausible(width, height)
    return Located(fit, version, is_inverted) if is_code else None


def settled(luma: Luma, found: Located) -> Located:
    """Return the same code with a finer fit, if that is one."""
    fit = refined(luma, found.fit.pose, found.version, is_inverted=found.is_inverted)
    return replace(found, fit=fit) if fit.score > found.fit.score - 0.05 else found


def front_of(luma: Luma, found: Located) -> Plane:
    """Return the code as if seen from the front, dark modules dark."""
    front = straightened(luma, found.fit.pose, PIXELS, MARGIN)
    return np.asarray(255 - front, np.float32) if found.is_inverted else front


def grid_of(front: Plane, version: int) -> Grid | None:
    """Return the code's modules if they are certain."""
    for darkness in readings(front):
        grid = repaired(darkness, version)
        if grid is not None:
            return grid
    return None


def hunt(luma: Luma, *, is_inverted: bool, is_framed: bool, tries: int) -> list[Located]:
    """Return what by its finders is a code, in a picture that shows little else; the best first."""
    finders = find_finders(luma, is_inverted=is_inverted, is_framed=is_framed)
    tried = (located(luma, guess, is_inverted=is_inverted) for guess in guesses(finders, tries))
    return sorted((each for each in tried if each is not None), key=lambda each: -each.fit.score)


def _versions_near(version: int) -> list[int]:
    return [each for each in (version, version + 1, version - 1) if 1 <= each <= MAX_VERSION]


def _as_version(pose: Pose, version: int) -> Pose:
    """Return the same three finders as those of a code with more or fewer modules."""
    side = side_of(version)
    if side == pose.side:
        return pose
    old, new = pose.side - 7, side - 7
    centres = pose.pixels(np.array([(3.5, 3.5), (3.5 + old, 3.5), (3.5, 3.5 + old)], np.float32))
    right, down = (centres[1] - centres[0]) / new, (centres[2] - centres[0]) / new
    first = centres[0] - 3.5 * (right + down)
    corners = [first, first + right * side, first + (right + down) * side, first + down * side]
    return Pose.of(np.array(corners), side)

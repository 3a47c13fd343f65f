"""The looks that a picture is given, each small, named, and known by what it costs.

A stage takes a picture and returns a sight: what it read, and where it saw a code that it could not read.
``bench`` prints what each of them adds; one that adds nothing goes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from kiosk.camera.source import Luma
from kiosk.scanning import zbar, zxing
from kiosk.scanning.attention import busy_areas
from kiosk.scanning.grid.finders import Guess
from kiosk.scanning.grid.hunt import Located, front_of, grid_of, hunt, located, settled
from kiosk.scanning.grid.layout import MAX_VERSION, side_of
from kiosk.scanning.grid.pose import Pose
from kiosk.scanning.symbols import Quad, Reader, Symbol
from kiosk.scanning.views import (
    Symbols,
    equalised,
    moved,
    placed,
    reduced,
    resized,
    sharpened,
    thresholded,
)
from kiosk.scanning.zxing import GLOBAL, LOCAL, Binarizer, Damaged, Sight

NOTHING = Sight((), ())
_USUAL_VERSION = 3
"""Our cards'; most others of their size are near it."""
_BOXES = 3
_GUESSES = 6


@dataclass(frozen=True, slots=True)
class Stage:
    """One way to look at a picture."""

    name: str
    look: Callable[[Luma], Sight]


def plainly(luma: Luma) -> Sight:
    """Look with zxing-cpp: a millisecond, and most of all that there is to read."""
    return zxing.look(luma)


def _zxing_on(
    view: Callable[[Luma], Luma], factor: float = 1.0, binarizer: Binarizer = LOCAL
) -> Callable[[Luma], Sight]:
    def look(luma: Luma) -> Sight:
        sight = zxing.look(view(resized(luma, factor)), binarizer)
        damaged = tuple(Damaged(moved(each.quad, 1 / factor), each.version) for each in sight.damaged)
        return Sight(placed(sight.symbols, 1 / factor), damaged)

    return look


def _zbar_on(view: Callable[[Luma], Luma], factor: float = 1.0) -> Callable[[Luma], Sight]:
    def look(luma: Luma) -> Sight:
        return Sight(placed(_by_zbar(view(resized(luma, factor))), 1 / factor), ())

    return look


def _finders_on(pixels: int, *, is_inverted: bool = False, is_framed: bool = True) -> Callable[[Luma], Sight]:
    def look(luma: Luma) -> Sight:
        view = reduced(luma, pixels)
        for found in hunt(view, is_inverted=is_inverted, is_framed=is_framed, tries=_GUESSES):
            symbols = by_modules(view, found)
            if symbols:
                return Sight(placed(symbols, luma.shape[1] / view.shape[1]), ())
        return NOTHING

    return look


def _finders_in_busy_areas(luma: Luma) -> Sight:
    """Look for finders only where the picture is busy, there in its full size."""
    for area in busy_areas(luma):
        for kind in _KINDS:
            sight = kind(area.cut(luma))
            if sight.symbols:
                return Sight(placed(sight.symbols, 1, (area.x, area.y)), ())
    return NOTHING


_AREA_PIXELS = 160_000
_KINDS = (
    _finders_on(_AREA_PIXELS),
    _finders_on(_AREA_PIXELS, is_framed=False),
    _finders_on(_AREA_PIXELS, is_inverted=True),
    _finders_on(_AREA_PIXELS, is_inverted=True, is_framed=False),
)


def by_modules(luma: Luma, found: Located) -> Symbols:
    """Read a located code module by module."""
    fine = settled(luma, found)
    grid = grid_of(front_of(luma, fine), fine.version)
    text = None if grid is None else zxing.text_of_grid(grid)
    return () if text is None else (Symbol(text, quad_of(fine.fit.pose), Reader.MODULES),)


def boxes_by_modules(luma: Luma, damaged: tuple[Damaged, ...]) -> Symbols:
    """Read module by module what zxing-cpp saw and could not read."""
    for box in damaged[:_BOXES]:
        for is_inverted in (False, True):
            found = located(luma, guess_of(box), is_inverted=is_inverted)
            symbols = () if found is None else by_modules(luma, found)
            if symbols:
                return symbols
    return ()


def guess_of(box: Damaged) -> Guess:
    """Return where to look for a damaged code."""
    version = box.version if box.version and box.version <= MAX_VERSION else _USUAL_VERSION
    return Guess(Pose.of(np.array(box.quad), side_of(version)), version, 1.0)


def quad_of(pose: Pose) -> Quad:
    """Return a pose's corners in whole pixels."""
    first, second, third, fourth = ((round(float(x)), round(float(y))) for x, y in pose.corners)
    return first, second, third, fourth


def _by_zbar(luma: Luma) -> Symbols:
    return tuple(
        Symbol(zxing.text_of_bytes(payload.data), payload.quad, Reader.ZBAR) for payload in zbar.scan(luma)
    )


def _as_it_is(luma: Luma) -> Luma:
    return luma


def _darkened(luma: Luma) -> Luma:
    """Return the picture with dark parts grown: closes the gaps that a reflection or a raster leaves."""
    return np.asarray(cv2.erode(luma, np.ones((3, 3), np.uint8)), np.uint8)


def _finely_thresholded(luma: Luma) -> Luma:
    return thresholded(luma, 15, 3)


FALLBACKS: tuple[Stage, ...] = (
    Stage("global histogram", _zxing_on(_as_it_is, 1.0, GLOBAL)),
    Stage("global histogram, half size", _zxing_on(_as_it_is, 0.5, GLOBAL)),
    Stage("half size", _zxing_on(_as_it_is, 0.5)),
    Stage("threshold", _zxing_on(_finely_thresholded)),
    Stage("darkened", _zxing_on(_darkened)),
    Stage("equalised, half size", _zxing_on(equalised, 0.5)),
    Stage("sharpened", _zxing_on(sharpened)),
    Stage("zbar, half size", _zbar_on(_as_it_is, 0.5)),
    Stage("doubled", _zxing_on(_as_it_is, 2.0)),
    Stage("finders in busy areas", _finders_in_busy_areas),
    Stage("finders, coarse", _finders_on(100_000)),
    Stage("finders", _finders_on(400_000)),
    Stage("finders, inverted", _finders_on(400_000, is_inverted=True)),
    Stage("finders without a quiet zone", _finders_on(400_000, is_framed=False)),
    Stage("zbar, sharpened", _zbar_on(sharpened)),
)
"""For a single picture, in this order: what each adds for what it costs, on photographs to tune with."""

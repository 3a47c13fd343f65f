"""From a single picture to the QR codes in it: a cascade of looks, the cheap and good ones first."""

from collections.abc import Iterator
from dataclasses import dataclass

from kiosk.camera.source import Luma
from kiosk.scanning.stages import FALLBACKS, boxes_by_modules, plainly
from kiosk.scanning.symbols import Effort, Quad
from kiosk.scanning.views import Symbols, merged, overlap, placed, reduced
from kiosk.scanning.zxing import Damaged

_FALLBACK_PIXELS = 4_000_000
"""Pictures are reduced to this before the fallbacks: 12 megapixels hide nothing more."""
PLAIN, BOXES = "zxing", "boxes by modules"


@dataclass(frozen=True, slots=True)
class Look:
    """What one stage of the cascade read."""

    stage: str
    symbols: Symbols


def read(luma: Luma, effort: Effort = Effort.FULL) -> Symbols:
    """Return the symbols in ``luma``, (height, width) of any size: each exact, or not there."""
    symbols: Symbols = ()
    for look in looks(luma):
        symbols = merged(symbols, look.symbols)
        if look.stage != PLAIN and (symbols or effort is Effort.LIVE):
            break
    return symbols


def looks(luma: Luma) -> Iterator[Look]:
    """Look at the picture stage by stage, for as long as anyone asks; after a text only at other codes."""
    if not luma.size:
        return
    sight = plainly(luma)
    yield Look(PLAIN, sight.symbols)
    yield Look(BOXES, boxes_by_modules(luma, _beside(sight.damaged, sight.symbols)))
    if sight.symbols:
        return
    view = reduced(luma, _FALLBACK_PIXELS)
    factor = luma.shape[1] / view.shape[1]
    for stage in FALLBACKS:
        seen = stage.look(view)
        found = seen.symbols or boxes_by_modules(view, seen.damaged)
        yield Look(stage.name, placed(found, factor))


def _beside(damaged: tuple[Damaged, ...], symbols: Symbols) -> tuple[Damaged, ...]:
    """Leave out what lies where a code was read, or is much too small beside it to be another card."""
    return tuple(
        box
        for box in damaged
        if not any(
            overlap(box.quad, each.quad) or _width(box.quad) < _width(each.quad) / 2 for each in symbols
        )
    )


def _width(quad: Quad) -> float:
    return max(x for x, _ in quad) - min(x for x, _ in quad)

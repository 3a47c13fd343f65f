"""From how dark each module seems to what the code must have been, or to nothing.

Codewords of which little is known are taken for erased, the most doubtful first. Whatever comes out is
kept only if it is no coincidence: of random modules less than one in ten million would pass.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kiosk.scanning.grid import layout
from kiosk.scanning.grid.layout import Block, Format
from kiosk.scanning.grid.reed_solomon import Words, corrected

Darkness = NDArray[np.float32]
"""(side, side): positive where a module is dark, negative where it is light, near 0 where nobody knows."""

Grid = NDArray[np.bool_]
"""(side, side): which modules are dark."""

_COINCIDENCE = math.log(1e-7)
_ERASED = (0.0, 0.25, 0.5, 0.75, 0.9)
"""Parts of the codewords for correction that are spent on erasures, one after another."""
_FORMATS_TRIED = 2


@dataclass(frozen=True, slots=True, eq=False)
class _Mended:
    words: Words
    log_chance: float


def repaired(darkness: Darkness, version: int) -> Grid | None:
    """Return the code as it was printed, None where that cannot be known for certain."""
    for format_ in _likely_formats(darkness, version):
        grid = _repaired_as(darkness, version, format_)
        if grid is not None:
            return grid
    return None


def _likely_formats(darkness: Darkness, version: int) -> Iterator[Format]:
    known, modules = layout.formats()
    rows, columns = layout.format_places(version)
    fit = (modules * 2.0 - 1) @ np.clip(darkness[rows, columns], -1, 1).sum(0)
    for index in np.argsort(-fit)[:_FORMATS_TRIED]:
        yield known[index]


def _repaired_as(darkness: Darkness, version: int, format_: Format) -> Grid | None:
    rows, columns = layout.data_places(version)
    mask = layout.mask_modules(version, format_.mask)
    bits = np.where(mask, -1, 1) * darkness[rows, columns]
    words = np.packbits(bits > 0, axis=1)[:, 0]
    doubt = np.argsort(np.abs(bits).min(1)).argsort()
    chance = 0.0
    for block in layout.blocks(version, format_.level):
        mended = _mended(words[block.places], block, doubt[block.places])
        if mended is None:
            return None
        words[block.places] = mended.words
        chance += mended.log_chance
    if chance > _COINCIDENCE:
        return None
    return _redrawn(words, version, format_)


def _mended(words: Words, block: Block, doubt: NDArray[np.intp]) -> _Mended | None:
    by_doubt = [int(place) for place in np.argsort(doubt)]
    for part in _ERASED:
        erased = by_doubt[: int(part * block.checks)]
        right = corrected(words, block.checks, erased)
        if right is None:
            continue
        errors = int(np.count_nonzero(np.delete(right != words, erased)))
        chance = _log_chance(len(words), block.checks, len(erased), errors)
        return _Mended(right, chance)
    return None


def _log_chance(count: int, checks: int, erased: int, errors: int) -> float:
    """Return the logarithm of the chance that random words are so near to some right ones."""
    ways = math.log(math.comb(count - erased, errors)) + errors * math.log(255)
    return ways - (checks - erased) * math.log(256)


def _redrawn(words: Words, version: int, format_: Format) -> Grid:
    """Return the whole code with these codewords, without a flaw."""
    grid = layout.pattern(version) == 1
    known, modules = layout.formats()
    grid[layout.format_places(version)] = modules[known.index(format_)] == 1
    rows, columns, bits = layout.version_modules(version)
    grid[rows, columns] = bits == 1
    data = np.unpackbits(words[:, None], axis=1).astype(np.bool_)
    grid[layout.data_places(version)] = data ^ layout.mask_modules(version, format_.mask)
    return np.asarray(grid, np.bool_)

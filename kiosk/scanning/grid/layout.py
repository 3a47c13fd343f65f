"""How a QR code (Model 2) is laid out: which modules are the same in every code, and where the data go.

By ISO/IEC 18004. Versions 1 to 20 (21 to 97 modules a side): a camera does not resolve the larger ones
where a smaller one of the same size would be hard to read.
"""

from dataclasses import dataclass
from enum import Enum
from functools import cache

import numpy as np
from numpy.typing import NDArray

Modules = NDArray[np.int8]
"""(side, side): 1 dark, 0 light, -1 not the same in every code."""

MAX_VERSION = 20
_UNKNOWN = -1
_FORMAT_POLYNOMIAL, _FORMAT_MASK = 0b10100110111, 0b101010000010010
_VERSION_POLYNOMIAL = 0b1111100100101


class Level(Enum):
    """How much of a code may be lost; the values are those of the format information."""

    L = 1
    M = 0
    Q = 3
    H = 2


_CHECKS: dict[Level, tuple[int, ...]] = {
    Level.L: (7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28),
    Level.M: (10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26),
    Level.Q: (13, 22, 18, 26, 18, 24, 18, 22, 20, 24, 28, 26, 24, 20, 30, 24, 28, 28, 26, 30),
    Level.H: (17, 28, 22, 16, 22, 28, 26, 26, 24, 28, 24, 28, 22, 24, 24, 30, 28, 28, 26, 28),
}
"""Codewords for correction in each block, for versions 1 to 20."""

_BLOCKS: dict[Level, tuple[int, ...]] = {
    Level.L: (1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8),
    Level.M: (1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16),
    Level.Q: (1, 1, 2, 2, 4, 4, 6, 6, 8, 8, 8, 10, 12, 16, 12, 17, 16, 18, 21, 20),
    Level.H: (1, 1, 2, 4, 4, 4, 5, 6, 8, 8, 11, 11, 16, 16, 18, 16, 19, 21, 25, 25),
}


@dataclass(frozen=True, slots=True)
class Format:
    """What a code says of itself: its level, and the mask that was laid over its data (0 to 7)."""

    level: Level
    mask: int


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A part of the codewords that is corrected by itself: their places in the code, data first."""

    places: NDArray[np.intp]
    checks: int


def side_of(version: int) -> int:
    """Return the modules a side."""
    return 17 + 4 * version


def version_of(side: int) -> int | None:
    """Return the version with so many modules a side, None where there is none that is laid out here."""
    version, rest = divmod(side - 17, 4)
    return version if not rest and 1 <= version <= MAX_VERSION else None


@cache
def pattern(version: int) -> Modules:
    """Return the modules that every code of this version has in common; format and version are unknown."""
    side = side_of(version)
    modules = np.full((side, side), _UNKNOWN, np.int8)
    modules[6, :] = modules[:, 6] = np.arange(side) % 2 == 0
    for y in _alignment_places(version):
        for x in _alignment_places(version):
            if not _is_in_a_corner(x, y, side):
                modules[y - 2 : y + 3, x - 2 : x + 3] = _rings(5)
    framed = np.pad(_rings(7), 1)
    modules[:8, :8] = framed[1:, 1:]
    modules[:8, -8:] = framed[1:, :-1]
    modules[-8:, :8] = framed[:-1, 1:]
    modules[side - 8, 8] = 1
    modules.flags.writeable = False
    return modules


def _rings(side: int) -> Modules:
    """Return a dark square, a light one in it, and so on to the middle, which is dark."""
    place = np.abs(np.arange(side) - side // 2)
    ring = np.maximum(place[:, None], place[None, :])
    return np.asarray((ring == side // 2) | (ring < side // 2 - 1), np.int8)


def _is_in_a_corner(x: int, y: int, side: int) -> bool:
    last = side - 7
    return (x, y) in {(6, 6), (6, last), (last, 6)}


def _alignment_places(version: int) -> tuple[int, ...]:
    if version == 1:
        return ()
    count = version // 7 + 2
    step = (version * 8 + count * 3 + 5) // (count * 4 - 4) * 2
    return (6, *reversed([side_of(version) - 7 - step * index for index in range(count - 1)]))


@cache
def format_places(version: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows and columns, (2, 15) each, of the two copies of the format, the lowest bit first."""
    side = side_of(version)
    near = [(row, 8) for row in (0, 1, 2, 3, 4, 5, 7, 8)]
    near += [(8, column) for column in (7, 5, 4, 3, 2, 1, 0)]
    far = [(8, side - 1 - bit) for bit in range(8)] + [(side - 15 + bit, 8) for bit in range(8, 15)]
    places = np.array([near, far], np.intp)
    return places[:, :, 0], places[:, :, 1]


@cache
def formats() -> tuple[tuple[Format, ...], NDArray[np.int8]]:
    """Return every format there is, and the 15 modules of each, (32, 15), the lowest bit first."""
    known = tuple(Format(level, mask) for level in Level for mask in range(8))
    words = [_checked(each.level.value << 3 | each.mask, 10, _FORMAT_POLYNOMIAL) for each in known]
    bits = [[(word ^ _FORMAT_MASK) >> bit & 1 for bit in range(15)] for word in words]
    return known, np.array(bits, np.int8)


def _checked(value: int, checks: int, polynomial: int) -> int:
    rest = value << checks
    for bit in range(rest.bit_length() - 1, checks - 1, -1):
        if rest >> bit & 1:
            rest ^= polynomial << (bit - checks)
    return value << checks | rest


@cache
def data_places(version: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows and columns, (codewords, 8) each, of the data's modules in reading order."""
    side = side_of(version)
    is_free = _free(version)
    places: list[tuple[int, int]] = []
    for turn, right in enumerate(_column_pairs(side)):
        rows = range(side) if turn % 2 else range(side - 1, -1, -1)
        places += [(y, x) for y in rows for x in (right, right - 1) if is_free[y, x]]
    whole = np.array(places[: len(places) // 8 * 8], np.intp).reshape(-1, 8, 2)
    return whole[:, :, 0], whole[:, :, 1]


def _column_pairs(side: int) -> list[int]:
    """Return the right column of each pair, right to left; the timing column belongs to none."""
    return [*range(side - 1, 6, -2), 5, 3, 1]


def _free(version: int) -> NDArray[np.bool_]:
    free = pattern(version) == _UNKNOWN
    rows, columns = format_places(version)
    free[rows, columns] = False
    if version >= 7:
        side = side_of(version)
        free[:6, side - 11 : side - 8] = free[side - 11 : side - 8, :6] = False
    return np.asarray(free, np.bool_)


@cache
def version_modules(version: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.int8]]:
    """Return rows, columns and modules of both copies of the version, which small codes do not carry."""
    if version < 7:
        return np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0, np.int8)
    word = _checked(version, 12, _VERSION_POLYNOMIAL)
    start = side_of(version) - 11
    places = [(bit // 3, start + bit % 3, word >> bit & 1) for bit in range(18)]
    places += [(column, row, bit) for row, column, bit in places]
    table = np.array(places, np.intp)
    return table[:, 0], table[:, 1], table[:, 2].astype(np.int8)


@cache
def mask_modules(version: int, mask: int) -> NDArray[np.bool_]:
    """Return which data modules, (codewords, 8), the mask turns over."""
    rows, columns = data_places(version)
    return np.asarray(_is_turned(mask, rows, columns), np.bool_)


def _is_turned(mask: int, i: NDArray[np.intp], j: NDArray[np.intp]) -> NDArray[np.bool_]:
    conditions = (
        (i + j) % 2 == 0,
        i % 2 == 0,
        j % 3 == 0,
        (i + j) % 3 == 0,
        (i // 2 + j // 3) % 2 == 0,
        i * j % 2 + i * j % 3 == 0,
        (i * j % 2 + i * j % 3) % 2 == 0,
        ((i + j) % 2 + i * j % 3) % 2 == 0,
    )
    return np.asarray(conditions[mask])


@cache
def blocks(version: int, level: Level) -> tuple[Block, ...]:
    """Return the blocks that the codewords are dealt out to."""
    total = data_places(version)[0].shape[0]
    checks, count = _CHECKS[level][version - 1], _BLOCKS[level][version - 1]
    data = total - checks * count
    words = np.arange(total)
    dealt, rest = words[: data // count * count], words[data // count * count : data]
    rows, check_rows = dealt.reshape(-1, count), words[data:].reshape(-1, count)
    # The blocks that are one codeword longer come last.
    longer = [
        rest[index - count + len(rest) :][:1] if index >= count - len(rest) else rest[:0]
        for index in range(count)
    ]
    return tuple(
        Block(np.concatenate([rows[:, index], longer[index], check_rows[:, index]]), checks)
        for index in range(count)
    )

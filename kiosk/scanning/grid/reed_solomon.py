"""Corrects codewords: errors, and erasures beside them.

An erasure is a codeword that is known to be doubtful: hidden by a thumb, or under a reflection. It costs
half as much as an error whose place is unknown, so a code survives twice the damage.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint8]


def _tables() -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    powers, logs, value = np.zeros(1024, np.intp), np.zeros(256, np.intp), 1
    for power in range(255):
        powers[power], logs[value] = value, power
        value = value << 1 ^ (0x11D if value & 0x80 else 0)
    powers[255:510] = powers[:255]
    powers[510:765] = powers[:255]
    return powers, logs


_EXP, _LOG = _tables()
_POWERS: tuple[int, ...] = tuple(int(each) for each in _EXP)
_LOGS: tuple[int, ...] = tuple(int(each) for each in _LOG)

Polynomial = list[int]
"""Coefficients, that of the constant first."""


def corrected(words: Words, checks: int, erased: Sequence[int]) -> Words | None:
    """Return the codewords as they were written, None where that cannot be known.

    ``checks`` of them, the last ones, are for correction; ``erased`` are places not to be trusted.
    """
    if len(erased) > checks:
        return None
    doubtful = words.copy()
    doubtful[list(erased)] = 0
    syndromes = _syndromes(doubtful, checks)
    if not any(syndromes):
        return doubtful
    exponents = [len(words) - 1 - place for place in erased]
    locator = _locator(syndromes, exponents)
    errors = len(locator) - 1 - len(erased)
    if 2 * errors + len(erased) > checks:
        return None
    return _mended(doubtful, syndromes, locator, checks)


def _mended(words: Words, syndromes: Polynomial, locator: Polynomial, checks: int) -> Words | None:
    places = _roots(locator, len(words))
    if len(places) != len(locator) - 1:
        return None
    evaluator = _product(syndromes, locator)[:checks]
    slope = [each if power % 2 == 0 else 0 for power, each in enumerate(locator[1:])]
    mended = words.copy()
    for place in places:
        inverse = (255 - (len(words) - 1 - place)) % 255
        bottom = _at(slope, inverse)
        if bottom == 0:
            return None
        # With syndromes from alpha to the power 0 on, the error is X times the quotient.
        mended[place] ^= _times(_divided(_at(evaluator, inverse), bottom), _POWERS[(255 - inverse) % 255])
    return None if any(_syndromes(mended, checks)) else mended


def _syndromes(words: Words, checks: int) -> Polynomial:
    held = np.nonzero(words)[0]
    powers = _LOG[words[held]] + np.outer(np.arange(checks), len(words) - 1 - held) % 255
    return [int(each) for each in np.bitwise_xor.reduce(_EXP[powers], axis=1)] if len(held) else [0] * checks


def _locator(syndromes: Polynomial, erased: Sequence[int]) -> Polynomial:
    """Return the polynomial whose roots are the erased and the wrong places (Berlekamp and Massey)."""
    locator: Polynomial = [1]
    for exponent in erased:
        locator = _product(locator, [1, _POWERS[exponent]])
    before, length = list(locator), len(erased)
    for step in range(len(erased), len(syndromes)):
        before = [0, *before]
        discrepancy = 0
        for power, factor in enumerate(locator[: step + 1]):
            discrepancy ^= _times(factor, syndromes[step - power])
        if not discrepancy:
            continue
        grown = _sum(locator, [_times(discrepancy, each) for each in before])
        if 2 * length <= step + len(erased):
            length = step + 1 + len(erased) - length
            before = [_divided(each, discrepancy) for each in locator]
        locator = grown
    while locator[-1] == 0:
        locator.pop()
    return locator


def _roots(locator: Polynomial, count: int) -> list[int]:
    """Return the places, of ``count``, at which the polynomial says that something is wrong."""
    inverses = (255 - (count - 1 - np.arange(count))) % 255
    values = np.zeros(count, np.intp)
    for power, factor in enumerate(locator):
        if factor:
            values ^= _EXP[(_LOGS[factor] + power * inverses) % 255]
    return [int(place) for place in np.nonzero(values == 0)[0]]


def _at(polynomial: Polynomial, exponent: int) -> int:
    value = 0
    for power, factor in enumerate(polynomial):
        if factor:
            value ^= _POWERS[(_LOGS[factor] + power * exponent) % 255]
    return value


def _times(one: int, other: int) -> int:
    return _POWERS[_LOGS[one] + _LOGS[other]] if one and other else 0


def _divided(one: int, other: int) -> int:
    return _POWERS[_LOGS[one] - _LOGS[other] + 255] if one else 0


def _product(one: Polynomial, other: Polynomial) -> Polynomial:
    product = [0] * (len(one) + len(other) - 1)
    for power, factor in enumerate(one):
        for other_power, other_factor in enumerate(other):
            product[power + other_power] ^= _times(factor, other_factor)
    return product


def _sum(one: Polynomial, other: Polynomial) -> Polynomial:
    length = max(len(one), len(other))
    padded = [each + [0] * (length - len(each)) for each in (one, other)]
    return [first ^ second for first, second in zip(*padded, strict=True)]

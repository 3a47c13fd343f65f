"""Pages of long lists: each says where the next begins, so that nothing is skipped while rows come in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from flask import request

PAGE = 50
_LARGEST = 2**62

ROW_ID = f"int(max={_LARGEST})"
"""The converter for a row's number in an address: what no database holds is no page of ours."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list; ``next`` is the key to go on from, if there is more."""

    rows: Sequence[T]
    next: int | None


def page_of(found: Sequence[T], key: Callable[[T], int], size: int = PAGE) -> Page[T]:
    """Return a page of ``size`` rows, for which one more was asked to see whether there is a next one."""
    rows = found[:size]
    return Page(rows, key(rows[-1]) if len(found) > size else None)


def cursor(name: str) -> int | None:
    """Return the key in the address to go on from, if there is one; nonsense counts as none."""
    asked = request.args.get(name, type=int)
    return asked if asked is not None and 0 <= asked <= _LARGEST else None

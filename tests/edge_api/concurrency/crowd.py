"""Doing things at the same moment."""

import random
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def at_once(*works: Callable[[], T]) -> list[T]:
    """Begin each work at the same moment in a thread of its own; return what they return, in their order.

    What one of them raises comes out once all have ended.
    """
    start = threading.Barrier(len(works))

    def begun(work: Callable[[], T]) -> T:
        start.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        running = [pool.submit(begun, work) for work in works]
    return [each.result() for each in running]


def shuffled(things: Iterable[T], seed: int) -> list[T]:
    """Return the things in an order that only the seed decides."""
    order = list(things)
    random.Random(seed).shuffle(order)  # noqa: S311  an order for a test, not a secret
    return order

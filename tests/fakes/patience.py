"""Waiting for what happens in other threads and processes, with a deadline and no guessed sleeps."""

import time
from collections.abc import Callable


def eventually(happened: Callable[[], object], what: str, seconds: float = 20.0) -> None:
    """Return as soon as ``happened`` is true, or fail in words."""
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until, f"not within {seconds:g} s: {what}"
        time.sleep(0.01)

"""Lets those who write an SQLite database take turns.

SQLite's own waiting looks every tenth of a second whether the lock is free; one program that writes all the
time leaves gaps of a millisecond, and the others starve. Here whoever waits stands at a door that the
writer itself has to pass again before its next turn. The lock that keeps the data whole is SQLite's;
this one only decides who is next, so giving up on it after a while does no harm.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOOK_SECONDS = 0.001
_PATIENCE_SECONDS = 30.0


class Turns:
    """Turns at one database file, between threads and processes."""

    def __init__(self, database: Path) -> None:
        self._door = database.with_name(database.name + "-door")
        self._seat = database.with_name(database.name + "-seat")

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn, and hold it for the block."""
        until = time.monotonic() + _PATIENCE_SECONDS
        door = _locked(self._door, until)
        try:
            seat = _locked(self._seat, until)
        finally:
            os.close(door)
        try:
            yield
        finally:
            os.close(seat)


def _locked(path: Path, until: float) -> int:
    """Return a descriptor that holds the file's lock, or holds nothing when it could not be had in time."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            if time.monotonic() >= until:
                return descriptor
            time.sleep(_LOOK_SECONDS)

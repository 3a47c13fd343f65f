"""One run at a time has the hardware, and it waits for nobody."""

import fcntl
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

LOCK = Path(tempfile.gettempdir()) / "welkom-hardware.lock"


@pytest.fixture(scope="session", autouse=True)
def hardware() -> Iterator[None]:
    """Hold the lock that keeps two runs off the same devices."""
    with LOCK.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pytest.fail(f"another run has the hardware: {LOCK} is locked")
        yield

"""Disk space kept back for the outbox, given up piece by piece once the disk is full."""

import os
from pathlib import Path

STEP = 1024 * 1024


class Reserve:
    """A file that does nothing but occupy ``size`` bytes until they are needed."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._size = size

    def fill(self) -> bool:
        """Occupy the space, all or what is left of it after giving up; False if the disk has too little."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if os.fstat(descriptor).st_size < self._size:
                os.posix_fallocate(descriptor, 0, self._size)
        except OSError:
            return False
        finally:
            os.close(descriptor)
        return True

    def left(self) -> int:
        """Return how many bytes are still kept back."""
        try:
            return self._path.stat().st_size
        except FileNotFoundError:
            return 0

    def give_up_some(self) -> bool:
        """Free one step of it; False when nothing is left to give."""
        left = self.left()
        if left == 0:
            return False
        os.truncate(self._path, max(0, left - STEP))
        return True

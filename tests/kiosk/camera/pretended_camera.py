"""A live camera that does what a test says: gives pictures, freezes, fails, and hangs in its closing."""

import threading
import time
from collections.abc import Sequence
from enum import Enum, auto

import numpy as np

from kiosk.camera.live import Picture
from kiosk.errors import CameraError

_EVERY_SECONDS = 0.001
_FOR_EVER = 30.0
"""Longer than any test waits; the thread that hangs so long is a daemon."""


class Misdeed(Enum):
    """What a camera does after its pictures, in place of giving more."""

    FREEZES = auto()
    FAILS = auto()
    CANNOT_BE_OPENED = auto()
    HANGS_WHEN_CLOSED = auto()
    HAS_A_BUG = auto()


class PretendedCamera:
    """One opening: ``pictures`` of them (None: without end), and then the misdeed."""

    def __init__(self, number: int, pictures: int | None, misdeed: Misdeed | None) -> None:
        self._number = number
        self._left = pictures
        self._misdeed = misdeed
        self.is_closed = threading.Event()

    def read(self) -> Picture:
        if self._left == 0:
            self._misbehave()
        elif self._left is not None:
            self._left -= 1
        time.sleep(_EVERY_SECONDS)
        return Picture(np.full((48, 64), self._number, np.uint8), time.monotonic())

    def close(self) -> None:
        if self._misdeed is Misdeed.HANGS_WHEN_CLOSED:
            time.sleep(_FOR_EVER)
        self.is_closed.set()

    def _misbehave(self) -> None:
        if self._misdeed is Misdeed.FREEZES:
            time.sleep(_FOR_EVER)
        if self._misdeed is Misdeed.HAS_A_BUG:
            raise ZeroDivisionError("a bug")
        raise CameraError("the cable is off")


class Shelf:
    """Hands out one camera after another, the last one again and again; a picture's grey is its number."""

    def __init__(self, *lives: tuple[int | None, Misdeed | None]) -> None:
        self._lives: Sequence[tuple[int | None, Misdeed | None]] = lives
        self.opened: list[PretendedCamera] = []
        self.tries = 0

    def open(self) -> PretendedCamera:
        life = self._lives[min(self.tries, len(self._lives) - 1)]
        self.tries += 1
        if life[1] is Misdeed.CANNOT_BE_OPENED:
            raise CameraError("no such device")
        camera = PretendedCamera(self.tries, *life)
        self.opened.append(camera)
        return camera

"""Holds the one screen that is on, and tells whoever shows it when it changes.

The scanner publishes from its thread, the page's streams wait in theirs. Only one page is served at a
time: the newest takes the seat, so that pages which were left open do not use up the server's threads.
"""

import secrets
import time
from dataclasses import dataclass
from enum import Enum, auto
from threading import Condition

from kiosk.display.screen import Screen


@dataclass(frozen=True, slots=True)
class Published:
    """A screen with its version, which grows by one with each screen of a stage."""

    version: int
    screen: Screen


class SeatState(Enum):
    """Whether a page may go on watching."""

    HELD = auto()
    DISPLACED = auto()
    """A newer page watches now."""
    DISMISSED = auto()
    """The server is going down."""


class Stage:
    """The screen that is on. Safe to use from any thread."""

    def __init__(self, first: Screen) -> None:
        self.run = secrets.token_hex(4)
        """Tells this stage's versions from those of another start of the program."""
        self._changed = Condition()
        self._current = Published(1, first)
        self._newest_seat = 0
        self._held = False
        self._dismissed_up_to = 0

    def show(self, screen: Screen) -> int:
        """Put ``screen`` on and return its version."""
        with self._changed:
            self._current = Published(self._current.version + 1, screen)
            self._changed.notify_all()
            return self._current.version

    def current(self) -> Published:
        """Return what is on."""
        with self._changed:
            return self._current

    def wait_after(self, version: int, timeout: float, seat: int | None = None) -> Published | None:
        """Return what is on as soon as its version is above ``version``.

        None after ``timeout`` seconds without a change, or at once when ``seat`` is no longer held.
        """
        deadline = time.monotonic() + timeout
        with self._changed:
            while self._current.version <= version and self._may_watch(seat):
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    return None
            return self._current if self._may_watch(seat) else None

    def take_seat(self) -> int:
        """Become the page that is served; whoever was loses its seat at once."""
        with self._changed:
            self._newest_seat += 1
            self._held = True
            self._changed.notify_all()
            return self._newest_seat

    def leave(self, seat: int) -> None:
        """Give the seat up, if it is still held."""
        with self._changed:
            if seat == self._newest_seat:
                self._held = False

    def seat_state(self, seat: int) -> SeatState:
        """Tell whether this page is still the one that is served."""
        with self._changed:
            if seat <= self._dismissed_up_to:
                return SeatState.DISMISSED
            return SeatState.HELD if seat == self._newest_seat else SeatState.DISPLACED

    def is_watched(self) -> bool:
        """Tell whether a page is being served."""
        with self._changed:
            return self._held and self._newest_seat > self._dismissed_up_to

    def dismiss(self) -> None:
        """Take every seat away, since the server is going down; a later page may take one again."""
        with self._changed:
            self._dismissed_up_to = self._newest_seat
            self._held = False
            self._changed.notify_all()

    def _may_watch(self, seat: int | None) -> bool:
        return seat is None or (seat == self._newest_seat and seat > self._dismissed_up_to)

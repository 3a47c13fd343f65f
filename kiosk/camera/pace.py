"""When the next frame is due, for sources that have no sensor to keep time."""

from collections.abc import Callable


class Pace:
    """Frames at a steady rate: a late one comes at once, and a long delay does not end in a burst."""

    def __init__(self, fps: float | None, clock: Callable[[], float]) -> None:
        """``fps`` is frames a second, None as fast as they are taken."""
        self._interval = 1 / fps if fps else 0.0
        self._clock = clock
        self._due = clock()

    def wait_seconds(self) -> float:
        """Return how long it is until the next frame is due."""
        return max(self._due - self._clock(), 0.0)

    def shown(self) -> None:
        """Say that a frame was shown just now, in time, late or early."""
        now = self._clock()
        # Up to a frame late is made up for, so that waits that last a little too long don't add up.
        self._due = min(max(self._due, now - self._interval), now) + self._interval

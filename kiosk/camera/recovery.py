"""When a camera counts as stalled, how long to pause before it is opened again, and when to give up.

Pure: the time is passed in, in seconds on the monotonic clock.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a camera is waited for, in seconds."""

    first_picture: float = 10.0
    """From the beginning of opening it: some cameras take seconds to wake."""
    next_picture: float = 3.0
    """Longer than a camera's own wait for a picture, whose error says more."""
    closing: float = 4.0
    """Shorter than the process gives its threads to end."""
    pauses: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
    """Before each further opening; after the last one the camera is given up."""
    steady: float = 60.0
    """After so long with pictures the earlier failures are forgotten."""


class Recovery:
    """What is to be done about one camera, told what happens to it."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._due = 0.0
        self._steady_since: float | None = None
        self._failures = 0

    def opening(self, now: float) -> None:
        """The camera is about to be opened."""
        self._due = now + self._patience.first_picture
        self._steady_since = None

    def saw(self, now: float) -> None:
        """A picture came."""
        self._due = now + self._patience.next_picture
        if self._steady_since is None:
            self._steady_since = now
        if now - self._steady_since >= self._patience.steady:
            self._failures = 0

    def seconds_left(self, now: float) -> float:
        """Return how long the next picture may still take; 0 means that the camera is stalled."""
        return max(self._due - now, 0.0)

    def pause(self) -> float | None:
        """The camera failed: return how long to wait before the next try, None for no more tries."""
        if self._failures == len(self._patience.pauses):
            return None
        self._failures += 1
        return self._patience.pauses[self._failures - 1]

"""When a person is told what would help: once a code was in view for a while and could not be read.

A camera sees a card thirty times a second and something else is wrong with every picture, so what is said
is what most of the last pictures say, and it stands long enough to be read and followed.

Pure: times are passed in, in seconds of any clock that does not run backwards.
"""

from collections import Counter, deque
from dataclasses import dataclass, field

from kiosk.scanning.symbols import Hint


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a person is left to it, in seconds.

    ``begins`` after the code was first seen; a hint stands for ``stands`` at least before another takes
    its place; the code is ``gone`` when so long unseen. Nobody holds a card for ``ends``: what is in view
    for longer is a poster, or a pattern that looks like a code, and is left alone until it is gone.
    """

    begins: float = 1.0
    stands: float = 1.5
    gone: float = 0.7
    ends: float = 20.0


@dataclass(slots=True)
class _Struggle:
    """A code in view that was not read so far; ``recent`` are the last pictures' times and hints."""

    since: float
    last: float
    recent: deque[tuple[float, Hint]] = field(default_factory=deque)
    said: Hint | None = None
    said_at: float = 0.0


class Guidance:
    """Told what the decoder glimpses and reads, says what the person should be told."""

    def __init__(self, timing: Timing | None = None) -> None:
        self._timing = timing or Timing()
        self._struggle: _Struggle | None = None

    def glimpsed(self, hint: Hint, now: float) -> None:
        """A picture showed a code that was not read."""
        struggle = self._struggle
        if struggle is None or self._is_gone(struggle, now):
            struggle = self._struggle = _Struggle(now, now)
        struggle.last = now
        struggle.recent.append((now, hint))
        while now - struggle.recent[0][0] > self._timing.stands:
            struggle.recent.popleft()

    def read(self) -> None:
        """A code was read: there is nothing to be helped with any more."""
        self._struggle = None

    def advice(self, now: float) -> Hint | None:
        """Return what to tell the person at this moment, if anything."""
        struggle = self._struggle
        if struggle is None or self._is_gone(struggle, now):
            self._struggle = None
            return None
        if not self._timing.begins <= struggle.last - struggle.since <= self._timing.ends:
            return None
        if struggle.said is None or now - struggle.said_at >= self._timing.stands:
            struggle.said, struggle.said_at = _most_common(struggle.recent), now
        return struggle.said

    def _is_gone(self, struggle: _Struggle, now: float) -> bool:
        return now - struggle.last > self._timing.gone


def _most_common(recent: deque[tuple[float, Hint]]) -> Hint:
    ((hint, _),) = Counter(hint for _, hint in recent).most_common(1)
    return hint

"""What counts as a scan: a card held still is one, however long, and so is one that flickers.

Pure: times are passed in, in seconds of any clock that does not run backwards.
"""

import math
from dataclasses import dataclass, replace
from enum import Enum, auto

CAPACITY = 1024
"""Cards remembered at once; far more than can be shown within the time they are remembered for."""


class Verdict(Enum):
    """What to do about a card that is in view."""

    NEW = auto()
    """A scan: count it."""

    HELD = auto()
    """Still the presence that was answered already: nothing to do."""

    REPEAT = auto()
    """Shown again shortly after it was counted: tell the person, don't count."""


@dataclass(frozen=True, slots=True)
class _Memory:
    seen: float
    counted: float


_NEVER = _Memory(-math.inf, -math.inf)


class Debounce:
    """Judges each sighting of a card; cards are told apart by their key.

    A card is present from its first sighting until ``absent_after`` seconds without one. A new presence
    is a scan when the card was last counted more than ``repeat_after`` seconds before.
    """

    def __init__(self, repeat_after: float, absent_after: float = 1.0, capacity: int = CAPACITY) -> None:
        self._repeat_after = repeat_after
        self._absent_after = absent_after
        self._lasting = max(repeat_after, absent_after)
        self._capacity = capacity
        # In the order of the last sighting, the longest unseen first.
        self._memories: dict[str, _Memory] = {}

    def see(self, key: str, now: float) -> Verdict:
        """Take note that the card was in view at ``now``, and tell what that means."""
        memory = self._memories.pop(key, _NEVER)
        verdict = self._judge(memory, now)
        self._memories[key] = _Memory(now, now if verdict is Verdict.NEW else memory.counted)
        self._drop_what_no_longer_matters(now)
        return verdict

    def forget(self, key: str) -> None:
        """Take back that the card was counted: its scan could not be kept, so its next presence is one."""
        if key in self._memories:
            self._memories[key] = replace(self._memories[key], counted=-math.inf)

    def was_counted(self, key: str) -> bool:
        """Tell whether a remembered card's last scan counted, and was not taken back."""
        return self._memories.get(key, _NEVER).counted > -math.inf

    def follow(self, repeat_after: float) -> None:
        """Go by another time from now on; what is in view stays what it is."""
        self._repeat_after = repeat_after
        self._lasting = max(repeat_after, self._absent_after)

    def __len__(self) -> int:
        """How many cards are remembered."""
        return len(self._memories)

    def _judge(self, memory: _Memory, now: float) -> Verdict:
        if now - memory.seen < self._absent_after:
            return Verdict.HELD
        if now - memory.counted <= self._repeat_after:
            return Verdict.REPEAT
        return Verdict.NEW

    def _drop_what_no_longer_matters(self, now: float) -> None:
        while self._memories:
            oldest = next(iter(self._memories))
            if len(self._memories) <= self._capacity and now - self._memories[oldest].seen <= self._lasting:
                return
            del self._memories[oldest]

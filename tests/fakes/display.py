"""A display that remembers what it was told to show."""

from collections.abc import Callable

from kiosk.outcomes import Outcome

STAYS = 8.0


class RecordingDisplay:
    """Every screen in order, None for waiting; ``before`` is called ahead of each result."""

    def __init__(self, before: Callable[[], None] = lambda: None, stays: float = STAYS) -> None:
        self.screens: list[Outcome | None] = []
        self.before = before
        self._stays = stays

    def show(self, outcome: Outcome) -> float:
        self.before()
        self.screens.append(outcome)
        return self._stays

    def wait(self) -> None:
        self.screens.append(None)

    @property
    def screen(self) -> Outcome | None:
        """What is on now."""
        return self.screens[-1] if self.screens else None

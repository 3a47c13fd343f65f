"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta


class FixedClock:
    """Tells the time it was given; ``forward`` lets time pass."""

    def __init__(self, at: datetime = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at

    def forward(self, by: timedelta) -> datetime:
        """Let time pass, and tell what time it is then."""
        self._at += by
        return self._at

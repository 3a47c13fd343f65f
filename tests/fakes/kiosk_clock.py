"""The kiosk's clocks, standing still until a test moves them."""

from datetime import UTC, datetime, timedelta

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


class KioskClock:
    """Wall time, uptime and monotonic time that pass together; ``set_wall`` moves the wall's alone."""

    def __init__(self, at: datetime = AT, *, monotonic: float = 1000.0, synced: bool = True) -> None:
        self._wall = at
        self._monotonic = monotonic
        self.is_synced = synced
        self.boot = "b0b0b0b0-0000-4000-8000-000000000000"

    def now(self) -> datetime:
        return self._wall

    def monotonic(self) -> float:
        return self._monotonic

    def uptime_ms(self) -> int:
        return int(self._monotonic * 1000)

    def boot_id(self) -> str:
        return self.boot

    def synced(self) -> bool:
        return self.is_synced

    def forward(self, seconds: float) -> float:
        """Let time pass; return the monotonic time it is then."""
        self._wall += timedelta(seconds=seconds)
        self._monotonic += seconds
        return self._monotonic

    def set_wall(self, at: datetime) -> None:
        """Change the wall's time only, as a person or a time server does."""
        self._wall = at

"""The kiosk's clocks, passed to whatever needs time: the wall's, which may be wrong, and the boot's."""

import ctypes
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

_TIME_ERROR = 5


class Clock(Protocol):
    """Time as the kiosk knows it."""

    def now(self) -> datetime:
        """Return the wall's time in UTC; wrong when not :meth:`synced`."""

    def monotonic(self) -> float:
        """Return seconds that only ever grow, for durations."""

    def uptime_ms(self) -> int:
        """Return milliseconds since the device started, sleep included."""

    def boot_id(self) -> str:
        """Return what names this start of the device."""

    def synced(self) -> bool:
        """Tell whether the wall's time was set from a trusted source."""


class SystemClock:
    """The machine's own clocks."""

    def __init__(self) -> None:
        self._boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        self._libc = ctypes.CDLL(None)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def uptime_ms(self) -> int:
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000

    def boot_id(self) -> str:
        return self._boot_id

    def synced(self) -> bool:
        # adjtimex without modes only reads; whoever disciplines the clock (timesyncd, chrony) clears the
        # unsynchronised state that a kernel starts with. The structure is smaller than this on all ABIs.
        return int(self._libc.adjtimex(ctypes.create_string_buffer(512))) not in {-1, _TIME_ERROR}


def uuid7(now: datetime) -> UUID:
    """Return a time-ordered UUID (RFC 9562, version 7)."""
    milliseconds = max(0, int(now.timestamp() * 1000))
    number = milliseconds << 80 | int.from_bytes(os.urandom(10))
    number &= ~(0xF << 76 | 0x3 << 62)
    return UUID(int=number | 0x7 << 76 | 0x2 << 62)

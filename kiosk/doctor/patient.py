"""Whom the doctor looks at: a kiosk's folder, and the time there."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from contracts.errors import InvalidMessage
from contracts.events import decode
from contracts.kiosk_state import Vitals
from kiosk.config import Home
from kiosk.device.clock import Clock

_SILENT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Patient:
    """A kiosk. ``made_at`` is when its software was installed: no right clock is before that."""

    home: Home
    clock: Clock
    made_at: datetime

    def vitals(self) -> Vitals | None:
        """Return what the scanner says of itself, None unless it said so in the last few seconds."""
        try:
            vitals = decode(self.home.vitals.read_bytes(), Vitals)
        except (FileNotFoundError, InvalidMessage):
            return None
        # Written before the last start of the machine, it may even be from the future.
        age = self.clock.monotonic() - vitals.monotonic_ms / 1000
        return vitals if -1 < age < _SILENT_SECONDS else None


def installed_at(file: Path) -> datetime:
    """Return when a file of the installed software was put there."""
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)

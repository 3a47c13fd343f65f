"""Puts scans of a kiosk in place whose clock was not set when it made them.

A scan tells how long the device had run (``uptime_ms``) and which start that was (``boot_id``). A health
message says how long the device has run by now, so by our own clock it is known when that start was, and so
when everything since has happened. Until then, and for starts that no health was heard of, a scan stands at
the kiosk's own time where that can be, else where it came in, and is marked as estimated.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from contracts.events import Event, ScanData
from contracts.kiosk_state import Health
from edge_api.fleet.models import Kiosk
from edge_api.ingest.models import KioskBoot, Scan
from edge_api.ingest.reading import is_name

_FUTURE_TOLERATED = timedelta(minutes=5)
_LONGEST_UPTIME_MS = 10 * 366 * 24 * 3600 * 1000
"""No kiosk runs for longer without a restart; arithmetic on what a hostile one says must not fail."""


def place_in_time(
    session: Session, kiosk: Kiosk, event: Event, data: ScanData, now: datetime
) -> tuple[datetime, bool]:
    """Return when the scan happened, and whether that is only an estimate."""
    plausible = data.uptime_ms <= _LONGEST_UPTIME_MS
    if data.clock_synced and event.time <= now + _FUTURE_TOLERATED:
        if plausible:
            _learn(session, kiosk.id, data.boot_id, _start(event.time, data.uptime_ms))
        return event.time, False
    boot = session.get(KioskBoot, (kiosk.id, data.boot_id)) if plausible else None
    if boot is None:
        possible = kiosk.enrolled_at is not None and kiosk.enrolled_at <= event.time <= now
        return event.time if possible else now, plausible
    return min(_moment(boot, data.uptime_ms), now), False


def learn_from_health(session: Session, kiosk_id: str, health: Health, now: datetime) -> None:
    """Take from a health message when the kiosk was started, and put scans in place that waited for it.

    The moment is ours: a health message is never kept anywhere on its way, so it is as of now.
    """
    if not is_name(health.boot_id) or health.uptime_ms > _LONGEST_UPTIME_MS:
        return
    _learn(session, kiosk_id, health.boot_id, _start(now, health.uptime_ms))
    _put_in_place(session, session.get_one(KioskBoot, (kiosk_id, health.boot_id)))


def _learn(session: Session, kiosk_id: str, boot_id: str, started_at: datetime) -> None:
    if session.get(KioskBoot, (kiosk_id, boot_id)) is not None:
        return
    boot = KioskBoot(kiosk_id=kiosk_id, boot_id=boot_id, started_at=started_at)
    try:
        with session.begin_nested():
            session.add(boot)
    except IntegrityError:
        # Another worker learnt it at this moment.
        return
    _put_in_place(session, boot)


def _put_in_place(session: Session, boot: KioskBoot) -> None:
    waiting = select(Scan).where(
        Scan.kiosk_id == boot.kiosk_id, Scan.boot_id == boot.boot_id, Scan.time_estimated
    )
    for scan in session.scalars(waiting):
        scan.at = min(_moment(boot, scan.uptime_ms), scan.received_at)
        scan.time_estimated = False


def _start(at: datetime, uptime_ms: int) -> datetime:
    # What lies before any kiosk was built has no start that is worth a thought, or that a date can hold.
    return at - timedelta(milliseconds=uptime_ms) if at.year > 1900 else at


def _moment(boot: KioskBoot, uptime_ms: int) -> datetime:
    return boot.started_at + timedelta(milliseconds=uptime_ms)

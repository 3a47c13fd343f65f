"""Looks at the clock: whether it can be right, whether somebody keeps it right, and what others say."""

from collections.abc import Callable
from datetime import datetime, timedelta

from kiosk.doctor.identity import valid_from
from kiosk.doctor.patient import Patient
from kiosk.doctor.report import Finding, bad, good, warning
from kiosk.doctor.words import lasting

_OFF, _FAR_OFF = timedelta(seconds=5), timedelta(minutes=2)
_SET = "Connect the kiosk to the network and run `sudo timedatectl set-ntp true`, or set the time by hand."


def clock(patient: Patient, edge_time: Callable[[], datetime | None]) -> Finding:
    """Look at the wall's time."""
    now = patient.clock.now()
    earliest = max(filter(None, (patient.made_at, valid_from(patient.home))))
    if now < earliest:
        return bad(
            f"it says {_told(now)}, and cannot be before {_told(earliest)}, when the kiosk was set up", _SET
        )
    there = edge_time()
    if there is None:
        return _by_itself(patient, "; the edge's time is not known")
    # What is told in whole seconds is half a second later on average.
    difference = patient.clock.now() - there - timedelta(seconds=0.5)
    return _against(difference) or _by_itself(patient, ", and the edge has the same time")


def _against(difference: timedelta) -> Finding | None:
    if abs(difference) < _OFF:
        return None
    side = "after" if difference > timedelta() else "before"
    told = f"it is {lasting(abs(difference))} {side} the edge's"
    return bad(told, _SET) if abs(difference) > _FAR_OFF else warning(told, _SET)


def _by_itself(patient: Patient, known: str) -> Finding:
    if patient.clock.synced():
        return good(f"set by a time server{known}")
    return warning(f"no time server sets it{known}", _SET)


def _told(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M}"

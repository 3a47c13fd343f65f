"""A clock is judged by what it cannot be, by who keeps it, and by the edge's."""

from datetime import UTC, datetime, timedelta

import pytest

from kiosk.config import Home
from kiosk.doctor.clocks import clock
from kiosk.doctor.patient import Patient
from kiosk.doctor.report import Finding, State
from tests.fakes.kiosk_clock import AT, KioskClock

MADE = AT - timedelta(days=100)
HALF = timedelta(seconds=0.5)


def judged(
    home: Home,
    *,
    at: datetime = AT,
    synced: bool = True,
    there: datetime | None = None,
    made: datetime = MADE,
) -> Finding:
    return clock(Patient(home, KioskClock(at, synced=synced), made), lambda: there)


def test_a_clock_that_is_kept_and_agrees_with_the_edges_is_good(empty: Home) -> None:
    found = judged(empty, there=AT - HALF)
    assert found.state is State.GOOD
    assert found.found == "set by a time server, and the edge has the same time"


def test_a_clock_that_is_kept_is_good_without_the_edge_too(empty: Home) -> None:
    found = judged(empty)
    assert (found.state, "not known" in found.found) == (State.GOOD, True)


def test_a_clock_that_nobody_keeps_is_a_warning_though_it_is_right(empty: Home) -> None:
    found = judged(empty, synced=False, there=AT)
    assert found.state is State.WARNING
    assert "timedatectl" in found.advice


@pytest.mark.parametrize(
    ("off", "state", "words"),
    [
        (timedelta(seconds=20), State.WARNING, "20 seconds after"),
        (timedelta(seconds=-20), State.WARNING, "20 seconds before"),
        (timedelta(hours=5), State.BAD, "5 hours after"),
        (timedelta(days=-400), State.BAD, "400 days before"),
    ],
)
def test_a_clock_that_differs_from_the_edges_is_told_by_how_much(
    empty: Home, off: timedelta, state: State, words: str
) -> None:
    found = judged(empty, there=AT - off - HALF, made=AT - timedelta(days=4000))
    assert (found.state, words in found.found) == (state, True)


def test_a_clock_before_the_software_was_made_is_impossible(empty: Home) -> None:
    found = judged(empty, at=datetime(1970, 1, 1, tzinfo=UTC), there=AT)
    assert (found.state, "1970-01-01" in found.found) == (State.BAD, True)


def test_a_clock_before_the_certificate_was_made_is_impossible(home: Home) -> None:
    """The certificate of the test's kiosk was made at the real time."""
    real = datetime.now(UTC)
    found = judged(home, at=real - timedelta(days=40), made=real - timedelta(days=400))
    assert (found.state, "cannot be before" in found.found) == (State.BAD, True)

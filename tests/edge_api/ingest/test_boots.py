"""Scans of a kiosk whose clock was not set are put in place as soon as it is known when it was started."""

from datetime import UTC, datetime, timedelta

import pytest

from contracts.events import Event, encode
from contracts.kiosk_state import Health
from contracts.topics import Up
from tests.edge_api.ingest.conftest import Gate
from tests.factories.events import BOOT

IN_1970 = datetime(1970, 1, 1, 0, 2, tzinfo=UTC)


def unset(gate: Gate, uptime: timedelta) -> Event:
    """A scan by a kiosk that had run for so long, and thought it was 1970."""
    return gate.writer.foreign("x", IN_1970, clock_synced=False, uptime_ms=int(uptime.total_seconds() * 1000))


def hear_health(gate: Gate, uptime: timedelta, **changed: object) -> None:
    health = {
        "at": gate.clock.now(),
        "uptime_ms": int(uptime.total_seconds() * 1000),
        "clock_synced": True,
        "queued": 0,
        "epoch": "e",
        "cursor": 0,
        "boot_id": BOOT,
    }
    gate.adapter.work([gate.message(encode(Health(**(health | changed))), Up.HEALTH)])  # type: ignore[arg-type]


def places(gate: Gate) -> list[tuple[datetime, bool]]:
    return [(scan.at, scan.time_estimated) for scan in gate.scans()]


def test_until_anything_is_known_a_scan_stands_where_it_came_in_and_is_marked(gate: Gate) -> None:
    gate.work(unset(gate, timedelta(minutes=2)))
    assert places(gate) == [(gate.clock.now(), True)]


def test_the_first_health_with_a_clock_that_is_set_puts_them_in_place(gate: Gate) -> None:
    gate.work(unset(gate, timedelta(minutes=2)), unset(gate, timedelta(minutes=50)))
    hear_health(gate, uptime=timedelta(hours=1))
    started = gate.clock.now() - timedelta(hours=1)
    assert places(gate) == [
        (started + timedelta(minutes=2), False),
        (started + timedelta(minutes=50), False),
    ]


def test_a_later_scan_with_a_clock_that_is_set_does_so_too(gate: Gate) -> None:
    gate.work(unset(gate, timedelta(minutes=2)))
    gate.work(gate.writer.foreign("y", gate.clock.now(), uptime_ms=30 * 60_000))
    assert places(gate)[0] == (gate.clock.now() - timedelta(minutes=28), False)


def test_what_comes_late_is_put_in_place_at_once(gate: Gate) -> None:
    hear_health(gate, uptime=timedelta(hours=1))
    started = gate.clock.now() - timedelta(hours=1)
    gate.clock.forward(timedelta(hours=3))
    gate.work(unset(gate, timedelta(minutes=7)))
    assert places(gate) == [(started + timedelta(minutes=7), False)]


def test_another_start_of_the_same_kiosk_says_nothing_about_this_one(gate: Gate) -> None:
    gate.work(unset(gate, timedelta(minutes=2)))
    hear_health(gate, uptime=timedelta(hours=1), boot_id="another-boot")
    assert places(gate) == [(gate.clock.now(), True)]


@pytest.mark.parametrize(
    "changed",
    [
        {"clock_synced": False},
        {"at": datetime(2099, 1, 1, tzinfo=UTC)},
        {"boot_id": ""},
        {"boot_id": "no/name\n"},
        {"uptime_ms": 2**62},
        {"at": datetime(1, 1, 1, tzinfo=UTC)},
    ],
    ids=["not set", "the future", "no start", "a hostile name", "for ever", "year one"],
)
def test_a_health_that_proves_nothing_moves_no_scan_into_the_future(
    gate: Gate, changed: dict[str, object]
) -> None:
    gate.work(unset(gate, timedelta(minutes=2)))
    hear_health(gate, timedelta(hours=1), **changed)
    assert places(gate)[0][0] <= gate.clock.now()
    gate.work(unset(gate, timedelta(minutes=3)))
    assert len(gate.scans()) == 2


def test_nothing_is_ever_placed_after_it_came_in(gate: Gate) -> None:
    gate.work(unset(gate, timedelta(minutes=90)))
    hear_health(gate, uptime=timedelta(minutes=1))
    assert places(gate) == [(gate.clock.now(), False)]

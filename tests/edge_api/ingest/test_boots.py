"""Scans of a kiosk whose clock was not set are put in place as soon as it is known when it was started."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from contracts.events import Event, encode
from contracts.kiosk_state import Health
from contracts.topics import Up
from edge_api.loyalty.models import Campaign
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


def test_the_first_health_puts_them_in_place(gate: Gate) -> None:
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
def test_whatever_a_health_says_no_scan_is_moved_into_the_future(
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


def test_the_kiosks_own_clock_need_not_be_set_for_that(gate: Gate) -> None:
    gate.work(unset(gate, timedelta(minutes=2)))
    hear_health(gate, uptime=timedelta(hours=1), clock_synced=False, at=IN_1970)
    assert places(gate) == [(gate.clock.now() - timedelta(minutes=58), False)]


def test_a_scan_of_an_earlier_start_stands_at_the_kiosks_own_time_where_that_can_be(gate: Gate) -> None:
    gate.clock.forward(timedelta(days=3))
    told = gate.clock.now() - timedelta(days=2)
    gate.work(gate.writer.foreign("x", told, clock_synced=False, boot_id="an-earlier-boot"))
    assert places(gate) == [(told, True)]


def test_visits_of_days_offline_with_an_unset_clock_each_earn_their_points(gate: Gate) -> None:
    with gate.database.transaction() as session:
        session.execute(update(Campaign).values(cooling_off_seconds=3600))
    card = gate.card()
    hear_health(gate, uptime=timedelta(days=3))
    for hours in (1, 25, 49):
        gate.work(gate.scan(card, clock_synced=False, uptime_ms=hours * 3_600_000))
    assert gate.points(card) == 30

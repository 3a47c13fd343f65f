"""The machine's clocks, and ids that sort by time."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.device.clock import SystemClock, uuid7

MOMENTS = st.datetimes(
    datetime(1970, 1, 1),  # noqa: DTZ001  the strategy adds the zone
    datetime(2500, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@given(MOMENTS)
def test_an_id_is_a_uuid_of_version_7(now: datetime) -> None:
    made = uuid7(now)
    assert (made.version, made.variant) == (7, "specified in RFC 4122")


@given(MOMENTS, st.timedeltas(timedelta(milliseconds=2), timedelta(days=3650)))
def test_ids_sort_by_the_time_that_they_were_made_at(now: datetime, later: timedelta) -> None:
    assert uuid7(now) < uuid7(now + later)


def test_ids_of_the_same_moment_differ() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert len({uuid7(now) for _ in range(1000)}) == 1000


def test_an_id_holds_its_milliseconds() -> None:
    moment = datetime(2026, 11, 21, 10, 0, 0, 123_000, UTC)
    assert uuid7(moment).int >> 80 == int(moment.timestamp() * 1000)


@pytest.mark.parametrize("wrong", [datetime(1970, 1, 1, tzinfo=UTC), datetime(1901, 1, 1, tzinfo=UTC)])
def test_a_clock_at_1970_or_before_still_makes_ids(wrong: datetime) -> None:
    made = uuid7(wrong)
    assert made.version == 7
    assert made != UUID(int=0)


def test_the_machines_clocks_go_forward() -> None:
    clock = SystemClock()
    before = (clock.monotonic(), clock.uptime_ms())
    after = (clock.monotonic(), clock.uptime_ms())
    assert after >= before
    assert clock.uptime_ms() / 1000 >= clock.monotonic() - 1


def test_the_wall_is_told_in_utc_and_the_start_of_the_device_by_its_name() -> None:
    clock = SystemClock()
    assert clock.now().utcoffset() == timedelta(0)
    assert re.fullmatch(r"[0-9a-f-]{36}", clock.boot_id())
    assert clock.boot_id() == SystemClock().boot_id()

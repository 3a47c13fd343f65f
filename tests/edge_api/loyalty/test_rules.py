"""Which campaigns a visit counts for, in whatever order visits are told."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise, permutations

from hypothesis import given
from hypothesis import strategies as st

from edge_api.loyalty.rules import CampaignTerms, counting, longest_cooling_off

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURLY = CampaignTerms(1, "Hourly", 5, HOUR)
EVERY = CampaignTerms(2, "Every visit", 1, timedelta())


def test_a_first_visit_counts_for_every_campaign() -> None:
    assert counting([HOURLY, EVERY], {}, NOON) == [HOURLY, EVERY]


def test_a_visit_within_the_cooling_off_time_counts_only_where_there_is_none() -> None:
    soon = NOON + HOUR - timedelta(seconds=1)
    assert counting([HOURLY, EVERY], {1: [NOON], 2: [NOON]}, soon) == [EVERY]


def test_after_exactly_the_cooling_off_time_it_counts_again() -> None:
    assert counting([HOURLY], {1: [NOON]}, NOON + HOUR) == [HOURLY]


def test_a_late_report_counts_no_more_when_one_soon_after_it_was_booked() -> None:
    assert counting([HOURLY], {1: [NOON]}, NOON - timedelta(minutes=59)) == []
    assert counting([HOURLY], {1: [NOON]}, NOON - HOUR) == [HOURLY]


def test_another_campaign_s_bookings_do_not_matter() -> None:
    assert counting([HOURLY], {2: [NOON]}, NOON) == [HOURLY]


def test_no_campaign_reaches_nowhere() -> None:
    assert longest_cooling_off([]) == timedelta()
    assert longest_cooling_off([HOURLY, EVERY]) == HOUR


@given(st.lists(st.integers(0, 240), min_size=1, max_size=5))
def test_in_whatever_order_visits_come_no_two_bookings_are_too_close(minutes: list[int]) -> None:
    for order in permutations(minutes):
        booked: list[datetime] = []
        for minute in order:
            at = NOON + timedelta(minutes=minute)
            booked += [at for _ in counting([HOURLY], {1: booked}, at)]
        times = sorted(booked)
        assert times
        assert all(later - earlier >= HOUR for earlier, later in pairwise(times))

"""States, numbers and times in the words of the pages."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import pytest

from contracts.events import OutcomeName
from contracts.replica import AccountState
from edge_api.backoffice import words
from edge_api.cards.models import BatchKind, CardType, Step
from edge_api.config import Language
from edge_api.fleet.models import KioskState
from edge_api.ingest.models import RejectReason
from edge_api.loyalty.models import EntryReason, RewardState
from edge_api.roles import Role

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@pytest.mark.parametrize(
    "kind",
    [
        OutcomeName,
        AccountState,
        BatchKind,
        CardType,
        Step,
        Language,
        KioskState,
        RejectReason,
        EntryReason,
        RewardState,
        Role,
    ],
)
def test_every_state_that_a_page_may_meet_has_words(kind: type[StrEnum]) -> None:
    assert all(words.said(member).text for member in kind)


def test_states_of_different_things_may_share_a_name_and_not_their_words() -> None:
    assert words.said(OutcomeName.REVOKED).text == "Revoked card"
    assert words.said(KioskState.REVOKED).text == "Revoked"


@pytest.mark.parametrize(
    ("at", "told"),
    [
        (datetime(2026, 11, 21, 8, 5, 7, tzinfo=UTC), "09:05:07"),
        (datetime(2026, 11, 20, 23, 30, tzinfo=UTC), "00:30:00"),
        (datetime(2026, 11, 20, 22, 30, tzinfo=UTC), "20 Nov, 23:30"),
        (datetime(2025, 7, 1, 22, 30, tzinfo=UTC), "2 Jul 2025, 00:30"),
    ],
)
def test_a_moment_is_told_with_no_more_than_is_needed(at: datetime, told: str) -> None:
    assert words.moment(at, AMSTERDAM, NOW, seconds=True) == told


@pytest.mark.parametrize(
    ("past", "told"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=-5), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=5, minutes=50), "5 hours ago"),
        (timedelta(days=2), "2 days ago"),
    ],
)
def test_how_long_ago_is_told_roughly(past: timedelta, told: str) -> None:
    assert words.ago(NOW - past, NOW) == told
    assert words.ago(None, NOW) == "never"

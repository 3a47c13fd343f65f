"""A scan is taken in once, however it comes, and earns what its card's state allows."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.card_code import CardCode
from contracts.events import Event, OutcomeName, decode
from contracts.replica import AccountState
from contracts.settlements import Verdict
from contracts.topics import site_scan
from edge_api.cards import services as cards
from edge_api.cards.models import Card
from edge_api.customers import services as customers
from edge_api.ingest.site_scan import SiteScan
from tests.edge_api.ingest.conftest import Gate
from tests.factories.events import BOOT, STREAM


def test_a_visit_is_booked_noted_down_and_acknowledged(gate: Gate) -> None:
    card = gate.card()
    event = gate.scan(card, row_revision=7)
    gate.work(event)
    (scan,) = gate.scans()
    assert (scan.event_id, scan.kiosk_id, scan.stream, scan.seq) == (event.id, gate.kiosk, STREAM, 1)
    assert (scan.outcome, scan.lookup, scan.card_id) == (OutcomeName.RECOGNISED, card.lookup, card.id)
    assert (scan.boot_id, scan.uptime_ms, scan.clock_synced, scan.row_revision) == (BOOT, 123_456, True, 7)
    assert (scan.at, scan.kiosk_time, scan.received_at) == (gate.clock.now(),) * 3
    assert (scan.points_earned, scan.balance, gate.points(card)) == (10, 10, 10)
    assert gate.verdicts() == [(Verdict.BOOKED, "")]
    assert gate.acknowledged() == [(1, 1)]
    assert len(gate.at_broker) == 1


def test_the_same_event_is_booked_once_and_acknowledged_each_time(gate: Gate) -> None:
    card = gate.card()
    event = gate.scan(card)
    for _ in range(3):
        gate.work(event)
        assert gate.acknowledged() == [(1, 1)]
    assert (len(gate.scans()), gate.points(card)) == (1, 10)
    assert len(gate.verdicts()) == 1


def test_the_same_event_twice_in_one_batch_is_booked_once(gate: Gate) -> None:
    card = gate.card()
    event = gate.scan(card)
    gate.work(event, event, gate.scan(card), event)
    assert (len(gate.scans()), gate.points(card)) == (2, 20)
    assert gate.acknowledged() == [(1, 2)]


def test_acknowledgements_name_ranges_for_each_kiosk(gate: Gate) -> None:
    card = gate.card()
    events = [gate.scan(card) for _ in range(5)]
    gate.work(*events[:2], events[3], events[4])
    assert gate.acknowledged() == [(1, 2), (4, 5)]


@pytest.mark.databases("sqlite")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=20)
@given(st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=6), min_size=1, max_size=5))
def test_in_whatever_batches_events_come_each_is_booked_once(gate: Gate, batches: list[list[int]]) -> None:
    card = gate.card()
    events = [gate.scan(card) for _ in range(6)]
    for batch in batches:
        gate.work(*(events[place] for place in batch))
    sent = {place for batch in batches for place in batch}
    ours = {event.id for event in events}
    assert len([scan for scan in gate.scans() if scan.event_id in ours]) == len(sent)
    assert gate.points(card) == 10 * len(sent)


def test_an_unknown_card_is_noted(gate: Gate) -> None:
    gate.work(gate.writer.scan(CardCode.random(), gate.clock.now(), outcome=OutcomeName.UNKNOWN_CARD))
    (scan,) = gate.scans()
    assert (scan.card_id, scan.customer_id, scan.points_earned) == (None, None, 0)
    assert gate.verdicts() == [(Verdict.NOTED, "unknown_card")]


def test_a_foreign_code_is_noted_as_one(gate: Gate) -> None:
    gate.work(gate.writer.foreign("WIFI:S:guests;;", gate.clock.now()))
    (scan,) = gate.scans()
    assert scan.code_hash is not None
    assert len(scan.code_hash) == 8
    assert gate.verdicts() == [(Verdict.NOTED, "foreign_code")]


def test_several_codes_at_once_are_noted_as_such(gate: Gate) -> None:
    event = gate.writer.foreign(
        "", gate.clock.now(), outcome=OutcomeName.SEVERAL_CODES, code_hash=None, code_length=None
    )
    gate.work(event)
    assert gate.verdicts() == [(Verdict.NOTED, "several_codes")]


def test_a_withdrawn_card_earns_nothing(gate: Gate) -> None:
    card = gate.card()
    gate.do(lambda session, shop: cards.revoke_card(session, card.id, gate.by))
    _noted(gate, card, "revoked")


def test_a_card_that_is_nobody_s_earns_nothing(gate: Gate) -> None:
    _noted(gate, gate.card(customer=None), "unlinked")


@pytest.mark.parametrize("state", [AccountState.ARCHIVED, AccountState.AWAITING_APPROVAL])
def test_a_closed_account_earns_nothing(gate: Gate, state: AccountState) -> None:
    card = gate.card()
    with gate.database.transaction() as session:
        customers.set_state(session, gate.customer_of(session, card), state, gate.by)
    _noted(gate, card, "account_closed")


def _noted(gate: Gate, card: Card, reason: str) -> None:
    gate.work(gate.scan(card))
    (scan,) = gate.scans()
    assert (scan.card_id, scan.points_earned, scan.balance) == (card.id, 0, None)
    assert gate.verdicts() == [(Verdict.NOTED, reason)]
    assert gate.points(card) == 0
    assert gate.acknowledged() == [(1, 1)]


def test_a_card_linked_after_its_scan_earns_from_the_next_one_on(gate: Gate) -> None:
    card = gate.card(customer=None)
    early = gate.scan(card, outcome=OutcomeName.UNLINKED)
    gate.work(early)
    gate.do(lambda session, shop: cards.link_card(session, card.id, shop.customer().id, gate.by))
    gate.work(early, gate.scan(card))
    assert [scan.points_earned for scan in gate.scans()] == [0, 10]
    assert gate.points(card) == 10


def test_the_kiosk_s_outcome_is_kept_and_the_card_s_state_decides(gate: Gate) -> None:
    """An old replica showed "unlinked", and meanwhile the card is somebody's."""
    card = gate.card()
    gate.work(gate.scan(card, outcome=OutcomeName.UNLINKED))
    (scan,) = gate.scans()
    assert (scan.outcome, scan.points_earned) == (OutcomeName.UNLINKED, 10)


# When it happened


def test_a_scan_of_a_kiosk_that_was_offline_happened_when_it_says(gate: Gate) -> None:
    happened = gate.clock.now() - timedelta(days=3)
    gate.work(gate.writer.scan(CardCode(gate.card().secret), happened))
    (scan,) = gate.scans()
    assert (scan.at, scan.received_at) == (happened, gate.clock.now())


@pytest.mark.parametrize(
    ("time", "clock_synced"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), False),
        (datetime(2026, 11, 21, 9, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 21, 10, 6, tzinfo=UTC), True),
        (datetime(2099, 1, 1, tzinfo=UTC), True),
        (datetime(9998, 12, 31, 23, 59, 59, tzinfo=UTC), True),
    ],
    ids=["1970", "not synchronised", "six minutes ahead", "far ahead", "end of time"],
)
def test_a_time_that_cannot_be_trusted_is_replaced_by_ours_and_kept(
    gate: Gate, time: datetime, clock_synced: bool
) -> None:
    gate.work(gate.writer.scan(CardCode(gate.card().secret), time, clock_synced=clock_synced))
    (scan,) = gate.scans()
    assert (scan.at, scan.kiosk_time) == (gate.clock.now(), time)


def test_a_clock_a_little_ahead_is_believed(gate: Gate) -> None:
    ahead = gate.clock.now() + timedelta(minutes=5)
    gate.work(gate.writer.scan(CardCode(gate.card().secret), ahead))
    assert gate.scans()[0].at == ahead


# What points of sale hear


def test_points_of_sale_hear_of_each_scan_once_and_of_no_name(gate: Gate) -> None:
    card = gate.card(customer="Zebedee")
    event: Event = gate.scan(card)
    gate.work(event)
    gate.work(event)
    (sent,) = [each for each in gate.wire.sent if each.topic.startswith("welkom/v1/site/")]
    told = decode(sent.payload, SiteScan)
    assert sent.topic == site_scan(told.location)
    assert (told.event, told.card, told.points_earned, told.balance) == (event.id, card.printed_id, 10, 10)
    assert told.customer is not None
    assert b"Zebedee" not in sent.payload


def test_a_scan_without_a_customer_is_told_without_one(gate: Gate) -> None:
    gate.work(gate.writer.foreign("https://example.org", gate.clock.now()))
    (sent,) = [each for each in gate.wire.sent if each.topic.startswith("welkom/v1/site/")]
    told = decode(sent.payload, SiteScan)
    assert (told.card, told.customer, told.outcome) == (None, None, OutcomeName.FOREIGN_CODE)

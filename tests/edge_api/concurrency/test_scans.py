"""Several ingest workers take scans in at the same moment, and the points are right to the last one."""

import itertools
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select

from common.mqtt import Message
from contracts.card_code import CardCode
from contracts.events import encode
from contracts.kiosk_state import Health, Status
from contracts.topics import Up
from edge_api.cards.models import Card
from edge_api.fleet.models import Kiosk
from edge_api.ingest.models import RejectReason
from edge_api.loyalty import services as loyalty
from edge_api.loyalty.models import LedgerEntry
from tests.edge_api.concurrency.conftest import Another, Neighbours
from tests.edge_api.concurrency.crowd import at_once, shuffled
from tests.edge_api.ingest.conftest import Gate
from tests.factories.events import EventWriter
from tests.factories.fleet import active_kiosk

WORKERS = 4
HOUR = timedelta(hours=1)


@pytest.fixture
def hourly(gate: Gate) -> None:
    """Five points, once an hour, beside the ten of every visit."""
    gate.do(
        lambda session, shop: loyalty.create_campaign(
            session, name="Hourly", points=5, cooling_off_seconds=3600, by=gate.by
        )
    )


def _kiosks(gate: Gate, count: int) -> list[EventWriter]:
    names = (f"Kiosk {number}" for number in range(count))
    return [EventWriter(active_kiosk(gate.database, gate.by, name).id, gate.config.site) for name in names]


def _scan(gate: Gate, kiosk: EventWriter, card: Card, minutes: float = 0) -> Message:
    at = gate.clock.now() + timedelta(minutes=minutes)
    return gate.message(kiosk.scan(CardCode(card.secret), at), kiosk=kiosk.kiosk)


def _work_at_once(gate: Gate, another: Another, *batches: list[Message]) -> None:
    """Have each batch taken in by a worker of its own."""
    at_once(*(partial(gate.new_adapter(database=another()).work, batch) for batch in batches))


def _dealt(messages: list[Message], seed: int) -> list[list[Message]]:
    """Deal messages out as a broker does with a shared subscription, only less fairly."""
    order = shuffled(messages, seed)
    return [order[place::WORKERS] for place in range(WORKERS)]


def _visits(gate: Gate, card: Card, campaign: str) -> list[LedgerEntry]:
    with gate.database.reading() as session:
        wanted = next(each.id for each in loyalty.campaigns(session) if each.name == campaign)
        customer = gate.customer_of(session, card).id
        query = select(LedgerEntry).where(LedgerEntry.customer_id == customer)
        return list(session.scalars(query.where(LedgerEntry.campaign_id == wanted).order_by(LedgerEntry.at)))


def _sums_agree(gate: Gate) -> bool:
    with gate.database.reading() as session:
        return loyalty.verify(session) == []


@pytest.mark.usefixtures("hourly")
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_customer_scanned_everywhere_within_the_hour_earns_the_hourly_points_once(
    gate: Gate, another: Another, seed: int
) -> None:
    cards, kiosks = [gate.card() for _ in range(3)], _kiosks(gate, 4)
    minutes = range(0, 40, 10)
    messages = [_scan(gate, kiosk, card, each) for kiosk in kiosks for card in cards for each in minutes]
    _work_at_once(gate, another, *_dealt(messages, seed))
    assert len(gate.scans()) == len(messages)
    assert [gate.points(card) for card in cards] == [16 * 10 + 5] * 3
    assert _sums_agree(gate)


@pytest.mark.usefixtures("hourly")
def test_in_whatever_order_scans_of_a_day_are_told_what_counts_lies_an_hour_apart(
    gate: Gate, another: Another
) -> None:
    card, kiosks = gate.card(), _kiosks(gate, 4)
    messages = [_scan(gate, kiosk, card, each) for kiosk in kiosks for each in range(-600, 0, 45)]
    _work_at_once(gate, another, *_dealt(messages, seed=4))
    counted = [entry.at for entry in _visits(gate, card, "Hourly")]
    assert all(later - earlier >= HOUR for earlier, later in itertools.pairwise(counted))
    assert all(min(abs(scan.at - each) for each in counted) < HOUR for scan in gate.scans())
    assert gate.points(card) == len(messages) * 10 + len(counted) * 5


def test_customers_who_never_had_points_get_their_first_from_all_sides(gate: Gate, another: Another) -> None:
    cards, kiosks = [gate.card() for _ in range(8)], _kiosks(gate, WORKERS)
    orders = [cards, cards[::-1], cards[4:] + cards[:4], cards[::-1]]
    batches = [
        [_scan(gate, kiosk, card) for card in order] for kiosk, order in zip(kiosks, orders, strict=True)
    ]
    _work_at_once(gate, another, *batches)
    assert [gate.points(card) for card in cards] == [WORKERS * 10] * 8


def test_workers_that_meet_the_same_customers_in_another_order_do_not_stand_in_each_other_s_way(
    gate: Gate, neighbours: Neighbours
) -> None:
    cards, kiosks = [gate.card() for _ in range(8)], _kiosks(gate, WORKERS)
    gate.work(*(gate.scan(card) for card in cards))
    batches = [
        shuffled((_scan(gate, kiosk, card) for card in cards * 3), seed) for seed, kiosk in enumerate(kiosks)
    ]
    _work_at_once(gate, neighbours.another, *batches)
    assert neighbours.refused == []
    assert [gate.points(card) for card in cards] == [10 + WORKERS * 3 * 10] * 8


def test_an_event_that_reaches_all_workers_at_once_is_one_scan_and_all_say_so(
    gate: Gate, another: Another
) -> None:
    card = gate.card()
    events = [gate.scan(card) for _ in range(12)]
    orders = [events, events[::-1], events[6:] + events[:6], events]
    _work_at_once(gate, another, *([gate.message(event) for event in order] for order in orders))
    assert len(gate.scans()) == 12
    assert gate.points(card) == 120
    assert len(gate.verdicts()) == 12
    assert _numbers(gate) == sorted(list(range(1, 13)) * WORKERS)


def test_a_message_that_is_refused_by_all_workers_at_once_is_kept_once(gate: Gate, another: Another) -> None:
    forged = gate.scan(gate.card(), source="k-other")
    _work_at_once(gate, another, *([gate.message(forged)] for _ in range(WORKERS)))
    (kept,) = gate.rejected()
    assert (kept.reason, kept.count) == (RejectReason.FORGED_SOURCE, WORKERS)
    assert gate.scans() == []


@pytest.mark.parametrize("seed", range(4))
def test_the_newest_session_of_a_kiosk_wins_whatever_is_heard_of_at_the_same_moment(
    gate: Gate, another: Another, seed: int
) -> None:
    told = [Status(online=number == 6, session=number, at=gate.clock.now()) for number in range(1, 7)]
    _work_at_once(gate, another, *([_said(gate, Up.STATUS, each)] for each in shuffled(told, seed)))
    with gate.database.reading() as session:
        kiosk = session.get_one(Kiosk, gate.kiosk)
    assert (kiosk.session, kiosk.online) == (6, True)


def test_scans_and_words_of_many_kiosks_mix_without_a_circle(gate: Gate, neighbours: Neighbours) -> None:
    cards, kiosks = [gate.card() for _ in range(4)], _kiosks(gate, WORKERS)
    health = Health(at=gate.clock.now(), uptime_ms=1, clock_synced=True, queued=0, epoch="", cursor=0)
    batches = []
    for seed, kiosk in enumerate(kiosks):
        scans = [_scan(gate, kiosk, card) for card in cards * 2]
        words = [_said(gate, Up.HEALTH, health, each.kiosk) for each in kiosks]
        batches.append(shuffled(scans + words, seed))
    _work_at_once(gate, neighbours.another, *batches)
    assert neighbours.refused == []
    assert len(gate.scans()) == WORKERS * 8


def _said(gate: Gate, kind: Up, what: object, kiosk: str = "") -> Message:
    return gate.message(encode(what), kind, kiosk)


def _numbers(gate: Gate) -> list[int]:
    """Return each number that was acknowledged, as often as it was."""
    return sorted(number for first, last in gate.acknowledged() for number in range(first, last + 1))

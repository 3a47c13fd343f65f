"""Points are booked once, never twice, never below zero, and the balance is always the ledger's sum."""

import threading
import uuid
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from contracts.replica import AccountState
from edge_api import audit
from edge_api.audit import By
from edge_api.customers import services as customers
from edge_api.db import Database
from edge_api.errors import Conflict, InvalidValue, NameTaken, NotFound
from edge_api.feed import FeedItem, FeedKind
from edge_api.loyalty import services
from edge_api.loyalty.errors import LedgerChanged, NotEnoughPoints
from edge_api.loyalty.ledger import Mismatch
from edge_api.loyalty.models import Campaign, LedgerEntry, PointBalance
from edge_api.loyalty.services import CampaignEarning, VisitBooking
from tests.factories.edge import Shop

MINUTE = timedelta(minutes=1)


@pytest.fixture
def campaigns(session: Session, by: By) -> tuple[Campaign, Campaign]:
    """Five points an hour, and one point for every visit."""
    hourly = services.create_campaign(session, name="Hourly", points=5, cooling_off_seconds=3600, by=by)
    every = services.create_campaign(session, name="Every visit", points=1, cooling_off_seconds=0, by=by)
    return hourly, every


def _visit(session: Session, customer_id: int, at: datetime, by: By, ref: str = "") -> VisitBooking:
    ref = ref or str(uuid.uuid4())
    return services.book_visit(session, customer_id=customer_id, at=at, source_ref=ref, by=by)


def test_a_visit_earns_what_each_campaign_gives(
    session: Session, shop: Shop, by: By, campaigns: tuple[Campaign, Campaign]
) -> None:
    hourly, every = campaigns
    booking = _visit(session, shop.customer().id, by.at, by)
    assert booking == VisitBooking(
        6, 6, (CampaignEarning(hourly.id, "Hourly", 5), CampaignEarning(every.id, "Every visit", 1))
    )


@pytest.mark.usefixtures("campaigns")
def test_a_visit_soon_after_earns_only_without_cooling_off(session: Session, shop: Shop, by: By) -> None:
    customer = shop.customer()
    _visit(session, customer.id, by.at, by)
    soon = _visit(session, customer.id, by.at + 59 * MINUTE, by)
    later = _visit(session, customer.id, by.at + 60 * MINUTE, by)
    assert [(each.earned, each.balance) for each in (soon, later)] == [(1, 7), (6, 13)]


@pytest.mark.usefixtures("campaigns")
def test_a_visit_told_late_is_held_against_those_after_it(session: Session, shop: Shop, by: By) -> None:
    customer = shop.customer()
    _visit(session, customer.id, by.at, by)
    assert _visit(session, customer.id, by.at - 30 * MINUTE, by).earned == 1
    assert _visit(session, customer.id, by.at - 90 * MINUTE, by).earned == 6


@pytest.mark.usefixtures("campaigns")
def test_another_customer_s_visits_do_not_matter(session: Session, shop: Shop, by: By) -> None:
    _visit(session, shop.customer().id, by.at, by)
    assert _visit(session, shop.customer().id, by.at, by).earned == 6


@pytest.mark.usefixtures("campaigns")
def test_the_same_visit_told_again_books_nothing_and_tells_the_same(
    session: Session, shop: Shop, by: By
) -> None:
    customer = shop.customer()
    first = _visit(session, customer.id, by.at, by, "event-1")
    nothing = _visit(session, customer.id, by.at + MINUTE, by, "event-2")
    services.create_campaign(session, name="New", points=100, cooling_off_seconds=0, by=by)
    assert _visit(session, customer.id, by.at, by, "event-1").per_campaign == first.per_campaign
    assert _visit(session, customer.id, by.at + MINUTE, by, "event-2").per_campaign == nothing.per_campaign
    assert services.point_balance(session, customer.id) == 7


@pytest.mark.usefixtures("campaigns")
def test_one_visit_is_not_two_customers_(session: Session, shop: Shop, by: By) -> None:
    _visit(session, shop.customer().id, by.at, by, "event-1")
    with pytest.raises(Conflict):
        _visit(session, shop.customer().id, by.at, by, "event-1")


def test_the_ledger_itself_refuses_to_book_a_source_twice(
    session: Session, shop: Shop, by: By, campaigns: tuple[Campaign, Campaign]
) -> None:
    _visit(session, shop.customer().id, by.at, by, "event-1")
    entry = session.scalars(select(LedgerEntry)).first()
    assert entry is not None
    copied = {
        column.key: getattr(entry, column.key)
        for column in LedgerEntry.__table__.columns
        if column.key not in {"id", "uuid"}
    }
    with pytest.raises(IntegrityError), session.begin_nested():
        session.add(LedgerEntry(uuid=uuid.uuid4(), **copied))


@pytest.mark.usefixtures("campaigns")
@pytest.mark.parametrize("state", [AccountState.ARCHIVED, AccountState.AWAITING_APPROVAL])
def test_a_closed_account_earns_nothing_for_that_visit_ever(
    session: Session, shop: Shop, by: By, state: AccountState
) -> None:
    customer = shop.customer()
    customers.set_state(session, customer, state, by)
    assert _visit(session, customer.id, by.at, by, "event-1") == VisitBooking(0, 0, ())
    customers.set_state(session, customer, AccountState.OPEN, by)
    assert _visit(session, customer.id, by.at, by, "event-1").earned == 0


def test_a_stopped_campaign_gives_nothing(
    session: Session, shop: Shop, by: By, campaigns: tuple[Campaign, Campaign]
) -> None:
    hourly, _ = campaigns
    services.set_campaign_active(session, hourly.id, False, by)
    services.set_campaign_active(session, hourly.id, False, by)
    assert _visit(session, shop.customer().id, by.at, by).earned == 1
    assert len(audit.entries_about(session, f"campaign:{hourly.id}")) == 2
    with pytest.raises(NotFound):
        services.set_campaign_active(session, 999, True, by)


@pytest.mark.usefixtures("campaigns")
def test_what_was_booked_is_told_to_the_kiosks_and_nothing_else_is(
    session: Session, shop: Shop, by: By
) -> None:
    customer = shop.customer()
    session.execute(delete(FeedItem))
    _visit(session, customer.id, by.at, by, "event-1")
    told = [(each.kind, each.ref) for each in session.scalars(select(FeedItem))]
    assert set(told) == {(FeedKind.CUSTOMER, str(customer.id))}
    session.execute(delete(FeedItem))
    _visit(session, customer.id, by.at, by, "event-1")
    assert session.scalars(select(FeedItem)).all() == []


@pytest.mark.parametrize(
    ("points", "cooling_off", "names"),
    [(0, 0, "points"), (1_000_001, 0, "points"), (1, -1, "cooling"), (1, 10**9, "cooling")],
)
def test_a_campaign_s_terms_have_bounds(
    session: Session, by: By, points: int, cooling_off: int, names: str
) -> None:
    with pytest.raises(InvalidValue, match=names):
        services.create_campaign(
            session, name="Hourly", points=points, cooling_off_seconds=cooling_off, by=by
        )


@pytest.mark.usefixtures("campaigns")
def test_campaigns_have_names_of_their_own(session: Session, by: By) -> None:
    with pytest.raises(NameTaken):
        services.create_campaign(session, name="Hourly", points=1, cooling_off_seconds=0, by=by)
    assert [each.name for each in services.campaigns(session)] == ["Hourly", "Every visit"]


def test_points_are_given_and_taken_by_hand_with_a_reason(session: Session, shop: Shop, by: By) -> None:
    customer = shop.customer()
    services.adjust_points(session, customer.id, 10, by, note="Sorry for the wait")
    services.adjust_points(session, customer.id, -4, by, note="Booked twice")
    entries = services.entries_of(session, customer.id)
    assert [(each.points, each.note) for each in entries] == [
        (10, "Sorry for the wait"),
        (-4, "Booked twice"),
    ]
    assert services.point_balance(session, customer.id) == 6
    trail = audit.entries_about(session, f"customer:{customer.id}")
    assert [each.after.get("balance") for each in trail[1:]] == [10, 6]


def test_a_balance_does_not_fall_below_zero(session: Session, shop: Shop, by: By) -> None:
    customer = shop.customer()
    services.adjust_points(session, customer.id, 3, by, note="Welcome")
    with pytest.raises(NotEnoughPoints, match="3 points"):
        services.adjust_points(session, customer.id, -4, by, note="Too many")
    assert services.point_balance(session, customer.id) == 3
    assert len(services.entries_of(session, customer.id)) == 1


@pytest.mark.parametrize(("points", "note"), [(0, "Why"), (1_000_001, "Why"), (-1_000_001, "Why"), (1, " ")])
def test_an_adjustment_needs_points_and_a_reason(
    session: Session, shop: Shop, by: By, points: int, note: str
) -> None:
    with pytest.raises(InvalidValue):
        services.adjust_points(session, shop.customer().id, points, by, note=note)


def test_one_request_adjusts_once(session: Session, shop: Shop, by: By) -> None:
    customer, request = shop.customer(), uuid.uuid4()
    first = services.adjust_points(session, customer.id, 3, by, note="Welcome", request=request)
    again = services.adjust_points(session, customer.id, 3, by, note="Welcome", request=request)
    assert first is again
    with pytest.raises(Conflict):
        services.adjust_points(session, customer.id, 4, by, note="Welcome", request=request)


def test_points_are_only_a_customer_s(session: Session, by: By) -> None:
    with pytest.raises(NotFound):
        services.adjust_points(session, 999, 1, by, note="Whose?")
    with pytest.raises(NotFound):
        _visit(session, 999, by.at, by)
    assert services.point_balances(session, [999]) == {}


def test_entries_are_listed_after_the_last_one_seen(session: Session, shop: Shop, by: By) -> None:
    customer = shop.customer()
    made = [services.adjust_points(session, customer.id, 1, by, note="One").id for _ in range(5)]
    page = services.entries_of(session, customer.id, after=made[1], limit=2)
    assert [each.id for each in page] == made[2:4]


def test_a_balance_that_differs_from_its_entries_is_found(session: Session, shop: Shop, by: By) -> None:
    customer = shop.customer()
    services.adjust_points(session, customer.id, 3, by, note="Welcome")
    assert services.verify(session) == []
    session.get_one(PointBalance, customer.id).points = 5
    session.flush()
    assert services.verify(session) == [Mismatch(customer.id, balance=5, booked=3)]


def test_entries_are_never_changed_nor_removed(database: Database, by: By) -> None:
    with database.transaction() as session:
        customer_id = Shop(session, by).customer().id
        services.adjust_points(session, customer_id, 3, by, note="Welcome")
    with pytest.raises(LedgerChanged), database.transaction() as session:
        services.entries_of(session, customer_id)[0].points = 300
    with pytest.raises(LedgerChanged), database.transaction() as session:
        session.delete(services.entries_of(session, customer_id)[0])
    with database.reading() as session:
        assert [each.points for each in services.entries_of(session, customer_id)] == [3]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.integers(-20, 30).filter(bool), max_size=12))
def test_whatever_is_asked_the_balance_is_the_sum_and_not_below_zero(
    session: Session, shop: Shop, by: By, asked: list[int]
) -> None:
    customer = shop.customer()
    expected = 0
    for points in asked:
        if expected + points >= 0:
            services.adjust_points(session, customer.id, points, by, note="Test")
            expected += points
        else:
            with pytest.raises(NotEnoughPoints):
                services.adjust_points(session, customer.id, points, by, note="Test")
    assert services.point_balance(session, customer.id) == expected
    assert services.verify(session) == []


def test_of_visits_booked_at_the_same_moment_one_counts(database: Database, by: By) -> None:
    with database.transaction() as session:
        customer_id = Shop(session, by).customer().id
        services.create_campaign(session, name="Hourly", points=5, cooling_off_seconds=3600, by=by)

    def book() -> None:
        with database.transaction() as session:
            _visit(session, customer_id, by.at, by)

    workers = [threading.Thread(target=book) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    with database.reading() as session:
        assert services.point_balance(session, customer_id) == 5
        assert services.verify(session) == []

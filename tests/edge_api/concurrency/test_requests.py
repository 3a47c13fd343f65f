"""Several web processes answer at once: what is asked once happens once, and nothing falls below zero."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from edge_api.accounts.tokens import create_token
from edge_api.app import Surface, create_app
from edge_api.audit import By
from edge_api.config import Config
from edge_api.customers.models import Customer
from edge_api.db import Database
from edge_api.loyalty import services as loyalty
from edge_api.loyalty.errors import NotEnoughPoints
from edge_api.rest.models import StoredAnswer
from edge_api.roles import Role
from tests.edge_api.concurrency.conftest import Another
from tests.edge_api.concurrency.crowd import at_once
from tests.edge_api.rest.conftest import Api
from tests.factories.edge import Shop
from tests.fakes.clock import FixedClock

PROCESSES = 6


@pytest.fixture
def webs(config: Config, database: Database, another: Another, clock: FixedClock, by: By) -> list[Api]:
    """The same program's way to several web processes."""
    with database.transaction() as session:
        token = create_token(session, Shop(session, by).user(), name="till", role=Role.OWNER, by=by)[1]
    apps = [create_app(config, another(), clock, Surface.BACK_OFFICE) for _ in range(PROCESSES)]
    return [Api(app.test_client(), token) for app in apps]


@pytest.fixture
def customer(database: Database, by: By) -> Customer:
    with database.transaction() as session:
        return Shop(session, by).customer()


def _from_all(webs: list[Api], ask: Callable[[Api], TestResponse]) -> list[TestResponse]:
    return at_once(*(partial(ask, web) for web in webs))


def _count(database: Database, what: type[Customer] | type[StoredAnswer]) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(what)) or 0


def _points(database: Database, customer: Customer) -> int:
    with database.reading() as session:
        assert loyalty.verify(session) == []
        return loyalty.point_balance(session, customer.id)


def test_a_request_that_comes_to_all_processes_at_once_is_done_once(
    webs: list[Api], database: Database
) -> None:
    def ask(web: Api) -> TestResponse:
        return web.post("/customers", {"first_name": "Anna"}, key="k1")

    first = _from_all(webs, ask)
    # Who comes while it is being answered is told so, and gets the answer when asking again.
    assert {each.status_code for each in first} <= {201, 409}
    assert {each.get_json()["type"].rpartition(":")[2] for each in first if each.status_code == 409} <= {
        "idempotency-in-flight"
    }
    assert len({each.data for each in [*first, *_from_all(webs, ask)] if each.status_code == 201}) == 1
    assert {each.status_code for each in _from_all(webs, ask)} == {201}
    assert (_count(database, Customer), _count(database, StoredAnswer)) == (1, 1)


def test_points_that_are_given_by_all_processes_at_once_under_one_key_are_given_once(
    webs: list[Api], database: Database, customer: Customer
) -> None:
    def ask(web: Api) -> TestResponse:
        return web.post(f"/customers/{customer.uuid}/points", {"points": 5, "note": "Hello"}, key="k1")

    for _ in range(3):
        _from_all(webs, ask)
    assert _points(database, customer) == 5


def test_points_that_are_given_and_taken_at_once_are_never_below_zero(
    webs: list[Api], database: Database, customer: Customer
) -> None:
    def ask(web: Api, points: int, key: str) -> int:
        body = {"points": points, "note": "Test"}
        answer = web.post(f"/customers/{customer.uuid}/points", body, key=key)
        return points if answer.status_code == 201 else 0

    def many(web: Api, place: int) -> list[int]:
        points = (7, -3, -5) if place % 2 else (-5, -3, 7)
        return [ask(web, each, f"{place}-{turn}-{each}") for turn in range(3) for each in points]

    booked = at_once(*(partial(many, web, place) for place, web in enumerate(webs)))
    assert all(7 in each for each in booked)
    assert _points(database, customer) == sum(map(sum, booked)) >= 0


def test_visits_and_corrections_by_hand_at_the_same_moment_add_up(
    database: Database, another: Another, by: By, customer: Customer
) -> None:
    with database.transaction() as session:
        loyalty.create_campaign(session, name="Visit", points=3, cooling_off_seconds=0, by=by)

    def visit(mine: Database, ref: str) -> int:
        with mine.transaction() as session:
            booking = loyalty.book_visit(session, customer_id=customer.id, at=by.at, source_ref=ref, by=by)
            return booking.earned

    def take(mine: Database) -> int:
        try:
            with mine.transaction() as session:
                return loyalty.adjust_points(session, customer.id, -4, by, note="Correction").points
        except NotEnoughPoints:
            return 0

    visits = [partial(visit, another(), f"event-{each}") for each in range(5)]
    booked = at_once(*visits, *(partial(take, another()) for _ in range(5)))
    assert booked[:5] == [3] * 5
    assert _points(database, customer) == sum(booked) >= 0

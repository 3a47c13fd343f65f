"""Under an Idempotency-Key each request is done once and answered the same again."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from edge_api import audit
from edge_api.accounts.models import ApiToken
from edge_api.audit import AuditEntry, Origin
from edge_api.customers.models import Customer
from edge_api.db import Database
from edge_api.errors import Refused
from edge_api.rest import answers
from edge_api.rest.answers import Answer, Asked, Claim
from edge_api.rest.errors import KeyInFlight, KeyMismatch
from edge_api.roles import Role
from tests.edge_api.rest.conftest import Api
from tests.fakes.clock import FixedClock

ANNA = {"first_name": "Anna", "email": "anna@example.nl"}
_ENTRY: dict[str, Any] = {
    "actor": "token:1",
    "origin": Origin.API,
    "place": "",
    "action": "slow.work",
    "subject": "slow:1",
    "before": {},
    "after": {},
}
DONE = Answer(201, "application/json", b"{}")


def _customers(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count(Customer.id))) or 0


def test_the_same_request_again_gets_the_same_answer_and_does_nothing(api: Api, database: Database) -> None:
    first = api.post("/customers", ANNA, key="k1")
    again = api.post("/customers", ANNA, key="k1")
    assert (again.status_code, again.data, again.content_type) == (201, first.data, first.content_type)
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert _customers(database) == 1


def test_points_are_given_once_however_often_it_is_sent(api: Api) -> None:
    path = f"/customers/{api.post('/customers', ANNA).get_json()['uuid']}/points"
    for _ in range(3):
        assert api.post(path, {"points": 5, "note": "Welcome"}, key="k1").get_json()["balance"] == 5
    assert api.get(path).get_json() == {"points": 5}


def test_points_are_not_given_without_a_key(api: Api) -> None:
    path = f"/customers/{api.post('/customers', ANNA).get_json()['uuid']}/points"
    answer = api.post(path, {"points": 5, "note": "Welcome"})
    assert answer.status_code == 400
    assert answer.get_json()["type"].endswith(":idempotency-key-missing")
    assert api.get(path).get_json() == {"points": 0}


def test_the_same_key_with_another_body_or_path_is_refused(api: Api, database: Database) -> None:
    api.post("/customers", ANNA, key="k1")
    for path, body in (("/customers", {"first_name": "Bram"}), ("/customers?x=1", ANNA)):
        answer = api.post(path, body, key="k1")
        assert answer.status_code == 422
        assert answer.get_json()["type"].endswith(":idempotency-mismatch")
    assert _customers(database) == 1


def test_keys_are_each_token_s_own(api: Api, tokens: dict[Role, str], database: Database) -> None:
    api.post("/customers", {"first_name": "Anna"}, key="k1")
    Api(api.client, tokens[Role.STAFF]).post("/customers", {"first_name": "Anna"}, key="k1")
    assert _customers(database) == 2


def test_a_refusal_is_answered_the_same_again(api: Api) -> None:
    api.post("/customers", ANNA)
    first = api.post("/customers", ANNA, key="k1")
    again = api.post("/customers", ANNA, key="k1")
    assert (first.status_code, again.status_code) == (409, 409)
    assert again.data == first.data
    assert again.headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 256])
def test_a_key_that_is_none_is_refused(api: Api, key: str) -> None:
    assert api.post("/customers", ANNA, key=key).status_code == 422


@pytest.fixture
def asked(database: Database, tokens: dict[Role, str]) -> Asked:
    assert tokens
    with database.reading() as session:
        return Asked(session.scalars(select(ApiToken.id)).first() or 0, "k1", bytes(32))


def _claim(database: Database, asked: Asked, clock: FixedClock) -> Claim:
    with database.transaction() as session:
        held = answers.claim(session, asked, clock.now())
    assert isinstance(held, Claim)
    return held


def test_while_one_is_answering_another_is_told_to_wait(
    database: Database, clock: FixedClock, asked: Asked
) -> None:
    _claim(database, asked, clock)
    with pytest.raises(KeyInFlight), database.transaction() as session:
        answers.claim(session, asked, clock.now())
    other = Asked(asked.token_id, asked.key, bytes([1] * 32))
    with pytest.raises(KeyMismatch), database.transaction() as session:
        answers.claim(session, other, clock.now())


def test_a_claim_whose_holder_died_is_taken_over_and_then_worth_nothing(
    database: Database, clock: FixedClock, asked: Asked
) -> None:
    dead = _claim(database, asked, clock)
    clock.forward(answers.ABANDONED_AFTER)
    held = _claim(database, asked, clock)
    with pytest.raises(KeyInFlight), database.transaction() as session:
        answers.keep(session, dead, DONE)
    with database.transaction() as session:
        answers.give_up(session, dead)
        answers.keep(session, held, DONE)
    with database.transaction() as session:
        assert answers.claim(session, asked, clock.now()) == DONE


def test_after_a_fault_of_ours_the_key_can_be_used_again(
    database: Database, clock: FixedClock, asked: Asked
) -> None:
    def failing(session: Session) -> Answer:
        raise RuntimeError("the cupboard is bare")

    with pytest.raises(RuntimeError):
        answers.answer_once(database, clock, asked, failing)
    assert answers.answer_once(database, clock, asked, lambda _: DONE) == (DONE, False)
    assert answers.answer_once(database, clock, asked, failing) == (DONE, True)


def test_work_that_outlasts_its_claim_is_undone(database: Database, clock: FixedClock, asked: Asked) -> None:
    def slow(session: Session) -> Answer:
        clock.forward(answers.ABANDONED_AFTER)
        _claim(database, asked, clock)
        session.add(AuditEntry(**_ENTRY, at=clock.now()))
        return DONE

    with pytest.raises(KeyInFlight):
        answers.answer_once(database, clock, asked, slow)
    with database.reading() as session:
        assert audit.entries_about(session, _ENTRY["subject"]) == []
    with pytest.raises(KeyInFlight), database.transaction() as session:
        answers.claim(session, asked, clock.now())


def test_what_is_refused_leaves_nothing_but_the_answer(
    database: Database, clock: FixedClock, asked: Asked
) -> None:
    def refused(session: Session) -> Answer:
        token = session.get_one(ApiToken, asked.token_id)
        token.name = "changed"
        session.flush()
        raise Refused("not on Sundays")

    with pytest.raises(Refused):
        answers.answer_once(database, clock, asked, refused)
    kept, old = answers.answer_once(database, clock, asked, refused)
    assert old
    assert kept.status == 409
    assert b"not on Sundays" in kept.body
    with database.reading() as session:
        assert session.get_one(ApiToken, asked.token_id).name != "changed"


def test_answers_are_forgotten_after_a_week(database: Database, clock: FixedClock, asked: Asked) -> None:
    answers.answer_once(database, clock, asked, lambda _: DONE)
    with database.transaction() as session:
        answers.forget_answers(session, clock.forward(answers.KEPT))
    assert answers.answer_once(database, clock, asked, lambda _: DONE)[1]
    with database.transaction() as session:
        answers.forget_answers(session, clock.forward(timedelta(seconds=1)))
    assert not answers.answer_once(database, clock, asked, lambda _: DONE)[1]

"""Customers: found, added, changed, and given what they are due."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from contracts.replica import AccountState
from edge_api import audit
from edge_api.accounts.models import User
from edge_api.audit import Origin
from edge_api.config import Language
from edge_api.customers.models import Customer
from edge_api.loyalty import services as loyalty
from edge_api.loyalty.models import CustomerReward, RewardState
from edge_api.roles import Role
from tests.edge_api.backoffice.office import Office, Visitor, said


@pytest.fixture
def sanne(office: Office) -> Customer:
    with office.shop() as shop:
        return shop.customer("Sanne", "sanne@winkel.example.nl")


@pytest.fixture
def coffee(office: Office) -> int:
    with office.shop() as shop:
        return loyalty.create_reward(shop.session, name="Free coffee", by=office.by()).id


def _points(office: Office, customer: Customer) -> int:
    with office.database.reading() as session:
        return loyalty.point_balance(session, customer.id)


def _held(office: Office, customer: Customer) -> list[CustomerReward]:
    with office.database.reading() as session:
        return [held for held, _ in loyalty.rewards_of(session, customer.id)]


def _kept(office: Office, customer: Customer) -> Customer:
    with office.database.reading() as session:
        return session.get_one(Customer, customer.id)


def test_a_list_is_searched_without_minding_case_and_accents(office: Office, staff: Visitor) -> None:
    with office.shop() as shop:
        for name in ("Zoë", "Chloé", "Jürgen"):
            shop.customer(name)
    assert "Zoë" in staff.text("/customers?q=ZOE")
    assert "Jürgen" not in staff.text("/customers?q=zoe")
    assert 'value="ZOE"' in staff.get("/customers?q=ZOE").text


def test_a_long_list_goes_on_where_the_page_before_ended(office: Office, staff: Visitor) -> None:
    with office.shop() as shop:
        made = [shop.customer(f"Person {number:03}").id for number in range(51)]
    first = staff.get("/customers?q=person")
    assert f'/customers?q=person&amp;after={made[49]}"' in first.text
    second = said(staff.get(f"/customers?q=person&after={made[49]}"))
    assert "Person 050" in second
    assert "Person 049" not in second
    assert "More customers" not in second


def test_staff_take_a_customer_in(office: Office, staff: Visitor) -> None:
    answer = staff.post(
        "/customers/new", first_name="Zoë", last_name="van 't Hoff", email="Zoe@x.nl", language="fr"
    )
    with office.database.reading() as session:
        made = session.scalars(select(Customer)).one()
        trail = audit.entries_about(session, f"customer:{made.id}")
    assert (answer.status_code, answer.location) == (303, f"/customers/{made.id}")
    assert (made.full_name, made.email, made.language) == ("Zoë van 't Hoff", "zoe@x.nl", Language.FR)
    assert (trail[0].actor, trail[0].origin) == (
        f"user:{staff.user.id if staff.user else 0}",
        Origin.BACK_OFFICE,
    )
    assert "Zoë van 't Hoff is a customer now" in staff.text(answer.location)


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"first_name": " "}, "first_name", "Takes 1 to 100 characters."),
        ({"first_name": "X", "email": "nope"}, "email", "must have an @"),
        ({"first_name": "X", "phone": "12"}, "phone", "Takes 6 to 30 digits"),
        ({"first_name": "X", "language": "tlh"}, "language", "Takes one of nl"),
        ({"first_name": "X", "email": "sanne@winkel.example.nl"}, "email", "Another customer has this"),
    ],
)
def test_what_cannot_be_taken_is_said_at_its_field_and_nothing_typed_is_lost(
    staff: Visitor, sanne: Customer, fields: dict[str, str], field: str, words: str
) -> None:
    answer = staff.post(
        "/customers/new", **{"email": "", "phone": "", "language": "nl", "last_name": "Typed", **fields}
    )
    assert answer.status_code in {409, 422}
    assert words in said(answer)
    assert f'aria-describedby="{field}-error' in answer.text
    assert 'value="Typed"' in answer.text


def test_details_are_changed_and_may_be_taken_away(office: Office, staff: Visitor, sanne: Customer) -> None:
    assert 'value="sanne@winkel.example.nl"' in staff.get(f"/customers/{sanne.id}/edit").text
    staff.post(
        f"/customers/{sanne.id}/edit", first_name="Susanne", email="", phone="+31 6 1234567", language="de"
    )
    kept = _kept(office, sanne)
    assert (kept.first_name, kept.email, kept.language) == ("Susanne", None, Language.DE)


def test_points_are_given_with_a_reason_that_the_ledger_shows(
    office: Office, staff: Visitor, sanne: Customer
) -> None:
    answer = staff.post(
        f"/customers/{sanne.id}/points", points="+25", note="Broken cup", request=uuid.uuid4()
    )
    assert answer.status_code == 303
    page = staff.text(answer.location)
    assert "+25 points are booked" in page
    assert "Broken cup User" in page
    assert _points(office, sanne) == 25


def test_a_form_that_is_sent_twice_is_booked_once(office: Office, staff: Visitor, sanne: Customer) -> None:
    request = uuid.uuid4()
    for _ in range(2):
        staff.post(f"/customers/{sanne.id}/points", points="25", note="Broken cup", request=request)
    assert _points(office, sanne) == 25


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (("-6", "Mistake"), "There are 5 points."),
        (("−6", "Mistake"), "There are 5 points."),
        (("0", "Nothing"), "Takes 1 to 1000000"),
        (("many", "Nothing"), "Takes a whole number."),
        (("1" * 13, "Nothing"), "Takes a whole number."),
        (("", "Nothing"), "Takes a whole number."),
        (("5", " "), "Takes 1 to 500 characters."),
    ],
)
def test_points_that_cannot_be_booked_change_nothing(
    office: Office, staff: Visitor, sanne: Customer, typed: tuple[str, str], words: str
) -> None:
    staff.post(f"/customers/{sanne.id}/points", points="5", note="To begin with", request=uuid.uuid4())
    points, note = typed
    answer = staff.post(f"/customers/{sanne.id}/points", points=points, note=note, request=uuid.uuid4())
    assert answer.status_code in {409, 422}
    assert words in said(answer)
    assert _points(office, sanne) == 5
    assert '<details class="fold" open>' in answer.text


def test_the_ledger_shows_the_balance_after_each_entry_and_goes_back_in_time(
    office: Office, staff: Visitor, sanne: Customer
) -> None:
    with office.shop() as shop:
        for number in range(1, 25):
            loyalty.adjust_points(shop.session, sanne.id, 1, office.by(), note=f"Entry no. {number:02}")
    first = staff.get(f"/customers/{sanne.id}")
    assert "Entry no. 24 User 1 +1 24" in said(first).replace("user:1", "User 1")
    assert "Entry no. 04" not in said(first)
    older = said(staff.get(f"/customers/{sanne.id}?before=5"))
    assert "Entry no. 04" in older
    assert "+1 4" in older


def test_a_reward_is_given_until_the_end_of_a_day_in_the_shop_s_zone(
    office: Office, staff: Visitor, sanne: Customer, coffee: int
) -> None:
    staff.post(f"/customers/{sanne.id}/rewards", reward=coffee, expires="2026-12-24")
    [held] = _held(office, sanne)
    assert held.expires_at == datetime(2026, 12, 24, 23, tzinfo=UTC)
    assert "Free coffee Ready to use" in staff.text(f"/customers/{sanne.id}")


def test_a_reward_may_be_without_end_and_may_be_taken_back(
    office: Office, staff: Visitor, sanne: Customer, coffee: int
) -> None:
    staff.post(f"/customers/{sanne.id}/rewards", reward=coffee, expires="")
    [held] = _held(office, sanne)
    assert held.expires_at is None
    assert staff.post(f"/customers/{sanne.id}/rewards/{held.uuid}/withdraw").status_code == 303
    assert _held(office, sanne)[0].state is RewardState.WITHDRAWN
    assert "Free coffee Withdrawn" in staff.text(f"/customers/{sanne.id}")


def test_a_used_reward_cannot_be_taken_back(
    office: Office, staff: Visitor, sanne: Customer, coffee: int
) -> None:
    with office.shop() as shop:
        held = loyalty.grant_reward(shop.session, sanne.id, coffee, office.by())
        loyalty.redeem_reward(shop.session, held.uuid, office.by())
    answer = staff.post(f"/customers/{sanne.id}/rewards/{held.uuid}/withdraw")
    assert answer.status_code == 409
    assert "The reward is redeemed" in said(answer)


@pytest.mark.parametrize("expires", ["2020-01-01", "tomorrow", "2026-02-30"])
def test_a_reward_takes_a_day_to_come(
    office: Office, staff: Visitor, sanne: Customer, coffee: int, expires: str
) -> None:
    answer = staff.post(f"/customers/{sanne.id}/rewards", reward=coffee, expires=expires)
    assert answer.status_code == 422
    assert _held(office, sanne) == []


def test_a_reward_that_does_not_exist_is_not_given(office: Office, staff: Visitor, sanne: Customer) -> None:
    assert staff.post(f"/customers/{sanne.id}/rewards", reward="77", expires="").status_code == 404
    assert staff.post(f"/customers/{sanne.id}/rewards/{uuid.uuid4()}/withdraw").status_code == 404


def test_managers_archive_and_reopen_and_staff_do_not(office: Office, sanne: Customer) -> None:
    manager, staff = office.signed_in(Role.MANAGER), office.signed_in(Role.STAFF)
    assert staff.post(f"/customers/{sanne.id}/state", state="archived").status_code == 403
    assert _kept(office, sanne).state is AccountState.OPEN
    manager.post(f"/customers/{sanne.id}/state", state="archived")
    assert _kept(office, sanne).state is AccountState.ARCHIVED
    assert "Open the account" in manager.text(f"/customers/{sanne.id}")
    manager.post(f"/customers/{sanne.id}/state", state="open")
    assert _kept(office, sanne).state is AccountState.OPEN


def test_a_person_s_page_has_their_cards_and_scans(office: Office, staff: Visitor, sanne: Customer) -> None:
    with office.shop() as shop:
        card, location = shop.card(), shop.location()
        card.customer_id, card.linked_at = sanne.id, office.clock.now()
    kiosk = office.floor.kiosk(location)
    office.floor.scan(kiosk, card.code, ago=timedelta(hours=1))
    page = staff.text(f"/customers/{sanne.id}")
    assert card.printed_id in page
    assert "came in late" in page
    assert "By the door" in page


def test_who_booked_is_told_by_name(office: Office, staff: Visitor, sanne: Customer) -> None:
    staff.post(f"/customers/{sanne.id}/points", points="1", note="Sorry", request=uuid.uuid4())
    with office.database.reading() as session:
        name = session.get_one(User, staff.user.id if staff.user else 0).name
    assert f"Sorry {name} +1" in staff.text(f"/customers/{sanne.id}")

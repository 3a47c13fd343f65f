"""Customers are kept tidy, found whatever the case and accents, and every change reaches the kiosks."""

import uuid
from dataclasses import replace

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from contracts.replica import AccountState
from edge_api import audit
from edge_api.audit import By
from edge_api.config import Language
from edge_api.customers import services
from edge_api.customers.services import CustomerDetails
from edge_api.errors import EmailTaken, InvalidValue, NotFound
from edge_api.feed import FeedItem, FeedKind
from tests.factories.edge import Shop

ZOE = CustomerDetails("  Zoë ", "Müller-Straße", "Zoe@Example.NL", "+31 (0)6 1234 5678", Language.DE)


def _queued(session: Session) -> list[tuple[FeedKind, str]]:
    return [(each.kind, each.ref) for each in session.scalars(select(FeedItem).order_by(FeedItem.id))]


def test_details_are_kept_tidy(session: Session, by: By) -> None:
    customer = services.create_customer(session, ZOE, by)
    assert services.details_of(customer) == CustomerDetails(
        "Zoë", "Müller-Straße", "zoe@example.nl", "+31 (0)6 1234 5678", Language.DE
    )
    assert customer.state is AccountState.OPEN
    assert customer.full_name == "Zoë Müller-Straße"


def test_a_new_customer_is_told_to_the_kiosks_and_to_the_trail(session: Session, by: By) -> None:
    customer = services.create_customer(session, ZOE, by)
    assert _queued(session) == [(FeedKind.CUSTOMER, str(customer.id))]
    assert [each.action for each in audit.entries_about(session, f"customer:{customer.id}")] == [
        "customer.created"
    ]


def test_only_what_changed_stands_in_the_trail(session: Session, by: By) -> None:
    customer = services.create_customer(session, ZOE, by)
    changed = replace(services.details_of(customer), language=Language.FR)
    services.update_customer(session, customer, changed, by)
    entry = audit.entries_about(session, f"customer:{customer.id}")[-1]
    assert (entry.before, entry.after) == ({"language": "de"}, {"language": "fr"})
    assert len(_queued(session)) == 2


def test_an_update_that_changes_nothing_does_nothing(session: Session, by: By) -> None:
    customer = services.create_customer(session, ZOE, by)
    session.execute(delete(FeedItem))
    services.update_customer(session, customer, services.details_of(customer), by)
    services.set_state(session, customer, AccountState.OPEN, by)
    assert _queued(session) == []


@pytest.mark.parametrize(
    ("details", "names"),
    [
        (CustomerDetails(" "), "first_name"),
        (CustomerDetails("x" * 101), "first_name"),
        (CustomerDetails("Eve\nAdmin"), "first_name"),
        (CustomerDetails("Eve", email="eve@"), "email"),
        (CustomerDetails("Eve", phone="call me"), "phone"),
    ],
)
def test_what_cannot_be_taken_is_refused_by_name(
    session: Session, by: By, details: CustomerDetails, names: str
) -> None:
    with pytest.raises(InvalidValue, match=names):
        services.create_customer(session, details, by)


def test_an_e_mail_is_one_customer_s_and_the_transaction_goes_on_after_a_refusal(
    session: Session, shop: Shop, by: By
) -> None:
    first, second = shop.customer(email="a@example.nl"), shop.customer(email="b@example.nl")
    with pytest.raises(EmailTaken):
        shop.customer(email="A@example.nl")
    taken = replace(services.details_of(second), email="a@example.nl")
    with pytest.raises(EmailTaken):
        services.update_customer(session, second, taken, by)
    assert second.email == "b@example.nl"
    assert services.find_by_email(session, " A@EXAMPLE.nl") is first
    assert services.find_by_email(session, "c@example.nl") is None


def test_many_customers_may_have_no_e_mail(session: Session, shop: Shop) -> None:
    assert shop.customer().id != shop.customer().id


def test_archiving_is_told_to_the_kiosks(session: Session, shop: Shop, by: By) -> None:
    customer = shop.customer()
    session.execute(delete(FeedItem))
    services.set_state(session, customer, AccountState.ARCHIVED, by)
    assert _queued(session) == [(FeedKind.CUSTOMER, str(customer.id))]


@pytest.mark.parametrize(
    "words", ["zoe", "ZOË mull", "strasse", "example.nl zoe", "612345678", "1234 5678", "straße"]
)
def test_every_word_is_found_in_name_e_mail_and_phone(
    session: Session, shop: Shop, by: By, words: str
) -> None:
    shop.customer("Bram")
    customer = services.create_customer(session, ZOE, by)
    assert services.search(session, words) == [customer]


@pytest.mark.parametrize("words", ["zoe bram", "%", "_", "z%e"])
def test_what_fits_nobody_finds_nobody(session: Session, shop: Shop, by: By, words: str) -> None:
    shop.customer("Bram")
    services.create_customer(session, ZOE, by)
    assert services.search(session, words) == []


def test_a_list_goes_on_after_the_last_one_seen(session: Session, shop: Shop) -> None:
    everybody = [shop.customer(f"Customer {each}").id for each in range(5)]
    seen: list[int] = []
    while page := services.search(session, after=seen[-1] if seen else 0, limit=2):
        seen += [each.id for each in page]
    assert seen == everybody


def test_a_customer_is_found_by_either_id(session: Session, shop: Shop) -> None:
    customer = shop.customer()
    assert services.get_customer(session, customer.id) is customer
    assert services.get_by_uuid(session, customer.uuid) is customer
    with pytest.raises(NotFound):
        services.get_customer(session, 999)
    with pytest.raises(NotFound):
        services.get_by_uuid(session, uuid.uuid4())

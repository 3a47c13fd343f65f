"""A card's life: whose it is, whether it holds, and that every step is told."""

from uuid import uuid4

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from contracts.card_code import printed_id
from contracts.errors import InvalidCardCode
from contracts.replica import AccountState
from edge_api import audit
from edge_api.audit import By, Origin
from edge_api.cards import services
from edge_api.cards.errors import CardAlreadyLinked, CardRevoked
from edge_api.cards.models import Step
from edge_api.customers import services as customers
from edge_api.errors import NotFound, Refused
from edge_api.feed import FeedItem, FeedKind
from tests.factories.edge import Shop
from tests.fakes.clock import FixedClock


def _forget_queue(session: Session) -> None:
    session.flush()
    session.execute(delete(FeedItem))


def _queued(session: Session) -> list[tuple[FeedKind, str]]:
    return [(each.kind, each.ref) for each in session.scalars(select(FeedItem).order_by(FeedItem.id))]


def test_a_linked_card_is_the_customer_s(session: Session, shop: Shop, by: By) -> None:
    card, customer = shop.card(), shop.customer()
    services.link_card(session, card.id, customer.id, by)
    assert services.cards_of_customer(session, customer.id) == [card]
    assert card.linked_at == by.at


def test_linking_it_to_the_same_customer_again_does_nothing(session: Session, shop: Shop, by: By) -> None:
    card, customer = shop.card(), shop.customer()
    services.link_card(session, card.id, customer.id, by)
    _forget_queue(session)
    services.link_card(session, card.id, customer.id, by)
    assert _queued(session) == []
    assert [each.step for each in services.life_of(session, card)] == [Step.MADE, Step.LINKED]


def test_a_card_of_one_customer_is_not_linked_to_another(session: Session, shop: Shop, by: By) -> None:
    card, first, second = shop.card(), shop.customer(), shop.customer()
    services.link_card(session, card.id, first.id, by)
    with pytest.raises(CardAlreadyLinked):
        services.link_card(session, card.id, second.id, by)
    assert card.customer_id == first.id


def test_a_withdrawn_card_is_not_linked(session: Session, shop: Shop, by: By) -> None:
    card, customer = shop.card(), shop.customer()
    services.revoke_card(session, card.id, by)
    with pytest.raises(CardRevoked):
        services.link_card(session, card.id, customer.id, by)
    services.unrevoke_card(session, card.id, by)
    assert services.link_card(session, card.id, customer.id, by).customer_id == customer.id


def test_an_archived_customer_gets_no_card(session: Session, shop: Shop, by: By) -> None:
    card, customer = shop.card(), shop.customer()
    customers.set_state(session, customer, AccountState.ARCHIVED, by)
    with pytest.raises(Refused, match="archived"):
        services.link_card(session, card.id, customer.id, by)


def test_an_unlinked_card_can_be_another_s(session: Session, shop: Shop, by: By) -> None:
    card, first, second = shop.card(), shop.customer(), shop.customer()
    services.link_card(session, card.id, first.id, by)
    services.unlink_card(session, card.id, by)
    assert (card.customer_id, card.linked_at) == (None, None)
    services.link_card(session, card.id, second.id, by)
    assert services.cards_of_customer(session, first.id) == []


def test_a_withdrawn_card_stays_its_customer_s(session: Session, shop: Shop, by: By) -> None:
    card, customer = shop.card(), shop.customer()
    services.link_card(session, card.id, customer.id, by)
    services.revoke_card(session, card.id, by)
    assert services.cards_of_customer(session, customer.id) == [card]
    assert [card.is_revoked, services.unrevoke_card(session, card.id, by).is_revoked] == [True, False]
    assert card.customer_id == customer.id


def test_each_step_is_told_once_to_the_kiosks_the_trail_and_the_card_s_life(
    session: Session, shop: Shop, clock: FixedClock
) -> None:
    card, customer = shop.card(), shop.customer()
    _forget_queue(session)
    by = By("kiosk:k-1", Origin.KIOSK, clock.now(), "k-1")
    services.link_card(session, card.id, customer.id, by)
    for _ in range(2):
        services.revoke_card(session, card.id, by)
    for _ in range(2):
        services.unrevoke_card(session, card.id, by)
    for _ in range(2):
        services.unlink_card(session, card.id, by)
    steps = ["linked", "revoked", "un_revoked", "unlinked"]
    assert _queued(session) == [(FeedKind.CARD, str(card.id))] * 4
    trail = audit.entries_about(session, f"card:{card.id}")
    assert [each.action for each in trail] == [f"card.{step}" for step in steps]
    life = services.life_of(session, card)
    assert [each.step for each in life] == ["made", *steps]
    told = {(each.actor, each.origin, each.place, each.customer_id) for each in life[1:]}
    assert told == {("kiosk:k-1", Origin.KIOSK, "k-1", customer.id)}


def test_a_card_is_found_by_whatever_names_it(session: Session, shop: Shop) -> None:
    card, _ = shop.card(), shop.card()
    assert services.find_by_secret(session, card.secret) is card
    assert services.find_by_uuid(session, card.uuid) is card
    assert services.find_by_lookup(session, card.lookup) is card
    assert services.find_by_printed_id(session, card.printed_id) is card
    assert services.get_card(session, card.id) is card


def test_what_names_no_card_finds_none(session: Session, shop: Shop) -> None:
    shop.card()
    assert services.find_by_uuid(session, uuid4()) is None
    assert services.find_by_lookup(session, bytes(16)) is None
    assert services.find_by_printed_id(session, printed_id(4711)) is None


def test_a_mistyped_printed_id_is_refused(session: Session, shop: Shop) -> None:
    card = shop.card()
    wrong = card.printed_id[:-1] + str((int(card.printed_id[-1]) + 1) % 10)
    with pytest.raises(InvalidCardCode):
        services.find_by_printed_id(session, wrong)


def test_there_is_nothing_to_do_with_a_card_that_is_not_there(session: Session, shop: Shop, by: By) -> None:
    customer = shop.customer()
    for ask in (services.unlink_card, services.revoke_card, services.unrevoke_card):
        with pytest.raises(NotFound):
            ask(session, 999, by)
    with pytest.raises(NotFound):
        services.get_card(session, 999)
    with pytest.raises(NotFound):
        services.link_card(session, 999, customer.id, by)
    with pytest.raises(NotFound):
        services.link_card(session, shop.card().id, 999, by)

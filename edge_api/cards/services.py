"""Finding cards, and the steps of their lives: link, unlink, revoke, un-revoke."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts import card_code
from contracts.replica import AccountState
from edge_api import audit, feed
from edge_api.audit import By, Origin
from edge_api.cards.errors import CardAlreadyLinked, CardRevoked
from edge_api.cards.models import Card, CardEvent, Step
from edge_api.customers.services import get_customer
from edge_api.db import TO_CHANGE
from edge_api.errors import NotFound, Refused
from edge_api.feed import FeedKind


@dataclass(frozen=True, slots=True)
class LifeStep:
    """A step of a card's life as it is shown. Who made it is told by its batch."""

    step: Step
    at: datetime
    actor: str = ""
    origin: Origin | None = None
    place: str = ""
    customer_id: int | None = None


def link_card(session: Session, card_id: int, customer_id: int, by: By) -> Card:
    """Make the card the customer's; a card that is theirs already stays as it is.

    Raises:
        NotFound: there is no such card or customer.
        CardRevoked: the card was withdrawn.
        CardAlreadyLinked: it is another customer's.
        Refused: the customer's account is archived.
    """
    card = _locked(session, card_id)
    customer = get_customer(session, customer_id)
    if card.is_revoked:
        raise CardRevoked("a withdrawn card cannot be linked")
    if card.customer_id == customer.id:
        return card
    if card.customer_id is not None:
        raise CardAlreadyLinked("unlink the card from its customer first")
    if customer.state is AccountState.ARCHIVED:
        raise Refused("the customer's account is archived")
    card.customer_id, card.linked_at = customer.id, by.at
    _stepped(session, card, Step.LINKED, customer.id, by)
    return card


def unlink_card(session: Session, card_id: int, by: By) -> Card:
    """Make the card nobody's again; a card that is nobody's stays as it is.

    Raises:
        NotFound: there is no such card.
    """
    card = _locked(session, card_id)
    if card.customer_id is None:
        return card
    was, card.customer_id, card.linked_at = card.customer_id, None, None
    _stepped(session, card, Step.UNLINKED, was, by)
    return card


def revoke_card(session: Session, card_id: int, by: By) -> Card:
    """Withdraw the card, which stays its customer's; twice is once.

    Raises:
        NotFound: there is no such card.
    """
    card = _locked(session, card_id)
    if card.revoked_at is None:
        card.revoked_at = by.at
        _stepped(session, card, Step.REVOKED, card.customer_id, by)
    return card


def unrevoke_card(session: Session, card_id: int, by: By) -> Card:
    """Let a withdrawn card hold again; one that holds stays as it is.

    Raises:
        NotFound: there is no such card.
    """
    card = _locked(session, card_id)
    if card.revoked_at is not None:
        card.revoked_at = None
        _stepped(session, card, Step.UN_REVOKED, card.customer_id, by)
    return card


def get_card(session: Session, card_id: int) -> Card:
    """Return a card.

    Raises:
        NotFound: there is none.
    """
    card = session.get(Card, card_id)
    if card is None:
        raise NotFound("there is no such card")
    return card


def find_by_secret(session: Session, secret: bytes) -> Card | None:
    """Return the card with these 16 bytes, if there is one."""
    return session.scalars(select(Card).where(Card.secret == secret)).one_or_none()


def find_by_uuid(session: Session, uuid: UUID) -> Card | None:
    """Return the card with this UUID, which is its secret written otherwise."""
    return find_by_secret(session, uuid.bytes)


def find_by_lookup(session: Session, lookup: bytes) -> Card | None:
    """Return the card filed under this lookup (16 bytes), if there is one."""
    return session.scalars(select(Card).where(Card.lookup == lookup)).one_or_none()


def find_by_printed_id(session: Session, text: str) -> Card | None:
    """Return the card with this printed ID, if there is one.

    Raises:
        InvalidCardCode: the text is no printed ID.
    """
    number = card_code.parse_printed_id(text)
    return session.scalars(select(Card).where(Card.number == number)).one_or_none()


def cards_of_customer(session: Session, customer_id: int) -> Sequence[Card]:
    """Return a customer's cards, the withdrawn ones too."""
    return session.scalars(select(Card).where(Card.customer_id == customer_id).order_by(Card.number)).all()


def cards_of_batch(session: Session, batch_id: int, *, after: int = 0, limit: int = 50) -> Sequence[Card]:
    """Return a batch's cards after a number, by number."""
    query = select(Card).where(Card.batch_id == batch_id, Card.number > after)
    return session.scalars(query.order_by(Card.number).limit(limit)).all()


def life_of(session: Session, card: Card) -> list[LifeStep]:
    """Return the steps of a card's life, beginning with its making."""
    query = select(CardEvent).where(CardEvent.card_id == card.id).order_by(CardEvent.id)
    made = LifeStep(Step.MADE, card.created_at)
    return [made, *(_shown(event) for event in session.scalars(query))]


def _shown(event: CardEvent) -> LifeStep:
    return LifeStep(event.step, event.at, event.actor, event.origin, event.place, event.customer_id)


def _locked(session: Session, card_id: int) -> Card:
    query = select(Card).where(Card.id == card_id).with_for_update(**TO_CHANGE)
    card = session.scalars(query, execution_options={"populate_existing": True}).one_or_none()
    if card is None:
        raise NotFound("there is no such card")
    return card


def _stepped(session: Session, card: Card, step: Step, customer_id: int | None, by: By) -> None:
    session.add(
        CardEvent(
            card_id=card.id,
            step=step,
            at=by.at,
            actor=by.actor,
            origin=by.origin,
            place=by.place,
            customer_id=customer_id,
        )
    )
    audit.record(session, by, f"card.{step}", f"card:{card.id}", after={"customer": customer_id})
    feed.touch(session, FeedKind.CARD, card.id)
    session.flush()

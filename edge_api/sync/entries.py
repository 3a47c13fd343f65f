"""What a kiosk may know of each card: builds the entries that go into sealed rows, many at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.replica import AccountState, CustomerEntry, Entry, RevokedEntry, RewardLine, UnlinkedEntry
from edge_api.cards.models import Card
from edge_api.customers.models import Customer
from edge_api.loyalty import services as loyalty


@dataclass(frozen=True, slots=True)
class _Known:
    """What the entries of some cards are made from, by customer id."""

    customers: Mapping[int, Customer]
    points: Mapping[int, int]
    rewards: Mapping[int, tuple[RewardLine, ...]]


def entries_for(session: Session, cards: Iterable[Card], now: datetime) -> list[tuple[Card, Entry]]:
    """Return each card with its entry as of now, in a fixed number of queries."""
    listed = list(cards)
    known = _known(session, {card.customer_id for card in listed if card.customer_id is not None}, now)
    return [(card, _entry(card, known, now)) for card in listed]


def _entry(card: Card, known: _Known, now: datetime) -> Entry:
    if card.revoked_at is not None:
        return RevokedEntry(as_of=now)
    if card.customer_id is None:
        return UnlinkedEntry(as_of=now)
    customer = known.customers[card.customer_id]
    if customer.state is not AccountState.OPEN:
        # A closed account shows nothing, so its row holds nothing.
        return CustomerEntry(as_of=now, greeting_name="", language=customer.language, state=customer.state)
    return CustomerEntry(
        as_of=now,
        greeting_name=customer.first_name,
        language=customer.language,
        points=known.points.get(customer.id, 0),
        rewards=known.rewards.get(customer.id, ()),
    )


def _known(session: Session, customer_ids: set[int], now: datetime) -> _Known:
    if not customer_ids:
        return _Known({}, {}, {})
    customers = session.scalars(select(Customer).where(Customer.id.in_(customer_ids)))
    rewards: dict[int, tuple[RewardLine, ...]] = {}
    for customer_id, reward in loyalty.usable_rewards(session, customer_ids, now):
        rewards[customer_id] = (*rewards.get(customer_id, ()), reward)
    return _Known(
        {customer.id: customer for customer in customers},
        loyalty.point_balances(session, customer_ids),
        rewards,
    )

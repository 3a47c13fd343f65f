"""The other lists of the pages, each in a fixed number of queries however long it is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from contracts.card_code import parse_printed_id
from contracts.errors import InvalidCardCode
from edge_api import texts
from edge_api.accounts.models import Location, User
from edge_api.cards.models import Batch, Card, CardType
from edge_api.customers import services as customers
from edge_api.customers.models import Customer
from edge_api.fleet.models import Kiosk, KioskState
from edge_api.ingest.models import RejectedMessage, RejectReason
from edge_api.loyalty import services as loyalty
from edge_api.loyalty.models import Campaign, LedgerEntry

ONLINE_WITHIN = timedelta(seconds=150)
"""A kiosk tells its health once a minute; one that was silent for so long is not taken at its word."""


@dataclass(frozen=True, slots=True)
class CustomerLine:
    """A customer with what they have."""

    customer: Customer
    points: int
    cards: int


@dataclass(frozen=True, slots=True)
class BatchLine:
    """A batch with how its cards stand."""

    batch: Batch
    origin: str
    linked: int
    revoked: int
    free: int


@dataclass(frozen=True, slots=True)
class BookedLine:
    """A ledger entry with the campaign behind it, and the balance that it left."""

    entry: LedgerEntry
    campaign: str | None
    balance: int


def customer_lines(session: Session, words: str, *, after: int, limit: int) -> list[CustomerLine]:
    """Return the customers that match, with their points and how many cards they have."""
    found = customers.search(session, words, after=after, limit=limit)
    ids = [customer.id for customer in found]
    points = loyalty.point_balances(session, ids)
    query = select(Card.customer_id, func.count()).where(Card.customer_id.in_(ids)).group_by(Card.customer_id)
    cards = dict(session.execute(query).all())
    return [CustomerLine(each, points.get(each.id, 0), cards.get(each.id, 0)) for each in found]


def batch_lines(session: Session, card_type: CardType, *, before: int | None, limit: int) -> list[BatchLine]:
    """Return the batches of a card type, the newest first, with how their cards stand."""
    query = select(Batch, Location.name).join(Location, Location.id == Batch.origin_id)
    query = query.where(Batch.card_type == card_type)
    if before is not None:
        query = query.where(Batch.id < before)
    rows = session.execute(query.order_by(Batch.id.desc()).limit(limit)).all()
    counts = _counts(session, [batch.id for batch, _ in rows])
    return [BatchLine(batch, origin, *counts.get(batch.id, (0, 0, 0))) for batch, origin in rows]


def batches_by_type(session: Session) -> dict[CardType, int]:
    """Count the batches of each card type."""
    query = select(Batch.card_type, func.count()).group_by(Batch.card_type)
    return dict(session.execute(query).all())


def cards_in_batch(
    session: Session, batch_id: int, words: str, *, after: int, limit: int
) -> list[tuple[Card, Customer | None]]:
    """Return a batch's cards after a number, with their customers: all, or those that match.

    ``words`` are a printed ID, or parts of a customer's e-mail address or name.
    """
    query = select(Card, Customer).outerjoin(Customer, Customer.id == Card.customer_id)
    query = query.where(Card.batch_id == batch_id, Card.number > after)
    number = _number_of(words)
    if number is not None:
        query = query.where(Card.number == number)
    else:
        for word in texts.folded(words).split():
            query = query.where(Customer.search_key.contains(word, autoescape=True))
    return [(card, owner) for card, owner in session.execute(query.order_by(Card.number).limit(limit))]


def ledger_lines(session: Session, customer_id: int, *, before: int | None, limit: int) -> list[BookedLine]:
    """Return a customer's ledger, the newest entry first, with the balance after each."""
    total = func.sum(LedgerEntry.points).over(order_by=LedgerEntry.id)
    booked = (
        select(LedgerEntry.id, total.label("balance"))
        .where(LedgerEntry.customer_id == customer_id)
        .subquery()
    )
    query = (
        select(LedgerEntry, Campaign.name, booked.c.balance)
        .join(booked, booked.c.id == LedgerEntry.id)
        .outerjoin(Campaign, Campaign.id == LedgerEntry.campaign_id)
    )
    if before is not None:
        query = query.where(LedgerEntry.id < before)
    rows = session.execute(query.order_by(LedgerEntry.id.desc()).limit(limit))
    return [BookedLine(entry, campaign, int(balance)) for entry, campaign, balance in rows]


def rejected_messages(session: Session, limit: int) -> Sequence[RejectedMessage]:
    """Return what kiosks sent and was not accepted, what came last first."""
    return session.scalars(
        select(RejectedMessage).order_by(RejectedMessage.last_at.desc()).limit(limit)
    ).all()


def rejections_by_reason(session: Session, since: datetime | None = None) -> dict[RejectReason, int]:
    """Count the rejected messages of each reason, every time that one came."""
    query = select(RejectedMessage.reason, func.sum(RejectedMessage.count)).group_by(RejectedMessage.reason)
    if since is not None:
        query = query.where(RejectedMessage.last_at >= since)
    return {reason: int(count) for reason, count in session.execute(query)}


def is_online(kiosk: Kiosk, now: datetime) -> bool:
    """Tell whether a kiosk is connected, as far as we know: it says so, and was heard of lately."""
    heard = kiosk.seen_at is not None and now - kiosk.seen_at <= ONLINE_WITHIN
    return kiosk.state is KioskState.ACTIVE and kiosk.online and heard


def actor_names(session: Session, actors: Iterable[str]) -> dict[str, str]:
    """Return names for those of the actors (``user:3``, ``kiosk:k-…``) that have one."""
    kinds = {each: each.partition(":") for each in actors}
    users = [int(ref) for kind, _, ref in kinds.values() if kind == "user" and ref.isdecimal()]
    kiosks = [ref for kind, _, ref in kinds.values() if kind == "kiosk"]
    names = {
        f"user:{key}": name
        for key, name in session.execute(select(User.id, User.name).where(User.id.in_(users)))
    }
    query = select(Kiosk.id, Kiosk.name).where(Kiosk.id.in_(kiosks))
    return names | {f"kiosk:{key}": name for key, name in session.execute(query)}


def customers_named(session: Session, ids: Iterable[int]) -> dict[int, str]:
    """Return the customers' names."""
    query = select(Customer).where(Customer.id.in_(list(ids)))
    return {each.id: each.full_name for each in session.scalars(query)}


def _counts(session: Session, batch_ids: Sequence[int]) -> dict[int, tuple[int, int, int]]:
    """Return how many of each batch's cards are linked, revoked, and free."""
    free = case((Card.customer_id.is_(None) & Card.revoked_at.is_(None), 1), else_=0)
    query = (
        select(Card.batch_id, func.count(Card.customer_id), func.count(Card.revoked_at), func.sum(free))
        .where(Card.batch_id.in_(batch_ids))
        .group_by(Card.batch_id)
    )
    rows = session.execute(query)
    return {batch: (linked, revoked, int(free)) for batch, linked, revoked, free in rows}


def _number_of(words: str) -> int | None:
    try:
        return parse_printed_id(words)
    except InvalidCardCode:
        return None

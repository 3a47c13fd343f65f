"""The ledger: entries are only added, under the lock of the customer's balance, which always is their sum."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from edge_api import feed
from edge_api.audit import By
from edge_api.feed import FeedKind
from edge_api.loyalty.errors import NotEnoughPoints
from edge_api.loyalty.models import EntryReason, LedgerEntry, PointBalance, SourceKind


@dataclass(frozen=True, slots=True)
class Source:
    """What an entry comes from; with the campaign it is booked once."""

    kind: SourceKind
    ref: str

    def once(self, campaign_id: int | None) -> str:
        """The text that is unique in the ledger."""
        return f"{self.kind}/{self.ref}/{campaign_id or '-'}"


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A balance that is not the sum of its entries."""

    customer_id: int
    balance: int
    booked: int


def locked_balance(session: Session, customer_id: int) -> PointBalance:
    """Return the customer's balance, and let nobody else book for them until the transaction ends."""
    balance = _balance(session, customer_id)
    if balance is not None:
        return balance
    try:
        with session.begin_nested():
            session.add(PointBalance(customer_id=customer_id, points=0))
    except IntegrityError:
        # Somebody else booked this customer's first points at this moment; theirs is there now.
        pass
    found = _balance(session, customer_id)
    if found is None:
        raise LookupError("a balance that was just made is gone")
    return found


def lock_balances(session: Session, customer_ids: Iterable[int]) -> None:
    """Do what :func:`locked_balance` does for many customers, always in the same order.

    Whoever books for several in one transaction does this first. Two who locked them as they come, each
    in another order, would wait for each other in a circle.
    """
    wanted = sorted(set(customer_ids))
    query = select(PointBalance.customer_id).where(PointBalance.customer_id.in_(wanted))
    locked = set(session.scalars(query.order_by(PointBalance.customer_id).with_for_update()))
    for customer_id in wanted:
        if customer_id not in locked:
            locked_balance(session, customer_id)


def book(
    session: Session,
    balance: PointBalance,
    points: int,
    *,
    reason: EntryReason,
    source: Source,
    at: datetime,
    by: By,
    campaign_id: int | None = None,
    note: str = "",
) -> LedgerEntry:
    """Add an entry to the ledger of whose balance is locked.

    Raises:
        NotEnoughPoints: the balance would fall below zero.
    """
    if balance.points + points < 0:
        raise NotEnoughPoints(f"there are {balance.points} points")
    entry = LedgerEntry(
        uuid=uuid.uuid4(),
        customer_id=balance.customer_id,
        points=points,
        reason=reason,
        source_kind=source.kind,
        source_ref=source.ref,
        campaign_id=campaign_id,
        once=source.once(campaign_id),
        at=at,
        created_at=by.at,
        actor=by.actor,
        note=note,
    )
    session.add(entry)
    balance.points += points
    session.flush()
    feed.touch(session, FeedKind.CUSTOMER, balance.customer_id)
    return entry


def entry_once(session: Session, source: Source, campaign_id: int | None = None) -> LedgerEntry | None:
    """Return the entry that this source made already, if it did."""
    return session.scalars(
        select(LedgerEntry).where(LedgerEntry.once == source.once(campaign_id))
    ).one_or_none()


def point_balance(session: Session, customer_id: int) -> int:
    """Return a customer's points."""
    return point_balances(session, [customer_id]).get(customer_id, 0)


def point_balances(session: Session, customer_ids: Iterable[int]) -> dict[int, int]:
    """Return the points of those of the customers who ever had any."""
    query = select(PointBalance.customer_id, PointBalance.points).where(
        PointBalance.customer_id.in_(list(customer_ids))
    )
    return dict(session.execute(query).all())


def entries_of(
    session: Session, customer_id: int, *, after: int = 0, limit: int = 50
) -> Sequence[LedgerEntry]:
    """Return a customer's entries in the order they were booked."""
    query = select(LedgerEntry).where(LedgerEntry.customer_id == customer_id, LedgerEntry.id > after)
    return session.scalars(query.order_by(LedgerEntry.id).limit(limit)).all()


def verify(session: Session) -> list[Mismatch]:
    """Add up the whole ledger and return the balances that differ: always none."""
    booked = dict(
        session.execute(
            select(LedgerEntry.customer_id, func.sum(LedgerEntry.points)).group_by(LedgerEntry.customer_id)
        ).all()
    )
    kept = dict(session.execute(select(PointBalance.customer_id, PointBalance.points)).all())
    both = [
        (each, kept.get(each, 0), int(booked.get(each, 0))) for each in sorted(kept.keys() | booked.keys())
    ]
    return [Mismatch(*each) for each in both if each[1] != each[2]]


def _balance(session: Session, customer_id: int) -> PointBalance | None:
    query = select(PointBalance).where(PointBalance.customer_id == customer_id).with_for_update()
    return session.scalars(query, execution_options={"populate_existing": True}).one_or_none()

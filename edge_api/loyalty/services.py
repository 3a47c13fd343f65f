"""What other domains ask of loyalty: book a visit, adjust points, and what a customer has."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.replica import AccountState
from edge_api import audit, texts
from edge_api.audit import By
from edge_api.customers.services import get_customer
from edge_api.errors import Conflict, InvalidValue
from edge_api.loyalty import rules
from edge_api.loyalty.campaigns import (
    MOST_POINTS,
    active_terms,
    campaigns,
    create_campaign,
    set_campaign_active,
)
from edge_api.loyalty.ledger import (
    Source,
    book,
    entries_of,
    entry_once,
    lock_balances,
    locked_balance,
    point_balance,
    point_balances,
    verify,
)
from edge_api.loyalty.models import (
    Campaign,
    EntryReason,
    LedgerEntry,
    PointBalance,
    SourceKind,
    Visit,
)
from edge_api.loyalty.rewards import (
    create_reward,
    expire_rewards,
    grant_reward,
    redeem_reward,
    rewards,
    rewards_of,
    usable_rewards,
    withdraw_reward,
)
from edge_api.loyalty.rules import CampaignTerms

__all__ = [
    "CampaignEarning",
    "VisitBooking",
    "adjust_points",
    "book_visit",
    "campaigns",
    "create_campaign",
    "create_reward",
    "entries_of",
    "expire_rewards",
    "grant_reward",
    "lock_balances",
    "point_balance",
    "point_balances",
    "redeem_reward",
    "rewards",
    "rewards_of",
    "set_campaign_active",
    "usable_rewards",
    "verify",
    "withdraw_reward",
]


@dataclass(frozen=True, slots=True)
class CampaignEarning:
    """What one campaign gave for a visit."""

    campaign_id: int
    name: str
    points: int


@dataclass(frozen=True, slots=True)
class VisitBooking:
    """What a visit earned in all, the balance after it, and what each campaign gave."""

    earned: int
    balance: int
    per_campaign: tuple[CampaignEarning, ...]


def book_visit(session: Session, *, customer_id: int, at: datetime, source_ref: str, by: By) -> VisitBooking:
    """Book what a visit at ``at`` earns. ``source_ref`` (a scan event's id) is booked once.

    Asked again for the same source it books nothing and tells what it booked then. A customer whose
    account is not open earns nothing.

    Raises:
        NotFound: there is no such customer.
        Conflict: the source was another customer's visit.
    """
    customer = get_customer(session, customer_id)
    balance = locked_balance(session, customer.id)
    source = Source(SourceKind.SCAN, source_ref)
    seen = session.scalars(select(Visit).where(Visit.source_ref == source_ref)).one_or_none()
    if seen is not None and seen.customer_id != customer.id:
        raise Conflict("this visit was another customer's")
    if seen is None:
        session.add(Visit(customer_id=customer.id, at=at, source_ref=source_ref))
        if customer.state is AccountState.OPEN:
            _earn(session, balance, source, at=at, by=by)
    return _booking(session, balance, source)


def adjust_points(
    session: Session,
    customer_id: int,
    points: int,
    by: By,
    *,
    note: str,
    request: uuid.UUID | None = None,
) -> LedgerEntry:
    """Give or take points by hand, and say why. The same ``request`` is booked once.

    Raises:
        NotFound: there is no such customer.
        InvalidValue: the points (not 0, at most a million either way) or the note cannot be taken.
        NotEnoughPoints: the balance would fall below zero.
        Conflict: the same request was for something else.
    """
    if points == 0 or abs(points) > MOST_POINTS:
        raise InvalidValue(f"points: takes 1 to {MOST_POINTS}, or as many to take away")
    why = texts.name(note, "note", longest=500)
    balance = locked_balance(session, get_customer(session, customer_id).id)
    source = Source(SourceKind.REQUEST, str(request or uuid.uuid4()))
    if (booked := entry_once(session, source)) is not None:
        if (booked.customer_id, booked.points) != (customer_id, points):
            raise Conflict("this request was for something else")
        return booked
    entry = book(
        session, balance, points, reason=EntryReason.ADJUSTMENT, source=source, at=by.at, by=by, note=why
    )
    after = {"points": points, "balance": balance.points, "note": why}
    audit.record(session, by, "points.adjusted", f"customer:{customer_id}", after=after)
    return entry


def _earn(session: Session, balance: PointBalance, source: Source, *, at: datetime, by: By) -> None:
    for terms in _counting(session, balance.customer_id, at):
        book(
            session,
            balance,
            terms.points,
            reason=EntryReason.VISIT,
            source=source,
            at=at,
            by=by,
            campaign_id=terms.campaign_id,
        )


def _counting(session: Session, customer_id: int, at: datetime) -> Sequence[CampaignTerms]:
    terms = active_terms(session)
    reach = rules.longest_cooling_off(terms)
    query = (
        select(Campaign.id, LedgerEntry.at)
        .join(Campaign, Campaign.id == LedgerEntry.campaign_id)
        .where(
            LedgerEntry.customer_id == customer_id,
            Campaign.id.in_([each.campaign_id for each in terms]),
            LedgerEntry.at > at - reach,
            LedgerEntry.at < at + reach,
        )
    )
    booked: dict[int, list[datetime]] = defaultdict(list)
    for campaign_id, time in session.execute(query):
        booked[campaign_id].append(time)
    return rules.counting(terms, booked, at)


def _booking(session: Session, balance: PointBalance, source: Source) -> VisitBooking:
    query = (
        select(Campaign.id, Campaign.name, LedgerEntry.points)
        .join(Campaign, Campaign.id == LedgerEntry.campaign_id)
        .where(LedgerEntry.source_kind == source.kind, LedgerEntry.source_ref == source.ref)
        .order_by(LedgerEntry.id)
    )
    given = tuple(CampaignEarning(*row) for row in session.execute(query))
    return VisitBooking(sum(each.points for each in given), balance.points, given)

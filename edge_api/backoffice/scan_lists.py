"""Scans as pages list them: each with its customer, card, kiosk and location, in one query."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from contracts.card_code import printed_id
from contracts.events import OutcomeName
from edge_api.accounts.models import Location
from edge_api.cards.models import Card
from edge_api.customers.models import Customer
from edge_api.fleet.models import Kiosk
from edge_api.ingest.models import Scan

_OVERLAP = timedelta(seconds=10)
_OVERLAP_SCANS = 200
_LATE = timedelta(minutes=2)

_Query = Select[Scan, Location, str, Customer, int]


@dataclass(frozen=True, slots=True)
class ScanLine:
    """A scan as it is shown. Without a customer the card was nobody's, or the code none of ours."""

    id: int
    at: datetime
    received_at: datetime
    outcome: OutcomeName
    earned: int
    balance: int | None
    location: Location
    kiosk_id: str
    kiosk_name: str
    customer_id: int | None
    customer_name: str | None
    card_id: int | None
    printed_id: str | None

    @property
    def came_late(self) -> bool:
        """Whether the kiosk was offline, so that the scan came in long after it happened."""
        return self.received_at - self.at > _LATE


@dataclass(frozen=True, slots=True)
class Today:
    """What the day brought so far."""

    scans: int
    points: int
    visitors: int


def latest_scans(session: Session, limit: int) -> list[ScanLine]:
    """Return the scans that came in last, the newest first."""
    return _lines(session, _query().order_by(Scan.id.desc()).limit(limit))


def scans_after(session: Session, after: int, now: datetime, limit: int = 50) -> list[ScanLine]:
    """Return what came in after a scan, the oldest first; more than ``limit`` at once are not caught up with.

    Processes that take scans in may finish in another order than they began, so what came in within the last
    seconds is told again: whoever asks knows scans by their id.
    """
    near = Scan.id > after - _OVERLAP_SCANS
    newer = (Scan.id > after) | (Scan.received_at > now - _OVERLAP)
    return _lines(session, _query().where(near, newer).order_by(Scan.id.desc()).limit(limit))[::-1]


def scans_of_customer(session: Session, customer_id: int, limit: int) -> list[ScanLine]:
    """Return a customer's scans, the newest first."""
    query = _query().where(Scan.customer_id == customer_id)
    return _lines(session, query.order_by(Scan.at.desc(), Scan.id.desc()).limit(limit))


def scans_of_card(session: Session, card_id: int, limit: int) -> list[ScanLine]:
    """Return a card's scans, the newest first."""
    query = _query().where(Scan.card_id == card_id)
    return _lines(session, query.order_by(Scan.at.desc(), Scan.id.desc()).limit(limit))


def scans_of_kiosk(session: Session, kiosk_id: str, limit: int) -> list[ScanLine]:
    """Return what a kiosk reported last, the newest first."""
    query = _query().where(Scan.kiosk_id == kiosk_id)
    return _lines(session, query.order_by(Scan.id.desc()).limit(limit))


def since(session: Session, start: datetime) -> Today:
    """Count the scans, the points given and the different customers since ``start``."""
    query = select(
        func.count(Scan.id),
        func.coalesce(func.sum(Scan.points_earned), 0),
        func.count(Scan.customer_id.distinct()),
    ).where(Scan.at >= start)
    scans, points, visitors = session.execute(query).one()
    return Today(scans, int(points), visitors)


def _query() -> _Query:
    return (
        select(Scan, Location, Kiosk.name, Customer, Card.number)
        .join(Kiosk, Kiosk.id == Scan.kiosk_id)
        .join(Location, Location.id == Scan.location_id)
        .outerjoin(Customer, Customer.id == Scan.customer_id)
        .outerjoin(Card, Card.id == Scan.card_id)
    )


def _lines(session: Session, query: _Query) -> list[ScanLine]:
    return [_line(*row) for row in session.execute(query)]


def _line(
    scan: Scan, location: Location, kiosk_name: str, customer: Customer | None, number: int | None
) -> ScanLine:
    return ScanLine(
        id=scan.id,
        at=scan.at,
        received_at=scan.received_at,
        outcome=scan.outcome,
        earned=scan.points_earned,
        balance=scan.balance,
        location=location,
        kiosk_id=scan.kiosk_id,
        kiosk_name=kiosk_name,
        customer_id=scan.customer_id,
        customer_name=customer.full_name if customer else None,
        card_id=scan.card_id,
        printed_id=printed_id(number) if number else None,
    )

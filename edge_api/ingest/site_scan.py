"""What points of sale hear of a scan, on their location's own topic, after it is stored."""

from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from contracts.card_code import printed_id
from contracts.events import OutcomeName
from edge_api.accounts.models import Location
from edge_api.cards.models import Card
from edge_api.customers.models import Customer
from edge_api.ingest.models import Scan


class SiteScan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A scan for the location's point of sale. It carries ids to ask the REST API with, and no name."""

    event: UUID
    at: datetime
    location: str
    kiosk: str
    outcome: OutcomeName
    card: str | None = None
    customer: UUID | None = None
    points_earned: int = 0
    balance: int | None = None


def describe(session: Session, scan: Scan) -> SiteScan:
    """Return what to tell of a scan."""
    card = session.get(Card, scan.card_id) if scan.card_id else None
    customer = session.get(Customer, scan.customer_id) if scan.customer_id else None
    return SiteScan(
        event=scan.event_id,
        at=scan.at,
        location=session.get_one(Location, scan.location_id).slug,
        kiosk=scan.kiosk_id,
        outcome=scan.outcome,
        card=printed_id(card.number) if card else None,
        customer=customer.uuid if customer else None,
        points_earned=scan.points_earned,
        balance=scan.balance,
    )

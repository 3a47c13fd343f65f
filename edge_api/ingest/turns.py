"""Locking what a batch will change before it is taken in, always in the same order.

Several workers take batches in at the same moment, with the same kiosks and popular customers in each. If
they locked them as they come, two of them would sooner or later wait for each other in a circle.
"""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from common.mqtt import Message
from contracts.topics import Up, parse_up
from edge_api.cards.models import Card
from edge_api.db import TO_CHANGE
from edge_api.fleet.models import Kiosk
from edge_api.ingest.reading import lookup_of
from edge_api.loyalty.services import lock_balances


def take_turns(session: Session, messages: Iterable[Message]) -> None:
    """Let no other worker change what these messages do, until the transaction ends.

    That are the kiosks that say something of themselves, and the balances of the customers who are
    scanned. The messages' topics are kiosks'.
    """
    addressed = [(parse_up(message.topic), message.payload) for message in messages]
    lookups = {lookup_of(payload) for address, payload in addressed if address.kind is Up.EVENT}
    _lock_kiosks(session, {address.kiosk for address, _ in addressed if address.kind is not Up.EVENT})
    _lock_customers(session, lookups - {None})


def _lock_kiosks(session: Session, kiosk_ids: set[str]) -> None:
    if kiosk_ids:
        query = select(Kiosk.id).where(Kiosk.id.in_(kiosk_ids)).order_by(Kiosk.id)
        session.execute(query.with_for_update(**TO_CHANGE)).all()


def _lock_customers(session: Session, lookups: set[bytes | None]) -> None:
    if lookups:
        query = select(Card.customer_id).where(Card.lookup.in_(lookups), Card.customer_id.is_not(None))
        lock_balances(session, [each for each in session.scalars(query) if each is not None])

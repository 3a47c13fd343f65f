"""A kiosk, cards of every state, and the adapter between a broker and the database."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from common.mqtt import Message
from contracts.card_code import CardCode
from contracts.events import Ack, Event, encode
from contracts.settlements import Verdict
from contracts.topics import Down, Up, down, up
from edge_api.audit import By
from edge_api.cards import services as cards
from edge_api.cards.models import Card
from edge_api.config import Config
from edge_api.customers.models import Customer
from edge_api.db import Database
from edge_api.ingest.adapter import IngestAdapter, Mode
from edge_api.ingest.models import RejectedMessage, Scan
from edge_api.ingest.services import Ingest
from edge_api.loyalty import services as loyalty
from edge_api.sync.models import SettlementRow
from tests.factories.edge import Shop
from tests.factories.events import EventWriter
from tests.factories.fleet import active_kiosk
from tests.fakes.clock import FixedClock
from tests.fakes.wire import Wire


@dataclass
class Gate:
    """Where kiosks' messages come in."""

    config: Config
    database: Database
    clock: FixedClock
    by: By
    wire: Wire = field(default_factory=Wire)
    kiosk: str = ""
    at_broker: list[Message] = field(default_factory=list)
    """Messages that the broker was told are done with."""

    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.kiosk = active_kiosk(self.database, self.by).id
        self.writer = EventWriter(self.kiosk, self.config.site)
        self.adapter = self.new_adapter()
        self.do(lambda session, shop: _campaign(session, self.by))

    def new_adapter(self, mode: str = "share=ingest", database: Database | None = None) -> IngestAdapter:
        """Return another worker, on this line."""
        ingest = Ingest(self.config, self.clock)
        return IngestAdapter(Mode.parse(mode), ingest, database or self.database, self.clock, self.wire)

    def do(self, what: Callable[[Session, Shop], object]) -> None:
        """Change something, in a transaction of its own."""
        with self.database.transaction() as session:
            what(session, Shop(session, self.by, self.config.site, self._numbers))

    def card(self, *, customer: str | None = "Sanne") -> Card:
        """Make a card, and its customer."""
        with self.database.transaction() as session:
            shop = Shop(session, self.by, self.config.site, self._numbers)
            card = shop.card()
            if customer is not None:
                cards.link_card(session, card.id, shop.customer(customer).id, self.by)
        return card

    def scan(self, card: Card, **changed: object) -> Event:
        return self.writer.scan(CardCode(card.secret), self.clock.now(), **changed)

    def message(self, payload: bytes | Event, kind: Up = Up.EVENT, kiosk: str = "") -> Message:
        """Return what the broker hands over."""
        body = payload if isinstance(payload, bytes) else encode(payload)

        def done() -> None:
            self.at_broker.append(message)

        message = Message(up(kiosk or self.kiosk, kind), body, done)
        return message

    def work(self, *payloads: bytes | Event) -> None:
        """Have a batch taken in."""
        self.adapter.work([self.message(payload) for payload in payloads])

    def acknowledged(self, kiosk: str = "") -> list[tuple[int, int]]:
        """Return the ranges of seq that were acknowledged, and forget them."""
        acks = self.wire.heard(down(kiosk or self.kiosk, Down.ACK), Ack)
        return [pair for ack in acks for pair in ack.ranges]

    def scans(self) -> list[Scan]:
        with self.database.reading() as session:
            return list(session.scalars(select(Scan).order_by(Scan.id)))

    def rejected(self) -> list[RejectedMessage]:
        with self.database.reading() as session:
            return list(session.scalars(select(RejectedMessage).order_by(RejectedMessage.first_at)))

    def verdicts(self) -> list[tuple[Verdict, str]]:
        with self.database.reading() as session:
            rows = session.scalars(select(SettlementRow).order_by(SettlementRow.id))
            return [(row.verdict, row.reason) for row in rows]

    def points(self, card: Card) -> int:
        """Return the points of the card's customer."""
        with self.database.reading() as session:
            customer = session.get_one(Card, card.id).customer_id
            return loyalty.point_balance(session, customer) if customer is not None else 0

    def customer_of(self, session: Session, card: Card) -> Customer:
        return session.get_one(Customer, session.get_one(Card, card.id).customer_id)


def _campaign(session: Session, by: By) -> None:
    loyalty.create_campaign(session, name="Visits", points=10, cooling_off_seconds=0, by=by)


@pytest.fixture
def gate(config: Config, database: Database, clock: FixedClock, by: By) -> Gate:
    return Gate(config, database, clock, by)

"""A shop whose cards are sealed as the site seals them, two workers, and a line to listen on."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.card_code import CardCode
from contracts.replica import Entry, RowsPush, SealedRow
from contracts.sealing import derive, unseal
from contracts.topics import ROWS
from edge_api.audit import By
from edge_api.cards.models import Card
from edge_api.config import Config
from edge_api.db import Database
from edge_api.sync import services
from edge_api.sync.models import FeedState, PublishedRow
from edge_api.sync.worker import FeedWorker
from tests.factories.edge import Shop
from tests.fakes.clock import FixedClock
from tests.fakes.wire import Wire


@dataclass
class Site:
    """What the tests of sync work with."""

    config: Config
    database: Database
    clock: FixedClock
    by: By
    wire: Wire = field(default_factory=Wire)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        with self.database.transaction() as session:
            services.ensure_state(session)

    def worker(self) -> FeedWorker:
        return FeedWorker(self.config, self.database, self.clock, self.wire)

    def change(self, what: Callable[[Session, Shop], object]) -> None:
        """Change something, in a transaction of its own."""
        with self.database.transaction() as session:
            what(session, self._shop(session))

    def cards(self, count: int = 1) -> list[Card]:
        """Make cards, one batch of them."""
        with self.database.transaction() as session:
            batch = self._shop(session).batch(count)
            return list(session.scalars(select(Card).where(Card.batch_id == batch.id).order_by(Card.id)))

    def publish(self) -> list[RowsPush]:
        """Have a worker publish all that waits; return what it said of rows."""
        worker = self.worker()
        while worker.turn():
            pass
        self.change(lambda session, shop: services.release_lease(session, worker._holder))
        return self.pushes()

    def pushes(self) -> list[RowsPush]:
        """Return what was said of rows, the announcements that only say where we are left out."""
        return [push for push in self.wire.heard(ROWS, RowsPush) if push.upto > push.after]

    def state(self) -> FeedState:
        with self.database.reading() as session:
            return session.get_one(FeedState, 1)

    def row(self, card: Card) -> SealedRow:
        with self.database.reading() as session:
            row = session.get_one(PublishedRow, card.lookup)
        return SealedRow(lookup=row.lookup, revision=row.revision, nonce=row.nonce, box=row.box)

    def entry(self, card: Card) -> Entry:
        """Return what whoever shows the card reads in its row."""
        return unseal(derive(CardCode(card.secret), self.config.site), self.config.site, self.row(card))

    def published(self) -> dict[bytes, SealedRow]:
        with self.database.reading() as session:
            rows = services.rows_after(session, 0, 10**9, limit=10**6)
        return {row.lookup: row for row in rows}

    def _shop(self, session: Session) -> Shop:
        return Shop(session, self.by, self.config.site, self._numbers)


@pytest.fixture
def site(config: Config, database: Database, clock: FixedClock, by: By) -> Site:
    return Site(config, database, clock, by)

"""Things of a shop, made through its own services, for the tests that need them to be there."""

import itertools
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.sealing import Site
from edge_api.accounts import services as accounts
from edge_api.accounts.models import Location, Role, User
from edge_api.audit import By
from edge_api.cards import batches
from edge_api.cards.models import Batch, BatchKind, Card, CardType
from edge_api.customers import services as customers
from edge_api.customers.models import Customer
from edge_api.customers.services import CustomerDetails

PASSWORD = "koffie met melk"

SITE = Site("test", bytes(range(32)))


@dataclass
class Shop:
    """Makes what a test names nothing of, each time another."""

    session: Session
    by: By
    site: Site = SITE
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def location(self, slug: str = "") -> Location:
        number = next(self._numbers)
        slug = slug or f"shop-{number}"
        return accounts.create_location(self.session, name=f"Shop {slug}", slug=slug, by=self.by)

    def user(self, role: Role = Role.OWNER, email: str = "") -> User:
        number = next(self._numbers)
        return accounts.create_user(
            self.session,
            email=email or f"user{number}@winkel.example.nl",
            name=f"User {number}",
            password=PASSWORD,
            role=role,
            by=self.by,
        )

    def customer(self, first_name: str = "Sanne", email: str | None = None) -> Customer:
        return customers.create_customer(self.session, CustomerDetails(first_name, email=email), self.by)

    def batch(self, size: int = 3, name: str = "", card_type: CardType = CardType.ID) -> Batch:
        """A batch with all its cards (at most a piece of them)."""
        batch = batches.create_batch(
            self.session,
            name=name or f"Batch {next(self._numbers)}",
            kind=BatchKind.ONLINE,
            card_type=card_type,
            origin_id=self.location().id,
            size=size,
            by=self.by,
        )
        batches.make_piece(self.session, batch.id, batches.new_codes(size, self.site), self.by.at)
        return batch

    def card(self) -> Card:
        batch = self.batch(size=1)
        return self.session.scalars(select(Card).where(Card.batch_id == batch.id)).one()

"""Does at the edge what the back office's people do, through the same services."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.card_code import from_typed, payload
from contracts.replica import AccountState
from edge_api import config as configuration
from edge_api.accounts.models import Location
from edge_api.audit import By, Origin
from edge_api.cards import services as cards
from edge_api.cards.batches import create_batch, make_cards
from edge_api.cards.models import BatchKind, Card, CardType
from edge_api.clock import SystemClock
from edge_api.customers.models import Customer
from edge_api.customers.services import CustomerDetails, create_customer
from edge_api.db import Database
from edge_api.feed import FeedItem
from edge_api.sync.models import PublishedRow
from tests.end_to_end.site import Site


@dataclass(frozen=True, slots=True)
class ShownCard:
    """A linked card: its id at the edge, what its code holds, and whom the kiosk greets."""

    id: int
    url: str
    first_name: str


class Shop:
    """The site's back office, without its pages."""

    def __init__(self, site: Site) -> None:
        self.config = configuration.load(site.demo.edge)
        self._database = Database(self.config.database_url)
        self._clock = SystemClock()
        self._made = 0

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def issue_linked_card(self, first_name: str) -> str:
        """Make a card for a new customer; return what its code holds."""
        card = self._new_card()
        with self._database.transaction() as session:
            customer = create_customer(session, CustomerDetails(first_name), self._by())
            cards.link_card(session, card.id, customer.id, self._by())
        return payload(card.code, self.config.public_url)

    def linked_cards(self) -> list[ShownCard]:
        """Return every card in use, each customer once."""
        query = (
            select(Card, Customer.first_name)
            .join(Customer, Customer.id == Card.customer_id)
            .where(Card.revoked_at.is_(None), Customer.state == AccountState.OPEN)
            .order_by(Card.id)
        )
        with self._database.reading() as session:
            found = {card.customer_id: (card, name) for card, name in session.execute(query)}
        url = self.config.public_url
        return [ShownCard(card.id, payload(card.code, url), name) for card, name in found.values()]

    def revoke(self, url: str) -> None:
        with self._database.transaction() as session:
            card = self._find(session, url)
            cards.revoke_card(session, card.id, self._by())

    def toggle_revoked(self, url: str) -> None:
        """Revoke the card, or un-revoke it if it was."""
        with self._database.transaction() as session:
            card = self._find(session, url)
            toggle = cards.unrevoke_card if card.is_revoked else cards.revoke_card
            toggle(session, card.id, self._by())

    def published_revision(self, url: str) -> int | None:
        """Return the revision of the card's row, once nothing waits to be published."""
        with self._database.reading() as session:
            if session.scalar(select(FeedItem.id).limit(1)) is not None:
                return None
            row = session.get(PublishedRow, self._find(session, url).lookup)
            return row.revision if row else None

    def _new_card(self) -> Card:
        self._made += 1
        with self._database.transaction() as session:
            origin = session.scalars(select(Location).limit(1)).one()
            batch = create_batch(
                session,
                name=f"Test batch {self._made}",
                kind=BatchKind.ONLINE,
                card_type=CardType.ID,
                origin_id=origin.id,
                size=1,
                by=self._by(),
            )
        make_cards(self._database, batch.id, self.config.site, self._clock)
        with self._database.reading() as session:
            return session.scalars(select(Card).where(Card.batch_id == batch.id)).one()

    def _find(self, session: Session, url: str) -> Card:
        found = cards.find_by_secret(session, from_typed(url.rpartition("/")[2]).secret)
        assert found is not None
        return found

    def _by(self) -> By:
        return By("test", Origin.COMMAND, self._clock.now())

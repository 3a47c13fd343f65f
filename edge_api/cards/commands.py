"""Making a whole batch from a command, which waits until its cards are there."""

from contracts.sealing import Site
from edge_api.accounts.services import location_by_slug
from edge_api.audit import By, Origin
from edge_api.cards.batches import create_batch, get_batch, make_cards
from edge_api.cards.models import Batch, BatchKind, CardType
from edge_api.clock import Clock
from edge_api.db import Database
from edge_api.errors import NotFound


def make_batch(
    database: Database,
    site: Site,
    clock: Clock,
    *,
    name: str,
    kind: BatchKind,
    card_type: CardType,
    location: str,
    size: int,
) -> Batch:
    """Create a batch for the location of this slug, make its cards, and return it.

    Raises:
        NotFound: there is no such location.
        InvalidValue: the name or size cannot be taken.
        NameTaken: another batch has the name.
    """
    with database.transaction() as session:
        origin = location_by_slug(session, location)
        if origin is None:
            raise NotFound(f"there is no location {location!r}")
        by = By("command:batch", Origin.COMMAND, clock.now())
        batch_id = create_batch(
            session, name=name, kind=kind, card_type=card_type, origin_id=origin.id, size=size, by=by
        ).id
    make_cards(database, batch_id, site, clock)
    with database.reading() as session:
        return get_batch(session, batch_id)

"""Making cards: a batch is created at once, its cards follow in pieces that never hold others up."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from contracts import sealing
from contracts.card_code import CardCode
from contracts.sealing import Site
from edge_api import audit, feed, texts
from edge_api.accounts.services import get_location
from edge_api.audit import By
from edge_api.cards.models import Batch, BatchKind, Card, CardType
from edge_api.clock import Clock
from edge_api.db import Database, refusing_duplicates
from edge_api.errors import Conflict, InvalidValue, NameTaken, NotFound
from edge_api.feed import FeedKind

PIECE = 500
LARGEST_BATCH = 1_000_000
LAST_NUMBER = 999_999_999

Random = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class BatchCounts:
    """How a batch's cards stand."""

    made: int
    linked: int
    revoked: int


@dataclass(frozen=True, slots=True)
class NewCode:
    """A card's code before it is a card, and the lookup that follows from it."""

    secret: bytes
    lookup: bytes


def create_batch(
    session: Session,
    *,
    name: str,
    kind: BatchKind,
    card_type: CardType,
    origin_id: int,
    size: int,
    by: By,
) -> Batch:
    """Create a batch and take its numbers; :func:`make_cards` or the worker then makes its cards.

    Raises:
        InvalidValue: the name or size (1 to 1,000,000) cannot be taken.
        NameTaken: another batch has the name.
        NotFound: there is no such location.
        Conflict: the numbers are used up, or somebody took them at the same moment.
    """
    if not 1 <= size <= LARGEST_BATCH:
        raise InvalidValue(f"size: takes 1 to {LARGEST_BATCH}")
    batch = Batch(
        name=texts.name(name, "name", longest=100),
        kind=kind,
        card_type=card_type,
        origin_id=get_location(session, origin_id).id,
        size=size,
        first_number=_next_number(session, size),
        made=0,
        created_at=by.at,
    )
    _refuse_taken_name(session, batch.name)
    with refusing_duplicates(session, Conflict("another batch was created at this moment; try again")):
        session.add(batch)
    after = {"name": batch.name, "kind": kind, "card_type": card_type, "size": size}
    audit.record(session, by, "batch.created", f"batch:{batch.id}", after=after)
    return batch


def make_cards(
    database: Database, batch_id: int, site: Site, clock: Clock, random: Random | None = None
) -> None:
    """Make the batch's cards that are missing, in pieces, each in its own transaction.

    Ended in between it goes on where it was when called again, and several may do so at once.

    Raises:
        NotFound: there is no such batch.
    """
    finished = False
    while not finished:
        codes = new_codes(PIECE, site, random)
        with database.transaction() as session:
            finished = make_piece(session, batch_id, codes, clock.now())


def make_piece(session: Session, batch_id: int, codes: Sequence[NewCode], at: datetime) -> bool:
    """Make cards of up to ``PIECE`` codes, as many as the batch still lacks; tell whether it is finished.

    Raises:
        NotFound: there is no such batch.
    """
    batch = _locked(session, batch_id)
    first = batch.first_number + batch.made
    wanted = codes[: min(PIECE, batch.size - batch.made)]
    rows = [_row(batch, first + place, code, at) for place, code in enumerate(wanted)]
    if rows:
        made = session.scalars(insert(Card).returning(Card.id), rows).all()
        feed.touch_all(session, FeedKind.CARD, made)
    batch.made += len(rows)
    if batch.made == batch.size and batch.finished_at is None:
        batch.finished_at = at
    return batch.finished_at is not None


def new_codes(count: int, site: Site, random: Random | None = None) -> list[NewCode]:
    """Draw codes. Done outside any transaction, so that nobody waits for the arithmetic."""
    drawn = [CardCode((random or secrets.token_bytes)(16)) for _ in range(count)]
    return [NewCode(code.secret, sealing.lookup(code, site)) for code in drawn]


def unfinished_batches(session: Session) -> Sequence[int]:
    """Return the ids of the batches that lack cards, the oldest first: the worker's list."""
    return session.scalars(select(Batch.id).where(Batch.finished_at.is_(None)).order_by(Batch.id)).all()


def rename_batch(session: Session, batch_id: int, name: str, by: By) -> Batch:
    """Give a batch another name.

    Raises:
        InvalidValue: the name cannot be taken.
        NameTaken: another batch has it.
        NotFound: there is no such batch.
    """
    batch = _locked(session, batch_id)
    new, old = texts.name(name, "name", longest=100), batch.name
    if new == old:
        return batch
    with refusing_duplicates(session, NameTaken(f"there is a batch {new!r} already")):
        batch.name = new
    audit.record(session, by, "batch.renamed", f"batch:{batch_id}", before={"name": old}, after={"name": new})
    return batch


def get_batch(session: Session, batch_id: int) -> Batch:
    """Return a batch.

    Raises:
        NotFound: there is none.
    """
    batch = session.get(Batch, batch_id)
    if batch is None:
        raise NotFound("there is no such batch")
    return batch


def batches(session: Session, *, after: int = 0, limit: int = 50) -> Sequence[Batch]:
    """Return batches in the order they were created."""
    return session.scalars(select(Batch).where(Batch.id > after).order_by(Batch.id).limit(limit)).all()


def batch_counts(session: Session, batch_id: int) -> BatchCounts:
    """Count a batch's cards, those that are somebody's, and those withdrawn."""
    query = select(func.count(), func.count(Card.customer_id), func.count(Card.revoked_at)).where(
        Card.batch_id == batch_id
    )
    made, linked, revoked = session.execute(query).one()
    return BatchCounts(made, linked, revoked)


def _next_number(session: Session, size: int) -> int:
    first = session.scalar(select(func.max(Batch.first_number + Batch.size))) or 1
    if first + size - 1 > LAST_NUMBER:
        raise Conflict("the card numbers are used up")
    return first


def _refuse_taken_name(session: Session, name: str) -> None:
    if session.scalar(select(Batch.id).where(Batch.name == name)) is not None:
        raise NameTaken(f"there is a batch {name!r} already")


def _locked(session: Session, batch_id: int) -> Batch:
    query = select(Batch).where(Batch.id == batch_id).with_for_update()
    batch = session.scalars(query, execution_options={"populate_existing": True}).one_or_none()
    if batch is None:
        raise NotFound("there is no such batch")
    return batch


def _row(batch: Batch, number: int, code: NewCode, at: datetime) -> dict[str, object]:
    return {
        "number": number,
        "secret": code.secret,
        "lookup": code.lookup,
        "batch_id": batch.id,
        "created_at": at,
    }

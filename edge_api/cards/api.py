"""REST: batches and cards. A card's UUID is its code: whoever may ask for it could copy the card."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from edge_api.audit import Origin
from edge_api.cards import batches, services
from edge_api.cards.models import Batch, BatchKind, Card, CardType, Step
from edge_api.cards.services import LifeStep
from edge_api.customers.models import Customer
from edge_api.customers.services import get_by_uuid
from edge_api.errors import NotFound
from edge_api.rest.api import Call, Operations
from edge_api.rest.reading import LARGEST_NUMBER, Name, PageQuery, Reference
from edge_api.roles import Role

OPERATIONS = Operations("cards")
BATCH = "/batches/<int:batch>"
CARD = "/cards/<uuid:card>"


class BatchView(Struct, frozen=True):
    """A batch; its cards are there once it is finished."""

    id: int
    name: str
    kind: BatchKind
    card_type: CardType
    location: int
    size: int
    made: int
    created_at: datetime
    finished_at: datetime | None


class BatchPage(Struct, frozen=True):
    """Some batches, and what to ask for to get the next."""

    items: tuple[BatchView, ...]
    next: int | None


class BatchDetails(Struct, frozen=True):
    """A batch, and how its cards stand."""

    batch: BatchView
    linked: int
    revoked: int


class NewBatch(Struct, frozen=True, forbid_unknown_fields=True):
    """A batch to make, of 1 to 1,000,000 cards. ``location`` is where it comes from, not where it works."""

    name: Name
    kind: BatchKind
    location: Reference
    size: Annotated[int, Meta(ge=1, le=batches.LARGEST_BATCH)]
    card_type: CardType = CardType.ID


class NewName(Struct, frozen=True, forbid_unknown_fields=True):
    """Another name."""

    name: Name


class CardView(Struct, frozen=True):
    """A card. ``customer`` is whose it is."""

    uuid: UUID
    printed_id: str
    batch: int
    customer: UUID | None
    linked_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime


class CardPage(Struct, frozen=True):
    """Some cards, and what to ask for to get the next."""

    items: tuple[CardView, ...]
    next: int | None


class LinkTo(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose the card becomes."""

    customer: UUID


class StepView(Struct, frozen=True):
    """A step in a card's life: who took it, by which way, and where."""

    step: Step
    at: datetime
    actor: str
    origin: Origin | None
    place: str
    customer: UUID | None


class LifeView(Struct, frozen=True):
    """What happened to a card, the oldest first."""

    steps: tuple[StepView, ...]


@OPERATIONS.get("/batches", Role.MANAGER)
def list_batches(call: Call, query: PageQuery) -> BatchPage:
    """List the batches."""
    found = batches.batches(call.session, after=query.after, limit=query.limit)
    return BatchPage(tuple(map(_batch_view, found)), found[-1].id if len(found) == query.limit else None)


@OPERATIONS.post("/batches", Role.MANAGER, status=201, needs_key=True)
def create_batch(call: Call, body: NewBatch) -> BatchView:
    """Create a batch. Up to 500 cards are made at once; more follow, until it is finished."""
    batch = batches.create_batch(
        call.session,
        name=body.name,
        kind=body.kind,
        card_type=body.card_type,
        origin_id=body.location,
        size=body.size,
        by=call.by,
    )
    codes = batches.new_codes(min(body.size, batches.PIECE), call.edge.config.site)
    batches.make_piece(call.session, batch.id, codes, call.by.at)
    return _batch_view(batch)


@OPERATIONS.get(BATCH, Role.MANAGER)
def get_batch(call: Call, batch: int) -> BatchDetails:
    """Return a batch, and how its cards stand."""
    found, counts = _found_batch(call, batch), batches.batch_counts(call.session, batch)
    return BatchDetails(_batch_view(found), counts.linked, counts.revoked)


@OPERATIONS.patch(BATCH, Role.MANAGER)
def rename_batch(call: Call, batch: int, body: NewName) -> BatchView:
    """Give a batch another name."""
    found = _found_batch(call, batch)
    return _batch_view(batches.rename_batch(call.session, found.id, body.name, call.by))


@OPERATIONS.get(f"{BATCH}/cards", Role.MANAGER)
def list_batch_cards(call: Call, batch: int, query: PageQuery) -> CardPage:
    """List a batch's cards by their numbers."""
    found = services.cards_of_batch(
        call.session, _found_batch(call, batch).id, after=query.after, limit=query.limit
    )
    more = found[-1].number if len(found) == query.limit else None
    return CardPage(_card_views(call.session, found), more)


@OPERATIONS.get(CARD, Role.STAFF)
def get_card(call: Call, card: UUID) -> CardView:
    """Return a card."""
    return _card_view(call.session, _found(call, card))


@OPERATIONS.post(f"{CARD}/link", Role.STAFF)
def link_card(call: Call, card: UUID, body: LinkTo) -> CardView:
    """Make a card a customer's. It is refused if it is another's or was revoked."""
    customer = get_by_uuid(call.session, body.customer)
    linked = services.link_card(call.session, _found(call, card).id, customer.id, call.by)
    return _card_view(call.session, linked)


@OPERATIONS.post(f"{CARD}/unlink", Role.STAFF)
def unlink_card(call: Call, card: UUID) -> CardView:
    """Make a card nobody's again."""
    return _card_view(call.session, services.unlink_card(call.session, _found(call, card).id, call.by))


@OPERATIONS.post(f"{CARD}/revoke", Role.STAFF)
def revoke_card(call: Call, card: UUID) -> CardView:
    """Withdraw a card: every kiosk refuses it."""
    return _card_view(call.session, services.revoke_card(call.session, _found(call, card).id, call.by))


@OPERATIONS.post(f"{CARD}/unrevoke", Role.STAFF)
def unrevoke_card(call: Call, card: UUID) -> CardView:
    """Let a withdrawn card hold again."""
    return _card_view(call.session, services.unrevoke_card(call.session, _found(call, card).id, call.by))


@OPERATIONS.get(f"{CARD}/life", Role.STAFF)
def get_card_life(call: Call, card: UUID) -> LifeView:
    """Tell what happened to a card."""
    steps = services.life_of(call.session, _found(call, card))
    public = _public_ids(call.session, {step.customer_id for step in steps})
    return LifeView(tuple(_step_view(step, public) for step in steps))


def _found(call: Call, uuid: UUID) -> Card:
    card = services.find_by_uuid(call.session, uuid)
    if card is None:
        raise NotFound("there is no such card")
    return card


def _found_batch(call: Call, batch: int) -> Batch:
    if batch > LARGEST_NUMBER:
        # More than the database's numbers hold.
        raise NotFound("there is no such batch")
    return batches.get_batch(call.session, batch)


def _batch_view(batch: Batch) -> BatchView:
    return BatchView(
        batch.id,
        batch.name,
        batch.kind,
        batch.card_type,
        batch.origin_id,
        batch.size,
        batch.made,
        batch.created_at,
        batch.finished_at,
    )


def _card_view(session: Session, card: Card) -> CardView:
    return _card_views(session, [card])[0]


def _card_views(session: Session, cards: Sequence[Card]) -> tuple[CardView, ...]:
    public = _public_ids(session, {card.customer_id for card in cards})
    return tuple(
        CardView(
            card.uuid,
            card.printed_id,
            card.batch_id,
            public.get(card.customer_id),
            card.linked_at,
            card.revoked_at,
            card.created_at,
        )
        for card in cards
    )


def _step_view(step: LifeStep, public: dict[int | None, UUID]) -> StepView:
    return StepView(step.step, step.at, step.actor, step.origin, step.place, public.get(step.customer_id))


def _public_ids(session: Session, customer_ids: set[int | None]) -> dict[int | None, UUID]:
    query = select(Customer).where(Customer.id.in_(customer_ids - {None}))
    return {customer.id: customer.uuid for customer in session.scalars(query)}

"""Batches, cards, and what happened to each card."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from contracts.card_code import CardCode, printed_id
from edge_api.accounts.models import Location
from edge_api.audit import Origin
from edge_api.customers.models import Customer
from edge_api.db import BIG, NEVER_REUSE_IDS, Base, Bytes16, Id


class BatchKind(StrEnum):
    """Whether the cards are shown on phones or are printed."""

    ONLINE = "online"
    OFFLINE = "offline"


class CardType(StrEnum):
    """What a card carries beside its customer: a customer type, a money balance, or stamps."""

    ID = "ID"
    VIP = "VIP"
    GIFT = "GIFT"
    PUNCH = "PUNCH"


class Step(StrEnum):
    """A step in a card's life."""

    MADE = "made"
    LINKED = "linked"
    UNLINKED = "unlinked"
    REVOKED = "revoked"
    UN_REVOKED = "un_revoked"


class Batch(Base):
    """Cards made together. Their numbers run from ``first_number``, which is taken when it is created.

    ``made`` counts up to ``size``; until then the batch is not ready to be used.
    """

    __tablename__ = "card_batch"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(100), unique=True)
    kind: Mapped[BatchKind]
    card_type: Mapped[CardType]
    origin_id: Mapped[int] = mapped_column(ForeignKey(Location.id), index=True)
    size: Mapped[int]
    first_number: Mapped[int] = mapped_column(BIG, unique=True)
    made: Mapped[int]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None] = mapped_column(index=True)


class Card(Base):
    """A card. ``secret`` is what its code shows; where that must not be kept it is filed under ``lookup``."""

    __tablename__ = "card"
    __table_args__ = (NEVER_REUSE_IDS,)

    id: Mapped[Id]
    number: Mapped[int] = mapped_column(BIG, unique=True)
    secret: Mapped[Bytes16] = mapped_column(unique=True)
    lookup: Mapped[Bytes16] = mapped_column(unique=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey(Batch.id), index=True)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey(Customer.id), index=True)
    linked_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    @property
    def code(self) -> CardCode:
        """The card's 128 bits."""
        return CardCode(self.secret)

    @property
    def uuid(self) -> UUID:
        """The same 128 bits, as the back office and the REST API name the card."""
        return UUID(bytes=self.secret)

    @property
    def printed_id(self) -> str:
        """The short ID on the card, with its check digit."""
        return printed_id(self.number)

    @property
    def is_revoked(self) -> bool:
        return self.revoked_at is not None


class CardEvent(Base):
    """A step after a card was made: who took it, when, where, and by which way."""

    __tablename__ = "card_event"
    __table_args__ = (NEVER_REUSE_IDS,)

    id: Mapped[Id]
    card_id: Mapped[int] = mapped_column(ForeignKey(Card.id), index=True)
    step: Mapped[Step]
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(100))
    origin: Mapped[Origin]
    place: Mapped[str] = mapped_column(String(100))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey(Customer.id), index=True)

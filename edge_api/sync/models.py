"""The published rows, the feed's one state, and settlements on their way to kiosks."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from contracts.settlements import Verdict
from edge_api.db import BIG, NEVER_REUSE_IDS, Base, Id
from edge_api.fleet.models import Kiosk


class FeedState(Base):
    """One row: which database this is (``epoch``), how far it has published, and who may publish now.

    The holder of the lease alone gives revisions, so they become visible in order.
    """

    __tablename__ = "feed_state"

    id: Mapped[Id]
    epoch: Mapped[str] = mapped_column(String(40))
    revision: Mapped[int] = mapped_column(BIG, default=0)
    settlement_number: Mapped[int] = mapped_column(BIG, default=0)
    lease_holder: Mapped[str | None] = mapped_column(String(40))
    lease_until: Mapped[datetime | None]


class PublishedRow(Base):
    """The newest sealed row of a lookup. An empty ``box`` is a tombstone."""

    __tablename__ = "published_row"

    lookup: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    revision: Mapped[int] = mapped_column(BIG, unique=True)
    nonce: Mapped[bytes] = mapped_column(LargeBinary(12))
    box: Mapped[bytes]


class SettlementRow(Base):
    """A verdict for a kiosk; it gets its ``number`` when it is published."""

    __tablename__ = "settlement"
    __table_args__ = (Index("ix_settlement_kiosk_id_number", "kiosk_id", "number"), NEVER_REUSE_IDS)

    id: Mapped[Id]
    kiosk_id: Mapped[str] = mapped_column(ForeignKey(Kiosk.id, ondelete="CASCADE"))
    event_id: Mapped[UUID] = mapped_column(unique=True)
    verdict: Mapped[Verdict]
    earned: Mapped[int] = mapped_column(default=0)
    balance: Mapped[int | None] = mapped_column(BIG)
    reason: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(index=True)
    number: Mapped[int | None] = mapped_column(BIG, unique=True)

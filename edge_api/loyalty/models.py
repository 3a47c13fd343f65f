"""The points' ledger with its balances, campaigns, and one-time rewards."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, event
from sqlalchemy.orm import Mapped, mapped_column

from edge_api.customers.models import Customer
from edge_api.db import BIG, NEVER_REUSE_IDS, Base, Id
from edge_api.loyalty.errors import LedgerChanged


class EntryReason(StrEnum):
    """Why points were booked."""

    VISIT = "visit"
    ADJUSTMENT = "adjustment"


class SourceKind(StrEnum):
    """What an entry's ``source_ref`` names: a kiosk's scan event, or somebody's request."""

    SCAN = "scan"
    REQUEST = "request"


class RewardState(StrEnum):
    """What became of a reward."""

    EARNED = "earned"
    REDEEMED = "redeemed"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Campaign(Base):
    """Points for each visit; further visits within the cooling-off time earn nothing."""

    __tablename__ = "campaign"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(100), unique=True)
    points: Mapped[int]
    cooling_off_seconds: Mapped[int]
    active: Mapped[bool]
    created_at: Mapped[datetime]


class Visit(Base):
    """A visit that was looked at for points, so that the same one is never looked at twice."""

    __tablename__ = "visit"
    __table_args__ = (Index(None, "customer_id", "at"), NEVER_REUSE_IDS)

    id: Mapped[Id]
    customer_id: Mapped[int] = mapped_column(ForeignKey(Customer.id))
    at: Mapped[datetime]
    source_ref: Mapped[str] = mapped_column(String(64), unique=True)


class LedgerEntry(Base):
    """Points given or taken. Entries are only ever added.

    ``at`` is when it happened, which for a scan may be long before ``created_at``. ``once`` is made of the
    source and the campaign, and unique: nothing is booked twice.
    """

    __tablename__ = "ledger_entry"
    __table_args__ = (Index(None, "customer_id", "campaign_id", "at"), NEVER_REUSE_IDS)

    id: Mapped[Id]
    uuid: Mapped[UUID] = mapped_column(unique=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey(Customer.id))
    points: Mapped[int]
    reason: Mapped[EntryReason]
    source_kind: Mapped[SourceKind]
    source_ref: Mapped[str] = mapped_column(String(64), index=True)
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey(Campaign.id), index=True)
    once: Mapped[str] = mapped_column(String(120), unique=True)
    at: Mapped[datetime]
    created_at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(100))
    note: Mapped[str] = mapped_column(String(500))


class PointBalance(Base):
    """The sum of a customer's entries, and what is locked while booking, so that bookings take turns."""

    __tablename__ = "point_balance"
    __table_args__ = (CheckConstraint("points >= 0", name="not_below_zero"),)

    customer_id: Mapped[int] = mapped_column(ForeignKey(Customer.id), primary_key=True, autoincrement=False)
    points: Mapped[int] = mapped_column(BIG)


class Reward(Base):
    """Something that customers can be given once: a coffee, a cake."""

    __tablename__ = "reward"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(100), unique=True)
    created_at: Mapped[datetime]


class CustomerReward(Base):
    """A reward that a customer has, or had."""

    __tablename__ = "customer_reward"
    __table_args__ = (NEVER_REUSE_IDS,)

    id: Mapped[Id]
    uuid: Mapped[UUID] = mapped_column(unique=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey(Customer.id), index=True)
    reward_id: Mapped[int] = mapped_column(ForeignKey(Reward.id), index=True)
    state: Mapped[RewardState]
    earned_at: Mapped[datetime]
    expires_at: Mapped[datetime | None] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]


@event.listens_for(LedgerEntry, "before_update")
@event.listens_for(LedgerEntry, "before_delete")
def _refuse_change(mapper: object, connection: object, entry: LedgerEntry) -> None:
    raise LedgerChanged(f"entry {entry.uuid} stays as it was booked; book another to correct it")

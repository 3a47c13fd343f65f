"""Scans as they came in, and what was not accepted."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from contracts.events import OutcomeName
from edge_api.accounts.models import Location
from edge_api.cards.models import Card
from edge_api.customers.models import Customer
from edge_api.db import BIG, Base, Id
from edge_api.fleet.models import Kiosk


class Scan(Base):
    """One scan event, stored once: (kiosk, stream, seq) is what makes it the same one.

    ``outcome`` is what the kiosk showed; card, customer and location are as they were when it came in.
    ``at`` is when it happened, see :mod:`edge_api.ingest.boots`; while ``time_estimated``, when it came in;
    ``points_earned`` what the visit was booked with, ``balance`` what the customer had then.
    """

    __tablename__ = "scan"
    __table_args__ = (
        UniqueConstraint("kiosk_id", "stream", "seq"),
        Index("ix_scan_at", "at"),
        Index("ix_scan_card_id_at", "card_id", "at"),
        Index("ix_scan_customer_id_at", "customer_id", "at"),
        Index(
            "ix_scan_time_estimated",
            "kiosk_id",
            "boot_id",
            sqlite_where=text("time_estimated"),
            postgresql_where=text("time_estimated"),
        ),
    )

    id: Mapped[Id]
    event_id: Mapped[UUID] = mapped_column(unique=True)
    kiosk_id: Mapped[str] = mapped_column(ForeignKey(Kiosk.id))
    location_id: Mapped[int] = mapped_column(ForeignKey(Location.id))
    stream: Mapped[str] = mapped_column(String(40))
    seq: Mapped[int] = mapped_column(BIG)
    outcome: Mapped[OutcomeName]
    lookup: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    card_id: Mapped[int | None] = mapped_column(ForeignKey(Card.id))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey(Customer.id))
    code_hash: Mapped[bytes | None] = mapped_column(LargeBinary(8))
    at: Mapped[datetime]
    kiosk_time: Mapped[datetime]
    received_at: Mapped[datetime]
    boot_id: Mapped[str] = mapped_column(String(40))
    uptime_ms: Mapped[int] = mapped_column(BIG)
    clock_synced: Mapped[bool]
    time_estimated: Mapped[bool] = mapped_column(default=False)
    row_revision: Mapped[int | None] = mapped_column(BIG)
    points_earned: Mapped[int] = mapped_column(default=0)
    balance: Mapped[int | None] = mapped_column(BIG)


class KioskBoot(Base):
    """When a kiosk was started, as far as it has said so with a clock that was set."""

    __tablename__ = "kiosk_boot"

    kiosk_id: Mapped[str] = mapped_column(ForeignKey(Kiosk.id, ondelete="CASCADE"), primary_key=True)
    boot_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    started_at: Mapped[datetime]


class RejectReason(StrEnum):
    """Why a message was kept for review and nothing followed from it."""

    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    UNKNOWN_KIOSK = "unknown_kiosk"
    REVOKED_KIOSK = "revoked_kiosk"
    FORGED_SOURCE = "forged_source"
    FORGED_PROOF = "forged_proof"
    UNKNOWN_TYPE = "unknown_type"
    CONFLICT = "conflict"


class RejectedMessage(Base):
    """A message that was not accepted, once, however often it came. ``body`` is cut at an event's most."""

    __tablename__ = "rejected_message"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    topic: Mapped[str] = mapped_column(String(200))
    kiosk_id: Mapped[str | None] = mapped_column(String(32), index=True)
    reason: Mapped[RejectReason]
    detail: Mapped[str] = mapped_column(Text)
    body: Mapped[bytes]
    first_at: Mapped[datetime] = mapped_column(index=True)
    last_at: Mapped[datetime]
    count: Mapped[int] = mapped_column(default=1)

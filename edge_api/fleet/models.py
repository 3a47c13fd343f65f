"""Kiosks, the claims they enrol with, and the tokens they have used."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from edge_api.accounts.models import Location
from edge_api.db import BIG, Base


class KioskState(StrEnum):
    """Whether a kiosk is let in."""

    CREATED = "created"
    """Known here, not enrolled yet."""

    ACTIVE = "active"
    REVOKED = "revoked"


class Kiosk(Base):
    """A kiosk. What it says of itself (from ``online`` on) is a hint with a time, not truth.

    ``public_key`` is its P-256 key in PEM; ``config_revision`` grows with every change of its settings;
    ``session`` is the newest connection heard of, so that a late last will changes nothing.
    """

    __tablename__ = "kiosk"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    location_id: Mapped[int] = mapped_column(ForeignKey(Location.id), index=True)
    state: Mapped[KioskState]
    created_at: Mapped[datetime]
    public_key: Mapped[str | None] = mapped_column(Text)
    certificate: Mapped[str | None] = mapped_column(Text)
    enrolled_at: Mapped[datetime | None]
    config_revision: Mapped[int] = mapped_column(default=1)
    repeat_seconds: Mapped[float] = mapped_column(default=30.0)
    online: Mapped[bool] = mapped_column(default=False)
    session: Mapped[int] = mapped_column(BIG, default=0)
    seen_at: Mapped[datetime | None]
    info: Mapped[dict[str, Any] | None]
    health: Mapped[dict[str, Any] | None]


class EnrolmentClaim(Base):
    """A single-use token to enrol one kiosk with; only its SHA-256 is kept."""

    __tablename__ = "enrolment_claim"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    kiosk_id: Mapped[str] = mapped_column(ForeignKey(Kiosk.id, ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class UsedToken(Base):
    """A kiosk's token that was accepted once, until it would have expired anyway."""

    __tablename__ = "used_kiosk_token"

    jti: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)

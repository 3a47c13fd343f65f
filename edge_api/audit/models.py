"""The audit trail's table, and the small value that says who does something, when and from where."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from edge_api.db import NEVER_REUSE_IDS, Base, Id


class Origin(StrEnum):
    """By which way a change came in."""

    BACK_OFFICE = "back_office"
    API = "api"
    KIOSK = "kiosk"
    COMMAND = "command"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class By:
    """Who does something (``user:3``, ``token:5``, ``kiosk:k-…``), by which way, when, and where.

    ``place`` is a kiosk's id or a location's slug, where it is known.
    """

    actor: str
    origin: Origin
    at: datetime
    place: str = ""


class AuditEntry(Base):
    """One change. ``before`` and ``after`` hold only what changed, and no secrets."""

    __tablename__ = "audit_entry"
    __table_args__ = (NEVER_REUSE_IDS,)

    id: Mapped[Id]
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(100))
    origin: Mapped[Origin]
    place: Mapped[str] = mapped_column(String(100))
    action: Mapped[str] = mapped_column(String(100))
    subject: Mapped[str] = mapped_column(String(100), index=True)
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]

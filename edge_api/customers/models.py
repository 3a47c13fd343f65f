"""Customers."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from contracts.replica import AccountState
from edge_api.config import Language
from edge_api.db import Base, Id


class Customer(Base):
    """A customer. ``uuid`` is what others outside know them by; ``search_key`` is folded, for searching."""

    __tablename__ = "customer"

    id: Mapped[Id]
    uuid: Mapped[UUID] = mapped_column(unique=True)
    first_name: Mapped[str] = mapped_column(String(100))
    last_name: Mapped[str] = mapped_column(String(100))
    email: Mapped[str | None] = mapped_column(String(320), unique=True)
    phone: Mapped[str | None] = mapped_column(String(30))
    language: Mapped[Language]
    state: Mapped[AccountState]
    search_key: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]

    @property
    def full_name(self) -> str:
        """First and last name, as pages show them."""
        return f"{self.first_name} {self.last_name}".strip()

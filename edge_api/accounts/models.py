"""Locations, the people who work there, and the tokens that programs sign in with."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from edge_api.db import Base, Id
from edge_api.roles import Role

__all__ = ["ApiToken", "Location", "Role", "User", "UserLocation"]


class Location(Base):
    """A shop. ``slug`` (a-z, 0-9, hyphens) names it in MQTT topics and never changes."""

    __tablename__ = "location"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    slug: Mapped[str] = mapped_column(String(50), unique=True)
    timezone: Mapped[str | None] = mapped_column(String(50))
    created_at: Mapped[datetime]


class User(Base):
    """A person of the shop. ``email`` is kept normalised, the password as an argon2id hash."""

    __tablename__ = "user_account"

    id: Mapped[Id]
    email: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[str]
    password_hash: Mapped[str]
    role: Mapped[Role]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class UserLocation(Base):
    """Where a person works. An owner works everywhere and needs no rows."""

    __tablename__ = "user_location"

    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    location_id: Mapped[int] = mapped_column(ForeignKey(Location.id, ondelete="CASCADE"), primary_key=True)


class ApiToken(Base):
    """A program's key to the REST API. Only its SHA-256 is kept: it is random, so that is enough."""

    __tablename__ = "api_token"

    id: Mapped[Id]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[Role]
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

"""Answers that were given under an Idempotency-Key, kept to be given again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from edge_api.db import NEVER_REUSE_IDS, Base, Id


class StoredAnswer(Base):
    """A key of a token's. Without a status the request is being answered, by whoever holds ``claim``."""

    __tablename__ = "stored_answer"
    __table_args__ = (UniqueConstraint("token_id", "key"), NEVER_REUSE_IDS)

    id: Mapped[Id]
    token_id: Mapped[int] = mapped_column(ForeignKey("api_token.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(255))
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(32))
    claim: Mapped[UUID]
    claimed_at: Mapped[datetime] = mapped_column(index=True)
    status: Mapped[int | None]
    content_type: Mapped[str]
    body: Mapped[bytes]

"""The queue of things whose rows on the kiosks are out of date."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import String, func
from sqlalchemy.orm import Mapped, mapped_column

from edge_api.db import NEVER_REUSE_IDS, Base, Id


class FeedKind(StrEnum):
    """What the reference of a queued item names."""

    CARD = "card"
    CUSTOMER = "customer"
    KIOSK_CONFIG = "kiosk_config"
    SHOP = "shop"


class FeedItem(Base):
    """Something changed. The order of ids is the order of the changes within one transaction."""

    __tablename__ = "feed_item"
    __table_args__ = (NEVER_REUSE_IDS,)

    id: Mapped[Id]
    kind: Mapped[FeedKind]
    ref: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

"""What a kiosk knows of a card: the entries inside sealed rows, and how rows travel.

An entry is read by whoever shows the card; see :mod:`contracts.sealing` for how it is kept from others.
"""

from datetime import datetime
from enum import StrEnum

import msgspec

from contracts.numbers import Count


class Money(msgspec.Struct, frozen=True):
    """An amount in minor units (cents) with its ISO 4217 currency."""

    minor: int
    currency: str


class RewardLine(msgspec.Struct, frozen=True):
    """A reward that the customer has earned and not yet used."""

    id: str
    name: str
    expires: datetime | None = None


class StampsLine(msgspec.Struct, frozen=True):
    """A punch card's state: so many of so many."""

    name: str
    stamps: int
    needed: int


class SubscriptionLine(msgspec.Struct, frozen=True):
    """A subscription as the kiosk says it: the plan, until when, and whether its payment is behind."""

    plan: str
    until: datetime | None = None
    behind: bool = False


class AccountState(StrEnum):
    """Whether the customer behind the card may use it."""

    OPEN = "open"
    ARCHIVED = "archived"
    AWAITING_APPROVAL = "awaiting_approval"


class CustomerEntry(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="customer"):
    """A card linked to a customer. ``as_of`` is when the edge knew this."""

    as_of: datetime
    greeting_name: str
    language: str
    state: AccountState = AccountState.OPEN
    points: int = 0
    credit: Money | None = None
    rewards: tuple[RewardLine, ...] = ()
    stamps: tuple[StampsLine, ...] = ()
    subscription: SubscriptionLine | None = None

    def known_until(self, moment: datetime) -> "CustomerEntry":
        """Return the entry as still true at a later moment; an earlier one changes nothing."""
        return msgspec.structs.replace(self, as_of=max(self.as_of, moment))

    def with_points(self, points: int) -> "CustomerEntry":
        """Return the entry with another balance."""
        return msgspec.structs.replace(self, points=points)


class UnlinkedEntry(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="unlinked"):
    """A card of ours that nobody has yet."""

    as_of: datetime


class RevokedEntry(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="revoked"):
    """A card that was withdrawn. Nothing of its customer is in the row."""

    as_of: datetime


class GiftEntry(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="gift"):
    """A gift card with its balance."""

    as_of: datetime
    balance: Money


class StaffEntry(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="staff"):
    """A staff badge. The PIN's argon2id hash is for the kiosk's own check while offline."""

    as_of: datetime
    staff_id: str
    role: str
    pin_hash: str


Entry = CustomerEntry | UnlinkedEntry | RevokedEntry | GiftEntry | StaffEntry


class SealedRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One row as it is kept and sent. Without ``box`` it is a tombstone: the card is gone.

    ``lookup`` 16 bytes, ``nonce`` 12 random bytes; base64 in JSON. ``revision`` grows by one with every
    row that the edge publishes, so a row with the higher revision is the newer one.
    """

    lookup: bytes
    revision: Count
    nonce: bytes = b""
    box: bytes = b""

    @property
    def is_tombstone(self) -> bool:
        return not self.box


class PullHead(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="head"):
    """First line of a pull: rows follow in the order of their revisions, after ``after`` up to ``upto``."""

    epoch: str
    after: Count
    upto: Count


class PullRow(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="row"):
    """A line of a pull with one row."""

    row: SealedRow


class PullEnd(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="end"):
    """Last line of a pull: without it the pull was cut and is resumed after the last row."""

    upto: Count


PullLine = PullHead | PullRow | PullEnd


class RowsPush(msgspec.Struct, frozen=True, kw_only=True):
    """Rows sent to all kiosks at once, revocations first.

    They are all that changed after revision ``after`` up to ``upto``. An announcement has no rows though
    ``upto`` is greater than ``after``: there is more than is worth pushing, and kiosks pull it.
    """

    epoch: str
    after: Count
    upto: Count
    rows: tuple[SealedRow, ...] = ()

"""What a scan can come to: a closed set, each with what its screen needs and nothing else.

Pure: no clock, no input or output, no third-party package.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from contracts.events import OutcomeName
from contracts.replica import AccountState, CustomerEntry, GiftEntry
from kiosk.scanning.symbols import Hint


@dataclass(frozen=True, slots=True)
class Earned:
    """What the edge booked for this visit."""

    points: int
    rewards: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recognised:
    """A customer's card. ``earned`` is unknown until the edge has answered."""

    customer: CustomerEntry
    earned: Earned | None = None
    offline: bool = False
    already_counted: bool = False
    """The same card shortly before: a screen with the balance, not an event."""

    name = OutcomeName.RECOGNISED

    def with_points(self, points: int) -> "Recognised":
        """Return it with the balance that the edge has booked, where the row does not say so yet."""
        return replace(self, customer=self.customer.with_points(points))

    def with_earned(self, earned: Earned) -> "Recognised":
        return replace(self, earned=earned)


@dataclass(frozen=True, slots=True)
class GiftCard:
    """A gift card, which is nobody's: whoever holds it may spend what is on it."""

    card: GiftEntry
    offline: bool = False

    name = OutcomeName.GIFT_CARD


@dataclass(frozen=True, slots=True)
class Unlinked:
    """A card of ours that nobody has yet."""

    name = OutcomeName.UNLINKED


@dataclass(frozen=True, slots=True)
class Provisional:
    """A card that was linked at this kiosk while it was offline: the edge has not confirmed it yet."""

    name = OutcomeName.PROVISIONAL


@dataclass(frozen=True, slots=True)
class Revoked:
    """A card that was withdrawn."""

    as_of: datetime
    name = OutcomeName.REVOKED


@dataclass(frozen=True, slots=True)
class AccountClosed:
    """A card whose customer is archived, or not approved yet."""

    state: AccountState
    name = OutcomeName.ACCOUNT_CLOSED


@dataclass(frozen=True, slots=True)
class UnknownCard:
    """It looks like a card of ours, and this kiosk does not know it (yet)."""

    offline: bool = False
    name = OutcomeName.UNKNOWN_CARD


@dataclass(frozen=True, slots=True)
class ForeignCode:
    """A code that is not one of ours."""

    name = OutcomeName.FOREIGN_CODE


@dataclass(frozen=True, slots=True)
class SeveralCodes:
    """Two cards at once: which one is meant is for the person to say."""

    name = OutcomeName.SEVERAL_CODES


@dataclass(frozen=True, slots=True)
class StaffBadge:
    """A badge of somebody who works here. Whose it is stays off the screen."""

    name = OutcomeName.STAFF_BADGE


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A code is in view and cannot be read: what the person can do. No scan, so never an event."""

    hint: Hint
    name = OutcomeName.UNREADABLE


@dataclass(frozen=True, slots=True)
class NotCounted:
    """The card was read, but the scan could not be kept: the storage is full."""

    name = OutcomeName.NOT_COUNTED


Outcome = (
    Recognised
    | GiftCard
    | Unlinked
    | Provisional
    | Revoked
    | AccountClosed
    | UnknownCard
    | ForeignCode
    | SeveralCodes
    | StaffBadge
    | Unreadable
    | NotCounted
)

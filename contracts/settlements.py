"""What the edge decided about an event, told back to the kiosk that reported it."""

from enum import StrEnum
from uuid import UUID

import msgspec

from contracts.numbers import Count


class Verdict(StrEnum):
    """Whether the edge took the event as the kiosk meant it."""

    BOOKED = "booked"
    """The scan is a customer's visit, with or without points."""

    NOTED = "noted"
    """The scan is kept, and nothing follows from it: no customer, a revoked card, a foreign code."""

    REFUSED = "refused"
    """The event is kept for review and nothing follows from it."""


class Settlement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The edge's verdict on one event. It names no person: rows bring what a card's owner may see.

    ``number`` grows by one per settlement published; a kiosk pulls what it lacks after the highest one
    up to which it has all.
    """

    number: Count
    event: UUID
    verdict: Verdict
    earned: int = 0
    balance: int | None = None
    rewards: tuple[str, ...] = ()
    reason: str = ""


class Settlements(msgspec.Struct, frozen=True, kw_only=True):
    """Settlements as pushed and pulled; asking for those after a number acknowledges those up to it."""

    settlements: tuple[Settlement, ...]

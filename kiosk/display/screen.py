"""What a screen is: a value with finished words, which the page only lays out.

Pure. Nothing of a card's code ever comes in here: a passer-by could copy it.
"""

from dataclasses import dataclass
from enum import StrEnum

from contracts.events import OutcomeName


class Template(StrEnum):
    """The layouts there are; each is a file in ``templates/screens``."""

    WAITING = "waiting"
    CUSTOMER = "customer"
    MESSAGE = "message"


class Tone(StrEnum):
    """How a result is meant. Colour, light and sound follow it."""

    NEUTRAL = "neutral"
    OK = "ok"
    NOTICE = "notice"
    REFUSED = "refused"


class Icon(StrEnum):
    """The pictures there are; each is a symbol in ``templates/icons.svg``."""

    CARD = "card"
    CHECK = "check"
    LATER = "later"
    REPEAT = "repeat"
    LINK = "link"
    BLOCKED = "blocked"
    QUESTION = "question"
    HOURGLASS = "hourglass"
    FOREIGN = "foreign"
    SEVERAL = "several"
    FULL = "full"
    GIFT = "gift"
    WALLET = "wallet"
    STAMP = "stamp"
    CALENDAR = "calendar"
    PHONE = "phone"
    STAFF = "staff"
    BADGE = "badge"
    CLOSER = "closer"
    FURTHER = "further"
    STILL = "still"
    TILT = "tilt"
    GLARE = "glare"
    BRIGHTER = "brighter"


@dataclass(frozen=True, slots=True)
class Balance:
    """The figure that is seen from two metres, and what it counts."""

    figure: str
    unit: str


@dataclass(frozen=True, slots=True)
class Line:
    """One thing with its picture. ``tag`` marks what is new; ``dots`` are a punch card's places."""

    icon: Icon
    text: str
    detail: str = ""
    tag: str = ""
    dots: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True)
class Screen:
    """What is shown. ``outcome`` is None while waiting; ``gain`` is what the visit earned ("+ 10").

    After ``hold_seconds`` the scanner goes back to waiting; None holds until something else comes.
    """

    template: Template
    tone: Tone
    icon: Icon
    language: str
    status: str
    title: str
    text: str = ""
    gain: str = ""
    balance: Balance | None = None
    rewards_title: str = ""
    rewards: tuple[Line, ...] = ()
    lines: tuple[Line, ...] = ()
    footnote: str = ""
    outcome: OutcomeName | None = None
    hold_seconds: float | None = None

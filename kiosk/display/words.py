"""What one language has to bring: every word a screen can say, and how it writes numbers.

Pure. A field without a word cannot be loaded, so a screen never finds one missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plural:
    """The form for one, and the form for all other numbers."""

    one: str
    many: str


@dataclass(frozen=True, slots=True)
class Format:
    """How numbers, money and times are written; ``singular`` lists the numbers that take the one-form."""

    thousands: str
    decimal: str
    money: str
    date: str
    day: str
    time: str
    singular: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """A screen of words: ``status`` names the result in two or three, ``text`` says what to do."""

    status: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class CustomerWords:
    """What is said to somebody who is known."""

    greeting: str
    greeting_without_name: str
    points: Plural
    counted: str
    earned: str
    earned_nothing: str
    new_reward: str
    new: str
    added_later: str
    already_counted: str
    as_of: str
    rewards: Plural
    until: str
    credit: str
    stamps: str
    subscription_behind: str


@dataclass(frozen=True, slots=True)
class GiftWords:
    """What is said of a gift card; ``unit`` stands below its balance."""

    status: str
    title: str
    unit: str
    used_up: str


@dataclass(frozen=True, slots=True)
class LinkWords:
    """How to make a new card one's own."""

    staff: str


@dataclass(frozen=True, slots=True)
class HintWords:
    """What helps a code to be read: a title for each hint, between the same status and text."""

    status: str
    text: str
    closer: str
    further: str
    hold_still: str
    less_tilt: str
    less_glare: str
    brighter: str


@dataclass(frozen=True, slots=True)
class PageWords:
    """What the page says by itself, without a screen."""

    title: str
    lost: str
    elsewhere: str


@dataclass(frozen=True, slots=True)
class Words:
    """One language."""

    language: str
    welcome: str
    format: Format
    page: PageWords
    waiting: Message
    customer: CustomerWords
    gift_card: GiftWords
    unlinked: Message
    link: LinkWords
    provisional: Message
    revoked: Message
    archived: Message
    awaiting_approval: Message
    unknown_card: Message
    unknown_card_offline: Message
    foreign_code: Message
    several_codes: Message
    staff_badge: Message
    unreadable: HintWords
    not_counted: Message


Languages = Mapping[str, Words]
"""The languages there are, by their tag: ``nl``, ``en``, ``fr``, ``de``."""


def choose(languages: Languages, wanted: str, otherwise: str) -> Words:
    """Return the wanted language (``nl-BE`` finds ``nl``), or the other one when it is not spoken here."""
    primary = wanted.replace("_", "-").partition("-")[0].lower()
    return languages.get(primary) or languages[otherwise]

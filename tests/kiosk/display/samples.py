"""One of every outcome, and the fullest and longest that there can be."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from contracts.replica import (
    AccountState,
    CustomerEntry,
    GiftEntry,
    Money,
    RewardLine,
    StampsLine,
    SubscriptionLine,
)
from kiosk.display.languages import load_languages
from kiosk.display.screens import Screens
from kiosk.outcomes import (
    AccountClosed,
    Earned,
    ForeignCode,
    GiftCard,
    NotCounted,
    Outcome,
    Provisional,
    Recognised,
    Revoked,
    SeveralCodes,
    StaffBadge,
    UnknownCard,
    Unlinked,
    Unreadable,
)
from kiosk.scanning.symbols import Hint

ZONE = ZoneInfo("Europe/Amsterdam")
NOW = datetime(2026, 11, 21, 13, 5, tzinfo=UTC)
"""14:05 in Amsterdam."""

LANGUAGES = load_languages()

ANNA = CustomerEntry(as_of=NOW, greeting_name="Anna", language="nl", points=1240)

REWARDED = msgspec.structs.replace(
    ANNA,
    rewards=(
        RewardLine("r1", "Gratis koffie", NOW + timedelta(days=40)),
        RewardLine("r2", "10% korting op een taart"),
    ),
)

THREE = msgspec.structs.replace(
    REWARDED,
    greeting_name="Marie-Antoinette-Josephine",
    points=99_999,
    rewards=(*REWARDED.rewards, RewardLine("r3", "Een doos bonbons", NOW + timedelta(days=9))),
)

PUNCHED = msgspec.structs.replace(
    ANNA,
    points=7,
    stamps=(
        StampsLine("Koffiekaart", 7, 12),
        StampsLine("Een broodje naar keuze, elke dag", 0, 12),
    ),
)

GOLD = msgspec.structs.replace(
    ANNA,
    greeting_name="Søren",
    points=128_400,
    credit=Money(1250, "EUR"),
    stamps=(StampsLine("Koffiekaart", 7, 10),),
    subscription=SubscriptionLine("Onbeperkt koffie", NOW + timedelta(days=300)),
)

FULL = msgspec.structs.replace(
    ANNA,
    greeting_name="Wolfeschlegelsteinhausenbergerdorff",
    points=12_345_678,
    credit=Money(123_456_789, "EUR"),
    rewards=tuple(
        RewardLine(
            f"r{n}", f"Een heerlijk stuk appeltaart met extra veel slagroom, deel {n}", NOW + timedelta(n)
        )
        for n in range(1, 6)
    ),
    stamps=(
        StampsLine("Koffiekaart van de hele familie", 7, 10),
        StampsLine("Tosti’s voor de lunch op het werk", 12, 12),
        StampsLine("Nog een kaart", 3, 30),
    ),
    subscription=SubscriptionLine("Onbeperkt koffie en thee, zakelijk", NOW + timedelta(days=300)),
)

GIFT = GiftEntry(as_of=NOW, balance=Money(1250, "EUR"))

OUTCOMES: dict[str, Outcome] = {
    "recognised": Recognised(ANNA),
    "rewarded": Recognised(REWARDED, earned=Earned(10)),
    "earned_reward": Recognised(REWARDED, earned=Earned(10, ("Gratis koffie",))),
    "earned_nothing": Recognised(ANNA, earned=Earned(0)),
    "earned_only_a_reward": Recognised(ANNA, earned=Earned(0, ("Gratis koffie",))),
    "offline": Recognised(ANNA, offline=True),
    "already_counted": Recognised(REWARDED, already_counted=True),
    "three_rewards_offline": Recognised(THREE, offline=True),
    "punched": Recognised(PUNCHED, offline=True),
    "gold": Recognised(GOLD, earned=Earned(120)),
    "full": Recognised(FULL, earned=Earned(1_234_567)),
    "full_offline": Recognised(FULL, offline=True),
    "gift_card": GiftCard(GIFT),
    "gift_card_offline": GiftCard(GIFT, offline=True),
    "gift_card_used_up": GiftCard(GiftEntry(as_of=NOW, balance=Money(0, "EUR"))),
    "gift_card_of_millions": GiftCard(
        GiftEntry(as_of=NOW, balance=Money(1_234_567_890, "CHF")), offline=True
    ),
    "unlinked": Unlinked(),
    "provisional": Provisional(),
    "revoked": Revoked(NOW),
    "archived": AccountClosed(AccountState.ARCHIVED),
    "awaiting_approval": AccountClosed(AccountState.AWAITING_APPROVAL),
    "unknown_card": UnknownCard(),
    "unknown_card_offline": UnknownCard(offline=True),
    "foreign_code": ForeignCode(),
    "several_codes": SeveralCodes(),
    "staff_badge": StaffBadge(),
    **{f"unreadable_{hint}": Unreadable(hint) for hint in Hint},
    "not_counted": NotCounted(),
}


def screens(language: str = "nl") -> Screens:
    return Screens(LANGUAGES, language, ZONE)


def in_language(outcome: Outcome, language: str) -> Outcome:
    """The same outcome for a customer who speaks ``language``."""
    if not isinstance(outcome, Recognised):
        return outcome
    return replace(outcome, customer=msgspec.structs.replace(outcome.customer, language=language))

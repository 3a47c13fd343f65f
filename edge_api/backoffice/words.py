"""How the pages say things: names of states, numbers, and times in the zone of whoever looks."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum

from contracts.events import OutcomeName
from contracts.replica import AccountState
from edge_api.cards.models import BatchKind, CardType, Step
from edge_api.config import Language
from edge_api.fleet.models import KioskState
from edge_api.ingest.models import RejectReason
from edge_api.loyalty.models import EntryReason, RewardState
from edge_api.roles import Role


class Tone(StrEnum):
    """The colour that goes with a word, the same four as on the kiosk."""

    NEUTRAL = "neutral"
    OK = "ok"
    NOTICE = "notice"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Said:
    """A state in words, with its tone."""

    text: str
    tone: Tone = Tone.NEUTRAL


_SAID: tuple[tuple[StrEnum, Said], ...] = (
    (OutcomeName.RECOGNISED, Said("Recognised", Tone.OK)),
    (OutcomeName.GIFT_CARD, Said("Gift card", Tone.OK)),
    (OutcomeName.UNLINKED, Said("Nobody’s card yet", Tone.NOTICE)),
    (OutcomeName.PROVISIONAL, Said("Provisionally linked", Tone.NOTICE)),
    (OutcomeName.REVOKED, Said("Revoked card", Tone.REFUSED)),
    (OutcomeName.ACCOUNT_CLOSED, Said("Account closed", Tone.REFUSED)),
    (OutcomeName.UNKNOWN_CARD, Said("Unknown card", Tone.NOTICE)),
    (OutcomeName.FOREIGN_CODE, Said("Not one of our codes", Tone.NEUTRAL)),
    (OutcomeName.SEVERAL_CODES, Said("Several codes at once", Tone.NEUTRAL)),
    (OutcomeName.STAFF_BADGE, Said("Staff badge", Tone.NEUTRAL)),
    (OutcomeName.UNREADABLE, Said("Unreadable", Tone.NEUTRAL)),
    (OutcomeName.NOT_COUNTED, Said("Not counted", Tone.REFUSED)),
    (AccountState.OPEN, Said("Open", Tone.OK)),
    (AccountState.ARCHIVED, Said("Archived", Tone.REFUSED)),
    (AccountState.AWAITING_APPROVAL, Said("Awaiting approval", Tone.NOTICE)),
    (RewardState.EARNED, Said("Ready to use", Tone.OK)),
    (RewardState.REDEEMED, Said("Used")),
    (RewardState.EXPIRED, Said("Expired", Tone.NOTICE)),
    (RewardState.WITHDRAWN, Said("Withdrawn", Tone.REFUSED)),
    (KioskState.CREATED, Said("Not enrolled yet", Tone.NOTICE)),
    (KioskState.ACTIVE, Said("Enrolled", Tone.OK)),
    (KioskState.REVOKED, Said("Revoked", Tone.REFUSED)),
    (EntryReason.VISIT, Said("Visit")),
    (EntryReason.ADJUSTMENT, Said("Adjusted by hand")),
    (Step.MADE, Said("Made")),
    (Step.LINKED, Said("Linked", Tone.OK)),
    (Step.UNLINKED, Said("Unlinked", Tone.NOTICE)),
    (Step.REVOKED, Said("Revoked", Tone.REFUSED)),
    (Step.UN_REVOKED, Said("Allowed again", Tone.OK)),
    (BatchKind.ONLINE, Said("Shown on phones")),
    (BatchKind.OFFLINE, Said("Printed")),
    (CardType.ID, Said("ID cards")),
    (CardType.VIP, Said("VIP cards")),
    (CardType.GIFT, Said("Gift cards")),
    (CardType.PUNCH, Said("Punch cards")),
    (Role.OWNER, Said("Owner")),
    (Role.MANAGER, Said("Manager")),
    (Role.STAFF, Said("Staff")),
    (Language.NL, Said("Nederlands")),
    (Language.EN, Said("English")),
    (Language.FR, Said("Français")),
    (Language.DE, Said("Deutsch")),
    (RejectReason.MALFORMED, Said("Malformed")),
    (RejectReason.TOO_LARGE, Said("Too large")),
    (RejectReason.UNKNOWN_KIOSK, Said("Unknown kiosk", Tone.NOTICE)),
    (RejectReason.REVOKED_KIOSK, Said("Revoked kiosk", Tone.NOTICE)),
    (RejectReason.FORGED_SOURCE, Said("Forged source", Tone.REFUSED)),
    (RejectReason.FORGED_PROOF, Said("Forged proof", Tone.REFUSED)),
    (RejectReason.UNKNOWN_TYPE, Said("Unknown type")),
    (RejectReason.CONFLICT, Said("Conflict", Tone.NOTICE)),
)

# Members of different enumerations may be equal as texts, so the enumeration counts too.
_BY_KIND = {(type(state), state.value): words for state, words in _SAID}


def said(state: StrEnum) -> Said:
    """Return a state in words."""
    return _BY_KIND[type(state), state.value]


def number(value: int) -> str:
    """Write a number with its thousands apart.

    >>> number(12480)
    '12,480'
    """
    return f"{value:,}".replace("-", "−")


def signed(value: int) -> str:
    """Write a number with its sign; nothing has none.

    >>> signed(11), signed(-5), signed(0)
    ('+11', '−5', '0')
    """
    return f"+{number(value)}" if value > 0 else number(value)


def moment(at: datetime, zone: tzinfo, now: datetime, *, seconds: bool = False) -> str:
    """Say when something was: today by the clock alone, else with its day, in other years with the year.

    Only today's may be told with ``seconds``: nobody needs them later.
    """
    local, today = at.astimezone(zone), now.astimezone(zone)
    if local.date() == today.date():
        return local.strftime("%H:%M:%S" if seconds else "%H:%M")
    clock = local.strftime("%H:%M")
    day = f"{local.day} {local.strftime('%b')}"
    return f"{day}, {clock}" if local.year == today.year else f"{day} {local.year}, {clock}"


def day(at: datetime, zone: tzinfo) -> str:
    """Say on which day something was or will be."""
    local = at.astimezone(zone)
    return f"{local.day} {local.strftime('%b')} {local.year}"


def ago(at: datetime | None, now: datetime) -> str:
    """Say how long ago something was, roughly."""
    if at is None:
        return "never"
    seconds = int((now - at).total_seconds())
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"

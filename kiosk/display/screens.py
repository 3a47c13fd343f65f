"""Decides what a person sees of an outcome: which template, which tone, and every word of it.

Pure: no clock, no input or output, no third-party package.
"""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from contracts.replica import AccountState
from kiosk.display import formats
from kiosk.display.customer_screen import CustomerScreen
from kiosk.display.screen import Balance, Icon, Line, Screen, Template, Tone
from kiosk.display.words import HintWords, Languages, Message, Words, choose
from kiosk.outcomes import (
    AccountClosed,
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

MessageOutcome = (
    Unlinked
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
"""The outcomes that are told in words only."""

_SECONDS = 8.0
_EXPLANATION_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Screens:
    """Makes screens for one shop: in its language, or a customer's own, and in its time zone."""

    languages: Languages
    shop_language: str
    time_zone: tzinfo

    def waiting(self) -> Screen:
        """Return the screen that invites to hold a card before the camera."""
        words = self._shop_words()
        others = (each.welcome for each in self.languages.values() if each != words)
        return Screen(
            template=Template.WAITING,
            tone=Tone.NEUTRAL,
            icon=Icon.CARD,
            language=words.language,
            status=words.waiting.status,
            title=words.waiting.title,
            text=words.waiting.text,
            footnote="\n".join(others),
            hold_seconds=None,
        )

    def of(self, outcome: Outcome, now: datetime) -> Screen:
        """Return the outcome's screen. ``now`` decides whether a moment is told with its day."""
        if isinstance(outcome, Recognised):
            words = choose(self.languages, outcome.customer.language, self.shop_language)
            return CustomerScreen(outcome, words, self.time_zone, now).screen()
        if isinstance(outcome, GiftCard):
            return self._gift_card(outcome, now)
        return _message(outcome, self._shop_words())

    def _gift_card(self, outcome: GiftCard, now: datetime) -> Screen:
        words, card = self._shop_words(), outcome.card
        said = words.gift_card
        is_good = card.balance.minor > 0
        known = formats.moment(card.as_of, now, self.time_zone, words.format)
        return Screen(
            template=Template.CUSTOMER,
            tone=Tone.OK if is_good else Tone.NOTICE,
            icon=Icon.WALLET,
            language=words.language,
            status=said.status,
            title=said.title if is_good else said.used_up,
            balance=Balance(formats.money(card.balance, words.format), said.unit),
            footnote=words.customer.as_of.format(moment=known) if outcome.offline else "",
            outcome=outcome.name,
            hold_seconds=_SECONDS,
        )

    def _shop_words(self) -> Words:
        return choose(self.languages, self.shop_language, self.shop_language)


def _message(outcome: MessageOutcome, words: Words) -> Screen:
    tone, icon, said = _look(outcome, words)
    lines = _ways_to_link(words) if isinstance(outcome, Unlinked) else ()
    return Screen(
        template=Template.MESSAGE,
        tone=tone,
        icon=icon,
        language=words.language,
        status=said.status,
        title=said.title,
        text=said.text,
        lines=lines,
        outcome=outcome.name,
        hold_seconds=_seconds(outcome),
    )


def _seconds(outcome: MessageOutcome) -> float | None:
    if isinstance(outcome, Unreadable):
        return None
    return _EXPLANATION_SECONDS if isinstance(outcome, Unlinked) else _SECONDS


def _look(outcome: MessageOutcome, words: Words) -> tuple[Tone, Icon, Message]:
    match outcome:
        case Unlinked():
            look = Tone.NOTICE, Icon.LINK, words.unlinked
        case Provisional():
            look = Tone.NOTICE, Icon.LATER, words.provisional
        case Revoked():
            look = Tone.REFUSED, Icon.BLOCKED, words.revoked
        case AccountClosed(state=AccountState.AWAITING_APPROVAL):
            look = Tone.NOTICE, Icon.HOURGLASS, words.awaiting_approval
        case AccountClosed():
            look = Tone.REFUSED, Icon.BLOCKED, words.archived
        case UnknownCard(offline=offline):
            said = words.unknown_card_offline if offline else words.unknown_card
            look = Tone.NOTICE, Icon.QUESTION, said
        case ForeignCode():
            look = Tone.NOTICE, Icon.FOREIGN, words.foreign_code
        case SeveralCodes():
            look = Tone.NOTICE, Icon.SEVERAL, words.several_codes
        case Unreadable(hint=hint):
            # As calm as waiting: nothing has gone wrong, the person is only on the way.
            icon, title = _help(hint, words.unreadable)
            look = Tone.NEUTRAL, icon, Message(words.unreadable.status, title, words.unreadable.text)
        case StaffBadge():
            look = Tone.NEUTRAL, Icon.BADGE, words.staff_badge
        case NotCounted():
            look = Tone.REFUSED, Icon.FULL, words.not_counted
    return look


def _help(hint: Hint, said: HintWords) -> tuple[Icon, str]:
    match hint:
        case Hint.CLOSER:
            return Icon.CLOSER, said.closer
        case Hint.FURTHER:
            return Icon.FURTHER, said.further
        case Hint.HOLD_STILL:
            return Icon.STILL, said.hold_still
        case Hint.LESS_TILT:
            return Icon.TILT, said.less_tilt
        case Hint.LESS_GLARE:
            return Icon.GLARE, said.less_glare
        case Hint.BRIGHTER:
            return Icon.BRIGHTER, said.brighter


def _ways_to_link(words: Words) -> tuple[Line, ...]:
    return (Line(Icon.STAFF, words.link.staff),)

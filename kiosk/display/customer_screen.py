"""Decides what a recognised customer sees: the balance, what the visit came to, what is ready to use.

Pure: no clock, no input or output, no third-party package.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, tzinfo

from contracts.replica import CustomerEntry, RewardLine, StampsLine, SubscriptionLine
from kiosk.display import formats
from kiosk.display.screen import Balance, Icon, Line, Screen, Template, Tone
from kiosk.display.words import CustomerWords, Words
from kiosk.outcomes import Earned, Recognised

MOST_REWARDS = 3
"""More do not fit; the heading says how many there are."""

MOST_STAMP_CARDS = 2
MOST_DOTS = 12
"""A punch card with more places is told in figures only."""

_SECONDS = 8.0
_REPEAT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Status:
    """What the visit came to, as the coloured side of the screen says it."""

    tone: Tone
    icon: Icon
    words: str
    gain: str = ""


@dataclass(frozen=True, slots=True)
class CustomerScreen:
    """Builds the screen of one recognised customer in the language of ``words``."""

    outcome: Recognised
    words: Words
    zone: tzinfo
    now: datetime

    def screen(self) -> Screen:
        """Return the finished screen."""
        customer = self.outcome.customer
        status = _status(self.outcome, self.words)
        rewards = self._rewards()
        return Screen(
            template=Template.CUSTOMER,
            tone=status.tone,
            icon=status.icon,
            language=self.words.language,
            status=status.words,
            gain=status.gain,
            title=_greeting(customer.greeting_name, self.words),
            balance=self._balance(),
            rewards_title=self._rewards_title(len(rewards)),
            rewards=rewards[:MOST_REWARDS],
            lines=self._lines(),
            footnote=self._as_of() if self.outcome.offline else "",
            outcome=self.outcome.name,
            hold_seconds=_REPEAT_SECONDS if self.outcome.already_counted else _SECONDS,
        )

    def _balance(self) -> Balance:
        points = self.outcome.customer.points
        style = self.words.format
        return Balance(formats.number(points, style), formats.plural(points, self._customer.points, style))

    def _rewards(self) -> tuple[Line, ...]:
        """Return all rewards, new ones first; one that was just earned may not be in the row yet."""
        fresh = Counter(self.outcome.earned.rewards if self.outcome.earned else ())
        new: list[Line] = []
        known: list[Line] = []
        for reward in self._usable():
            is_new = fresh[reward.name] > 0
            fresh[reward.name] -= is_new
            (new if is_new else known).append(self._reward(reward, is_new))
        missing = [self._reward(RewardLine(id="", name=name), True) for name in fresh.elements()]
        return (*missing, *new, *known)

    def _usable(self) -> list[RewardLine]:
        rewards = self.outcome.customer.rewards
        return [each for each in rewards if each.expires is None or each.expires > self.now]

    def _reward(self, reward: RewardLine, is_new: bool) -> Line:
        if is_new:
            return Line(Icon.GIFT, reward.name, tag=self._customer.new)
        return Line(Icon.GIFT, reward.name, self._until(reward.expires))

    def _until(self, end: datetime | None) -> str:
        if end is None:
            return ""
        return self._customer.until.format(date=formats.last_day(end, self.zone, self.words.format))

    def _rewards_title(self, count: int) -> str:
        return formats.plural(count, self._customer.rewards, self.words.format) if count else ""

    def _lines(self) -> tuple[Line, ...]:
        customer = self.outcome.customer
        stamps = tuple(self._stamps(each) for each in customer.stamps[:MOST_STAMP_CARDS])
        return (*self._credit(customer), *stamps, *self._subscription(customer.subscription))

    def _credit(self, customer: CustomerEntry) -> tuple[Line, ...]:
        if customer.credit is None:
            return ()
        amount = formats.money(customer.credit, self.words.format)
        return (Line(Icon.WALLET, self._customer.credit.format(amount=amount)),)

    def _stamps(self, card: StampsLine) -> Line:
        told = self._customer.stamps.format(stamps=card.stamps, needed=card.needed)
        places = card.needed if card.needed <= MOST_DOTS else 0
        return Line(Icon.STAMP, card.name, told, dots=tuple(n < card.stamps for n in range(places)))

    def _subscription(self, held: SubscriptionLine | None) -> tuple[Line, ...]:
        if held is None:
            return ()
        detail = self._customer.subscription_behind if held.behind else self._until(held.until)
        return (Line(Icon.CALENDAR, held.plan, detail),)

    def _as_of(self) -> str:
        known = formats.moment(self.outcome.customer.as_of, self.now, self.zone, self.words.format)
        return self._customer.as_of.format(moment=known)

    @property
    def _customer(self) -> CustomerWords:
        return self.words.customer


def _greeting(name: str, words: Words) -> str:
    name = name.strip()
    return words.customer.greeting.format(name=name) if name else words.customer.greeting_without_name


def _status(outcome: Recognised, words: Words) -> _Status:
    said = words.customer
    if outcome.already_counted:
        return _Status(Tone.NOTICE, Icon.REPEAT, said.already_counted)
    if outcome.earned is not None:
        return _earned(outcome.earned, words)
    if outcome.offline:
        return _Status(Tone.OK, Icon.LATER, said.added_later)
    return _Status(Tone.OK, Icon.CHECK, said.counted)


def _earned(earned: Earned, words: Words) -> _Status:
    said = words.customer
    if earned.points > 0:
        gain = said.earned.format(count=formats.number(earned.points, words.format))
        unit = formats.plural(earned.points, said.points, words.format)
        return _Status(Tone.OK, Icon.CHECK, unit, gain)
    if earned.rewards:
        return _Status(Tone.OK, Icon.GIFT, said.new_reward)
    return _Status(Tone.OK, Icon.CHECK, said.earned_nothing)

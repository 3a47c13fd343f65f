"""Receives whoever shows a code: decides what it is, keeps the scan, then shows the result.

The scanner's loop calls :meth:`Reception.saw` with what each frame holds, and :meth:`Reception.tick` some
twenty times a second for everything that comes from the other side: what the visit earned, a row that
changed, and the way back to waiting. A result is durable before it is shown.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol
from uuid import UUID

from contracts.card_code import CardCode, parse
from contracts.errors import InvalidCardCode
from contracts.replica import CustomerEntry, Entry
from contracts.settlements import Settlement, Verdict
from kiosk.directory.directory import Directory, Found
from kiosk.directory.downlink import DownlinkReader
from kiosk.directory.resolve import resolve
from kiosk.errors import StorageFull
from kiosk.outcomes import (
    Earned,
    ForeignCode,
    NotCounted,
    Outcome,
    Recognised,
    SeveralCodes,
    UnknownCard,
    Unreadable,
)
from kiosk.reporting import CardShown, OtherCode, Reporter
from kiosk.scanning.debounce import Debounce
from kiosk.scanning.debounce import Verdict as Presence
from kiosk.scanning.guidance import Guidance
from kiosk.scanning.symbols import Hint

_SEVERAL = "several"
_CARD_MAY_FLICKER = 0.15
"""Seconds without a reading for which a card is taken to be still before the camera."""

_OTHER_HIDDEN_AFTER = 0.5
"""Seconds unseen after which a card's result gives way to another that is still held before the camera."""

_LOOK_AGAIN = (-1, -1)


class Display(Protocol):
    """Where results are shown."""

    def show(self, outcome: Outcome) -> float:
        """Show an outcome; return the seconds it should stay after the card has gone."""

    def wait(self) -> None:
        """Invite the next person."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Whose addresses are cards, and for how many seconds the same card again is not another scan."""

    card_hosts: tuple[str, ...]
    repeat_seconds: float


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a frame's codes amount to: something to tell apart by ``key``, a card of ours or not.

    ``beside`` are the keys of other people's codes in a card's frame.
    """

    key: str = field(repr=False)
    code: CardCode | None = None
    text: str | None = field(default=None, repr=False)
    malformed: bool = False
    beside: tuple[str, ...] = field(default=(), repr=False)

    @property
    def is_card(self) -> bool:
        """Whether it is one card, or several."""
        return self.text is None


@dataclass(frozen=True, slots=True)
class _Shown:
    """What is on the screen, and what it may still be waiting for.

    ``found`` is what the replica knew of a card when it was shown.
    """

    seen: _Seen
    outcome: Outcome
    last_seen: float
    stays: float
    found: Found | None = None
    event: UUID | None = None
    repeat: bool = False


class Reception:
    """One kiosk's front desk. Thread-safe: frames and ticks come from different threads."""

    def __init__(
        self,
        directory: Directory,
        downlink: DownlinkReader,
        reporter: Reporter,
        display: Display,
        rules: Rules,
    ) -> None:
        self._directory = directory
        self._downlink = downlink
        self._reporter = reporter
        self._display = display
        self._rules = rules
        self._debounce = Debounce(rules.repeat_seconds)
        self._guidance = Guidance()
        self._advised: Hint | None = None
        self._shown: _Shown | None = None
        self._displaced: _Shown | None = None
        self._changes = _LOOK_AGAIN
        self._lock = threading.Lock()

    def saw(self, texts: Sequence[str], now: float) -> None:
        """Take the texts of all codes in one frame; ``now`` is on the monotonic clock."""
        seen = _what_was_seen(texts, self._rules.card_hosts)
        if seen is None:
            return
        with self._lock:
            self._guidance.read()
            for key in seen.beside:
                self._overlook(key, now)
            if not seen.is_card and self._card_just_read(now):
                # Perhaps a poster beside the card, in a frame in which the card was not read.
                return
            presence = self._debounce.see(seen.key, now)
            if presence is Presence.HELD:
                self._held(seen, now)
            else:
                self._receive(seen, now, counts=presence is Presence.NEW)

    def glimpsed(self, hint: Hint, now: float) -> None:
        """Take note that a frame showed a code which was not read, and what would help."""
        with self._lock:
            self._guidance.glimpsed(hint, now)

    def tick(self, now: float) -> None:
        """Bring what is shown up to date, or go back to waiting."""
        with self._lock:
            if self._shown is None:
                self._advise(self._guidance.advice(now))
                return
            if now - self._shown.last_seen > self._shown.stays:
                self._shown = self._displaced = None
                self._display.wait()
                return
            changes = (self._downlink.change_number(), self._directory.change_number())
            if changes != self._changes:
                self._changes = changes
                self._refresh(self._shown)

    def follow(self, rules: Rules) -> None:
        """Go by new rules from now on; who stands there is not forgotten."""
        with self._lock:
            self._debounce.follow(rules.repeat_seconds)
            self._rules = rules

    def _advise(self, hint: Hint | None) -> None:
        """Help whoever holds up a code that cannot be read; a result is never covered by that."""
        if hint is self._advised:
            return
        self._advised = hint
        if hint is None:
            self._display.wait()
        else:
            self._display.show(Unreadable(hint))

    def _overlook(self, key: str, now: float) -> None:
        """Take note of a code that is in view without anything following from it, now or while it stays."""
        if self._debounce.see(key, now) is Presence.NEW:
            self._debounce.forget(key)

    def _card_just_read(self, now: float) -> bool:
        shown = self._shown
        return shown is not None and shown.seen.is_card and now - shown.last_seen <= _CARD_MAY_FLICKER

    def _held(self, seen: _Seen, now: float) -> None:
        shown = self._shown
        if shown is not None and shown.seen.key == seen.key:
            self._shown = replace(shown, last_seen=now)
        elif shown is None or _gives_way(shown, seen, now):
            self._come_back(seen, now)

    def _come_back(self, seen: _Seen, now: float) -> None:
        """Show the result of a code again that never left, though something else was shown meanwhile."""
        displaced = self._displaced
        if displaced is not None and displaced.seen.key == seen.key:
            self._show(replace(displaced, outcome=self._outcome_now(displaced), last_seen=now))
        else:
            self._receive(seen, now, counts=False)

    def _receive(self, seen: _Seen, now: float, *, counts: bool) -> None:
        outcome, what, found = self._decide(seen, repeat=not counts)
        event = None
        if counts:
            try:
                event = self._reporter.scan(outcome.name, what)
            except StorageFull:
                self._debounce.forget(seen.key)
        if (counts or seen.is_card) and not self._debounce.was_counted(seen.key):
            outcome, found = NotCounted(), None
        self._show(_Shown(seen, outcome, now, 0.0, found, event, repeat=not counts))

    def _show(self, shown: _Shown) -> None:
        self._displaced, self._shown = self._shown, replace(shown, stays=self._display.show(shown.outcome))
        self._changes = _LOOK_AGAIN
        self._advised = None

    def _decide(
        self, seen: _Seen, *, repeat: bool
    ) -> tuple[Outcome, CardShown | OtherCode | None, Found | None]:
        offline = not self._downlink.connected()
        if seen.code is not None:
            found = self._directory.find(seen.code)
            outcome = resolve(self._entry_of(found, offline), offline=offline, already_counted=repeat)
            return outcome, CardShown(found.keys, found.revision), found
        if seen.text is None:
            return SeveralCodes(), None, None
        other: Outcome = UnknownCard(offline=offline) if seen.malformed else ForeignCode()
        return other, OtherCode(seen.text), None

    def _refresh(self, shown: _Shown) -> None:
        """Show again what changed while the person stands there: their row, and what they earned."""
        outcome = self._outcome_now(shown)
        if outcome != shown.outcome:
            self._shown = replace(shown, outcome=outcome, stays=self._display.show(outcome))

    def _outcome_now(self, shown: _Shown) -> Outcome:
        if shown.found is None:
            return shown.outcome
        offline = not self._downlink.connected()
        found = self._directory.again(shown.found.keys)
        entry = self._entry_of(found, offline)
        outcome = resolve(entry, offline=offline, already_counted=shown.repeat)
        settlement = self._downlink.settlement(shown.event) if shown.event else None
        if settlement is None:
            return outcome
        return _with_settlement(outcome, settlement, row_is_old=found.revision == shown.found.revision)

    def _entry_of(self, found: Found, offline: bool) -> Entry | None:
        """Return what is known; offline, as of when the edge was last heard, though the row is older."""
        whole_at = self._downlink.whole_at() if offline else None
        if whole_at is None or not isinstance(found.entry, CustomerEntry):
            return found.entry
        return found.entry.known_until(whole_at)


def _gives_way(shown: _Shown, seen: _Seen, now: float) -> bool:
    """Tell whether a result gives way to another code that is still held before the camera."""
    if shown.seen.is_card != seen.is_card:
        # A card goes before what is no card, at once; and what is no card waits until the screen is free.
        return seen.is_card
    return now - shown.last_seen > _OTHER_HIDDEN_AFTER


def _with_settlement(outcome: Outcome, settlement: Settlement, *, row_is_old: bool) -> Outcome:
    """Add what the edge says of the visit; until the new row is there, also the balance after it."""
    if not isinstance(outcome, Recognised) or settlement.verdict is not Verdict.BOOKED:
        return outcome
    earned = outcome.with_earned(Earned(settlement.earned, settlement.rewards))
    return earned.with_points(settlement.balance) if row_is_old and settlement.balance is not None else earned


def _what_was_seen(texts: Sequence[str], card_hosts: tuple[str, ...]) -> _Seen | None:
    """Tell cards from other codes. A poster beside a card does not disturb; a second card does."""
    cards: dict[bytes, CardCode] = {}
    others: list[_Seen] = []
    for text in texts:
        try:
            parsed = parse(text, card_hosts)
        except InvalidCardCode:
            others.append(_Seen(f"malformed:{text}", text=text, malformed=True))
            continue
        if isinstance(parsed, CardCode):
            cards[parsed.secret] = parsed
        else:
            others.append(_Seen(f"foreign:{text}", text=text))
    if len(cards) > 1:
        return _Seen(_SEVERAL)
    if cards:
        (code,) = cards.values()
        return _Seen(f"card:{code.text}", code=code, beside=tuple(each.key for each in others))
    return min(others, key=lambda each: not each.malformed, default=None)

"""Receives whoever shows a code: decides what it is, keeps the scan, then shows the result.

The scanner's loop calls :meth:`Reception.saw` with what each frame holds, and :meth:`Reception.tick` some
twenty times a second for everything that comes from the other side: what the visit earned, a row that
changed, and the way back to waiting. A result is durable before it is shown.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import UUID

from contracts.card_code import CardCode, parse
from contracts.errors import InvalidCardCode
from contracts.sealing import CardKeys
from contracts.settlements import Settlement, Verdict
from kiosk.directory.directory import Directory
from kiosk.directory.downlink import DownlinkReader
from kiosk.directory.resolve import resolve
from kiosk.errors import StorageFull
from kiosk.outcomes import Earned, ForeignCode, NotCounted, Outcome, Recognised, SeveralCodes, UnknownCard
from kiosk.reporting import CardShown, OtherCode, Reporter
from kiosk.scanning.debounce import Debounce
from kiosk.scanning.debounce import Verdict as Presence

_SEVERAL = "several"
_OTHER_HIDDEN_AFTER = 0.5
"""Seconds after which a result gives way to another code that is still held before the camera."""


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
    """What a frame's codes amount to: something to tell apart by ``key``, a card of ours or not."""

    key: str
    code: CardCode | None = None
    text: str | None = None
    malformed: bool = False


@dataclass(frozen=True, slots=True)
class _Shown:
    """What is on the screen, and what it may still be waiting for."""

    key: str
    outcome: Outcome
    last_seen: float
    stays: float
    keys: CardKeys | None = None
    event: UUID | None = None


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
        self._shown: _Shown | None = None
        self._changes: tuple[int, int] = (-1, -1)
        self._lock = threading.Lock()

    def saw(self, texts: Sequence[str], now: float) -> None:
        """Take the texts of all codes in one frame; ``now`` is on the monotonic clock."""
        seen = _what_was_seen(texts, self._rules.card_hosts)
        if seen is None:
            return
        with self._lock:
            presence = self._debounce.see(seen.key, now)
            if presence is Presence.HELD:
                self._held(seen, now)
            else:
                self._receive(seen, now, counts=presence is Presence.NEW)

    def tick(self, now: float) -> None:
        """Bring what is shown up to date, or go back to waiting."""
        with self._lock:
            if self._shown is None:
                return
            if now - self._shown.last_seen > self._shown.stays:
                self._shown = None
                self._display.wait()
                return
            changes = (self._downlink.change_number(), self._directory.change_number())
            if changes != self._changes:
                self._changes = changes
                self._refresh(self._shown)

    def follow(self, rules: Rules) -> None:
        """Go by new rules from now on."""
        with self._lock:
            if rules.repeat_seconds != self._rules.repeat_seconds:
                self._debounce = Debounce(rules.repeat_seconds)
            self._rules = rules

    def _held(self, seen: _Seen, now: float) -> None:
        shown = self._shown
        if shown is not None and shown.key == seen.key:
            self._shown = replace(shown, last_seen=now)
        elif shown is None or now - shown.last_seen > _OTHER_HIDDEN_AFTER:
            self._receive(seen, now, counts=False)

    def _receive(self, seen: _Seen, now: float, *, counts: bool) -> None:
        outcome, what, keys = self._decide(seen, already_counted=not counts)
        event = None
        if counts:
            try:
                event = self._reporter.scan(outcome.name, what)
            except StorageFull:
                self._debounce.forget(seen.key)
                outcome, keys = NotCounted(), None
        stays = self._display.show(outcome)
        self._shown = _Shown(seen.key, outcome, now, stays, keys, event)
        self._changes = (-1, -1)

    def _decide(
        self, seen: _Seen, *, already_counted: bool
    ) -> tuple[Outcome, CardShown | OtherCode | None, CardKeys | None]:
        offline = not self._downlink.connected()
        if seen.code is not None:
            found = self._directory.find(seen.code)
            outcome = resolve(found.entry, offline=offline, already_counted=already_counted)
            return outcome, CardShown(found.keys, found.revision), found.keys
        if seen.text is None:
            return SeveralCodes(), None, None
        other: Outcome = UnknownCard(offline=offline) if seen.malformed else ForeignCode()
        return other, OtherCode(seen.text), None

    def _refresh(self, shown: _Shown) -> None:
        """Show again what changed while the person stands there: their row, and what they earned."""
        if shown.keys is None:
            return
        already = isinstance(shown.outcome, Recognised) and shown.outcome.already_counted
        entry = self._directory.again(shown.keys).entry
        offline = not self._downlink.connected()
        outcome = resolve(entry, offline=offline, already_counted=already)
        settlement = self._downlink.settlement(shown.event) if shown.event else None
        if settlement is not None:
            outcome = _with_settlement(outcome, settlement)
        if outcome != shown.outcome:
            self._shown = replace(shown, outcome=outcome, stays=self._display.show(outcome))


def _with_settlement(outcome: Outcome, settlement: Settlement) -> Outcome:
    if isinstance(outcome, Recognised) and settlement.verdict is Verdict.BOOKED:
        return outcome.with_earned(Earned(settlement.earned, settlement.rewards))
    return outcome


def _what_was_seen(texts: Sequence[str], card_hosts: tuple[str, ...]) -> _Seen | None:
    """Tell cards from other codes. A poster beside a card does not disturb; a second card does."""
    cards: dict[bytes, CardCode] = {}
    malformed: list[str] = []
    foreign: list[str] = []
    for text in texts:
        try:
            parsed = parse(text, card_hosts)
        except InvalidCardCode:
            malformed.append(text)
            continue
        if isinstance(parsed, CardCode):
            cards[parsed.secret] = parsed
        else:
            foreign.append(text)
    if len(cards) > 1:
        return _Seen(_SEVERAL)
    if cards:
        code = next(iter(cards.values()))
        return _Seen(f"card:{code.text}", code=code)
    if malformed:
        return _Seen(f"malformed:{malformed[0]}", text=malformed[0], malformed=True)
    if foreign:
        return _Seen(f"foreign:{foreign[0]}", text=foreign[0])
    return None

"""Taking in one kiosk message: who sent it, whether it is new and genuine, and what follows from it.

A scan is a fact and always accepted; what it earns is for loyalty to say. Whatever is not accepted is
kept for review with the reason, and acknowledged where it says which event it is, so that the kiosk does
not send it for ever.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from contracts.events import MAX_EVENT_BYTES, Event, OutcomeName, ScanData, is_proven
from contracts.kiosk_state import Health, Info, Status
from contracts.replica import AccountState
from contracts.sealing import derive
from contracts.settlements import Verdict
from contracts.topics import Up, UpTopic, parse_up, up
from edge_api.audit import By, Origin
from edge_api.cards import services as cards
from edge_api.cards.models import Card
from edge_api.clock import Clock
from edge_api.config import Config
from edge_api.customers.models import Customer
from edge_api.fleet import services as fleet
from edge_api.fleet.errors import UnknownKiosk
from edge_api.fleet.models import Kiosk, KioskState
from edge_api.ingest.boots import learn_from_health, place_in_time
from edge_api.ingest.errors import Rejected
from edge_api.ingest.models import RejectedMessage, RejectReason, Scan
from edge_api.ingest.reading import id_of, place_of, read, read_scan
from edge_api.loyalty import services as loyalty
from edge_api.sync.services import is_settled, settle

REJECTED_KEPT = 1_000
"""Of one kiosk; then its oldest go, so that no kiosk can fill the disk."""

_REJECTED_LIFE = timedelta(days=90)
_BODY_KEPT = MAX_EVENT_BYTES

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Taken:
    """An event that is stored for good: what to acknowledge, and the scan if it is a new one."""

    kiosk: str
    stream: str
    seq: int
    scan: Scan | None = None


class Ingest:
    """Takes messages in, each in the caller's transaction."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self._site = config.site
        self._clock = clock

    def take(self, session: Session, topic: str, payload: bytes, *, kept: bool = False) -> Taken | None:
        """Take a message; return what to acknowledge once the transaction is committed.

        ``kept`` says that it is no news: the broker had kept it for whoever asks.

        Raises:
            Rejected: it is not accepted, and nothing was changed; see :func:`keep_rejected`.
            InvalidTopic: the topic is none that a kiosk may publish to.
        """
        address = parse_up(topic)
        kiosk = _let_in(session, address.kiosk)
        now = self._clock.now()
        match address.kind:
            case Up.EVENT:
                return self._take_event(session, kiosk, payload, now)
            case Up.STATUS:
                fleet.note_status(kiosk, read(payload, Status), now, kept=kept)
            case Up.INFO:
                fleet.note_info(kiosk, read(payload, Info), now, kept=kept)
            case Up.HEALTH:
                health = read(payload, Health)
                fleet.note_health(kiosk, health, now)
                learn_from_health(session, kiosk.id, health, now)
            case Up.RESULT:
                raise Rejected(RejectReason.UNKNOWN_TYPE, "no command was given")
            case _:
                assert_never(address.kind)
        return None

    def _take_event(self, session: Session, kiosk: Kiosk, payload: bytes, now: datetime) -> Taken:
        event, data = read_scan(payload)
        if event.source != kiosk.id:
            raise Rejected(RejectReason.FORGED_SOURCE, f"says it is from {event.source[:40]!r}")
        taken = Taken(kiosk.id, data.stream, data.seq)
        if _is_stored(session, event, taken):
            return taken
        card = self._genuine_card(session, event, data)
        scan = _new_scan(kiosk, event, data, card, now)
        scan.at, scan.time_estimated = place_in_time(session, kiosk, event, data, now)
        session.add(scan)
        session.flush()
        self._follow(session, scan, card, now)
        return Taken(kiosk.id, data.stream, data.seq, scan)

    def _genuine_card(self, session: Session, event: Event, data: ScanData) -> Card | None:
        """Return the card, if it is one of ours and the kiosk proves that it was shown it."""
        if data.lookup is None:
            return None
        card = cards.find_by_lookup(session, data.lookup)
        if card is not None and not is_proven(event, derive(card.code, self._site).event):
            raise Rejected(RejectReason.FORGED_PROOF, "the event's proof does not fit the card")
        return card

    def _follow(self, session: Session, scan: Scan, card: Card | None, now: datetime) -> None:
        """Book what the visit earns, and queue the verdict for the kiosk."""
        customer = _visiting(session, card)
        if customer is None:
            settle(
                session, scan.kiosk_id, scan.event_id, Verdict.NOTED, now, reason=_why_only_noted(scan, card)
            )
            return
        by = By(f"kiosk:{scan.kiosk_id}", Origin.KIOSK, now, scan.kiosk_id)
        booking = loyalty.book_visit(
            session, customer_id=customer.id, at=scan.at, source_ref=str(scan.event_id), by=by
        )
        scan.points_earned, scan.balance = booking.earned, booking.balance
        settle(
            session,
            scan.kiosk_id,
            scan.event_id,
            Verdict.BOOKED,
            now,
            earned=booking.earned,
            balance=booking.balance,
        )


def keep_rejected(
    session: Session, topic: str, payload: bytes, rejected: Rejected, now: datetime
) -> Taken | None:
    """Keep a kiosk's message for review, and tell the kiosk; the same message again is only counted.

    Returns what to acknowledge once that is committed, where the message says which event it is.
    """
    address = parse_up(topic)
    digest = hashlib.sha256(topic.encode() + b"\0" + payload).digest()
    known = session.get(RejectedMessage, digest)
    if known is not None:
        # Counted by the database: other workers may be about to count it too.
        known.count = RejectedMessage.count + 1
        known.last_at = now
    else:
        log.warning("message rejected", topic=topic, reason=rejected.reason, detail=rejected.detail)
        _make_room(session, address.kiosk)
        session.add(_rejected_message(digest, address, payload, rejected, now))
        session.flush()
        _settle_refused(session, address, payload, rejected, now)
    place = place_of(payload) if address.kind is Up.EVENT else None
    return Taken(address.kiosk, place.stream, place.seq) if place else None


def forget_rejected(session: Session, now: datetime) -> None:
    """Delete what was rejected so long ago that nobody will review it any more."""
    session.execute(delete(RejectedMessage).where(RejectedMessage.first_at < now - _REJECTED_LIFE))


def _rejected_message(
    digest: bytes, address: UpTopic, payload: bytes, rejected: Rejected, now: datetime
) -> RejectedMessage:
    return RejectedMessage(
        digest=digest,
        topic=up(address.kiosk, address.kind),
        kiosk_id=address.kiosk,
        reason=rejected.reason,
        detail=rejected.detail.replace("\0", ""),
        body=payload[:_BODY_KEPT],
        first_at=now,
        last_at=now,
    )


def _make_room(session: Session, kiosk_id: str) -> None:
    ours = RejectedMessage.kiosk_id == kiosk_id
    count = session.scalar(select(func.count()).select_from(RejectedMessage).where(ours)) or 0
    if count >= REJECTED_KEPT:
        oldest = select(RejectedMessage.digest).where(ours).order_by(RejectedMessage.first_at)
        going = session.scalars(oldest.limit(count - REJECTED_KEPT + 1)).all()
        session.execute(delete(RejectedMessage).where(RejectedMessage.digest.in_(going)))


def _settle_refused(
    session: Session, address: UpTopic, payload: bytes, rejected: Rejected, now: datetime
) -> None:
    """Queue the verdict for a kiosk that is let in, unless the event's id has one: that is another's."""
    event_id = id_of(payload) if address.kind is Up.EVENT else None
    kiosk = session.get(Kiosk, address.kiosk)
    if event_id is None or kiosk is None or kiosk.state is not KioskState.ACTIVE:
        return
    if not is_settled(session, event_id):
        settle(session, kiosk.id, event_id, Verdict.REFUSED, now, reason=rejected.reason)


def _let_in(session: Session, kiosk_id: str) -> Kiosk:
    try:
        kiosk = fleet.find_kiosk(session, kiosk_id)
    except UnknownKiosk as error:
        raise Rejected(RejectReason.UNKNOWN_KIOSK, str(error)) from None
    if kiosk.state is not KioskState.ACTIVE:
        raise Rejected(RejectReason.REVOKED_KIOSK, f"the kiosk is {kiosk.state}")
    return kiosk


def _is_stored(session: Session, event: Event, taken: Taken) -> bool:
    """Tell whether this very event is stored already.

    Raises:
        Rejected: its number or its id is stored for another event: a conflict, never a duplicate.
    """
    place = (Scan.kiosk_id == taken.kiosk) & (Scan.stream == taken.stream) & (Scan.seq == taken.seq)
    before = session.scalars(select(Scan).where(place | (Scan.event_id == event.id))).all()
    for scan in before:
        same_place = (scan.kiosk_id, scan.stream, scan.seq) == (taken.kiosk, taken.stream, taken.seq)
        if not same_place or scan.event_id != event.id:
            raise Rejected(RejectReason.CONFLICT, f"number {taken.seq} or its id is another event's")
    return bool(before)


def _new_scan(kiosk: Kiosk, event: Event, data: ScanData, card: Card | None, now: datetime) -> Scan:
    return Scan(
        event_id=event.id,
        kiosk_id=kiosk.id,
        location_id=kiosk.location_id,
        stream=data.stream,
        seq=data.seq,
        outcome=data.outcome,
        lookup=data.lookup,
        card_id=card.id if card else None,
        customer_id=card.customer_id if card else None,
        code_hash=data.code_hash,
        at=now,
        kiosk_time=event.time,
        received_at=now,
        boot_id=data.boot_id,
        uptime_ms=data.uptime_ms,
        clock_synced=data.clock_synced,
        row_revision=data.row_revision,
    )


def _visiting(session: Session, card: Card | None) -> Customer | None:
    """Return the customer whose visit this is, or None where the card is nobody's or not to be used."""
    if card is None or card.revoked_at is not None or card.customer_id is None:
        return None
    customer = session.get_one(Customer, card.customer_id)
    return customer if customer.state is AccountState.OPEN else None


def _why_only_noted(scan: Scan, card: Card | None) -> str:
    if scan.lookup is None:
        return scan.outcome
    if card is None:
        return OutcomeName.UNKNOWN_CARD
    if card.revoked_at is not None:
        return OutcomeName.REVOKED
    return OutcomeName.UNLINKED if card.customer_id is None else OutcomeName.ACCOUNT_CLOSED

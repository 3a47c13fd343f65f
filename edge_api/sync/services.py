"""The feed: turns queued changes into numbered sealed rows, and settlements into numbered ones.

One holder of the lease does this at a time, in short transactions, so revisions become visible in order
and whoever pulls after a cursor misses nothing.
"""

import os
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, exists, insert, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from contracts.replica import RevokedEntry, RowsPush, SealedRow
from contracts.sealing import Site, derive, seal
from contracts.settlements import Settlement, Verdict
from edge_api.cards.models import Card
from edge_api.feed import FeedItem, FeedKind
from edge_api.fleet.models import Kiosk, KioskState
from edge_api.sync.entries import entries_for
from edge_api.sync.errors import LeaseLost
from edge_api.sync.models import FeedState, PublishedRow, SettlementRow

PIECE = 500
"""Feed items and rows in one transaction at most; more rows than this at once are announced, not pushed."""

LEASE = timedelta(seconds=10)
_SETTLEMENTS_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Published:
    """What one turn of the feed made visible."""

    push: RowsPush | None
    kiosks_to_configure: tuple[str, ...]
    emptied: bool
    """Nothing more was waiting after this."""


def ensure_state(session: Session) -> FeedState:
    """Return the feed's state, made with a new epoch in a new database."""
    state = session.get(FeedState, 1)
    if state is not None:
        return state
    try:
        with session.begin_nested():
            session.add(FeedState(id=1, epoch=uuid.uuid4().hex))
    except IntegrityError:
        # Another worker made it at this moment; there is one epoch, and theirs is it.
        pass
    return session.get_one(FeedState, 1)


def take_lease(session: Session, holder: str, now: datetime) -> bool:
    """Take or prolong the right to publish; False while another holder has it."""
    state = session.get_one(FeedState, 1, with_for_update=True)
    if state.lease_holder not in {None, holder} and _runs(state.lease_until, now):
        return False
    state.lease_holder, state.lease_until = holder, now + LEASE
    return True


def release_lease(session: Session, holder: str) -> None:
    """Let another worker publish at once instead of after the lease has run out."""
    state = session.get_one(FeedState, 1, with_for_update=True)
    if state.lease_holder == holder:
        state.lease_holder, state.lease_until = None, None


def publish_rows(session: Session, holder: str, site: Site, now: datetime) -> Published:
    """Seal and number what the oldest queued changes touch.

    Raises:
        LeaseLost: another holder publishes now; nothing was changed.
    """
    state = _held_state(session, holder, now)
    waiting = session.scalars(select(FeedItem).order_by(FeedItem.id).limit(PIECE + 1)).all()
    items = waiting[:PIECE]
    if not items:
        return Published(None, (), emptied=True)
    kiosks = _kiosks_to_configure(session, items)
    cards, done = _touched_cards(session, items)
    push = _publish_cards(session, state, cards, site, now)
    session.execute(delete(FeedItem).where(FeedItem.id.in_(done)))
    return Published(push, kiosks, emptied=len(done) == len(waiting))


def number_settlements(session: Session, holder: str, now: datetime) -> list[tuple[str, Settlement]]:
    """Number the verdicts that wait, oldest first, and return each with its kiosk.

    Raises:
        LeaseLost: another holder publishes now; nothing was changed.
    """
    state = _held_state(session, holder, now)
    query = select(SettlementRow).where(SettlementRow.number.is_(None)).order_by(SettlementRow.id)
    # Locked, since another verdict may take the place of one that waits.
    waiting = session.scalars(query.limit(PIECE).with_for_update()).all()
    for row in waiting:
        state.settlement_number += 1
        row.number = state.settlement_number
    return [(row.kiosk_id, _settlement(row)) for row in waiting]


def settle(
    session: Session,
    kiosk_id: str,
    event_id: uuid.UUID,
    verdict: Verdict,
    now: datetime,
    *,
    earned: int = 0,
    balance: int | None = None,
    reason: str = "",
) -> None:
    """Queue the verdict on an event for its kiosk, in the transaction that decided it.

    It takes the place of an earlier one: an event that was refused may be taken when it is sent again.
    """
    session.execute(delete(SettlementRow).where(SettlementRow.event_id == event_id))
    session.add(
        SettlementRow(
            kiosk_id=kiosk_id,
            event_id=event_id,
            verdict=verdict,
            earned=earned,
            balance=balance,
            reason=reason,
            created_at=now,
        )
    )


def is_settled(session: Session, event_id: uuid.UUID) -> bool:
    """Tell whether there is a verdict on the event."""
    return bool(session.scalar(select(exists().where(SettlementRow.event_id == event_id))))


def settlements_after(session: Session, kiosk_id: str, number: int, limit: int = PIECE) -> list[Settlement]:
    """Return a kiosk's settlements after a number, in order."""
    rows = session.scalars(
        select(SettlementRow)
        .where(SettlementRow.kiosk_id == kiosk_id, SettlementRow.number > number)
        .order_by(SettlementRow.number)
        .limit(limit)
    )
    return [_settlement(row) for row in rows]


def forget_settlements(session: Session, now: datetime) -> None:
    """Delete verdicts so old that no kiosk shows them any more; the scans keep what was booked."""
    session.execute(delete(SettlementRow).where(SettlementRow.created_at < now - _SETTLEMENTS_KEPT))


def rows_after(session: Session, after: int, upto: int, limit: int = PIECE) -> list[SealedRow]:
    """Return published rows with a revision above ``after`` and at most ``upto``, in order."""
    rows = session.execute(
        select(PublishedRow.lookup, PublishedRow.revision, PublishedRow.nonce, PublishedRow.box)
        .where(PublishedRow.revision > after, PublishedRow.revision <= upto)
        .order_by(PublishedRow.revision)
        .limit(limit)
    )
    return [SealedRow(lookup=row[0], revision=row[1], nonce=row[2], box=row[3]) for row in rows]


def _runs(until: datetime | None, now: datetime) -> bool:
    # Nobody gives a lease for so long: the clock that gave a longer one was wrong, and was set since.
    return until is not None and now <= until <= now + 2 * LEASE


def _held_state(session: Session, holder: str, now: datetime) -> FeedState:
    state = session.get_one(FeedState, 1, with_for_update=True)
    if state.lease_holder != holder or state.lease_until is None or state.lease_until < now:
        raise LeaseLost("another worker publishes now")
    return state


def _kiosks_to_configure(session: Session, items: Iterable[FeedItem]) -> tuple[str, ...]:
    listed = list(items)
    query = active_kiosks()
    if not any(item.kind is FeedKind.SHOP for item in listed):
        query = query.where(Kiosk.id.in_({i.ref for i in listed if i.kind is FeedKind.KIOSK_CONFIG}))
    return tuple(session.scalars(query))


def active_kiosks() -> Select[str]:
    """Return the query for the ids of the kiosks that are told things: those that are let in."""
    return select(Kiosk.id).where(Kiosk.state == KioskState.ACTIVE).order_by(Kiosk.id)


def _touched_cards(session: Session, items: Iterable[FeedItem]) -> tuple[list[Card], list[int]]:
    """Return the cards that the items touch, and the items that are thereby done.

    Items are taken until their cards would be more than a piece; a customer has few cards, so at least
    one item always fits.
    """
    cards: dict[int, Card] = {}
    done: list[int] = []
    touched = _cards_by_ref(session, items)
    for item in items:
        more = {card.id: card for card in touched.get((item.kind, item.ref), [])}
        if len(cards) >= PIECE and more.keys() - cards.keys():
            break
        cards.update(more)
        done.append(item.id)
    return list(cards.values()), done


def _cards_by_ref(session: Session, items: Iterable[FeedItem]) -> dict[tuple[FeedKind, str], list[Card]]:
    refs: dict[FeedKind, set[int]] = {FeedKind.CARD: set(), FeedKind.CUSTOMER: set()}
    for item in items:
        if item.kind in refs:
            refs[item.kind].add(int(item.ref))
    wanted = or_(Card.id.in_(refs[FeedKind.CARD]), Card.customer_id.in_(refs[FeedKind.CUSTOMER]))
    found: dict[tuple[FeedKind, str], list[Card]] = {}
    for card in session.scalars(select(Card).where(wanted)):
        found.setdefault((FeedKind.CARD, str(card.id)), []).append(card)
        found.setdefault((FeedKind.CUSTOMER, str(card.customer_id)), []).append(card)
    return found


def _publish_cards(
    session: Session, state: FeedState, cards: list[Card], site: Site, now: datetime
) -> RowsPush | None:
    if not cards:
        return None
    after = state.revision
    entries = entries_for(session, cards, now)
    # Revocations first: they get the lowest revisions, and so are the first to be applied everywhere.
    entries.sort(key=lambda pair: (not isinstance(pair[1], RevokedEntry), pair[0].id))
    rows = []
    for card, entry in entries:
        state.revision += 1
        rows.append(seal(derive(card.code, site), site, state.revision, entry, os.urandom))
    _replace_rows(session, rows)
    return RowsPush(epoch=state.epoch, after=after, upto=state.revision, rows=tuple(rows))


def _replace_rows(session: Session, rows: list[SealedRow]) -> None:
    # Two statements on every database instead of one upsert in each one's own dialect.
    session.execute(delete(PublishedRow).where(PublishedRow.lookup.in_([row.lookup for row in rows])))
    session.execute(
        insert(PublishedRow),
        [
            {"lookup": row.lookup, "revision": row.revision, "nonce": row.nonce, "box": row.box}
            for row in rows
        ],
    )


def _settlement(row: SettlementRow) -> Settlement:
    return Settlement(
        number=row.number or 0,
        event=row.event_id,
        verdict=row.verdict,
        earned=row.earned,
        balance=row.balance,
        reason=row.reason,
    )

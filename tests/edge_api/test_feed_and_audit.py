"""What changed is queued and told with the change itself, or not at all."""

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from edge_api import audit, feed
from edge_api.audit import By, Origin
from edge_api.db import Database
from edge_api.feed import FeedItem, FeedKind
from tests.fakes.clock import FixedClock


def _queue(database: Database) -> list[tuple[int, FeedKind, str]]:
    with database.reading() as session:
        return [
            (each.id, each.kind, each.ref) for each in session.scalars(select(FeedItem).order_by(FeedItem.id))
        ]


def test_touches_are_queued_in_their_order(database: Database) -> None:
    with database.transaction() as session:
        feed.touch(session, FeedKind.CUSTOMER, 7)
        session.flush()
        feed.touch_all(session, FeedKind.CARD, [3, 1, 2])
        feed.touch_all(session, FeedKind.CARD, [])
        feed.touch(session, FeedKind.KIOSK_CONFIG, "k-1")
    assert [each[1:] for each in _queue(database)] == [
        (FeedKind.CUSTOMER, "7"),
        (FeedKind.CARD, "3"),
        (FeedKind.CARD, "1"),
        (FeedKind.CARD, "2"),
        (FeedKind.KIOSK_CONFIG, "k-1"),
    ]


def test_a_change_that_is_undone_is_not_told(database: Database, by: By) -> None:
    def undone(session: Session) -> None:
        feed.touch(session, FeedKind.CARD, 1)
        audit.record(session, by, "card.revoked", "card:1")
        raise KeyError("undone")

    with pytest.raises(KeyError), database.transaction() as session:
        undone(session)
    assert _queue(database) == []
    with database.reading() as session:
        assert audit.entries_about(session, "card:1") == []


def test_a_drained_queue_goes_on_counting(database: Database) -> None:
    with database.transaction() as session:
        feed.touch(session, FeedKind.CARD, 1)
    ((last, _, _),) = _queue(database)
    with database.transaction() as session:
        session.execute(delete(FeedItem))
        feed.touch(session, FeedKind.CARD, 1)
    assert _queue(database)[0][0] > last


def test_the_trail_tells_who_did_what_when_from_where(session: Session, clock: FixedClock) -> None:
    by = By("kiosk:k-1", Origin.KIOSK, clock.now(), "maastricht")
    audit.record(session, by, "card.linked", "card:1", before={"customer": None}, after={"customer": 7})
    audit.record(session, by, "card.linked", "card:2")
    (entry,) = audit.entries_about(session, "card:1")
    assert (entry.actor, entry.origin, entry.at, entry.place) == (
        "kiosk:k-1",
        Origin.KIOSK,
        clock.now(),
        "maastricht",
    )
    assert (entry.action, entry.before, entry.after) == ("card.linked", {"customer": None}, {"customer": 7})

"""Queueing a change, in the transaction of whoever made it: both happen or neither."""

from collections.abc import Iterable

from sqlalchemy import insert
from sqlalchemy.orm import Session

from edge_api.feed.models import FeedItem, FeedKind


def touch(session: Session, kind: FeedKind, ref: str | int) -> None:
    """Say that what kiosks show of ``ref`` may have changed; the id of a card, a customer, a kiosk.

    A whole shop's change has no further reference: pass the empty text.
    """
    session.add(FeedItem(kind=kind, ref=str(ref)))


def touch_all(session: Session, kind: FeedKind, refs: Iterable[str | int]) -> None:
    """Do what :func:`touch` does for many of a kind, in one statement."""
    rows = [{"kind": kind, "ref": str(ref)} for ref in refs]
    if rows:
        session.execute(insert(FeedItem), rows)

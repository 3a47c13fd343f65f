"""Leaving an entry in the trail, and reading what happened to something."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from edge_api.audit.models import AuditEntry, By


def record(
    session: Session,
    by: By,
    action: str,
    subject: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Leave an entry, in the transaction of the change itself.

    ``action`` is like ``card.revoked``, ``subject`` like ``card:17``; the details are JSON values.
    """
    session.add(
        AuditEntry(
            at=by.at,
            actor=by.actor,
            origin=by.origin,
            place=by.place,
            action=action,
            subject=subject,
            before=dict(before or {}),
            after=dict(after or {}),
        )
    )


def entries_about(session: Session, subject: str) -> list[AuditEntry]:
    """Return what happened to a subject, the oldest first."""
    return list(
        session.scalars(select(AuditEntry).where(AuditEntry.subject == subject).order_by(AuditEntry.id))
    )

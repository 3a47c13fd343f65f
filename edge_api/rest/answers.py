"""Each request with an Idempotency-Key is done once, and its answer given again to whoever repeats it.

Three short transactions: claim the key, do the work and keep its answer (both or neither), or give the
claim up. A claim whose holder died is taken over after a while.
"""

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from edge_api.clock import Clock
from edge_api.db import Database
from edge_api.errors import EdgeError, problem_of
from edge_api.rest.documents import PROBLEM_TYPE
from edge_api.rest.errors import KeyInFlight, KeyMismatch
from edge_api.rest.models import StoredAnswer

ABANDONED_AFTER = timedelta(minutes=2)
"""Longer than any request may take."""

KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with its key. ``fingerprint`` tells it from another one with the same key."""

    token_id: int
    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back, in full."""

    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to answer."""

    row_id: int
    nonce: UUID


def fingerprint(method: str, path: str, body: bytes) -> bytes:
    """Return 32 bytes that another request would not have; ``path`` with its query."""
    return hashlib.sha256(b"\0".join((method.encode(), path.encode(), body))).digest()


def answer_once(
    database: Database, clock: Clock, asked: Asked, work: Callable[[Session], Answer]
) -> tuple[Answer, bool]:
    """Do the work in a transaction of its own, once for this key; tell its answer and whether it is old.

    A refusal is an answer too, and kept like one. After a fault of ours the key is free again.

    Raises:
        KeyMismatch: the key was used for another request.
        KeyInFlight: somebody is answering it now.
        EdgeError: what the work refuses.
    """
    with database.transaction() as session:
        held = claim(session, asked, clock.now())
    if isinstance(held, Answer):
        return held, True
    try:
        with database.transaction() as session:
            answer = work(session)
            keep(session, held, answer)
    except BaseException as error:
        with database.transaction() as session:
            _settle(session, held, error)
        raise
    return answer, False


def claim(session: Session, asked: Asked, now: datetime) -> Claim | Answer:
    """Take the right to answer, or return the answer that was given.

    Raises:
        KeyMismatch: the key was used for another request.
        KeyInFlight: somebody is answering it now.
    """
    nonce = uuid.uuid4()
    try:
        with session.begin_nested():
            row = _new_row(asked, nonce, now)
            session.add(row)
    except IntegrityError:
        return _claim_again(session, asked, nonce, now)
    return Claim(row.id, nonce)


def keep(session: Session, held: Claim, answer: Answer) -> None:
    """Keep the answer, in the transaction of the work itself.

    Raises:
        KeyInFlight: the claim took so long that somebody else has it now.
    """
    written = session.scalar(
        update(StoredAnswer)
        .where(StoredAnswer.id == held.row_id, StoredAnswer.claim == held.nonce)
        .values(status=answer.status, content_type=answer.content_type, body=answer.body)
        .returning(StoredAnswer.id)
    )
    if written is None:
        raise KeyInFlight("it took too long, and is being done anew")


def give_up(session: Session, held: Claim) -> None:
    """Let the key be used as if it never was: nothing was done."""
    session.execute(
        delete(StoredAnswer).where(StoredAnswer.id == held.row_id, StoredAnswer.claim == held.nonce)
    )


def forget_answers(session: Session, now: datetime) -> None:
    """Drop what is older than a week: a job of the worker."""
    session.execute(delete(StoredAnswer).where(StoredAnswer.claimed_at < now - KEPT))


def _settle(session: Session, held: Claim, error: BaseException) -> None:
    if isinstance(error, EdgeError) and error.status < 500 and not isinstance(error, KeyInFlight):
        problem = problem_of(error)
        keep(session, held, Answer(problem.status, PROBLEM_TYPE, msgspec.json.encode(problem)))
    else:
        give_up(session, held)


def _claim_again(session: Session, asked: Asked, nonce: UUID, now: datetime) -> Claim | Answer:
    row = session.scalars(
        select(StoredAnswer)
        .where(StoredAnswer.token_id == asked.token_id, StoredAnswer.key == asked.key)
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise KeyInFlight("it was just given up; try again")
    if row.fingerprint != asked.fingerprint:
        raise KeyMismatch("use a new key for each request")
    if row.status is not None:
        return Answer(row.status, row.content_type, row.body)
    if now - row.claimed_at < ABANDONED_AFTER:
        raise KeyInFlight("try again in a moment")
    row.claim, row.claimed_at = nonce, now
    return Claim(row.id, nonce)


def _new_row(asked: Asked, nonce: UUID, now: datetime) -> StoredAnswer:
    return StoredAnswer(
        token_id=asked.token_id,
        key=asked.key,
        fingerprint=asked.fingerprint,
        claim=nonce,
        claimed_at=now,
        content_type="",
        body=b"",
    )

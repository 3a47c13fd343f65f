"""Tokens by which programs use the REST API: shown once, kept as a hash, never stronger than their user."""

import hashlib
import secrets
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from edge_api import audit, texts
from edge_api.accounts.models import ApiToken, User
from edge_api.audit import By
from edge_api.errors import Forbidden, NotFound
from edge_api.roles import Bearer, Role, allows

_PREFIX = "welkom_"


def create_token(session: Session, user: User, *, name: str, role: Role, by: By) -> tuple[ApiToken, str]:
    """Make a token of the user's, and return it with its text, which nobody sees again.

    Raises:
        Forbidden: the role is above the user's own.
    """
    if not allows(user.role, role):
        raise Forbidden("a token may not do more than its user")
    text = _PREFIX + secrets.token_urlsafe(32)
    token = ApiToken(
        token_hash=_hash(text),
        name=texts.name(name, "name"),
        role=role,
        user_id=user.id,
        created_at=by.at,
    )
    session.add(token)
    session.flush()
    audit.record(session, by, "token.created", f"token:{token.id}", after={"name": token.name, "role": role})
    return token, text


def create_token_of(session: Session, email: str, *, name: str, role: Role, by: By) -> str:
    """Make a token of the active user with this e-mail, and return its text.

    Raises:
        NotFound: there is no such user.
        Forbidden: the role is above the user's own.
    """
    query = select(User).where(User.email == email.strip().lower(), User.active)
    user = session.scalars(query).one_or_none()
    if user is None:
        raise NotFound("there is no active user with this e-mail address")
    return create_token(session, user, name=name, role=role, by=by)[1]


def bearer_of(session: Session, text: str) -> Bearer | None:
    """Return who comes with this token: nobody if it is unknown, withdrawn, or its user inactive."""
    query = (
        select(ApiToken.id, ApiToken.role, User.id, User.role)
        .join(User, User.id == ApiToken.user_id)
        .where(ApiToken.token_hash == _hash(text), ApiToken.revoked_at.is_(None), User.active)
    )
    found = session.execute(query).one_or_none()
    if found is None:
        return None
    token_id, role, user_id, users_role = found
    return Bearer(token_id, user_id, role if allows(users_role, role) else users_role)


def revoke_token(session: Session, token_id: int, by: By) -> None:
    """Withdraw a token; twice is once.

    Raises:
        NotFound: there is none.
    """
    token = session.get(ApiToken, token_id)
    if token is None:
        raise NotFound("there is no such token")
    if token.revoked_at is None:
        token.revoked_at = by.at
        audit.record(session, by, "token.revoked", f"token:{token.id}")


def tokens_of(session: Session, user_id: int) -> Sequence[ApiToken]:
    """Return a user's tokens, the withdrawn ones too."""
    return session.scalars(select(ApiToken).where(ApiToken.user_id == user_id).order_by(ApiToken.id)).all()


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()

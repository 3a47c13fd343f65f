"""Who is signed in, for how long, and what they may do here."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import ClassVar, ParamSpec, TypeVar

from flask import current_app, request, session
from flask_login import current_user, login_user, logout_user

from edge_api.accounts.models import User
from edge_api.accounts.services import get_user
from edge_api.audit import By, Origin
from edge_api.backoffice import desk
from edge_api.errors import Forbidden, NotFound, NotSignedIn
from edge_api.roles import Role, allows

IDLE = timedelta(hours=1)
"""So long nobody needs to touch a page before it is signed out; a page that only polls does not count."""

_SEEN_EVERY = timedelta(minutes=1)
_SEEN = "seen"

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The user whom the session names. ``mark`` follows from the password: a new one ends old sessions."""

    id: int
    name: str
    role: Role
    mark: str

    is_authenticated: ClassVar[bool] = True
    is_active: ClassVar[bool] = True
    is_anonymous: ClassVar[bool] = False

    def get_id(self) -> str:
        """Return what the session keeps."""
        return f"{self.id}.{self.mark}"

    def may(self, needed: str) -> bool:
        """Tell whether the user may do what this role may."""
        return allows(self.role, Role(needed))


def load_user(kept: str) -> SignedIn | None:
    """Return the user of a session, or nobody if they left or changed their password since."""
    number, _, mark = kept.partition(".")
    try:
        with desk.database().reading() as db_session:
            user = get_user(db_session, int(number))
    except (NotFound, ValueError):
        return None
    found = _signed_in(user)
    return found if user.active and hmac.compare_digest(found.mark, mark) else None


def begin_session(user: User) -> None:
    """Sign the user in, with a session that has nothing of what was there before."""
    session.clear()
    login_user(_signed_in(user))
    session[_SEEN] = desk.now().timestamp()


def end_session() -> None:
    """Sign out and forget everything of the session."""
    logout_user()
    session.clear()


def is_signed_in() -> bool:
    """Tell whether somebody is signed in who was here not too long ago."""
    return bool(current_user.is_authenticated) and not was_idle()


def was_idle() -> bool:
    """Tell whether somebody is signed in but has not been here for :data:`IDLE`."""
    return bool(current_user.is_authenticated) and desk.now() - _seen() > IDLE


def note_presence() -> None:
    """Begin the idle time anew."""
    now = desk.now()
    if now - _seen() >= _SEEN_EVERY:
        session[_SEEN] = now.timestamp()


def me() -> SignedIn:
    """Return who is signed in.

    Raises:
        NotSignedIn: nobody is.
    """
    user = current_user._get_current_object()
    if not isinstance(user, SignedIn):
        raise NotSignedIn("sign in first")
    return user


def by_me() -> By:
    """Return a deed of whoever is signed in, now."""
    return By(f"user:{me().id}", Origin.BACK_OFFICE, desk.now())


def needs(role: Role) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let only those see a page or do a thing who may what ``role`` may.

    Raises:
        Forbidden: they may not.
    """

    def guarded(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guard(*args: P.args, **kwargs: P.kwargs) -> R:
            if not allows(me().role, role):
                raise Forbidden(f"this takes the role of {role}")
            return view(*args, **kwargs)

        return guard

    return guarded


def safe_next(wanted: str) -> str | None:
    """Return where to go after signing in, if it is a page of this site and nothing else.

    >>> safe_next("/customers?q=jan"), safe_next("//evil.example"), safe_next("https://evil.example")
    ('/customers?q=jan', None, None)
    """
    # Browsers drop tabs and line ends in addresses and read backslashes as slashes.
    plain = wanted.isascii() and wanted.isprintable() and "\\" not in wanted
    return wanted if plain and wanted.startswith("/") and not wanted.startswith("//") else None


def this_page() -> str:
    """Return the path and query that were asked for."""
    return request.full_path.rstrip("?")


def _signed_in(user: User) -> SignedIn:
    key = current_app.secret_key or b""
    secret = key if isinstance(key, bytes) else key.encode()
    mark = hmac.digest(secret, user.password_hash.encode(), "sha256").hex()[:24]
    return SignedIn(user.id, user.name, user.role, mark)


def _seen() -> datetime:
    return datetime.fromtimestamp(float(session.get(_SEEN, 0)), UTC)

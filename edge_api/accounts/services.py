"""Making locations and users, and letting users in."""

import re
from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from edge_api import audit, texts
from edge_api.accounts import passwords
from edge_api.accounts.models import Location, Role, User, UserLocation
from edge_api.accounts.rules import password_fault
from edge_api.audit import By
from edge_api.db import TO_CHANGE, refusing_duplicates
from edge_api.errors import Conflict, EmailTaken, Forbidden, InvalidValue, NameTaken, NotFound

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def create_location(
    session: Session, *, name: str, slug: str, by: By, timezone: str | None = None
) -> Location:
    """Open a location; without a time zone of its own it follows the shop's.

    Raises:
        InvalidValue: the slug (a-z, 0-9 and hyphens, at most 50), name or zone cannot be taken.
        NameTaken: another location has the name or slug.
    """
    if not _SLUG.fullmatch(slug) or len(slug) > 50:
        raise InvalidValue("slug: takes a to z, 0 to 9 and hyphens between, at most 50")
    location = Location(
        name=texts.name(name, "name"), slug=slug, timezone=_zone_name(timezone), created_at=by.at
    )
    with refusing_duplicates(session, NameTaken(f"there is a location {name!r} or {slug!r} already")):
        session.add(location)
    audit.record(session, by, "location.created", f"location:{location.id}", after={"name": location.name})
    return location


def locations(session: Session, *, after: int = 0, limit: int | None = None) -> Sequence[Location]:
    """Return the locations in the order they were opened."""
    query = select(Location).where(Location.id > after).order_by(Location.id).limit(limit)
    return session.scalars(query).all()


def get_location(session: Session, location_id: int) -> Location:
    """Return a location.

    Raises:
        NotFound: there is none.
    """
    location = session.get(Location, location_id)
    if location is None:
        raise NotFound("there is no such location")
    return location


def location_by_slug(session: Session, slug: str) -> Location | None:
    """Return the location that is so named in topics, if there is one."""
    return session.scalars(select(Location).where(Location.slug == slug)).one_or_none()


def create_user(
    session: Session,
    *,
    email: str,
    name: str,
    password: str,
    role: Role,
    by: By,
    location_ids: Iterable[int] = (),
) -> User:
    """Let a person work here.

    Raises:
        InvalidValue: the e-mail, name or password cannot be taken.
        EmailTaken: another user has the e-mail.
        NotFound: there is no such location.
    """
    address = texts.email(email)
    user = User(
        email=address,
        name=texts.name(name, "name"),
        password_hash=_new_hash(password, address),
        role=role,
        active=True,
        created_at=by.at,
    )
    with refusing_duplicates(session, EmailTaken("another user has this e-mail address")):
        session.add(user)
    audit.record(session, by, "user.created", f"user:{user.id}", after={"email": address, "role": role})
    assign_locations(session, user, location_ids, by)
    return user


def assign_locations(session: Session, user: User, location_ids: Iterable[int], by: By) -> None:
    """Say where a person works, in place of where they worked before.

    Raises:
        NotFound: there is no such location.
    """
    wanted = sorted({get_location(session, each).id for each in location_ids})
    session.refresh(user, with_for_update=TO_CHANGE)
    before = location_ids_of(session, user.id)
    if wanted == before:
        return
    session.execute(delete(UserLocation).where(UserLocation.user_id == user.id))
    session.add_all(UserLocation(user_id=user.id, location_id=each) for each in wanted)
    audit.record(
        session,
        by,
        "user.locations",
        f"user:{user.id}",
        before={"locations": before},
        after={"locations": wanted},
    )


def location_ids_of(session: Session, user_id: int) -> list[int]:
    """Return where a person works."""
    query = select(UserLocation.location_id).where(UserLocation.user_id == user_id)
    return sorted(session.scalars(query))


def authenticate(session: Session, email: str, password: str) -> User | None:
    """Return the active user with this e-mail and password, or nobody.

    It takes the same work whether there is such a user or not, so that nobody learns who works here.
    """
    user = session.scalars(select(User).where(User.email == email.strip().lower())).one_or_none()
    right = passwords.matches(password, user.password_hash if user else None)
    return user if user is not None and right and user.active else None


def get_user(session: Session, user_id: int) -> User:
    """Return a user.

    Raises:
        NotFound: there is none.
    """
    user = session.get(User, user_id)
    if user is None:
        raise NotFound("there is no such user")
    return user


def users(session: Session) -> Sequence[User]:
    """Return everybody who works or worked here, by name."""
    return sorted(session.scalars(select(User)), key=lambda user: (texts.folded(user.name), user.id))


def change_password(session: Session, user: User, *, current: str, new: str, by: By) -> None:
    """Change one's own password.

    Raises:
        Forbidden: the current password is not right.
        InvalidValue: the new one cannot be taken.
    """
    if not passwords.matches(current, user.password_hash):
        raise Forbidden("the current password is not right")
    user.password_hash = _new_hash(new, user.email)
    audit.record(session, by, "user.password_changed", f"user:{user.id}")


def set_active(session: Session, user: User, active: bool, by: By) -> None:
    """Let a person in again, or no longer; their API tokens follow.

    Raises:
        Conflict: it is the last active owner, without whom nobody could let anybody in.
    """
    if user.active == active:
        return
    if not active and user.role is Role.OWNER and _active_owners(session) == 1:
        raise Conflict("the last owner must stay active")
    user.active = active
    audit.record(
        session, by, "user.active", f"user:{user.id}", before={"active": not active}, after={"active": active}
    )


def _active_owners(session: Session) -> int:
    query = select(User.id).where(User.role == Role.OWNER, User.active).order_by(User.id)
    # In one order, so that two who shut somebody out never wait for each other in a circle.
    return len(session.scalars(query.with_for_update(**TO_CHANGE)).all())


def _new_hash(password: str, email: str) -> str:
    if fault := password_fault(password, email):
        raise InvalidValue(fault)
    return passwords.hashed(password)


def _zone_name(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return ZoneInfo(text).key
    except (OSError, ValueError, KeyError):
        raise InvalidValue("timezone: takes a name such as Europe/Amsterdam") from None

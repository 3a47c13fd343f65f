"""Who is let in, and what is refused when people and places are made."""

import pytest
from argon2 import PasswordHasher
from sqlalchemy.orm import Session

from edge_api import audit
from edge_api.accounts import services
from edge_api.accounts.models import Role
from edge_api.audit import By
from edge_api.errors import Conflict, EmailTaken, Forbidden, InvalidValue, NameTaken, NotFound
from edge_api.roles import allows
from tests.factories.edge import PASSWORD, Shop


def test_the_right_password_lets_in_and_the_e_mail_may_be_typed_in_any_case(
    session: Session, shop: Shop
) -> None:
    user = shop.user(email="Anna@Winkel.example.nl")
    assert services.authenticate(session, " anna@winkel.EXAMPLE.nl ", PASSWORD) is user


def test_a_wrong_password_lets_nobody_in(session: Session, shop: Shop) -> None:
    user = shop.user()
    assert services.authenticate(session, user.email, PASSWORD + "!") is None


def test_an_unknown_user_costs_as_much_work_as_a_known_one(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    verify = PasswordHasher.verify

    def counting(self: PasswordHasher, kept: str, password: str) -> bool:
        asked.append(kept)
        return verify(self, kept, password)

    monkeypatch.setattr(PasswordHasher, "verify", counting)
    assert services.authenticate(session, "nobody@winkel.example.nl", PASSWORD) is None
    assert len(asked) == 1
    assert asked[0].startswith("$argon2id$")


def test_an_inactive_user_is_not_let_in(session: Session, shop: Shop, by: By) -> None:
    user = shop.user(Role.STAFF)
    services.set_active(session, user, False, by)
    assert services.authenticate(session, user.email, PASSWORD) is None


def test_the_last_owner_stays(session: Session, shop: Shop, by: By) -> None:
    first, second = shop.user(), shop.user()
    services.set_active(session, first, False, by)
    with pytest.raises(Conflict, match="last owner"):
        services.set_active(session, second, False, by)


def test_passwords_are_kept_as_argon2id(shop: Shop) -> None:
    assert shop.user().password_hash.startswith("$argon2id$")


def test_one_changes_ones_own_password_knowing_the_old_one(session: Session, shop: Shop, by: By) -> None:
    user = shop.user()
    with pytest.raises(Forbidden):
        services.change_password(session, user, current="not it at all", new="thee zonder suiker", by=by)
    services.change_password(session, user, current=PASSWORD, new="thee zonder suiker", by=by)
    assert services.authenticate(session, user.email, "thee zonder suiker") is user
    assert services.authenticate(session, user.email, PASSWORD) is None


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "anna@winkel.example.nl", "x" * 201])
def test_poor_passwords_are_refused(session: Session, by: By, password: str) -> None:
    with pytest.raises(InvalidValue, match="password"):
        services.create_user(
            session,
            email="anna@winkel.example.nl",
            name="Anna",
            password=password,
            role=Role.STAFF,
            by=by,
        )


def test_two_users_cannot_have_one_e_mail(shop: Shop) -> None:
    shop.user(email="anna@winkel.example.nl")
    with pytest.raises(EmailTaken):
        shop.user(email="ANNA@winkel.example.nl")


def test_an_e_mail_that_is_none_is_refused(shop: Shop) -> None:
    with pytest.raises(InvalidValue, match="email"):
        shop.user(email="anna at winkel")


def test_people_work_at_locations_that_exist(session: Session, shop: Shop, by: By) -> None:
    user, north, south = shop.user(Role.STAFF), shop.location(), shop.location()
    services.assign_locations(session, user, [south.id, north.id, north.id], by)
    assert services.location_ids_of(session, user.id) == sorted([north.id, south.id])
    with pytest.raises(NotFound):
        services.assign_locations(session, user, [999], by)
    assert services.location_ids_of(session, user.id) == sorted([north.id, south.id])


@pytest.mark.parametrize("slug", ["", "North", "a/b", "a.b", "-a", "a-", "a--b", "é", "a" * 51, "a\n"])
def test_a_location_s_slug_fits_into_a_topic(session: Session, by: By, slug: str) -> None:
    with pytest.raises(InvalidValue, match="slug"):
        services.create_location(session, name="North", slug=slug, by=by)


def test_locations_have_names_of_their_own_and_a_time_zone_that_exists(
    session: Session, shop: Shop, by: By
) -> None:
    shop.location("north")
    with pytest.raises(NameTaken):
        shop.location("north")
    with pytest.raises(InvalidValue, match="timezone"):
        services.create_location(session, name="South", slug="south", by=by, timezone="Europe/Atlantis")
    assert [each.slug for each in services.locations(session)] == ["north"]


def test_what_was_done_to_a_user_stands_in_the_trail_without_the_password(
    session: Session, shop: Shop, by: By
) -> None:
    user = shop.user()
    services.change_password(session, user, current=PASSWORD, new="thee zonder suiker", by=by)
    entries = audit.entries_about(session, f"user:{user.id}")
    assert [each.action for each in entries] == ["user.created", "user.password_changed"]
    assert entries[0].actor == by.actor
    assert PASSWORD not in repr([(each.before, each.after) for each in entries])


def test_roles_allow_what_lower_ones_do() -> None:
    assert allows(Role.OWNER, Role.STAFF)
    assert allows(Role.MANAGER, Role.MANAGER)
    assert not allows(Role.STAFF, Role.MANAGER)
    assert not allows(Role.MANAGER, Role.OWNER)

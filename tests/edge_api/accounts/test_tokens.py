"""A token is never stronger than its user, and is known by its hash alone."""

import pytest
from sqlalchemy.orm import Session

from edge_api.accounts import services, tokens
from edge_api.accounts.models import Role
from edge_api.audit import By
from edge_api.errors import Forbidden, NotFound
from edge_api.roles import Bearer
from tests.factories.edge import Shop


def test_a_token_says_who_comes_with_it(session: Session, shop: Shop, by: By) -> None:
    user = shop.user(Role.MANAGER)
    token, text = tokens.create_token(session, user, name="till", role=Role.STAFF, by=by)
    bearer = tokens.bearer_of(session, text)
    assert bearer == Bearer(token.id, user.id, Role.STAFF)
    assert bearer.actor == f"token:{token.id}"
    assert text.encode() not in token.token_hash


def test_an_unknown_token_is_nobody_s(session: Session) -> None:
    assert tokens.bearer_of(session, "welkom_x") is None
    assert tokens.bearer_of(session, "\udc80") is None


def test_a_withdrawn_token_is_nobody_s(session: Session, shop: Shop, by: By) -> None:
    token, text = tokens.create_token(session, shop.user(), name="till", role=Role.OWNER, by=by)
    tokens.revoke_token(session, token.id, by)
    tokens.revoke_token(session, token.id, by)
    assert tokens.bearer_of(session, text) is None
    with pytest.raises(NotFound):
        tokens.revoke_token(session, 999, by)


def test_a_token_ends_with_its_user(session: Session, shop: Shop, by: By) -> None:
    user = shop.user(Role.STAFF)
    _, text = tokens.create_token(session, user, name="till", role=Role.STAFF, by=by)
    services.set_active(session, user, False, by)
    assert tokens.bearer_of(session, text) is None


def test_a_token_is_not_above_its_user_neither_when_made_nor_later(
    session: Session, shop: Shop, by: By
) -> None:
    user = shop.user(Role.MANAGER)
    with pytest.raises(Forbidden):
        tokens.create_token(session, user, name="till", role=Role.OWNER, by=by)
    _, text = tokens.create_token(session, user, name="till", role=Role.MANAGER, by=by)
    user.role = Role.STAFF
    bearer = tokens.bearer_of(session, text)
    assert bearer is not None
    assert bearer.role is Role.STAFF
    assert [each.name for each in tokens.tokens_of(session, user.id)] == ["till"]

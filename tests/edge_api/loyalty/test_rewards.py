"""A reward is used once, in its time, and shown on the kiosks only while it can be used."""

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from edge_api import audit
from edge_api.audit import By
from edge_api.errors import InvalidValue, NameTaken, NotFound
from edge_api.feed import FeedItem, FeedKind
from edge_api.loyalty import services
from edge_api.loyalty.errors import RewardNotUsable
from edge_api.loyalty.models import Reward, RewardState
from tests.factories.edge import Shop

DAY = timedelta(days=1)


@pytest.fixture
def coffee(session: Session, by: By) -> Reward:
    return services.create_reward(session, name="A coffee", by=by)


def test_a_granted_reward_can_be_used_until_it_expires(
    session: Session, shop: Shop, by: By, coffee: Reward
) -> None:
    customer = shop.customer()
    held = services.grant_reward(session, customer.id, coffee.id, by, expires_at=by.at + DAY)
    (shown,) = services.usable_rewards(session, [customer.id], by.at)
    assert shown[0] == customer.id
    assert (shown[1].id, shown[1].name, shown[1].expires) == (str(held.uuid), "A coffee", by.at + DAY)
    assert services.usable_rewards(session, [customer.id], by.at + DAY) == []


def test_a_reward_without_an_end_stays(session: Session, shop: Shop, by: By, coffee: Reward) -> None:
    customer = shop.customer()
    services.grant_reward(session, customer.id, coffee.id, by)
    assert len(services.usable_rewards(session, [customer.id], by.at + 10_000 * DAY)) == 1


def test_a_reward_is_used_once(session: Session, shop: Shop, by: By, coffee: Reward) -> None:
    customer = shop.customer()
    held = services.grant_reward(session, customer.id, coffee.id, by)
    assert services.redeem_reward(session, held.uuid, by).state is RewardState.REDEEMED
    assert services.usable_rewards(session, [customer.id], by.at) == []
    with pytest.raises(RewardNotUsable, match="redeemed"):
        services.redeem_reward(session, held.uuid, by)
    with pytest.raises(RewardNotUsable):
        services.withdraw_reward(session, held.uuid, by)


def test_a_reward_whose_time_is_over_is_not_used(
    session: Session, shop: Shop, by: By, coffee: Reward
) -> None:
    held = services.grant_reward(session, shop.customer().id, coffee.id, by, expires_at=by.at + DAY)
    with pytest.raises(RewardNotUsable, match="expired"):
        services.redeem_reward(session, held.uuid, replace(by, at=by.at + DAY))


def test_a_withdrawn_reward_is_gone_but_remembered(
    session: Session, shop: Shop, by: By, coffee: Reward
) -> None:
    customer = shop.customer()
    held = services.grant_reward(session, customer.id, coffee.id, by)
    services.withdraw_reward(session, held.uuid, by)
    services.withdraw_reward(session, held.uuid, by)
    assert services.usable_rewards(session, [customer.id], by.at) == []
    assert [(each.state, name) for each, name in services.rewards_of(session, customer.id)] == [
        (RewardState.WITHDRAWN, "A coffee")
    ]
    with pytest.raises(RewardNotUsable):
        services.redeem_reward(session, held.uuid, by)


def test_expiring_ends_those_whose_time_is_over_and_tells_the_kiosks(
    session: Session, shop: Shop, by: By, coffee: Reward
) -> None:
    early, late = shop.customer(), shop.customer()
    services.grant_reward(session, early.id, coffee.id, by, expires_at=by.at + DAY)
    services.grant_reward(session, late.id, coffee.id, by, expires_at=by.at + 2 * DAY)
    services.grant_reward(session, late.id, coffee.id, by)
    session.execute(delete(FeedItem))
    tomorrow = replace(by, at=by.at + DAY)
    assert services.expire_rewards(session, tomorrow) == 1
    assert services.expire_rewards(session, tomorrow) == 0
    assert [(each.kind, each.ref) for each in session.scalars(select(FeedItem))] == [
        (FeedKind.CUSTOMER, str(early.id))
    ]


def test_every_change_of_a_reward_stands_in_the_trail(
    session: Session, shop: Shop, by: By, coffee: Reward
) -> None:
    customer = shop.customer()
    services.redeem_reward(session, services.grant_reward(session, customer.id, coffee.id, by).uuid, by)
    trail = audit.entries_about(session, f"customer:{customer.id}")
    assert [each.action for each in trail[1:]] == ["reward.granted", "reward.redeemed"]


def test_what_is_not_there_cannot_be_given_or_used(
    session: Session, shop: Shop, by: By, coffee: Reward
) -> None:
    customer = shop.customer()
    with pytest.raises(NotFound):
        services.grant_reward(session, 999, coffee.id, by)
    with pytest.raises(NotFound):
        services.grant_reward(session, customer.id, 999, by)
    with pytest.raises(NotFound):
        services.redeem_reward(session, uuid.uuid4(), by)
    with pytest.raises(InvalidValue, match="expires_at"):
        services.grant_reward(session, customer.id, coffee.id, by, expires_at=by.at)


def test_rewards_have_names_of_their_own(session: Session, by: By, coffee: Reward) -> None:
    with pytest.raises(NameTaken):
        services.create_reward(session, name=coffee.name, by=by)
    assert services.rewards(session) == [coffee]

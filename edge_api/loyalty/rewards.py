"""One-time rewards: granted, used, withdrawn, or out of time."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.replica import RewardLine
from edge_api import audit, feed, texts
from edge_api.audit import By
from edge_api.customers.services import get_customer
from edge_api.db import refusing_duplicates
from edge_api.errors import InvalidValue, NameTaken, NotFound
from edge_api.feed import FeedKind
from edge_api.loyalty.errors import RewardNotUsable
from edge_api.loyalty.models import CustomerReward, Reward, RewardState


def create_reward(session: Session, *, name: str, by: By) -> Reward:
    """Add a reward that customers can be given.

    Raises:
        InvalidValue: the name cannot be taken.
        NameTaken: another reward has it.
    """
    reward = Reward(name=texts.name(name, "name", longest=100), created_at=by.at)
    with refusing_duplicates(session, NameTaken(f"there is a reward {name!r} already")):
        session.add(reward)
    audit.record(session, by, "reward.created", f"reward:{reward.id}", after={"name": reward.name})
    return reward


def rewards(session: Session) -> Sequence[Reward]:
    """Return what customers can be given."""
    return session.scalars(select(Reward).order_by(Reward.id)).all()


def grant_reward(
    session: Session, customer_id: int, reward_id: int, by: By, *, expires_at: datetime | None = None
) -> CustomerReward:
    """Give a customer a reward, to be used once and before ``expires_at``.

    Raises:
        NotFound: there is no such customer or reward.
        InvalidValue: it would be out of time already.
    """
    customer, reward = get_customer(session, customer_id), session.get(Reward, reward_id)
    if reward is None:
        raise NotFound("there is no such reward")
    if expires_at is not None and expires_at <= by.at:
        raise InvalidValue("expires_at: takes a time to come")
    granted = CustomerReward(
        uuid=uuid.uuid4(),
        customer_id=customer.id,
        reward_id=reward.id,
        state=RewardState.EARNED,
        earned_at=by.at,
        expires_at=expires_at and expires_at.astimezone(UTC),
    )
    session.add(granted)
    session.flush()
    _changed(session, granted, by, "granted")
    return granted


def redeem_reward(session: Session, public: uuid.UUID, by: By) -> CustomerReward:
    """Use a reward. It can be used once, so a second time is refused.

    Raises:
        NotFound: there is no such reward.
        RewardNotUsable: it was used or withdrawn, or its time is over.
    """
    held = _locked(session, public)
    over = held.expires_at is not None and held.expires_at <= by.at
    if held.state is not RewardState.EARNED or over:
        raise RewardNotUsable(f"the reward is {RewardState.EXPIRED if over else held.state}")
    _end(session, held, RewardState.REDEEMED, by)
    return held


def withdraw_reward(session: Session, public: uuid.UUID, by: By) -> CustomerReward:
    """Take a reward back that was not used; twice is once.

    Raises:
        NotFound: there is no such reward.
        RewardNotUsable: it was used, or its time is over.
    """
    held = _locked(session, public)
    if held.state is RewardState.WITHDRAWN:
        return held
    if held.state is not RewardState.EARNED:
        raise RewardNotUsable(f"the reward is {held.state}")
    _end(session, held, RewardState.WITHDRAWN, by)
    return held


def expire_rewards(session: Session, by: By, *, limit: int = 500) -> int:
    """End at most ``limit`` of the rewards whose time is over, and tell how many: a job of the worker."""
    query = (
        select(CustomerReward)
        .where(CustomerReward.state == RewardState.EARNED, CustomerReward.expires_at <= by.at)
        .order_by(CustomerReward.id)
        .limit(limit)
        .with_for_update()
    )
    over = session.scalars(query).all()
    for held in over:
        _end(session, held, RewardState.EXPIRED, by)
    return len(over)


def rewards_of(session: Session, customer_id: int) -> list[tuple[CustomerReward, str]]:
    """Return what a customer was given so far, used or not, each with its name."""
    query = (
        select(CustomerReward, Reward.name)
        .join(Reward, Reward.id == CustomerReward.reward_id)
        .where(CustomerReward.customer_id == customer_id)
        .order_by(CustomerReward.id)
    )
    return [(held, name) for held, name in session.execute(query)]


def usable_rewards(
    session: Session, customer_ids: Iterable[int], at: datetime
) -> list[tuple[int, RewardLine]]:
    """Return the rewards that the customers can use at ``at``, each with its customer's id."""
    query = (
        select(CustomerReward, Reward.name)
        .join(Reward, Reward.id == CustomerReward.reward_id)
        .where(
            CustomerReward.customer_id.in_(list(customer_ids)),
            CustomerReward.state == RewardState.EARNED,
            (CustomerReward.expires_at > at) | CustomerReward.expires_at.is_(None),
        )
        .order_by(CustomerReward.id)
    )
    return [
        (held.customer_id, RewardLine(str(held.uuid), name, held.expires_at))
        for held, name in session.execute(query)
    ]


def _locked(session: Session, public: uuid.UUID) -> CustomerReward:
    query = select(CustomerReward).where(CustomerReward.uuid == public).with_for_update()
    held = session.scalars(query, execution_options={"populate_existing": True}).one_or_none()
    if held is None:
        raise NotFound("the customer has no such reward")
    return held


def _end(session: Session, held: CustomerReward, state: RewardState, by: By) -> None:
    held.state, held.ended_at = state, by.at
    _changed(session, held, by, state)


def _changed(session: Session, held: CustomerReward, by: By, what: str) -> None:
    after = {"reward": held.reward_id, "uuid": str(held.uuid)}
    audit.record(session, by, f"reward.{what}", f"customer:{held.customer_id}", after=after)
    feed.touch(session, FeedKind.CUSTOMER, held.customer_id)

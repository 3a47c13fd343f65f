"""What the worker does when it falls due."""

from datetime import timedelta

from sqlalchemy import func, select

from edge_api.audit import By
from edge_api.cards.batches import create_batch
from edge_api.cards.models import Batch, BatchKind, Card, CardType
from edge_api.config import Config
from edge_api.db import Database
from edge_api.jobs import Jobs
from edge_api.loyalty import services as loyalty
from edge_api.loyalty.models import CustomerReward, RewardState
from tests.factories.edge import Shop
from tests.fakes.clock import FixedClock


def test_a_batch_that_was_only_created_gets_its_cards(
    config: Config, database: Database, clock: FixedClock, by: By
) -> None:
    with database.transaction() as session:
        origin_id = Shop(session, by).location().id
        batch_id = create_batch(
            session,
            name="Summer",
            kind=BatchKind.ONLINE,
            card_type=CardType.ID,
            origin_id=origin_id,
            size=1_200,
            by=by,
        ).id
    Jobs(config, database, clock).turn()
    with database.reading() as session:
        assert session.get_one(Batch, batch_id).finished_at is not None
        assert session.scalar(select(func.count(Card.id))) == 1_200


def test_a_reward_whose_time_is_over_is_ended_within_the_hour(
    config: Config, database: Database, clock: FixedClock, by: By
) -> None:
    jobs = Jobs(config, database, clock)
    with database.transaction() as session:
        customer = Shop(session, by).customer()
        reward = loyalty.create_reward(session, name="Coffee", by=by)
        ends = clock.now() + timedelta(minutes=10)
        loyalty.grant_reward(session, customer.id, reward.id, by, expires_at=ends)
    jobs.turn()
    assert states(database) == [RewardState.EARNED]
    clock.forward(timedelta(hours=1))
    jobs.turn()
    assert states(database) == [RewardState.EXPIRED]


def states(database: Database) -> list[RewardState]:
    with database.reading() as session:
        return list(session.scalars(select(CustomerReward.state)))

"""Two who change the same thing at the same moment: both changes hold, or one is refused; none is half."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from contracts.replica import AccountState
from edge_api import audit
from edge_api.accounts import services as accounts
from edge_api.accounts.models import User, UserLocation
from edge_api.audit import By
from edge_api.cards import batches
from edge_api.cards import services as cards
from edge_api.cards.errors import CardAlreadyLinked
from edge_api.cards.models import Batch, BatchKind, Card, CardType
from edge_api.config import Config
from edge_api.customers import services as customers
from edge_api.customers.models import Customer
from edge_api.db import Database
from edge_api.errors import Conflict, EmailTaken, Refused
from edge_api.fleet import services as fleet
from edge_api.fleet.models import Kiosk
from edge_api.loyalty import services as loyalty
from edge_api.loyalty.errors import RewardNotUsable
from edge_api.loyalty.models import RewardState
from edge_api.roles import Role
from tests.edge_api.concurrency.conftest import Another
from tests.edge_api.concurrency.crowd import at_once
from tests.factories.edge import Shop
from tests.factories.fleet import active_kiosk
from tests.fakes.clock import FixedClock

Change = Callable[[Session], object]


@pytest.fixture
def at_the_same_moment(another: Another) -> Callable[..., list[object]]:
    """Make each change in a transaction of its own, all at once; a refusal is told as what was raised."""

    def make(change: Change, mine: Database) -> object:
        try:
            with mine.transaction() as session:
                return change(session)
        except (Conflict, Refused) as refused:
            return type(refused)

    return lambda *changes: at_once(*(partial(make, change, another()) for change in changes))


AtOnce = Callable[..., list[object]]


def test_two_changes_of_a_customer_s_details_both_hold(
    database: Database, by: By, at_the_same_moment: AtOnce
) -> None:
    with database.transaction() as session:
        customer_id = Shop(session, by).customer("Sanne").id

    def change(session: Session, **details: str) -> None:
        customer = customers.get_customer(session, customer_id, to_change=True)
        customers.update_customer(session, customer, replace(customers.details_of(customer), **details), by)

    for turn in range(5):
        new = {"first_name": f"Zoë{turn}", "last_name": f"Jansen{turn}", "email": f"zoe{turn}@example.nl"}
        at_the_same_moment(*(partial(change, **{key: value}) for key, value in new.items()))
        with database.reading() as session:
            details = customers.details_of(customers.get_customer(session, customer_id))
            assert {key: getattr(details, key) for key in new} == new
            assert [each.id for each in customers.search(session, " ".join(new.values()))] == [customer_id]


def test_a_customer_is_archived_once_and_the_trail_says_what_was_before(
    database: Database, by: By, at_the_same_moment: AtOnce
) -> None:
    with database.transaction() as session:
        customer_id = Shop(session, by).customer().id

    def archive(session: Session) -> None:
        customer = customers.get_customer(session, customer_id, to_change=True)
        customers.set_state(session, customer, AccountState.ARCHIVED, by)

    at_the_same_moment(*[archive] * 4)
    with database.reading() as session:
        trail = audit.entries_about(session, f"customer:{customer_id}")
    assert [each.action for each in trail] == ["customer.created", "customer.state"]


def test_an_e_mail_address_is_one_customer_s_however_many_ask_for_it(
    database: Database, by: By, at_the_same_moment: AtOnce
) -> None:
    def join(session: Session) -> str:
        return Shop(session, by).customer(email="anna@example.nl").first_name

    answers = at_the_same_moment(*[join] * 5)
    assert sorted(map(str, answers)) == sorted(["Sanne", *[str(EmailTaken)] * 4])
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Customer)) == 1


def test_each_setting_of_a_kiosk_has_a_revision_of_its_own(
    database: Database, by: By, at_the_same_moment: AtOnce
) -> None:
    kiosk_id = active_kiosk(database, by).id

    def configure(session: Session, seconds: float) -> int:
        kiosk = fleet.find_kiosk(session, kiosk_id)
        fleet.configure(session, kiosk, by, repeat_seconds=seconds)
        return kiosk.config_revision

    revisions = at_the_same_moment(*(partial(configure, seconds=float(each)) for each in range(6)))
    assert sorted(map(str, revisions)) == sorted(map(str, range(2, 8)))
    with database.reading() as session:
        assert session.get_one(Kiosk, kiosk_id).config_revision == 7


def test_of_the_owners_who_shut_each_other_out_one_stays(
    database: Database, by: By, at_the_same_moment: AtOnce
) -> None:
    with database.transaction() as session:
        owners = [Shop(session, by).user(Role.OWNER, f"owner{each}@example.nl").id for each in range(4)]

    def shut_out(session: Session, owner: int) -> None:
        accounts.set_active(session, accounts.get_user(session, owner), False, by)

    answers = at_the_same_moment(*(partial(shut_out, owner=each) for each in owners))
    assert answers.count(Conflict) == 1
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(User).where(User.active)) == 1


def test_a_person_s_locations_are_as_the_last_one_said_who_was_asked(
    database: Database, by: By, at_the_same_moment: AtOnce
) -> None:
    with database.transaction() as session:
        shop = Shop(session, by)
        user_id, places = shop.user(Role.STAFF).id, [shop.location().id for _ in range(3)]

    def assign(session: Session, wanted: list[int]) -> None:
        accounts.assign_locations(session, accounts.get_user(session, user_id), wanted, by)

    choices = [places[:2], places[1:], [places[0], places[2]], places]
    at_the_same_moment(*(partial(assign, wanted=each) for each in choices))
    with database.reading() as session:
        assert accounts.location_ids_of(session, user_id) in choices
        assert session.scalar(select(func.count()).select_from(UserLocation)) in {2, 3}


def test_batches_that_are_created_at_once_share_no_number(
    database: Database, by: By, at_the_same_moment: AtOnce
) -> None:
    with database.transaction() as session:
        origin = Shop(session, by).location().id

    def create(session: Session, name: str) -> None:
        batches.create_batch(
            session,
            name=name,
            kind=BatchKind.ONLINE,
            card_type=CardType.ID,
            origin_id=origin,
            size=10,
            by=by,
        )

    answers = at_the_same_moment(*(partial(create, name=f"Batch {each}") for each in range(5)))
    assert set(answers) <= {None, Conflict}
    with database.reading() as session:
        taken = [
            range(each.first_number, each.first_number + each.size) for each in session.scalars(select(Batch))
        ]
    numbers = [number for each in taken for number in each]
    assert len(taken) == answers.count(None) >= 1
    assert len(set(numbers)) == len(numbers) == 10 * len(taken)


def test_a_batch_that_several_workers_finish_has_each_number_once(
    database: Database, by: By, another: Another, config: Config, clock: FixedClock
) -> None:
    with database.transaction() as session:
        batch_id = batches.create_batch(
            session,
            name="Large",
            kind=BatchKind.OFFLINE,
            card_type=CardType.ID,
            origin_id=Shop(session, by).location().id,
            size=1_200,
            by=by,
        ).id
    at_once(*(partial(batches.make_cards, another(), batch_id, config.site, clock) for _ in range(3)))
    with database.reading() as session:
        assert batches.get_batch(session, batch_id).made == 1_200
        assert list(session.scalars(select(Card.number).order_by(Card.number))) == list(range(1, 1_201))


def test_a_card_becomes_one_customer_s_whoever_else_wants_it(
    database: Database, by: By, at_the_same_moment: AtOnce
) -> None:
    with database.transaction() as session:
        shop = Shop(session, by)
        card_id, people = shop.card().id, [shop.customer().id for _ in range(4)]

    def link(session: Session, customer_id: int) -> int | None:
        return cards.link_card(session, card_id, customer_id, by).customer_id

    answers = at_the_same_moment(*(partial(link, customer_id=each) for each in people))
    with database.reading() as session:
        owner = cards.get_card(session, card_id).customer_id
        assert [each.customer_id for each in cards.life_of(session, cards.get_card(session, card_id))][
            1:
        ] == [owner]
    assert answers.count(owner) == 1
    assert answers.count(CardAlreadyLinked) == 3


def test_a_reward_that_is_used_everywhere_at_once_is_used_once(
    database: Database, by: By, at_the_same_moment: AtOnce
) -> None:
    with database.transaction() as session:
        customer, coffee = Shop(session, by).customer(), loyalty.create_reward(session, name="Coffee", by=by)
        held = loyalty.grant_reward(session, customer.id, coffee.id, by).uuid

    def use(session: Session) -> RewardState:
        return loyalty.redeem_reward(session, held, by).state

    answers = at_the_same_moment(*[use] * 4)
    assert answers.count(RewardState.REDEEMED) == 1
    assert answers.count(RewardNotUsable) == 3
    with database.reading() as session:
        trail = audit.entries_about(session, f"customer:{customer.id}")
    assert [each.action for each in trail].count("reward.redeemed") == 1

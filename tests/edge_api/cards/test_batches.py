"""Batches are made whole in pieces, whatever stops in between, and their numbers never meet."""

import os
import threading

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from contracts import sealing
from contracts.card_code import CardCode, parse_printed_id
from edge_api.audit import By
from edge_api.cards import batches, services
from edge_api.cards.models import Batch, BatchKind, Card, CardType
from edge_api.db import Database
from edge_api.errors import Conflict, InvalidValue, NameTaken, NotFound
from edge_api.feed import FeedItem, FeedKind
from tests.factories.edge import SITE, Shop
from tests.fakes.clock import FixedClock


def _new_batch(database: Database, by: By, size: int, name: str = "Spring") -> int:
    with database.transaction() as session:
        return batches.create_batch(
            session,
            name=name,
            kind=BatchKind.OFFLINE,
            card_type=CardType.ID,
            origin_id=Shop(session, by).location(f"for-{name.lower()}").id,
            size=size,
            by=by,
        ).id


def test_a_batch_has_as_many_cards_as_asked_each_its_own(
    database: Database, by: By, clock: FixedClock
) -> None:
    batch_id = _new_batch(database, by, 1201)
    batches.make_cards(database, batch_id, SITE, clock)
    with database.reading() as session:
        made = session.scalars(select(Card).order_by(Card.number)).all()
        assert [each.number for each in made] == list(range(1, 1202))
        assert len({each.secret for each in made}) == 1201
        assert batches.get_batch(session, batch_id).finished_at == clock.now()
        queued = session.scalars(select(FeedItem.ref).where(FeedItem.kind == FeedKind.CARD)).all()
        assert set(queued) == {str(each.id) for each in made}


def test_a_card_s_lookup_follows_from_its_secret(session: Session, shop: Shop) -> None:
    card = shop.card()
    assert card.lookup == sealing.lookup(CardCode(card.secret), SITE)
    assert card.uuid.bytes == card.secret
    assert parse_printed_id(card.printed_id) == card.number


def test_making_goes_on_where_it_stopped(database: Database, by: By, clock: FixedClock) -> None:
    batch_id = _new_batch(database, by, 1100)
    drawn = 0

    def failing(count: int) -> bytes:
        nonlocal drawn
        drawn += 1
        if drawn > 700:
            raise OSError("the power is gone")
        return os.urandom(count)

    with pytest.raises(OSError, match="power"):
        batches.make_cards(database, batch_id, SITE, clock, failing)
    with database.reading() as session:
        assert batches.batch_counts(session, batch_id).made == 500
        assert batches.unfinished_batches(session) == [batch_id]
    batches.make_cards(database, batch_id, SITE, clock)
    batches.make_cards(database, batch_id, SITE, clock)
    with database.reading() as session:
        assert batches.batch_counts(session, batch_id).made == 1100
        assert session.scalar(select(func.count(Card.number.distinct()))) == 1100
        assert batches.unfinished_batches(session) == []


def test_two_who_make_the_same_batch_make_it_once(database: Database, by: By, clock: FixedClock) -> None:
    batch_id = _new_batch(database, by, 2000)
    makers = [
        threading.Thread(target=batches.make_cards, args=(database, batch_id, SITE, clock)) for _ in range(2)
    ]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    with database.reading() as session:
        assert batches.batch_counts(session, batch_id).made == 2000


def test_others_write_between_the_pieces(database: Database, by: By, clock: FixedClock) -> None:
    batch_id = _new_batch(database, by, 1000)
    other_wrote: list[int] = []

    def writing_meanwhile(count: int) -> bytes:
        # Codes are drawn outside any transaction; a writer that had to wait would hang here.
        if not other_wrote:
            with database.transaction() as session:
                other_wrote.append(Shop(session, by).customer().id)
        return os.urandom(count)

    batches.make_cards(database, batch_id, SITE, clock, writing_meanwhile)
    assert other_wrote


def test_numbers_are_taken_when_a_batch_is_created(database: Database, by: By, clock: FixedClock) -> None:
    first, second = _new_batch(database, by, 600, "Spring"), _new_batch(database, by, 2, "Summer")
    batches.make_cards(database, second, SITE, clock)
    batches.make_cards(database, first, SITE, clock)
    with database.reading() as session:
        assert [each.number for each in services.cards_of_batch(session, second)] == [601, 602]
        numbers = session.scalars(select(Card.number).where(Card.batch_id == first)).all()
        assert (min(numbers), max(numbers)) == (1, 600)


@pytest.mark.parametrize("size", [0, -1, 1_000_001])
def test_a_batch_has_one_to_a_million_cards(session: Session, shop: Shop, by: By, size: int) -> None:
    with pytest.raises(InvalidValue, match="size"):
        shop.batch(size)


def test_the_printed_digits_set_the_end(session: Session, shop: Shop) -> None:
    batch = shop.batch(1)
    session.get_one(Batch, batch.id).first_number = batches.LAST_NUMBER - 1
    shop.batch(1)
    with pytest.raises(Conflict, match="used up"):
        shop.batch(1)


def test_names_are_unique_also_after_renaming(session: Session, shop: Shop, by: By) -> None:
    spring, summer = shop.batch(name="Spring"), shop.batch(name="Summer")
    with pytest.raises(NameTaken):
        shop.batch(name=" Spring ")
    with pytest.raises(NameTaken):
        batches.rename_batch(session, summer.id, "Spring", by)
    assert summer.name == "Summer"
    batches.rename_batch(session, spring.id, "Autumn", by)
    assert batches.rename_batch(session, summer.id, "Spring", by).name == "Spring"


def test_a_batch_needs_a_location_that_exists(session: Session, by: By) -> None:
    with pytest.raises(NotFound):
        batches.create_batch(
            session,
            name="Spring",
            kind=BatchKind.ONLINE,
            card_type=CardType.ID,
            origin_id=999,
            size=1,
            by=by,
        )


def test_counts_tell_how_the_cards_stand(session: Session, shop: Shop, by: By) -> None:
    batch = shop.batch(3)
    first, second, _ = services.cards_of_batch(session, batch.id)
    services.link_card(session, first.id, shop.customer().id, by)
    services.revoke_card(session, first.id, by)
    services.revoke_card(session, second.id, by)
    assert batches.batch_counts(session, batch.id) == batches.BatchCounts(made=3, linked=1, revoked=2)


def test_batches_are_listed_after_the_last_one_seen(session: Session, shop: Shop) -> None:
    first, second, third = shop.batch(), shop.batch(), shop.batch()
    assert batches.batches(session, limit=2) == [first, second]
    assert batches.batches(session, after=second.id) == [third]

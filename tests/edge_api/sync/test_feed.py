"""Changes become numbered rows without gaps, by one worker at a time."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from common.mqtt import Welcome
from contracts.kiosk_state import KioskConfig
from contracts.replica import RevokedEntry, RowsPush
from contracts.sealing import derive, unseal
from contracts.topics import ROWS, Down, down
from edge_api.cards import services as cards
from edge_api.cards.models import Card
from edge_api.feed import FeedItem, FeedKind, touch, touch_all
from edge_api.fleet import services as fleet
from edge_api.fleet.models import Kiosk
from edge_api.loyalty import services as loyalty
from edge_api.sync import services, worker
from edge_api.sync.errors import LeaseLost
from edge_api.sync.models import FeedState
from edge_api.sync.services import LEASE, PIECE
from tests.edge_api.sync.conftest import Site
from tests.factories.fleet import active_kiosk


def _waiting(site: Site) -> int:
    with site.database.reading() as session:
        return session.scalar(select(func.count()).select_from(FeedItem)) or 0


def _touch(site: Site, card: Card, times: int = 1) -> None:
    with site.database.transaction() as session:
        touch_all(session, FeedKind.CARD, [card.id] * times)


def _revoke(site: Site, card: Card) -> None:
    with site.database.transaction() as session:
        cards.revoke_card(session, card.id, site.by)


def test_a_new_database_has_an_epoch_of_its_own_that_stays(site: Site) -> None:
    first = site.state().epoch
    with site.database.transaction() as session:
        assert services.ensure_state(session).epoch == first
    assert len(first) == 32


def test_nothing_waiting_publishes_nothing(site: Site) -> None:
    assert site.publish() == []
    assert site.state().revision == 0


def test_revisions_grow_by_one_and_pushes_join_without_a_gap(site: Site) -> None:
    pushes = []
    for count in (1, 3, 2):
        site.cards(count)
        pushes += site.publish()
    assert [(push.after, push.upto) for push in pushes] == [(0, 1), (1, 4), (4, 6)]
    assert [row.revision for push in pushes for row in push.rows] == [1, 2, 3, 4, 5, 6]
    assert {push.epoch for push in pushes} == {site.state().epoch}
    assert _waiting(site) == 0


def test_a_card_touched_several_times_gives_one_row(site: Site) -> None:
    card = site.cards()[0]
    site.publish()
    _touch(site, card, times=5)
    (push,) = site.publish()
    assert [row.lookup for row in push.rows] == [card.lookup]
    assert (push.after, push.upto) == (1, 2)


def test_a_card_touched_with_its_customer_gives_one_row(site: Site) -> None:
    card = site.cards()[0]
    customer = _new_customer(site)
    with site.database.transaction() as session:
        cards.link_card(session, card.id, customer, site.by)
        loyalty.adjust_points(session, customer, 5, site.by, note="welcome")
    (push,) = site.publish()
    assert len(push.rows) == 1


def test_only_the_newest_row_of_a_card_is_kept(site: Site) -> None:
    card = site.cards()[0]
    site.publish()
    _touch(site, card)
    site.publish()
    assert [row.revision for row in site.published().values()] == [2]


def test_withdrawn_cards_get_the_lowest_revisions_of_a_push(site: Site) -> None:
    made = site.cards(6)
    site.publish()
    for place in (0, 3, 5, 1):
        card = made[place]
        if place in {3, 1}:
            _revoke(site, card)
        _touch(site, card)
    (push,) = site.publish()
    keys = {card.lookup: derive(card.code, site.config.site) for card in made}
    entries = [unseal(keys[row.lookup], site.config.site, row) for row in push.rows]
    assert [isinstance(entry, RevokedEntry) for entry in entries] == [True, True, False, False]
    assert [row.revision for row in push.rows] == [7, 8, 9, 10]


def test_as_many_changes_as_a_piece_are_pushed(site: Site) -> None:
    site.cards(PIECE)
    (push,) = site.publish()
    assert len(push.rows) == PIECE


def test_more_than_a_piece_is_announced_and_only_its_end_is_pushed(site: Site) -> None:
    site.cards(PIECE)
    site.cards(3)
    first, second = site.publish()
    assert (first.after, first.upto, first.rows) == (0, PIECE, ())
    assert (second.after, second.upto, len(second.rows)) == (PIECE, PIECE + 3, 3)
    assert len(site.published()) == PIECE + 3


def test_rows_too_large_for_the_broker_are_announced(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_MAX_PUSH_BYTES", 1_000)
    site.cards(5)
    (push,) = site.publish()
    assert (push.upto, push.rows) == (5, ())


def test_a_customer_with_many_cards_takes_the_place_of_others_in_a_piece(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "PIECE", 4)
    made = site.cards(6)
    site.publish()
    customer = _new_customer(site)
    with site.database.transaction() as session:
        for card in made[:5]:
            session.get_one(Card, card.id).customer_id = customer
        touch(session, FeedKind.CUSTOMER, customer)
        touch(session, FeedKind.CARD, made[5].id)
    first, second = site.publish()
    assert (first.after, first.upto) == (6, 11)
    assert len(second.rows) == 1
    assert _waiting(site) == 0


def test_what_is_touched_and_gone_is_done(site: Site) -> None:
    site.change(lambda session, shop: touch(session, FeedKind.CARD, 4711))
    site.change(lambda session, shop: touch(session, FeedKind.KIOSK_CONFIG, "k-gone"))
    assert site.publish() == []
    assert _waiting(site) == 0


def test_while_offline_rows_are_numbered_and_not_sent(site: Site) -> None:
    site.wire.up = False
    site.cards(2)
    assert site.publish() == []
    site.wire.up = True
    site.cards(1)
    (push,) = site.publish()
    assert (push.after, push.upto) == (2, 3)


# One worker at a time


def test_two_workers_in_turns_publish_every_change_once(site: Site) -> None:
    one, two = site.worker(), site.worker()
    for _ in range(6):
        site.cards(2)
        one.turn()
        two.turn()
        site.clock.forward(LEASE / 3)
    rows = [row.revision for push in site.pushes() for row in push.rows]
    assert rows == list(range(1, 13))


def test_the_holder_of_the_lease_alone_publishes(site: Site) -> None:
    one, two = site.worker(), site.worker()
    one.turn()
    site.cards(1)
    two.turn()
    assert site.pushes() == []
    one.turn()
    assert len(site.pushes()) == 1


def test_another_worker_goes_on_when_the_lease_has_run_out(site: Site) -> None:
    one, two = site.worker(), site.worker()
    one.turn()
    site.clock.forward(LEASE + timedelta(seconds=1))
    site.cards(1)
    two.turn()
    assert [push.upto for push in site.pushes()] == [1]
    one.turn()
    site.cards(1)
    one.turn()
    assert site.pushes() == []


def test_a_stale_holder_is_told_and_changes_nothing(site: Site) -> None:
    site.cards(2)
    site.change(lambda session, shop: services.take_lease(session, "one", site.clock.now()))
    late = site.clock.forward(LEASE + timedelta(seconds=1))
    site.change(lambda session, shop: services.take_lease(session, "two", late))
    for holder, now in (("one", late), ("two", late + LEASE + timedelta(seconds=1)), ("three", late)):
        with pytest.raises(LeaseLost), site.database.transaction() as session:
            services.publish_rows(session, holder, site.config.site, now)
    assert site.state().revision == 0
    assert _waiting(site) == 2


def test_a_worker_that_stops_leaves_its_turn_to_another_at_once(site: Site) -> None:
    with site.database.transaction() as session:
        assert services.take_lease(session, "one", site.clock.now())
        assert not services.take_lease(session, "two", site.clock.now())
        services.release_lease(session, "two")
        assert not services.take_lease(session, "two", site.clock.now())
        services.release_lease(session, "one")
        assert services.take_lease(session, "two", site.clock.now())


def test_a_lease_given_by_a_clock_that_was_wrong_does_not_hold(site: Site) -> None:
    with site.database.transaction() as session:
        services.take_lease(session, "one", site.clock.now() + timedelta(days=365))
        assert services.take_lease(session, "two", site.clock.now())


# What is said now and then


def test_where_we_are_is_announced_every_half_minute_and_after_each_connect(site: Site) -> None:
    one = site.worker()
    site.cards(2)
    one.turn()
    site.wire.heard(ROWS, RowsPush)
    one.turn()
    assert site.wire.heard(ROWS, RowsPush) == []
    site.clock.forward(timedelta(seconds=30))
    one.turn()
    told = RowsPush(epoch=site.state().epoch, after=2, upto=2)
    assert site.wire.heard(ROWS, RowsPush) == [told]
    one.connected(Welcome(shared_subscriptions=True))
    one.turn()
    assert site.wire.heard(ROWS, RowsPush) == [told]


def test_a_kiosk_s_new_settings_are_sent_to_it_and_kept_by_the_broker(site: Site) -> None:
    kiosk = active_kiosk(site.database, site.by)
    other = active_kiosk(site.database, site.by, "At the bar")
    with site.database.transaction() as session:
        fleet.configure(session, session.get_one(Kiosk, kiosk.id), site.by, repeat_seconds=7)
    site.worker().turn()
    assert [each.topic for each in site.wire.sent if each.retain] == [down(kiosk.id, Down.CONFIG)]
    (told,) = site.wire.heard(down(kiosk.id, Down.CONFIG), KioskConfig)
    assert (told.revision, told.repeat_seconds) == (2, 7)
    assert site.wire.heard(down(other.id, Down.CONFIG), KioskConfig) == []


def test_a_change_of_the_shop_goes_to_every_kiosk_that_is_let_in(site: Site) -> None:
    in_use = active_kiosk(site.database, site.by)
    gone = active_kiosk(site.database, site.by, "Stolen")
    with site.database.transaction() as session:
        fleet.revoke_kiosk(session, session.get_one(Kiosk, gone.id), site.by)
        touch(session, FeedKind.SHOP, "")
    site.worker().turn()
    assert [each.topic for each in site.wire.sent if each.retain] == [down(in_use.id, Down.CONFIG)]


def test_every_kiosk_is_told_its_settings_when_the_broker_is_back(site: Site) -> None:
    kiosk = active_kiosk(site.database, site.by)
    one = site.worker()
    one.turn()
    assert site.wire.heard(down(kiosk.id, Down.CONFIG), KioskConfig) == []
    one.connected(Welcome(shared_subscriptions=True))
    one.turn()
    assert len(site.wire.heard(down(kiosk.id, Down.CONFIG), KioskConfig)) == 1


def test_the_state_is_one_row(site: Site) -> None:
    with site.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(FeedState)) == 1


def _new_customer(site: Site) -> int:
    """Take somebody in, and return their id."""
    ids: list[int] = []
    site.change(lambda session, shop: ids.append(shop.customer().id))
    return ids[0]

"""Verdicts are numbered once and in order, sent to their kiosk, and kept to be pulled."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from contracts.settlements import Settlement, Settlements, Verdict
from contracts.topics import Down, down
from edge_api.sync import services
from edge_api.sync.errors import LeaseLost
from edge_api.sync.models import SettlementRow
from edge_api.sync.services import LEASE
from tests.edge_api.sync.conftest import Site
from tests.factories.fleet import active_kiosk


@pytest.fixture
def kiosk(site: Site) -> str:
    return active_kiosk(site.database, site.by).id


def _settle(site: Site, kiosk: str, count: int = 1, reason: str = "") -> list[uuid.UUID]:
    events = [uuid.uuid4() for _ in range(count)]
    with site.database.transaction() as session:
        for event in events:
            services.settle(
                session, kiosk, event, Verdict.BOOKED, site.clock.now(), earned=3, balance=9, reason=reason
            )
    return events


def _told(site: Site, kiosk: str) -> list[Settlement]:
    heard = site.wire.heard(down(kiosk, Down.SETTLED), Settlements)
    return [each for message in heard for each in message.settlements]


def _pulled(site: Site, kiosk: str, after: int = 0) -> list[Settlement]:
    with site.database.reading() as session:
        return services.settlements_after(session, kiosk, after)


def test_a_verdict_is_sent_to_its_kiosk_and_can_be_pulled(site: Site, kiosk: str) -> None:
    other = active_kiosk(site.database, site.by, "At the bar").id
    (event,) = _settle(site, kiosk)
    site.publish()
    told = Settlement(number=1, event=event, verdict=Verdict.BOOKED, earned=3, balance=9)
    assert _told(site, kiosk) == [told]
    assert _pulled(site, kiosk) == [told]
    assert _told(site, other) == _pulled(site, other) == []


def test_a_verdict_cannot_be_pulled_before_it_has_its_number(site: Site, kiosk: str) -> None:
    _settle(site, kiosk)
    assert _pulled(site, kiosk) == []


def test_numbers_grow_by_one_over_all_kiosks_in_the_order_of_the_verdicts(site: Site, kiosk: str) -> None:
    other = active_kiosk(site.database, site.by, "At the bar").id
    order = [*_settle(site, kiosk, 2), *_settle(site, other, 2), *_settle(site, kiosk, 1)]
    site.publish()
    told = sorted(_told(site, kiosk) + _told(site, other), key=lambda each: each.number)
    assert [each.number for each in told] == [1, 2, 3, 4, 5]
    assert [each.event for each in told] == order


def test_two_workers_in_turns_number_every_verdict_once(site: Site, kiosk: str) -> None:
    one, two = site.worker(), site.worker()
    for _ in range(6):
        _settle(site, kiosk, 2)
        two.turn()
        one.turn()
        site.clock.forward(LEASE)
    one.turn()
    two.turn()
    assert [each.number for each in _told(site, kiosk)] == list(range(1, 13))
    assert len(_pulled(site, kiosk)) == 12


def test_a_stale_holder_numbers_nothing(site: Site, kiosk: str) -> None:
    _settle(site, kiosk)
    with pytest.raises(LeaseLost), site.database.transaction() as session:
        services.number_settlements(session, "nobody", site.clock.now())
    assert site.state().settlement_number == 0
    assert _pulled(site, kiosk) == []


def test_a_pull_goes_on_after_the_last_number_that_is_known(site: Site, kiosk: str) -> None:
    _settle(site, kiosk, 5)
    site.publish()
    with site.database.reading() as session:
        first = services.settlements_after(session, kiosk, 0, limit=3)
        rest = services.settlements_after(session, kiosk, first[-1].number, limit=3)
    assert [each.number for each in first + rest] == [1, 2, 3, 4, 5]


def test_a_later_verdict_on_the_same_event_takes_the_place_of_the_first(site: Site, kiosk: str) -> None:
    (event,) = _settle(site, kiosk, reason="first")
    site.publish()
    with site.database.transaction() as session:
        services.settle(session, kiosk, event, Verdict.REFUSED, site.clock.now(), reason="second")
    site.publish()
    assert [(each.number, each.reason) for each in _pulled(site, kiosk)] == [(2, "second")]


def test_old_verdicts_are_forgotten_and_their_numbers_never_used_again(site: Site, kiosk: str) -> None:
    _settle(site, kiosk, 2)
    site.publish()
    site.clock.forward(timedelta(days=31))
    _settle(site, kiosk)
    with site.database.transaction() as session:
        services.forget_settlements(session, site.clock.now())
    site.publish()
    assert [each.number for each in _pulled(site, kiosk)] == [3]
    with site.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(SettlementRow)) == 1

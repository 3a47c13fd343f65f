"""What is kept of each kiosk, and what it is told to be."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from contracts.kiosk_state import Health, Info, Status
from edge_api.audit import By
from edge_api.config import Config
from edge_api.feed import FeedItem, FeedKind
from edge_api.fleet import services
from edge_api.fleet.errors import UnknownKiosk
from edge_api.fleet.models import Kiosk
from tests.factories.edge import Shop
from tests.fakes.clock import FixedClock


@pytest.fixture
def kiosk(session: Session, shop: Shop, by: By) -> Kiosk:
    return services.register_kiosk(session, "By the door", shop.location("dorp"), by)


def _status(clock: FixedClock, session: int, *, online: bool) -> Status:
    return Status(online=online, session=session, at=clock.now())


def test_the_newest_session_says_whether_a_kiosk_is_online(kiosk: Kiosk, clock: FixedClock) -> None:
    services.note_status(kiosk, _status(clock, 1, online=True), clock.now())
    assert kiosk.online
    services.note_status(kiosk, _status(clock, 1, online=False), clock.now())
    assert not kiosk.online


def test_an_old_session_s_will_never_overrides_a_newer_session(kiosk: Kiosk, clock: FixedClock) -> None:
    services.note_status(kiosk, _status(clock, 2, online=True), clock.now())
    services.note_status(kiosk, _status(clock, 1, online=False), clock.now())
    assert (kiosk.online, kiosk.session) == (True, 2)


def test_a_last_will_does_not_say_that_the_kiosk_was_seen(kiosk: Kiosk, clock: FixedClock) -> None:
    services.note_status(kiosk, _status(clock, 1, online=True), clock.now())
    seen = clock.now()
    later = clock.forward(timedelta(hours=1))
    services.note_status(kiosk, _status(clock, 1, online=False), later)
    assert kiosk.seen_at == seen


def test_what_the_broker_had_kept_does_not_say_that_the_kiosk_was_seen(
    kiosk: Kiosk, clock: FixedClock
) -> None:
    info = Info(version="1", python="3", machine="m", camera="c", boot_id="b")
    services.note_status(kiosk, _status(clock, 1, online=True), clock.now(), kept=True)
    services.note_info(kiosk, info, clock.now(), kept=True)
    assert kiosk.online
    assert kiosk.info == {"version": "1", "python": "3", "machine": "m", "camera": "c", "boot_id": "b"}
    assert kiosk.seen_at is None
    services.note_info(kiosk, info, clock.now())
    assert kiosk.seen_at == clock.now()


def test_the_newest_health_is_kept(kiosk: Kiosk, clock: FixedClock, session: Session) -> None:
    for cursor in (1, 2):
        health = Health(at=clock.now(), uptime_ms=5, clock_synced=True, queued=0, epoch="e", cursor=cursor)
        services.note_health(kiosk, health, clock.now())
    session.flush()
    session.expire(kiosk)
    assert kiosk.health is not None
    assert kiosk.health["cursor"] == 2


def test_a_kiosk_s_configuration_follows_its_location_and_the_site(
    session: Session, kiosk: Kiosk, config: Config
) -> None:
    told = services.config_of(session, kiosk, config)
    assert (told.location, told.timezone) == ("dorp", "Europe/Amsterdam")
    assert told.languages == ("nl", "en", "fr", "de")
    assert told.card_hosts == ("127.0.0.1:8000",)
    assert (told.revision, told.repeat_seconds) == (1, 30.0)


def test_a_change_of_settings_has_the_next_revision_and_goes_to_the_feed(
    session: Session, kiosk: Kiosk, config: Config, by: By
) -> None:
    services.configure(session, kiosk, by, repeat_seconds=5)
    session.flush()
    told = services.config_of(session, kiosk, config)
    assert (told.revision, told.repeat_seconds) == (2, 5)
    item = session.query(FeedItem).one()
    assert (item.kind, item.ref) == (FeedKind.KIOSK_CONFIG, kiosk.id)


def test_kiosks_are_listed_by_name_with_their_location(session: Session, kiosk: Kiosk, by: By) -> None:
    services.register_kiosk(session, "At the bar", Shop(session, by).location("stad"), by)
    listed = [(each.name, location.slug) for each, location in services.list_kiosks(session)]
    assert listed == [("At the bar", "stad"), ("By the door", "dorp")]


def test_an_unknown_kiosk_is_told_by_name(session: Session) -> None:
    with pytest.raises(UnknownKiosk, match="k-none"):
        services.find_kiosk(session, "k-none")

"""An event proves the card that it is about, and says nothing of a code that is not ours."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.events import Event, EventType, OutcomeName, decode, hash_of_foreign, is_proven
from contracts.sealing import CardKeys, derive
from kiosk.outbox import Outbox
from kiosk.reporting import CardShown, OtherCode, Reporter
from tests.factories.front_desk import KIOSK, SITE, card
from tests.fakes.kiosk_clock import AT, KioskClock

SECRET = "WIFI:S:guests;T:WPA;P:hunter2;;"


@pytest.fixture
def clock() -> KioskClock:
    return KioskClock(synced=False)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    opened = Outbox(tmp_path / "outbox.db")
    yield opened
    opened.close()


@pytest.fixture
def reporter(outbox: Outbox, clock: KioskClock) -> Reporter:
    return Reporter(KIOSK, outbox, clock)


@pytest.fixture
def keys() -> CardKeys:
    return derive(card(7), SITE)


def last(outbox: Outbox) -> Event:
    return decode(outbox.pending(limit=100)[-1].body, Event)


def test_an_event_says_what_happened_where_and_when(
    reporter: Reporter, outbox: Outbox, clock: KioskClock, keys: CardKeys
) -> None:
    told = reporter.scan(OutcomeName.RECOGNISED, CardShown(keys, 12))
    event = last(outbox)
    assert (event.id, event.source, event.type, event.time) == (told, KIOSK, EventType.SCAN, AT)
    assert (event.specversion, event.datacontenttype) == ("1.0", "application/json")
    scan = event.scan()
    assert (scan.stream, scan.seq) == (outbox.stream, 1)
    assert (scan.boot_id, scan.uptime_ms) == (clock.boot, clock.uptime_ms())
    assert not scan.clock_synced
    assert (scan.outcome, scan.lookup, scan.row_revision) == (OutcomeName.RECOGNISED, keys.lookup, 12)


def test_the_proof_holds_with_the_shown_cards_key_and_with_no_other(
    reporter: Reporter, outbox: Outbox, keys: CardKeys
) -> None:
    reporter.scan(OutcomeName.RECOGNISED, CardShown(keys, 12))
    assert is_proven(last(outbox), keys.event)
    assert not is_proven(last(outbox), derive(card(8), SITE).event)


def test_the_proof_breaks_when_anything_of_the_event_is_changed(
    reporter: Reporter, outbox: Outbox, keys: CardKeys
) -> None:
    reporter.scan(OutcomeName.UNLINKED, CardShown(keys))
    body = outbox.pending()[0].body
    for old, new in ((b"unlinked", b"revoked"), (b'"seq":1', b'"seq":2'), (KIOSK.encode(), b"k-another")):
        assert not is_proven(decode(body.replace(old, new), Event), keys.event)


def test_every_event_has_the_next_number_and_an_id_of_its_own(
    reporter: Reporter, outbox: Outbox, keys: CardKeys
) -> None:
    ids = [reporter.scan(OutcomeName.RECOGNISED, CardShown(keys)) for _ in range(5)]
    events = [decode(each.body, Event) for each in outbox.pending()]
    assert [event.id for event in events] == ids
    assert len(set(ids)) == 5
    assert [event.scan().seq for event in events] == [1, 2, 3, 4, 5]


def test_of_a_foreign_code_nothing_but_hash_and_length_is_kept(
    reporter: Reporter, outbox: Outbox, tmp_path: Path
) -> None:
    reporter.scan(OutcomeName.FOREIGN_CODE, OtherCode(SECRET))
    scan = last(outbox).scan()
    assert (scan.code_hash, scan.code_length) == (hash_of_foreign(SECRET), len(SECRET))
    assert last(outbox).scan().lookup is None
    outbox._connection.execute("PRAGMA wal_checkpoint")
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for part in (SECRET, "hunter2", "guests"):
        assert part.encode() not in written
    assert SECRET not in repr(OtherCode(SECRET))


def test_of_our_own_card_neither_code_nor_keys_are_kept(
    reporter: Reporter, outbox: Outbox, keys: CardKeys, tmp_path: Path
) -> None:
    reporter.scan(OutcomeName.RECOGNISED, CardShown(keys))
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in (card(7).text.encode(), card(7).secret, keys.seal, keys.event, keys.staff):
        assert secret not in written


def test_several_codes_at_once_are_reported_without_any_of_them(reporter: Reporter, outbox: Outbox) -> None:
    reporter.scan(OutcomeName.SEVERAL_CODES, None)
    scan = last(outbox).scan()
    assert (scan.lookup, scan.code_hash, scan.code_length) == (None, None, None)


@pytest.mark.parametrize(
    "wrong",
    [datetime(1970, 1, 1, tzinfo=UTC), datetime(1969, 12, 31, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)],
)
def test_a_scan_is_kept_however_wrong_the_clock_is(
    reporter: Reporter, outbox: Outbox, clock: KioskClock, keys: CardKeys, wrong: datetime
) -> None:
    clock.set_wall(wrong)
    reporter.scan(OutcomeName.RECOGNISED, CardShown(keys))
    assert last(outbox).time == wrong
    assert is_proven(last(outbox), keys.event)

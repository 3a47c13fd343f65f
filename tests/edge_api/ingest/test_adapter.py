"""Between the broker and the database: who takes what, and no word of it before it is kept."""

import threading
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, event
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.orm import Session

from common.mqtt import Message, Welcome
from contracts.events import encode
from contracts.kiosk_state import Health, Info, Status
from contracts.topics import Up
from edge_api.errors import BadConfiguration
from edge_api.fleet.models import Kiosk
from edge_api.ingest.adapter import Mode
from edge_api.ingest.models import RejectReason
from tests.edge_api.ingest.conftest import Gate
from tests.end_to_end.site import eventually


class Failing:
    """Makes the database fail at one moment, as often as it is told to."""

    def __init__(self, engine: Engine, error: type[Exception] = OperationalError) -> None:
        self.engine, self.error, self.left = engine, error, 0

    def at_commit(self, times: int) -> None:
        self.left = times
        event.listen(self.engine, "commit", self._fail)

    def at_writing(self, what: bytes) -> None:
        """Fail whenever these bytes are written to the table of scans."""

        def look(connection: object, cursor: object, statement: str, values: object, *rest: object) -> None:
            if statement.startswith("INSERT INTO scan ") and what.decode() in str(values):
                raise self.error(statement, {}, Exception("the database does not like this"))

        event.listen(self.engine, "before_cursor_execute", look)

    def _fail(self, connection: object) -> None:
        if self.left > 0:
            self.left -= 1
            raise self.error("COMMIT", {}, Exception("no space left on device"))


# Acknowledged after the commit


def test_nothing_is_acknowledged_before_it_is_committed(gate: Gate) -> None:
    seen: list[int] = []
    event.listen(gate.database.engine, "commit", lambda connection: seen.append(len(gate.wire.sent)))
    gate.work(gate.scan(gate.card()))
    assert seen[-1] == 0
    assert gate.acknowledged() == [(1, 1)]


def test_a_database_that_fails_at_commit_gets_no_acknowledgement(gate: Gate) -> None:
    card = gate.card()
    scan = gate.scan(card)
    Failing(gate.database.engine).at_commit(times=3)
    with pytest.raises(OperationalError):
        gate.work(scan)
    assert (gate.wire.sent, gate.at_broker) == ([], [])
    assert gate.scans() == []
    gate.work(scan)
    assert gate.acknowledged() == [(1, 1)]
    assert gate.points(card) == 10


def test_a_batch_that_fails_once_is_taken_one_by_one(gate: Gate) -> None:
    """A deadlock with another worker, say."""
    card = gate.card()
    Failing(gate.database.engine).at_commit(times=1)
    gate.work(gate.scan(card), gate.scan(card), b"nonsense")
    assert gate.acknowledged() == [(1, 2)]
    assert gate.points(card) == 20
    assert [each.reason for each in gate.rejected()] == [RejectReason.MALFORMED]


def test_one_event_that_the_database_does_not_take_is_kept_for_review_and_the_rest_is_taken(
    gate: Gate,
) -> None:
    card = gate.card()
    poison = gate.scan(card, boot_id="poison")
    Failing(gate.database.engine, DataError).at_writing(b"poison")
    gate.work(gate.scan(card), poison, gate.scan(card))
    assert gate.points(card) == 20
    (kept,) = gate.rejected()
    assert kept.reason is RejectReason.MALFORMED
    assert kept.body == encode(poison)
    assert gate.acknowledged() == [(1, 3)]


@pytest.mark.databases("postgresql")
def test_what_another_worker_stored_at_the_same_moment_is_a_duplicate(gate: Gate) -> None:
    """The other one comes between our look whether the event is stored and our storing it.

    On SQLite nobody can: whoever writes has the database to themselves. And of a customer's scan neither,
    since their balance is locked; a foreign code is nobody's.
    """
    gate.work(gate.writer.foreign("a start that is known", gate.clock.now()))
    event_of_both = gate.writer.foreign("WIFI:S:guests;;", gate.clock.now())
    other, first_time = gate.new_adapter(), iter([True])

    def other_is_quicker(session: Session, *rest: object) -> None:
        if next(first_time, False):
            other.work([gate.message(event_of_both)])

    event.listen(Session, "before_flush", other_is_quicker)
    try:
        gate.work(event_of_both)
    finally:
        event.remove(Session, "before_flush", other_is_quicker)
    assert [scan.event_id for scan in gate.scans()][1:] == [event_of_both.id]
    assert gate.acknowledged() == [(1, 1), (2, 2), (2, 2)]
    assert gate.rejected() == []


def test_the_broker_is_told_that_each_message_is_done_with(gate: Gate) -> None:
    messages = [gate.message(b"nonsense"), gate.message(b"{}", Up.STATUS), _stray(gate)]
    gate.adapter.work(messages)
    assert gate.at_broker == messages


def test_while_the_line_is_down_events_are_kept_and_told_when_they_come_again(gate: Gate) -> None:
    card = gate.card()
    scan = gate.scan(card)
    gate.wire.up = False
    gate.work(scan)
    gate.wire.up = True
    assert gate.acknowledged() == []
    gate.work(scan)
    assert gate.acknowledged() == [(1, 1)]
    assert gate.points(card) == 10


def _stray(gate: Gate) -> Message:
    message = Message("welkom/v1/site/dorp/scan", b"", lambda: gate.at_broker.append(message))
    return message


# What kiosks say of themselves


def _kiosk(gate: Gate) -> Kiosk:
    with gate.database.reading() as session:
        return session.get_one(Kiosk, gate.kiosk)


def test_a_kiosk_s_state_is_kept(gate: Gate) -> None:
    now = gate.clock.now()
    info = Info(version="1", python="3", machine="m", camera="c", boot_id="b")
    health = Health(at=now, uptime_ms=1, clock_synced=True, queued=2, epoch="e", cursor=3, decode_ms=1.5)
    told = [(Up.STATUS, Status(online=True, session=4, at=now)), (Up.INFO, info), (Up.HEALTH, health)]
    gate.adapter.work([gate.message(encode(each), kind) for kind, each in told])
    kiosk = _kiosk(gate)
    assert (kiosk.online, kiosk.session, kiosk.seen_at) == (True, 4, now)
    assert kiosk.info is not None
    assert kiosk.info["camera"] == "c"
    assert kiosk.health is not None
    assert (kiosk.health["queued"], kiosk.health["decode_ms"]) == (2, 1.5)
    assert gate.wire.sent == []


def test_a_late_will_of_an_old_session_changes_nothing(gate: Gate) -> None:
    for session, online in ((7, True), (6, False)):
        status = Status(online=online, session=session, at=gate.clock.now())
        gate.adapter.work([gate.message(encode(status), Up.STATUS)])
    assert (_kiosk(gate).online, _kiosk(gate).session) == (True, 7)


def test_what_the_broker_had_kept_is_no_sign_of_life(gate: Gate) -> None:
    status = encode(Status(online=True, session=1, at=gate.clock.now()))
    kept = Message(gate.message(b"", Up.STATUS).topic, status, lambda: None, retained=True)
    gate.adapter.work([kept])
    assert (_kiosk(gate).online, _kiosk(gate).seen_at) == (True, None)
    gate.clock.forward(timedelta(minutes=1))
    gate.adapter.work([gate.message(status, Up.STATUS)])
    assert _kiosk(gate).seen_at == gate.clock.now()


# Sharing


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("share=ingest", Mode(share="ingest")),
        ("slot=0/1", Mode(slot=0, slots=1)),
        ("slot=3/16", Mode(slot=3, slots=16)),
    ],
)
def test_a_mode_is_read(text: str, mode: Mode) -> None:
    assert Mode.parse(text) == mode


@pytest.mark.parametrize(
    "text",
    [
        *("", "share", "share=", "share=a/b", "share=#", "share=é", "slot=", "slot=1", "slot=1/1"),
        *("slot=2/1", "slot=-1/2", "slot=0/0", "slot=a/b", "slot=٠/٢", "slot=0/2/3", "slot=0/99999"),
        *("shard=0/1", "slot=²/3"),
    ],
)
def test_a_mode_that_is_none_is_refused_with_what_it_takes(text: str) -> None:
    with pytest.raises(BadConfiguration, match="share=<group> or slot=i/N"):
        Mode.parse(text)


_IDS = st.from_regex(r"k-[a-z0-9]{1,30}", fullmatch=True)


@given(kiosk=_IDS, slots=st.integers(1, 50))
def test_every_kiosk_falls_to_exactly_one_slot(kiosk: str, slots: int) -> None:
    assert sum(Mode(slot=slot, slots=slots).takes(kiosk) for slot in range(slots)) == 1


def test_slots_have_about_as_many_kiosks_each() -> None:
    modes = [Mode(slot=slot, slots=4) for slot in range(4)]
    taken = Counter(mode.slot for mode in modes for number in range(1_000) if mode.takes(f"k-{number}"))
    assert min(taken.values()) > 200


def test_a_sharer_takes_every_kiosk_that_the_broker_gives_it() -> None:
    assert Mode(share="ingest").takes("k-a")


def test_a_slot_has_a_session_to_be_found_again_and_a_sharer_has_none() -> None:
    assert Mode(slot=2, slots=3).session_name == "ingest-slot-2"
    assert Mode(share="ingest").session_name == ""


def test_a_sharer_shares_events_and_hears_all_states(gate: Gate) -> None:
    gate.adapter.connected(Welcome(shared_subscriptions=True))
    assert gate.wire.topics == [
        "$share/ingest/welkom/v1/+/up/event",
        "welkom/v1/+/up/status",
        "welkom/v1/+/up/info",
        "welkom/v1/+/up/health",
    ]


def test_a_slot_subscribes_to_all_events_on_any_broker(gate: Gate) -> None:
    gate.new_adapter("slot=0/2").connected(Welcome(shared_subscriptions=False))
    assert gate.wire.topics[0] == "welkom/v1/+/up/event"


def test_a_broker_without_shared_subscriptions_is_refused_in_that_mode(gate: Gate) -> None:
    with pytest.raises(BadConfiguration, match="slot=i/N"):
        gate.adapter.connected(Welcome(shared_subscriptions=False))
    assert gate.wire.topics == []


def test_several_slots_take_each_event_once_and_leave_none(gate: Gate) -> None:
    card = gate.card()
    workers = [gate.new_adapter(f"slot={slot}/3") for slot in range(3)]
    messages = [gate.message(gate.scan(card)) for _ in range(5)]
    for worker in workers:
        worker.work(messages)
    assert len(gate.scans()) == 5
    assert gate.acknowledged() == [(1, 5)]
    assert Counter(map(id, gate.at_broker)) == Counter({id(message): 3 for message in messages})


def test_a_worker_works_on_what_it_receives_until_it_is_told_to_stop(gate: Gate) -> None:
    card = gate.card()
    stop = threading.Event()
    thread = threading.Thread(target=gate.adapter.run, args=(stop,))
    thread.start()
    for _ in range(3):
        gate.adapter.received(gate.message(gate.scan(card)))
    eventually(lambda: len(gate.at_broker) == 3, "all messages are done with")
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert gate.points(card) == 30

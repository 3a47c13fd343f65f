"""What is not accepted is kept once with its reason, stops nothing else, and is not sent for ever."""

import itertools
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from contracts.card_code import CardCode
from contracts.errors import InvalidTopic
from contracts.events import MAX_EVENT_BYTES, Event, OutcomeName, encode, proof_of
from contracts.sealing import derive
from contracts.settlements import Verdict
from contracts.topics import Up, up
from edge_api.fleet import services as fleet
from edge_api.fleet.models import Kiosk
from edge_api.ingest import services
from edge_api.ingest.errors import Rejected
from edge_api.ingest.models import RejectReason
from edge_api.ingest.services import Ingest, forget_rejected
from tests.edge_api.ingest.conftest import Gate
from tests.factories.events import with_changes
from tests.factories.fleet import active_kiosk, known_kiosk


def _only_rejected(gate: Gate, reason: RejectReason, *, count: int = 1) -> None:
    (kept,) = gate.rejected()
    assert (kept.reason, kept.count, kept.kiosk_id) == (reason, count, gate.kiosk)
    assert gate.scans() == []


def _sent_again(gate: Gate, payload: bytes | Event, reason: RejectReason) -> None:
    """Send it three times: kept once, counted, acknowledged each time, and the verdict is told."""
    for _ in range(3):
        gate.clock.forward(timedelta(minutes=1))
        gate.work(payload)
        assert gate.acknowledged() == [(1, 1)]
    _only_rejected(gate, reason, count=3)
    (kept,) = gate.rejected()
    assert kept.last_at - kept.first_at == timedelta(minutes=2)
    assert gate.verdicts() == [(Verdict.REFUSED, reason)]


def test_a_scan_of_a_card_that_the_kiosk_was_not_shown_is_forged(gate: Gate) -> None:
    event = gate.scan(gate.card())
    _sent_again(gate, msgspec.structs.replace(event, cardproof=bytes(32)), RejectReason.FORGED_PROOF)


def test_a_scan_without_a_proof_is_forged(gate: Gate) -> None:
    event = gate.scan(gate.card())
    _sent_again(gate, msgspec.structs.replace(event, cardproof=msgspec.UNSET), RejectReason.FORGED_PROOF)


def test_a_proof_of_one_card_is_none_for_another(gate: Gate) -> None:
    shown, other = gate.card(), gate.card()
    event = gate.scan(other)
    proof = proof_of(derive(CardCode(shown.secret), gate.config.site).event, event)
    _sent_again(gate, msgspec.structs.replace(event, cardproof=proof), RejectReason.FORGED_PROOF)


@pytest.mark.parametrize("changed", ["time", "id", "data"])
def test_a_proof_holds_for_the_event_that_it_was_made_for_alone(gate: Gate, changed: str) -> None:
    event = gate.scan(gate.card())
    others: dict[str, dict[str, object]] = {
        "time": {"time": "2026-11-21T09:00:00Z"},
        "id": {"id": "019ce5b1-7b57-7000-8000-000000000009"},
        "data": {"data": {"uptime_ms": 5}},
    }
    _sent_again(gate, with_changes(event, **others[changed]), RejectReason.FORGED_PROOF)


def test_an_event_in_another_kiosk_s_name_is_forged(gate: Gate) -> None:
    _sent_again(gate, gate.scan(gate.card(), source="k-other"), RejectReason.FORGED_SOURCE)


def test_an_event_of_an_unknown_type_is_kept_whole_for_a_later_version(gate: Gate) -> None:
    event = with_changes(gate.scan(gate.card()), type="welkom.link.v1", more="x" * 5_000)
    _sent_again(gate, event, RejectReason.UNKNOWN_TYPE)
    assert gate.rejected()[0].body == event


def test_an_event_that_is_too_large_is_kept_cut(gate: Gate) -> None:
    event = with_changes(gate.scan(gate.card()), more="x" * MAX_EVENT_BYTES)
    _sent_again(gate, event, RejectReason.TOO_LARGE)
    assert gate.rejected()[0].body == event[:MAX_EVENT_BYTES]


def test_an_event_that_was_refused_and_is_accepted_later_is_booked(gate: Gate) -> None:
    """A forger was first; the card's own kiosk is not to suffer from it."""
    card = gate.card()
    event = gate.scan(card)
    gate.work(msgspec.structs.replace(event, cardproof=bytes(32)))
    gate.work(event)
    assert gate.points(card) == 10
    assert gate.verdicts() == [(Verdict.BOOKED, "")]


def test_the_same_number_with_another_id_is_a_conflict(gate: Gate) -> None:
    card = gate.card()
    gate.work(gate.scan(card, seq=5))
    gate.work(gate.scan(card, seq=5))
    assert [each.reason for each in gate.rejected()] == [RejectReason.CONFLICT]
    assert (len(gate.scans()), gate.points(card)) == (1, 10)
    assert gate.acknowledged() == [(5, 5), (5, 5)]
    assert gate.verdicts() == [(Verdict.BOOKED, ""), (Verdict.REFUSED, "conflict")]


def test_the_same_id_with_another_number_is_a_conflict_and_the_first_verdict_stays(gate: Gate) -> None:
    card = gate.card()
    first = gate.scan(card)
    gate.work(first)
    gate.work(gate.scan(card, id=first.id))
    assert [each.reason for each in gate.rejected()] == [RejectReason.CONFLICT]
    assert gate.verdicts() == [(Verdict.BOOKED, "")]
    assert gate.acknowledged() == [(1, 1), (2, 2)]


def test_another_kiosk_cannot_take_an_event_s_id(gate: Gate) -> None:
    card = gate.card()
    first = gate.scan(card)
    gate.work(first)
    thief = active_kiosk(gate.database, gate.by, "Thief").id
    stolen = with_changes(first, source=thief)
    gate.adapter.work([gate.message(stolen, kiosk=thief)])
    (kept,) = gate.rejected()
    assert (kept.reason, kept.kiosk_id) == (RejectReason.CONFLICT, thief)
    assert len(gate.scans()) == 1


def test_an_unknown_kiosk_is_kept_and_its_event_acknowledged(gate: Gate) -> None:
    event = gate.scan(gate.card(), source="k-nobody")
    for _ in range(2):
        gate.adapter.work([gate.message(event, kiosk="k-nobody")])
        assert gate.acknowledged("k-nobody") == [(1, 1)]
    (kept,) = gate.rejected()
    assert (kept.reason, kept.count, kept.kiosk_id) == (RejectReason.UNKNOWN_KIOSK, 2, "k-nobody")
    assert gate.verdicts() == []


def test_a_kiosk_that_has_not_enrolled_is_not_let_in(gate: Gate) -> None:
    created = known_kiosk(gate.database, gate.by, "New")
    gate.adapter.work([gate.message(gate.scan(gate.card(), source=created), kiosk=created)])
    assert [each.reason for each in gate.rejected()] == [RejectReason.REVOKED_KIOSK]


def test_a_revoked_kiosk_s_events_are_kept_acknowledged_and_earn_nothing(gate: Gate) -> None:
    card = gate.card()
    with gate.database.transaction() as session:
        fleet.revoke_kiosk(session, session.get_one(Kiosk, gate.kiosk), gate.by)
    event = gate.scan(card)
    for _ in range(2):
        gate.work(event)
        assert gate.acknowledged() == [(1, 1)]
    _only_rejected(gate, RejectReason.REVOKED_KIOSK, count=2)
    assert (gate.points(card), gate.verdicts()) == (0, [])


def test_nobody_has_a_command_to_give_a_result_of(gate: Gate) -> None:
    gate.adapter.work([gate.message(b"{}", Up.RESULT)])
    assert [each.reason for each in gate.rejected()] == [RejectReason.UNKNOWN_TYPE]
    assert gate.acknowledged() == []


# What no database and no page could hold

_HUGE = 2**63
_BAD_DATA = {
    "a long stream": {"stream": "s" * 41},
    "an empty stream": {"stream": ""},
    "a stream with NUL": {"stream": "a\0b"},
    "a stream with a slash": {"stream": "a/b"},
    "a stream in Greek": {"stream": "ρεύμα"},
    "a number for a stream": {"stream": 5},
    "a negative seq": {"seq": -1},
    "a seq beyond 64 bits": {"seq": _HUGE},
    "a seq beyond all bits": {"seq": 10**40},
    "a seq with a fraction": {"seq": 1.5},
    "no seq": {"seq": None},
    "a long boot_id": {"boot_id": "b" * 5_000},
    "a boot_id with NUL": {"boot_id": "\0"},
    "a negative uptime": {"uptime_ms": -5},
    "a huge uptime": {"uptime_ms": _HUGE},
    "a huge revision": {"row_revision": _HUGE},
    "a negative length": {"code_length": -1},
    "an unknown outcome": {"outcome": "triumph"},
    "a short lookup": {"lookup": "AAAA"},
    "a long lookup": {"lookup": "A" * 400},
    "a lookup that is no base64": {"lookup": "!"},
    "a long hash": {"code_hash": "A" * 400},
    "an empty hash": {"code_hash": ""},
    "words for a switch": {"clock_synced": "yes"},
}
_BAD_ENVELOPE = {
    "a time without a zone": {"time": "2026-11-21T10:00:00"},
    "the first moment": {"time": "0001-01-01T00:00:00+14:00"},
    "the last moment": {"time": "9999-12-31T23:59:59.999999-14:00"},
    "no time": {"time": "soon"},
    "another CloudEvents": {"specversion": "0.3"},
    "an id that is no UUID": {"id": "1"},
    "a type with NUL": {"type": "a\0b"},
    "a long type": {"type": "t" * 9_000},
    "a source with NUL": {"source": "k-\0"},
    "a proof that is no base64": {"cardproof": "é"},
    "a list for data": {"data": []},
}


@pytest.mark.parametrize("changed", _BAD_DATA.values(), ids=_BAD_DATA.keys())
def test_data_that_cannot_be_stored_are_malformed(gate: Gate, changed: dict[str, object]) -> None:
    gate.work(with_changes(gate.scan(gate.card()), data=changed))
    _only_rejected(gate, RejectReason.MALFORMED)
    known = changed.keys().isdisjoint({"stream", "seq"})
    assert gate.acknowledged() == ([(1, 1)] if known else [])


@pytest.mark.parametrize("changed", _BAD_ENVELOPE.values(), ids=_BAD_ENVELOPE.keys())
def test_an_envelope_that_cannot_be_stored_is_malformed(gate: Gate, changed: dict[str, object]) -> None:
    plain = msgspec.json.decode(encode(gate.scan(gate.card())))
    gate.work(msgspec.json.encode(plain | changed))
    _only_rejected(gate, RejectReason.MALFORMED)
    assert gate.acknowledged() == ([(1, 1)] if "data" not in changed else [])


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b'"',
        b"\xff\xfe",
        b'{"id": "\xff"}',
        b'{"id": "\\ud800"}',
        b"[" * 8_000,
        b'{"data":' + b"[" * 4_000 + b"]" * 4_000 + b"}",
        b'{"data":' + b'{"a":' * 2_000 + b"1" + b"}" * 2_000 + b"}",
        b"\0" * 100,
    ],
    ids=range(11),
)
def test_what_is_no_event_at_all_is_malformed(gate: Gate, payload: bytes) -> None:
    gate.work(payload)
    _only_rejected(gate, RejectReason.MALFORMED)
    assert gate.acknowledged() == []


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        (Up.STATUS, b'{"online":true,"session":9223372036854775808,"at":"2026-11-21T10:00:00Z"}'),
        (Up.STATUS, b'{"online":true,"session":-1,"at":"2026-11-21T10:00:00Z"}'),
        (Up.STATUS, b'{"online":true,"session":1,"at":"2026-11-21T10:00:00"}'),
        (Up.STATUS, b"offline"),
        (Up.INFO, b'{"version":"\\u0000","python":"","machine":"","camera":"","boot_id":""}'),
        (Up.INFO, b'{"version":"' + b"v" * 300 + b'","python":"","machine":"","camera":"","boot_id":""}'),
        (Up.HEALTH, b'{"at":"2026-11-21T10:00:00Z","uptime_ms":1e400}'),
        (Up.HEALTH, b"{" * 9_000),
    ],
    ids=range(8),
)
def test_a_state_that_cannot_be_stored_is_malformed_and_changes_nothing(
    gate: Gate, kind: Up, payload: bytes
) -> None:
    gate.adapter.work([gate.message(payload, kind)])
    _only_rejected(gate, RejectReason.MALFORMED)
    with gate.database.reading() as session:
        kiosk = session.get_one(Kiosk, gate.kiosk)
        assert (kiosk.session, kiosk.online, kiosk.info, kiosk.health) == (0, False, None, None)


def test_a_state_that_is_too_large_is_kept_cut(gate: Gate) -> None:
    gate.adapter.work([gate.message(b" " * 500_000, Up.INFO)])
    _only_rejected(gate, RejectReason.TOO_LARGE)
    assert len(gate.rejected()[0].body) == MAX_EVENT_BYTES


_TOPICS = st.text(max_size=30) | st.sampled_from(
    [up("k-abc", kind) for kind in Up]
    + [up("K", Up.EVENT), "welkom/v1/all/up/event", "welkom/v1/k-a/down/ack"]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.databases("sqlite")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(topic=_TOPICS, payload=st.binary(max_size=200) | _JSON.map(msgspec.json.encode), ours=st.booleans())
def test_whatever_bytes_come_they_are_rejected_and_nothing_else(
    gate: Gate, topic: str, payload: bytes, ours: bool
) -> None:
    ingest = Ingest(gate.config, gate.clock)
    asked = up(gate.kiosk, Up.EVENT) if ours else topic
    with gate.database.reading() as session, pytest.raises((Rejected, InvalidTopic)):
        ingest.take(session, asked, payload)


_FIELD = st.sampled_from(["stream", "seq", "boot_id", "uptime_ms", "outcome", "lookup", "code_hash", "x"])
_ENVELOPE = st.sampled_from(["id", "source", "type", "time", "data", "cardproof", "specversion", "y"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=40)
@given(
    data=st.dictionaries(_FIELD, _JSON, max_size=2), envelope=st.dictionaries(_ENVELOPE, _JSON, max_size=2)
)
@example(data={"x": "\0"}, envelope={})
def test_whatever_a_kiosk_makes_of_an_event_never_stops_a_batch(
    gate: Gate, data: dict[str, object], envelope: dict[str, object]
) -> None:
    good = gate.writer.foreign("good", gate.clock.now(), seq=next(_FRESH))
    bad = gate.writer.foreign("bad", gate.clock.now(), seq=next(_FRESH))
    changed = envelope if "data" in envelope else {**envelope, "data": data}
    plain = msgspec.json.decode(encode(bad))
    if "data" not in envelope:
        changed["data"] = plain["data"] | data
    gate.work(msgspec.json.encode(plain | changed), good)
    stored = {scan.event_id for scan in gate.scans()}
    assert good.id in stored
    assert bad.id in stored or gate.rejected()


_FRESH = itertools.count(1)


def test_many_bad_events_in_a_batch_leave_the_good_ones_in_it(gate: Gate) -> None:
    card = gate.card()
    good = [gate.scan(card) for _ in range(4)]
    gate.work(b"nonsense", good[0], good[1], b"[]", good[2], gate.scan(card, source="k-x"), good[3])
    assert [scan.event_id for scan in gate.scans()] == [event.id for event in good]
    assert len(gate.rejected()) == 3
    assert gate.points(card) == 40
    assert gate.acknowledged() == [(1, 5)]
    assert len(gate.at_broker) == 7


def test_a_forged_event_reveals_nothing_of_the_card(gate: Gate) -> None:
    """Without the proof there is no word of points, not even of a balance."""
    card = gate.card()
    gate.work(gate.scan(card))
    gate.work(msgspec.structs.replace(gate.scan(card), cardproof=bytes(32)))
    assert gate.verdicts()[1] == (Verdict.REFUSED, "forged_proof")
    told = [each for each in gate.wire.sent if each.topic.startswith("welkom/v1/site/")]
    assert len(told) == 1


def test_every_outcome_that_a_kiosk_may_report_can_be_stored(gate: Gate) -> None:
    for outcome in OutcomeName:
        gate.work(gate.writer.foreign("x", gate.clock.now(), outcome=outcome))
    assert [scan.outcome for scan in gate.scans()] == list(OutcomeName)


# How much is kept


def test_of_one_kiosk_so_much_is_kept_and_then_its_oldest_go(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "REJECTED_KEPT", 3)
    quiet = active_kiosk(gate.database, gate.by, "Quiet").id
    gate.adapter.work([gate.message(b"once", kiosk=quiet)])
    for number in range(6):
        gate.clock.forward(timedelta(seconds=1))
        gate.work(b"%d" % number)
    assert [kept.body for kept in gate.rejected()] == [b"once", b"3", b"4", b"5"]


def test_what_was_rejected_long_ago_is_forgotten(gate: Gate) -> None:
    gate.work(b"old")
    gate.clock.forward(timedelta(days=80))
    gate.work(b"new")
    now = gate.clock.forward(timedelta(days=11))
    with gate.database.transaction() as session:
        forget_rejected(session, now)
    assert [kept.body for kept in gate.rejected()] == [b"new"]


def test_the_first_year_of_a_clock_that_was_never_set_can_be_stored(gate: Gate) -> None:
    gate.work(gate.writer.foreign("x", datetime(1970, 1, 1, tzinfo=UTC), clock_synced=False))
    assert len(gate.scans()) == 1

"""Topics, claims, acks: small contracts, each with what it refuses."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.enrolment import Claim
from contracts.errors import InvalidClaim, InvalidMessage, InvalidTopic, Problem, ProblemType
from contracts.events import Ack, decode, ranges_of
from contracts.replica import RowsPush
from contracts.topics import Down, Up, UpTopic, down, every, is_kiosk_id, parse_up, site_scan, up


@pytest.mark.parametrize("kind", Up)
def test_what_a_kiosk_publishes_to_reads_back(kind: Up) -> None:
    assert parse_up(up("k-entrance01", kind)) == UpTopic("k-entrance01", kind)


@pytest.mark.parametrize(
    "topic",
    [
        "welkom/v1/k-entrance01/down/ack",
        "welkom/v1/edge/up/event",
        "welkom/v1/k-entrance01/up/gossip",
        "welkom/v2/k-entrance01/up/event",
        "welkom/v1/k-entrance01/up/event/more",
        "welkom/v1/k-A.B/up/event",
        "",
        "/" * 500,
    ],
)
def test_no_other_topic_is_taken(topic: str) -> None:
    with pytest.raises(InvalidTopic):
        parse_up(topic)


@pytest.mark.parametrize(
    "text", ["k-", "k-a/b", "k-a.b", "k-+", "k-#", "K-ABC", "edge", "k-" + "a" * 31, "k-a\n"]
)
def test_a_kiosks_id_holds_nothing_that_a_broker_gives_a_meaning(text: str) -> None:
    assert not is_kiosk_id(text)


def test_topics_are_where_the_documentation_says() -> None:
    assert down("k-a", Down.ACK) == "welkom/v1/k-a/down/ack"
    assert every(Up.EVENT) == "welkom/v1/+/up/event"
    assert site_scan("de-hoek") == "welkom/v1/site/de-hoek/scan"


@given(
    st.builds(
        Claim, edge_url=st.text(max_size=100), token=st.text(max_size=60), ca_sha256=st.text(max_size=64)
    )
)
def test_a_claim_survives_being_a_line_of_text(claim: Claim) -> None:
    assert Claim.from_text(f"  {claim.to_text()}\n") == claim


@pytest.mark.parametrize(
    "text", ["", "hello", "WELKOM-CLAIM:1:", "WELKOM-CLAIM:1:!!!", "WELKOM-CLAIM:1:" + "A" * 5_000]
)
def test_what_is_no_claim_is_refused(text: str) -> None:
    with pytest.raises(InvalidClaim):
        Claim.from_text(text)


@given(st.lists(st.integers(0, 60)))
def test_ranges_hold_exactly_the_numbers_and_never_touch(numbers: list[int]) -> None:
    ranges = ranges_of(numbers)
    assert {n for first, last in ranges for n in range(first, last + 1)} == set(numbers)
    assert all(later[0] > earlier[1] + 1 for earlier, later in itertools.pairwise(ranges))


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff\xfe", b"[]", b'{"stream": 1}', b"null"])
def test_a_message_that_is_not_as_agreed_is_refused_with_a_reason(payload: bytes) -> None:
    with pytest.raises(InvalidMessage, match=r"\w"):
        decode(payload, Ack)


def test_a_problem_names_its_kind() -> None:
    assert Problem.of(ProblemType.EPOCH_CHANGED, "t", 409).kind == ProblemType.EPOCH_CHANGED


@pytest.mark.parametrize("number", [-1, 2**63, 2**64, 10**30])
def test_a_number_that_no_database_holds_is_refused(number: int) -> None:
    with pytest.raises(InvalidMessage):
        decode(b'{"stream": "s", "ranges": [[0, %d]]}' % number, Ack)
    with pytest.raises(InvalidMessage):
        decode(b'{"epoch": "e", "after": 0, "upto": %d}' % number, RowsPush)

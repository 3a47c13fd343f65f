"""Every event is sent until the edge itself says that it has it, whatever the network does."""

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from contracts.events import Ack, ranges_of
from kiosk.agent.publisher import IN_FLIGHT, RESEND_SECONDS, Publisher
from kiosk.outbox import Outbox


def numbered(stream: str, seq: int) -> bytes:
    return str(seq).encode()


@dataclass
class Network:
    """Takes bodies while up; what it lost, it took all the same, as a broker may."""

    is_up: bool = True
    loses: bool = False
    arrived: list[int] = field(default_factory=list)

    def send(self, body: bytes) -> bool:
        if self.is_up and not self.loses:
            self.arrived.append(int(body))
        return self.is_up

    def take(self) -> list[int]:
        """Return what arrived since the last time."""
        taken, self.arrived = self.arrived, []
        return taken


class Sending:
    """A scanner's and an agent's hand on the same outbox, and a network between agent and edge."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "outbox.db"
        self.scanner = Outbox(self.path)
        self.outbox = Outbox(self.path)
        self.network = Network()
        self.publisher = Publisher(self.outbox, self.network.send)
        self.now = 0.0

    def append(self, count: int) -> None:
        for _ in range(count):
            self.scanner.append(numbered)

    def turn(self, after: float = 0.02) -> list[int]:
        """Have a turn so many seconds later; return what arrived at the edge by it."""
        self.now += after
        self.publisher.turn(self.now)
        return self.network.take()

    def acknowledge(self, *seqs: int, stream: str | None = None) -> None:
        ack = Ack(stream=stream or self.outbox.stream, ranges=ranges_of(list(seqs)))
        self.publisher.acknowledged(ack, self.now)

    def restart_agent(self) -> None:
        self.outbox.close()
        self.outbox = Outbox(self.path)
        self.publisher = Publisher(self.outbox, self.network.send)

    def close(self) -> None:
        self.scanner.close()
        self.outbox.close()


@pytest.fixture
def sending(tmp_path: Path) -> Iterator[Sending]:
    opened = Sending(tmp_path)
    yield opened
    opened.close()


def test_what_waits_is_sent_in_order_and_new_events_as_they_come(sending: Sending) -> None:
    sending.append(3)
    assert sending.turn() == [1, 2, 3]
    assert sending.turn() == []
    sending.append(1)
    assert sending.turn() == [4]


def test_no_more_are_in_flight_than_agreed_until_some_are_acknowledged(sending: Sending) -> None:
    sending.append(IN_FLIGHT + 5)
    assert sending.turn() == list(range(1, IN_FLIGHT + 1))
    assert sending.turn() == []
    sending.acknowledge(1, 2, 7)
    assert sending.turn() == [IN_FLIGHT + 1, IN_FLIGHT + 2, IN_FLIGHT + 3]


def test_what_the_edge_does_not_acknowledge_is_sent_again_and_ever_more_slowly(sending: Sending) -> None:
    sending.append(1)
    moments = []
    for _ in range(3_000):
        if sending.turn(after=0.1):
            moments.append(sending.now)
    pauses = [round(later - earlier) for earlier, later in pairwise(moments)]
    assert pauses == [5, 10, 20, 40, 60, 60, 60]


def test_an_edge_that_is_silent_for_a_month_is_still_asked(sending: Sending) -> None:
    sending.append(1)
    assert all(sending.turn(after=60.1) == [1] for _ in range(30 * 24 * 60))


def test_an_acknowledged_event_is_not_sent_again(sending: Sending) -> None:
    sending.append(3)
    sending.turn()
    sending.acknowledge(1, 3)
    assert sending.turn(after=RESEND_SECONDS) == [2]
    sending.acknowledge(2)
    assert sending.turn(after=1000) == []
    assert sending.outbox.count_pending() == 0


def test_that_the_broker_took_an_event_means_nothing(sending: Sending) -> None:
    sending.network.loses = True
    sending.append(2)
    assert sending.turn() == []
    assert sending.outbox.count_pending() == 2
    sending.network.loses = False
    assert sending.turn(after=RESEND_SECONDS) == [1, 2]


def test_offline_nothing_is_sent_and_nothing_is_lost(sending: Sending) -> None:
    sending.network.is_up = False
    sending.append(2)
    assert sending.turn() == []
    sending.append(1)
    assert sending.turn(after=100) == []
    sending.network.is_up = True
    assert sending.turn() == [1, 2, 3]


def test_an_event_that_could_not_be_sent_again_is_due_at_the_next_turn(sending: Sending) -> None:
    sending.append(1)
    sending.turn()
    sending.network.is_up = False
    assert sending.turn(after=RESEND_SECONDS) == []
    sending.network.is_up = True
    assert sending.turn() == [1]


def test_on_a_new_connection_everything_unacknowledged_is_sent_anew(sending: Sending) -> None:
    sending.append(3)
    sending.turn()
    sending.acknowledge(2)
    sending.publisher.restart()
    assert sending.turn() == [1, 3]


def test_acks_that_are_doubled_late_or_for_another_outbox_change_nothing(sending: Sending) -> None:
    sending.append(2)
    sending.turn()
    sending.acknowledge(1, stream="0" * 32)
    assert sending.outbox.count_pending() == 2
    sending.acknowledge(1)
    sending.acknowledge(1)
    sending.acknowledge(1_000_000)
    assert sending.turn(after=RESEND_SECONDS) == [2]


def test_after_a_restart_of_the_agent_what_is_unacknowledged_is_sent(sending: Sending) -> None:
    sending.append(3)
    sending.turn()
    sending.acknowledge(1)
    sending.restart_agent()
    assert sending.turn() == [2, 3]


class AnyNetwork(RuleBasedStateMachine):
    """Appends, losses, acks, reconnects and restarts in any order; in the end the edge has every event."""

    @initialize()
    def begin(self) -> None:
        self.stack = contextlib.ExitStack()
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        self.sending = Sending(Path(folder))
        self.stack.callback(self.sending.close)
        self.appended = 0
        self.edge_has: set[int] = set()

    @rule(count=st.integers(1, 30))
    def scan(self, count: int) -> None:
        self.sending.append(count)
        self.appended += count

    @rule(after=st.sampled_from([0.02, 1.0, 5.1, 70.0]))
    def turn(self, after: float) -> None:
        arrived = self.sending.turn(after)
        assert set(arrived) <= set(range(1, self.appended + 1))
        self.edge_has |= set(arrived)

    @rule(up=st.booleans(), loses=st.booleans())
    def change_network(self, up: bool, loses: bool) -> None:
        self.sending.network.is_up, self.sending.network.loses = up, loses

    @rule()
    def connect_anew(self) -> None:
        self.sending.publisher.restart()

    @rule()
    def restart_agent(self) -> None:
        self.sending.restart_agent()

    @rule(data=st.data(), times=st.integers(1, 2))
    def acknowledge_some(self, data: st.DataObject, times: int) -> None:
        if self.edge_has:
            some = data.draw(st.lists(st.sampled_from(sorted(self.edge_has)), min_size=1, max_size=40))
            for _ in range(times):
                self.sending.acknowledge(*some)

    @rule(seqs=st.lists(st.integers(1, 60), min_size=1))
    def acknowledge_for_another_outbox(self, seqs: list[int]) -> None:
        self.sending.acknowledge(*seqs, stream="f" * 32)

    @rule()
    def restore_the_edge_from_a_backup(self) -> None:
        self.edge_has.clear()
        self.sending.outbox.requeue()
        self.sending.publisher.restart()

    @invariant()
    def what_is_gone_from_the_outbox_is_at_the_edge(self) -> None:
        waiting = {each.seq for each in self.sending.outbox.pending(limit=10_000)}
        assert set(range(1, self.appended + 1)) - waiting <= self.edge_has

    @invariant()
    def no_more_are_in_flight_than_agreed(self) -> None:
        assert len(self.sending.publisher._in_flight) <= IN_FLIGHT

    def teardown(self) -> None:
        self.change_network(up=True, loses=False)
        for _ in range(self.appended // IN_FLIGHT + 3):
            self.turn(after=61.0)
            if self.edge_has:
                self.sending.acknowledge(*self.edge_has)
        assert self.sending.outbox.count_pending() == 0
        assert self.edge_has == set(range(1, self.appended + 1))
        self.stack.close()


AnyNetwork.TestCase.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)
TestAnyNetwork = AnyNetwork.TestCase

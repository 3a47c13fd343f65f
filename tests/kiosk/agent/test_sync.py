"""The kiosk's rows end as the edge's are: by pushes, by pulls, and by both in any order."""

import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from contracts.replica import PullEnd, PullHead, PullLine, PullRow, RowsPush
from contracts.settlements import Settlements
from kiosk.agent.sync import PIECE, Sync
from kiosk.directory.downlink import DownlinkReader, DownlinkWriter
from kiosk.directory.replica import Position, ReplicaReader, ReplicaWriter
from kiosk.errors import StorageFull
from tests.fakes.edge import CONFIG, FakeEdge
from tests.fakes.kiosk_clock import KioskClock
from tests.fakes.patience import eventually


class Syncing:
    """Sync with real files and an edge that is not."""

    def __init__(self, folder: Path) -> None:
        self.clock = KioskClock()
        self.edge = FakeEdge()
        self.folder = folder
        self.replica = ReplicaWriter(folder / "replica.db")
        self.downlink = DownlinkWriter(folder / "settlements.db")
        self.rows = ReplicaReader(folder / "replica.db")
        self.settled = DownlinkReader(folder / "settlements.db")
        self.sent_again = 0
        self.sync = self._new_sync()

    def restart(self) -> None:
        """Begin anew with the files as they are, as a killed process does."""
        self.replica.close()
        self.downlink.close()
        self.replica = ReplicaWriter(self.folder / "replica.db")
        self.downlink = DownlinkWriter(self.folder / "settlements.db")
        self.sync = self._new_sync()

    def pull(self) -> None:
        self.sync.pull_soon()
        self.sync.turn()

    def push(self, push: RowsPush) -> None:
        self.sync.arrived(push)
        self.sync.turn()

    def turn_after(self, seconds: float) -> None:
        self.clock.forward(seconds)
        self.sync.turn()

    def knows_all(self) -> bool:
        """Tell whether every card has the edge's newest row, and there are no others."""
        wanted = self.edge.rows.values()
        return self.rows.count() == len(wanted) and all(self.rows.find(row.lookup) == row for row in wanted)

    def pulls(self) -> int:
        return len(self.edge.asked)

    def close(self) -> None:
        for each in (self.replica, self.downlink, self.rows, self.settled):
            each.close()

    def _new_sync(self) -> Sync:
        return Sync(
            replica=self.replica,
            downlink=self.downlink,
            edge=self.edge,
            clock=self.clock,
            epoch_changed=self._send_again,
            jitter=lambda: 0.5,
        )

    def _send_again(self) -> None:
        self.sent_again += 1


@pytest.fixture
def syncing(tmp_path: Path) -> Iterator[Syncing]:
    opened = Syncing(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def synced(syncing: Syncing) -> Syncing:
    """A kiosk that has everything there is: four rows up to revision 5."""
    syncing.edge.publish(1, 2, 3, 4, 1)
    syncing.pull()
    assert syncing.knows_all()
    syncing.edge.asked.clear()
    return syncing


# Pulls


def test_a_new_kiosk_pulls_everything_and_sends_nothing_again(syncing: Syncing) -> None:
    syncing.edge.publish(1, 2, 3)
    syncing.pull()
    assert syncing.knows_all()
    assert syncing.replica.position() == Position("e1", 3)
    assert syncing.edge.asked[0] == ("", 0)
    assert syncing.sent_again == 0


def test_a_kiosk_that_was_away_pulls_only_what_is_new(synced: Syncing) -> None:
    synced.edge.publish(7, 2)
    synced.pull()
    assert synced.knows_all()
    assert synced.edge.asked == [("e1", 5)]


def test_more_rows_than_a_piece_are_taken_in_several(syncing: Syncing) -> None:
    syncing.edge.publish(*range(2 * PIECE + 7))
    syncing.pull()
    assert syncing.knows_all()
    syncing.edge.publish(*range(PIECE + 1))
    syncing.pull()
    assert syncing.knows_all()


def test_a_pull_that_was_cut_goes_on_where_it_was(synced: Syncing) -> None:
    synced.edge.publish(*range(10, 20))
    synced.edge.cut_after = 5
    synced.pull()
    assert not synced.knows_all()
    synced.turn_after(1.0)
    assert synced.knows_all()
    assert synced.edge.asked == [("e1", 5), ("e1", 5)]


def test_a_full_pull_that_was_cut_goes_on_after_a_restart_too(syncing: Syncing) -> None:
    syncing.edge.publish(*range(PIECE + 10))
    syncing.edge.cut_after = PIECE + 3
    syncing.pull()
    assert syncing.rows.count() == 0
    syncing.restart()
    syncing.pull()
    assert syncing.knows_all()
    assert syncing.edge.asked[:2] == [("", 0), ("e1", PIECE)]


def test_a_full_pull_that_meets_a_third_database_begins_anew(syncing: Syncing) -> None:
    syncing.edge.publish(*range(PIECE + 10))
    syncing.edge.cut_after = PIECE + 3
    syncing.pull()
    restored = FakeEdge(epoch="e2", asked=syncing.edge.asked)
    restored.publish(1, 2)
    syncing.edge = restored
    syncing.restart()
    syncing.pull()
    assert syncing.knows_all()
    assert syncing.replica.position() == Position("e2", 2)


# Another database


def test_when_the_edge_was_restored_everything_is_pulled_and_sent_again(synced: Syncing) -> None:
    synced.downlink.set_pulled_up_to(17)
    synced.edge.epoch, synced.edge.revision, synced.edge.rows = "e2", 0, {}
    synced.edge.publish(1, 9)
    synced.pull()
    assert synced.knows_all()
    assert synced.replica.position() == Position("e2", 2)
    assert synced.sent_again == 1
    assert synced.downlink.pulled_up_to() == 0
    synced.pull()
    assert synced.sent_again == 1


def test_a_database_that_went_back_under_the_same_name_counts_as_another(synced: Syncing) -> None:
    synced.edge.revision, synced.edge.rows = 0, {}
    synced.edge.publish(8)
    synced.pull()
    assert synced.knows_all()
    assert synced.sent_again == 1


def test_a_kiosk_killed_before_the_new_rows_take_effect_sends_everything_again_all_the_same(
    synced: Syncing, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """The process is gone."""

    def die(upto: int) -> None:
        raise Killed

    synced.edge.epoch = "e2"
    with monkeypatch.context() as patched:
        patched.setattr(synced.replica, "swap", die)
        with pytest.raises(Killed):
            synced.pull()
    assert synced.sent_again == 1
    synced.restart()
    synced.pull()
    assert synced.sent_again == 2
    assert synced.replica.position().epoch == "e2"


def test_the_configuration_of_a_restored_edge_is_taken_though_its_number_is_lower(synced: Syncing) -> None:
    newer = msgspec.structs.replace(CONFIG, revision=9, repeat_seconds=1.0)
    synced.sync.arrived(newer)
    synced.turn_after(1)
    assert synced.settled.config() == newer
    synced.edge.epoch = "e2"
    synced.pull()
    assert synced.settled.config() == CONFIG


# Pushes


def test_a_push_that_follows_on_needs_no_pull(synced: Syncing) -> None:
    synced.push(synced.edge.publish(2, 9))
    assert synced.knows_all()
    assert synced.pulls() == 0


def test_a_push_after_a_gap_is_taken_and_the_gap_pulled(synced: Syncing) -> None:
    synced.edge.publish(6)
    synced.push(synced.edge.publish(7))
    assert synced.knows_all()
    assert synced.edge.asked == [("e1", 5)]


def test_an_announcement_is_followed_by_a_pull_but_not_by_all_kiosks_at_the_same_moment(
    synced: Syncing,
) -> None:
    push = synced.edge.publish(*range(600))
    synced.push(msgspec.structs.replace(push, rows=()))
    assert synced.pulls() == 0
    synced.turn_after(1.4)
    assert synced.pulls() == 0
    synced.turn_after(0.2)
    assert synced.knows_all()
    assert synced.pulls() == 1


def test_a_push_of_another_database_makes_the_kiosk_ask(synced: Syncing) -> None:
    synced.edge.epoch = "e2"
    synced.push(synced.edge.publish(1))
    assert synced.knows_all()


def test_pushes_are_taken_between_the_pieces_of_a_long_pull(synced: Syncing) -> None:
    synced.edge.publish(*range(100, 100 + 2 * PIECE))
    seen_midway: list[bool] = []

    def revoke_at_the_beginning_and_look_at_the_end() -> None:
        if not seen_midway:
            synced.sync.arrived(synced.edge.publish(1))
        seen_midway.append(synced.rows.find((1).to_bytes(16)) == synced.edge.rows[(1).to_bytes(16)])

    synced.edge.between = revoke_at_the_beginning_and_look_at_the_end
    synced.pull()
    assert (seen_midway[0], seen_midway[-1]) == (False, True)
    synced.edge.between = lambda: None
    synced.sync.turn()
    assert synced.knows_all()


def test_what_is_pushed_while_all_rows_are_replaced_is_not_lost_with_the_old_ones(synced: Syncing) -> None:
    synced.edge.revision, synced.edge.rows = 0, {}
    synced.edge.publish(*range(4))

    def push_once() -> None:
        synced.edge.between = lambda: None
        synced.sync.arrived(synced.edge.publish(2))
        synced.sync._apply_arrived()

    synced.edge.between = push_once
    synced.pull()
    assert synced.knows_all()


# Settlements and configuration


def test_settlements_are_pulled_until_there_are_no_more(syncing: Syncing) -> None:
    told = syncing.edge.settle(8)
    syncing.pull()
    assert [syncing.settled.settlement(each.event) for each in told] == told
    assert syncing.downlink.pulled_up_to() == 8


def test_pushed_settlements_are_taken_at_once_and_pulled_all_the_same(syncing: Syncing) -> None:
    told = syncing.edge.settle(2)
    syncing.sync.arrived(Settlements(settlements=(told[1],)))
    syncing.sync.turn()
    assert syncing.settled.settlement(told[1].event) == told[1]
    syncing.pull()
    assert syncing.settled.settlement(told[0].event) == told[0]
    assert syncing.downlink.pulled_up_to() == 2


def test_settlements_that_lead_nowhere_do_not_keep_the_kiosk_asking_for_ever(syncing: Syncing) -> None:
    syncing.edge.settle(1)
    syncing.downlink.set_pulled_up_to(5)
    syncing.edge.stuck = Settlements(settlements=tuple(syncing.edge.told))
    syncing.pull()
    assert syncing.downlink.pulled_up_to() == 5


def test_configuration_is_taken_when_pushed_if_it_is_newer_and_when_pulled_in_any_case(
    syncing: Syncing,
) -> None:
    syncing.pull()
    assert syncing.settled.config() == CONFIG
    newer = msgspec.structs.replace(CONFIG, revision=2, repeat_seconds=5.0)
    syncing.sync.arrived(newer)
    syncing.sync.turn()
    assert syncing.settled.config() == newer
    syncing.sync.arrived(CONFIG)
    syncing.sync.turn()
    assert syncing.settled.config() == newer
    syncing.pull()
    assert syncing.settled.config() == CONFIG


# What goes wrong


def test_pulls_that_fail_are_tried_again_ever_more_slowly(synced: Syncing) -> None:
    synced.edge.is_reachable = False
    synced.pull()
    moments = [0]
    for tenth in range(1, 1000):
        before = synced.pulls()
        synced.turn_after(0.1)
        if synced.pulls() > before:
            moments.append(tenth)
    pauses = [later - earlier for earlier, later in pairwise(moments)]
    assert pauses[:5] == pytest.approx([10, 20, 50, 100, 300], abs=1)


def test_pushes_do_not_hurry_a_kiosk_whose_pulls_fail(synced: Syncing) -> None:
    synced.edge.is_reachable = False
    synced.pull()
    asked = synced.pulls()
    synced.edge.publish(9)
    for _ in range(9):
        synced.clock.forward(0.1)
        synced.push(synced.edge.publish(1))
    assert synced.pulls() == asked
    synced.turn_after(0.2)
    assert synced.pulls() == asked + 1


def test_a_new_connection_pulls_at_once_though_pulls_failed_before(synced: Syncing) -> None:
    synced.edge.is_reachable = False
    for _ in range(5):
        synced.pull()
    synced.edge.is_reachable = True
    synced.edge.publish(9)
    synced.pull()
    assert synced.knows_all()


def test_after_a_pull_that_succeeds_the_first_failure_waits_shortly_again(synced: Syncing) -> None:
    for reachable in (False, False, True, False):
        synced.edge.is_reachable = reachable
        synced.pull()
    synced.edge.is_reachable = True
    before = synced.pulls()
    synced.turn_after(1.1)
    assert synced.pulls() == before + 1


HEAD, END = PullHead(epoch="e1", after=5, upto=6), PullEnd(upto=6)


def garbage(edge: FakeEdge) -> list[list[PullLine]]:
    row = PullRow(row=edge.rows[(1).to_bytes(16)])
    return [
        [],
        [HEAD],
        [row, END],
        [END],
        [HEAD, row],
        [HEAD, HEAD, END],
        [PullHead(epoch="e1", after=4, upto=6), END],
        [PullHead(epoch="e9", after=5, upto=6), END],
        [PullHead(epoch="", after=5, upto=6), END],
    ]


@pytest.mark.parametrize("number", range(9))
def test_an_answer_that_is_no_pull_changes_nothing_and_is_tried_again(synced: Syncing, number: int) -> None:
    before = synced.replica.position()
    synced.edge.garbage = garbage(synced.edge)[number]
    synced.pull()
    assert synced.replica.position() == before
    synced.edge.garbage = None
    synced.edge.publish(3)
    synced.turn_after(1.0)
    assert synced.knows_all()


@pytest.mark.parametrize("number", [2, 3, 8])
def test_a_new_kiosk_takes_no_rows_without_the_name_of_their_database(syncing: Syncing, number: int) -> None:
    syncing.edge.publish(1)
    syncing.edge.garbage = garbage(syncing.edge)[number]
    syncing.pull()
    assert (syncing.rows.count(), syncing.replica.position()) == (0, Position())


def test_on_a_full_disk_what_was_pushed_is_pulled_once_there_is_room(
    synced: Syncing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(push: RowsPush) -> bool:
        raise StorageFull("no room to write")

    with monkeypatch.context() as patched:
        patched.setattr(synced.replica, "apply_push", refuse)
        synced.push(synced.edge.publish(2))
    assert not synced.knows_all()
    synced.turn_after(1.1)
    assert synced.knows_all()


def test_it_works_in_a_thread_that_ends_when_told(syncing: Syncing) -> None:
    syncing.edge.publish(1, 2)
    stop = threading.Event()
    thread = threading.Thread(target=syncing.sync.run, args=(stop,))
    thread.start()
    syncing.sync.pull_soon()
    eventually(syncing.knows_all, "the rows are pulled")
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def test_the_screens_are_told_until_when_the_copy_was_whole(synced: Syncing) -> None:
    assert synced.settled.whole_at() == synced.clock.now()

"""What is on the disk: room, whole files, scans that wait, and how fresh the cards are."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contracts.events import OutcomeName
from kiosk.config import Home
from kiosk.device.reserve import STEP
from kiosk.directory.downlink import DownlinkWriter
from kiosk.doctor.report import State
from kiosk.doctor.storage import LITTLE_ROOM, databases, outbox, replica, storage
from kiosk.errors import NotEnrolled
from kiosk.outbox import Outbox
from kiosk.reporting import Reporter
from tests.factories.front_desk import KIOSK
from tests.fakes.kiosk_clock import AT, KioskClock

BLOCK = 4096


def disk(free: int, flags: int = 0) -> Callable[[Path], os.statvfs_result]:
    """A disk with so many bytes free for everybody."""
    blocks = free // BLOCK
    return lambda folder: os.statvfs_result((BLOCK, BLOCK, 10**6, blocks, blocks, 10, 10, 10, flags, 255))


def scan(home: Home, at: datetime, count: int = 1) -> None:
    """Have a kiosk whose clock stands at ``at`` keep scans."""
    kept = Outbox(home.outbox)
    reporter = Reporter(KIOSK, kept, KioskClock(at))
    for _ in range(count):
        reporter.scan(OutcomeName.SEVERAL_CODES, None)
    kept.close()


def spoil(path: Path) -> None:
    """Write over all of a database but its first page, as a failing memory card may."""
    data = path.read_bytes()
    path.write_bytes(data[:BLOCK] + b"\xa5" * (len(data) - BLOCK))


def hash_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# Room


def test_enough_room_is_good(home: Home) -> None:
    found = storage(home, disk(10 << 30))
    assert (found.state, found.found) == (State.GOOD, "10.0 GB free, and 16 MB kept back for scans")


def test_the_real_disk_can_be_looked_at_before_the_kiosk_first_starts(empty: Home) -> None:
    assert storage(empty).state in {State.GOOD, State.WARNING}
    assert list(empty.root.iterdir()) == []


def test_little_room_is_a_warning(home: Home) -> None:
    found = storage(home, disk(LITTLE_ROOM - BLOCK))
    assert (found.state, "199 MB" in found.found) == (State.WARNING, True)


def test_a_full_disk_is_bad(home: Home) -> None:
    found = storage(home, disk(BLOCK))
    assert (found.state, "full" in found.found) == (State.BAD, True)
    assert "Delete" in found.advice


def test_a_disk_that_can_only_be_read_is_bad(home: Home) -> None:
    found = storage(home, disk(10 << 30, os.ST_RDONLY))
    assert (found.state, "only be read" in found.found) == (State.BAD, True)


def test_a_reserve_that_was_given_up_in_part_is_a_warning(home: Home) -> None:
    os.truncate(home.reserve, 3 * STEP)
    assert "Start the scanner" in storage(home, disk(10 << 30)).advice
    found = storage(home, disk(LITTLE_ROOM - BLOCK))
    assert (found.state, "3 MB are left" in found.found) == (State.WARNING, True)
    assert "Delete" in found.advice


def test_a_folder_that_is_not_there_is_told(home: Home) -> None:
    assert storage(Home(home.root / "none")).state is State.BAD


# The three files


def test_whole_databases_are_good(home: Home) -> None:
    found = databases(home)
    assert (found.state, found.found) == (State.GOOD, "whole: replica.db, settlements.db, outbox.db")


def test_no_database_is_made_by_looking(empty: Home) -> None:
    assert databases(empty).state is State.GOOD
    assert outbox(empty, AT).state is State.GOOD
    assert list(empty.root.iterdir()) == []


def test_looking_changes_no_file(home: Home) -> None:
    before = hash_of(home.outbox.parent)
    databases(home)
    outbox(home, AT)
    replica(home, AT)
    assert hash_of(home.outbox.parent) == before


@pytest.mark.parametrize(
    ("file", "advice"),
    [
        ("replica.db", "pulls every card again"),
        ("settlements.db", "brings everything anew"),
        ("outbox.db", "copy"),
    ],
)
def test_a_damaged_database_is_named_with_what_may_be_done_with_it(
    home: Home, file: str, advice: str
) -> None:
    spoil(home.outbox.with_name(file))
    found = databases(home)
    assert (found.state, file in found.found, advice in found.advice) == (State.BAD, True, True)


def test_a_file_that_is_no_database_is_bad(home: Home) -> None:
    home.replica.write_bytes(b"something else" * 1000)
    found = databases(home)
    assert (found.state, "not a database" in found.found) == (State.BAD, True)


def test_waiting_scans_in_a_damaged_file_are_never_advised_away(home: Home) -> None:
    spoil(home.outbox)
    spoil(home.replica)
    assert "scans that wait" in databases(home).advice


# Scans that wait


def test_an_empty_outbox_is_good(home: Home) -> None:
    assert outbox(home, AT).found == "empty: the edge has every scan"


def test_scans_of_the_last_minutes_may_wait(home: Home) -> None:
    scan(home, AT, 3)
    found = outbox(home, AT + timedelta(seconds=90))
    assert (found.state, found.found) == (
        State.GOOD,
        "3 events wait for the edge, the oldest for 90 seconds",
    )


def test_scans_that_wait_for_long_are_a_warning_and_not_lost(home: Home) -> None:
    scan(home, AT - timedelta(days=3))
    scan(home, AT)
    found = outbox(home, AT)
    assert found.state is State.WARNING
    assert found.found == "2 events wait for the edge, the oldest for 3 days; none is lost"


def test_scans_of_a_clock_that_was_not_set_wait_since_an_unknown_time(home: Home) -> None:
    scan(home, datetime(1970, 1, 1, tzinfo=UTC))
    found = outbox(home, AT)
    assert (found.state, "unknown time" in found.found) == (State.WARNING, True)


# The cards


def test_a_fresh_copy_of_the_cards_is_good(home: Home) -> None:
    found = replica(home, datetime.now(UTC))
    assert found.state is State.GOOD
    assert found.found.startswith("2 cards, revision 2 of epoch-on")


def test_an_old_copy_is_a_warning_when_the_kiosk_is_not_connected(home: Home) -> None:
    later = datetime.now(UTC) + timedelta(days=5)
    assert replica(home, later).state is State.GOOD
    writer = DownlinkWriter(home.downlink)
    writer.set_connected(False)
    writer.close()
    found = replica(home, later)
    assert (found.state, "5 days ago" in found.found) == (State.WARNING, True)


def test_a_kiosk_that_never_pulled_knows_no_cards(home: Home) -> None:
    home.replica.unlink()
    found = replica(home, AT)
    assert (found.state, "no cards" in found.found) == (State.BAD, True)


def test_a_kiosk_without_its_configuration_is_told_to_fetch_it(home: Home) -> None:
    home.downlink.unlink()
    DownlinkWriter(home.downlink).close()
    found = replica(home, AT)
    assert (found.state, "configuration" in found.found) == (State.BAD, True)


def test_a_kiosk_that_is_not_enrolled_has_no_cards_to_look_at(empty: Home) -> None:
    with pytest.raises(NotEnrolled):
        replica(empty, AT)

"""Events survive, are numbered once and for ever, and go only when the edge says that it has them."""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.events import Ack
from kiosk.device.reserve import STEP, Reserve
from kiosk.errors import StorageFull
from kiosk.outbox import Outbox, Pending


def numbered(stream: str, seq: int) -> bytes:
    return f"{stream}:{seq}".encode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shared" / "outbox.db"


@pytest.fixture
def outbox(path: Path) -> Iterator[Outbox]:
    opened = Outbox(path)
    yield opened
    opened.close()


def test_events_come_out_in_the_order_they_went_in(outbox: Outbox) -> None:
    for _ in range(3):
        outbox.append(numbered)
    assert outbox.pending() == [Pending(seq, numbered(outbox.stream, seq)) for seq in (1, 2, 3)]
    assert outbox.pending(after=1, limit=1) == [Pending(2, numbered(outbox.stream, 2))]


def test_a_drained_outbox_goes_on_numbering_where_it_was(outbox: Outbox, path: Path) -> None:
    for _ in range(3):
        outbox.append(numbered)
    outbox.acknowledge(Ack(stream=outbox.stream, ranges=((1, 3),)), now=10.0)
    assert outbox.forget_acknowledged(before=11.0) == 3
    outbox.close()
    again = Outbox(path)
    assert again.append(numbered) == 4
    again.close()


def test_an_acknowledged_event_is_not_sent_again_unless_everything_is(outbox: Outbox) -> None:
    for _ in range(4):
        outbox.append(numbered)
    assert outbox.acknowledge(Ack(stream=outbox.stream, ranges=((1, 2), (4, 4))), now=0.0) == 3
    assert [each.seq for each in outbox.pending()] == [3]
    assert outbox.count_pending() == 1
    assert outbox.requeue() == 3
    assert [each.seq for each in outbox.pending()] == [1, 2, 3, 4]


def test_an_ack_for_another_outbox_changes_nothing(outbox: Outbox) -> None:
    outbox.append(numbered)
    assert outbox.acknowledge(Ack(stream="another", ranges=((1, 1),)), now=0.0) == 0
    assert outbox.count_pending() == 1


def test_an_acknowledged_event_is_kept_until_its_time_is_over(outbox: Outbox) -> None:
    outbox.append(numbered)
    outbox.acknowledge(Ack(stream=outbox.stream, ranges=((1, 1),)), now=100.0)
    assert outbox.forget_acknowledged(before=100.0) == 0
    assert outbox.forget_acknowledged(before=100.5) == 1


def test_another_file_is_another_stream(outbox: Outbox, tmp_path: Path) -> None:
    other = Outbox(tmp_path / "other.db")
    assert other.stream != outbox.stream
    assert len(other.stream) == 32
    other.close()


def test_an_event_that_cannot_be_written_leaves_no_gap(outbox: Outbox) -> None:
    def failing(stream: str, seq: int) -> bytes:
        raise ValueError(seq)

    with pytest.raises(ValueError, match="1"):
        outbox.append(failing)
    assert outbox.append(numbered) == 1


def test_the_agent_sees_that_the_scanner_has_written(outbox: Outbox, path: Path) -> None:
    agents = Outbox(path)
    before = agents.change_number()
    outbox.append(numbered)
    assert agents.change_number() != before
    agents.close()


def test_scanner_and_agent_write_at_the_same_time_without_losing_anything(path: Path) -> None:
    scanners, agents = Outbox(path), Outbox(path)
    writer = threading.Thread(target=lambda: [scanners.append(numbered) for _ in range(200)])
    writer.start()
    taken = 0
    while writer.is_alive() or agents.count_pending():
        for each in agents.pending(limit=7):
            taken += agents.acknowledge(Ack(stream=agents.stream, ranges=((each.seq, each.seq),)), 0.0)
    writer.join()
    assert taken == 200
    scanners.close()
    agents.close()


_APPEND_FOR_EVER = """
import sys
from pathlib import Path
from kiosk.outbox import Outbox
outbox = Outbox(Path(sys.argv[1]))
while True:
    print(outbox.append(lambda stream, seq: b"event"), flush=True)
"""


def test_whatever_was_kept_when_the_process_is_killed_is_there_afterwards(path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _APPEND_FOR_EVER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    told = [int(process.stdout.readline()) for _ in range(25)]
    process.kill()
    told += [int(line) for line in process.stdout if line.strip()]
    process.wait()
    process.stdout.close()
    survivor = Outbox(path)
    kept = [each.seq for each in survivor.pending(limit=100_000)]
    assert kept[: len(told)] == told == list(range(1, len(told) + 1))
    survivor.close()


class TestOnAFullDisk:
    """A real full file system: a small tmpfs. Skipped where this user may not mount one."""

    @pytest.fixture
    def disk(self, tmp_path: Path) -> Iterator[Path]:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=8m", "welkom-test", str(tmp_path)],
            capture_output=True,
            check=False,
        )
        if mounted.returncode:
            pytest.skip("this user may not mount a file system")
        yield tmp_path
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)

    def test_scans_go_on_in_the_reserved_space_and_are_then_refused_without_harm(self, disk: Path) -> None:
        reserve = Reserve(disk / "reserve", 2 * STEP)
        assert reserve.fill()
        outbox = Outbox(disk / "outbox.db", reserve)
        outbox.append(lambda stream, seq: b"x" * 1000)
        fill_up(disk / "filler")
        kept = append_until_full(outbox)
        assert kept > 1000
        assert reserve.left() == 0
        assert outbox.count_pending() == kept + 1
        (disk / "filler").unlink()
        assert outbox.append(lambda stream, seq: b"room again") == kept + 2
        assert reserve.fill()
        assert reserve.left() == 2 * STEP
        outbox.close()


def fill_up(path: Path) -> None:
    with path.open("wb") as file:
        while True:
            try:
                os.write(file.fileno(), bytes(4096))
            except OSError:
                return


def append_until_full(outbox: Outbox) -> int:
    for kept in range(100_000):
        try:
            outbox.append(lambda stream, seq: b"x" * 1000)
        except StorageFull:
            return kept
    raise AssertionError("the disk never filled up")


def test_an_error_that_is_not_about_space_is_not_taken_for_one(outbox: Outbox, path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE events")
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        outbox.append(numbered)
    connection.close()

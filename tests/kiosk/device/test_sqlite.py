"""Two processes share the kiosk's files, whichever of them starts first, stops or dies."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kiosk.device.sqlite import Connection, Durability, connect, connect_reading, data_version, writing
from kiosk.errors import StorageFull

SCHEMA = "CREATE TABLE IF NOT EXISTS notes (text TEXT); CREATE TABLE IF NOT EXISTS others (text TEXT)"

_OPEN_AT_THE_SAME_TIME = """
import sys
from collections.abc import Callable
from pathlib import Path
from kiosk.directory.replica import ReplicaReader, ReplicaWriter

folder, side = Path(sys.argv[1]), sys.argv[2]
for number in range(20):
    print(number, flush=True)
    sys.stdin.readline()
    path = folder / str(number) / "replica.db"
    opened = ReplicaWriter(path) if side == "writes" else ReplicaReader(path)
    opened.count()
    opened.close()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shared" / "notes.db"


def opener(folder: Path, side: str) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", _OPEN_AT_THE_SAME_TIME, str(folder), side]
    return subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_scanner_and_agent_may_make_the_same_files_at_the_same_moment(tmp_path: Path) -> None:
    both = [opener(tmp_path, "writes"), opener(tmp_path, "reads")]
    for _ in range(20):
        for each in both:
            assert each.stdout is not None
            each.stdout.readline()
        for each in both:
            assert each.stdin is not None
            each.stdin.write("\n")
            each.stdin.flush()
    errors = [each.communicate()[1] for each in both]
    assert errors == ["", ""]
    assert [each.returncode for each in both] == [0, 0]


def test_a_reader_makes_the_tables_that_a_dying_writer_left_out(path: Path) -> None:
    path.parent.mkdir()
    half_made = sqlite3.connect(path)
    half_made.execute("PRAGMA journal_mode=WAL")
    half_made.close()
    reader = connect_reading(path, SCHEMA)
    assert reader.execute("SELECT count(*) FROM others").fetchone() == (0,)
    reader.close()


@pytest.mark.parametrize("opened", [connect, connect_reading])
def test_a_file_that_is_no_database_is_not_left_open(path: Path, opened: Callable[..., Connection]) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database at all" * 1000)
    before = os.listdir("/proc/self/fd")
    with pytest.raises(sqlite3.DatabaseError) as refused:
        opened(path, SCHEMA)
    assert os.listdir("/proc/self/fd") == before
    assert "not a database" in str(refused.value)


def test_a_reader_cannot_write(path: Path) -> None:
    reader = connect_reading(path, SCHEMA)
    with pytest.raises(StorageFull, match="readonly"), writing(reader):
        reader.execute("INSERT INTO notes VALUES ('no')")
    reader.close()


def test_a_transaction_that_fails_leaves_nothing_behind(path: Path) -> None:
    def break_off() -> None:
        with writing(connection):
            connection.execute("INSERT INTO notes VALUES ('half')")
            raise RuntimeError("broken off")

    connection = connect(path, SCHEMA)
    with pytest.raises(RuntimeError, match="broken off"):
        break_off()
    assert connection.execute("SELECT count(*) FROM notes").fetchone() == (0,)
    connection.close()


def test_full_durability_flushes_each_commit_and_normal_does_not(tmp_path: Path) -> None:
    for durability, level in ((Durability.FULL, 2), (Durability.NORMAL, 1)):
        connection = connect(tmp_path / f"{durability}.db", SCHEMA, durability)
        assert connection.execute("PRAGMA synchronous").fetchone() == (level,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        connection.close()


def test_a_reader_sees_that_another_connection_has_written(path: Path) -> None:
    writer, reader = connect(path, SCHEMA), connect_reading(path, SCHEMA)
    before = data_version(reader)
    assert data_version(reader) == before
    with writing(writer):
        writer.execute("INSERT INTO notes VALUES ('new')")
    assert data_version(reader) != before
    writer.close()
    reader.close()


def test_no_room_is_told_as_full_storage_and_any_other_failure_as_it_is(path: Path) -> None:
    connection = connect(path, SCHEMA)
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StorageFull, match="no room to write"), writing(connection):
        connection.execute("INSERT INTO notes VALUES (?)", ("x" * 100_000,))
    with pytest.raises(sqlite3.OperationalError, match="no such table"), writing(connection):
        connection.execute("INSERT INTO nowhere VALUES (1)")
    connection.close()


_READ_AND_SAY_SO = """
import sys
from collections.abc import Callable
from pathlib import Path
from kiosk.directory.replica import ReplicaReader

print(ReplicaReader(Path(sys.argv[1])).count())
"""

_WRITE_AND_DIE = """
import os, signal, sys
from collections.abc import Callable
from pathlib import Path
from contracts.replica import SealedRow
from kiosk.directory.replica import ReplicaWriter

replica = ReplicaWriter(Path(sys.argv[1]))
replica.apply_pulled("e1", [SealedRow(lookup=bytes(16), revision=1, nonce=bytes(12), box=bytes(32))], 1)
if sys.argv[2] == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
replica.close()
"""


@pytest.mark.parametrize("end", ["killed", "stopped"])
def test_the_scanner_starts_and_reads_while_the_agent_is_gone(path: Path, end: str) -> None:
    subprocess.run([sys.executable, "-c", _WRITE_AND_DIE, str(path), end], check=False)
    for _ in range(2):
        arguments = [sys.executable, "-c", _READ_AND_SAY_SO, str(path)]
        assert subprocess.check_output(arguments, text=True) == "1\n"

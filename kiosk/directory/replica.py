"""The kiosk's copy of all sealed rows: the agent writes it, the scanner reads it.

A row applies if it is newer than the one that is there. The cursor says up to which revision nothing is
missing; a push never moves it past a gap. A full pull is collected beside the live rows and put in their
place in one transaction.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import structlog

from contracts.replica import RowsPush, SealedRow
from kiosk.device.sqlite import (
    Connection,
    closed_on_failure,
    connect,
    connect_reading,
    data_version,
    writing,
)

_TABLE = """(
    lookup BLOB PRIMARY KEY,
    revision INTEGER NOT NULL,
    nonce BLOB NOT NULL,
    box BLOB NOT NULL
) WITHOUT ROWID"""

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS rows {_TABLE};
CREATE TABLE IF NOT EXISTS staging {_TABLE};
CREATE TABLE IF NOT EXISTS state (
    place TEXT PRIMARY KEY,
    epoch TEXT NOT NULL,
    cursor INTEGER NOT NULL
) WITHOUT ROWID
"""

_UPSERT = """
INSERT INTO {table} (lookup, revision, nonce, box) VALUES (?, ?, ?, ?)
ON CONFLICT (lookup) DO UPDATE SET revision = excluded.revision, nonce = excluded.nonce, box = excluded.box
WHERE excluded.revision > revision
"""


log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Position:
    """Up to where a copy is whole: every row of ``epoch`` up to revision ``cursor``."""

    epoch: str = ""
    cursor: int = 0


def open_or_rebuild(path: Path) -> "ReplicaWriter":
    """Open the copy for the agent; a damaged one is thrown away, since everything in it can be pulled."""
    try:
        return _checked(path)
    except sqlite3.DatabaseError as error:
        log.error("replica damaged, making it anew", reason=str(error))
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return ReplicaWriter(path)


def _checked(path: Path) -> "ReplicaWriter":
    writer = ReplicaWriter(path)
    with closed_on_failure(writer):
        (verdict,) = writer._connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
    return writer


class ReplicaWriter:
    """The agent's side."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(path, _SCHEMA)

    def position(self) -> Position:
        """Return where the live rows stand."""
        return _position(self._connection, "rows")

    def staged(self) -> Position:
        """Return where an unfinished full pull stands, to resume it."""
        return _position(self._connection, "staging")

    def apply_push(self, push: RowsPush) -> bool:
        """Take pushed rows; return False if something before them is missing and has to be pulled.

        Rows of another epoch are not taken: their revisions cannot be compared with ours.
        """
        position = self.position()
        if push.epoch != position.epoch:
            return False
        whole = push.after <= position.cursor and (bool(push.rows) or push.upto <= position.cursor)
        with writing(self._connection):
            self._upsert("rows", push.rows)
            if whole and push.upto > position.cursor:
                self._move("rows", push.epoch, push.upto)
        return whole

    def apply_pulled(self, epoch: str, rows: Iterable[SealedRow], upto: int) -> None:
        """Take a piece of a pull that continues the live rows up to revision ``upto``."""
        with writing(self._connection):
            self._upsert("rows", rows)
            self._move("rows", epoch, max(upto, self.position().cursor))

    def begin_staging(self, epoch: str) -> None:
        """Start collecting a full pull, unless one of the same epoch is there to go on with."""
        if self.staged().epoch == epoch:
            return
        with writing(self._connection):
            self._connection.execute("DELETE FROM staging")
            self._move("staging", epoch, 0)

    def discard_staged(self) -> None:
        """Forget what was collected of a full pull."""
        with writing(self._connection):
            self._connection.execute("DELETE FROM staging")
            self._connection.execute("DELETE FROM state WHERE place = 'staging'")

    def stage(self, rows: Iterable[SealedRow], upto: int) -> None:
        """Collect a piece of a full pull."""
        with writing(self._connection):
            self._upsert("staging", rows)
            self._move("staging", self.staged().epoch, upto)

    def swap(self, upto: int) -> None:
        """Put the collected rows in the place of the live ones, all at once."""
        epoch = self.staged().epoch
        with writing(self._connection):
            self._connection.execute("DROP TABLE rows")
            self._connection.execute("ALTER TABLE staging RENAME TO rows")
            self._connection.execute(f"CREATE TABLE staging {_TABLE}")
            self._move("rows", epoch, upto)
            self._connection.execute("DELETE FROM state WHERE place = 'staging'")

    def count(self) -> int:
        """Return how many cards the live rows know."""
        return _count(self._connection)

    def close(self) -> None:
        self._connection.close()

    def _move(self, place: str, epoch: str, cursor: int) -> None:
        self._connection.execute(
            "INSERT INTO state (place, epoch, cursor) VALUES (?, ?, ?)"
            " ON CONFLICT (place) DO UPDATE SET epoch = excluded.epoch, cursor = excluded.cursor",
            (place, epoch, cursor),
        )

    def _upsert(self, table: str, rows: Iterable[SealedRow]) -> None:
        values = [(row.lookup, row.revision, row.nonce, row.box) for row in rows]
        self._connection.executemany(_UPSERT.format(table=table), values)


class ReplicaReader:
    """The scanner's side: one row by its lookup, and whether anything changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._times_opened = 0
        self._open()

    def find(self, lookup: bytes) -> SealedRow | None:
        """Return the card's row, or None for a card that this kiosk does not know."""
        self._follow()
        row = self._connection.execute(
            "SELECT revision, nonce, box FROM rows WHERE lookup = ?", (lookup,)
        ).fetchone()
        if row is None or not row[2]:
            return None
        return SealedRow(lookup=lookup, revision=row[0], nonce=bytes(row[1]), box=bytes(row[2]))

    def position(self) -> Position:
        """Return up to where the copy is whole."""
        return _position(self._connection, "rows")

    def count(self) -> int:
        """Return how many cards the copy knows."""
        return _count(self._connection)

    def change_number(self) -> int:
        """Return a number that changes when the agent has written, or has made the file anew."""
        self._follow()
        return self._times_opened << 32 | data_version(self._connection)

    def close(self) -> None:
        self._connection.close()

    def _follow(self) -> None:
        """Open the file anew where the agent has put another one in its place."""
        if self._file_now() not in {self._file, None}:
            self._connection.close()
            self._open()

    def _open(self) -> None:
        self._connection = connect_reading(self._path, _SCHEMA)
        self._file = self._file_now()
        self._times_opened += 1

    def _file_now(self) -> int | None:
        try:
            return self._path.stat().st_ino
        except FileNotFoundError:
            return None


def _position(connection: Connection, place: str) -> Position:
    row = connection.execute("SELECT epoch, cursor FROM state WHERE place = ?", (place,)).fetchone()
    return Position(row[0], row[1]) if row else Position()


def _count(connection: Connection) -> int:
    (count,) = connection.execute("SELECT count(*) FROM rows").fetchone()
    return int(count)

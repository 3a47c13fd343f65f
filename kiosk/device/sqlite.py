"""How the kiosk opens its SQLite files: WAL, shared between the scanner's and the agent's process."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from kiosk.errors import StorageFull

_BUSY_SECONDS = 5.0
_FULL = {"SQLITE_FULL", "SQLITE_IOERR", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC", "SQLITE_READONLY"}


class Connection(sqlite3.Connection):
    """A connection whose transactions take turns between the threads of this process."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.turn = threading.RLock()


class Closable(Protocol):
    """A connection, or what holds one."""

    def close(self) -> None: ...


class Durability(StrEnum):
    """What a commit survives: NORMAL a killed process, FULL a power cut too."""

    NORMAL = "NORMAL"
    FULL = "FULL"


def connect(path: Path, schema: str, durability: Durability = Durability.NORMAL) -> Connection:
    """Open a file that this process writes, and make its tables where they are missing.

    The connection may be used from several threads; transactions are explicit, see :func:`writing`.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o770)
    connection = _open(path)
    with closed_on_failure(connection):
        _use_wal(connection)
        connection.execute(f"PRAGMA synchronous={durability}")
        with writing(connection):
            # One statement at a time: executescript would commit on its own.
            for statement in filter(None, map(str.strip, schema.split(";"))):
                connection.execute(statement)
    return connection


def connect_reading(path: Path, schema: str) -> Connection:
    """Open a file that another process writes. It is made first where it is not there yet.

    Not opened read-only: a reader of a WAL file must be able to write its ``-shm``.
    """
    if not path.exists():
        connect(path, schema).close()
    connection = _open(path)
    with closed_on_failure(connection):
        if not _has_tables(connection):
            # The other process is making the file at this moment, or died while it did.
            connect(path, schema).close()
        connection.execute("PRAGMA query_only=ON")
    return connection


@contextmanager
def closed_on_failure(opened: Closable) -> Iterator[None]:
    """Close what was opened if the first things done with it fail, for then nobody else will."""
    try:
        yield
    except BaseException:
        opened.close()
        raise


@contextmanager
def writing(connection: Connection) -> Iterator[None]:
    """One transaction that takes the write lock at once, and rolls back on any error.

    Raises:
        StorageFull: there is no room for it; nothing changed.
    """
    with connection.turn:
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("COMMIT")
        except BaseException as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorname in _FULL:
                raise StorageFull(f"no room to write: {error}") from error
            raise


def data_version(connection: Connection) -> int:
    """Return a number that differs once another connection has changed the file; costs microseconds."""
    (version,) = connection.execute("PRAGMA data_version").fetchone()
    return int(version)


def _open(path: Path) -> Connection:
    return Connection(path, isolation_level=None, timeout=_BUSY_SECONDS, check_same_thread=False)


def _use_wal(connection: Connection) -> None:
    # The busy time-out does not cover this: two processes that make the same file would collide.
    until = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() >= until:
                raise
        time.sleep(0.01)


def _has_tables(connection: Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None

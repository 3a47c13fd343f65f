"""Events on disk before anything else happens, until the edge says that it has them.

The scanner appends, the agent sends and acknowledges; both open the same file. ``seq`` never restarts
(AUTOINCREMENT: a drained table would begin at 1 again, and new scans would pass for duplicates), and a
``stream`` of random bits names this file, so that a kiosk set up anew never repeats a number either.
"""

import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from contracts.events import Ack
from kiosk.device.reserve import Reserve
from kiosk.device.sqlite import Durability, connect, data_version, writing
from kiosk.errors import StorageFull

RESERVED_BYTES = 16 * 1024 * 1024

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    body BLOB NOT NULL,
    acknowledged_at REAL
);
CREATE INDEX IF NOT EXISTS unacknowledged ON events (seq) WHERE acknowledged_at IS NULL;
"""

_FORGOTTEN_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Pending:
    """An event that the edge has not acknowledged, as the bytes to send."""

    seq: int
    body: bytes


class Outbox:
    """One kiosk's events. Each process opens its own."""

    def __init__(self, path: Path, reserve: Reserve | None = None) -> None:
        self._connection = connect(path, _SCHEMA, Durability.FULL)
        # A short log: what is reserved on a full disk is for events, not for old copies of pages.
        self._connection.execute("PRAGMA wal_autocheckpoint=64")
        self._reserve = reserve
        self.stream = self._named_stream()

    def append(self, write: Callable[[str, int], bytes]) -> int:
        """Keep one event; on return it survives a power cut. ``write`` makes its bytes from stream and seq.

        Raises:
            StorageFull: it could not be kept, even with the reserved space given up; nothing changed.
        """
        while True:
            try:
                return self._append(write)
            except StorageFull:
                if not self._make_room():
                    raise

    def pending(self, after: int = 0, limit: int = 20) -> list[Pending]:
        """Return the oldest unacknowledged events with a seq above ``after``."""
        rows = self._connection.execute(
            "SELECT seq, body FROM events WHERE acknowledged_at IS NULL AND seq > ? ORDER BY seq LIMIT ?",
            (after, limit),
        )
        return [Pending(seq, bytes(body)) for seq, body in rows]

    def count_pending(self) -> int:
        """Return how many events the edge has not acknowledged."""
        (count,) = self._connection.execute(
            "SELECT count(*) FROM events WHERE acknowledged_at IS NULL"
        ).fetchone()
        return int(count)

    def acknowledge(self, ack: Ack, now: float) -> int:
        """Mark events as taken by the edge; return how many. Another stream's ack changes nothing."""
        if ack.stream != self.stream:
            return 0
        taken = 0
        with writing(self._connection):
            for first, last in ack.ranges:
                taken += self._connection.execute(
                    "UPDATE events SET acknowledged_at = ?"
                    " WHERE seq BETWEEN ? AND ? AND acknowledged_at IS NULL",
                    (now, first, last),
                ).rowcount
        return taken

    def requeue(self) -> int:
        """Send everything still here again: the edge was restored and may lack it. Return how many."""
        with writing(self._connection):
            return self._connection.execute(
                "UPDATE events SET acknowledged_at = NULL WHERE acknowledged_at IS NOT NULL"
            ).rowcount

    def forget_acknowledged(self, before: float) -> int:
        """Delete what was acknowledged before a time; return how many. Nothing else is ever deleted."""
        with writing(self._connection):
            return self._connection.execute(
                "DELETE FROM events WHERE acknowledged_at < ?", (before,)
            ).rowcount

    def change_number(self) -> int:
        """Return a number that changes when the other process has written."""
        return data_version(self._connection)

    def close(self) -> None:
        self._connection.close()

    def _make_room(self) -> bool:
        """Forget what is kept only for an edge that might be restored, else give up reserved space."""
        return self._forget_oldest_acknowledged() or (
            self._reserve is not None and self._reserve.give_up_some()
        )

    def _forget_oldest_acknowledged(self) -> bool:
        try:
            with writing(self._connection):
                forgotten = self._connection.execute(
                    "DELETE FROM events WHERE seq IN"
                    " (SELECT seq FROM events WHERE acknowledged_at IS NOT NULL ORDER BY seq LIMIT ?)",
                    (_FORGOTTEN_AT_ONCE,),
                ).rowcount
        except StorageFull:
            # Deleting writes to the log first, and even that found no room.
            return False
        return forgotten > 0

    def _append(self, write: Callable[[str, int], bytes]) -> int:
        with writing(self._connection):
            row = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
            seq = int(row[0]) + 1 if row else 1
            self._connection.execute(
                "INSERT INTO events (seq, body) VALUES (?, ?)", (seq, write(self.stream, seq))
            )
        return seq

    def _named_stream(self) -> str:
        with writing(self._connection):
            self._connection.execute(
                "INSERT OR IGNORE INTO meta (key, value) VALUES ('stream', ?)",
                (uuid.UUID(bytes=os.urandom(16), version=4).hex,),
            )
        (stream,) = self._connection.execute("SELECT value FROM meta WHERE key = 'stream'").fetchone()
        return str(stream)

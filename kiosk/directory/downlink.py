"""What the agent hands the scanner besides rows: the edge's settlements, the configuration, the link.

In DESIGN's words "the settlements": one SQLite file that the agent writes and the scanner reads.
"""

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from contracts.kiosk_state import KioskConfig
from contracts.settlements import Settlement
from kiosk.device.sqlite import connect, connect_reading, data_version, writing

_SCHEMA = """
CREATE TABLE IF NOT EXISTS settlements (
    event TEXT PRIMARY KEY,
    body BLOB NOT NULL,
    received_at REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS facts (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID
"""


class DownlinkWriter:
    """The agent's side."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(path, _SCHEMA)

    def settled(self, settlements: Iterable[Settlement], now: float) -> None:
        """Keep settlements; one that is there already stays as it is."""
        values = [(str(each.event), msgspec.json.encode(each), now) for each in settlements]
        with writing(self._connection):
            self._connection.executemany("INSERT OR IGNORE INTO settlements VALUES (?, ?, ?)", values)

    def pulled_up_to(self) -> int:
        """Return the settlement number after which to pull."""
        return int(_fact(self._connection, "pulled") or 0)

    def set_pulled_up_to(self, number: int) -> None:
        """Note up to which number all settlements are here; 0 begins anew."""
        self._put("pulled", str(number).encode())

    def configure(self, config: KioskConfig, *, pulled: bool = False) -> bool:
        """Take a configuration if it is newer than the one here; return whether it was taken.

        A pulled one is what the edge says now: it is taken also if its revision is lower, as after the
        edge was restored from a backup.
        """
        current = _config(self._connection)
        if current == config or (current is not None and not pulled and current.revision >= config.revision):
            return False
        self._put("config", msgspec.json.encode(config))
        return True

    def config(self) -> KioskConfig | None:
        return _config(self._connection)

    def set_connected(self, connected: bool) -> None:
        """Tell the scanner whether the broker can be reached, for what its screens say."""
        if _is_connected(self._connection) != connected:
            self._put("connected", b"1" if connected else b"0")

    def set_whole_at(self, moment: datetime) -> None:
        """Tell the scanner that the replica was whole at a moment: what it holds was true until then."""
        self._put("whole_at", moment.isoformat().encode())

    def forget_settled(self, before: float) -> None:
        """Delete settlements received before a time."""
        with writing(self._connection):
            self._connection.execute("DELETE FROM settlements WHERE received_at < ?", (before,))

    def close(self) -> None:
        self._connection.close()

    def _put(self, key: str, value: bytes) -> None:
        with writing(self._connection):
            self._connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (key, value))


class DownlinkReader:
    """The scanner's side."""

    def __init__(self, path: Path) -> None:
        self._connection = connect_reading(path, _SCHEMA)

    def settlement(self, event: UUID) -> Settlement | None:
        """Return the edge's verdict on an event, once it is there."""
        row = self._connection.execute(
            "SELECT body FROM settlements WHERE event = ?", (str(event),)
        ).fetchone()
        return msgspec.json.decode(row[0], type=Settlement) if row else None

    def config(self) -> KioskConfig | None:
        return _config(self._connection)

    def whole_at(self) -> datetime | None:
        """Return when the replica was last known to be whole."""
        moment = _fact(self._connection, "whole_at")
        return datetime.fromisoformat(moment.decode()) if moment else None

    def connected(self) -> bool:
        """Tell whether the agent last had the broker."""
        return _is_connected(self._connection)

    def change_number(self) -> int:
        """Return a number that changes when the agent has written."""
        return data_version(self._connection)

    def close(self) -> None:
        self._connection.close()


def _is_connected(connection: sqlite3.Connection) -> bool:
    """Tell whether the fact of being connected stands in the file."""
    return _fact(connection, "connected") == b"1"


def _config(connection: sqlite3.Connection) -> KioskConfig | None:
    body = _fact(connection, "config")
    return msgspec.json.decode(body, type=KioskConfig) if body else None


def _fact(connection: sqlite3.Connection, key: str) -> bytes | None:
    row = connection.execute("SELECT value FROM facts WHERE key = ?", (key,)).fetchone()
    return bytes(row[0]) if row else None

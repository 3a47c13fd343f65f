"""Looks at what is kept on the disk: room for it, whether it is whole, what waits, and how old it is.

Files are opened for reading alone and never made: looking must not change what is looked at.
"""

import errno
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from contracts.errors import InvalidMessage
from contracts.events import Event, decode
from kiosk.config import Home
from kiosk.device import profile
from kiosk.device.reserve import Reserve
from kiosk.directory.downlink import DownlinkReader
from kiosk.directory.replica import Position, ReplicaReader
from kiosk.doctor.examine import is_closed_to_us
from kiosk.doctor.report import Finding, bad, good, warning
from kiosk.doctor.words import lasting, megabytes
from kiosk.outbox import RESERVED_BYTES

LITTLE_ROOM = 200 * 1024 * 1024
_NO_ROOM = 2 * 1024 * 1024
_FULL = {errno.ENOSPC, errno.EDQUOT}
_LONG_WAIT = timedelta(minutes=10)
_STALE = timedelta(days=1)
_MAKE_ROOM = "Delete what is not needed on this disk, for example with `sudo journalctl --vacuum-size=50M`."
_START_AGENT = "Start the agent, and see what the checks of broker and edge say."


def storage(home: Home, statvfs: Callable[[Path], os.statvfs_result] = os.statvfs) -> Finding:
    """Look at the room on the disk, and whether something can be written."""
    folder = home.outbox.parent if home.outbox.parent.is_dir() else home.root
    if not folder.is_dir():
        return bad(f"there is no folder {folder}", "See the check of the settings.")
    disk = statvfs(folder)
    if disk.f_flag & os.ST_RDONLY:
        return bad(
            f"{folder} is on a disk that can only be read",
            "Start the machine anew; if that does not help, the memory card is worn out: replace it.",
        )
    free = disk.f_bavail * disk.f_frsize
    if free < _NO_ROOM or not _can_write(folder):
        return bad(f"the disk of {folder} is full", _MAKE_ROOM)
    return _reserve(home, free) or _room(free, is_reserved=home.reserve.exists())


def databases(home: Home) -> Finding:
    """Have SQLite look through the three files."""
    there = [path for path in (home.replica, home.downlink, home.outbox) if path.exists()]
    if not there:
        return good("none yet: they are made when the kiosk first starts")
    damage = {path: said for path in there if (said := _damage_of(path))}
    if not damage:
        return good(f"whole: {', '.join(path.name for path in there)}")
    told = "; ".join(f"{path.name}: {said}" for path, said in damage.items())
    return bad(told, _what_to_do_about(set(damage), home))


def outbox(home: Home, now: datetime) -> Finding:
    """Look at the scans that the edge does not have yet."""
    if not home.outbox.exists():
        return good("empty: nothing was scanned yet")
    count, oldest = _waiting(home.outbox)
    if not count:
        return good("empty: the edge has every scan")
    waits = now - oldest if oldest else None
    told = f"{count} events wait for the edge"
    if waits is None or not timedelta() <= waits < timedelta(days=3650):
        return warning(f"{told}, the oldest since an unknown time", _START_AGENT)
    told = f"{told}, the oldest for {lasting(waits)}"
    return good(told) if waits < _LONG_WAIT else warning(f"{told}; none is lost", _START_AGENT)


def replica(home: Home, now: datetime) -> Finding:
    """Look at the kiosk's copy of the cards: how many there are, and how old it is."""
    profile.load(home)
    if not home.replica.exists() or not home.downlink.exists():
        return bad("this kiosk knows no cards yet", _START_AGENT)
    with closing(ReplicaReader(home.replica)) as rows, closing(DownlinkReader(home.downlink)) as downlink:
        position, count = rows.position(), rows.count()
        is_connected, is_configured = downlink.connected(), downlink.config() is not None
    if not is_configured:
        return bad("this kiosk's configuration is missing", _START_AGENT)
    if not position.epoch:
        return bad("this kiosk knows no cards yet", _START_AGENT)
    return _freshness(position, count, now - _changed_at(home.replica), is_connected)


def _reserve(home: Home, free: int) -> Finding | None:
    left = Reserve(home.reserve, RESERVED_BYTES).left()
    if left >= RESERVED_BYTES or not home.reserve.exists():
        return None
    told = f"of the {megabytes(RESERVED_BYTES)} kept back for scans {megabytes(left)} are left"
    if free < LITTLE_ROOM:
        return warning(told, _MAKE_ROOM)
    return warning(told, "Start the scanner: with room on the disk it keeps some back again.")


def _room(free: int, *, is_reserved: bool) -> Finding:
    if free < LITTLE_ROOM:
        return warning(f"only {megabytes(free)} are free", _MAKE_ROOM)
    kept_back = f", and {megabytes(RESERVED_BYTES)} kept back for scans" if is_reserved else ""
    return good(f"{megabytes(free)} free{kept_back}")


def _can_write(folder: Path) -> bool:
    """Write a little, as far as the disk itself; no name of it is left behind."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if error.errno in _FULL:
            return False
        raise
    return True


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    # Reading a file that nobody has open would leave a log and an index beside it, unless it is said
    # not to change.
    how = "mode=ro" if _log_of(path).exists() else "immutable=1"
    with closing(sqlite3.connect(f"file:{quote(str(path))}?{how}", uri=True, timeout=5)) as connection:
        yield connection


def _damage_of(path: Path) -> str:
    # Twice, since somebody may have begun to write: the first look was then at a file in movement.
    return _quick_check(path) and _quick_check(path)


def _quick_check(path: Path) -> str:
    try:
        with _reading(path) as connection:
            said = [str(line) for (line,) in connection.execute("PRAGMA quick_check(3)")]
    except sqlite3.DatabaseError as error:
        if is_closed_to_us(error):
            raise
        return str(error)
    return "" if said == ["ok"] else ", ".join(" ".join(each.split()) for each in said)


def _what_to_do_about(damaged: set[Path], home: Home) -> str:
    if home.outbox in damaged:
        return f"Stop the kiosk and copy {home.outbox.parent} away for help: scans that wait are in it."
    if home.downlink in damaged:
        return f"Stop the kiosk, move {home.downlink} away and start the agent: it brings everything anew."
    return "Start the agent anew: it throws this copy away and pulls every card again."


def _waiting(path: Path) -> tuple[int, datetime | None]:
    """Return how many events wait, and when the first of them happened by the clock of that time."""
    with _reading(path) as connection:
        count, first = connection.execute(
            "SELECT count(*), min(seq) FROM events WHERE acknowledged_at IS NULL"
        ).fetchone()
        if not count:
            return 0, None
        (body,) = connection.execute("SELECT body FROM events WHERE seq = ?", (first,)).fetchone()
    try:
        return int(count), decode(bytes(body), Event).time
    except InvalidMessage:
        return int(count), None


def _freshness(position: Position, count: int, age: timedelta, is_connected: bool) -> Finding:
    told = f"{count} cards, revision {position.cursor} of {position.epoch[:8]}"
    if age < timedelta():
        return good(told)
    told = f"{told}, last changed {lasting(age)} ago"
    if not is_connected and age > _STALE:
        return warning(f"{told}, and not connected since", _START_AGENT)
    return good(told)


def _changed_at(path: Path) -> datetime:
    newest = max(each.stat().st_mtime for each in (path, _log_of(path)) if each.exists())
    return datetime.fromtimestamp(newest, UTC)


def _log_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")

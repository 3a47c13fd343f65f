"""A whole site in one file, and back again.

A restored database is another one than it was: it gets a new epoch, so kiosks pull everything anew and
send again what they have kept, which brings back the scans that the backup lacks.
"""

import io
import os
import sqlite3
import subprocess
import tarfile
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import NullPool, create_engine, delete, text
from sqlalchemy.engine import URL, make_url

from edge_api import config as configuration
from edge_api import db
from edge_api.config import SECRETS_FILE, SETTINGS_FILE, Config
from edge_api.db import Database
from edge_api.errors import EdgeError, Refused
from edge_api.files import make_private_folder, write_private
from edge_api.fleet.models import UsedToken
from edge_api.sync.services import ensure_state

_DATABASE = "database"
_FOLDERS = ("tls",)


class BackupFailed(EdgeError):
    """The backup could not be written or read; nothing was changed. The text says why."""


def back_up(config: Config, file: Path) -> None:
    """Write the site's database, settings, secrets and certificates into ``file`` (tar, 0600).

    The site may go on meanwhile: the database is as of one moment.

    Raises:
        BackupFailed: the database's own tools failed, or the file cannot be written.
    """
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    make_private_folder(file.parent)
    try:
        with tempfile.TemporaryDirectory(dir=file.parent) as folder:
            copy = Path(folder) / _DATABASE
            _dump(make_url(config.database_url), copy)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as out:
                _pack(config.home, copy, out)
                out.flush()
                os.fsync(out.fileno())
        draft.replace(file)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise BackupFailed(f"the backup cannot be written: {error}") from error


def restore(home: Path, file: Path) -> Config:
    """Put the site of a backup in the place of the one in ``home``, whose programs must be stopped.

    What stands in the place of the database is kept beside it, with ``.before-restore`` at its end.

    Raises:
        BackupFailed: the file is no backup; then nothing was changed.
        Refused: a program still uses the database.
    """
    with tempfile.TemporaryDirectory(dir=make_private_folder(home)) as folder:
        unpacked = Path(folder)
        _unpack(file, unpacked)
        url = _url_of(unpacked, home)
        _refuse_if_used(url)
        for name in (SETTINGS_FILE, SECRETS_FILE):
            write_private(home / name, (unpacked / name).read_bytes())
        for folder_name in _FOLDERS:
            for each in sorted((unpacked / folder_name).iterdir()):
                write_private(home / folder_name / each.name, each.read_bytes())
        _load(url, unpacked / _DATABASE)
    config = configuration.load(home)
    db.upgrade(config)
    database = Database(config.database_url)
    try:
        with database.transaction() as session:
            state = ensure_state(session)
            state.epoch = uuid.uuid4().hex
            state.lease_holder, state.lease_until = None, None
            session.execute(delete(UsedToken))
    finally:
        database.close()
    return config


def _dump(url: URL, copy: Path) -> None:
    if url.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(str(url.database))) as live, closing(sqlite3.connect(copy)) as out:
            live.backup(out)
        return
    _run(["pg_dump", "--format=custom", f"--file={copy}", f"--dbname={_plain(url)}"])


def _load(url: URL, copy: Path) -> None:
    if url.get_backend_name() != "sqlite":
        options = ["--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error"]
        _run(["pg_restore", *options, f"--dbname={_plain(url)}", str(copy)])
        return
    target = Path(str(url.database))
    if target.exists():
        target.replace(target.with_name(target.name + ".before-restore"))
    for companion in ("-wal", "-shm"):
        target.with_name(target.name + companion).unlink(missing_ok=True)
    write_private(target, copy.read_bytes())


def _url_of(unpacked: Path, home: Path) -> URL:
    """Return where the backup's database belongs: its settings' place, or the home's own file."""
    url = configuration.load(unpacked).database_url
    own = configuration.default_database_url(unpacked.absolute())
    return make_url(configuration.default_database_url(home.absolute()) if url == own else url)


def _refuse_if_used(url: URL) -> None:
    """See whether anybody has the database open.

    Raises:
        Refused: somebody has.
    """
    in_use = _sqlite_in_use if url.get_backend_name() == "sqlite" else _postgresql_in_use
    if in_use(url):
        raise Refused("stop the edge's programs first: the database is in use")


def _sqlite_in_use(url: URL) -> bool:
    target = Path(str(url.database))
    if not target.exists():
        return False
    with closing(sqlite3.connect(target, timeout=0)) as connection:
        try:
            # Exclusive locking is granted only where nobody else has the file open, idle or not.
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("ROLLBACK")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.OperationalError:
            return True
    return False


def _postgresql_in_use(url: URL) -> bool:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        return bool(connection.scalar(text(others + " AND pid <> pg_backend_pid()")))


def _pack(home: Path, copy: Path, out: "io.BufferedWriter") -> None:
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.add(copy, _DATABASE)
        for name in (SETTINGS_FILE, SECRETS_FILE):
            tar.add(home / name, name)
        for folder in _FOLDERS:
            for file in sorted((home / folder).iterdir()):
                tar.add(file, f"{folder}/{file.name}")


def _unpack(file: Path, folder: Path) -> None:
    try:
        with tarfile.open(file) as tar:
            tar.extractall(folder, filter="data")
    except (OSError, tarfile.TarError) as error:
        raise BackupFailed(f"{file} is no backup: {error}") from error
    missing = [name for name in _expected() if not (folder / name).exists()]
    if missing:
        raise BackupFailed(f"{file} is no backup: {missing[0]} is missing")


def _expected() -> Iterator[str]:
    yield from (_DATABASE, SETTINGS_FILE, SECRETS_FILE, *_FOLDERS)


def _plain(url: URL) -> str:
    """Return the URL as PostgreSQL's own programs take it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _run(arguments: list[str]) -> None:
    try:
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise BackupFailed(f"{arguments[0]} is missing: install postgresql-client") from None
    if done.returncode:
        raise BackupFailed(f"{arguments[0]} failed: {done.stderr.strip()[-500:]}")

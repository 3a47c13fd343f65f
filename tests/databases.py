"""Which databases the tests run on, and a real PostgreSQL of their own, ended whatever happens."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import psycopg
from psycopg import sql

_PATIENCE = 30.0
_STOP_SECONDS = 10
_ROOM = 2 * 1024**3
_SETTINGS = {
    # Nothing here outlives the tests, so nothing has to reach the disk.
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    # What a chain of shops may have set, so that nothing leans on the defaults: its own zone and language.
    "timezone": "Europe/Amsterdam",
    "log_checkpoints": "off",
    "deadlock_timeout": "200ms",
}


class DatabaseKind(StrEnum):
    """What a test that touches the database is run on."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server. Databases are made from each other's copies, which takes some 20 ms."""

    port: int
    password: str

    def url(self, name: str) -> str:
        """Return a database's URL, as ``edge init --database-url`` takes it."""
        return f"postgresql://welkom:{self.password}@127.0.0.1:{self.port}/{name}"

    def create(self, name: str, template: str = "template0") -> str:
        """Make a database as a copy of another one that nobody is connected to; return its URL."""
        # Copying the files is quicker than logging each page, and no other server follows the log.
        self._run("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", name, template)
        return self.url(name)

    def drop(self, name: str) -> None:
        """Remove a database, and throw out whoever is connected to it."""
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def running_server() -> Iterator[PostgresServer]:
    """Run a server for as long as the block takes; if this process is killed, it ends with it."""
    folder = Path(tempfile.mkdtemp(prefix="welkom-postgres-", dir=_quickest_folder()))
    try:
        password = secrets.token_hex(16)
        _make_cluster(folder, password)
        server = PostgresServer(_free_port(), password)
        process = _started(folder, server)
        try:
            _wait_for(server, process, folder / "log")
            yield server
        finally:
            _end(process)
    finally:
        shutil.rmtree(folder)


def _quickest_folder() -> Path | None:
    """Return a folder in memory where there is room; a database's 300 files take their time on a disk."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > _ROOM
    return memory if roomy and os.access(memory, os.W_OK) else None


def _make_cluster(folder: Path, password: str) -> None:
    secret = folder / "password"
    secret.touch(0o600)
    secret.write_text(password)
    if os.geteuid() == 0:
        _give_to_postgres(folder, secret)
    # An ICU language sorts "é" beside "e" and "b" before "C", as a chain's server would; bytes do not.
    options = ["--username=welkom", "--auth=scram-sha-256", f"--pwfile={secret}", "--no-sync"]
    language = ["--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=nl-NL"]
    command = _as_nobody_special([_program("initdb"), *options, *language, str(folder / "data")])
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr


def _started(folder: Path, server: PostgresServer) -> subprocess.Popen[bytes]:
    where = ["-D", str(folder / "data"), "-k", str(folder), "-h", "127.0.0.1", "-p", str(server.port)]
    settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
    command = _as_nobody_special([_program("postgres"), *where, *settings])
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True)


def _wait_for(server: PostgresServer, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while not server.answers():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _as_nobody_special(command: Sequence[str]) -> list[str]:
    """Return the command as it is run by a user that is not root, to end when this process does."""
    to_postgres = ["--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    return ["setpriv", *to_postgres, "--pdeathsig=INT", *command]


def _give_to_postgres(*paths: Path) -> None:
    user = pwd.getpwnam("postgres")
    for path in paths:
        os.chown(path, user.pw_uid, user.pw_gid)


def _program(name: str) -> str:
    # Debian keeps each version's programs in a folder of its own, beside the path.
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: float(each.parent.name))
    found = shutil.which(name, path=os.pathsep.join([*map(str, versions[::-1]), os.environ["PATH"]]))
    assert found, "PostgreSQL's server is missing: `make debian-postgresql` installs it"
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

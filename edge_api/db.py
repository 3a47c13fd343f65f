"""The database: how tables are declared, how a transaction is opened, how the schema is brought up.

Nothing here or in the domains is SQLite's alone, except how its connections are set up.
"""

import enum
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from sqlalchemy import (
    JSON,
    URL,
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Enum,
    Integer,
    LargeBinary,
    MetaData,
    String,
    TypeDecorator,
    Uuid,
    create_engine,
    event,
    func,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError, IntegrityError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, sessionmaker

from edge_api.config import Config
from edge_api.errors import BadConfiguration, EdgeError
from edge_api.files import create_private
from edge_api.turns import Turns

_NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
_READING = "welkom_reading"
_BUSY_MILLISECONDS = 60_000
_STUCK_MILLISECONDS = 60_000
"""No transaction of ours does nothing for so long: whoever began it is frozen, or gone without a word."""

_UPGRADING = 0x77656C6B6F6D
"""What PostgreSQL locks while the schema is brought up."""


class UtcDateTime(TypeDecorator[datetime]):
    """A time in UTC: aware going in, aware coming out, also where the database keeps no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time needs its zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite numbers rows by itself only in INTEGER columns, which hold 64 bits there anyway.
BIG = BigInteger().with_variant(Integer, "sqlite")

Id = Annotated[int, mapped_column(BIG, primary_key=True)]
"""A table's own running number."""

Bytes16 = Annotated[bytes, mapped_column(LargeBinary(16))]
"""A card's secret, a lookup: 16 bytes."""

TO_CHANGE: dict[str, Any] = {"key_share": True}
"""How a row is locked that is about to be changed: rows that only point at it can still come in."""

NEVER_REUSE_IDS = {"sqlite_autoincrement": True}
"""Table arguments for tables whose rows go again: a freed id must not come back for another row."""


class Base(DeclarativeBase):
    """What every table's model descends from."""

    metadata = MetaData(naming_convention=_NAMING)
    type_annotation_map = {  # noqa: RUF012  SQLAlchemy reads it from the class
        datetime: UtcDateTime(),
        uuid.UUID: Uuid(),
        bytes: LargeBinary(),
        str: String(200),
        dict[str, Any]: JSON(),
        enum.Enum: Enum(
            enum.Enum,
            native_enum=False,
            create_constraint=False,
            length=32,
            values_callable=lambda kind: [each.value for each in kind],
        ),
    }


@contextmanager
def refusing_duplicates(session: Session, refusal: EdgeError) -> Iterator[None]:
    """Flush what is done inside; a row that the database's constraints refuse raises ``refusal``.

    The database decides, not a look beforehand, so that two who ask at the same moment cannot both have it.
    """
    try:
        with session.begin_nested():
            yield
            session.flush()
    except IntegrityError:
        raise refusal from None


class SchemaBroken(EdgeError):
    """A migration left rows that point nowhere; nothing of it was kept."""


class Database:
    """The database at a URL. One for each process; safe to share between its threads."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url, foreign_keys=True)
        reading = self.engine.execution_options(**_reading_options(self.engine))
        self._writing = sessionmaker(self.engine, expire_on_commit=False)
        self._reading = sessionmaker(reading, expire_on_commit=False, autoflush=False)
        self._turn = _turn_at(self.engine.url)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Open a session that may write; it commits at the end, or nothing of it happened."""
        with self._turn(), self._writing.begin() as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a session that sees one state of the database, never waits for writers and cannot write."""
        with self._reading() as session:
            yield session

    def close(self) -> None:
        """Close the connections that are not in use."""
        self.engine.dispose()


def upgrade(config: Config) -> None:
    """Bring the database's schema up to this version, making the database where there is none.

    Raises:
        SchemaBroken: a migration left rows that point nowhere; the schema is as it was.
        BadConfiguration: the database's URL is none, or it does not answer or cannot hold every letter.
    """
    upgrade_url(config.database_url)


def upgrade_url(url: str) -> None:
    """Do what :func:`upgrade` does for the database at ``url``."""
    # Rebuilding a table, which is how SQLite alters one, must not take the rows that point at it along.
    engine = _engine(url, foreign_keys=False)
    try:
        with _answering(engine), engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                _prepare_postgresql(connection)
            run_migrations(connection)
            _check_foreign_keys(connection)
    finally:
        engine.dispose()


def run_migrations(connection: Connection, to: str = "head") -> None:
    """Run the migrations that are missing, in the connection's transaction."""
    from alembic import command  # noqa: PLC0415  takes a while to load and is needed once
    from alembic.config import Config as AlembicConfig  # noqa: PLC0415

    settings = AlembicConfig(attributes={"connection": connection})
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    command.upgrade(settings, to)


@contextmanager
def _answering(engine: Engine) -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if engine.dialect.name == "sqlite":
            raise
        said = " ".join(str(error.orig).split())
        raise BadConfiguration(f"database_url: the database cannot be used: {said}") from None


def _prepare_postgresql(connection: Connection) -> None:
    """Let only one bring the schema up at a time, and refuse what could not hold a customer's name."""
    encoding = connection.scalar(text("SHOW server_encoding"))
    if encoding != "UTF8":
        raise BadConfiguration(f"database_url: the database keeps texts as {encoding}; make it with UTF8")
    connection.execute(select(func.pg_advisory_xact_lock(_UPGRADING)))


def _check_foreign_keys(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise SchemaBroken(f"{len(broken)} rows point nowhere, the first in {broken[0][0]}")


def _reading_options(engine: Engine) -> dict[str, Any]:
    if engine.dialect.name == "sqlite":
        return {_READING: True}
    # Otherwise each query would see what was committed until then: two of them, two states.
    return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


def _turn_at(url: URL) -> Callable[[], AbstractContextManager[None]]:
    """Return what to hold while writing: a turn at an SQLite file, nothing where the database sees to it."""
    if url.get_backend_name() != "sqlite" or not url.database:
        return nullcontext
    return Turns(Path(url.database)).turn


def _engine(url: str, *, foreign_keys: bool) -> Engine:
    parsed = _parsed(url)
    if parsed.get_backend_name() == "postgresql":
        return create_engine(_patient(parsed), pool_pre_ping=True)
    if parsed.database:
        create_private(Path(parsed.database))
    engine = create_engine(parsed)
    _prepare_sqlite(engine, foreign_keys=foreign_keys)
    return engine


def _parsed(url: str) -> URL:
    # The URL itself is not told: there is a password in it.
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = URL.create("unknown")
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise BadConfiguration(
            "database_url: takes postgresql://user:password@host/database or sqlite:///path"
        )
    return parsed


def _patient(url: URL) -> URL:
    """Wait for locks as long as on SQLite, not for ever; what the URL itself sets stays."""
    ours = (
        f"-c lock_timeout={_BUSY_MILLISECONDS} -c idle_in_transaction_session_timeout={_STUCK_MILLISECONDS}"
    )
    theirs = url.query.get("options", "")
    options = " ".join([ours, *([theirs] if isinstance(theirs, str) else theirs)])
    return url.set(drivername="postgresql+psycopg").update_query_dict({"options": options.strip()})


def _prepare_sqlite(engine: Engine, *, foreign_keys: bool) -> None:
    def connected(connection: Any, record: object) -> None:
        # The driver must not begin transactions by itself: it would begin them deferred, and a reader
        # that turns writer fails at once instead of waiting for its turn.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute(f"PRAGMA foreign_keys = {int(foreign_keys)}")
        cursor.close()

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", _begin_sqlite)


def _begin_sqlite(connection: Connection) -> None:
    reading = bool(connection.get_execution_options().get(_READING))
    connection.exec_driver_sql(f"PRAGMA query_only = {int(reading)}")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

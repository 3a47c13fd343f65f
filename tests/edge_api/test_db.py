"""Transactions commit whole or not at all, reading cannot write, times keep their zone."""

import stat
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from edge_api import db
from edge_api.accounts.models import Location, UserLocation
from edge_api.config import Config
from edge_api.db import Database
from tests.databases import DatabaseKind

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _location(slug: str, at: datetime = NOON) -> Location:
    return Location(name=slug.title(), slug=slug, created_at=at)


def _count(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(Location)) or 0


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    def half_done() -> None:
        with database.transaction() as session:
            session.add(_location("north"))
            session.flush()
            raise KeyError("half done")

    with pytest.raises(KeyError):
        half_done()
    assert _count(database) == 0


def test_a_reading_session_cannot_write(database: Database) -> None:
    with database.reading() as session:
        session.add(_location("north"))
        with pytest.raises(DBAPIError, match=r"read-?only"):
            session.flush()
    with database.transaction() as session:
        session.add(_location("south"))
    assert _count(database) == 1


def test_a_row_that_points_nowhere_is_refused(database: Database) -> None:
    with pytest.raises(IntegrityError), database.transaction() as session:
        session.add(UserLocation(user_id=1, location_id=1))


def test_times_come_back_in_utc_whatever_zone_they_went_in_with(database: Database) -> None:
    in_tokyo = NOON.astimezone(timezone(timedelta(hours=9)))
    with database.transaction() as session:
        session.add(_location("north", in_tokyo))
    with database.reading() as session:
        found = session.scalars(select(Location.created_at)).one()
    assert found == NOON
    assert found.tzinfo is UTC


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="zone"), database.transaction() as session:
        session.add(_location("north", datetime(2026, 3, 1)))  # noqa: DTZ001  that is the point


def test_writers_wait_for_each_other_and_none_is_lost(database: Database) -> None:
    def write(worker: int) -> None:
        for turn in range(5):
            with database.transaction() as session:
                seen = session.scalar(select(func.count()).select_from(Location))
                session.add(_location(f"l-{worker}-{turn}-{seen}"))

    workers = [threading.Thread(target=write, args=(each,)) for each in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert _count(database) == 20


def test_a_reader_sees_one_state_while_others_write(database: Database) -> None:
    with database.reading() as reader:
        before = reader.scalar(select(func.count()).select_from(Location))
        with database.transaction() as session:
            session.add(_location("north"))
        assert reader.scalar(select(func.count()).select_from(Location)) == before
    assert _count(database) == 1


@pytest.mark.databases(DatabaseKind.SQLITE)
def test_only_the_owner_may_read_the_database(config: Config, database: Database) -> None:
    assert _count(database) == 0
    files = [Path(each) for each in config.home.glob("edge.sqlite*")]
    assert files
    assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}


def test_a_database_is_made_where_there_is_none(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'edge.sqlite'}"
    db.upgrade_url(url)
    made = Database(url)
    assert _count(made) == 0
    made.close()

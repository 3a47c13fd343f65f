"""The migrations make what the models declare."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from edge_api import db
from edge_api.config import Config
from edge_api.db import Database
from edge_api.migrations import all_tables, env_folder


def test_models_and_migrations_agree(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, all_tables()) == []


def test_the_revisions_are_one_chain() -> None:
    script = ScriptDirectory(str(env_folder()))
    assert len(script.get_heads()) == 1
    assert all(not isinstance(each.down_revision, tuple) for each in script.walk_revisions())


def test_upgrading_twice_changes_nothing(config: Config, database: Database) -> None:
    with database.reading() as session:
        before = session.connection().exec_driver_sql("SELECT name, sql FROM sqlite_master").fetchall()
    db.upgrade(config)
    with database.reading() as session:
        after = session.connection().exec_driver_sql("SELECT name, sql FROM sqlite_master").fetchall()
    assert [tuple(row) for row in after] == [tuple(row) for row in before]

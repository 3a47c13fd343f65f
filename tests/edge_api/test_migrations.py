"""The migrations make what the models declare."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from edge_api import db
from edge_api.config import Config
from edge_api.db import Database
from edge_api.migrations import all_tables, env_folder

_SCHEMA = {
    "sqlite": "SELECT name, sql FROM sqlite_master ORDER BY name",
    "postgresql": """
        SELECT table_name, column_name, data_type, is_nullable, column_default
        FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL SELECT tablename, indexname, indexdef, '', '' FROM pg_indexes WHERE schemaname = 'public'
        ORDER BY 1, 2
    """,
}


def test_models_and_migrations_agree(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, all_tables()) == []


def test_the_revisions_are_one_chain() -> None:
    script = ScriptDirectory(str(env_folder()))
    assert len(script.get_heads()) == 1
    assert all(not isinstance(each.down_revision, tuple) for each in script.walk_revisions())


def test_upgrading_twice_changes_nothing(config: Config, database: Database) -> None:
    before = _schema(database)
    db.upgrade(config)
    assert _schema(database) == before
    assert any(name == "scan" for name, *_ in before)


def _schema(database: Database) -> list[tuple[object, ...]]:
    with database.engine.connect() as connection:
        found = connection.exec_driver_sql(_SCHEMA[connection.dialect.name]).fetchall()
    return [tuple(row) for row in found]

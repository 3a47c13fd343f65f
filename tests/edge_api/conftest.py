"""What the edge's tests share: a fresh database, made once by the migrations and copied for each test."""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from sqlalchemy.orm import Session

from edge_api import config as configuration
from edge_api import db
from edge_api.accounts import passwords
from edge_api.audit import By, Origin
from edge_api.config import Config
from edge_api.db import Database
from tests.databases import DatabaseKind, PostgresServer
from tests.factories.edge import Shop
from tests.fakes.clock import FixedClock

_TEMPLATE = "welkom_template"


@pytest.fixture(autouse=True, scope="session")
def _cheap_passwords() -> Iterator[None]:
    """The same hashing with next to no work, since most tests are not about it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", PasswordHasher.from_parameters(CHEAPEST))
        yield


@pytest.fixture(scope="session")
def _made_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _new_home(tmp_path_factory.mktemp("edge") / "home")


@pytest.fixture(scope="session")
def _made_home_on_postgres(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Path:
    return _new_home(tmp_path_factory.mktemp("edge") / "home", database_url=postgres.create(_TEMPLATE))


def _new_home(home: Path, **options: str) -> Path:
    configuration.write_new(home, "http://127.0.0.1:8000", {"site_name": "test", **options})
    db.upgrade(configuration.load(home))
    return home


@pytest.fixture
def config(database_kind: DatabaseKind, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Config]:
    """A site with a migrated database and nothing in it, once on each kind of database."""
    home = tmp_path / "edge-home"
    if database_kind is DatabaseKind.SQLITE:
        shutil.copytree(request.getfixturevalue("_made_home"), home)
        yield configuration.load(home)
        return
    shutil.copytree(request.getfixturevalue("_made_home_on_postgres"), home)
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"test_{uuid.uuid4().hex}"
    server.create(name, _TEMPLATE)
    settings = home / configuration.SETTINGS_FILE
    settings.write_text(settings.read_text().replace(_TEMPLATE, name))
    yield configuration.load(home)
    server.drop(name)


@pytest.fixture
def database(config: Config) -> Iterator[Database]:
    made = Database(config.database_url)
    yield made
    made.close()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def by(clock: FixedClock) -> By:
    """A deed of the tests, at the clock's first time."""
    return By("user:1", Origin.BACK_OFFICE, clock.now())


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A transaction that is kept when the test ends well."""
    with database.transaction() as opened:
        yield opened


@pytest.fixture
def shop(session: Session, by: By) -> Shop:
    return Shop(session, by)

"""What the edge's tests share: a fresh database, made once by the migrations and copied for each test."""

import shutil
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
from tests.factories.edge import Shop
from tests.fakes.clock import FixedClock


@pytest.fixture(autouse=True, scope="session")
def _cheap_passwords() -> Iterator[None]:
    """The same hashing with next to no work, since most tests are not about it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", PasswordHasher.from_parameters(CHEAPEST))
        yield


@pytest.fixture(scope="session")
def _made_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("edge") / "home"
    configuration.write_new(home, "http://127.0.0.1:8000", {"site_name": "test"})
    db.upgrade(configuration.load(home))
    return home


@pytest.fixture
def config(_made_home: Path, tmp_path: Path) -> Config:
    home = tmp_path / "edge-home"
    shutil.copytree(_made_home, home)
    return configuration.load(home)


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

"""A site goes into one file and comes back as it was, with an epoch of its own."""

import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from edge_api import config as configuration
from edge_api.audit import By
from edge_api.cli import main
from edge_api.config import Config
from edge_api.customers.models import Customer
from edge_api.db import Database
from edge_api.sync.models import FeedState
from edge_api.sync.services import ensure_state
from tests.factories.edge import Shop


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "site"
    done = edge("init", "--home", str(home), "--public-url", "https://kaart.example.nl")
    assert done.exit_code == 0, done.output
    return home


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "backups" / "site.tar"


def edge(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def back_up(home: Path, file: Path) -> Result:
    return edge("backup", "--home", str(home), "--out", str(file))


def put_back(home: Path, file: Path) -> Result:
    return edge("restore", "--home", str(home), str(file))


def add_customer(home: Path, name: str, by: By) -> None:
    database = Database(configuration.load(home).database_url)
    with database.transaction() as session:
        Shop(session, by).customer(name)
        ensure_state(session)
    database.close()


def names(config: Config) -> list[str]:
    database = Database(config.database_url)
    with database.reading() as session:
        found = list(session.scalars(select(Customer.first_name).order_by(Customer.id)))
    database.close()
    return found


def epoch(home: Path) -> str:
    database = Database(configuration.load(home).database_url)
    with database.reading() as session:
        found = session.get_one(FeedState, 1).epoch
    database.close()
    return found


def test_what_was_there_comes_back_and_what_came_later_is_gone(home: Path, file: Path, by: By) -> None:
    add_customer(home, "Before", by)
    assert back_up(home, file).exit_code == 0
    add_customer(home, "After", by)
    done = put_back(home, file)
    assert done.exit_code == 0, done.output
    assert names(configuration.load(home)) == ["Before"]


def test_a_restored_database_is_another_one(home: Path, file: Path, by: By) -> None:
    add_customer(home, "Before", by)
    back_up(home, file)
    before = epoch(home)
    put_back(home, file)
    assert epoch(home) != before


def test_a_site_comes_back_on_a_machine_that_has_nothing(
    home: Path, file: Path, by: By, tmp_path: Path
) -> None:
    add_customer(home, "Before", by)
    secrets = (home / "secrets.toml").read_bytes()
    ca = (home / "tls" / "ca.key").read_bytes()
    back_up(home, file)
    elsewhere = tmp_path / "elsewhere"
    assert put_back(elsewhere, file).exit_code == 0
    assert names(configuration.load(elsewhere)) == ["Before"]
    assert (elsewhere / "secrets.toml").read_bytes() == secrets
    assert (elsewhere / "tls" / "ca.key").read_bytes() == ca


def test_a_backup_is_for_its_owner_alone(home: Path, file: Path) -> None:
    back_up(home, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_database_that_was_replaced_is_kept_beside(home: Path, file: Path, by: By) -> None:
    back_up(home, file)
    add_customer(home, "After", by)
    put_back(home, file)
    assert (home / "edge.sqlite.before-restore").exists()


def test_a_backup_is_taken_while_others_write(home: Path, file: Path, by: By) -> None:
    database = Database(configuration.load(home).database_url)
    with database.transaction() as session:
        Shop(session, by).customer("Half")
        assert back_up(home, file).exit_code == 0
    database.close()
    put_back(home, file)
    assert names(configuration.load(home)) == []


def test_a_database_in_use_is_not_replaced(home: Path, file: Path, by: By) -> None:
    back_up(home, file)
    add_customer(home, "After", by)
    database = Database(configuration.load(home).database_url)
    with database.reading() as session:
        session.scalars(select(Customer)).all()
        done = put_back(home, file)
    database.close()
    assert done.exit_code == 1
    assert "stop the edge's programs" in done.output
    assert names(configuration.load(home)) == ["After"]


@pytest.mark.parametrize("content", [b"", b"no archive", bytes(10_240)])
def test_what_is_no_backup_changes_nothing(home: Path, file: Path, by: By, content: bytes) -> None:
    add_customer(home, "There", by)
    file.parent.mkdir()
    file.write_bytes(content)
    done = put_back(home, file)
    assert done.exit_code == 1
    assert "no backup" in done.output
    assert names(configuration.load(home)) == ["There"]

"""Setting a site up and what its commands do, as somebody at a terminal sees it."""

import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from edge_api import config as configuration
from edge_api.accounts import services as accounts
from edge_api.accounts.tokens import bearer_of
from edge_api.audit import By
from edge_api.cards.models import Card
from edge_api.cli import main
from edge_api.config import Config
from edge_api.customers.models import Customer
from edge_api.db import Database
from edge_api.loyalty import services as loyalty
from edge_api.loyalty.models import PointBalance
from edge_api.roles import Role
from tests.factories.edge import Shop


def _edge(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def _init(home: Path, url: str = "https://kaart.example.nl") -> Result:
    return _edge("init", "--home", str(home), "--public-url", url, "--owner-email", "baas@winkel.example.nl")


def _everything(home: Path) -> dict[str, bytes]:
    # The database's bytes may differ where nothing in it does.
    return {
        str(file): file.read_bytes()
        for file in sorted(home.rglob("*"))
        if file.is_file() and not file.name.startswith("edge.sqlite")
    }


def test_init_makes_a_site_whose_owner_can_sign_in(tmp_path: Path) -> None:
    home = tmp_path / "home"
    result = _init(home)
    assert result.exit_code == 0, result.output
    told = (home / "first-sign-in.txt").read_text()
    password = told.split("Password: ")[1].split()[0]
    assert password not in result.output
    database = Database(configuration.load(home).database_url)
    with database.reading() as session:
        owner = accounts.authenticate(session, "baas@winkel.example.nl", password)
        assert owner is not None
        assert owner.role is Role.OWNER
    database.close()


def test_init_again_changes_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    _init(home)
    before = _everything(home)
    assert _init(home, "https://other.example").exit_code == 0
    assert _everything(home) == before


def test_nobody_else_may_read_what_init_makes(tmp_path: Path) -> None:
    home = tmp_path / "home"
    _init(home)
    private = [file for file in home.iterdir() if file.is_file()]
    assert {stat.S_IMODE(file.stat().st_mode) for file in private} == {0o600}
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_what_is_wrong_is_told_in_one_line(tmp_path: Path) -> None:
    result = _init(tmp_path / "home", "kaart.example.nl")
    assert result.exit_code == 1
    assert result.output.startswith("Error: edge.toml: public_url: takes")
    assert len(result.output.splitlines()) == 1
    assert "edge init" in _edge("serve", "--home", str(tmp_path / "nowhere")).output


def test_a_batch_is_made_whole(config: Config, database: Database, by: By) -> None:
    with database.transaction() as session:
        Shop(session, by).location("north")
    options = ["--home", str(config.home), "--name", "Spring", "--kind", "offline", "--size", "1100"]
    result = _edge("batch", *options, "--location", "north")
    assert result.output == "Batch Spring: 1100 cards, numbers from 1\n"
    with database.reading() as session:
        assert session.scalar(select(func.count(Card.id))) == 1100
    assert (
        "Error: there is a batch 'Spring' already" in _edge("batch", *options, "--location", "north").output
    )
    assert "no location 'south'" in _edge("batch", *options, "--location", "south").output


def test_a_token_is_printed_once_and_lets_in(config: Config, database: Database, by: By) -> None:
    with database.transaction() as session:
        Shop(session, by).user(Role.MANAGER, "anna@winkel.example.nl")
    options = ["--home", str(config.home), "--name", "till"]
    text = _edge("token", *options, "--email", "Anna@winkel.example.nl").output.strip()
    with database.reading() as session:
        bearer = bearer_of(session, text)
        assert bearer is not None
        assert bearer.role is Role.STAFF
    assert "no active user" in _edge("token", *options, "--email", "bob@winkel.example.nl").output
    refused = _edge("token", *options, "--email", "anna@winkel.example.nl", "--role", "owner")
    assert "may not do more" in refused.output


def test_the_ledger_is_verified(config: Config, database: Database, by: By) -> None:
    with database.transaction() as session:
        customer = Shop(session, by).customer()
        loyalty.adjust_points(session, customer.id, 5, by, note="Welcome")
    assert _edge("verify-ledger", "--home", str(config.home)).exit_code == 0
    with database.transaction() as session:
        customer_id = session.scalars(select(Customer.id)).one()
        session.get_one(PointBalance, customer_id).points = 7
    wrong = _edge("verify-ledger", "--home", str(config.home))
    assert wrong.exit_code == 1
    assert f"customer {customer_id}: balance 7, booked 5" in wrong.output


@pytest.mark.parametrize("command", sorted(main.commands))
def test_every_command_says_what_it_does(command: str) -> None:
    result = _edge(command, "--help")
    assert result.exit_code == 0
    assert "--home" in result.output

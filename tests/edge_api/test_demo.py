"""The demo shop: made once through the real services, with cards that a camera can read."""

import shutil
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import cv2
import msgspec
import pytest
import zxingcpp
from click.testing import CliRunner
from sqlalchemy import func, select

from contracts.card_code import CardCode, parse
from edge_api import config as configuration
from edge_api.accounts import services as accounts
from edge_api.accounts.models import Location, Role
from edge_api.audit import By, Origin
from edge_api.cards import batches
from edge_api.cards import services as cards
from edge_api.cards.models import Batch, BatchKind, Card, CardEvent
from edge_api.config import Config, Language
from edge_api.customers.models import Customer
from edge_api.db import Base, Database
from edge_api.demo import (
    CARDS_FILE,
    CARDS_FOLDER,
    OWNER_EMAIL,
    SIGN_IN_FILE,
    DemoCard,
    DemoSummary,
    demo_data_command,
    make_demo,
)
from edge_api.demo_people import people
from edge_api.loyalty import services as loyalty
from edge_api.loyalty.models import LedgerEntry
from tests.fakes.clock import FixedClock


class DemoShop:
    """A demo shop as it was made, and what was said meanwhile."""

    def __init__(self, config: Config, database: Database, out: Path) -> None:
        self.config, self.database, self.out = config, database, out
        self.said: list[str] = []

    def make(self) -> DemoSummary:
        return make_demo(self.config, self.database, FixedClock(), self.out, self.said.append)

    @property
    def cards(self) -> list[DemoCard]:
        content = (self.out / CARDS_FOLDER / CARDS_FILE).read_bytes()
        return msgspec.json.decode(content, type=list[DemoCard])

    @property
    def password(self) -> str:
        return (self.out / SIGN_IN_FILE).read_text().split("Password:")[1].strip()

    def rows(self) -> dict[str, int]:
        """How many rows each table has."""
        with self.database.reading() as session:
            tables = Base.metadata.tables.values()
            return {each.name: session.scalar(select(func.count()).select_from(each)) or 0 for each in tables}


@pytest.fixture(scope="module")
def made(_made_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoShop]:
    """A demo shop for tests that only look at it."""
    home = shutil.copytree(_made_home, tmp_path_factory.mktemp("demo") / "home")
    config = configuration.load(home)
    database = Database(config.database_url)
    shop = DemoShop(config, database, home.parent / "demo")
    shop.make()
    yield shop
    database.close()


@pytest.fixture
def demo(config: Config, database: Database, tmp_path: Path) -> DemoShop:
    return DemoShop(config, database, tmp_path / "demo")


def test_the_shop_has_locations_batches_rewards_and_both_campaigns(made: DemoShop) -> None:
    with made.database.reading() as session:
        assert len(accounts.locations(session)) == 3
        assert {each.kind for each in batches.batches(session)} == {BatchKind.ONLINE, BatchKind.OFFLINE}
        assert not batches.unfinished_batches(session)
        assert len(loyalty.rewards(session)) == 4
        terms = {(each.points, each.cooling_off_seconds) for each in loyalty.campaigns(session)}
        assert terms == {(10, 3600), (1, 0)}


def test_customers_of_four_languages_have_cards_points_and_rewards(made: DemoShop) -> None:
    summary = made.make()
    assert summary.customers == 200
    assert summary.linked_cards == 153
    assert summary.earned_rewards == 44
    with made.database.reading() as session:
        languages = Counter(session.scalars(select(Customer.language)))
        assert languages == dict.fromkeys(Language, 50)
        balances = loyalty.point_balances(session, session.scalars(select(Customer.id)))
        assert len(set(balances.values())) > 100


def test_points_are_booked_and_not_just_written_down(made: DemoShop) -> None:
    with made.database.reading() as session:
        assert loyalty.verify(session) == []
        assert session.scalar(select(func.count(LedgerEntry.id))) > 200


def test_names_are_as_hard_as_real_ones_and_no_two_people_share_one() -> None:
    names = [f"{each.details.first_name} {each.details.last_name}" for each in people()]
    assert len(set(names)) == len({each.email for each in people()}) == 200
    together = " ".join(names)
    assert all(part in together for part in ("ü", "ß", "é", "ç", "'", "van den ", "in 't ", "ễ"))
    assert people() == people()


def test_every_picture_reads_as_its_card_and_the_list_says_whose_it_is(made: DemoShop) -> None:
    assert len(made.cards) == 12
    for listed in made.cards:
        grey = cv2.imread(str(made.out / CARDS_FOLDER / listed.file), cv2.IMREAD_GRAYSCALE)
        assert [each.text for each in zxingcpp.read_barcodes(grey)] == [listed.url]
        code = parse(listed.url, made.config.card_hosts)
        assert isinstance(code, CardCode)
        with made.database.reading() as session:
            card = cards.find_by_secret(session, code.secret)
            assert card is not None
            owner = session.get(Customer, card.customer_id) if card.customer_id else None
            if listed.name is not None:
                assert owner is not None
                assert listed.name == owner.full_name
                assert listed.points == loyalty.point_balance(session, owner.id)


def test_the_cards_to_try_cover_languages_rewards_an_unlinked_and_a_revoked_one(made: DemoShop) -> None:
    with made.database.reading() as session:
        by_name = {each.full_name: each.language for each in session.scalars(select(Customer))}
    languages = {(by_name[each.name], each.reward is not None) for each in made.cards if each.name}
    assert languages >= {(language, reward) for language in Language for reward in (True, False)}
    notes = {each.file: each.note for each in made.cards if each.note}
    assert notes["unlinked-card.png"] == "Not linked to anybody yet"
    assert notes["revoked-card.png"] == "Revoked: its owner reported it lost"


def test_the_owner_signs_in_with_what_the_file_says(made: DemoShop) -> None:
    assert "http://127.0.0.1:8000/" in (made.out / SIGN_IN_FILE).read_text()
    with made.database.reading() as session:
        owner = accounts.authenticate(session, OWNER_EMAIL, made.password)
        assert owner is not None
        assert owner.role is Role.OWNER


def test_nobody_else_on_the_machine_may_read_the_files(made: DemoShop) -> None:
    for path in (made.out, *made.out.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_a_second_time_changes_nothing(demo: DemoShop) -> None:
    assert demo.make().created
    before = demo.rows(), {each: each.read_bytes() for each in demo.out.rglob("*.*")}
    assert not demo.make().created
    assert before == (demo.rows(), {each: each.read_bytes() for each in demo.out.rglob("*.*")})


def test_lost_files_come_back_with_the_same_codes_and_a_new_password(demo: DemoShop) -> None:
    demo.make()
    listed, password = demo.cards, demo.password
    for file in demo.out.rglob("*.*"):
        file.unlink()
    demo.make()
    assert demo.cards == listed
    assert all((demo.out / CARDS_FOLDER / each.file).exists() for each in listed)
    assert demo.password != password
    with demo.database.reading() as session:
        assert accounts.authenticate(session, OWNER_EMAIL, password) is None
        assert accounts.authenticate(session, OWNER_EMAIL, demo.password) is not None


def test_what_people_did_meanwhile_stays_and_is_told(demo: DemoShop) -> None:
    demo.make()
    by_file = {each.file: each for each in demo.cards}
    code = parse(by_file["unlinked-card.png"].url, demo.config.card_hosts)
    assert isinstance(code, CardCode)
    with demo.database.transaction() as session:
        batches.rename_batch(session, batches.batches(session)[0].id, "Renamed", _by())
        card = cards.find_by_secret(session, code.secret)
        somebody = session.scalars(select(Customer)).first()
        assert card is not None
        assert somebody is not None
        cards.link_card(session, card.id, somebody.id, _by())
    demo.make()
    with demo.database.reading() as session:
        assert {each.name for each in batches.batches(session)} >= {"Renamed"}
    told = {each.file: each for each in demo.cards}["unlinked-card.png"]
    assert (told.name, told.note) == (somebody.full_name, None)


def test_cut_off_in_the_middle_it_goes_on_where_it_was(demo: DemoShop) -> None:
    class CutOff(Exception):
        pass

    def say(text: str) -> None:
        if "61 to 80" in text:
            raise CutOff

    with pytest.raises(CutOff):
        make_demo(demo.config, demo.database, FixedClock(), demo.out, say)
    assert demo.make().created
    with demo.database.reading() as session:
        assert session.scalar(select(func.count(Location.id))) == 3
        assert session.scalar(select(func.count(Batch.id))) == 2
        assert session.scalar(select(func.count(Card.id))) == 250
        # Each card is linked once, and one of them revoked.
        assert session.scalar(select(func.count(CardEvent.id))) == 154
        assert loyalty.verify(session) == []


def test_progress_is_told(made: DemoShop) -> None:
    assert "Making 130 cards: Plastic cards, first print ..." in made.said
    assert made.said[-1] == "Taking in customers 181 to 200 of 200 ..."


def test_the_command_makes_the_shop_of_the_home_it_is_given(config: Config, tmp_path: Path) -> None:
    out = tmp_path / "demo"
    result = CliRunner().invoke(demo_data_command, ["--home", str(config.home), "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "200 customers" in result.output
    assert str(out / SIGN_IN_FILE) in result.output
    assert (out / CARDS_FOLDER / CARDS_FILE).exists()


def _by() -> By:
    return By("user:1", Origin.BACK_OFFICE, FixedClock().now())

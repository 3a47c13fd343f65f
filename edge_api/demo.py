"""Fills a fresh site with a demo shop, and writes out cards to hold before a camera.

Everything is made through the services that the real shop uses, in small pieces that may be cut off and
taken up again. Made once it is left alone: what people then do with the demo stays as they did it.
"""

import io
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import click
import msgspec
import segno
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from contracts.card_code import payload
from edge_api import audit
from edge_api import config as configuration
from edge_api.accounts import passwords
from edge_api.accounts import services as accounts
from edge_api.accounts.models import Location, Role, User
from edge_api.audit import By, Origin
from edge_api.cards import batches
from edge_api.cards import services as cards
from edge_api.cards.models import Batch, BatchKind, Card, CardType
from edge_api.clock import Clock, SystemClock
from edge_api.config import Config
from edge_api.customers import services as customers
from edge_api.customers.models import Customer
from edge_api.db import Database
from edge_api.demo_people import Person, people, slug
from edge_api.files import make_private_folder, write_private
from edge_api.loyalty import services as loyalty
from edge_api.loyalty.models import CustomerReward, RewardState

OWNER_EMAIL = "owner@demo.example"
CARDS_FOLDER = "cards"
CARDS_FILE = "cards.json"
SIGN_IN_FILE = "sign-in.txt"

_LOCATIONS = (
    ("Café Kruim Maastricht", "maastricht"),
    ("Café Kruim Aachen", "aachen"),
    ("Café Kruim Liège", "liege"),
)
_BATCHES = (
    ("Cards on phones", BatchKind.ONLINE, 120),
    ("Plastic cards, first print", BatchKind.OFFLINE, 130),
)
_REWARDS = ("Free coffee", "Slice of apple pie", "Breakfast for two", "Tote bag")
_CAMPAIGNS = (("A visit", 10, 3600), ("Every scan", 1, 0))
_SUBJECT = "shop:demo"
_FINISHED = "demo.finished"
_OPEN_FOR = timedelta(days=45)
"""How long ago the shop began, so that customers and cards have a past."""

_PIECE = 20
"""People made in one transaction: long enough to be quick, short enough to hold nobody up."""

_REWARD_ROWS = 5
"""Of so many rows the first one's people have a reward."""

_TWO_REWARDS_ROW = 5
_SHOWN = 8
"""The first two rows: all four languages, with a reward and without."""

_MODULE_PIXELS = 14
_QUIET_MODULES = 4

Say = Callable[[str], None]


class DemoCard(msgspec.Struct, frozen=True):
    """A line of ``cards.json``. ``reward`` names what is ready to use; ``note`` says what is special."""

    file: str
    url: str
    name: str | None = None
    points: int | None = None
    reward: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """What there is now, and where to read how to sign in."""

    created: bool
    customers: int
    linked_cards: int
    earned_rewards: int
    demo_cards: int
    cards_folder: Path
    sign_in_file: Path


@dataclass(frozen=True, slots=True)
class _Then:
    """A clock that stands at a moment of the shop's past."""

    at: datetime

    def now(self) -> datetime:
        return self.at


@click.command("demo-data")
@click.option(
    "--home", type=click.Path(path_type=Path), required=True, help="Where `edge init` put the site."
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where the demo cards go.")
def demo_data_command(home: Path, out: Path) -> None:
    """Fill the site with a demo shop and write out its cards; twice is once."""
    config = configuration.load(home)
    database = Database(config.database_url)
    try:
        summary = make_demo(config, database, SystemClock(), out, say=click.echo)
    finally:
        database.close()
    click.echo(f"Demo shop: {summary.customers} customers, {summary.linked_cards} of them with a card.")
    click.echo(f"{summary.demo_cards} cards to try are in {summary.cards_folder}")
    click.echo(f"How to sign in to the back office stands in {summary.sign_in_file}")


def make_demo(config: Config, database: Database, clock: Clock, out: Path, say: Say = print) -> DemoSummary:
    """Make the demo shop unless it is there, and the files that are missing or out of date."""
    by = By("command:demo-data", Origin.COMMAND, clock.now())
    created = not _shown_cards(database)
    if created:
        _make_shop(config, database, by, say)
    make_private_folder(out)
    _write_sign_in(config, database, out / SIGN_IN_FILE, by)
    with database.reading() as session:
        shown = [_demo_card(session, file, card, config, by) for file, card in _shown_cards(database).items()]
        _write_cards(shown, make_private_folder(out / CARDS_FOLDER))
        return _summary(session, created, len(shown), out)


def _shown_cards(database: Database) -> dict[str, int]:
    """Return the cards to write out, by their files' names: none until the demo shop is finished."""
    with database.reading() as session:
        entries = audit.entries_about(session, _SUBJECT)
        return next((dict(each.after["cards"]) for each in entries if each.action == _FINISHED), {})


def _make_shop(config: Config, database: Database, now: By, say: Say) -> None:
    by = replace(now, at=now.at - _OPEN_FOR)
    say("Making the demo shop: locations, rewards, campaigns ...")
    with database.transaction() as session:
        _make_ground(session, by)
        made = [_batch(session, *wanted, by) for wanted in _BATCHES]
    for batch in made:
        say(f"Making {batch.size} cards: {batch.name} ...")
        batches.make_cards(database, batch.id, config.site, _Then(by.at))
    everybody = people()
    for start in range(0, len(everybody), _PIECE):
        piece = everybody[start : start + _PIECE]
        say(f"Taking in customers {start + 1} to {start + len(piece)} of {len(everybody)} ...")
        with database.transaction() as session:
            _take_in(session, piece, by, now)
    with database.transaction() as session:
        lost, nobodys = _lose_a_card(session, everybody[0], now), _printed_card(session, from_end=1)
        shown = _files_of(session, everybody) | {"unlinked-card.png": nobodys.id, "revoked-card.png": lost.id}
        audit.record(session, now, _FINISHED, _SUBJECT, after={"cards": shown})


def _make_ground(session: Session, by: By) -> None:
    for name, its_slug in _LOCATIONS:
        if accounts.location_by_slug(session, its_slug) is None:
            accounts.create_location(session, name=name, slug=its_slug, by=by)
    rewards = {reward.name for reward in loyalty.rewards(session)}
    for name in _REWARDS:
        if name not in rewards:
            loyalty.create_reward(session, name=name, by=by)
    campaigns = {campaign.name for campaign in loyalty.campaigns(session)}
    for name, points, cooling_off in _CAMPAIGNS:
        if name not in campaigns:
            loyalty.create_campaign(session, name=name, points=points, cooling_off_seconds=cooling_off, by=by)


def _batch(session: Session, name: str, kind: BatchKind, size: int, by: By) -> Batch:
    known = session.scalars(select(Batch).where(Batch.name == name)).one_or_none()
    if known is not None:
        return known
    origin = session.scalars(select(Location).where(Location.slug == _LOCATIONS[0][1])).one()
    return batches.create_batch(
        session, name=name, kind=kind, card_type=CardType.ID, origin_id=origin.id, size=size, by=by
    )


def _take_in(session: Session, piece: Sequence[Person], by: By, now: By) -> None:
    places = {person.number: place for place, person in enumerate(_with_card())}
    rewards = loyalty.rewards(session)
    for person in piece:
        customer = customers.find_by_email(session, person.email) or customers.create_customer(
            session, person.details, by
        )
        if person.number in places:
            cards.link_card(session, _card_at(session, places[person.number]).id, customer.id, by)
            _give_points(session, person, customer, by, now)
        if person.row % _REWARD_ROWS == 0 and not loyalty.rewards_of(session, customer.id):
            _give_rewards(session, person, customer, [reward.id for reward in rewards], now)


def _with_card() -> list[Person]:
    return [person for person in people() if person.row % 4 != 3]


def _card_at(session: Session, place: int) -> Card:
    """Return the card at a place, the two batches taking turns."""
    names = [name for name, _, _ in _BATCHES]
    batch = session.scalars(select(Batch).where(Batch.name == names[place % len(names)])).one()
    return session.scalars(select(Card).where(Card.number == batch.first_number + place // len(names))).one()


def _give_points(session: Session, person: Person, customer: Customer, by: By, now: By) -> None:
    carried = (person.number * 53 + 120) % 480 + (1000 if person.row % 9 == 4 else 0)
    if carried:
        # Named after the person, so that a second try books nothing.
        request = uuid5(NAMESPACE_URL, f"welkom-demo:{person.email}")
        note = "Carried over from the paper stamp card"
        loyalty.adjust_points(session, customer.id, carried, by, note=note, request=request)
    for visit in reversed(range(person.number % 4)):
        at = now.at - timedelta(days=5 * visit + person.row % 5 + 1, hours=person.number % 8)
        ref = f"demo-visit-{person.number}-{visit}"
        loyalty.book_visit(session, customer_id=customer.id, at=at, source_ref=ref, by=replace(now, at=at))


def _give_rewards(
    session: Session, person: Person, customer: Customer, reward_ids: Sequence[int], by: By
) -> None:
    for more in range(2 if person.row == _TWO_REWARDS_ROW else 1):
        reward_id = reward_ids[(person.number + person.row // 5 + more) % len(reward_ids)]
        expires_at = by.at + timedelta(days=30 + person.row) if person.number % 2 else None
        loyalty.grant_reward(session, customer.id, reward_id, by, expires_at=expires_at)


def _lose_a_card(session: Session, person: Person, by: By) -> Card:
    """Give the person a second card, and revoke it."""
    card = _printed_card(session, from_end=2)
    cards.link_card(session, card.id, _known(session, person).id, by)
    return cards.revoke_card(session, card.id, by)


def _printed_card(session: Session, from_end: int) -> Card:
    printed = session.scalars(select(Batch).where(Batch.name == _BATCHES[-1][0])).one()
    number = printed.first_number + printed.size - from_end
    return session.scalars(select(Card).where(Card.number == number)).one()


def _files_of(session: Session, everybody: Sequence[Person]) -> dict[str, int]:
    chosen = [*everybody[:_SHOWN], *(each for each in everybody if each.row == _TWO_REWARDS_ROW)][
        : _SHOWN + 2
    ]
    return {
        f"{slug(f'{each.details.first_name} {each.details.last_name}')}.png": _first_card(session, each).id
        for each in chosen
    }


def _first_card(session: Session, person: Person) -> Card:
    return cards.cards_of_customer(session, _known(session, person).id)[0]


def _known(session: Session, person: Person) -> Customer:
    return session.scalars(select(Customer).where(Customer.email == person.email)).one()


def _demo_card(session: Session, file: str, card_id: int, config: Config, by: By) -> DemoCard:
    card = cards.get_card(session, card_id)
    url = payload(card.code, config.public_url)
    if card.is_revoked:
        return DemoCard(file, url, note="Revoked: its owner reported it lost")
    if card.customer_id is None:
        return DemoCard(file, url, note="Not linked to anybody yet")
    customer = customers.get_customer(session, card.customer_id)
    usable = [line.name for _, line in loyalty.usable_rewards(session, [customer.id], by.at)]
    points = loyalty.point_balance(session, customer.id)
    return DemoCard(file, url, customer.full_name, points, ", ".join(usable) or None)


def _write_cards(shown: Sequence[DemoCard], folder: Path) -> None:
    for card in shown:
        _write_if_changed(folder / card.file, _picture(card.url))
    listed = msgspec.json.format(msgspec.json.encode(shown), indent=2)
    _write_if_changed(folder / CARDS_FILE, listed + b"\n")


def _picture(url: str) -> bytes:
    png = io.BytesIO()
    symbol = segno.make_qr(url, error="m", boost_error=False)
    symbol.save(png, kind="png", scale=_MODULE_PIXELS, border=_QUIET_MODULES)
    return png.getvalue()


def _write_if_changed(file: Path, content: bytes) -> None:
    if not file.exists() or file.read_bytes() != content:
        write_private(file, content)


def _write_sign_in(config: Config, database: Database, file: Path, by: By) -> None:
    """Make the demo's owner, or a new password for them, unless the file still tells it."""
    with database.transaction() as session:
        owner = session.scalars(select(User).where(User.email == OWNER_EMAIL)).one_or_none()
        if owner is not None and file.exists():
            return
        password = "-".join(secrets.token_hex(2) for _ in range(4))
        if owner is None:
            accounts.create_user(
                session, email=OWNER_EMAIL, name="Demo owner", password=password, role=Role.OWNER, by=by
            )
        else:
            owner.password_hash = passwords.hashed(password)
            audit.record(session, by, "user.password_changed", f"user:{owner.id}")
        # Written before the commit: a password that nobody could read would be of no use.
        write_private(file, _sign_in_text(config, password).encode())


def _sign_in_text(config: Config, password: str) -> str:
    address = f"http://{config.http.host}:{config.http.port}/"
    return f"Back office: {address}\nE-mail:      {OWNER_EMAIL}\nPassword:    {password}\n"


def _summary(session: Session, created: bool, demo_cards: int, out: Path) -> DemoSummary:
    earned = CustomerReward.state == RewardState.EARNED
    return DemoSummary(
        created=created,
        customers=_count(session, select(func.count(Customer.id))),
        linked_cards=_count(session, select(func.count(Card.customer_id))),
        earned_rewards=_count(session, select(func.count(CustomerReward.id)).where(earned)),
        demo_cards=demo_cards,
        cards_folder=out / CARDS_FOLDER,
        sign_in_file=out / SIGN_IN_FILE,
    )


def _count(session: Session, query: Select[int]) -> int:
    return session.scalar(query) or 0

"""Two workers compete for the feed's lease while a shop goes on: numbers without gaps, visible in order."""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from contracts.replica import RowsPush
from contracts.settlements import Verdict
from contracts.topics import ROWS
from edge_api.accounts import services as accounts
from edge_api.audit import By
from edge_api.cards import batches
from edge_api.cards.models import BatchKind, CardType
from edge_api.clock import SystemClock
from edge_api.config import Config
from edge_api.db import Database
from edge_api.feed import FeedItem
from edge_api.sync import services
from edge_api.sync.models import FeedState, PublishedRow, SettlementRow
from edge_api.sync.worker import FeedWorker
from tests.edge_api.concurrency.conftest import Another
from tests.edge_api.concurrency.crowd import at_once
from tests.edge_api.sync.conftest import Site
from tests.factories.edge import Shop
from tests.factories.fleet import active_kiosk
from tests.fakes.clock import FixedClock
from tests.fakes.patience import eventually
from tests.fakes.wire import Wire

WRITERS = 3
ROUNDS = 6


@pytest.fixture
def site(config: Config, database: Database, clock: FixedClock, by: By) -> Site:
    return Site(config, database, clock, by)


@pytest.fixture
def _short_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    """So short that the two workers lose it to each other in the middle of their work, again and again."""
    monkeypatch.setattr(services, "LEASE", timedelta(milliseconds=20))


@contextmanager
def _two_workers(site: Site, another: Another) -> Iterator[list[Wire]]:
    """Run two workers, each with its own line to the broker; whatever one raises comes out here."""
    stop, wires = threading.Event(), [Wire(), Wire()]
    workers = [FeedWorker(site.config, another(), SystemClock(), wire) for wire in wires]
    raised: list[BaseException] = []

    def run(worker: FeedWorker) -> None:
        try:
            worker.run(stop)
        except BaseException as error:  # noqa: BLE001  told to the test, which fails by it
            raised.append(error)

    threads = [threading.Thread(target=run, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    try:
        yield wires
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert raised == []


class Reader:
    """Looks at the published numbers all the time, and keeps what it saw."""

    def __init__(self, look: Callable[[Session], tuple[int, list[int]]], database: Database) -> None:
        self._look, self._database = look, database
        self.seen: list[tuple[int, list[int]]] = []

    def until(self, done: threading.Event) -> None:
        while not done.is_set():
            with self._database.reading() as session:
                self.seen.append(self._look(session))

    def only_saw_beginnings(self) -> bool:
        """Tell whether each look showed every number up to the highest, and never fewer than before."""
        whole = all(numbers == list(range(1, upto + 1)) for upto, numbers in self.seen)
        lengths = [upto for upto, _ in self.seen]
        return whole and lengths == sorted(lengths)


def _revisions(session: Session) -> tuple[int, list[int]]:
    upto = session.get_one(FeedState, 1).revision
    return upto, list(session.scalars(select(PublishedRow.revision).order_by(PublishedRow.revision)))


def _settlements(session: Session) -> tuple[int, list[int]]:
    upto = session.get_one(FeedState, 1).settlement_number
    numbered = select(SettlementRow.number).where(SettlementRow.number.is_not(None))
    return upto, [each or 0 for each in session.scalars(numbered.order_by(SettlementRow.number))]


def _while_reading(reader: Reader, *works: Callable[[], None]) -> None:
    done = threading.Event()
    watching = threading.Thread(target=reader.until, args=(done,))
    watching.start()
    try:
        at_once(*works)
    finally:
        done.set()
        watching.join()


@pytest.mark.usefixtures("_short_leases")
def test_revisions_are_given_once_without_gaps_and_whoever_reads_sees_only_beginnings(
    site: Site, another: Another
) -> None:
    def make_cards(batch_id: int, database: Database) -> None:
        for _ in range(ROUNDS):
            with database.transaction() as session:
                batches.make_piece(session, batch_id, batches.new_codes(5, site.config.site), site.by.at)

    reader, empty = Reader(_revisions, another()), [_empty_batch(site) for _ in range(WRITERS)]
    with _two_workers(site, another) as wires:
        _while_reading(reader, *(partial(make_cards, each, another()) for each in empty))
        eventually(lambda: _nothing_waits(site), "everything is published")
    cards = WRITERS * ROUNDS * 5
    with site.database.reading() as session:
        assert _revisions(session) == (cards, list(range(1, cards + 1)))
    assert reader.only_saw_beginnings()
    assert _joined(wires) == (0, cards)


@pytest.mark.usefixtures("_short_leases")
def test_verdicts_are_numbered_once_without_gaps_and_whoever_reads_sees_only_beginnings(
    site: Site, another: Another
) -> None:
    kiosks = [active_kiosk(site.database, site.by, f"Kiosk {each}").id for each in range(WRITERS)]

    def tell(kiosk: str, database: Database) -> None:
        for _ in range(ROUNDS):
            with database.transaction() as session:
                for _ in range(5):
                    services.settle(session, kiosk, uuid.uuid4(), Verdict.NOTED, site.by.at)

    reader = Reader(_settlements, another())
    with _two_workers(site, another):
        _while_reading(reader, *(partial(tell, kiosk, another()) for kiosk in kiosks))
        eventually(lambda: _all_are_numbered(site), "every verdict has its number")
    told = WRITERS * ROUNDS * 5
    with site.database.reading() as session:
        assert _settlements(session) == (told, list(range(1, told + 1)))
    assert reader.only_saw_beginnings()


@pytest.mark.usefixtures("_short_leases")
def test_a_verdict_that_is_replaced_while_it_is_numbered_has_one_number(site: Site, another: Another) -> None:
    """An event that was refused is taken when it is sent again, and its new verdict is what counts."""
    kiosk = active_kiosk(site.database, site.by).id
    events = [uuid.uuid4() for _ in range(10)]

    def tell(verdict: Verdict, database: Database) -> None:
        for event in events:
            with database.transaction() as session:
                services.settle(session, kiosk, event, verdict, site.by.at)

    with _two_workers(site, another):
        for _ in range(3):
            tell(Verdict.REFUSED, site.database)
            tell(Verdict.BOOKED, another())
        eventually(lambda: _all_are_numbered(site), "every verdict has its number")
    with site.database.reading() as session:
        found = services.settlements_after(session, kiosk, 0)
    assert [each.verdict for each in found] == [Verdict.BOOKED] * len(events)
    assert {each.event for each in found} == set(events)


def test_all_who_look_at_a_new_database_first_give_it_one_epoch(
    config: Config, database: Database, another: Another
) -> None:
    def epoch(mine: Database) -> str:
        with mine.transaction() as session:
            return services.ensure_state(session).epoch

    assert len(set(at_once(*(partial(epoch, another()) for _ in range(6))))) == 1


def _empty_batch(site: Site) -> int:
    with site.database.transaction() as session:
        origin = accounts.locations(session) or [Shop(session, site.by).location()]
        return batches.create_batch(
            session,
            name=uuid.uuid4().hex,
            kind=BatchKind.ONLINE,
            card_type=CardType.ID,
            origin_id=origin[0].id,
            size=ROUNDS * 5,
            by=site.by,
        ).id


def _nothing_waits(site: Site) -> bool:
    with site.database.reading() as session:
        return session.scalar(select(func.count()).select_from(FeedItem)) == 0


def _all_are_numbered(site: Site) -> bool:
    with site.database.reading() as session:
        waiting = select(func.count()).where(SettlementRow.number.is_(None))
        return session.scalar(waiting) == 0


def _joined(wires: list[Wire]) -> tuple[int, int]:
    """Return the first and last revision of the pushes of both workers, which join without a gap."""
    pushes = [push for wire in wires for push in wire.heard(ROWS, RowsPush) if push.upto > push.after]
    pushes.sort(key=lambda push: push.after)
    assert [push.after for push in pushes[1:]] == [push.upto for push in pushes[:-1]]
    return pushes[0].after, pushes[-1].upto

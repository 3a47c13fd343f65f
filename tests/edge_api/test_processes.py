"""The edge's long-running programs, put together as their commands do, at a real broker."""

import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import structlog
from sqlalchemy import func, select
from structlog.testing import LogCapture

from common.mqtt import Endpoint, Link
from common.supervision import PartDied
from contracts.card_code import CardCode
from contracts.events import Ack, decode, encode
from contracts.settlements import Settlements, Verdict
from contracts.topics import ROWS, Down, Up, down, up
from edge_api.audit import By, Origin
from edge_api.cards.models import Card
from edge_api.clock import SystemClock
from edge_api.config import Config
from edge_api.db import Database
from edge_api.errors import BadConfiguration
from edge_api.ingest.adapter import Mode
from edge_api.ingest.models import Scan
from edge_api.processes import run_ingest, run_worker
from tests.end_to_end.site import eventually
from tests.factories.broker import Broker
from tests.factories.edge import Shop
from tests.factories.events import EventWriter
from tests.factories.fleet import FieldKiosk, active_kiosk
from tests.fakes.listener import Ear, Running
from tests.fakes.scripted_broker import NO_SHARED_SUBSCRIPTIONS, ScriptedBroker

Program = Callable[[Config, Database, threading.Event], None]

pytestmark = pytest.mark.databases("sqlite")


@dataclass
class Started:
    """A program in a thread, and what came out of it."""

    program: Program
    config: Config
    database: Database

    def __post_init__(self) -> None:
        self.stop = threading.Event()
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def end(self) -> None:
        self.stop.set()
        self.thread.join(20)
        assert not self.thread.is_alive(), "a program does not end"

    def _run(self) -> None:
        try:
            self.program(self.config, self.database, self.stop)
        except BaseException as error:  # noqa: BLE001  handed to the test
            self.error = error


@dataclass
class Edge:
    """A site at a real broker, with one kiosk and one card."""

    broker: Broker
    config: Config
    database: Database
    kiosk: FieldKiosk
    card: Card


@pytest.fixture(autouse=True)
def _plain_logs() -> Iterator[None]:
    """What is logged unconfigured is drawn for people, which takes longer than the tests themselves."""
    structlog.configure(processors=[LogCapture()])
    yield
    structlog.reset_defaults()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    made = Broker(tmp_path / "site")
    yield made
    made.kill()


@pytest.fixture
def edge(broker: Broker, config: Config, database: Database) -> Edge:
    broker.start()
    at = By("user:1", Origin.BACK_OFFICE, datetime.now(UTC))
    kiosk = active_kiosk(database, at)
    # The broker's certificates and ports, the fixture's database.
    site = msgspec.structs.replace(broker.config, database_url=config.database_url)
    with database.transaction() as session:
        card = Shop(session, at, site.site).card()
    return Edge(broker, site, database, kiosk, card)


def _ingest(mode: str) -> Program:
    return lambda config, database, stop: run_ingest(config, database, SystemClock(), Mode.parse(mode), stop)


def _worker(config: Config, database: Database, stop: threading.Event) -> None:
    run_worker(config, database, SystemClock(), stop)


def _kiosk_at(edge: Edge) -> Running:
    """Connect the kiosk, to hear all that is for it."""
    files = edge.broker.kiosk(edge.kiosk.id)
    topics = (down(edge.kiosk.id, Down.ACK), down(edge.kiosk.id, Down.SETTLED), ROWS)
    endpoint = Endpoint("127.0.0.1", edge.broker.kiosk_port, edge.kiosk.id)
    running = Running(Link(endpoint, files), Ear(topics))
    eventually(lambda: running.ear.welcomes, "the kiosk is let in")
    return running


@pytest.mark.parametrize("mode", ["share=ingest", "slot=0/1"])
def test_a_scan_goes_up_and_its_acknowledgement_and_verdict_come_down(edge: Edge, mode: str) -> None:
    programs = [Started(program, edge.config, edge.database) for program in (_ingest(mode), _worker)]
    kiosk = _kiosk_at(edge)
    writer = EventWriter(edge.kiosk.id, edge.config.site)
    event = encode(writer.scan(CardCode(edge.card.secret), datetime.now(UTC)))
    try:
        # As kiosks do: again, until it is acknowledged.
        eventually(lambda: _sent(kiosk, edge, event), "the event is acknowledged")
        eventually(lambda: _heard(kiosk, edge, Down.SETTLED), "its verdict comes")
    finally:
        kiosk.stop()
        for program in programs:
            program.end()
    assert decode(_heard(kiosk, edge, Down.ACK)[0], Ack).ranges == ((1, 1),)
    (settlement,) = decode(_heard(kiosk, edge, Down.SETTLED)[0], Settlements).settlements
    assert settlement.verdict is Verdict.NOTED
    with edge.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Scan)) == 1
    assert [program.error for program in programs] == [None, None]


def _sent(kiosk: Running, edge: Edge, event: bytes) -> bool:
    kiosk.link.publish(up(edge.kiosk.id, Up.EVENT), event)
    return bool(_heard(kiosk, edge, Down.ACK))


def _heard(kiosk: Running, edge: Edge, kind: Down) -> list[bytes]:
    topic = down(edge.kiosk.id, kind)
    return [payload for heard, payload in kiosk.ear.heard() if heard == topic]


def test_a_broker_without_shared_subscriptions_ends_ingest_with_what_to_change(
    broker: Broker, config: Config, database: Database
) -> None:
    scripted = ScriptedBroker(broker.tls, NO_SHARED_SUBSCRIPTIONS)
    try:
        mqtt = msgspec.structs.replace(broker.config.mqtt, service_port=scripted.port)
        site = msgspec.structs.replace(broker.config, mqtt=mqtt, database_url=config.database_url)
        with pytest.raises(BadConfiguration, match="slot=i/N"):
            run_ingest(site, database, SystemClock(), Mode.parse("share=ingest"), threading.Event())
    finally:
        scripted.close()


def test_a_worker_whose_database_is_gone_ends_with_the_cause(edge: Edge, tmp_path: Path) -> None:
    empty = Database(f"sqlite:///{tmp_path / f'{uuid.uuid4().hex}.sqlite'}")
    try:
        with pytest.raises(PartDied, match="no such table"):
            run_worker(edge.config, empty, SystemClock(), threading.Event())
    finally:
        empty.close()

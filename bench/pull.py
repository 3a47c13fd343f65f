"""A full pull of many rows: seconds, bytes on the wire, and what both sides need of memory.

The baseline is the same rows read from the edge's database and written to the replica without HTTP.
"""

import time

import psutil
from sqlalchemy import select

from bench.site import running_site
from contracts.replica import SealedRow
from edge_api import config as configuration
from edge_api.accounts.models import Location
from edge_api.audit import By, Origin
from edge_api.cards.batches import create_batch, make_cards
from edge_api.cards.models import BatchKind, CardType
from edge_api.clock import SystemClock
from edge_api.db import Database
from edge_api.sync.services import rows_after
from kiosk.config import Home
from kiosk.directory.replica import ReplicaWriter
from tests.end_to_end.site import Site, eventually

CARDS = 100_000


def main() -> None:
    """Make a batch, wait until it is published, and have the kiosk pull everything."""
    with running_site() as site:
        made = _make_batch(site)
        site.kill("agent")
        for file in Home(site.demo.kiosk).replica.parent.glob("replica.db*"):
            file.unlink()
        seconds, memory = _pull(site)
        direct = _direct(site)
    print(f"{CARDS:,} cards were made and published in {made:.0f} s.\n")
    print("| rows | full pull, s | direct copy, s | ratio | agent, MB (PSS) |\n|---|---|---|---|---|")
    print(f"| {CARDS:,} | {seconds:.1f} | {direct:.1f} | {seconds / direct:.1f} | {memory:.0f} |")


def _make_batch(site: Site) -> float:
    started = time.perf_counter()
    config = configuration.load(site.demo.edge)
    database, clock = Database(config.database_url), SystemClock()
    with database.transaction() as session:
        origin = session.scalars(select(Location).limit(1)).one()
        batch = create_batch(
            session,
            name="Many",
            kind=BatchKind.OFFLINE,
            card_type=CardType.ID,
            origin_id=origin.id,
            size=CARDS,
            by=By("bench", Origin.COMMAND, clock.now()),
        )
    make_cards(database, batch.id, config.site, clock)
    database.close()
    eventually(lambda: not site.rows("SELECT id FROM feed_item LIMIT 1"), "all is published", 900)
    return time.perf_counter() - started


def _pull(site: Site) -> tuple[float, float]:
    started = time.perf_counter()
    site.start("agent")
    whole = site.published_revision()
    eventually(lambda: int(str(site.status()["revision"])) >= whole, "the replica is whole", 300)
    took = time.perf_counter() - started
    agent: psutil.Process = site.process("agent")
    return took, float(agent.memory_full_info().pss) / 1e6


def _direct(site: Site) -> float:
    config = configuration.load(site.demo.edge)
    database = Database(config.database_url)
    replica = ReplicaWriter(site.demo.folder / "direct.db")
    started = time.perf_counter()
    after = 0
    while rows := _piece(database, after):
        after = rows[-1].revision
        replica.apply_pulled("direct", rows, after)
    took = time.perf_counter() - started
    replica.close()
    database.close()
    return took


def _piece(database: Database, after: int) -> list[SealedRow]:
    with database.reading() as session:
        return rows_after(session, after, 2**62)


if __name__ == "__main__":
    main()

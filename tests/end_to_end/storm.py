"""Kills programs at seeded random moments while cards are shown, and then adds everything up."""

import random
import sqlite3
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import psutil
from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as NotShown

from contracts.events import Event
from tests.end_to_end.shop import Shop, ShownCard
from tests.end_to_end.site import Site, eventually
from tests.factories.cards import as_jpeg, card_image

VICTIMS = ("scanner", "agent", "decoder", "ingest", "web", "worker", "broker")
_SHOWN_WITHIN_MS = 4_000


@dataclass(slots=True)
class Tally:
    """What the storm did, and what people saw."""

    kills: dict[str, int] = field(default_factory=dict)
    held: int = 0
    shown: list[ShownCard] = field(default_factory=list)


class Storm:
    """A seeded run of ``kills`` kills on a running site."""

    def __init__(self, site: Site, page: Page, seed: int) -> None:
        self._site = site
        self._page = page
        self._random = random.Random(seed)  # noqa: S311
        self._cards = Shop(site).linked_cards()
        self.tally = Tally()

    def rage(self, kills: int) -> Tally:
        """Show card after card and kill a program around each, until enough were killed."""
        self._page.goto(self._site.page())
        for number in range(kills):
            card = self._cards[number % len(self._cards)]
            victim = self._random.choice(VICTIMS)
            killer = threading.Thread(target=self._kill, args=(victim, self._random.uniform(0.0, 0.35)))
            killer.start()
            self._hold(card)
            killer.join()
            self._come_back(victim)
        return self.tally

    def _hold(self, card: ShownCard) -> None:
        """Hold a card before the camera; note it as shown only when its owner's name is on the screen."""
        self.tally.held += 1
        try:
            self._site.show_image(as_jpeg(card_image(card.url, seed=self.tally.held)))
            greeting = self._page.locator("[data-outcome=recognised]", has_text=card.first_name)
            greeting.wait_for(timeout=_SHOWN_WITHIN_MS)
        except (OSError, NotShown):
            return  # the scanner died: the person sees nothing and tries again
        self.tally.shown.append(card)

    def _kill(self, victim: str, after: float) -> None:
        time.sleep(after)
        self.tally.kills[victim] = self.tally.kills.get(victim, 0) + 1
        if victim != "decoder":
            self._site.kill(victim)
            return
        for child in self._site.children("scanner"):
            if "kiosk.scanning.child" in _cmdline(child):
                child.kill()
                return

    def _come_back(self, victim: str) -> None:
        if victim != "decoder":
            time.sleep(self._random.choice((0.0, 0.0, 0.5, 1.5)))
            self._site.start(victim)
        if victim == "scanner":
            self._page.goto(self._site.page())


def settle_down(site: Site) -> None:
    """Wait until nothing is on its way any more."""
    eventually(lambda: site.status()["connected"], "the kiosk is connected", 90)
    eventually(lambda: site.status()["waiting_events"] == 0, "every event is acknowledged", 120)
    eventually(lambda: _quiet(site), "the feed is empty and the kiosk has all of it", 90)


def kept_events(outbox: Path) -> list[Event]:
    """Return every event that the kiosk ever kept (acknowledged ones stay for days)."""
    with sqlite3.connect(outbox) as connection:
        bodies = [bytes(body) for (body,) in connection.execute("SELECT body FROM events ORDER BY seq")]
    connection.close()
    return [msgspec.json.decode(body, type=Event) for body in bodies]


def replica_rows(replica: Path) -> dict[bytes, tuple[int, bytes, bytes]]:
    """Return the kiosk's rows by lookup."""
    with sqlite3.connect(replica) as connection:
        rows = {bytes(row[0]): (row[1], bytes(row[2]), bytes(row[3])) for row in connection.execute(_ROWS)}
    connection.close()
    return rows


def published_rows(site: Site) -> dict[bytes, tuple[int, bytes, bytes]]:
    """Return the edge's rows by lookup."""
    found = site.rows("SELECT lookup, revision, nonce, box FROM published_row")
    return {bytes(row[0]): (int(str(row[1])), bytes(row[2]), bytes(row[3])) for row in found}  # type: ignore[arg-type]


def add_up(site: Site, tally: Tally) -> None:
    """Check every promise: nothing lost, nothing doubled, points exactly right, rows equal."""
    kept = kept_events(site.demo.kiosk / "shared" / "outbox.db")
    stored = {str(row._mapping["event_id"]).replace("-", "") for row in site.scans()}
    assert {event.id.hex for event in kept} == stored
    assert len(kept) == len(site.scans())
    counted = Counter(int(str(row[0])) for row in site.rows("SELECT card_id FROM scan WHERE card_id > 0"))
    assert Counter(card.id for card in tally.shown) <= counted
    _check_points(site)
    assert replica_rows(site.demo.kiosk / "shared" / "replica.db") == published_rows(site)


def _check_points(site: Site) -> None:
    """Each scan of an open account earns 1 point, and the first within the hour 10 more."""
    scans = site.rows(
        "SELECT customer_id, count(*), sum(points_earned) FROM scan WHERE customer_id IS NOT NULL"
        " AND outcome = 'recognised' GROUP BY customer_id"
    )
    for customer, visits, earned in scans:
        assert int(str(earned)) == int(str(visits)) + 10, f"customer {customer}"
    balances = site.rows("SELECT customer_id, points FROM point_balance ORDER BY customer_id")
    entries = site.rows("SELECT customer_id, sum(points) FROM ledger_entry GROUP BY 1 ORDER BY 1")
    assert [tuple(row) for row in balances] == [(row[0], int(str(row[1]))) for row in entries]


def _quiet(site: Site) -> bool:
    waiting = site.rows("SELECT count(*) FROM feed_item")[0][0]
    return waiting == 0 and site.status()["revision"] == site.published_revision()


def _cmdline(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


_ROWS = "SELECT lookup, revision, nonce, box FROM rows"

"""Long outages and an edge restored from an older backup: the kiosk keeps everything, and brings it back."""

import subprocess
import sys
from pathlib import Path

import pytest

from contracts.card_code import from_typed
from contracts.events import OutcomeName
from kiosk.config import Home
from kiosk.device import profile
from kiosk.device.clock import SystemClock
from kiosk.directory.directory import Directory
from kiosk.directory.replica import ReplicaReader
from kiosk.outbox import Outbox
from kiosk.reporting import CardShown, Reporter
from tests.end_to_end.shop import Shop
from tests.end_to_end.site import Site, eventually
from tests.end_to_end.storm import kept_events, published_rows, replica_rows, settle_down

AN_HOUR_OF_SCANS = 1_200
EDGE = ("web", "ingest", "worker", "broker")


def edge(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "edge_api", *arguments], check=True, capture_output=True)


def scan_for_an_hour(site: Site) -> None:
    """Write the scans of an hour as the scanner does, without an hour of pictures."""
    home = Home(site.demo.kiosk)
    me = profile.load(home)
    outbox, replica = Outbox(home.outbox), ReplicaReader(home.replica)
    reporter = Reporter(me.kiosk, outbox, SystemClock())
    directory = Directory(replica, me.site)
    cards = [from_typed(card.url.rpartition("/")[2]) for card in Shop(site).linked_cards()]
    for number in range(AN_HOUR_OF_SCANS):
        found = directory.find(cards[number % len(cards)])
        reporter.scan(OutcomeName.RECOGNISED, CardShown(found.keys, found.revision))
    outbox.close()
    replica.close()


@pytest.mark.timeout(300)
def test_an_hour_of_scans_without_edge_and_broker_arrives_whole_and_once(site: Site) -> None:
    known = len(site.scans())
    site.kill(*EDGE)
    scan_for_an_hour(site)
    assert site.status()["waiting_events"] == AN_HOUR_OF_SCANS
    site.start(*EDGE)
    settle_down(site)
    assert len(site.scans()) == known + AN_HOUR_OF_SCANS
    twice = site.rows("SELECT source_ref, campaign_id FROM ledger_entry GROUP BY 1, 2 HAVING count(*) > 1")
    assert twice == []


def test_a_drained_outbox_goes_on_numbering_after_a_restart(site: Site) -> None:
    settle_down(site)
    kept = kept_events(site.demo.kiosk / "shared" / "outbox.db")
    highest = max(event.scan().seq for event in kept)
    site.kill("scanner", "agent")
    site.start("scanner", "agent")
    known = len(site.scans())
    site.show(site.customers_card(0).url)
    eventually(lambda: len(site.scans()) == known + 1, "the scan is stored", 60)
    assert int(str(site.scans()[-1]._mapping["seq"])) == highest + 1


@pytest.mark.timeout(300)
def test_an_edge_restored_from_an_older_backup_gets_back_what_the_backup_lacks(
    site: Site, tmp_path: Path
) -> None:
    settle_down(site)
    backup = tmp_path / "backup.tar"
    edge("backup", "--home", str(site.demo.edge), "--out", str(backup))
    in_backup = len(site.scans())
    for number in (1, 2, 3):
        site.show(site.customers_card(number).url, seed=40 + number)
        eventually(lambda number=number: len(site.scans()) == in_backup + number, "the scan is stored", 60)
    shop = Shop(site)
    late_card = shop.issue_linked_card("Later")
    settle_down(site)
    before = {row._mapping["event_id"]: row._mapping["points_earned"] for row in site.scans()}
    epoch = site.rows("SELECT epoch FROM feed_state")[0][0]

    shop.close()
    site.kill("web", "ingest", "worker")
    site.engine.dispose()
    edge("restore", "--home", str(site.demo.edge), str(backup))
    assert len(site.scans()) == in_backup
    site.engine.dispose()
    site.start("web", "ingest", "worker")

    assert site.rows("SELECT epoch FROM feed_state")[0][0] != epoch
    eventually(lambda: len(site.scans()) == in_backup + 3, "the kiosk brought the scans back", 90)
    settle_down(site)
    after = {row._mapping["event_id"]: row._mapping["points_earned"] for row in site.scans()}
    assert after == before
    shared = site.demo.kiosk / "shared"
    assert replica_rows(shared / "replica.db") == published_rows(site)
    site.show(late_card)
    eventually(
        lambda: site.rows("SELECT 1 FROM scan WHERE outcome = 'unknown_card'"),
        "a card that the backup lacks is unknown again",
    )

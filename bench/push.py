"""How long until a revocation, committed in the back office, is in a connected kiosk's local store.

The aim is a second.
"""

import time

from bench.figures import HEAD, row
from bench.site import running_site
from contracts.card_code import from_typed
from contracts.sealing import lookup
from kiosk.config import Home
from kiosk.directory.replica import ReplicaReader
from tests.end_to_end.shop import Shop
from tests.end_to_end.site import Site

REVOCATIONS = 300
_PATIENCE = 10.0


def main() -> None:
    """Print the times over ``REVOCATIONS`` revocations and un-revocations."""
    with running_site() as site:
        times = _measure(site)
    print(HEAD)
    print(row("revocation committed → in the kiosk's replica", times))


def _measure(site: Site) -> list[float]:
    shop = Shop(site)
    reader = ReplicaReader(Home(site.demo.kiosk).replica)
    cards = shop.linked_cards()
    times = []
    for number in range(REVOCATIONS):
        card = cards[number % len(cards)]
        key = lookup(from_typed(card.url.rpartition("/")[2]), shop.config.site)
        before = _revision(reader, key)
        shop.toggle_revoked(card.url)
        committed = time.perf_counter()
        while _revision(reader, key) == before:
            if time.perf_counter() - committed > _PATIENCE:
                raise TimeoutError("a revocation did not reach the kiosk")
            time.sleep(0.001)
        times.append((time.perf_counter() - committed) * 1000)
    return times


def _revision(reader: ReplicaReader, key: bytes) -> int:
    row = reader.find(key)
    return row.revision if row else 0


if __name__ == "__main__":
    main()

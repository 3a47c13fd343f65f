"""How long it takes from a card's code to what the kiosk shows for it, by the number of cards it knows.

The baseline is the same table asked by SQLite alone, without deriving keys and opening the row.
"""

import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from contracts.card_code import CardCode
from contracts.replica import CustomerEntry, SealedRow
from contracts.sealing import Site, derive, seal
from kiosk.directory.directory import Directory
from kiosk.directory.replica import ReplicaReader, ReplicaWriter
from kiosk.directory.resolve import resolve

_SITE = Site("bench", bytes(32))
_KNOWN = 200
_ENTRY = CustomerEntry(as_of=datetime(2026, 1, 1, tzinfo=UTC), greeting_name="Zoë", language="nl", points=99)


def main() -> None:
    """Print a row for each size."""
    print("| cards | lookup in SQLite alone, p50 ms | resolve, p50 ms | resolve, p99 ms |")
    print("|---|---|---|---|")
    for size in (1_000, 100_000):
        with tempfile.TemporaryDirectory() as folder:
            print(_row(Path(folder) / "replica.db", size))


def _row(path: Path, size: int) -> str:
    codes = [CardCode.random() for _ in range(_KNOWN)]
    _fill(path, codes, size)
    directory = Directory(ReplicaReader(path), _SITE)
    connection = sqlite3.connect(path)
    lookups = {code: derive(code, _SITE).lookup for code in codes}
    bare = _times(
        codes, lambda code: connection.execute("SELECT * FROM rows WHERE lookup = ?", (lookups[code],))
    )
    whole = _times(codes, lambda code: resolve(directory.find(code).entry, offline=False))
    connection.close()
    p99 = statistics.quantiles(whole, n=100)[98]
    return f"| {size:,} | {statistics.median(bare):.3f} | {statistics.median(whole):.3f} | {p99:.3f} |"


def _fill(path: Path, codes: list[CardCode], size: int) -> None:
    """Write ``size`` rows of a real row's size; those of ``codes`` open, the others are random bytes."""
    writer = ReplicaWriter(path)
    real = [
        seal(derive(code, _SITE), _SITE, number + 1, _ENTRY, os.urandom) for number, code in enumerate(codes)
    ]
    length = len(real[0].box)
    others = (
        SealedRow(lookup=os.urandom(16), revision=number, nonce=os.urandom(12), box=os.urandom(length))
        for number in range(_KNOWN + 1, size + 1)
    )
    writer.apply_pulled("bench", [*real, *others], upto=size)
    writer.close()


def _times(codes: list[CardCode], work: Callable[[CardCode], object]) -> list[float]:
    """Return the milliseconds of each call, twenty rounds over all codes."""
    times = []
    for _ in range(20):
        for code in codes:
            started = time.perf_counter()
            work(code)
            times.append((time.perf_counter() - started) * 1000)
    return times


if __name__ == "__main__":
    main()

"""What was acknowledged is kept for an edge that might be restored, but not at the cost of a scan."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from contracts.events import Ack
from kiosk.device.reserve import STEP, Reserve
from kiosk.errors import StorageFull
from kiosk.outbox import Outbox


def large(stream: str, seq: int) -> bytes:
    return bytes(2_000)


def take(outbox: Outbox, first: int, last: int) -> None:
    outbox.acknowledge(Ack(stream=outbox.stream, ranges=((first, last),)), now=0.0)


@pytest.fixture
def reserve(tmp_path: Path) -> Reserve:
    kept_back = Reserve(tmp_path / "outbox.reserve", 2 * STEP)
    kept_back.fill()
    return kept_back


@pytest.fixture
def outbox(tmp_path: Path, reserve: Reserve) -> Iterator[Outbox]:
    opened = Outbox(tmp_path / "outbox.db", reserve)
    for _ in range(20):
        opened.append(large)
    (pages,) = opened._connection.execute("PRAGMA page_count").fetchone()
    opened._connection.execute(f"PRAGMA max_page_count={pages}")
    yield opened
    opened.close()


def test_acknowledged_events_make_room_before_reserved_space_is_given_up(
    outbox: Outbox, reserve: Reserve
) -> None:
    take(outbox, 1, 15)
    assert [outbox.append(large) for _ in range(10)] == list(range(21, 31))
    assert outbox.count_pending() == 15
    assert reserve.left() == 2 * STEP


def test_an_event_that_the_edge_lacks_is_never_given_up_for_room(outbox: Outbox, reserve: Reserve) -> None:
    for _ in range(20):
        with suppress(StorageFull):
            outbox.append(large)
    with pytest.raises(StorageFull):
        outbox.append(large)
    assert [each.seq for each in outbox.pending(limit=20)] == list(range(1, 21))
    assert reserve.left() == 0

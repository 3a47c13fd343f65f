"""What the agent hands the scanner besides rows: verdicts once, newer configuration only, the link."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from contracts.settlements import Settlement, Verdict
from kiosk.directory.downlink import DownlinkReader, DownlinkWriter
from tests.fakes.edge import CONFIG


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settlements.db"


@pytest.fixture
def writer(path: Path) -> Iterator[DownlinkWriter]:
    opened = DownlinkWriter(path)
    yield opened
    opened.close()


@pytest.fixture
def reader(writer: DownlinkWriter, path: Path) -> Iterator[DownlinkReader]:
    opened = DownlinkReader(path)
    yield opened
    opened.close()


def verdict(number: int = 1, earned: int = 11) -> Settlement:
    return Settlement(
        number=number, event=uuid4(), verdict=Verdict.BOOKED, earned=earned, rewards=("Koffie",)
    )


def test_a_verdict_is_found_by_its_event(writer: DownlinkWriter, reader: DownlinkReader) -> None:
    told = verdict()
    assert reader.settlement(told.event) is None
    writer.settled([told, verdict(2)], now=0.0)
    assert reader.settlement(told.event) == told
    assert reader.settlement(uuid4()) is None


def test_a_verdict_is_kept_once_and_the_first_one_stays(
    writer: DownlinkWriter, reader: DownlinkReader
) -> None:
    told = verdict()
    writer.settled([told], now=0.0)
    writer.settled([msgspec.structs.replace(told, earned=99)], now=5.0)
    assert reader.settlement(told.event) == told
    writer.forget_settled(before=1.0)
    assert reader.settlement(told.event) is None


def test_verdicts_are_forgotten_after_their_time_and_not_before(
    writer: DownlinkWriter, reader: DownlinkReader
) -> None:
    old, new = verdict(1), verdict(2)
    writer.settled([old], now=100.0)
    writer.settled([new], now=200.0)
    writer.forget_settled(before=200.0)
    assert (reader.settlement(old.event), reader.settlement(new.event)) == (None, new)


def test_where_the_pull_of_verdicts_stands_is_remembered(writer: DownlinkWriter, path: Path) -> None:
    assert writer.pulled_up_to() == 0
    writer.set_pulled_up_to(41)
    again = DownlinkWriter(path)
    assert again.pulled_up_to() == 41
    again.close()


def test_only_a_newer_configuration_is_taken(writer: DownlinkWriter, reader: DownlinkReader) -> None:
    assert reader.config() is None
    second = msgspec.structs.replace(CONFIG, revision=2)
    assert writer.configure(second)
    assert not writer.configure(CONFIG)
    assert not writer.configure(msgspec.structs.replace(second, shop_name="Same number, other words"))
    assert reader.config() == writer.config() == second
    third = msgspec.structs.replace(CONFIG, revision=3)
    assert writer.configure(third)
    assert reader.config() == third


def test_a_pulled_configuration_is_what_the_edge_says_now(
    writer: DownlinkWriter, reader: DownlinkReader
) -> None:
    writer.configure(msgspec.structs.replace(CONFIG, revision=9))
    assert writer.configure(CONFIG, pulled=True)
    assert reader.config() == CONFIG
    assert not writer.configure(CONFIG, pulled=True)


def test_the_scanner_knows_whether_the_agent_has_the_broker(
    writer: DownlinkWriter, reader: DownlinkReader
) -> None:
    seen = [reader.connected()]
    for connected in (True, False):
        writer.set_connected(connected)
        seen.append(reader.connected())
    assert seen == [False, True, False]


def test_saying_the_same_again_writes_nothing(writer: DownlinkWriter, reader: DownlinkReader) -> None:
    writer.set_connected(True)
    writer.configure(CONFIG)
    before = reader.change_number()
    writer.set_connected(True)
    writer.configure(CONFIG)
    assert reader.change_number() == before
    writer.set_connected(False)
    assert reader.change_number() != before


def test_a_scanner_that_starts_first_finds_nothing_yet(tmp_path: Path) -> None:
    reader = DownlinkReader(tmp_path / "new" / "settlements.db")
    assert (reader.config(), reader.connected(), reader.settlement(uuid4())) == (None, False, None)
    reader.close()

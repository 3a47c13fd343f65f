"""A card finds its own row, and a row that does not open is as good as none."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from contracts.replica import SealedRow
from contracts.sealing import Site, derive
from kiosk.directory.directory import Directory
from kiosk.directory.replica import ReplicaReader, ReplicaWriter
from tests.factories.front_desk import SITE, card, customer, sealed

ZOE = card(1)


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[ReplicaWriter]:
    writer = ReplicaWriter(tmp_path / "replica.db")
    yield writer
    writer.close()


@pytest.fixture
def reader(replica: ReplicaWriter, tmp_path: Path) -> Iterator[ReplicaReader]:
    opened = ReplicaReader(tmp_path / "replica.db")
    yield opened
    opened.close()


@pytest.fixture
def directory(reader: ReplicaReader) -> Directory:
    return Directory(reader, SITE)


def put(replica: ReplicaWriter, row: SealedRow) -> None:
    replica.apply_pulled("e1", [row], row.revision)


def test_a_card_opens_its_row(replica: ReplicaWriter, directory: Directory) -> None:
    put(replica, sealed(ZOE, customer(), 7))
    found = directory.find(ZOE)
    assert (found.entry, found.revision, found.keys) == (customer(), 7, derive(ZOE, SITE))


def test_a_card_without_a_row_has_keys_all_the_same(directory: Directory) -> None:
    found = directory.find(ZOE)
    assert (found.entry, found.revision, found.keys) == (None, None, derive(ZOE, SITE))


def test_the_same_card_is_looked_up_again_by_its_keys(replica: ReplicaWriter, directory: Directory) -> None:
    found = directory.find(ZOE)
    before = directory.change_number()
    put(replica, sealed(ZOE, customer(points=5), 1))
    assert directory.change_number() != before
    assert directory.again(found.keys).entry == customer(points=5)


@pytest.mark.parametrize("change", ["box", "nonce", "short nonce", "revision", "another card's"])
def test_a_damaged_or_exchanged_row_is_as_good_as_none(
    replica: ReplicaWriter, directory: Directory, change: str
) -> None:
    row = sealed(ZOE, customer(), 7)
    changed = {
        "box": msgspec.structs.replace(row, box=bytes([row.box[0] ^ 1]) + row.box[1:]),
        "nonce": msgspec.structs.replace(row, nonce=bytes(12)),
        "short nonce": msgspec.structs.replace(row, nonce=b"x"),
        "revision": msgspec.structs.replace(row, revision=8),
        "another card's": msgspec.structs.replace(row, box=sealed(card(2), customer(), 7).box),
    }
    put(replica, changed[change])
    found = directory.find(ZOE)
    assert (found.entry, found.revision) == (None, None)


def test_a_row_of_another_site_does_not_open(replica: ReplicaWriter, reader: ReplicaReader) -> None:
    put(replica, sealed(ZOE, customer(), 7))
    elsewhere = Directory(reader, Site("elsewhere", SITE.salt))
    assert elsewhere.find(ZOE).entry is None


def test_a_tombstone_is_no_row(replica: ReplicaWriter, directory: Directory) -> None:
    put(replica, sealed(ZOE, customer(), 7))
    put(replica, SealedRow(lookup=derive(ZOE, SITE).lookup, revision=8))
    assert directory.find(ZOE).entry is None

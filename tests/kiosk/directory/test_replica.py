"""The replica takes newer rows, never moves past a gap, and is replaced whole or not at all."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.replica import RowsPush, SealedRow
from kiosk.directory.replica import Position, ReplicaReader, ReplicaWriter, open_or_rebuild


def row(card: int, revision: int) -> SealedRow:
    return SealedRow(lookup=card.to_bytes(16), revision=revision, nonce=bytes(12), box=revision.to_bytes(32))


def push(after: int, *rows: SealedRow, epoch: str = "e1") -> RowsPush:
    return RowsPush(epoch=epoch, after=after, upto=after + len(rows), rows=rows)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "replica.db"


@pytest.fixture
def replica(path: Path) -> Iterator[ReplicaWriter]:
    writer = ReplicaWriter(path)
    writer.apply_pulled("e1", [row(1, 1), row(2, 2)], upto=2)
    yield writer
    writer.close()


@pytest.fixture
def reader(replica: ReplicaWriter, path: Path) -> Iterator[ReplicaReader]:
    opened = ReplicaReader(path)
    yield opened
    opened.close()


def revision_of(reader: ReplicaReader, card: int) -> int | None:
    found = reader.find(card.to_bytes(16))
    return found.revision if found else None


def test_a_push_that_follows_on_is_taken_and_moves_the_cursor(
    replica: ReplicaWriter, reader: ReplicaReader
) -> None:
    assert replica.apply_push(push(2, row(1, 3)))
    assert revision_of(reader, 1) == 3
    assert replica.position() == Position("e1", 3)


def test_a_push_after_a_gap_is_taken_but_the_cursor_stays(
    replica: ReplicaWriter, reader: ReplicaReader
) -> None:
    assert not replica.apply_push(push(5, row(1, 6)))
    assert revision_of(reader, 1) == 6
    assert replica.position() == Position("e1", 2)


def test_an_older_row_never_replaces_a_newer_one(replica: ReplicaWriter, reader: ReplicaReader) -> None:
    replica.apply_push(push(5, row(1, 6)))
    replica.apply_pulled("e1", [row(1, 3), row(2, 4)], upto=4)
    assert revision_of(reader, 1) == 6
    assert revision_of(reader, 2) == 4


def test_a_push_that_was_seen_before_changes_nothing(replica: ReplicaWriter, reader: ReplicaReader) -> None:
    assert replica.apply_push(push(0, row(1, 1)))
    assert replica.position() == Position("e1", 2)


def test_an_announcement_asks_for_a_pull_only_if_something_is_missing(replica: ReplicaWriter) -> None:
    assert not replica.apply_push(RowsPush(epoch="e1", after=2, upto=900))
    assert replica.apply_push(RowsPush(epoch="e1", after=2, upto=2))
    assert replica.position() == Position("e1", 2)


def test_rows_of_another_database_are_not_compared_with_ours(
    replica: ReplicaWriter, reader: ReplicaReader
) -> None:
    assert not replica.apply_push(push(2, row(1, 3), epoch="e2"))
    assert revision_of(reader, 1) == 1


def test_a_tombstone_makes_a_card_unknown_and_stays_newer(
    replica: ReplicaWriter, reader: ReplicaReader
) -> None:
    replica.apply_push(push(2, SealedRow(lookup=(1).to_bytes(16), revision=3)))
    assert revision_of(reader, 1) is None
    replica.apply_push(push(0, row(1, 1)))
    assert revision_of(reader, 1) is None


def test_a_full_pull_is_invisible_until_it_is_complete(
    replica: ReplicaWriter, reader: ReplicaReader, path: Path
) -> None:
    replica.begin_staging("e2")
    replica.stage([row(7, 1)], upto=1)
    assert revision_of(reader, 7) is None
    assert revision_of(reader, 1) == 1
    replica.stage([row(8, 2)], upto=2)
    replica.swap(upto=2)
    assert [revision_of(reader, card) for card in (1, 7, 8)] == [None, 1, 2]
    assert replica.position() == Position("e2", 2)
    assert replica.staged() == Position()


def test_a_full_pull_that_was_cut_short_goes_on_after_a_restart(replica: ReplicaWriter, path: Path) -> None:
    replica.begin_staging("e2")
    replica.stage([row(7, 4)], upto=4)
    again = ReplicaWriter(path)
    assert again.staged() == Position("e2", 4)
    again.begin_staging("e2")
    assert again.staged() == Position("e2", 4)
    again.begin_staging("e3")
    assert again.staged() == Position("e3", 0)
    again.close()


def test_the_scanner_sees_that_the_agent_has_written(replica: ReplicaWriter, reader: ReplicaReader) -> None:
    before = reader.change_number()
    replica.apply_push(push(2, row(1, 3)))
    assert reader.change_number() != before


def test_a_scanner_that_starts_first_finds_an_empty_replica(tmp_path: Path) -> None:
    reader = ReplicaReader(tmp_path / "new" / "replica.db")
    assert reader.find(bytes(16)) is None
    assert (reader.count(), reader.position()) == (0, Position())
    reader.close()


class TestADamagedReplica:
    """Everything in it can be pulled, so it is thrown away."""

    def test_a_file_that_is_no_database_is_made_anew(self, path: Path) -> None:
        path.write_bytes(b"not a database at all" * 1000)
        writer = open_or_rebuild(path)
        assert (writer.count(), writer.position()) == (0, Position())
        writer.apply_pulled("e1", [row(1, 1)], upto=1)
        assert writer.count() == 1
        writer.close()

    def test_a_file_with_a_page_of_garbage_is_made_anew(self, path: Path) -> None:
        writer = ReplicaWriter(path)
        writer.apply_pulled("e1", [row(card, card) for card in range(1, 800)], upto=799)
        writer.close()
        damaged = bytearray(path.read_bytes())
        damaged[4096 * 8 : 4096 * 9] = b"\xff" * 4096
        path.write_bytes(damaged)
        again = open_or_rebuild(path)
        assert again.position() == Position()
        again.close()

    def test_a_whole_file_is_left_as_it_is(self, replica: ReplicaWriter, path: Path) -> None:
        again = open_or_rebuild(path)
        assert again.position() == Position("e1", 2)
        again.close()

    def test_the_scanner_follows_to_the_new_file(self, replica: ReplicaWriter, path: Path) -> None:
        reader = ReplicaReader(path)
        before = reader.change_number()
        replica.close()
        for file in path.parent.glob("replica.db*"):
            file.unlink()
        writer = open_or_rebuild(path)
        writer.apply_pulled("e2", [row(9, 1)], upto=1)
        assert reader.change_number() != before
        assert (revision_of(reader, 9), revision_of(reader, 1)) == (1, None)
        reader.close()
        writer.close()


# What the edge published, revision by revision, and the pushes a kiosk may get of it in any order.
history = st.lists(st.integers(0, 5), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(history, st.data())
def test_pushes_lost_doubled_and_out_of_order_then_a_pull_end_in_the_edges_state(
    tmp_path_factory: pytest.TempPathFactory, cards: list[int], data: st.DataObject
) -> None:
    published = [row(card, revision) for revision, card in enumerate(cards, start=1)]
    # An example may be broken off in the middle.
    with closing(ReplicaWriter(tmp_path_factory.mktemp("replica") / "replica.db")) as replica:
        replica.apply_pulled("e1", [], upto=0)
        for number in data.draw(st.lists(st.integers(0, len(cards) - 1), max_size=20)):
            replica.apply_push(push(number, published[number]))
            cursor = replica.position().cursor
            assert all(replica_has(replica, each) for each in published[:cursor])
        after = replica.position().cursor
        newest = {each.lookup: each for each in published}
        replica.apply_pulled(
            "e1", [each for each in newest.values() if each.revision > after], len(published)
        )
        assert replica.count() == len(newest)
        assert all(replica_has(replica, each) for each in newest.values())


def replica_has(replica: ReplicaWriter, wanted: SealedRow) -> bool:
    """Tell whether the replica's row of that card is at least as new."""
    query = "SELECT revision FROM rows WHERE lookup = ?"
    (revision,) = replica._connection.execute(query, (wanted.lookup,)).fetchone()
    return bool(revision >= wanted.revision)

"""Space is kept back until it is needed, given up in steps, and taken again when there is room."""

from pathlib import Path

import pytest

from kiosk.device.reserve import STEP, Reserve


@pytest.fixture
def reserve(tmp_path: Path) -> Reserve:
    return Reserve(tmp_path / "shared" / "outbox.reserve", 2 * STEP + STEP // 2)


def test_it_really_occupies_its_space(reserve: Reserve, tmp_path: Path) -> None:
    assert reserve.left() == 0
    assert reserve.fill()
    assert reserve.left() == 2 * STEP + STEP // 2
    assert (tmp_path / "shared" / "outbox.reserve").stat().st_blocks * 512 >= reserve.left()


def test_it_is_given_up_step_by_step_until_nothing_is_left(reserve: Reserve) -> None:
    reserve.fill()
    left = []
    while reserve.give_up_some():
        left.append(reserve.left())
    assert left == [STEP + STEP // 2, STEP // 2, 0]
    assert not reserve.give_up_some()


def test_it_is_filled_up_again(reserve: Reserve) -> None:
    reserve.fill()
    reserve.give_up_some()
    assert reserve.fill()
    assert reserve.left() == 2 * STEP + STEP // 2


def test_a_disk_without_the_room_is_told_and_no_error(tmp_path: Path) -> None:
    too_much = Reserve(tmp_path / "outbox.reserve", 1 << 60)
    assert not too_much.fill()

"""Whoever holds up a code that cannot be read is helped, and a result is never covered by that."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.outcomes import Recognised, Unreadable
from kiosk.scanning.symbols import Hint
from tests.factories.front_desk import FrontDesk, card, customer, shown
from tests.fakes.display import STAYS

ZOE = card(1)
POSTER = "https://elsewhere.example/menu"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[FrontDesk]:
    opened = FrontDesk(tmp_path)
    opened.row(ZOE, customer("Zoë"))
    yield opened
    opened.close()


def test_a_code_in_view_for_a_moment_changes_nothing(desk: FrontDesk) -> None:
    desk.struggle(Hint.CLOSER, 0.8)
    desk.nothing_for(5)
    assert desk.display.screens == []


def test_a_code_that_is_not_read_for_a_while_is_helped_once(desk: FrontDesk) -> None:
    desk.struggle(Hint.CLOSER, 3)
    assert desk.display.screens == [Unreadable(Hint.CLOSER)]


def test_the_next_hint_follows_when_the_first_was_taken(desk: FrontDesk) -> None:
    desk.struggle(Hint.CLOSER, 2)
    desk.struggle(Hint.HOLD_STILL, 4)
    assert desk.display.screens == [Unreadable(Hint.CLOSER), Unreadable(Hint.HOLD_STILL)]


def test_it_is_gone_when_the_code_leaves(desk: FrontDesk) -> None:
    desk.struggle(Hint.LESS_TILT, 2)
    desk.nothing_for(2)
    assert desk.display.screens == [Unreadable(Hint.LESS_TILT), None]


def test_a_read_card_takes_its_place_at_once_and_waiting_follows_that(desk: FrontDesk) -> None:
    desk.struggle(Hint.LESS_GLARE, 2)
    desk.see(shown(ZOE))
    assert desk.display.screen == Recognised(customer("Zoë"))
    desk.nothing_for(STAYS + 1)
    assert desk.display.screens[2:] == [None]


def test_a_result_is_not_covered_while_it_stands(desk: FrontDesk) -> None:
    desk.see(shown(ZOE))
    desk.struggle(Hint.BRIGHTER, STAYS - 1)
    assert desk.display.screens == [Recognised(customer("Zoë"))]


def test_whoever_still_struggles_when_the_result_before_goes_is_helped_then(desk: FrontDesk) -> None:
    desk.see(shown(ZOE))
    desk.struggle(Hint.BRIGHTER, STAYS + 1)
    assert desk.display.screens[1:] == [None, Unreadable(Hint.BRIGHTER)]


def test_a_card_that_is_read_now_and_then_is_never_told_to_come_closer(desk: FrontDesk) -> None:
    for _ in range(10):
        desk.see(shown(ZOE))
        desk.struggle(Hint.CLOSER, 0.5)
    assert desk.display.screens == [Recognised(customer("Zoë"))]


def test_a_poster_that_is_read_needs_no_help_either(desk: FrontDesk) -> None:
    desk.struggle(Hint.FURTHER, 2)
    desk.see(POSTER)
    desk.struggle(Hint.FURTHER, 0.8)
    assert len(desk.display.screens) == 2


def test_no_event_follows_from_a_code_that_was_not_read(desk: FrontDesk) -> None:
    desk.struggle(Hint.FURTHER, 5)
    desk.nothing_for(5)
    assert desk.scans() == []

"""The stage keeps one screen, tells waiting threads of the next, and has one seat."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier

from kiosk.display.screen import Screen
from kiosk.display.stage import Published, SeatState, Stage
from tests.kiosk.display.samples import NOW, OUTCOMES, screens

WAITING = screens().waiting()
ANNA = screens().of(OUTCOMES["recognised"], NOW)
LONG = 30.0
"""Longer than any test takes: a wait that ends was woken."""


def in_thread(work: Callable[[], Published | None]) -> "Future[Published | None]":
    """Run ``work`` in a thread that has surely begun when this returns."""
    begun = Barrier(2)
    pool = ThreadPoolExecutor(1)

    def run() -> Published | None:
        begun.wait()
        return work()

    result = pool.submit(run)
    begun.wait()
    pool.shutdown(wait=False)
    return result


def test_it_begins_with_the_first_screen() -> None:
    assert Stage(WAITING).current().screen == WAITING


def test_a_shown_screen_is_the_current_one_with_the_next_version() -> None:
    stage = Stage(WAITING)
    first = stage.current().version
    assert stage.show(ANNA) == first + 1
    assert stage.current() == Published(first + 1, ANNA)


def test_whoever_is_behind_gets_the_current_screen_at_once() -> None:
    stage = Stage(WAITING)
    assert stage.wait_after(0, LONG) == stage.current()


def test_whoever_waits_is_woken_by_the_next_screen() -> None:
    stage = Stage(WAITING)
    version = stage.current().version
    waiting = in_thread(lambda: stage.wait_after(version, LONG))
    stage.show(ANNA)
    assert waiting.result(LONG) == Published(version + 1, ANNA)


def test_nothing_new_within_the_time_gives_none() -> None:
    stage = Stage(WAITING)
    assert stage.wait_after(stage.current().version, 0.01) is None


def test_the_newest_seat_wakes_and_displaces_the_older_one() -> None:
    stage = Stage(WAITING)
    older = stage.take_seat()
    waiting = in_thread(lambda: stage.wait_after(stage.current().version, LONG, older))
    newer = stage.take_seat()
    assert waiting.result(LONG) is None
    assert stage.seat_state(older) is SeatState.DISPLACED
    assert stage.seat_state(newer) is SeatState.HELD


def test_dismissing_wakes_everybody_and_a_later_seat_is_good_again() -> None:
    stage = Stage(WAITING)
    seat = stage.take_seat()
    waiting = in_thread(lambda: stage.wait_after(stage.current().version, LONG, seat))
    stage.dismiss()
    assert waiting.result(LONG) is None
    assert stage.seat_state(seat) is SeatState.DISMISSED
    assert stage.seat_state(stage.take_seat()) is SeatState.HELD


def test_it_knows_whether_it_is_watched() -> None:
    stage = Stage(WAITING)
    assert not stage.is_watched()
    older, newer = stage.take_seat(), stage.take_seat()
    stage.leave(older)
    assert stage.is_watched()
    stage.leave(newer)
    assert not stage.is_watched()


def test_screens_shown_from_many_threads_all_get_a_version_of_their_own() -> None:
    stage = Stage(WAITING)
    with ThreadPoolExecutor(8) as pool:
        versions = list(pool.map(stage.show, [ANNA] * 200))
    assert sorted(versions) == list(range(2, 202))


def test_two_runs_are_told_apart() -> None:
    assert Stage(WAITING).run != Stage(WAITING).run


def test_a_screen_is_frozen() -> None:
    assert hash(ANNA) == hash(screens().of(OUTCOMES["recognised"], NOW))
    assert isinstance(ANNA, Screen)

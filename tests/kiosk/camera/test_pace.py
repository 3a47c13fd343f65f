from kiosk.camera.pace import Pace
from tests.fakes.steps import Steps


def test_the_first_frame_is_due_at_once_and_the_next_an_interval_later() -> None:
    pace = Pace(10, Steps())
    assert pace.wait_seconds() == 0
    pace.shown()
    assert round(pace.wait_seconds(), 6) == 0.1


def test_waits_that_last_a_little_too_long_do_not_add_up() -> None:
    clock = Steps(0.0)
    pace = Pace(10, clock)
    for _ in range(50):
        clock.forward(pace.wait_seconds() + 0.003)
        pace.shown()
    assert round(clock() + pace.wait_seconds(), 6) == 5.0


def test_after_a_long_delay_frames_come_at_their_rate_again_and_not_in_a_burst() -> None:
    clock = Steps()
    pace = Pace(10, clock)
    pace.shown()
    clock.forward(60)
    waits = []
    for _ in range(4):
        waits.append(round(pace.wait_seconds(), 6))
        clock.forward(pace.wait_seconds())
        pace.shown()
    assert waits == [0, 0, 0.1, 0.1]


def test_a_frame_shown_early_moves_the_next_one_forward() -> None:
    clock = Steps()
    pace = Pace(10, clock)
    pace.shown()
    clock.forward(0.02)
    pace.shown()
    assert round(pace.wait_seconds(), 6) == 0.1


def test_without_a_rate_there_is_never_a_wait() -> None:
    pace = Pace(None, Steps())
    for _ in range(3):
        assert pace.wait_seconds() == 0
        pace.shown()

from kiosk.camera.recovery import Patience, Recovery

PATIENCE = Patience(first_picture=10, next_picture=3, pauses=(1, 2), steady=60)


def opened() -> Recovery:
    recovery = Recovery(PATIENCE)
    recovery.opening(100)
    return recovery


def test_the_first_picture_may_take_longer_than_the_others() -> None:
    recovery = opened()
    assert recovery.seconds_left(100) == 10
    recovery.saw(104)
    assert recovery.seconds_left(104) == 3


def test_a_camera_is_stalled_when_its_last_picture_is_too_old() -> None:
    recovery = opened()
    recovery.saw(104)
    assert recovery.seconds_left(106.5) == 0.5
    assert recovery.seconds_left(107) == 0
    assert recovery.seconds_left(500) == 0


def test_each_further_try_waits_longer_until_there_are_no_more() -> None:
    recovery = opened()
    assert [recovery.pause() for _ in range(4)] == [1, 2, None, None]


def test_a_camera_that_fails_again_after_a_moment_gets_no_new_tries() -> None:
    recovery = opened()
    pauses = []
    for now in (100, 200, 300):
        recovery.opening(now)
        recovery.saw(now + 1)
        recovery.saw(now + 60)
        pauses.append(recovery.pause())
    assert pauses == [1, 2, None]


def test_after_a_steady_minute_the_failures_are_forgotten() -> None:
    recovery = opened()
    assert recovery.pause() == 1
    recovery.opening(200)
    recovery.saw(201)
    recovery.saw(261)
    assert recovery.pause() == 1


def test_the_steady_minute_does_not_count_across_two_openings() -> None:
    recovery = opened()
    recovery.saw(101)
    assert recovery.pause() == 1
    recovery.opening(150)
    recovery.saw(162)
    assert recovery.pause() == 2

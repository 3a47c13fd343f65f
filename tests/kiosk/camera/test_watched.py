import os
import subprocess
import sys
import threading
from itertools import islice
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from structlog.testing import capture_logs

from kiosk.camera.live import NewProcessNeeded, Picture
from kiosk.camera.recovery import Patience
from kiosk.camera.watched import CAMERA_HUNG, Watched
from kiosk.errors import BadConfiguration, CameraError
from tests.kiosk.camera.pretended_camera import Misdeed, PretendedCamera, Shelf

ROOT = Path(__file__).parents[3]
IMPATIENT = Patience(first_picture=5, next_picture=0.2, closing=0.1, pauses=(0, 0, 0))
UNHURRIED = Patience(first_picture=20, next_picture=20, closing=20, pauses=(0, 0, 0))


class Ended(BaseException):
    """The process would have ended here."""


def end(status: int) -> NoReturn:
    raise Ended(status)


def watched(shelf: Shelf, patience: Patience = UNHURRIED) -> Watched:
    return Watched(shelf.open, patience, end=end)


def cameras_seen(camera: Watched, until: int) -> list[int]:
    """Return whose pictures came, each camera once, until this one's came."""
    seen: list[int] = []
    for frame in camera.frames():
        number = int(frame.luma[0, 0])
        if number not in seen:
            seen.append(number)
        if number == until:
            break
    return seen


def test_pictures_come_numbered_and_never_older_than_the_one_before() -> None:
    frames = list(islice(watched(Shelf((None, None))).frames(), 20))
    assert [frame.index for frame in frames] == list(range(20))
    times = [frame.taken_at for frame in frames]
    assert times == sorted(times)


def test_of_the_pictures_that_nobody_had_time_for_the_newest_comes() -> None:
    class Stepwise(PretendedCamera):
        """Gives picture 1; once told to go on 2 to 5 at once; and then 6 when told again."""

        def __init__(self) -> None:
            super().__init__(0, None, None)
            self.reads = 0
            self.go_on = threading.Semaphore(0)
            self.waits = threading.Semaphore(0)

        def read(self) -> Picture:
            if self.reads in {1, 5}:
                self.waits.release()
                self.go_on.acquire()
            self.reads += 1
            return Picture(np.full((48, 64), self.reads, np.uint8), float(self.reads))

    device = Stepwise()
    frames = Watched(lambda: device, UNHURRIED).frames()
    seen = [next(frames)]
    device.waits.acquire()
    device.go_on.release()
    device.waits.acquire()
    seen.append(next(frames))
    device.go_on.release()
    assert [frame.taken_at for frame in seen] == [1, 5]
    assert [frame.index for frame in seen] == [0, 1]


def test_a_camera_that_fails_is_closed_and_comes_back() -> None:
    shelf = Shelf((5, Misdeed.FAILS), (None, None))
    with capture_logs() as logs:
        assert cameras_seen(watched(shelf), until=2)[-1] == 2
    assert shelf.opened[0].is_closed.is_set()
    assert [entry["reason"] for entry in logs] == ["the cable is off"]


def test_a_camera_that_is_not_there_yet_is_tried_again() -> None:
    shelf = Shelf((0, Misdeed.CANNOT_BE_OPENED), (0, Misdeed.CANNOT_BE_OPENED), (None, None))
    assert cameras_seen(watched(shelf), until=3) == [3]


def test_a_camera_that_fails_every_time_is_given_up() -> None:
    shelf = Shelf((1, Misdeed.FAILS))
    with pytest.raises(CameraError, match=r"given up after several tries: the cable is off"):
        list(watched(shelf).frames())
    assert shelf.tries == 4
    assert all(camera.is_closed.is_set() for camera in shelf.opened)


def test_a_camera_that_freezes_and_does_not_let_go_ends_the_process() -> None:
    with pytest.raises(Ended, match=str(CAMERA_HUNG)):
        list(watched(Shelf((5, Misdeed.FREEZES)), IMPATIENT).frames())


def test_a_camera_that_hangs_in_its_closing_ends_the_process_and_says_what_it_failed_of() -> None:
    with capture_logs() as logs, pytest.raises(Ended):
        list(watched(Shelf((5, Misdeed.HANGS_WHEN_CLOSED)), IMPATIENT).frames())
    assert [entry["log_level"] for entry in logs] == ["error"]


def test_a_camera_of_which_only_a_new_process_gets_pictures_is_not_tried_again() -> None:
    tries = []

    def refuse() -> PretendedCamera:
        tries.append(1)
        raise NewProcessNeeded("it is taken")

    with pytest.raises(NewProcessNeeded):
        list(Watched(refuse, UNHURRIED).frames())
    assert tries == [1]


def test_a_wrong_configuration_is_told_at_once() -> None:
    def refuse() -> PretendedCamera:
        raise BadConfiguration("camera.pi.width: takes what the camera has")

    with pytest.raises(BadConfiguration, match=r"camera\.pi\.width"):
        list(Watched(refuse, UNHURRIED).frames())


def test_a_bug_is_not_taken_for_a_bad_cable() -> None:
    shelf = Shelf((1, Misdeed.HAS_A_BUG))
    with pytest.raises(ZeroDivisionError):
        list(watched(shelf).frames())
    assert shelf.tries == 1
    assert shelf.opened[0].is_closed.is_set()


def test_closing_ends_the_frames_and_closes_the_camera() -> None:
    shelf = Shelf((None, None))
    camera = watched(shelf)
    seen = []
    for frame in camera.frames():
        seen.append(frame.index)
        camera.close()
        camera.close()
    assert seen == [0]
    assert shelf.opened[0].is_closed.is_set()


def test_closing_from_another_thread_ends_the_wait_for_a_camera_that_shows_nothing() -> None:
    begun = threading.Event()
    closed = threading.Event()

    class Patient(PretendedCamera):
        def _misbehave(self) -> None:
            begun.set()
            closed.wait()

    camera = Watched(lambda: Patient(1, 0, None), UNHURRIED)
    thread = threading.Thread(target=lambda: list(islice(camera.frames(), 5)))
    thread.start()
    assert begun.wait(10)
    camera.close()
    closed.set()
    thread.join(10)
    assert not thread.is_alive()


def test_closing_ends_the_pause_before_the_next_try() -> None:
    shelf = Shelf((0, Misdeed.CANNOT_BE_OPENED))
    camera = watched(shelf, Patience(pauses=(3600,)))
    thread = threading.Thread(target=lambda: list(camera.frames()))
    with capture_logs() as logs:
        thread.start()
        while not logs:
            threading.Event().wait(0.005)
        camera.close()
        thread.join(10)
    assert not thread.is_alive()
    assert shelf.tries == 1


def test_a_closed_camera_is_not_even_opened() -> None:
    shelf = Shelf((None, None))
    camera = watched(shelf)
    camera.close()
    assert list(camera.frames()) == []
    assert shelf.tries == 0


def test_who_stops_taking_frames_leaves_the_camera_closed() -> None:
    shelf = Shelf((None, None))
    frames = watched(shelf).frames()
    next(frames)
    del frames
    assert shelf.opened[0].is_closed.is_set()


def test_a_process_whose_camera_hangs_ends_with_its_own_status_though_a_thread_never_ends() -> None:
    program = """
import atexit, time
from kiosk.camera.recovery import Patience
from kiosk.camera.watched import Watched
from tests.kiosk.camera.pretended_camera import Misdeed, Shelf
atexit.register(time.sleep, 60)
shelf = Shelf((3, Misdeed.FREEZES))
list(Watched(shelf.open, Patience(next_picture=0.1, closing=0.1)).frames())
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, timeout=50, check=False
    )
    assert ended.returncode == CAMERA_HUNG

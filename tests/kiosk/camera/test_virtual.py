import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import islice

import numpy as np
import pytest

from kiosk.camera.source import Frame
from kiosk.camera.virtual import VirtualCamera
from kiosk.errors import CameraError, UnreadableImage
from tests.factories.cards import Luma
from tests.fakes.steps import Steps

FAST = 1000.0


def picture(grey: int, shape: tuple[int, int] = (30, 40)) -> Luma:
    return np.full(shape, grey, np.uint8)


@pytest.fixture
def clock() -> Steps:
    return Steps()


@pytest.fixture
def camera(clock: Steps) -> Iterator[VirtualCamera]:
    """A camera whose posted pictures stay until the test moves the clock."""
    with closing(VirtualCamera((60, 80), fps=FAST, clock=clock)) as camera:
        yield camera


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def next_where(frames: Iterator[Frame], holds: Callable[[Frame], bool]) -> Frame:
    """Look on until a frame is as wanted; the test's own time limit ends a wait in vain."""
    return next(frame for frame in frames if holds(frame))


def is_empty(frame: Frame) -> bool:
    return frame.luma.shape == (60, 80)


def shows(grey: int) -> Callable[[Frame], bool]:
    return lambda frame: not is_empty(frame) and int(frame.luma[0, 0]) == grey


def test_an_empty_scene_is_shown_from_the_start(camera: VirtualCamera) -> None:
    frames = list(islice(camera.frames(), 5))
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    assert all(is_empty(frame) for frame in frames)


def test_the_empty_scene_is_a_grey_wall_with_a_sensors_noise() -> None:
    with closing(VirtualCamera(fps=FAST)) as camera:
        first, second = (frame.luma for frame in islice(camera.frames(), 2))
    assert first.shape == (720, 1280)
    assert 80 < first.min() < first.max() < 180
    assert 0 < np.abs(first.astype(int) - second).mean() < 10


def test_two_cameras_show_the_same_empty_scene() -> None:
    first, second = (next(VirtualCamera((60, 80)).frames()).luma for _ in range(2))
    assert np.array_equal(first, second)


def test_a_posted_picture_is_shown_as_it_is(camera: VirtualCamera, pool: ThreadPoolExecutor) -> None:
    posted = np.random.default_rng(3).integers(0, 256, (31, 47), np.uint8)
    taken = pool.submit(camera.show, posted)
    frame = next_where(camera.frames(), lambda frame: not is_empty(frame))
    assert np.array_equal(frame.luma, posted)
    taken.result(10)


def test_what_becomes_of_the_posters_array_does_not_reach_the_scanner(
    camera: VirtualCamera, pool: ThreadPoolExecutor
) -> None:
    posted = picture(9)
    frames = camera.frames()
    pool.submit(camera.show, posted)
    next_where(frames, shows(9))
    posted[:] = 200
    assert shows(9)(next(frames))


def test_posting_waits_until_the_scanner_has_taken_the_picture(
    camera: VirtualCamera, pool: ThreadPoolExecutor
) -> None:
    frames = camera.frames()
    taken = pool.submit(camera.show, picture(7))
    assert not taken.done()
    next_where(frames, shows(7))
    assert taken.result(10) is None


def test_a_posted_picture_stays_and_then_the_scene_is_empty_again(
    camera: VirtualCamera, pool: ThreadPoolExecutor, clock: Steps
) -> None:
    frames = camera.frames()
    pool.submit(camera.show, picture(7))
    next_where(frames, shows(7))
    clock.forward(0.29)
    assert shows(7)(next(frames))
    clock.forward(0.02)
    assert is_empty(next(frames))


def test_of_several_pictures_at_once_each_gets_its_turn(
    camera: VirtualCamera, pool: ThreadPoolExecutor, clock: Steps
) -> None:
    frames = camera.frames()
    taken = [pool.submit(camera.show, picture(grey)) for grey in (1, 2, 3)]
    seen: list[int] = []
    while len(seen) < 3:
        frame = next(frames)
        if not is_empty(frame):
            seen.append(int(frame.luma[0, 0]))
            assert shows(seen[-1])(next(frames))
            clock.forward(0.31)
    assert sorted(seen) == [1, 2, 3]
    for each in taken:
        each.result(10)


def test_a_picture_that_nobody_takes_is_an_error_and_never_shown(camera: VirtualCamera) -> None:
    with pytest.raises(CameraError, match="in time"):
        camera.show(picture(7), timeout=0.01)
    assert all(is_empty(frame) for frame in islice(camera.frames(), 5))


def test_closing_ends_the_frames_and_turns_posters_away(pool: ThreadPoolExecutor) -> None:
    camera = VirtualCamera((60, 80), fps=1 / 3600)
    frames = camera.frames()
    next(frames)
    waiting: Future[Frame | None] = pool.submit(next, frames, None)
    camera.close()
    assert waiting.result(10) is None
    with pytest.raises(CameraError, match="closed"):
        camera.show(picture(7))


def test_closing_turns_a_waiting_poster_away(pool: ThreadPoolExecutor) -> None:
    camera = VirtualCamera((60, 80))
    posting = threading.Event()

    def post() -> None:
        posting.set()
        camera.show(picture(7), timeout=60)

    turned_away = pool.submit(post)
    assert posting.wait(10)
    camera.close()
    with pytest.raises(CameraError, match="closed"):
        turned_away.result(10)


def test_a_picture_ends_the_wait_for_the_next_empty_frame(pool: ThreadPoolExecutor) -> None:
    with closing(VirtualCamera((60, 80), fps=1 / 3600)) as camera:
        frames = camera.frames()
        next(frames)
        taken = pool.submit(camera.show, picture(7))
        assert shows(7)(next(frames))
        taken.result(10)


@pytest.mark.parametrize(
    "luma", [np.zeros((0, 0), np.uint8), np.zeros((5, 5, 3), np.uint8), np.zeros((5, 5), np.uint16)]
)
def test_what_is_no_grey_picture_is_refused(camera: VirtualCamera, luma: Luma) -> None:
    with pytest.raises(UnreadableImage):
        camera.show(luma)


def test_a_picture_of_more_than_fifty_megapixels_is_refused(camera: VirtualCamera) -> None:
    with pytest.raises(UnreadableImage, match="50"):
        camera.show(np.zeros((8000, 8000), np.uint8))

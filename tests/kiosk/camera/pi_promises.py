"""What the Pi's camera promises, of the real picamera2 and of the pretended one.

Whoever takes these tests in gives two fixtures: ``shown``, the picture before the camera, which holds
PAYLOAD, and ``sensor``, which freezes and thaws.
"""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import islice
from typing import Protocol

import numpy as np
import pytest
import zxingcpp
from structlog.testing import capture_logs

from kiosk.camera import pi
from kiosk.camera.live import NewProcessNeeded
from kiosk.camera.pi import PiCamera, open_pi
from kiosk.camera.recovery import Patience
from kiosk.camera.source import Luma
from kiosk.camera.watched import Watched
from kiosk.config import PiSettings
from kiosk.errors import BadConfiguration, CameraError

PAYLOAD = "HTTPS://KAART.EXAMPLE.NL/C/0123456789ABCDEFGHJKMNPQRS"
SETTINGS = PiSettings()
UNHURRIED = Patience(20, 20, 20, pauses=(0.0, 0.0, 0.0, 0.0))
"""For a busy machine: what is slow there is not lost yet."""


class Sensor(Protocol):
    """What is behind the lens."""

    def freeze(self) -> None: ...

    def thaw(self) -> None: ...


@pytest.fixture
def camera(sensor: Sensor) -> Iterator[PiCamera]:
    with closing(open_pi(SETTINGS)) as camera:
        yield camera


@contextmanager
def frozen(sensor: Sensor) -> Iterator[None]:
    """Freeze the sensor, and wait for its pictures no longer than a test likes to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pi, "_PICTURE_SECONDS", 0.1)
        sensor.freeze()
        yield
    sensor.thaw()


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def texts(luma: Luma) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(luma)]


def test_the_picture_is_what_is_before_the_camera(camera: PiCamera, shown: Luma) -> None:
    luma = camera.read().luma
    assert luma.shape == (720, 1280)
    assert luma.dtype == np.uint8
    assert texts(luma) == [PAYLOAD]
    # A real one's has been through a JPEG and a scaler.
    assert np.corrcoef(luma.ravel(), shown.ravel())[0, 1] > 0.99


def test_each_picture_is_another_one_and_stays_as_it_was(camera: PiCamera) -> None:
    pictures = [camera.read() for _ in range(12)]
    times = [picture.taken_at for picture in pictures]
    assert times == sorted(set(times))
    assert all(texts(picture.luma) == [PAYLOAD] for picture in pictures[:2])
    assert all(picture.luma.flags.owndata for picture in pictures)


def test_a_pictures_time_is_on_the_monotonic_clock(camera: PiCamera) -> None:
    before = time.monotonic()
    camera.read()
    for _ in range(5):
        assert before < camera.read().taken_at <= time.monotonic()


@pytest.mark.parametrize("size", [(640, 480), (1920, 1080)])
def test_a_size_that_the_camera_changes_in_silence_is_refused(sensor: Sensor, size: tuple[int, int]) -> None:
    settings = PiSettings(width=size[0], height=size[1])
    with pytest.raises(BadConfiguration, match=rf"{size[0]} × {size[1]}, it gives 1280 × 720"):
        open_pi(settings)
    with closing(open_pi(SETTINGS)) as camera:
        assert camera.read().luma.shape == (720, 1280)


def test_a_camera_that_is_not_there_is_named(sensor: Sensor) -> None:
    with pytest.raises(CameraError, match="there is no camera 3"):
        open_pi(PiSettings(number=3))


@pytest.mark.usefixtures("camera")
def test_a_camera_that_is_taken_needs_a_new_process() -> None:
    with pytest.raises(NewProcessNeeded, match="cannot be opened"):
        open_pi(SETTINGS)


def test_a_frozen_camera_gives_pictures_again_however_often_it_was_asked_meanwhile(
    sensor: Sensor, camera: PiCamera
) -> None:
    camera.read()
    with frozen(sensor):
        for _ in range(8):
            with pytest.raises(CameraError, match="no picture for"):
                camera.read()
    assert len([camera.read() for _ in range(12)]) == 12


def test_a_frozen_camera_is_closed_and_opened_again_and_leaves_nothing_behind(sensor: Sensor) -> None:
    counts = []
    for _ in range(5):
        camera = open_pi(SETTINGS)
        camera.read()
        with frozen(sensor):
            with pytest.raises(CameraError):
                camera.read()
            camera.close()
        counts.append(open_files())
    assert counts[-1] == counts[1]


def test_the_scanner_sees_the_camera_come_back_after_its_cable_was_off(sensor: Sensor) -> None:
    tries: list[int] = []
    cable_off = ExitStack()

    def opened() -> PiCamera:
        tries.append(1)
        if len(tries) == 3:
            cable_off.close()
        return open_pi(SETTINGS)

    watched = Watched(opened, UNHURRIED)
    with capture_logs() as logs:
        frames = watched.frames()
        before = list(islice(frames, 5))
        cable_off.enter_context(frozen(sensor))
        after = list(islice(frames, 20))
        watched.close()
        assert list(frames) == []
    assert [entry["event"] for entry in logs] == ["camera lost, to be opened again"] * 2
    assert after[-1].index == len(before) + len(after) - 1
    assert texts(after[-1].luma) == [PAYLOAD]

"""OpenCV's own Video4Linux on a pretended device; run by its path in a process that has it preloaded."""

import ctypes
from collections.abc import Iterator
from contextlib import closing
from itertools import islice

import numpy as np
import pytest
from structlog.testing import capture_logs

from kiosk.camera.recovery import Patience
from kiosk.camera.v4l2 import V4l2Camera, open_v4l2
from kiosk.camera.watched import Watched
from kiosk.config import UsbFormat, V4l2Settings
from kiosk.errors import BadConfiguration, CameraError
from tests.factories.cards import card_image
from tests.kiosk.camera.pretended_capture import sent

PICTURE = card_image("HTTPS://KAART.EXAMPLE.NL/C/0123456789ABCDEFGHJKMNPQRS")
DEVICE = "/dev/video77"
SETTINGS = V4l2Settings(device=DEVICE)
UNHURRIED = Patience(20, 20, 20, pauses=(0.0, 0.0, 0.0))

pretended = ctypes.CDLL(None)


@pytest.fixture(autouse=True)
def device() -> Iterator[None]:
    send(UsbFormat.MJPG)
    yield
    pretended.pretended_unplug(0)
    pretended.pretended_freeze(0)
    assert not pretended.pretended_is_open()


def read_all(camera: V4l2Camera) -> None:
    """Read until the camera says that there is no more."""
    while True:
        camera.read()


def send(kind: UsbFormat) -> None:
    data = sent(PICTURE, kind).tobytes()
    pretended.pretended_send(data, len(data))


@pytest.mark.parametrize("kind", list(UsbFormat))
def test_the_picture_is_the_grey_part_of_what_the_camera_sends(kind: UsbFormat) -> None:
    send(kind)
    with closing(open_v4l2(V4l2Settings(device=DEVICE, format=kind))) as camera:
        pictures = [camera.read() for _ in range(8)]
    for picture in pictures:
        assert picture.luma.shape == (720, 1280)
        assert picture.luma.dtype == np.uint8
        assert np.abs(picture.luma.astype(int) - PICTURE).mean() < 3


def test_a_picture_stays_as_it_was_when_the_next_one_comes() -> None:
    pretended.pretended_send(np.full((720, 1280), 40, np.uint8).tobytes(), 720 * 1280)
    with closing(open_v4l2(V4l2Settings(device=DEVICE, format=UsbFormat.GREY))) as camera:
        earlier = camera.read().luma
        send(UsbFormat.GREY)
        for _ in range(8):
            camera.read()
    assert (earlier == 40).all()


def test_a_size_that_the_camera_changes_in_silence_is_refused() -> None:
    with pytest.raises(BadConfiguration, match="MJPG 640 × 480, it gives MJPG 1280 × 720"):
        open_v4l2(V4l2Settings(device=DEVICE, width=640, height=480))


def test_a_camera_that_somebody_else_has_is_named() -> None:
    with closing(open_v4l2(SETTINGS)), pytest.raises(CameraError, match=f"{DEVICE} cannot be opened"):
        open_v4l2(SETTINGS)


def test_a_frozen_camera_is_an_error_long_before_opencvs_ten_seconds_and_may_thaw() -> None:
    with closing(open_v4l2(SETTINGS)) as camera:
        camera.read()
        pretended.pretended_freeze(1)
        with pytest.raises(CameraError, match="no picture for 2 seconds"):
            read_all(camera)
        pretended.pretended_freeze(0)
        assert camera.read().luma.shape == (720, 1280)


def test_an_unplugged_camera_gives_frames_again_when_it_is_back() -> None:
    tries: list[int] = []

    def opened() -> V4l2Camera:
        tries.append(1)
        if len(tries) == 3:
            pretended.pretended_unplug(0)
        return open_v4l2(SETTINGS)

    watched = Watched(opened, UNHURRIED)
    with capture_logs() as logs:
        frames = watched.frames()
        assert len(list(islice(frames, 5))) == 5
        pretended.pretended_unplug(1)
        assert len(list(islice(frames, 20))) == 20
        watched.close()
        assert list(frames) == []
    assert len(logs) == 2
    assert "cannot be opened" in logs[1]["reason"]

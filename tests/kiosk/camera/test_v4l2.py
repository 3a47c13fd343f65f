import os
import shutil
import subprocess
import sys
import time
from itertools import islice, repeat
from pathlib import Path

import cv2
import numpy as np
import pytest
from structlog.testing import capture_logs

from kiosk.camera.recovery import Patience
from kiosk.camera.v4l2 import V4l2Camera, open_v4l2
from kiosk.camera.watched import Watched
from kiosk.config import UsbFormat, V4l2Settings
from kiosk.errors import BadConfiguration, CameraError
from tests.factories.cards import card_image
from tests.kiosk.camera.pretended_capture import PretendedCapture, sent

HERE = Path(__file__).parent
PICTURE = card_image("HTTPS://KAART.EXAMPLE.NL/C/0123456789ABCDEFGHJKMNPQRS")
JPEG = sent(PICTURE, UsbFormat.MJPG)
TRUNCATED = JPEG[:, :40]


def opened(capture: PretendedCapture, settings: V4l2Settings | None = None) -> V4l2Camera:
    return open_v4l2(settings or V4l2Settings(), lambda device: capture)


@pytest.mark.parametrize("kind", list(UsbFormat))
def test_the_picture_is_the_grey_part_of_what_the_camera_sends(kind: UsbFormat) -> None:
    camera = opened(PretendedCapture([sent(PICTURE, kind)]), V4l2Settings(format=kind))
    before = time.monotonic()
    picture = camera.read()
    assert picture.luma.shape == (720, 1280)
    assert picture.luma.flags.c_contiguous
    assert np.abs(picture.luma.astype(int) - PICTURE).mean() < 3
    assert before <= picture.taken_at <= time.monotonic()


def test_the_camera_is_asked_for_its_format_before_its_size_and_for_no_queue_of_old_pictures() -> None:
    capture = PretendedCapture()
    opened(capture)
    asked = list(capture.asked)
    assert asked.index(cv2.CAP_PROP_FOURCC) < asked.index(cv2.CAP_PROP_FRAME_WIDTH)
    assert capture.asked[cv2.CAP_PROP_BUFFERSIZE] == 1
    assert capture.asked[cv2.CAP_PROP_CONVERT_RGB] == 0


def test_the_device_is_opened_as_it_is_configured() -> None:
    devices: list[int | str] = []

    def capture(device: int | str) -> PretendedCapture:
        devices.append(device)
        return PretendedCapture()

    for device in (2, "/dev/v4l/by-id/usb-camera"):
        open_v4l2(V4l2Settings(device=device), capture)
    assert devices == [2, "/dev/v4l/by-id/usb-camera"]


def test_a_size_that_the_camera_does_not_have_is_refused_and_the_camera_let_go() -> None:
    capture = PretendedCapture(size=(640, 480))
    with pytest.raises(
        BadConfiguration, match=r"camera\.v4l2\.width.*MJPG 1280 × 720, it gives MJPG 640 × 480"
    ):
        opened(capture)
    assert not capture.isOpened()


def test_a_format_that_the_camera_does_not_have_is_refused() -> None:
    capture = PretendedCapture(formats=[UsbFormat.YUYV])
    with pytest.raises(BadConfiguration, match="it gives YUYV 1280 × 720"):
        opened(capture)


def test_a_camera_slower_than_asked_is_used_and_logged() -> None:
    with capture_logs() as logs:
        opened(PretendedCapture([JPEG], fps=10)).read()
    assert [(entry["asked"], entry["gives"]) for entry in logs] == [(30, 10)]


def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(CameraError, match="camera /dev/video7 cannot be opened"):
        opened(PretendedCapture(is_there=False), V4l2Settings(device="/dev/video7"))


def test_damaged_pictures_are_passed_over() -> None:
    camera = opened(PretendedCapture([TRUNCATED, sent(PICTURE[:360], UsbFormat.MJPG), JPEG]))
    assert camera.read().luma.shape == (720, 1280)


def test_nothing_but_damaged_pictures_is_an_error() -> None:
    with pytest.raises(CameraError, match="damaged pictures"):
        opened(PretendedCapture(repeat(TRUNCATED))).read()


def test_a_camera_that_gives_no_picture_is_an_error() -> None:
    with pytest.raises(CameraError, match="no picture"):
        opened(PretendedCapture()).read()


def test_an_unplugged_camera_is_opened_again_when_it_is_back() -> None:
    captures = iter(
        [
            PretendedCapture([JPEG] * 3),
            PretendedCapture(is_there=False),
            PretendedCapture(repeat(JPEG)),
        ]
    )
    watched = Watched(
        lambda: open_v4l2(V4l2Settings(), lambda device: next(captures)), Patience(pauses=(0, 0, 0))
    )
    with capture_logs() as logs:
        frames = list(islice((frame for frame in watched.frames() if len(logs) == 2), 5))
    assert len(frames) == 5
    assert [entry["reason"][:9] for entry in logs] == ["no pictur", "camera 0 "]


def test_opencv_itself_says_of_a_missing_device_that_it_is_not_there() -> None:
    with pytest.raises(CameraError, match="cannot be opened"):
        open_v4l2(V4l2Settings(device="/dev/no-such-camera"))


def test_opencvs_own_video4linux_keeps_the_promises_on_a_pretended_device(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("the pretended device is written in C, and there is no compiler")
    library = tmp_path / "device.so"
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-o", library, HERE / "pretended_device.c", "-ldl"], check=True
    )
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", HERE / "v4l2_on_opencv.py"],
        env=os.environ | {"LD_PRELOAD": str(library)},
        cwd=HERE.parents[2],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout

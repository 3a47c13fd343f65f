"""The promises of the Pi's camera, of real picamera2; run within the Debian 13 root, by this path."""

import importlib
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from enum import IntEnum
from pathlib import Path

import pytest

from kiosk.camera import pi
from kiosk.camera.pi import open_pi
from kiosk.camera.source import Luma
from kiosk.camera.watched import CAMERA_HUNG
from tests.debian13 import virtual_libcamera
from tests.factories.cards import as_jpeg, card_image
from tests.kiosk.camera.pi_promises import *  # noqa: F403  the tests that the pretended one keeps, too
from tests.kiosk.camera.pi_promises import PAYLOAD, SETTINGS

FOLDER = Path("/tmp/shown")


@pytest.fixture(scope="session")
def shown() -> Luma:
    picture = card_image(PAYLOAD)
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "0.jpg").write_bytes(as_jpeg(picture))
    virtual_libcamera.show(FOLDER)
    return picture


@pytest.fixture(scope="session")
def installed(shown: Luma) -> virtual_libcamera.Sensor:
    return virtual_libcamera.install()


@pytest.fixture
def sensor(installed: virtual_libcamera.Sensor) -> Iterator[virtual_libcamera.Sensor]:
    yield installed
    installed.thaw()


def test_a_driver_that_hangs_ends_the_process_though_picamera2_would_wait_for_it(shown: Luma) -> None:
    program = """
from kiosk.camera.pi import open_pi
from kiosk.camera.recovery import Patience
from kiosk.camera.watched import Watched
from kiosk.config import PiSettings
from tests.debian13 import virtual_libcamera
sensor = virtual_libcamera.install()
for frame in Watched(lambda: open_pi(PiSettings()), Patience(closing=1)).frames():
    if frame.index == 3:
        sensor.wedge()
"""
    ended = subprocess.run([sys.executable, "-c", program], timeout=60, check=False)
    assert ended.returncode == CAMERA_HUNG


@pytest.mark.parametrize(
    "ours", [pi.AfMode, pi.AfRange, pi.AfSpeed, pi.AeConstraintMode, pi.AeExposureMode, pi.AeFlickerMode]
)
def test_our_numbers_for_the_controls_are_libcameras(ours: type[IntEnum]) -> None:
    theirs = getattr(importlib.import_module("libcamera").controls, f"{ours.__name__}Enum")
    assert {each.name: int(getattr(theirs, each.name.title())) for each in ours} == {
        each.name: each.value for each in ours
    }


@pytest.mark.usefixtures("sensor")
def test_how_quick_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    begun = time.monotonic()
    with closing(open_pi(SETTINGS)) as camera:
        camera.read()
        first = time.monotonic() - begun
        pictures = [camera.read() for _ in range(60)]
        age = time.monotonic() - pictures[-1].taken_at
    fps = 59 / (pictures[-1].taken_at - pictures[0].taken_at)
    with capsys.disabled():
        print(f"\nfirst picture after {first:.2f} s, {fps:.1f} a second, the last {age * 1000:.1f} ms old")
    assert len(pictures) == 60

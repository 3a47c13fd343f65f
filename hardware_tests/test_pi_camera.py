import importlib
import importlib.util
from itertools import pairwise

import pytest

from hardware_tests.environment import seconds, settings_from_environment
from hardware_tests.watching import assert_pictures, watch
from kiosk.camera.pi import controls_for, open_pi
from kiosk.camera.watched import Watched
from kiosk.config import PiSettings


@pytest.fixture(scope="module")
def settings() -> PiSettings:
    if importlib.util.find_spec("picamera2") is None:
        pytest.skip("picamera2 is not installed here: not a Pi")
    settings = settings_from_environment("WELKOM_PI", PiSettings)
    if settings.number >= len(importlib.import_module("picamera2").Picamera2.global_camera_info()):
        pytest.skip(f"libcamera finds no camera {settings.number} (WELKOM_PI_NUMBER)")
    return settings


def test_frames_come_one_after_another_and_are_pictures(
    settings: PiSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    watched = watch(Watched(lambda: open_pi(settings)), seconds())
    with capsys.disabled():
        print(f"\npi {settings.number}, {settings.width} × {settings.height}: {watched}")
    assert all(later > earlier for earlier, later in pairwise(watched.taken_at))
    assert_pictures(watched.kept, settings.height, settings.width)


def test_it_can_be_closed_and_opened_again(settings: PiSettings) -> None:
    for _ in range(3):
        assert watch(Watched(lambda: open_pi(settings)), 0.5).kept


def test_the_controls_that_the_camera_has_reach_it(
    settings: PiSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    device = importlib.import_module("picamera2").Picamera2(settings.number)
    try:
        available = dict(device.camera_controls)
    finally:
        device.close()
    controls = controls_for(settings, available)
    with capsys.disabled():
        print(f"\npi {settings.number} is set by: {', '.join(controls) or 'nothing'}")
    assert "FrameDurationLimits" in controls

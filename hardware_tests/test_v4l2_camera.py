from pathlib import Path

import pytest

from hardware_tests.environment import seconds, settings_from_environment
from hardware_tests.watching import assert_pictures, watch
from kiosk.camera.v4l2 import open_v4l2
from kiosk.camera.watched import Watched
from kiosk.config import V4l2Settings


@pytest.fixture(scope="module")
def settings() -> V4l2Settings:
    settings = settings_from_environment("WELKOM_V4L2", V4l2Settings)
    path = f"/dev/video{settings.device}" if isinstance(settings.device, int) else settings.device
    if not Path(path).exists():
        pytest.skip(f"no USB camera at {path} (WELKOM_V4L2_DEVICE)")
    return settings


def test_frames_come_one_after_another_and_are_pictures(
    settings: V4l2Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    watched = watch(Watched(lambda: open_v4l2(settings)), seconds())
    with capsys.disabled():
        print(f"\n{settings.device}, {settings.format} {settings.width} × {settings.height}: {watched}")
    assert list(watched.taken_at) == sorted(watched.taken_at)
    assert_pictures(watched.kept, settings.height, settings.width)


def test_it_can_be_closed_and_opened_again(settings: V4l2Settings) -> None:
    for _ in range(3):
        assert watch(Watched(lambda: open_v4l2(settings)), 0.5).kept

from pathlib import Path

import pytest

from kiosk.camera.watched import Watched
from kiosk.compose import choose_camera
from kiosk.config import CameraName, CameraSettings, UsbFormat, load
from kiosk.errors import BadConfiguration


@pytest.mark.parametrize("source", [CameraName.PI, CameraName.V4L2])
def test_a_live_camera_is_watched_and_not_opened_before_frames_are_wanted(source: CameraName) -> None:
    assert isinstance(choose_camera(CameraSettings(source=source)), Watched)


def test_a_usb_camera_is_configured_by_its_path_size_and_format(tmp_path: Path) -> None:
    settings = tmp_path / "kiosk.toml"
    settings.write_text(
        '[camera]\nsource = "v4l2"\n'
        '[camera.v4l2]\ndevice = "/dev/v4l/by-id/usb-a"\nwidth = 1920\nformat = "YUYV"\n'
    )
    camera = load(settings).camera
    assert camera.source is CameraName.V4L2
    assert (camera.v4l2.device, camera.v4l2.width) == ("/dev/v4l/by-id/usb-a", 1920)
    assert camera.v4l2.format is UsbFormat.YUYV


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("width = 1281", "camera.pi.width"),
        ("height = 10", "camera.pi.height"),
        ("fps = 0", "camera.pi.fps"),
        ("focus_metres = -1", "camera.pi.focus_metres"),
        ("mains_hz = 400", "camera.pi.mains_hz"),
        ('subject = "hand"', "camera.pi.subject"),
        ("zoom = 2", "camera.pi"),
    ],
)
def test_a_wrong_setting_is_refused_by_its_key(tmp_path: Path, line: str, key: str) -> None:
    settings = tmp_path / "kiosk.toml"
    settings.write_text(f'[camera]\nsource = "pi"\n[camera.pi]\n{line}\n')
    with pytest.raises(BadConfiguration) as refused:
        load(settings)
    assert key in str(refused.value)

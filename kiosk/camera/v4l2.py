"""A USB camera, through OpenCV's Video4Linux.

The pictures are asked for as the camera sends them: of a JPEG the grey part alone is decoded, and an
uncompressed picture holds it ready, while OpenCV by itself would make colours that nobody looks at.
"""

import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import cv2
import numpy as np
import structlog
from numpy.typing import NDArray

from kiosk.camera.live import Picture
from kiosk.camera.source import Luma
from kiosk.config import UsbFormat, V4l2Settings
from kiosk.errors import BadConfiguration, CameraError

_PICTURE_SECONDS = 2
_DAMAGED_IN_A_ROW = 10
"""A camera's first pictures, and those on a bad cable, can be truncated JPEGs."""

log = structlog.get_logger(__name__)


class Capture(Protocol):
    """What is used of OpenCV's VideoCapture."""

    def isOpened(self) -> bool: ...  # noqa: N802  OpenCV's name

    def set(self, key: int, value: float, /) -> bool: ...

    def get(self, key: int, /) -> float: ...

    def read(self) -> tuple[bool, NDArray[Any]]: ...

    def release(self) -> None: ...


def capture_device(device: int | str) -> Capture:
    """Open a device with OpenCV, which waits ten seconds for a picture unless told otherwise."""
    os.environ["OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT"] = str(_PICTURE_SECONDS)
    return cv2.VideoCapture(device, cv2.CAP_V4L2)


def open_v4l2(
    settings: V4l2Settings, capture: Callable[[int | str], Capture] = capture_device
) -> "V4l2Camera":
    """Open the camera.

    Raises:
        BadConfiguration: the camera does not have the size or format asked of it.
        CameraError: there is no such device, or somebody else has it.
    """
    device = capture(settings.device)
    try:
        if not device.isOpened():
            raise CameraError(f"camera {settings.device} cannot be opened: not there, or in use")
        _ask(device, settings)
        _compare(device, settings)
    except BaseException:
        device.release()
        raise
    return V4l2Camera(device, settings)


def _ask(device: Capture, settings: V4l2Settings) -> None:
    # The format comes first: what sizes and rates there are depends on it.
    device.set(cv2.CAP_PROP_FOURCC, _fourcc(settings.format))
    device.set(cv2.CAP_PROP_FRAME_WIDTH, settings.width)
    device.set(cv2.CAP_PROP_FRAME_HEIGHT, settings.height)
    device.set(cv2.CAP_PROP_FPS, settings.fps)
    device.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    device.set(cv2.CAP_PROP_CONVERT_RGB, 0)


def _compare(device: Capture, settings: V4l2Settings) -> None:
    """A driver takes what is nearest, in silence."""
    asked = (settings.format.value, settings.width, settings.height)
    given = (
        _name(device.get(cv2.CAP_PROP_FOURCC)),
        round(device.get(cv2.CAP_PROP_FRAME_WIDTH)),
        round(device.get(cv2.CAP_PROP_FRAME_HEIGHT)),
    )
    if given != asked:
        raise BadConfiguration(
            "camera.v4l2.format, camera.v4l2.width, camera.v4l2.height: take what the camera has: "
            f"asked for {asked[0]} {asked[1]} × {asked[2]}, it gives {given[0]} {given[1]} × {given[2]}"
        )
    fps = device.get(cv2.CAP_PROP_FPS)
    if 0 < fps < settings.fps:
        log.warning("the camera is slower than asked", asked=settings.fps, gives=fps)


def _fourcc(kind: UsbFormat) -> int:
    return cv2.VideoWriter.fourcc(*kind.value)


def _name(fourcc: float) -> str:
    return int(fourcc).to_bytes(4, "little").decode("latin-1").rstrip("\0 ")


def _from_jpeg(data: NDArray[np.uint8]) -> Luma | None:
    image = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    return None if image is None else np.asarray(image, np.uint8)


def _from_yuyv(data: NDArray[np.uint8]) -> Luma:
    return np.ascontiguousarray(data[:, :, 0])


def _from_grey(data: NDArray[np.uint8]) -> Luma:
    return data if data.ndim == 2 else np.ascontiguousarray(data[:, :, 0])


_LUMA: Mapping[UsbFormat, Callable[[NDArray[np.uint8]], Luma | None]] = {
    UsbFormat.MJPG: _from_jpeg,
    UsbFormat.YUYV: _from_yuyv,
    UsbFormat.GREY: _from_grey,
}


class V4l2Camera:
    """One opened USB camera."""

    def __init__(self, device: Capture, settings: V4l2Settings) -> None:
        self._device = device
        self._luma = _LUMA[settings.format]
        self._shape = (settings.height, settings.width)

    def read(self) -> Picture:
        for _ in range(_DAMAGED_IN_A_ROW):
            luma = self._luma(self._raw())
            if luma is not None and luma.shape == self._shape:
                return Picture(luma, time.monotonic())
        raise CameraError(f"{_DAMAGED_IN_A_ROW} damaged pictures one after another")

    def close(self) -> None:
        self._device.release()

    def _raw(self) -> NDArray[np.uint8]:
        came, data = self._device.read()
        if not came:
            raise CameraError(f"no picture for {_PICTURE_SECONDS} seconds, or the camera was unplugged")
        return np.asarray(data, np.uint8)

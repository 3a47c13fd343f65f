"""OpenCV's VideoCapture of a USB camera, in as far as it is used: it takes the nearest of what it has.

Pictures come as the real one hands them on when it is told not to convert: a JPEG's bytes in one row, YUYV in
two channels. A failed read returns false at once, as after the cable was pulled.
"""

from collections.abc import Iterable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.camera.source import Luma
from kiosk.config import UsbFormat
from tests.factories.cards import as_jpeg

NOTHING = np.zeros(0, np.uint8)


def sent(picture: Luma, kind: UsbFormat) -> NDArray[np.uint8]:
    """Return a picture as a camera sends it in a format."""
    if kind is UsbFormat.MJPG:
        return np.frombuffer(as_jpeg(picture), np.uint8).reshape(1, -1)
    if kind is UsbFormat.YUYV:
        return np.dstack([picture, np.full_like(picture, 128)])
    return picture.copy()


class PretendedCapture:
    """A camera with these formats and this size, that sends these pictures."""

    def __init__(
        self,
        pictures: Iterable[NDArray[np.uint8]] = (),
        *,
        formats: Iterable[UsbFormat] = tuple(UsbFormat),
        size: tuple[int, int] = (1280, 720),
        fps: float = 30.0,
        is_there: bool = True,
    ) -> None:
        self._pictures = iter(pictures)
        self._formats = list(formats)
        self._size = size
        self._is_open = is_there
        self.asked: dict[int, float] = {}
        self._given: dict[int, float] = {
            cv2.CAP_PROP_FOURCC: _code(self._formats[0]),
            cv2.CAP_PROP_FRAME_WIDTH: size[0],
            cv2.CAP_PROP_FRAME_HEIGHT: size[1],
            cv2.CAP_PROP_FPS: fps,
        }

    def isOpened(self) -> bool:  # noqa: N802  OpenCV's name
        return self._is_open

    def set(self, key: int, value: float, /) -> bool:
        self.asked[key] = value
        if key == cv2.CAP_PROP_FOURCC and value in [_code(kind) for kind in self._formats]:
            self._given[key] = value
        return True

    def get(self, key: int, /) -> float:
        return self._given[key]

    def read(self) -> tuple[bool, NDArray[Any]]:
        picture = next(self._pictures, None) if self._is_open else None
        return (False, NOTHING) if picture is None else (True, picture)

    def release(self) -> None:
        self._is_open = False


def _code(kind: UsbFormat) -> int:
    return cv2.VideoWriter.fourcc(*kind.value)

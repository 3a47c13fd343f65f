"""Recorded frames in a camera's place: a folder of images, or a video."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import structlog

from kiosk.camera.images import load_image
from kiosk.camera.pace import Pace
from kiosk.camera.source import Frame, Luma
from kiosk.errors import CameraError, UnreadableImage

log = structlog.get_logger(__name__)


def own_fps(path: Path) -> float | None:
    """Return the rate that a video was recorded at; a folder has none."""
    if path.is_dir():
        return None
    video = cv2.VideoCapture(str(path))
    try:
        return video.get(cv2.CAP_PROP_FPS) or None
    finally:
        video.release()


class FilesCamera:
    """Shows what is recorded at ``path``: a folder's images in the order of their names, or a video.

    ``fps`` is frames a second, None as fast as they are taken; ``loop`` begins again at the end.
    Images that cannot be read are skipped and logged.
    """

    def __init__(
        self,
        path: Path,
        fps: float | None,
        *,
        loop: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._fps = fps
        self._loop = loop
        self._clock = clock
        self._closed = threading.Event()

    def frames(self) -> Iterator[Frame]:
        """Yield the recorded frames.

        Raises:
            CameraError: there is no such folder or video, or nothing in it can be read.
        """
        pace = Pace(self._fps, self._clock)
        for index, luma in enumerate(self._rounds()):
            if self._closed.wait(pace.wait_seconds()):
                return
            pace.shown()
            yield Frame(luma, self._clock(), index)

    def close(self) -> None:
        self._closed.set()

    def _rounds(self) -> Iterator[Luma]:
        while not self._closed.is_set():
            is_empty = True
            for luma in self._recording():
                is_empty = False
                yield luma
            if is_empty and not self._closed.is_set():
                raise CameraError(f"{self._path}: nothing there can be read as a picture")
            if not self._loop:
                return

    def _recording(self) -> Iterator[Luma]:
        if self._path.is_dir():
            return self._images()
        if self._path.is_file():
            return self._video()
        raise CameraError(f"{self._path}: no such folder or video")

    def _images(self) -> Iterator[Luma]:
        for path in sorted(each for each in self._path.iterdir() if each.is_file()):
            if self._closed.is_set():
                return
            try:
                yield load_image(path)
            except UnreadableImage as error:
                log.warning("image_skipped", path=str(path), reason=str(error))

    def _video(self) -> Iterator[Luma]:
        video = cv2.VideoCapture(str(self._path))
        try:
            while not self._closed.is_set():
                taken, image = video.read()
                if not taken:
                    return
                yield np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
        finally:
            video.release()

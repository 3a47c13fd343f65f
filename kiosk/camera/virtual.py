"""A camera without a lens: it shows an empty scene, and what others hold up to it."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import count

import numpy as np

from kiosk.camera.images import MAX_PIXELS
from kiosk.camera.pace import Pace
from kiosk.camera.source import Frame, Luma
from kiosk.errors import CameraError, UnreadableImage

_EMPTY_SCENES = 4
"""Enough that no frame is the very same as the one before, as with a real sensor."""


class _Posting:
    """A picture somebody holds up, from being queued to being taken."""

    def __init__(self, luma: Luma) -> None:
        self.luma = luma
        self.is_taken = False


class VirtualCamera:
    """Shows posted pictures one after another, each for ``hold`` seconds, and else an empty scene.

    ``size`` is the empty scene's (height, width); posted pictures are handed on as they are.
    """

    def __init__(
        self,
        size: tuple[int, int] = (720, 1280),
        hold: float = 0.3,
        fps: float = 10,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._empty = [_empty_scene(size, seed) for seed in range(_EMPTY_SCENES)]
        self._hold = hold
        self._fps = fps
        self._clock = clock
        self._changed = threading.Condition()
        self._waiting: deque[_Posting] = deque()
        self._shown: _Posting | None = None
        self._shown_until = 0.0
        self._closed = False

    def show(self, luma: Luma, timeout: float = 5.0) -> None:
        """Hold a picture, (height, width), up to the camera; returns when the scanner has taken it.

        Raises:
            UnreadableImage: the picture has no pixels, or more than 50 million.
            CameraError: nobody took it within ``timeout`` seconds, or the camera was closed.
        """
        posting = _Posting(_checked(luma))
        with self._changed:
            self._waiting.append(posting)
            self._changed.notify_all()
            self._changed.wait_for(lambda: posting.is_taken or self._closed, timeout)
            if posting.is_taken:
                return
            self._waiting.remove(posting)
            raise CameraError(
                "the camera is closed" if self._closed else "the scanner took no picture in time"
            )

    def frames(self) -> Iterator[Frame]:
        pace = Pace(self._fps, self._clock)
        for index in count():
            luma = self._next(pace.wait_seconds(), index)
            if luma is None:
                return
            pace.shown()
            yield Frame(luma, self._clock(), index)

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _next(self, wait: float, index: int) -> Luma | None:
        """Wait for the next frame's time, or less when a picture is held up to an empty scene."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._can_change(), wait)
            if self._closed:
                return None
            if not self._is_held():
                self._shown = self._take() if self._waiting else None
            return self._shown.luma if self._shown else self._empty[index % _EMPTY_SCENES]

    def _is_held(self) -> bool:
        return self._shown is not None and self._clock() < self._shown_until

    def _can_change(self) -> bool:
        return bool(self._waiting) and not self._is_held()

    def _take(self) -> _Posting:
        posting = self._waiting.popleft()
        posting.is_taken = True
        self._shown_until = self._clock() + self._hold
        self._changed.notify_all()
        return posting


def _checked(luma: Luma) -> Luma:
    if luma.ndim != 2 or luma.dtype != np.uint8 or not luma.size:
        raise UnreadableImage("a picture is grey, (height, width), and has at least one pixel")
    if luma.size > MAX_PIXELS:
        raise UnreadableImage(f"{luma.size // 10**6} megapixels are more than {MAX_PIXELS // 10**6}")
    own = luma.copy()
    own.flags.writeable = False
    return own


def _empty_scene(size: tuple[int, int], seed: int) -> Luma:
    """Return a wall in even light, as a sensor sees it: a grey gradient with noise."""
    random = np.random.default_rng(seed)
    height, width = size
    light = np.linspace(96, 128, width) + np.linspace(0, 24, height)[:, None]
    scene = np.asarray(np.rint(light + random.normal(0, 2.5, size)).clip(0, 255), np.uint8)
    scene.flags.writeable = False
    return scene

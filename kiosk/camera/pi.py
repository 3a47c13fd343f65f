"""A camera at the Pi's own connector, through picamera2.

picamera2 comes from Debian, not from the package index, so it is imported when the camera is opened. Its
ways that shaped this: a wait that timed out leaves its job behind, which would eat the next picture and
block the stop; settings that a camera lacks are an error; a size that it lacks is changed in silence.
"""

import gc
import importlib
import time
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import closing, contextmanager
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kiosk.camera.live import NewProcessNeeded, Picture
from kiosk.camera.source import Luma
from kiosk.config import PiSettings, Subject
from kiosk.errors import BadConfiguration, CameraError

_PICTURE_SECONDS = 2.0
_LAST_MOMENT_SECONDS = 0.5
_BUFFERS = 4
_LUMA_FIRST = frozenset({"YUV420", "YVU420", "NV12", "NV21"})
"""Formats that begin with the whole grey picture."""

_BELIEVABLE_AGE = 1.0
"""Seconds; the sensor's clock and ours are not the same everywhere."""

Control = int | float | tuple[int, int]


class AfMode(IntEnum):
    """libcamera's own numbers, as all of these."""

    MANUAL = 0
    CONTINUOUS = 2


class AfRange(IntEnum):
    """Where autofocus searches."""

    MACRO = 1


class AfSpeed(IntEnum):
    """How quickly autofocus moves the lens."""

    FAST = 1


class AeConstraintMode(IntEnum):
    """What automatic exposure looks after."""

    HIGHLIGHT = 1


class AeExposureMode(IntEnum):
    """What automatic exposure prefers: here short, which keeps a moving card sharp."""

    SHORT = 1


class AeFlickerMode(IntEnum):
    """Against bands from lamps on the mains."""

    MANUAL = 1


def controls_for(settings: PiSettings, available: Collection[str]) -> dict[str, Control]:
    """Return the settings as libcamera's controls, of those that the camera has."""
    frame_us = round(1e6 / settings.fps)
    wanted: dict[str, Control] = {
        # A frame's time bounds the exposure, and so the blur of what moves.
        "FrameDurationLimits": (frame_us, frame_us),
        "AeExposureMode": AeExposureMode.SHORT,
        **_focus(settings.focus_metres),
    }
    if settings.subject is Subject.PHONE:
        wanted |= {"AeConstraintMode": AeConstraintMode.HIGHLIGHT, "ExposureValue": -0.5}
    if settings.mains_hz:
        # Lamps flicker twice a period.
        wanted |= {
            "AeFlickerMode": AeFlickerMode.MANUAL,
            "AeFlickerPeriod": round(1e6 / (2 * settings.mains_hz)),
        }
    return {name: value for name, value in wanted.items() if name in available}


def _focus(metres: float | None) -> dict[str, Control]:
    if metres is None:
        return {"AfMode": AfMode.CONTINUOUS, "AfRange": AfRange.MACRO, "AfSpeed": AfSpeed.FAST}
    return {"AfMode": AfMode.MANUAL, "LensPosition": 1 / metres}


def luma_plane(buffer: NDArray[np.uint8], size: tuple[int, int], stride: int) -> Luma:
    """Return a copy of the grey picture at the beginning of a buffer.

    ``size`` is (width, height); ``stride`` the bytes from row to row. The buffer is the driver's again as
    soon as its request is released, so a view would change under whoever holds it.
    """
    width, height = size
    return buffer[: stride * height].reshape(height, stride)[:, :width].copy()


def taken_at(sensor_ns: int | None, boot_ns: int, monotonic: float) -> float:
    """Return when a picture was taken, on the monotonic clock, in seconds.

    The sensor's time is in ``boot_ns``'s clock, which also counts while the machine sleeps. A time that
    cannot be true is taken for now.
    """
    if sensor_ns is None:
        return monotonic
    age = (boot_ns - sensor_ns) / 1e9
    return monotonic - age if 0 <= age <= _BELIEVABLE_AGE else monotonic


def open_pi(settings: PiSettings) -> "PiCamera":
    """Open and start the camera.

    Raises:
        BadConfiguration: picamera2 is missing, or the camera does not have what is asked of it.
        NewProcessNeeded: picamera2 keeps a camera that it failed to open for itself.
        CameraError: there is no such camera, or it does not start.
    """
    picamera2 = _picamera2()
    if settings.number >= len(picamera2.Picamera2.global_camera_info()):
        raise CameraError(f"there is no camera {settings.number} (camera.pi.number)")
    try:
        device = picamera2.Picamera2(settings.number)
    except (RuntimeError, OSError) as error:
        raise NewProcessNeeded(f"the camera cannot be opened: {error}") from error
    camera = PiCamera(device, picamera2.MappedArray)
    try:
        camera.start(settings)
    except BaseException:
        camera.close()
        raise
    return camera


def _picamera2() -> Any:
    try:
        # By its name: there is nothing to check types against where it is not installed.
        return importlib.import_module("picamera2")
    except ImportError as error:
        raise BadConfiguration(
            "camera.source: pi takes Debian's package python3-picamera2, "
            f"and a virtual environment with the system's packages ({error})"
        ) from None


class PiCamera:
    """One opened Picamera2. ``mapped`` is picamera2's MappedArray."""

    def __init__(self, device: Any, mapped: Any) -> None:
        self._device = device
        self._mapped = mapped
        self._size = (0, 0)
        self._stride = 0

    def start(self, settings: PiSettings) -> None:
        """Configure and start.

        Raises:
            BadConfiguration: the camera has another size, or no grey picture to give.
            CameraError: the camera does not start.
        """
        with _as_camera_error("the camera does not start"):
            self._device.configure(self._configuration(settings))
            self._accept(self._device.camera_configuration()["main"], settings)
            self._device.start()

    def read(self) -> Picture:
        with _as_camera_error("the camera fails"):
            request = self._next_request()
            try:
                return self._picture(request)
            finally:
                request.release()

    def close(self) -> None:
        """Give the camera back. It may hang; its caller has a deadline."""
        # A job that still waits would hold up the stop for ever if no picture comes any more.
        self._device.cancel_all_and_flush()
        with closing(self._device):
            self._device.stop()
        # The device's descriptors go with its last reference, and some are in cycles.
        gc.collect()

    def _configuration(self, settings: PiSettings) -> Any:
        return self._device.create_video_configuration(
            main={"size": (settings.width, settings.height), "format": "YUV420"},
            raw=None,
            buffer_count=_BUFFERS,
            queue=False,
            display=None,
            encode=None,
            controls=controls_for(settings, self._device.camera_controls),
        )

    def _accept(self, given: Mapping[str, Any], settings: PiSettings) -> None:
        asked = (settings.width, settings.height)
        if given["size"] != asked:
            raise BadConfiguration(
                f"camera.pi.width, camera.pi.height: take a size that the camera has: "
                f"asked for {asked[0]} × {asked[1]}, it gives {given['size'][0]} × {given['size'][1]}"
            )
        if given["format"] not in _LUMA_FIRST:
            raise BadConfiguration(f"camera.source: this camera gives {given['format']}, not YUV420")
        self._size = asked
        self._stride = given["stride"]

    def _next_request(self) -> Any:
        job = self._device.capture_request(wait=False)
        try:
            return self._device.wait(job, timeout=_PICTURE_SECONDS)
        except TimeoutError:
            self._device.cancel_all_and_flush()
        try:
            # A job that was done at the very last moment was not cancelled, and holds a buffer.
            return self._device.wait(job, timeout=_LAST_MOMENT_SECONDS)
        except (CancelledError, TimeoutError):
            raise CameraError(f"no picture for {_PICTURE_SECONDS:g} seconds") from None

    def _picture(self, request: Any) -> Picture:
        at = taken_at(
            request.get_metadata().get("SensorTimestamp"),
            time.clock_gettime_ns(time.CLOCK_BOOTTIME),
            time.monotonic(),
        )
        with self._mapped(request, "main", reshape=False, write=False) as mapped:
            return Picture(luma_plane(mapped.array, self._size, self._stride), at)


@contextmanager
def _as_camera_error(what: str) -> Iterator[None]:
    """Name what picamera2 and libcamera fail with."""
    try:
        yield
    except (CameraError, BadConfiguration):
        raise
    except (RuntimeError, OSError) as error:
        raise CameraError(f"{what}: {error}") from error

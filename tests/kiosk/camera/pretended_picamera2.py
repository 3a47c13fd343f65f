"""A picamera2 without libcamera, with the ways of the real one that matter to who uses it.

It keeps the promises in ``pi_promises``, which the real one is held to as well. As there, a wait that
timed out leaves its job behind, a job that is done later keeps its buffer, a stop waits behind the jobs,
and a size that the camera does not have is changed in silence.
"""

import threading
import time
from collections.abc import Mapping
from concurrent.futures import CancelledError, Future
from types import ModuleType, TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kiosk.camera.source import Luma

CONTROLS = ("FrameDurationLimits", "AeExposureMode")
_STRIDE_STEP = 64


class PretendedSensor:
    """What all cameras of one pretended picamera2 look through."""

    def __init__(self, shown: Luma, fps: float = 200.0) -> None:
        self.shown = shown
        self.period = 1 / fps
        self.is_taken = False
        self.is_frozen = False

    def freeze(self) -> None:
        self.is_frozen = True

    def thaw(self) -> None:
        self.is_frozen = False


class _Job(Future[Any]):
    """Waits for the next picture, or for the stop."""

    def __init__(self, *, is_stop: bool = False) -> None:
        super().__init__()
        self.is_stop = is_stop


class _Request:
    def __init__(self, device: "PretendedPicamera2", buffer: NDArray[np.uint8]) -> None:
        self._device = device
        self.buffer = buffer
        self._taken_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)

    def get_metadata(self) -> Mapping[str, Any]:
        return {"SensorTimestamp": self._taken_ns}

    def release(self) -> None:
        self._device.take_back(self.buffer)


class PretendedPicamera2:
    """One camera with a thread that fills its buffers."""

    sensor: PretendedSensor

    @staticmethod
    def global_camera_info() -> list[dict[str, Any]]:
        return [{"Model": "pretended", "Num": 0}]

    def __init__(self, number: int = 0) -> None:
        if number != 0:
            raise RuntimeError(f"No camera number {number} found")
        if self.sensor.is_taken:
            raise RuntimeError("Camera __init__ sequence did not complete.")
        self.sensor.is_taken = True
        self.camera_controls = dict.fromkeys(CONTROLS, (0, 1, 0))
        self._configuration: dict[str, Any] = {}
        self._free: list[NDArray[np.uint8]] = []
        self._jobs: list[_Job] = []
        self._lock = threading.Lock()
        self._is_running = False

    def create_video_configuration(self, **asked: Any) -> dict[str, Any]:
        return asked

    def configure(self, configuration: dict[str, Any]) -> None:
        missing = set(configuration["controls"]) - set(self.camera_controls)
        if missing:
            raise RuntimeError(f"Control {missing.pop()} is not advertised by libcamera")
        height, width = self.sensor.shown.shape
        stride = -(-width // _STRIDE_STEP) * _STRIDE_STEP
        given = {"size": (width, height), "format": "NV12", "stride": stride}
        self._configuration = {**configuration, "main": given}
        self._free = [
            np.zeros(stride * height * 3 // 2, np.uint8) for _ in range(configuration["buffer_count"])
        ]

    def camera_configuration(self) -> dict[str, Any]:
        return self._configuration

    def start(self) -> None:
        self._is_running = True
        threading.Thread(target=self._run, daemon=True).start()

    def capture_request(self, wait: bool) -> _Job:
        assert wait is False
        return self._queue(_Job())

    def wait(self, job: _Job, timeout: float | None = None) -> _Request:
        request: _Request = job.result(timeout)
        return request

    def cancel_all_and_flush(self) -> None:
        with self._lock:
            for job in self._jobs:
                job.set_exception(CancelledError())
            self._jobs.clear()

    def stop(self) -> None:
        if self._is_running:
            self._queue(_Job(is_stop=True)).result()

    def close(self) -> None:
        self.stop()
        self.sensor.is_taken = False

    def take_back(self, buffer: NDArray[np.uint8]) -> None:
        buffer[:] = 0
        self._free.append(buffer)

    def _queue(self, job: _Job) -> _Job:
        with self._lock:
            self._jobs.append(job)
        return job

    def _run(self) -> None:
        while self._is_running:
            time.sleep(self.sensor.period)
            with self._lock:
                self._do_first_job()

    def _do_first_job(self) -> None:
        if not self._jobs:
            return
        if self._jobs[0].is_stop:
            self._is_running = False
            self._jobs.pop(0).set_result(None)
        elif self._free and not self.sensor.is_frozen:
            self._jobs.pop(0).set_result(_Request(self, self._filled(self._free.pop(0))))

    def _filled(self, buffer: NDArray[np.uint8]) -> NDArray[np.uint8]:
        height, width = self.sensor.shown.shape
        stride = self._configuration["main"]["stride"]
        buffer[: stride * height].reshape(height, stride)[:, :width] = self.sensor.shown
        return buffer


class _MappedArray:
    def __init__(self, request: _Request, stream: str, reshape: bool, write: bool) -> None:
        assert (stream, write) == ("main", False)
        if reshape:
            raise RuntimeError("Format NV12 not supported")
        self._request = request
        self.array = request.buffer

    def __enter__(self) -> "_MappedArray":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del self.array


def pretended_picamera2(sensor: PretendedSensor) -> ModuleType:
    """Return what ``import picamera2`` is to give."""
    module = ModuleType("picamera2")
    module.__dict__["Picamera2"] = type("Picamera2", (PretendedPicamera2,), {"sensor": sensor})
    module.__dict__["MappedArray"] = _MappedArray
    return module

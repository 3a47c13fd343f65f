"""Real picamera2 on libcamera's virtual camera: everything but the sensor, on any machine.

The virtual camera shows JPEGs. Debian 13's libcamera (0.4.0) and picamera2 were not made for one
another there, so what does not fit is replaced from outside; each replacement says what it makes up for.
"""

import ctypes
import importlib
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

_CONFIGURATION = Path("/usr/share/libcamera/pipeline/virtual/virtual.yaml")
"""Fixed when libcamera was built; read, with all the pictures, when its first camera is looked for."""

_METADATA: Mapping[str, Any] = {"ExposureTime": 10_000, "AnalogueGain": 1.0}


def show(folder: Path, size: tuple[int, int] = (1280, 720)) -> None:
    """Declare one camera of ``size`` (width, height) that shows 0.jpg, 1.jpg, … of a folder in turn."""
    width, height = size
    _CONFIGURATION.parent.mkdir(parents=True, exist_ok=True)
    _CONFIGURATION.write_text(
        f'"Shown":\n'
        f"  supported_formats:\n"
        f"  - {{width: {width}, height: {height}, frame_rates: [30, 60]}}\n"
        f'  frames: {{path: "{folder}/"}}\n'
        f'  model: "Virtual camera"\n'
    )


class Sensor:
    """Keeps the time that a sensor would: the virtual camera fills a buffer the instant it is offered.

    A frozen sensor fills none. A wedged one cannot be stopped either, as when the kernel's driver hangs.
    """

    def __init__(self, fps: float = 30.0) -> None:
        self._period = 1 / fps
        self._offered: deque[Any] = deque()
        self._changed = threading.Condition()
        self._is_running = False
        self._is_frozen = False
        self._is_wedged = False
        self._thread: threading.Thread | None = None

    def freeze(self) -> None:
        self._is_frozen = True

    def thaw(self) -> None:
        self._is_frozen = False

    def wedge(self) -> None:
        self._is_frozen = self._is_wedged = True

    def drive(self, kind: Any) -> None:
        """Put this sensor before libcamera's class of cameras."""
        start, stop, queue_request = kind.start, kind.stop, kind.queue_request

        def started(camera: Any, *arguments: Any) -> Any:
            result = start(camera, *arguments)
            self._begin(lambda request: queue_request(camera, request))
            return result

        def stopped(camera: Any) -> Any:
            # A request that is dropped unfilled marks its buffers as cancelled for good.
            for request in self._end():
                queue_request(camera, request)
            return stop(camera)

        def offered(camera: Any, request: Any) -> Any:
            return None if self._take(request) else queue_request(camera, request)

        kind.start, kind.stop, kind.queue_request = started, stopped, offered

    def _begin(self, fill: Callable[[Any], None]) -> None:
        self._offered.clear()
        self._is_running = True
        self._thread = threading.Thread(target=self._run, args=(fill,), daemon=True)
        self._thread.start()

    def _end(self) -> list[Any]:
        if self._is_wedged:
            threading.Event().wait()
        with self._changed:
            self._is_running = False
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
        return list(self._offered)

    def _take(self, request: Any) -> bool:
        if self._is_running:
            self._offered.append(request)
        return self._is_running

    def _run(self, fill: Callable[[Any], None]) -> None:
        due = time.monotonic()
        while self._is_running:
            # A late picture does not make the next one late, and a long delay ends in no burst.
            due = max(due + self._period, time.monotonic())
            with self._changed:
                self._changed.wait_for(lambda: not self._is_running, due - time.monotonic())
            if self._is_running and not self._is_frozen and self._offered:
                fill(self._offered.popleft())


def install(fps: float = 30.0) -> Sensor:
    """Make picamera2 work here, before anybody imports it; returns what to freeze and thaw."""
    # Its preview on a screen is imported even where there is none.
    screen = sys.modules.setdefault("pykms", ModuleType("pykms"))
    screen.__dict__.setdefault("PixelFormat", _AnyFormat())
    libcamera: Any = importlib.import_module("libcamera")
    picamera2: Any = importlib.import_module("picamera2")
    allocator: Any = importlib.import_module("picamera2.allocators.dmaallocator")
    _give_memory(allocator, libcamera)
    # The virtual camera has no raw pictures, and says nothing of exposure.
    picamera2.Picamera2._get_raw_modes = _raw_modes
    _add_metadata(picamera2.CompletedRequest)
    sensor = Sensor(fps)
    sensor.drive(libcamera.Camera)
    return sensor


class _AnyFormat:
    """Pixel formats for a screen that is not there: every one exists."""

    def __getattr__(self, name: str) -> str:
        return name


def _raw_modes(camera: Any) -> list[dict[str, Any]]:
    _, _, width, height = camera.camera_properties["PixelArrayActiveAreas"][0]
    return [{"format": "NV12", "size": (width, height)}]


def _add_metadata(request: Any) -> None:
    given = request.get_metadata
    request.get_metadata = lambda self: {**_METADATA, **given(self)}


class _Heap:
    """Anonymous memory in place of the kernel's DMA heap."""

    def __init__(self) -> None:
        self._descriptor: Any = importlib.import_module("picamera2.dma_heap").UniqueFD

    def alloc(self, name: str, size: int) -> Any:
        descriptor = os.memfd_create(name)
        os.ftruncate(descriptor, size)
        return self._descriptor(descriptor)

    def close(self) -> None:
        """Nothing is held but what was given away."""


def _give_memory(allocator: Any, libcamera: Any) -> None:
    def two_planes(planes: list[Any]) -> Any:
        """The virtual camera writes the colours to a second plane, and picamera2 declares one."""
        (luma,) = planes
        chroma = libcamera.FrameBuffer.Plane()
        chroma.fd = luma.fd
        chroma.length = luma.length // 3
        luma.length -= chroma.length
        chroma.offset = luma.offset + luma.length
        buffer = libcamera.FrameBuffer([luma, chroma])
        _call_it_filled(buffer, libcamera)
        return buffer

    # In this module's eyes alone. Anonymous memory knows no cache to synchronise.
    allocator.DmaHeap = _Heap
    allocator.fcntl = SimpleNamespace(ioctl=lambda *arguments: 0)
    allocator.libcamera = SimpleNamespace(FrameBuffer=_Maker(two_planes, libcamera.FrameBuffer.Plane))


class _Maker:
    """Stands where the class FrameBuffer did: it is called, and has Plane."""

    def __init__(self, make: Callable[[list[Any]], Any], plane: Any) -> None:
        self._make = make
        self.Plane = plane

    def __call__(self, planes: list[Any]) -> Any:
        return self._make(planes)


def _call_it_filled(buffer: Any, libcamera: Any) -> None:
    """Say in libcamera's own memory that the buffer holds a good picture.

    This version's virtual camera never says so, picamera2 drops what is not called good, and Python has
    no way to set it. A wrapped object is a Python object's header and then the address of the real one,
    whose first 32 bits are the status; 0 is success.
    """
    metadata = buffer.metadata
    address = ctypes.c_void_p.from_address(id(metadata) + object.__basicsize__).value
    assert address is not None
    ctypes.c_uint32.from_address(address).value = 0
    assert metadata.status == libcamera.FrameMetadata.Status.Success

"""Looks at the camera and the decoder.

A camera is opened in a process of its own: a driver may hang or crash, and takes everything with it that
shares its process. While the scanner runs it has the camera, and tells of it itself.
"""

import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing

import msgspec
import numpy as np
import segno

from contracts.events import decode
from contracts.kiosk_state import Vitals
from kiosk.camera.source import FrameSource, Luma
from kiosk.config import CameraName, Home, load
from kiosk.doctor.report import Finding, bad, good, warning
from kiosk.errors import DecoderDied, KioskError
from kiosk.scanning.symbols import Effort
from kiosk.scanning.worker import Decoder, DecoderLimits

PROBE_SECONDS = 25.0
_LOOK_SECONDS = 1.5
_STALE_MS = 5_000
_DARK, _FLAT = 8.0, 2.0
"""Mean and spread of grey values, of 255: a covered lens is below both."""

_CABLES = {
    CameraName.PI: "Check the camera's ribbon cable, and whether `rpicam-hello --list-cameras` lists it.",
    CameraName.V4L2: "Check the camera's cable, and whether `v4l2-ctl --list-devices` lists it.",
    CameraName.FILES: "Correct camera.path in kiosk.toml: a folder with pictures, or a video.",
    CameraName.VIRTUAL: "Send this report to whoever maintains the kiosk.",
}


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """What a camera gave in a moment; ``mean`` and ``spread`` are of its last picture's grey values."""

    frames: int
    seconds: float
    width: int
    height: int
    mean: float
    spread: float


class NoSight(KioskError, OSError):
    """The camera could not be tried, or gave nothing."""


Try = Callable[[Home], Sight]


def camera(home: Home, vitals: Vitals | None, try_camera: Try) -> Finding:
    """Look at the camera: by what the scanner tells, or if it does not run, by trying it."""
    if vitals is not None:
        return _as_the_scanner_tells(vitals)
    source = load(home.settings).camera.source
    try:
        sight = try_camera(home)
    except NoSight as error:
        return bad(f"the {source} camera gives no pictures: {error}", _CABLES[source])
    told = (
        f"the {source} camera gives {sight.width} x {sight.height}, {_rate(sight)}; the scanner does not run"
    )
    if sight.mean < _DARK or sight.spread < _FLAT:
        return warning(
            f"{told}; its pictures show nothing", "Uncover the lens, and light the place before it."
        )
    return good(told)


def try_in_own_process(home: Home) -> Sight:
    """Open the configured camera in another process and return what it gave.

    Raises:
        NoSight: it gave nothing, in time.
    """
    arguments = [sys.executable, "-m", "kiosk", "try-camera", "--home", str(home.root)]
    try:
        done = subprocess.run(
            arguments, capture_output=True, timeout=PROBE_SECONDS, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        raise NoSight(f"nothing came in {PROBE_SECONDS:g} seconds") from None
    if done.returncode:
        raise NoSight(_last_words(done.stderr, done.returncode))
    return decode(done.stdout, Sight)


def look_through(source: FrameSource) -> Sight:
    """Take pictures for a moment.

    Raises:
        NoSight: it has none.
        CameraError: it fails.
    """
    first = last = None
    until = None
    count = 0
    for frame in source.frames():
        count += 1
        last = frame.luma
        first = frame.taken_at if first is None else first
        until = until or time.monotonic() + _LOOK_SECONDS
        if time.monotonic() >= until:
            break
    if last is None or first is None:
        raise NoSight("it ended without a picture")
    return _sight(count, frame.taken_at - first, last)


def decoder(home: Home) -> Finding:
    """Have the decoder's process read a code that is made on the spot."""
    text = f"HTTPS://DOCTOR.INVALID/{secrets.token_hex(13)}".upper()
    limits = DecoderLimits(memory_bytes=load(home.settings).decoder.memory_mb << 20)
    try:
        with closing(Decoder(limits)) as reader:
            decoded = reader.decode(picture_of(text), Effort.FULL)
    except DecoderDied as error:
        return bad(
            f"the decoder's process fails: {error}",
            "Give it more by decoder.memory_mb in kiosk.toml; if that does not help, install the kiosk anew.",
        )
    if [symbol.text for symbol in decoded.symbols] != [text]:
        return bad("the decoder did not read a clean code", "Install the kiosk's software anew.")
    return good(f"reads a code in {decoded.ms:.1f} ms")


def picture_of(text: str) -> Luma:
    """Return a clean picture of a QR code, 6 pixels a module with its quiet zone."""
    modules = np.array([list(row) for row in segno.make_qr(text, error="m").matrix], np.uint8)
    framed = np.pad(modules, 4)
    return np.asarray(np.where(np.kron(framed, np.ones((6, 6), np.uint8)), 20, 230), np.uint8)


def _as_the_scanner_tells(vitals: Vitals) -> Finding:
    age = vitals.frame_age_ms
    if age is None:
        return bad(
            f"the scanner runs, but the {vitals.camera} camera has given no picture yet",
            "Check the camera's cable and start the scanner anew.",
        )
    if age > _STALE_MS:
        return bad(
            f"the {vitals.camera} camera's last picture is {age / 1000:.0f} seconds old",
            "Check the camera's cable and start the scanner anew.",
        )
    told = f"the {vitals.camera} camera serves the scanner, last picture {age} ms old"
    if vitals.decoder_restarts:
        return good(f"{told}; the decoder was replaced {vitals.decoder_restarts} times since the start")
    return good(told)


def _sight(count: int, seconds: float, luma: Luma) -> Sight:
    height, width = luma.shape
    return Sight(
        frames=count,
        seconds=seconds,
        width=width,
        height=height,
        mean=float(luma.mean()),
        spread=float(luma.std()),
    )


def _rate(sight: Sight) -> str:
    if sight.frames < 2 or sight.seconds <= 0:
        return "a single picture"
    return f"{(sight.frames - 1) / sight.seconds:.0f} pictures a second"


def _last_words(stderr: bytes, status: int) -> str:
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    if status < 0:
        return f"the process that tried it was ended by signal {-status}"
    return lines[-1].removeprefix("Error: ") if lines else f"trying it ended with {status}"

"""What a camera with a lens is to those who watch it: opened, read, closed, and each of these can hang."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from kiosk.camera.source import Luma
from kiosk.errors import CameraError


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """What a camera saw, and when, on the monotonic clock, in seconds."""

    luma: Luma
    taken_at: float


class LiveCamera(Protocol):
    """An opened camera. It is opened, read and closed by one and the same thread."""

    def read(self) -> Picture:
        """Wait for the next picture.

        Raises:
            CameraError: none came in time, or the camera is gone.
        """

    def close(self) -> None:
        """Give the device back."""


Opener = Callable[[], LiveCamera]
"""Opens the camera. It raises CameraError when another try may help."""


class NewProcessNeeded(CameraError):
    """This process cannot open the camera any more; a new one may."""

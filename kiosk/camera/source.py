"""What every camera is to the scanner: a supply of luma frames that can be stopped."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Luma = NDArray[np.uint8]
"""A grey picture, (height, width)."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture. ``luma`` is (height, width) uint8; ``taken_at`` is on the monotonic clock, in seconds."""

    luma: Luma
    taken_at: float
    index: int


class FrameSource(Protocol):
    """A camera, or what stands in for one."""

    def frames(self) -> Iterator[Frame]:
        """Yield frames until closed, or until there are no more.

        Raises:
            CameraError: the source gives no frames.
        """

    def close(self) -> None:
        """End ``frames()``, from any thread; safe to call twice."""

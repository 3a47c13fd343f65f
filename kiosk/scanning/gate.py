"""Tells whether anything moved before the camera, for a fraction of what looking for a code costs."""

from dataclasses import dataclass, field

import cv2
import numpy as np

from kiosk.camera.source import Luma

_SMALL = (160, 90)
_BLOCKS = (20, 10)
_MOVED = 2.0
"""Grey levels by which a block must differ beyond what its noise explains."""
_LEARNING = 0.2


@dataclass(slots=True)
class MotionGate:
    """Compares each frame with the last one that was looked at."""

    _seen: Luma | None = None
    _noise: float = 2.0
    _shape: tuple[int, ...] = field(default=(0, 0))

    def has_changed(self, luma: Luma) -> bool:
        """Tell whether something is elsewhere than in the frame that was last remembered."""
        small = _small(luma)
        if self._seen is None or luma.shape != self._shape:
            return True
        differs = cv2.resize(cv2.absdiff(small, self._seen), _BLOCKS, interpolation=cv2.INTER_AREA)
        usual = float(np.median(differs))
        if float(differs.max()) > 1.6 * max(usual, self._noise) + _MOVED:
            return True
        self._noise += _LEARNING * (usual - self._noise)
        return False

    def remember(self, luma: Luma) -> None:
        """Take this frame as what the next ones are compared with."""
        self._seen, self._shape = _small(luma), luma.shape


def _small(luma: Luma) -> Luma:
    return np.asarray(cv2.resize(luma, _SMALL, interpolation=cv2.INTER_LINEAR), np.uint8)

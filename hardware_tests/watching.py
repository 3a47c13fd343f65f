"""Watches a live camera for a while, as the scanner does, and says what it was like."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from kiosk.camera.source import Frame, FrameSource

_KEPT = 30
"""Frames kept to look at; all of them would not fit into a small Pi's memory."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What was seen; times in seconds."""

    first_after: float
    taken_at: Sequence[float]
    ages: Sequence[float]
    kept: Sequence[Frame]

    @property
    def fps(self) -> float:
        return (len(self.taken_at) - 1) / (self.taken_at[-1] - self.taken_at[0])

    def __str__(self) -> str:
        gaps = [later - earlier for earlier, later in pairwise(self.taken_at)]
        return (
            f"first frame after {self.first_after:.2f} s, then {len(self.taken_at)} frames, "
            f"{self.fps:.1f} a second, longest gap {max(gaps) * 1000:.0f} ms; "
            f"age when handed over: median {np.median(self.ages) * 1000:.1f} ms, "
            f"highest {max(self.ages) * 1000:.1f} ms; mean grey {self.kept[-1].luma.mean():.0f}"
        )


def watch(camera: FrameSource, seconds: float) -> Watch:
    """Take frames for so long after the first one, and close the camera."""
    begun = time.monotonic()
    times: list[float] = []
    ages: list[float] = []
    kept: list[Frame] = []
    first = begun
    for frame in camera.frames():
        now = time.monotonic()
        first = first if times else now
        times.append(frame.taken_at)
        ages.append(now - frame.taken_at)
        kept = [*kept, frame][-_KEPT:]
        if now - first >= seconds:
            camera.close()
    return Watch(first - begun, times, ages, kept)


def assert_pictures(frames: Sequence[Frame], height: int, width: int) -> None:
    """Check that these are pictures of something, from a sensor that is alive."""
    last = frames[-1].luma
    assert {frame.luma.shape for frame in frames} == {(height, width)}
    assert last.mean() > 4, "all is black: is the lens covered, or the room dark?"
    assert last.mean() < 251, "all is white: is a lamp before the lens?"
    assert last.std() > 1, "the picture is one even grey"
    assert any(np.any(one.luma != other.luma) for one, other in pairwise(frames)), (
        "the pictures are the very same: no sensor is without noise"
    )

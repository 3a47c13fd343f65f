"""What the scanner writes of itself once a second, for the agent to report."""

import threading
from pathlib import Path

import msgspec
import structlog

from contracts.kiosk_state import Vitals
from kiosk.device.clock import Clock
from kiosk.scanning.scanner import Vital

_EVERY_SECONDS = 1.0

log = structlog.get_logger(__name__)


class VitalsFile:
    """A file in the runtime folder, replaced whole each time."""

    def __init__(self, path: Path, vital: Vital, camera: str, clock: Clock) -> None:
        self._path = path
        self._vital = vital
        self._camera = camera
        self._clock = clock
        self._is_failing = False
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o770)

    def run(self, stop: threading.Event) -> None:
        """Write until told to stop."""
        while not stop.wait(_EVERY_SECONDS):
            self.write()

    def write(self) -> bool:
        """Write the vitals as they are now; False where they could not be: scanning goes on without."""
        temporary = self._path.with_name(self._path.name + ".new")
        try:
            temporary.write_bytes(msgspec.json.encode(self._vitals()))
            temporary.replace(self._path)
        except OSError as error:
            if not self._is_failing:
                log.error("the vitals cannot be written", reason=str(error))
            self._is_failing = True
            return False
        self._is_failing = False
        return True

    def _vitals(self) -> Vitals:
        now = self._clock.monotonic()
        last = self._vital.last_frame_at
        return Vitals(
            monotonic_ms=int(now * 1000),
            frame_age_ms=None if last is None else int((now - last) * 1000),
            frames=self._vital.frames,
            decode_ms=self._vital.decode_ms,
            decoder_restarts=self._vital.decoder_restarts,
            camera=self._camera,
        )

"""The scanner's loop: every frame is read, and a decoder that dies costs one frame and no more."""

import threading
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from kiosk.camera.source import Frame
from kiosk.errors import CameraError, DecoderDied
from kiosk.scanning.scanner import Scanner
from kiosk.scanning.symbols import Glimpse, Hint, Reader, Symbol
from kiosk.scanning.worker import Decoded
from tests.fakes.kiosk_clock import KioskClock
from tests.fakes.patience import eventually

QUAD = ((0, 0), (1, 0), (1, 1), (0, 1))


class Roll:
    """A camera with so many frames, each filled with its number; without a number it has no end."""

    def __init__(self, clock: KioskClock, count: int | None = None) -> None:
        self._clock = clock
        self._count = count
        self.is_closed = threading.Event()

    def frames(self) -> Iterator[Frame]:
        index = 0
        while not self.is_closed.is_set() and index != self._count:
            yield Frame(np.full((4, 4), index % 256, np.uint8), self._clock.monotonic(), index)
            index += 1

    def close(self) -> None:
        self.is_closed.set()


class BrokenCamera(Roll):
    """Gives one frame and fails."""

    def frames(self) -> Iterator[Frame]:
        yield from super().frames()
        raise CameraError("the cable moved")


class SayingDecoder:
    """Reads from a frame what a test wrote for its number; None is a death."""

    def __init__(self, texts: dict[int, list[str] | None]) -> None:
        self._texts = texts

    def decode(self, luma: NDArray[np.uint8]) -> Decoded:
        texts = self._texts.get(int(luma[0, 0]), [])
        if texts is None:
            raise DecoderDied("the decoder took longer than 0.8 s")
        return Decoded(tuple(Symbol(text, QUAD, Reader.ZXING) for text in texts), 4.5)


class GlimpsingDecoder:
    """Reads the card from the frames it was told, and in all others only sees that there is one."""

    def __init__(self, *readable: int) -> None:
        self._readable = readable

    def decode(self, luma: NDArray[np.uint8]) -> Decoded:
        if int(luma[0, 0]) in self._readable:
            return Decoded((Symbol("A", QUAD, Reader.ZXING),), 4.5)
        return Decoded((), 4.5, Glimpse(QUAD, Hint.LESS_GLARE))


class RecordingWatcher:
    """Remembers what was seen and how often time was told."""

    def __init__(self) -> None:
        self.seen: list[tuple[list[str], float]] = []
        self.glimpses: list[Hint] = []
        self.ticks: list[float] = []

    def saw(self, texts: Sequence[str], now: float) -> None:
        self.seen.append((list(texts), now))

    def glimpsed(self, hint: Hint, now: float) -> None:
        self.glimpses.append(hint)

    def tick(self, now: float) -> None:
        self.ticks.append(now)


@pytest.fixture
def clock() -> KioskClock:
    return KioskClock()


@pytest.fixture
def watcher() -> RecordingWatcher:
    return RecordingWatcher()


def test_what_each_frame_holds_is_told_and_empty_frames_are_not(
    clock: KioskClock, watcher: RecordingWatcher
) -> None:
    decoder = SayingDecoder({1: ["A"], 3: ["A", "B"]})
    scanner = Scanner(Roll(clock, 5), decoder, watcher, clock)
    scanner.run()
    assert [texts for texts, _ in watcher.seen] == [["A"], ["A", "B"]]
    assert scanner.vital.frames == 5
    assert scanner.vital.last_frame_at == clock.monotonic()
    assert (scanner.vital.decode_ms, scanner.vital.decoder_restarts) == (4.5, 0)


def test_a_code_that_is_seen_but_not_read_is_told_by_what_would_help(
    clock: KioskClock, watcher: RecordingWatcher
) -> None:
    Scanner(Roll(clock, 3), GlimpsingDecoder(1), watcher, clock).run()
    assert watcher.glimpses == [Hint.LESS_GLARE, Hint.LESS_GLARE]
    assert [texts for texts, _ in watcher.seen] == [["A"]]


def test_a_decoder_that_dies_costs_its_frame_and_is_counted(
    clock: KioskClock, watcher: RecordingWatcher
) -> None:
    scanner = Scanner(Roll(clock, 4), SayingDecoder({0: ["A"], 1: None, 2: None, 3: ["B"]}), watcher, clock)
    scanner.run()
    assert [texts for texts, _ in watcher.seen] == [["A"], ["B"]]
    assert scanner.vital.decoder_restarts == 2


def test_stopping_ends_the_loop_and_closes_the_camera(clock: KioskClock, watcher: RecordingWatcher) -> None:
    camera = Roll(clock)
    scanner = Scanner(camera, SayingDecoder({}), watcher, clock)
    threads = [
        threading.Thread(target=scanner.run),
        threading.Thread(target=scanner.tick_until_stopped, args=(lambda: None,)),
    ]
    for thread in threads:
        thread.start()
    eventually(lambda: scanner.vital.frames > 10, "frames are read")
    scanner.stop()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)
    assert camera.is_closed.is_set()


def test_a_stop_before_the_start_reads_nothing(clock: KioskClock, watcher: RecordingWatcher) -> None:
    scanner = Scanner(Roll(clock), SayingDecoder({}), watcher, clock)
    scanner.stop()
    scanner.run()
    assert scanner.vital.frames == 0


def test_a_camera_that_fails_ends_the_loop_with_its_reason(
    clock: KioskClock, watcher: RecordingWatcher
) -> None:
    scanner = Scanner(BrokenCamera(clock, 1), SayingDecoder({0: ["A"]}), watcher, clock)
    with pytest.raises(CameraError, match="the cable moved"):
        scanner.run()
    assert len(watcher.seen) == 1


def test_time_is_told_and_what_else_is_due_is_done_until_the_stop(
    clock: KioskClock, watcher: RecordingWatcher
) -> None:
    scanner = Scanner(Roll(clock), SayingDecoder({}), watcher, clock)
    calls: list[int] = []

    def stop_at_the_third() -> None:
        calls.append(len(watcher.ticks))
        if len(calls) == 3:
            scanner.stop()

    scanner.tick_until_stopped(stop_at_the_third)
    assert calls == [1, 2, 3]
    assert watcher.ticks == [clock.monotonic()] * 3

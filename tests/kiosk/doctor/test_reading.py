"""Camera and decoder: what the scanner tells, and what they do when they are tried."""

import shutil
from collections.abc import Callable, Iterator

import msgspec
import numpy as np
import pytest

from contracts.kiosk_state import Vitals
from kiosk.camera.source import Frame, FrameSource, Luma
from kiosk.config import Home
from kiosk.doctor.patient import Patient
from kiosk.doctor.reading import (
    NoSight,
    Sight,
    camera,
    decoder,
    look_through,
    picture_of,
    try_in_own_process,
)
from kiosk.doctor.report import State
from kiosk.errors import BadConfiguration, CameraError
from tests.fakes.kiosk_clock import AT, KioskClock

VITALS = Vitals(
    monotonic_ms=1_000_000, frame_age_ms=40, frames=900, decode_ms=3.5, decoder_restarts=0, camera="pi"
)
SIGHT = Sight(frames=31, seconds=1.0, width=1280, height=720, mean=110.0, spread=40.0)


def not_tried(home: Home) -> Sight:
    raise AssertionError("the scanner has the camera: nobody else may open it")


def seeing(**changes: float) -> Callable[[Home], Sight]:
    return lambda home: msgspec.structs.replace(SIGHT, **changes)


class FakeCamera:
    """Gives the pictures it was given, and then fails if it has to."""

    def __init__(self, *pictures: Luma, failure: CameraError | None = None) -> None:
        self._pictures = pictures
        self._failure = failure

    def frames(self) -> Iterator[Frame]:
        for index, luma in enumerate(self._pictures):
            yield Frame(luma, 10.0 + index / 10, index)
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        return


# While the scanner runs


def test_a_camera_that_serves_the_scanner_is_not_opened_again(home: Home) -> None:
    found = camera(home, VITALS, not_tried)
    assert (found.state, found.found) == (
        State.GOOD,
        "the pi camera serves the scanner, last picture 40 ms old",
    )


@pytest.mark.parametrize(("age", "words"), [(None, "no picture yet"), (30_000, "30 seconds old")])
def test_a_camera_without_fresh_pictures_is_bad(home: Home, age: int | None, words: str) -> None:
    found = camera(home, msgspec.structs.replace(VITALS, frame_age_ms=age), not_tried)
    assert (found.state, words in found.found) == (State.BAD, True)
    assert "cable" in found.advice


def test_replaced_decoders_are_told(home: Home) -> None:
    found = camera(home, msgspec.structs.replace(VITALS, decoder_restarts=3), not_tried)
    assert "replaced 3 times" in found.found


@pytest.mark.parametrize(("later", "runs"), [(0.5, True), (20.0, False), (-500.0, False)])
def test_the_scanner_runs_if_it_has_just_said_so(home: Home, later: float, runs: bool) -> None:
    home.vitals.parent.mkdir()
    home.vitals.write_bytes(msgspec.json.encode(VITALS))
    clock = KioskClock(monotonic=VITALS.monotonic_ms / 1000 + later)
    assert (Patient(home, clock, AT).vitals() is not None) is runs


def test_without_vitals_the_scanner_does_not_run(home: Home) -> None:
    assert Patient(home, KioskClock(), AT).vitals() is None


# While it does not


def test_a_camera_that_nobody_uses_is_tried(home: Home) -> None:
    found = camera(home, None, seeing())
    assert found.state is State.GOOD
    assert "1280 x 720, 30 pictures a second" in found.found


@pytest.mark.parametrize("changes", [{"mean": 3.0}, {"spread": 0.5}])
def test_a_covered_lens_is_a_warning(home: Home, changes: dict[str, float]) -> None:
    found = camera(home, None, seeing(**changes))
    assert (found.state, "Uncover" in found.advice) == (State.WARNING, True)


@pytest.mark.parametrize(
    ("source", "look_at"), [("pi", "ribbon"), ("v4l2", "v4l2-ctl"), ("files", "camera.path")]
)
def test_a_camera_that_gives_nothing_is_bad_with_advice(home: Home, source: str, look_at: str) -> None:
    def fail(home: Home) -> Sight:
        raise NoSight("no such device")

    home.settings.write_text(f'[camera]\nsource = "{source}"\n')
    found = camera(home, None, fail)
    assert (found.state, "no such device" in found.found, look_at in found.advice) == (State.BAD, True, True)


def test_settings_that_cannot_be_read_leave_the_camera_unseen(home: Home) -> None:
    home.settings.write_text("camera = 1\n")
    with pytest.raises(BadConfiguration):
        camera(home, None, not_tried)


def test_the_camera_is_tried_in_a_process_of_its_own(empty: Home) -> None:
    sight = try_in_own_process(empty)
    assert (sight.width, sight.height) == (1280, 720)
    assert sight.frames > 1


def test_what_that_process_says_in_the_end_is_the_reason(empty: Home) -> None:
    empty.settings.write_text('[camera]\nsource = "files"\npath = "/none"\n')
    with pytest.raises(NoSight, match=r"camera\.path: takes a folder or a video, not '/none'"):
        try_in_own_process(empty)


# A look through the camera


def test_a_look_tells_the_size_and_the_light_of_the_pictures() -> None:
    grey = np.full((90, 160), 100, np.uint8)
    grey[:45] = 200
    sight = look_through(FakeCamera(grey, grey, grey))
    assert sight == Sight(frames=3, seconds=pytest.approx(0.2), width=160, height=90, mean=150.0, spread=50.0)


@pytest.mark.parametrize(
    ("source", "error"),
    [(FakeCamera(), NoSight), (FakeCamera(failure=CameraError("the cable moved")), CameraError)],
)
def test_a_camera_without_pictures_is_no_sight(source: FrameSource, error: type[Exception]) -> None:
    with pytest.raises(error):
        look_through(source)


# The decoder


def test_the_decoder_reads_a_code_made_on_the_spot(empty: Home) -> None:
    found = decoder(empty)
    assert (found.state, found.found.startswith("reads a code in")) == (State.GOOD, True)


def test_a_decoder_whose_process_ends_at_once_is_bad(empty: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", shutil.which("false"))
    found = decoder(empty)
    assert (found.state, "decoder.memory_mb" in found.advice) == (State.BAD, True)


def test_the_picture_that_is_read_has_its_quiet_zone() -> None:
    luma = picture_of("WELKOM")
    assert luma.dtype == np.uint8
    assert luma[:24].min() == luma[:, :24].min() == 230

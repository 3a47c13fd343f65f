import sys
from collections.abc import Iterator

import numpy as np
import pytest

from kiosk.camera.pi import AeConstraintMode, AfMode, controls_for, luma_plane, open_pi, taken_at
from kiosk.camera.source import Luma
from kiosk.config import PiSettings, Subject
from kiosk.errors import BadConfiguration
from tests.factories.cards import card_image
from tests.kiosk.camera.pi_promises import *  # noqa: F403  the tests that the real picamera2 is held to
from tests.kiosk.camera.pi_promises import PAYLOAD
from tests.kiosk.camera.pretended_picamera2 import PretendedSensor, pretended_picamera2

EVERY_CONTROL = {
    "AeConstraintMode", "AeExposureMode", "AeFlickerMode", "AeFlickerPeriod", "AfMode", "AfRange",
    "AfSpeed", "Brightness", "ExposureValue", "FrameDurationLimits", "LensPosition",
}  # fmt: skip


@pytest.fixture(scope="module")
def shown() -> Luma:
    return card_image(PAYLOAD)


@pytest.fixture
def sensor(shown: Luma, monkeypatch: pytest.MonkeyPatch) -> Iterator[PretendedSensor]:
    sensor = PretendedSensor(shown)
    monkeypatch.setitem(sys.modules, "picamera2", pretended_picamera2(sensor))
    yield sensor
    sensor.thaw()


def test_without_picamera2_it_is_said_which_package_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(BadConfiguration, match=r"camera\.source.*python3-picamera2"):
        open_pi(PiSettings())


def test_only_controls_that_the_camera_has_are_set() -> None:
    available = {"FrameDurationLimits", "ExposureValue"}
    assert controls_for(PiSettings(fps=25), available).keys() == available
    assert controls_for(PiSettings(), set()) == {}


def test_the_rate_bounds_how_long_a_frame_takes() -> None:
    assert controls_for(PiSettings(fps=25), EVERY_CONTROL)["FrameDurationLimits"] == (40_000, 40_000)


def test_a_fixed_focus_is_given_in_metres() -> None:
    controls = controls_for(PiSettings(focus_metres=0.2), EVERY_CONTROL)
    assert (controls["AfMode"], controls["LensPosition"]) == (AfMode.MANUAL, 5)
    assert "AfRange" not in controls


def test_without_a_fixed_focus_the_camera_focuses_by_itself() -> None:
    controls = controls_for(PiSettings(), EVERY_CONTROL)
    assert controls["AfMode"] == AfMode.CONTINUOUS
    assert "LensPosition" not in controls


def test_phones_are_kept_from_being_too_bright_and_paper_is_left_as_it_is() -> None:
    phone = controls_for(PiSettings(subject=Subject.PHONE), EVERY_CONTROL)
    paper = controls_for(PiSettings(subject=Subject.PAPER), EVERY_CONTROL)
    assert phone["AeConstraintMode"] == AeConstraintMode.HIGHLIGHT
    assert phone.keys() - paper.keys() == {"AeConstraintMode", "ExposureValue"}


@pytest.mark.parametrize(("mains_hz", "period"), [(50, 10_000), (60, 8_333)])
def test_the_flicker_of_lamps_is_told_as_its_period(mains_hz: int, period: int) -> None:
    assert controls_for(PiSettings(mains_hz=mains_hz), EVERY_CONTROL)["AeFlickerPeriod"] == period


def test_flicker_is_left_alone_without_a_mains_frequency() -> None:
    assert "AeFlickerMode" not in controls_for(PiSettings(mains_hz=0), EVERY_CONTROL)


def test_a_plane_is_cut_out_of_padded_rows_and_does_not_change_with_the_buffer() -> None:
    rows = np.arange(3 * 8, dtype=np.uint8).reshape(3, 8)
    buffer = np.concatenate([rows.ravel(), np.full(12, 99, np.uint8)])
    luma = luma_plane(buffer, (6, 3), 8)
    buffer[:] = 0
    assert luma.tolist() == rows[:, :6].tolist()
    assert luma.flags.c_contiguous


def test_a_sensors_time_is_turned_into_the_monotonic_clocks() -> None:
    assert taken_at(4_960_000_000, 5_000_000_000, 2.0) == pytest.approx(1.96)


@pytest.mark.parametrize("sensor_ns", [None, 6_000_000_000, 1_000_000_000])
def test_a_time_that_cannot_be_true_is_taken_for_now(sensor_ns: int | None) -> None:
    assert taken_at(sensor_ns, 5_000_000_000, 2.0) == 2.0

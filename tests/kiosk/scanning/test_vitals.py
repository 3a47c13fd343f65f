"""The scanner's vitals are read whole by the agent, and never end the scanner."""

import threading
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from contracts.kiosk_state import Vitals
from kiosk.compose import read_vitals
from kiosk.scanning.scanner import Vital
from kiosk.scanning.vitals import VitalsFile
from tests.fakes.kiosk_clock import KioskClock
from tests.fakes.patience import eventually


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "vitals.json"


@pytest.fixture
def clock() -> KioskClock:
    return KioskClock(monotonic=50.0)


def test_the_agent_reads_what_the_scanner_wrote(path: Path, clock: KioskClock) -> None:
    vital = Vital(frames=7, last_frame_at=49.5, decode_ms=3.25, decoder_restarts=1)
    assert VitalsFile(path, vital, "files", clock).write()
    assert read_vitals(path) == Vitals(
        monotonic_ms=50_000, frame_age_ms=500, frames=7, decode_ms=3.25, decoder_restarts=1, camera="files"
    )


def test_before_the_first_frame_there_is_no_age(path: Path, clock: KioskClock) -> None:
    VitalsFile(path, Vital(), "files", clock).write()
    written = read_vitals(path)
    assert written is not None
    assert (written.frame_age_ms, written.decode_ms) == (None, None)


def test_the_file_is_replaced_whole(path: Path, clock: KioskClock) -> None:
    vital = Vital()
    file = VitalsFile(path, vital, "files", clock)
    file.write()
    with path.open("rb") as earlier:
        vital.frames = 123_456
        file.write()
        assert msgspec.json.decode(earlier.read(), type=Vitals).frames == 0
    assert read_vitals(path) is not None
    assert [each.name for each in path.parent.iterdir()] == ["vitals.json"]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"{}"])
def test_what_cannot_be_read_is_as_good_as_nothing(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    assert read_vitals(path) is None


def test_without_a_file_there_are_no_vitals(path: Path) -> None:
    assert read_vitals(path) is None


def test_where_they_cannot_be_written_that_is_said_once_and_scanning_goes_on(
    path: Path, clock: KioskClock
) -> None:
    file = VitalsFile(path, Vital(), "files", clock)
    in_the_way = path.with_name("vitals.json.new")
    in_the_way.mkdir()
    with capture_logs() as logs:
        assert [file.write(), file.write()] == [False, False]
    assert [entry["event"] for entry in logs] == ["the vitals cannot be written"]
    in_the_way.rmdir()
    assert file.write()


def test_they_are_written_until_the_stop(path: Path, clock: KioskClock) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=VitalsFile(path, Vital(), "files", clock).run, args=(stop,))
    thread.start()
    eventually(path.exists, "the vitals are there")
    stop.set()
    thread.join(10)
    assert not thread.is_alive()

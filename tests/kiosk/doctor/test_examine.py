"""Every check comes to a finding, whatever another one does."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.doctor.examine import Check, examine
from kiosk.doctor.report import Checked, Finding, Part, State, good
from kiosk.errors import BadConfiguration, DocumentsDamaged, NotEnrolled

FINE = good("fine")


def check(part: Part, look: Callable[[], Finding], seconds: float = 30) -> Check:
    return Check(part, look, seconds, "Take the power off and on.")


def raising(error: Exception) -> Callable[[], Finding]:
    def look() -> Finding:
        raise error

    return look


def only(look: Callable[[], Finding], seconds: float = 30) -> Checked:
    (checked,) = examine([check(Part.CAMERA, look, seconds)]).checks
    return checked


@pytest.fixture
def hanging() -> Iterator[Callable[[], Finding]]:
    """A check that does not come back while the test runs."""
    released = threading.Event()

    def look() -> Finding:
        released.wait(60)
        return FINE

    yield look
    released.set()


def test_what_was_found_is_told_in_the_order_of_the_checks() -> None:
    report = examine([check(part, lambda: FINE) for part in Part])
    assert [each.name for each in report.checks] == list(Part)


def test_a_check_that_crashes_is_bad_itself_and_costs_no_other() -> None:
    report = examine([check(Part.CAMERA, raising(ZeroDivisionError("oh"))), check(Part.EDGE, lambda: FINE)])
    crashed, other = report.checks
    assert (crashed.state, other.state) == (State.BAD, State.GOOD)
    assert "ZeroDivisionError: oh" in crashed.found


def test_a_check_that_hangs_is_bad_after_its_own_time_and_costs_no_other(
    hanging: Callable[[], Finding],
) -> None:
    report = examine([check(Part.CAMERA, hanging, 0.05), check(Part.EDGE, lambda: FINE)])
    hung, other = report.checks
    assert (hung.state, hung.advice) == (State.BAD, "Take the power off and on.")
    assert hung.found == "no answer within 0.05 seconds"
    assert other.state is State.GOOD


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NotEnrolled("no identity"), "not enrolled"),
        (BadConfiguration("camera.fps: takes a number"), "camera.fps: takes a number"),
        (DocumentsDamaged("neither can be read"), "neither can be read"),
        (PermissionError(13, "Permission denied", "/var/lib/kiosk/key.pem"), "key.pem"),
    ],
)
def test_what_could_not_be_looked_at_is_a_warning_with_the_reason(error: Exception, words: str) -> None:
    checked = only(raising(error))
    assert checked.state is State.WARNING
    assert checked.found.startswith("not looked at: ")
    assert words in checked.found
    assert checked.advice


def test_a_database_of_somebody_else_was_not_looked_at(tmp_path: Path) -> None:
    def look() -> Finding:
        sqlite3.connect(f"file:{tmp_path}/none/replica.db?mode=ro", uri=True)
        return FINE

    checked = only(look)
    assert checked.state is State.WARNING
    assert "sudo" in checked.advice


def test_a_database_that_cannot_be_read_is_bad(tmp_path: Path) -> None:
    (tmp_path / "replica.db").write_bytes(b"no database at all" * 100)

    def look() -> Finding:
        with closing(sqlite3.connect(tmp_path / "replica.db")) as connection:
            connection.execute("SELECT 1 FROM rows")
        return FINE

    checked = only(look)
    assert (checked.state, "not a database" in checked.found) == (State.BAD, True)

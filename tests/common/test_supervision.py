"""Threads that belong together: one that dies takes the process along, with its cause."""

import threading
from collections.abc import Callable, Iterator

import pytest
import structlog
from structlog.testing import LogCapture

from common import supervision
from common.supervision import Crew, PartDied

PATIENCE = 10


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


@pytest.fixture
def crew(stop: threading.Event) -> Crew:
    return Crew(stop)


@pytest.fixture
def logged() -> Iterator[LogCapture]:
    capture = LogCapture()
    structlog.configure(processors=[capture])
    yield capture
    structlog.reset_defaults()


def _until(stop: threading.Event) -> Callable[[], None]:
    def wait() -> None:
        stop.wait(PATIENCE)

    return wait


def _fail() -> None:
    raise LookupError("nothing there")


def test_a_crew_that_is_told_to_stop_ends_quietly(crew: Crew, stop: threading.Event) -> None:
    crew.start("one", _until(stop))
    crew.start("two", _until(stop))
    stop.set()
    crew.watch(lambda: True)
    crew.join()


def test_a_part_that_fails_ends_the_process_with_its_cause(
    crew: Crew, stop: threading.Event, logged: LogCapture
) -> None:
    others = threading.Event()

    def other() -> None:
        stop.wait(PATIENCE)
        others.set()

    crew.start("other", other)
    crew.start("weak", _fail)
    with pytest.raises(PartDied, match="nothing there") as died:
        crew.watch(lambda: True)
    assert isinstance(died.value.__cause__, LookupError)
    crew.join()
    assert others.is_set()
    assert [(each["event"], each["part"]) for each in logged.entries] == [("a part died", "weak")]


def test_the_first_failure_is_the_cause(crew: Crew, stop: threading.Event, logged: LogCapture) -> None:
    def late() -> None:
        stop.wait(PATIENCE)
        raise OSError("only because the first was gone")

    crew.start("late", late)
    crew.start("weak", _fail)
    crew.join()
    with pytest.raises(PartDied, match="nothing there"):
        crew.watch(lambda: True)
    assert {each["part"] for each in logged.entries} == {"weak", "late"}


def test_a_part_that_ends_though_nobody_asked_it_to_is_a_failure(crew: Crew, logged: LogCapture) -> None:
    crew.start("lazy", lambda: None)
    with pytest.raises(PartDied, match="lazy ended by itself"):
        crew.watch(lambda: True)


def test_a_part_that_may_end_says_what_then(crew: Crew, stop: threading.Event) -> None:
    ended = threading.Event()
    crew.start("film", lambda: None, at_end=ended.set)
    crew.join("film")
    assert ended.is_set()
    stop.set()
    crew.watch(lambda: True)


def test_a_part_that_may_end_and_is_stopped_says_nothing(crew: Crew, stop: threading.Event) -> None:
    ended = threading.Event()
    stop.set()
    crew.start("film", lambda: None, at_end=ended.set)
    crew.join()
    assert not ended.is_set()


def test_a_failure_at_the_end_is_a_failure_too(crew: Crew, logged: LogCapture) -> None:
    crew.start("film", _fail, at_end=lambda: None)
    with pytest.raises(PartDied):
        crew.watch(lambda: True)


def test_a_process_that_is_not_healthy_ends(crew: Crew, stop: threading.Event, logged: LogCapture) -> None:
    crew.start("one", _until(stop))
    with pytest.raises(PartDied):
        crew.watch(lambda: False)
    assert stop.is_set()
    crew.join()


def test_a_part_that_does_not_end_is_named_and_left(
    crew: Crew, stop: threading.Event, logged: LogCapture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "_PATIENCE_SECONDS", 0.05)
    free = threading.Event()
    crew.start("stuck", _until(free))
    stop.set()
    crew.watch(lambda: True)
    crew.join()
    assert [(each["event"], each["thread"]) for each in logged.entries] == [
        ("a thread does not end", "stuck")
    ]
    free.set()

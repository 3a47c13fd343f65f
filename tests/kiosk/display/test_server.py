"""The page's real server: streams over a socket, one page at a time, and an end in good order."""

import http.client
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest
from flask import Flask

from kiosk.display.server import THREADS, Server, serve
from kiosk.display.stage import Stage
from kiosk.display.virtual_page import MAX_FRAME_BYTES
from tests.kiosk.display.samples import NOW, OUTCOMES, screens

PATIENCE = 20.0


class Events:
    """Reads a stream of the server, event by event."""

    def __init__(self, server: Server) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
        self._connection.request("GET", "/events")
        self._response = self._connection.getresponse()

    def close(self) -> None:
        self._response.close()
        self._connection.close()

    def next(self) -> tuple[str, dict[str, object]] | None:
        """Return the next event's name and data, or None at the stream's end."""
        name = ""
        while line := self._response.readline().decode():
            field, _, value = line.rstrip("\n").partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                return name, json.loads(value)
        return None

    def next_of(self, wanted: str) -> dict[str, object]:
        while event := self.next():
            if event[0] == wanted:
                return event[1]
        raise AssertionError(f"the stream ended without {wanted!r}")


Watch = Callable[[Server], Events]


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Opens pages' streams, and closes them in the end."""
    opened: list[Events] = []

    def start(server: Server) -> Events:
        opened.append(Events(server))
        return opened[-1]

    yield start
    for events in opened:
        events.close()


@contextmanager
def get(server: Server, path: str) -> Iterator[http.client.HTTPResponse]:
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)) as connection:
        connection.request("GET", path)
        with connection.getresponse() as response:
            yield response


def status(server: Server, path: str) -> int:
    with get(server, path) as response:
        return response.status


def test_a_screen_reaches_the_stream_as_soon_as_it_is_shown(
    server: Server, stage: Stage, watch: Watch
) -> None:
    events = watch(server)
    assert events.next_of("screen")["tone"] == "neutral"
    version = stage.show(screens().of(OUTCOMES["rewarded"], NOW))
    event = events.next_of("screen")
    assert event["version"] == version
    assert "+ 10" in str(event["html"])


def test_heartbeats_come_while_nothing_happens(server: Server, watch: Watch) -> None:
    events = watch(server)
    events.next_of("screen")
    assert [events.next_of("heartbeat").keys() for _ in range(3)] == [{"build"}] * 3


def test_the_newest_page_displaces_the_older_one_which_is_told_so(server: Server, watch: Watch) -> None:
    older = watch(server)
    older.next_of("screen")
    newer = watch(server)
    newer.next_of("screen")
    assert older.next_of("displaced") == {}
    assert older.next() is None
    assert newer.next_of("heartbeat")


def test_more_pages_than_threads_leave_the_server_answering(server: Server, watch: Watch) -> None:
    pages = []
    for _ in range(THREADS + 4):
        pages.append(watch(server))
        pages[-1].next_of("screen")
    assert status(server, "/healthz") == 200


def test_a_page_that_left_is_noticed(server: Server, stage: Stage, watch: Watch) -> None:
    events = watch(server)
    events.next_of("screen")
    events.close()
    while stage.is_watched():
        assert status(server, "/healthz") == 200


def test_closing_ends_the_streams_without_calling_them_displaced(
    app: Flask, serving: Callable[[Flask], Server], watch: Watch
) -> None:
    server = serving(app)
    events = watch(server)
    events.next_of("screen")
    server.close()
    rest = []
    while event := events.next():
        rest.append(event[0])
    assert "displaced" not in rest
    assert not server.is_alive


def test_after_closing_the_port_is_free_and_the_stage_can_be_served_anew(
    app: Flask, serving: Callable[[Flask, int], Server], watch: Watch
) -> None:
    first = serving(app, 0)
    assert first.is_alive
    first.close()
    first.close()
    again = serving(app, first.port)
    assert watch(again).next_of("screen")


def test_a_port_that_is_taken_is_an_error_at_start(app: Flask) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        serve(app, "127.0.0.1", taken.getsockname()[1])


def test_the_server_does_not_say_what_it_is(server: Server) -> None:
    with get(server, "/") as response:
        assert response.headers.get("Server") is None


def test_too_large_a_body_is_refused_before_it_is_sent(server: Server) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)) as connection:
        connection.putrequest("POST", "/virtual-camera/frame")
        connection.putheader("Content-Length", str(MAX_FRAME_BYTES * 10))
        connection.endheaders()
        with connection.getresponse() as response:
            assert response.status == 413

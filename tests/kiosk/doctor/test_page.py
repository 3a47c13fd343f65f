"""The page is looked at as a browser would: is it there, is it ours, does anybody see it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from kiosk.config import Home
from kiosk.display.page import create_page
from kiosk.display.server import serve
from kiosk.display.stage import Stage
from kiosk.doctor.page import page
from kiosk.doctor.report import State
from tests.end_to_end.site import free_ports
from tests.kiosk.display.samples import LANGUAGES, screens


class Stranger(BaseHTTPRequestHandler):
    """Another program's page."""

    body = b"<h1>It works!</h1>"

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *arguments: object) -> None:
        return


class OtherJson(Stranger):
    """Another program's page, in JSON."""

    body = b'["watched"]'


@contextmanager
def answering(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def on_port(home: Home, port: int) -> Home:
    home.settings.write_text(f"[page]\nport = {port}\n")
    return home


def test_a_page_that_a_browser_shows_is_good_and_one_that_none_shows_is_a_warning(empty: Home) -> None:
    stage = Stage(screens().waiting())
    server = serve(create_page(stage, LANGUAGES["nl"]), "127.0.0.1", 0)
    try:
        alone = page(on_port(empty, server.port))
        stage.take_seat()
        watched = page(empty)
    finally:
        server.close()
    assert (alone.state, "no browser" in alone.found) == (State.WARNING, True)
    assert watched.state is State.GOOD


def test_a_page_that_does_not_answer_is_bad(empty: Home) -> None:
    (port,) = free_ports(1)
    found = page(on_port(empty, port))
    assert (found.state, found.found) == (State.BAD, f"nothing answers on port {port}: Connection refused")
    assert "Start the scanner" in found.advice


@pytest.mark.parametrize("handler", [Stranger, OtherJson])
def test_another_programs_page_is_bad(empty: Home, handler: type[BaseHTTPRequestHandler]) -> None:
    with answering(handler) as port:
        found = page(on_port(empty, port))
    assert (found.state, "something else" in found.found) == (State.BAD, True)

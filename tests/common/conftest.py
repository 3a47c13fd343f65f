"""One broker for a test file, and links that are stopped after each test."""

from collections.abc import Callable, Iterator

import pytest

from common.mqtt import Credentials, Endpoint, Link
from tests.factories.broker import Broker
from tests.fakes.listener import Ear, Running

Connect = Callable[..., Running]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    made = Broker(tmp_path_factory.mktemp("broker"))
    made.start()
    yield made
    made.kill()


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Start a link; it is stopped when the test is over."""
    running: list[Running] = []

    def start(
        port: int, credentials: Credentials, ear: Ear | None = None, *, client_id: str = "", **more: bool
    ) -> Running:
        link = Link(Endpoint("127.0.0.1", port, client_id), credentials, **more)
        running.append(Running(link, ear or Ear()))
        return running[-1]

    yield start
    for each in running:
        each.stop()

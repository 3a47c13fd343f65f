"""A page being served, and a virtual camera that takes what it is shown."""

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from flask import Flask

from kiosk.camera.source import Luma
from kiosk.display.page import create_page
from kiosk.display.server import Server, serve
from kiosk.display.stage import Stage
from kiosk.errors import CameraError
from tests.kiosk.display.samples import LANGUAGES, screens

HEARTBEAT = 0.2


class FakeCamera:
    """Takes every picture at once, or none when it is ``stopped``."""

    def __init__(self) -> None:
        self.taken: list[Luma] = []
        self.stopped = False

    def show(self, luma: Luma, timeout: float) -> None:
        if self.stopped:
            raise CameraError("the scanner took no picture in time")
        self.taken.append(luma)


@pytest.fixture
def stage() -> Stage:
    return Stage(screens().waiting())


@pytest.fixture
def camera() -> FakeCamera:
    return FakeCamera()


@pytest.fixture
def cards_folder(tmp_path: Path) -> Path:
    """The demo shop's cards: two to be listed, and a file that no list names."""
    folder = tmp_path / "cards"
    folder.mkdir()
    for name in ("anna.png", "bram.png", "secret.png"):
        cv2.imwrite(str(folder / name), np.full((90, 120), 200, np.uint8))
    listed = [
        {
            "file": "anna.png",
            "name": "Anna",
            "points": 1240,
            "reward": "Gratis koffie",
            "url": "HTTP://X/C/1",
        },
        {
            "file": "bram.png",
            "name": "Bram",
            "points": 0,
            "reward": None,
            "url": "HTTP://X/C/2",
            "note": "new",
        },
    ]
    (folder / "cards.json").write_bytes(msgspec.json.encode(listed))
    return folder


@pytest.fixture
def app(stage: Stage, camera: FakeCamera, cards_folder: Path) -> Flask:
    return create_page(
        stage, LANGUAGES["nl"], virtual=camera, cards_folder=cards_folder, heartbeat_seconds=HEARTBEAT
    )


@pytest.fixture
def serving() -> Iterator[Callable[[Flask, int], Server]]:
    """Serves an application for one test, on a free port or a given one."""
    servers: list[Server] = []

    def start(app: Flask, port: int = 0) -> Server:
        servers.append(serve(app, "127.0.0.1", port))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def server(app: Flask, serving: Callable[[Flask], Server]) -> Server:
    return serving(app)

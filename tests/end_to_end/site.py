"""A whole site of real parts on free ports: broker, web, ingest, worker, and a kiosk, each to be killed."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import psutil
import sqlalchemy as sa
from numpy.typing import NDArray

from provisioning.demo import Demo, enrolling, prepare, programs
from tests.factories.cards import as_jpeg, card_image

T = TypeVar("T")

PATIENCE = 30.0
_KIOSK_PARTS = ("scanner", "agent")


@dataclass(frozen=True, slots=True)
class ShopCard:
    """A card of the demo shop, as its ``cards.json`` lists it."""

    file: str
    url: str
    name: str | None
    points: int | None
    reward: str | None
    note: str | None


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def eventually(look: Callable[[], T | None], what: str, patience: float = PATIENCE) -> T:
    """Return what ``look`` finds as soon as it is true, or fail in words."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {patience} s: {what}")


class Site:
    """The demo's shop and kiosk, with each program under the test's control."""

    def __init__(self, folder: Path) -> None:
        self.demo = Demo(folder, *free_ports(5))
        self._commands = self._all_commands()
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        prepare(self.demo)
        self.engine = sa.create_engine(f"sqlite:///{self.demo.edge / 'edge.sqlite'}")

    # Programs

    def start(self, *names: str) -> None:
        """Start programs, all of them without names, and wait until they answer."""
        wanted = names or tuple(self._commands)
        for name in [each for each in wanted if each not in _KIOSK_PARTS]:
            self._spawn(name)
        if "web" in wanted:
            eventually(lambda: self.answers(self.back_office("/healthz")), "the web answers")
            eventually(self._kiosk_api_listens, "the kiosks' API answers")
        if set(wanted) & set(_KIOSK_PARTS) and not (self.demo.kiosk / "profile.json").exists():
            subprocess.run(enrolling(self.demo), shell=True, check=True, capture_output=True)
        for name in [each for each in wanted if each in _KIOSK_PARTS]:
            self._spawn(name)
        if "scanner" in wanted:
            eventually(lambda: self.answers(self.page("/healthz")), "the kiosk's page answers")

    def kill(self, *names: str) -> None:
        """Kill programs with SIGKILL, and their children with them."""
        for name in names or tuple(self._running):
            started = self.children(name)
            process = self._running.pop(name)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            for each in started:
                with contextlib.suppress(psutil.NoSuchProcess):
                    each.kill()
            psutil.wait_procs(started, timeout=10)

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a program and its children."""
        os.killpg(self._running[name].pid, number)

    def is_running(self, name: str) -> bool:
        return name in self._running and self._running[name].poll() is None

    def process(self, name: str) -> psutil.Process:
        """Return a program's process."""
        return psutil.Process(self._running[name].pid)

    def children(self, name: str) -> list[psutil.Process]:
        """Return the processes that a program has started."""
        try:
            return psutil.Process(self._running[name].pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def close(self) -> None:
        self.engine.dispose()
        self.kill()

    def log(self, name: str) -> str:
        return (self.demo.logs / f"{name}.log").read_text()

    # What people and programs see

    def page(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.demo.page}{path}"

    def back_office(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.demo.http}{path}"

    def answers(self, url: str) -> bool:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def status(self) -> dict[str, object]:
        """Return what `kiosk status --json` says."""
        arguments = [sys.executable, "-m", "kiosk", "status", "--json", "--home", str(self.demo.kiosk)]
        found: dict[str, object] = json.loads(subprocess.check_output(arguments))
        return found

    def ready(self) -> "Site":
        """Wait until the kiosk knows every card and the edge knows that it is online."""
        eventually(lambda: self.status()["connected"], "the kiosk is connected")
        eventually(lambda: self.status()["revision"] == self.published_revision(), "the replica is whole")
        return self

    # The shop

    def cards(self) -> list[ShopCard]:
        listed = json.loads((self.demo.shop / "cards" / "cards.json").read_text())
        return [ShopCard(**each) for each in listed]

    def customers_card(self, number: int = 0) -> ShopCard:
        """Return one of the cards that have a customer."""
        return [card for card in self.cards() if card.name and not card.note][number]

    def card(self, file: str) -> ShopCard:
        """Return the card whose picture has this name."""
        return next(card for card in self.cards() if card.file == file)

    def sign_in(self) -> tuple[str, str]:
        """Return the demo owner's e-mail and password."""
        lines = (self.demo.shop / "sign-in.txt").read_text().splitlines()
        told = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
        return told["E-mail"], told["Password"]

    # The camera

    def show(self, text: str, seed: int = 1) -> None:
        """Hold a photo-like picture of a card with this code before the kiosk's camera."""
        self.show_image(as_jpeg(card_image(text, seed=seed)))

    def show_luma(self, luma: NDArray[np.uint8]) -> None:
        self.show_image(as_jpeg(luma))

    def show_image(self, data: bytes, headers: dict[str, str] | None = None) -> int:
        """Post an image to the virtual camera; return the status of the answer."""
        request = urllib.request.Request(
            self.page("/virtual-camera/frame"), data=data, method="POST", headers=headers or {}
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    # The database

    def rows(self, query: str, **values: object) -> list[sa.Row[tuple[object, ...]]]:
        """Return what a query finds in the edge's database."""
        with self.engine.connect() as connection:
            return list(connection.execute(sa.text(query), values))

    def scans(self) -> list[sa.Row[tuple[object, ...]]]:
        return self.rows("SELECT * FROM scan ORDER BY id")

    def published_revision(self) -> int:
        found = self.rows("SELECT revision FROM feed_state")
        return int(str(found[0][0])) if found else -1

    def _all_commands(self) -> dict[str, str]:
        commands = programs(self.demo)
        del commands["kiosk"]
        python, home = f"'{sys.executable}'", f"--home '{self.demo.kiosk}'"
        return commands | {part: f"exec {python} -m kiosk {part} {home}" for part in _KIOSK_PARTS}

    def _spawn(self, name: str) -> None:
        with (self.demo.logs / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                self._commands[name],
                shell=True,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _kiosk_api_listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.demo.kiosk_api)) == 0


def mosquitto_is_here() -> bool:
    return shutil.which("mosquitto") is not None or Path("/usr/sbin/mosquitto").exists()

"""``make demo``: a shop with its edge, broker and one kiosk on this machine, all on loopback.

Everything is done by the same commands that a real site uses, and the kiosk is enrolled as a real one is.
"""

import json
import os
import shlex
import socket
import subprocess
import sys
import threading
import time
import tomllib
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import click
import psutil
from honcho.manager import Manager
from honcho.printer import Message

from provisioning.demo_words import farewell, welcome

_MARK = "WELKOM_DEMO"
_BROKER_PORTS = ("kiosk_port", "service_port")
_READY_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Demo:
    """Where the demo lies, its ports, and PostgreSQL's URL if it is not to keep its data in a file."""

    folder: Path
    http: int
    kiosk_api: int
    mqtt: int
    service: int
    page: int
    database_url: str | None = field(default=None, kw_only=True)

    @property
    def edge(self) -> Path:
        return self.folder / "edge"

    @property
    def kiosk(self) -> Path:
        return self.folder / "kiosk"

    @property
    def shop(self) -> Path:
        return self.folder / "demo"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def claim(self) -> Path:
        return self.folder / "demo" / "claim.txt"

    @property
    def ports(self) -> tuple[int, ...]:
        return (self.http, self.kiosk_api, self.mqtt, self.service, self.page)


@click.command()
@click.option("--dir", "folder", type=click.Path(path_type=Path), default=Path("var"), show_default=True)
@click.option("--http", default=8000, show_default=True, help="Port of the back office.")
@click.option("--kiosk-api", default=8443, show_default=True, help="Port of the kiosks' API.")
@click.option("--mqtt", default=8883, show_default=True, help="Port of the broker for kiosks.")
@click.option("--service", default=8884, show_default=True, help="Port of the broker for our own programs.")
@click.option("--page", default=8070, show_default=True, help="Port of the kiosk's page.")
@click.option("--database-url", help="PostgreSQL's URL, to try the demo on that; a file without.")
def main(folder: Path, database_url: str | None, **ports: int) -> None:
    """Set up the demo where needed, run it until Ctrl-C."""
    demo = Demo(folder.absolute(), **ports, database_url=database_url)
    os.environ[_MARK] = str(demo.folder)
    os.environ["PATH"] += os.pathsep + "/usr/sbin"  # where Debian has mosquitto, off most people's path
    os.umask(0o077)
    try:
        prepare(demo)
        sys.exit(_run(demo))
    except DemoFailed as error:
        click.echo(f"\n{error}", err=True)
        sys.exit(1)


class DemoFailed(Exception):
    """The demo cannot be set up or run; the text says why and what to do."""


def prepare(demo: Demo) -> None:
    """Make what is missing of the edge, the shop and the kiosk; twice is once.

    Raises:
        DemoFailed: a step failed, or a port is taken.
    """
    started = time.monotonic()
    _check_folder(demo)
    _step("Ending what an earlier demo left running", lambda: _end_leftovers(demo))
    _step("Looking whether the ports are free", lambda: _check_ports(demo))
    demo.logs.mkdir(parents=True, exist_ok=True)
    _step("Edge: settings, database, certificates, broker", lambda: _init_edge(demo))
    _step("Edge: the demo shop with its customers and cards", lambda: _make_shop(demo))
    _step("Kiosk: settings, and a claim to enrol with", lambda: _prepare_kiosk(demo))
    click.echo(f"Set up in {time.monotonic() - started:.1f} s. Starting ...")


def _step(words: str, work: Callable[[], None]) -> None:
    click.echo(f"  {words} ... ", nl=False)
    work()
    click.echo("done")


def _check_folder(demo: Demo) -> None:
    """Refuse other ports than the folder was set up with: addresses stand on cards and in certificates."""
    settings = demo.edge / "edge.toml"
    if not settings.exists():
        return
    told = tomllib.loads(settings.read_text())
    ports = (told["http"]["port"], told["kiosk_api"]["port"], *map(told["mqtt"].get, _BROKER_PORTS))
    if ports != demo.ports[:-1]:
        names = ("--http", "--kiosk-api", "--mqtt", "--service")
        options = " ".join(f"{name} {port}" for name, port in zip(names, ports, strict=True))
        raise DemoFailed(
            f"The demo in {demo.folder} was set up with {options}. Give these, or another folder with --dir."
        )


def _end_leftovers(demo: Demo) -> None:
    left = [process for process in psutil.process_iter() if _is_of(process, demo)]
    for process in left:
        process.kill()
    psutil.wait_procs(left, timeout=10)


def _is_of(process: psutil.Process, demo: Demo) -> bool:
    try:
        return process.pid != os.getpid() and process.environ().get(_MARK) == str(demo.folder)
    except (psutil.Error, OSError):
        return False


def _check_ports(demo: Demo) -> None:
    for port in demo.ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                raise DemoFailed(
                    f"Port {port} is in use by another program. End it, or choose other ports:"
                    " .venv/bin/python -m provisioning.demo --help"
                ) from None


def _init_edge(demo: Demo) -> None:
    database = ["--database-url", demo.database_url] if demo.database_url else []
    _edge(
        demo,
        "init",
        "--public-url",
        f"HTTP://127.0.0.1:{demo.http}",
        "--http-port",
        str(demo.http),
        "--kiosk-api-port",
        str(demo.kiosk_api),
        "--mqtt-port",
        str(demo.mqtt),
        "--mqtt-service-port",
        str(demo.service),
        *database,
    )


def _make_shop(demo: Demo) -> None:
    _edge(demo, "demo-data", "--out", str(demo.shop))


def _prepare_kiosk(demo: Demo) -> None:
    demo.kiosk.mkdir(parents=True, exist_ok=True)
    (demo.kiosk / "kiosk.toml").write_text(_KIOSK_SETTINGS.format(port=demo.page, cards=demo.shop / "cards"))
    if _kiosk_status(demo).get("enrolled"):
        return
    claim = _edge(demo, "kiosk-claim", "--name", "Entrance", "--repeat-seconds", "5")
    demo.claim.write_text(claim)


_KIOSK_SETTINGS = """\
# The demo's kiosk: its camera is the page /virtual-camera.
language = "en"

[camera]
source = "virtual"

[page]
port = {port}
demo_cards = "{cards}"
"""


def _edge(demo: Demo, command: str, *options: str) -> str:
    arguments = [sys.executable, "-m", "edge_api", command, "--home", str(demo.edge), *options]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DemoFailed(f"`edge {command}` failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def _run(demo: Demo) -> int:
    printer = _Quiet()
    manager = Manager(printer=printer)
    for name, command in programs(demo).items():
        log = demo.logs / f"{name}.log"
        manager.add_process(name, f"{command} >> {shlex.quote(str(log))} 2>&1")
    threading.Thread(target=_announce, args=(demo,), daemon=True).start()
    manager.loop()
    asked = manager.returncode in {130, 143}
    click.echo(farewell(demo.logs, ended=None if asked else printer.ended))
    return 0 if asked else 1


def programs(demo: Demo) -> dict[str, str]:
    """Return the shell command of each program, by its name."""
    python = f"'{sys.executable}'"
    edge, kiosk = f"--home '{demo.edge}'", f"--home '{demo.kiosk}'"
    return {
        "broker": f"exec mosquitto -c '{demo.edge / 'broker' / 'mosquitto.conf'}'",
        "web": f"exec {python} -m edge_api serve {edge}",
        "ingest": f"exec {python} -m edge_api ingest {edge}",
        "worker": f"exec {python} -m edge_api worker {edge}",
        "kiosk": f"{enrolling(demo)} && exec {python} -m kiosk run {kiosk}",
    }


def enrolling(demo: Demo) -> str:
    """Return the shell command that enrols the kiosk as soon as the edge answers."""
    python = f"'{sys.executable}'"
    return f"{python} -m kiosk enrol --home '{demo.kiosk}' --if-needed --wait 60 '{demo.claim}'"


class _Quiet:
    """honcho's printer: the programs write to their logs, and the terminal is kept for people."""

    width = 0
    ended = ""
    """The program that ended first, with its code, as "web stopped (rc=1)"."""

    def write(self, message: Message) -> None:
        """Print nothing, and note which program was the first to end."""
        told = str(message.data).strip()
        if not self.ended and " stopped (rc=" in told:
            self.ended = told


def _announce(demo: Demo) -> None:
    until = time.monotonic() + _READY_SECONDS
    while time.monotonic() < until:
        if _is_ready(demo):
            click.echo(welcome(demo))
            return
        time.sleep(0.2)
    click.echo(f"The demo does not come up; see {demo.logs}", err=True)


def _is_ready(demo: Demo) -> bool:
    return (
        _answers(f"http://127.0.0.1:{demo.http}/healthz")
        and _answers(f"http://127.0.0.1:{demo.page}/healthz")
        and _kiosk_knows_cards(demo)
    )


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310  our own loopback addresses
            return bool(answer.status == 200)
    except OSError:
        return False


def _kiosk_knows_cards(demo: Demo) -> bool:
    status = _kiosk_status(demo)
    return bool(status.get("connected") and status.get("cards"))


def _kiosk_status(demo: Demo) -> dict[str, object]:
    arguments = [sys.executable, "-m", "kiosk", "status", "--json", "--home", str(demo.kiosk)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    return dict(json.loads(done.stdout)) if done.returncode == 0 else {}


if __name__ == "__main__":
    main()

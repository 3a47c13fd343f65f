"""The ``kiosk`` command."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import click

from kiosk.config import Home, load
from kiosk.decode import decode_command
from kiosk.errors import KioskError
from kiosk.logs import configure_logs


def _home_option(command: Callable[..., None]) -> Callable[..., None]:
    return click.option(
        "--home",
        type=click.Path(path_type=Path),
        default=Path("/var/lib/welkom-kiosk"),
        envvar="WELKOM_KIOSK_HOME",
        show_default=True,
        help="The kiosk's folder.",
    )(command)


@click.group()
def main() -> None:
    """The Welkom kiosk: reads cards, shows their owners what they have, and tells the edge."""
    configure_logs(sys.stderr)


@main.command()
@_home_option
def scanner(home: Path) -> None:
    """Run the process with the camera and the screen, and no network."""
    from kiosk.compose import run_scanner  # noqa: PLC0415  the other commands need no OpenCV

    places = Home(home)
    _until_stopped(lambda stop: run_scanner(places, load(places.settings), stop))


@main.command()
@_home_option
def agent(home: Path) -> None:
    """Run the process with the network, and no devices."""
    from kiosk.compose import run_agent  # noqa: PLC0415  the other commands need no network

    _until_stopped(lambda stop: run_agent(Home(home), stop))


@main.command()
@_home_option
def run(home: Path) -> None:
    """Run scanner and agent together; when one of them ends, the other is ended too."""
    from honcho.manager import Manager  # noqa: PLC0415  only this command needs it

    os.environ["WELKOM_KIOSK_HOME"] = str(home)
    manager = Manager()
    for part in ("scanner", "agent"):
        # exec: signals reach the program itself, not a shell before it.
        manager.add_process(part, f"exec '{sys.executable}' -m kiosk {part}")
    manager.loop()
    sys.exit(manager.returncode)


@main.command()
@_home_option
@click.argument("claim", type=click.File("r"))
def enrol(home: Path, claim: TextIO) -> None:
    """Give this kiosk its identity. CLAIM is a file with the back office's claim, - for standard input."""
    from contracts.enrolment import Claim  # noqa: PLC0415
    from contracts.errors import InvalidClaim  # noqa: PLC0415
    from kiosk.agent.enrol import enrol as enrol_kiosk  # noqa: PLC0415

    try:
        enrolled = enrol_kiosk(Home(home), Claim.from_text(claim.read()))
    except (KioskError, InvalidClaim) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"This kiosk is {enrolled.kiosk} now.")


main.add_command(decode_command)


def _until_stopped(work: Callable[[threading.Event], None]) -> None:
    """Run until SIGTERM or Ctrl-C; an error of ours is told in a line and ends with 1."""
    stop = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda number, frame: stop.set())
    try:
        work(stop)
    except KioskError as error:
        raise click.ClickException(str(error)) from error

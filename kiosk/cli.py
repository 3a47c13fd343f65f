"""The ``kiosk`` command."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TextIO

import click
import msgspec

from common.logs import configure_logs
from kiosk.config import Home, load
from kiosk.decode import decode_command
from kiosk.errors import KioskError


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
@click.option("--wait", default=0.0, show_default=True, help="Seconds to go on trying without an answer.")
@click.option("--if-needed", is_flag=True, help="Do nothing if this kiosk is enrolled already.")
@click.argument("claim", type=click.File("r", lazy=True))
def enrol(home: Path, wait: float, if_needed: bool, claim: TextIO) -> None:
    """Give this kiosk its identity. CLAIM is a file with the back office's claim, - for standard input."""
    from contracts.enrolment import Claim  # noqa: PLC0415
    from contracts.errors import InvalidClaim  # noqa: PLC0415
    from kiosk.agent.enrol import enrol_waiting  # noqa: PLC0415
    from kiosk.device.profile import is_enrolled  # noqa: PLC0415

    places = Home(home)
    try:
        if if_needed and is_enrolled(places):
            return
        enrolled = enrol_waiting(places, Claim.from_text(claim.read()), wait)
    except (KioskError, InvalidClaim) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"This kiosk is {enrolled.kiosk} now.")


@main.command()
@_home_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of words.")
def status(home: Path, as_json: bool) -> None:
    """Tell in what state this kiosk is."""
    from kiosk.status import status_of  # noqa: PLC0415

    try:
        found = status_of(Home(home))
    except KioskError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return
    for name, value in msgspec.structs.asdict(found).items():
        said = {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
        click.echo(f"{name.replace('_', ' '):16}{said}".rstrip())


@main.command()
@_home_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of words.")
def doctor(home: Path, as_json: bool) -> None:
    """Look at every part of this kiosk, and say what to do about what is wrong.

    Ends with 0 if everything is good, 1 if something should be looked after, 2 if something does not work.
    """
    from kiosk.doctor.checks import checks_of  # noqa: PLC0415  the other commands need none of it
    from kiosk.doctor.examine import examine  # noqa: PLC0415

    report = examine(checks_of(Home(home)))
    click.echo(msgspec.json.encode(report).decode() if as_json else report.as_words())
    sys.exit(report.state.exit_code)


@main.command(hidden=True)
@_home_option
def try_camera(home: Path) -> None:
    """Take a few pictures with this kiosk's camera, and tell of them in one JSON object."""
    from kiosk.compose import choose_camera  # noqa: PLC0415  the other commands need no OpenCV
    from kiosk.doctor.reading import look_through  # noqa: PLC0415

    try:
        source = choose_camera(load(Home(home).settings).camera)
        with closing(source):
            sight = look_through(source)
    except KioskError as error:
        raise click.ClickException(str(error)) from error
    click.echo(msgspec.json.encode(sight).decode())


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

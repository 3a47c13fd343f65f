"""The commands that run the edge's programs beside the web, and the one that lets a kiosk in."""

import signal
import sys
import threading
from pathlib import Path

import click

HOME = click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    envvar="WELKOM_EDGE_HOME",
    help="The folder with the site's settings, secrets and data.",
)


@click.command()
@HOME
@click.option(
    "--mode",
    default="share=ingest",
    show_default=True,
    help="share=<group>, or slot=i/N where the broker has no shared subscriptions.",
)
def ingest(home: Path, mode: str) -> None:
    """Take in what kiosks report. Start more of these to take in more."""
    from edge_api import config as configuration  # noqa: PLC0415
    from edge_api.clock import SystemClock  # noqa: PLC0415
    from edge_api.db import Database  # noqa: PLC0415
    from edge_api.ingest.adapter import Mode  # noqa: PLC0415
    from edge_api.processes import run_ingest  # noqa: PLC0415

    config = configuration.load(home)
    run_ingest(config, Database(config.database_url), SystemClock(), Mode.parse(mode), _until_stopped())


@click.command()
@HOME
def worker(home: Path) -> None:
    """Publish what changed to the kiosks, and do what falls due."""
    from edge_api import config as configuration  # noqa: PLC0415
    from edge_api.clock import SystemClock  # noqa: PLC0415
    from edge_api.db import Database  # noqa: PLC0415
    from edge_api.processes import run_worker  # noqa: PLC0415

    config = configuration.load(home)
    run_worker(config, Database(config.database_url), SystemClock(), _until_stopped())


@click.command("kiosk-claim")
@HOME
@click.option("--name", required=True, help="The kiosk's name; it is made known unless it is already.")
@click.option("--location", help="The slug of its location; the first location without.")
@click.option("--repeat-seconds", type=click.FloatRange(0, 3600), help="The same card again is no new scan.")
def kiosk_claim(home: Path, name: str, location: str | None, repeat_seconds: float | None) -> None:
    """Print a claim that a kiosk enrols with, once, within seven days."""
    from edge_api import config as configuration  # noqa: PLC0415
    from edge_api.clock import SystemClock  # noqa: PLC0415
    from edge_api.db import Database  # noqa: PLC0415
    from edge_api.fleet.commands import claim_for  # noqa: PLC0415

    config = configuration.load(home)
    database = Database(config.database_url)
    claim = claim_for(config, database, SystemClock(), name, location=location, repeat_seconds=repeat_seconds)
    click.echo(claim.to_text())


@click.command()
@HOME
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True)
def backup(home: Path, out: Path) -> None:
    """Write the whole site into one file; it may go on meanwhile. Keep the file safe: it holds every card."""
    from edge_api import config as configuration  # noqa: PLC0415
    from edge_api.backup import back_up  # noqa: PLC0415

    back_up(configuration.load(home), out)
    click.echo(f"The site's backup is {out} ({out.stat().st_size / 1e6:.1f} MB)")


@click.command()
@HOME
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def restore(home: Path, file: Path) -> None:
    """Put a backup in the site's place. Stop its programs first; kiosks then pull everything anew."""
    from edge_api.backup import restore as put_back  # noqa: PLC0415

    config = put_back(home, file)
    click.echo(f"The site in {config.home} is as the backup was. Start its programs again.")


def _until_stopped() -> threading.Event:
    from common.logs import configure_logs  # noqa: PLC0415

    configure_logs(sys.stderr)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: stop.set())
    return stop


COMMANDS = (ingest, worker, kiosk_claim, backup, restore)

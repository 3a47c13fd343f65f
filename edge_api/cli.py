"""The ``edge`` command: sets a site up and runs its programs. Heavy imports wait for their command."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edge_api import programs
from edge_api.demo import demo_data_command
from edge_api.errors import EdgeError
from edge_api.programs import HOME

if TYPE_CHECKING:
    from edge_api.config import Config


class EdgeCommands(click.Group):
    """Commands that tell what we refuse in one line, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except EdgeError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=EdgeCommands)
@click.version_option(package_name="welkom")
def main() -> None:
    """Welkom's edge service: back office, points, and what kiosks need."""


@main.command()
@HOME
@click.option("--public-url", required=True, help="What cards' addresses begin with: https://host[:port].")
@click.option("--owner-email", default="owner@welkom.example", show_default=True)
@click.option("--site-name", default="welkom", show_default=True)
@click.option("--http-port", type=int, default=8000, show_default=True)
@click.option("--kiosk-api-port", type=int, default=8443, show_default=True)
@click.option("--edge-url", help="How kiosks reach their API: https://host:port; this machine without.")
@click.option("--mqtt-host", default="127.0.0.1", show_default=True, help="How kiosks reach the broker.")
@click.option("--database-url", help="PostgreSQL's URL; an SQLite file under the home without.")
@click.option("--mqtt-port", type=int, default=8883, show_default=True, help="The broker's port for kiosks.")
@click.option("--mqtt-service-port", type=int, default=8884, show_default=True)
def init(
    *,
    home: Path,
    public_url: str,
    owner_email: str,
    site_name: str,
    http_port: int,
    kiosk_api_port: int,
    edge_url: str | None,
    mqtt_host: str,
    database_url: str | None,
    mqtt_port: int,
    mqtt_service_port: int,
) -> None:
    """Set up a site. What is there already stays as it is."""
    from edge_api.clock import SystemClock  # noqa: PLC0415
    from edge_api.setup import SIGN_IN_FILE, init_site  # noqa: PLC0415

    options = {
        "site_name": site_name,
        "edge_url": edge_url or f"https://127.0.0.1:{kiosk_api_port}",
        **({"database_url": database_url} if database_url else {}),
        "http": {"port": http_port},
        "kiosk_api": {"port": kiosk_api_port},
        "mqtt": {"host": mqtt_host, "kiosk_port": mqtt_port, "service_port": mqtt_service_port},
    }
    config = init_site(home, public_url, options, owner_email, SystemClock())
    click.echo(f"The site is in {config.home}")
    if (config.home / SIGN_IN_FILE).exists():
        click.echo(f"The first owner's password stands in {config.home / SIGN_IN_FILE}")


@main.command()
@HOME
def serve(home: Path) -> None:
    """Run the web servers: back office and REST, and the kiosks' API by TLS."""
    from edge_api.serving import serve as run  # noqa: PLC0415

    sys.exit(run(_config(home)))


@main.command()
@HOME
@click.option("--name", required=True, help="The batch's name; no other has it.")
@click.option("--kind", type=click.Choice(["online", "offline"]), required=True)
@click.option(
    "--card-type", type=click.Choice(["ID", "VIP", "GIFT", "PUNCH"]), default="ID", show_default=True
)
@click.option("--location", required=True, help="The slug of the location of origin.")
@click.option("--size", type=int, required=True, help="1 to 1,000,000 cards.")
def batch(*, home: Path, name: str, kind: str, card_type: str, location: str, size: int) -> None:
    """Make a batch of cards."""
    from edge_api.cards.commands import make_batch  # noqa: PLC0415
    from edge_api.cards.models import BatchKind, CardType  # noqa: PLC0415
    from edge_api.clock import SystemClock  # noqa: PLC0415
    from edge_api.db import Database  # noqa: PLC0415

    config = _config(home)
    database = Database(config.database_url)
    try:
        made = make_batch(
            database,
            config.site,
            SystemClock(),
            name=name,
            kind=BatchKind(kind),
            card_type=CardType(card_type),
            location=location,
            size=size,
        )
    finally:
        database.close()
    click.echo(f"Batch {made.name}: {made.made} cards, numbers from {made.first_number}")


@main.command()
@HOME
@click.option("--email", required=True, help="The user whose token it is.")
@click.option("--name", required=True, help="What the token is for.")
@click.option("--role", type=click.Choice(["owner", "manager", "staff"]), default="staff", show_default=True)
def token(*, home: Path, email: str, name: str, role: str) -> None:
    """Make a token for the REST API and print it; nobody sees it again."""
    from edge_api.accounts.tokens import create_token_of  # noqa: PLC0415
    from edge_api.audit import By, Origin  # noqa: PLC0415
    from edge_api.clock import SystemClock  # noqa: PLC0415
    from edge_api.db import Database  # noqa: PLC0415
    from edge_api.roles import Role  # noqa: PLC0415

    database = Database(_config(home).database_url)
    by = By("command:token", Origin.COMMAND, SystemClock().now())
    try:
        with database.transaction() as session:
            text = create_token_of(session, email, name=name, role=Role(role), by=by)
    finally:
        database.close()
    click.echo(text)


@main.command("verify-ledger")
@HOME
def verify_ledger(home: Path) -> None:
    """Add up all points and compare them with the balances; fails where they differ."""
    from edge_api.db import Database  # noqa: PLC0415
    from edge_api.loyalty.services import verify  # noqa: PLC0415

    database = Database(_config(home).database_url)
    try:
        with database.reading() as session:
            mismatches = verify(session)
    finally:
        database.close()
    for each in mismatches:
        click.echo(f"customer {each.customer_id}: balance {each.balance}, booked {each.booked}", err=True)
    if mismatches:
        sys.exit(1)
    click.echo("Every balance is the sum of its entries.")


for _command in (*programs.COMMANDS, demo_data_command):
    main.add_command(_command)


def _config(home: Path) -> "Config":
    from edge_api import config  # noqa: PLC0415

    return config.load(home)

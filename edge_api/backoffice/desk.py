"""What every page works with, and who does what and when."""

from datetime import datetime
from zoneinfo import ZoneInfo

from edge_api.accounts.models import Location
from edge_api.config import Config
from edge_api.db import Database
from edge_api.fleet.ca import Authority
from edge_api.rest.api import edge


def database() -> Database:
    """Return the database of the application that serves this request."""
    return edge().database


def config() -> Config:
    """Return the site's configuration."""
    return edge().config


def now() -> datetime:
    """Return the time."""
    return edge().clock.now()


def zone_of(location: Location | None = None) -> ZoneInfo:
    """Return the location's time zone, or the shop's."""
    if location is not None and location.timezone is not None:
        return ZoneInfo(location.timezone)
    return config().zone


def authority() -> Authority:
    """Return the site's CA, whose fingerprint kiosks enrol with."""
    return Authority(config().home / "tls")

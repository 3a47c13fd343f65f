"""What a new site needs beside its database: the CA, its own certificates, the broker's configuration."""

from datetime import datetime
from urllib.parse import urlsplit

from edge_api.config import Config
from edge_api.fleet.broker import write_broker_files
from edge_api.fleet.ca import SERVICE_USER, WATCHER_USER, Authority, Trust

KIOSK_API = "kiosk-api"
BROKER = "broker"


def prepare_site(config: Config, now: datetime) -> None:
    """Make what is missing; what is there stays, unless the settings now want it otherwise."""
    tls = config.home / "tls"
    authority = Authority.create(tls, config.site_name, now)
    programs = Authority.create(tls, config.site_name, now, Trust.PROGRAMS)
    hosts = ["localhost", "127.0.0.1"]
    authority.issue_server(KIOSK_API, _distinct([*hosts, urlsplit(config.edge_url).hostname or ""]), now)
    authority.issue_server(BROKER, _distinct([*hosts, config.mqtt.host]), now)
    for user in (SERVICE_USER, WATCHER_USER):
        programs.issue_client(user, now)
    write_broker_files(config)


def _distinct(hosts: list[str]) -> list[str]:
    return [host for host in dict.fromkeys(hosts) if host]

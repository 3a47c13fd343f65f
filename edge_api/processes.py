"""The long-running programs behind ``edge ingest`` and ``edge worker``: parts put together and supervised."""

import threading

import structlog

from common.mqtt import Credentials, Endpoint, Link
from common.supervision import Crew, PartDied
from edge_api.clock import Clock
from edge_api.config import Config
from edge_api.db import Database
from edge_api.errors import BadConfiguration
from edge_api.fleet.ca import SERVICE_USER
from edge_api.ingest.adapter import IngestAdapter, Mode
from edge_api.ingest.services import Ingest
from edge_api.jobs import Jobs
from edge_api.sync.worker import FeedWorker

_SLOT_SESSION_SECONDS = 24 * 3600

log = structlog.get_logger(__name__)


def run_ingest(config: Config, database: Database, clock: Clock, mode: Mode, stop: threading.Event) -> None:
    """Take in kiosks' messages until ``stop`` is set or a part dies (which is raised)."""
    endpoint = Endpoint(
        config.mqtt.host,
        config.mqtt.service_port,
        mode.session_name,
        session_seconds=0 if mode.share else _SLOT_SESSION_SECONDS,
    )
    link = Link(endpoint, credentials(config), manual_ack=True)
    adapter = IngestAdapter(mode, Ingest(config, clock), database, clock, link)
    crew = Crew(stop)
    crew.start("broker", lambda: link.run(adapter))
    crew.start("ingest", lambda: adapter.run(stop))
    _until_stopped(crew, link)


def run_worker(config: Config, database: Database, clock: Clock, stop: threading.Event) -> None:
    """Publish what changed, and do what falls due, until ``stop`` is set or a part dies (which is raised)."""
    link = Link(Endpoint(config.mqtt.host, config.mqtt.service_port, ""), credentials(config))
    jobs = Jobs(config, database, clock)
    worker = FeedWorker(config, database, clock, link)
    crew = Crew(stop)
    crew.start("broker", lambda: link.run(worker))
    crew.start("feed", lambda: worker.run(stop))
    crew.start("jobs", lambda: jobs.run(stop))
    _until_stopped(crew, link)


def credentials(config: Config) -> Credentials:
    """Return what our own programs show the broker."""
    tls = config.home / "tls"
    return Credentials(tls / "ca.crt", tls / f"{SERVICE_USER}.crt", tls / f"{SERVICE_USER}.key")


def _until_stopped(crew: Crew, link: Link) -> None:
    try:
        crew.watch(lambda: True)
    except PartDied as died:
        # What is wrong with the settings is said in one line, like everywhere.
        if isinstance(died.__cause__, BadConfiguration):
            raise died.__cause__ from None
        raise
    finally:
        link.stop()
        crew.join()

"""The only place that chooses the kiosk's parts and puts them together: the scanner, and the agent."""

import threading
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from common.mqtt import Credentials, Endpoint, Link
from common.supervision import Crew
from contracts.errors import InvalidMessage
from contracts.events import decode
from contracts.kiosk_state import KioskConfig, Vitals
from kiosk.agent.agent import Agent
from kiosk.agent.edge_client import EdgeClient
from kiosk.agent.sync import Sync
from kiosk.camera.files import FilesCamera
from kiosk.camera.pi import open_pi
from kiosk.camera.source import FrameSource
from kiosk.camera.v4l2 import open_v4l2
from kiosk.camera.virtual import VirtualCamera
from kiosk.camera.watched import Watched
from kiosk.config import CameraName, CameraSettings, Home, Settings
from kiosk.device import profile
from kiosk.device.clock import SystemClock
from kiosk.device.documents import Documents
from kiosk.device.reserve import Reserve
from kiosk.directory.directory import Directory
from kiosk.directory.downlink import DownlinkReader, DownlinkWriter
from kiosk.directory.replica import ReplicaReader, open_or_rebuild
from kiosk.display.languages import load_languages
from kiosk.display.page import create_page
from kiosk.display.panel import Panel
from kiosk.display.screens import Screens
from kiosk.display.server import Server, serve
from kiosk.display.stage import Stage
from kiosk.display.words import Words, choose
from kiosk.errors import BadConfiguration
from kiosk.outbox import RESERVED_BYTES, Outbox
from kiosk.reception import Reception, Rules
from kiosk.reporting import Reporter
from kiosk.scanning.scanner import Scanner
from kiosk.scanning.vitals import VitalsFile
from kiosk.scanning.worker import Decoder, DecoderLimits

LOOPBACK = "127.0.0.1"

log = structlog.get_logger(__name__)


def run_scanner(home: Home, settings: Settings, stop: threading.Event) -> None:
    """Scan until ``stop`` is set, the camera ends, or a part dies (which is raised)."""
    me = profile.load(home)
    clock = SystemClock()
    downlink = DownlinkReader(home.downlink)
    config = _configured(downlink)
    reserve = Reserve(home.reserve, RESERVED_BYTES)
    reserve.fill()
    outbox = Outbox(home.outbox, reserve)
    languages = load_languages()
    if settings.language not in languages:
        raise BadConfiguration(f"language: takes one of {', '.join(sorted(languages))}")
    screens = Screens(languages, settings.language, ZoneInfo(config.timezone))
    stage = Stage(screens.waiting())
    reception = Reception(
        Directory(ReplicaReader(home.replica), me.site),
        downlink,
        Reporter(me.kiosk, outbox, clock),
        Panel(stage, screens, clock),
        _rules(config),
    )
    source = choose_camera(settings.camera)
    server = _serve_page(settings, stage, choose(languages, settings.language, "en"), source)
    decoder = _decoder(settings)
    scanner = Scanner(source, decoder, reception, clock)
    log.info("scanner ready", kiosk=me.kiosk, camera=settings.camera.source, port=server.port)
    vitals = VitalsFile(home.vitals, scanner.vital, settings.camera.source, clock)
    follow = _follow_config(downlink, reception)
    crew = Crew(stop)
    crew.start("camera", scanner.run, at_end=stop.set)
    crew.start("clock", lambda: scanner.tick_until_stopped(follow))
    crew.start("vitals", lambda: vitals.run(stop))
    crew.start("reserve", lambda: _refill(reserve, stop))
    try:
        crew.watch(lambda: server.is_alive)
    finally:
        scanner.stop()
        server.close()
        crew.join()
        decoder.close()


def run_agent(home: Home, stop: threading.Event) -> None:
    """Keep this kiosk in touch with its edge until ``stop`` is set or a part dies (which is raised)."""
    me = profile.load(home)
    clock = SystemClock()
    outbox = Outbox(home.outbox)
    replica = open_or_rebuild(home.replica)
    downlink = DownlinkWriter(home.downlink)
    edge = EdgeClient(
        me.edge_url,
        home.ca.read_text(),
        kiosk=me.kiosk,
        site=me.site.name,
        key_pem=home.key.read_bytes(),
        clock=clock,
    )
    requeued = threading.Event()

    def send_again() -> None:
        log.warning("sending kept events again", events=outbox.requeue())
        requeued.set()

    sync = Sync(replica=replica, downlink=downlink, edge=edge, clock=clock, epoch_changed=send_again)
    link = Link(
        Endpoint(me.broker.host, me.broker.port, me.kiosk),
        Credentials(home.ca, home.certificate, home.key),
    )
    agent = Agent(
        me.kiosk,
        outbox=outbox,
        replica=replica,
        downlink=downlink,
        documents=Documents(home.agent_documents),
        sync=sync,
        link=link,
        requeued=requeued,
        clock=clock,
        vitals=lambda: read_vitals(home.vitals),
    )
    agent.disconnected("not yet, at the start")
    crew = Crew(stop)
    crew.start("broker", lambda: link.run(agent))
    crew.start("sync", lambda: sync.run(stop))
    crew.start("outbox", lambda: agent.run(stop))
    log.info("agent ready", kiosk=me.kiosk)
    try:
        crew.watch(lambda: True)
    finally:
        crew.join("outbox", "sync")
        link.stop()
        crew.join()


def choose_camera(settings: CameraSettings) -> FrameSource:
    """Return the camera that the configuration names.

    Raises:
        BadConfiguration: the camera's own settings are missing or wrong.
    """
    match settings.source:
        case CameraName.VIRTUAL:
            return VirtualCamera()
        case CameraName.FILES:
            if not Path(settings.path).exists():
                raise BadConfiguration(f"camera.path: takes a folder or a video, not {settings.path!r}")
            return FilesCamera(Path(settings.path), settings.fps or None)
        case CameraName.PI:
            return Watched(lambda: open_pi(settings.pi))
        case CameraName.V4L2:
            return Watched(lambda: open_v4l2(settings.v4l2))


def read_vitals(path: Path) -> Vitals | None:
    """Return what the scanner last wrote of itself, if it did."""
    try:
        return decode(path.read_bytes(), Vitals)
    except (OSError, InvalidMessage):
        return None


def _serve_page(settings: Settings, stage: Stage, words: Words, source: FrameSource) -> Server:
    page = create_page(
        stage,
        words,
        virtual=source if isinstance(source, VirtualCamera) else None,
        cards_folder=Path(settings.page.demo_cards) if settings.page.demo_cards else None,
    )
    port = settings.page.port
    try:
        return serve(page, LOOPBACK, port)
    except OSError as error:
        raise BadConfiguration(f"page.port: takes a port that is free, not {port}: {error}") from error


def _decoder(settings: Settings) -> Decoder:
    return Decoder(
        DecoderLimits(
            live_seconds=settings.decoder.deadline_ms / 1000, memory_bytes=settings.decoder.memory_mb << 20
        )
    )


def _configured(downlink: DownlinkReader) -> KioskConfig:
    config = downlink.config()
    if config is None:
        raise BadConfiguration("this kiosk's configuration is missing: enrol it anew")
    return config


def _rules(config: KioskConfig) -> Rules:
    return Rules(config.card_hosts, config.repeat_seconds)


def _follow_config(downlink: DownlinkReader, reception: Reception) -> Callable[[], None]:
    """Return what to call often: it looks for a new configuration when the agent has written."""
    # Looked for at the first call too: it may have come since the scanner began to start.
    seen = {"change": -1}

    def follow() -> None:
        change = downlink.change_number()
        if change == seen["change"]:
            return
        seen["change"] = change
        reception.follow(_rules(_configured(downlink)))

    return follow


def _refill(reserve: Reserve, stop: threading.Event) -> None:
    while not stop.wait(60.0):
        reserve.fill()

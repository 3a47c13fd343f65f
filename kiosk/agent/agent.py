"""The agent's own loop: one thread at the broker, one for pulls, and this one for the outbox.

Whichever of them dies ends the process; systemd starts it anew, and nothing is lost by that.
"""

import platform
import threading
from collections.abc import Callable
from importlib.metadata import version
from typing import Protocol

import msgspec
import structlog

from common.mqtt import Line, Message, Parting, Welcome
from contracts.errors import InvalidMessage
from contracts.events import Ack, decode, encode
from contracts.kiosk_state import Health, Info, KioskConfig, Status, Vitals
from contracts.replica import RowsPush
from contracts.settlements import Settlements
from contracts.topics import ROWS, Down, Up, down, up
from kiosk.agent.publisher import Publisher
from kiosk.agent.sync import Sync
from kiosk.device.clock import Clock
from kiosk.device.documents import Documents
from kiosk.directory.downlink import DownlinkWriter
from kiosk.directory.replica import ReplicaWriter
from kiosk.errors import StorageFull
from kiosk.outbox import Outbox

HEALTH_SECONDS = 60.0
_LOOK_SECONDS = 0.02
_INFO_SECONDS = 1.0
_SILENT_SECONDS = 5.0
_TIDY_SECONDS = 3600.0
_KEEP_ACKNOWLEDGED_SECONDS = 7 * 24 * 3600.0
_KEEP_SETTLED_SECONDS = 24 * 3600.0
_SESSION = "session"

log = structlog.get_logger(__name__)


class BrokerLine(Line, Protocol):
    """What the agent needs of its link: :class:`common.mqtt.Link`, or a fake in a test."""

    @property
    def is_up(self) -> bool: ...


class Agent:
    """Everything between this kiosk's files and the network.

    ``requeued`` is set after events that had been acknowledged were marked to be sent again.
    """

    def __init__(
        self,
        kiosk: str,
        *,
        outbox: Outbox,
        replica: ReplicaWriter,
        downlink: DownlinkWriter,
        documents: Documents,
        sync: Sync,
        link: BrokerLine,
        requeued: threading.Event,
        clock: Clock,
        vitals: Callable[[], Vitals | None],
    ) -> None:
        self._kiosk = kiosk
        self._outbox = outbox
        self._replica = replica
        self._downlink = downlink
        self._documents = documents
        self._sync = sync
        self._clock = clock
        self._vitals = vitals
        self._publisher = Publisher(outbox, self._send_event)
        self._link = link
        self._session = 0
        self._fresh = threading.Event()
        self._requeued = requeued
        self._acks: list[Ack] = []
        self._lock = threading.Lock()
        self._info_told: Info | None = None
        self._next_look = 0.0
        self._next_health = 0.0
        self._next_tidy = 0.0

    def parting(self) -> Parting:
        """Begin a new session, and return the last will for it."""
        kept = int((self._documents.get(_SESSION) or {}).get("number", 0))
        self._session = max(kept, self._session) + 1
        try:
            self._documents.put(_SESSION, {"number": self._session})
        except StorageFull as error:
            # Going without is better than not connecting: a full disk is emptied by sending what is on it.
            log.error("the session's number could not be kept", reason=str(error))
        return Parting(up(self._kiosk, Up.STATUS), self._status(online=False))

    def connected(self, welcome: Welcome) -> None:
        """Subscribe and say everything anew; nothing of an earlier session is relied on."""
        kinds = (Down.ACK, Down.CONFIG, Down.SETTLED)
        self._link.subscribe(ROWS, *(down(self._kiosk, kind) for kind in kinds))
        self._link.publish(up(self._kiosk, Up.STATUS), self._status(online=True), retain=True)
        log.info("connected to the broker", session=self._session)
        self._tell_screens(connected=True)
        self._fresh.set()
        self._sync.pull_soon()

    def disconnected(self, reason: str) -> None:
        """Let the screens say that results are as of some time ago."""
        log.warning("not connected to the broker", reason=reason)
        self._tell_screens(connected=False)

    def received(self, message: Message) -> None:
        """Take a message; one that is not as agreed is logged and left alone."""
        try:
            self._take(message)
        except InvalidMessage as error:
            log.warning("message not understood", topic=message.topic, reason=str(error))

    def run(self, stop: threading.Event) -> None:
        """Send events and health until told to stop."""
        while not stop.wait(_LOOK_SECONDS):
            self.turn()
        self._link.publish(up(self._kiosk, Up.STATUS), self._status(online=False), retain=True)
        self._tell_screens(connected=False)

    def turn(self) -> None:
        """Do what is due now."""
        now = self._clock.monotonic()
        self._take_acks()
        if self._requeued.is_set():
            self._requeued.clear()
            self._publisher.restart()
        if self._fresh.is_set():
            self._fresh.clear()
            self._publisher.restart()
            self._info_told = None
            self._next_look = self._next_health = now
        if not self._link.is_up:
            return
        # First how long the device has run: scans of an unset clock are placed by that.
        self._tell_of_itself(now)
        self._publisher.turn(now)
        if now >= self._next_tidy:
            self._next_tidy = now + _TIDY_SECONDS
            self._tidy()

    def _tell_screens(self, *, connected: bool) -> None:
        try:
            self._downlink.set_connected(connected)
        except StorageFull as error:
            log.error("the screens could not be told of the connection", reason=str(error))

    def _tell_of_itself(self, now: float) -> None:
        """Publish health when that is due, and info where it changed: the scanner may start later."""
        if now < self._next_look:
            return
        self._next_look = now + _INFO_SECONDS
        vitals = self._fresh_vitals()
        info = self._info(vitals)
        if info != self._info_told:
            self._info_told = info
            self._link.publish(up(self._kiosk, Up.INFO), encode(info), retain=True)
        if now >= self._next_health:
            self._next_health = now + HEALTH_SECONDS
            self._link.publish(up(self._kiosk, Up.HEALTH), encode(self._health(vitals)), qos=0)

    def _take(self, message: Message) -> None:
        kind = message.topic.rpartition("/")[2]
        if message.topic == ROWS:
            self._sync.arrived(decode(message.payload, RowsPush))
        elif kind == Down.ACK:
            with self._lock:
                self._acks.append(decode(message.payload, Ack))
        elif kind == Down.SETTLED:
            self._sync.arrived(decode(message.payload, Settlements))
        elif kind == Down.CONFIG:
            self._sync.arrived(decode(message.payload, KioskConfig))

    def _take_acks(self) -> None:
        with self._lock:
            acks, self._acks = self._acks, []
        for ack in acks:
            try:
                self._publisher.acknowledged(ack, self._clock.now().timestamp())
            except StorageFull as error:
                log.error("an acknowledgement could not be kept", reason=str(error))

    def _send_event(self, body: bytes) -> bool:
        return self._link.publish(up(self._kiosk, Up.EVENT), body)

    def _status(self, *, online: bool) -> bytes:
        return encode(Status(online=online, session=self._session, at=self._clock.now()))

    def _fresh_vitals(self) -> Vitals | None:
        """Return what the scanner says of itself, unless it has fallen silent or was of another start."""
        vitals = self._vitals()
        now_ms = self._clock.monotonic() * 1000
        if vitals is None or not -1000 < now_ms - vitals.monotonic_ms < _SILENT_SECONDS * 1000:
            return None
        return vitals

    def _info(self, vitals: Vitals | None) -> Info:
        camera = self._info_told.camera if self._info_told else ""
        return Info(
            version=version("welkom"),
            python=platform.python_version(),
            machine=platform.machine(),
            camera=vitals.camera if vitals else camera,
            boot_id=self._clock.boot_id(),
        )

    def _health(self, vitals: Vitals | None) -> Health:
        position = self._replica.position()
        health = Health(
            at=self._clock.now(),
            uptime_ms=self._clock.uptime_ms(),
            boot_id=self._clock.boot_id(),
            clock_synced=self._clock.synced(),
            queued=self._outbox.count_pending(),
            epoch=position.epoch,
            cursor=position.cursor,
        )
        if vitals is None:
            return health
        return msgspec.structs.replace(
            health,
            frame_age_ms=vitals.frame_age_ms,
            frames=vitals.frames,
            decode_ms=vitals.decode_ms,
            decoder_restarts=vitals.decoder_restarts,
        )

    def _tidy(self) -> None:
        now = self._clock.now().timestamp()
        self._outbox.forget_acknowledged(now - _KEEP_ACKNOWLEDGED_SECONDS)
        self._downlink.forget_settled(now - _KEEP_SETTLED_SECONDS)

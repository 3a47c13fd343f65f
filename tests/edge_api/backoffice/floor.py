"""The shop floor of the tests: a kiosk, and cards held before it, by the way that real scans take."""

import uuid
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec

from contracts.card_code import CardCode
from contracts.events import Event, EventType, OutcomeName, ScanData, encode, proof_of
from contracts.kiosk_state import Health, Info, Status
from contracts.sealing import derive
from contracts.topics import Up, up
from edge_api.accounts.models import Location
from edge_api.audit import By, Origin
from edge_api.clock import Clock
from edge_api.config import Config
from edge_api.db import Database
from edge_api.fleet import services as fleet
from edge_api.fleet.models import Kiosk, KioskState
from edge_api.ingest.errors import Rejected
from edge_api.ingest.models import Scan
from edge_api.ingest.services import Ingest, keep_rejected


@dataclass
class Floor:
    """Makes kiosks, and lets them report."""

    config: Config
    database: Database
    clock: Clock
    _seq: int = field(default=0)

    def kiosk(
        self, location: Location, name: str = "By the door", state: KioskState = KioskState.ACTIVE
    ) -> Kiosk:
        with self.database.transaction() as session:
            by = By("user:1", Origin.BACK_OFFICE, self.clock.now())
            kiosk = fleet.register_kiosk(session, name, location, by)
            kiosk.state = state
        return kiosk

    def reports(self, kiosk: Kiosk, *, online: bool = True, queued: int = 0) -> None:
        """The kiosk says how it is."""
        now = self.clock.now()
        info = Info(version="0.1.0", python="3.11", machine="aarch64", camera="Camera Module 3", boot_id="b1")
        health = Health(
            at=now, uptime_ms=9_000, clock_synced=True, queued=queued, epoch="e", cursor=1, decode_ms=4.2
        )
        for kind, told in (
            (Up.STATUS, Status(online=online, session=1, at=now)),
            (Up.INFO, info),
            (Up.HEALTH, health),
        ):
            self._send(kiosk, kind, encode(told))

    def scan(
        self,
        kiosk: Kiosk,
        code: CardCode | None,
        outcome: OutcomeName = OutcomeName.RECOGNISED,
        *,
        ago: timedelta = timedelta(),
        forged: bool = False,
    ) -> Scan | None:
        """A card is held before the kiosk; nothing comes of a forged report but its record."""
        keys = derive(code or CardCode(bytes(16)), self.config.site)
        self._seq += 1
        data = ScanData(
            stream="s1",
            seq=self._seq,
            boot_id="b1",
            uptime_ms=9_000,
            clock_synced=True,
            outcome=outcome,
            lookup=keys.lookup if code else None,
            code_hash=None if code else b"12345678",
        )
        event = Event(
            id=uuid.uuid4(),
            source=kiosk.id,
            type=EventType.SCAN,
            time=self.clock.now() - ago,
            data=msgspec.Raw(encode(data)),
        )
        key = bytes(32) if forged else keys.event
        proven = msgspec.structs.replace(event, cardproof=proof_of(key, event)) if code else event
        return self._send(kiosk, Up.EVENT, encode(proven))

    def _send(self, kiosk: Kiosk, kind: Up, payload: bytes) -> Scan | None:
        topic = up(kiosk.id, kind)
        try:
            with self.database.transaction() as session:
                taken = Ingest(self.config, self.clock).take(session, topic, payload)
                return taken.scan if taken else None
        except Rejected as rejected:
            with self.database.transaction() as session:
                keep_rejected(session, topic, payload, rejected, self.clock.now())
            return None

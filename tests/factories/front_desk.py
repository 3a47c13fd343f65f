"""A kiosk's front desk with real files (replica, settlements, outbox) and an agent's hand to write them."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from contracts.card_code import CardCode, payload
from contracts.events import Ack, Event, ScanData, decode
from contracts.replica import CustomerEntry, Entry, SealedRow
from contracts.sealing import Site, derive, seal
from contracts.settlements import Settlement, Verdict
from kiosk.directory.directory import Directory
from kiosk.directory.downlink import DownlinkReader, DownlinkWriter
from kiosk.directory.replica import ReplicaReader, ReplicaWriter
from kiosk.errors import StorageFull
from kiosk.outbox import Outbox
from kiosk.reception import Reception, Rules
from kiosk.reporting import Reporter
from kiosk.scanning.symbols import Hint
from tests.fakes.display import RecordingDisplay
from tests.fakes.kiosk_clock import KioskClock

HOST = "https://kaart.example.nl"
SITE = Site("welkom", bytes(range(32)))
KIOSK = "k-entrance01"
AS_OF = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
REPEAT_SECONDS = 30.0
HOSTS = ("kaart.example.nl",)


def card(number: int) -> CardCode:
    """One of many cards, the same for the same number."""
    return CardCode(number.to_bytes(16))


def shown(code: CardCode) -> str:
    """Return what the card's QR code holds."""
    return payload(code, HOST)


def customer(name: str = "Zoë", points: int = 100) -> CustomerEntry:
    """Return a customer's entry."""
    return CustomerEntry(as_of=AS_OF, greeting_name=name, language="nl", points=points)


def sealed(code: CardCode, entry: Entry, revision: int) -> SealedRow:
    """Return the card's row; the nonce follows from the revision."""
    return seal(derive(code, SITE), SITE, revision, entry, revision.to_bytes)


class FillableOutbox(Outbox):
    """The real outbox, on a disk that a test may fill; how a real disk fills is tested with the outbox."""

    disk_is_full = False

    def append(self, write: Callable[[str, int], bytes]) -> int:
        if self.disk_is_full:
            raise StorageFull("no room to write")
        return super().append(write)


class FrontDesk:
    """The reception with everything behind it; its clock moves with ``see`` and ``forward``."""

    def __init__(self, folder: Path) -> None:
        self.clock = KioskClock()
        self.replica = ReplicaWriter(folder / "replica.db")
        self.downlink = DownlinkWriter(folder / "settlements.db")
        self.downlink.set_connected(True)
        self.outbox = FillableOutbox(folder / "outbox.db")
        self.display = RecordingDisplay()
        self._reading = (ReplicaReader(folder / "replica.db"), DownlinkReader(folder / "settlements.db"))
        self.reception = Reception(
            Directory(self._reading[0], SITE),
            self._reading[1],
            Reporter(KIOSK, self.outbox, self.clock),
            self.display,
            Rules(HOSTS, REPEAT_SECONDS),
        )
        self._revision = 0

    # Before the camera

    def see(self, *texts: str, after: float = 0.1) -> None:
        """Have a frame with these codes, so many seconds after the last."""
        self.reception.saw(texts, self.clock.forward(after))

    def hold(self, *texts: str, seconds: float) -> None:
        """Hold codes before the camera, ten frames a second, with the ticks between them."""
        for _ in range(round(seconds * 10)):
            self.see(*texts)
            self.tick()

    def struggle(self, hint: Hint, seconds: float) -> None:
        """Hold up a code that the camera sees and the decoder cannot read."""
        for _ in range(round(seconds * 10)):
            self.reception.glimpsed(hint, self.clock.forward(0.1))
            self.tick()

    def tick(self) -> None:
        self.reception.tick(self.clock.monotonic())

    def nothing_for(self, seconds: float) -> None:
        """Let time pass with nothing before the camera."""
        for _ in range(round(seconds * 10)):
            self.clock.forward(0.1)
            self.tick()

    # What the agent does

    def row(self, code: CardCode, entry: Entry) -> int:
        """Have a row arrive; return its revision."""
        self._revision += 1
        self.replica.apply_pulled("e1", [sealed(code, entry, self._revision)], self._revision)
        return self._revision

    def settle(
        self,
        event: UUID,
        earned: int = 11,
        verdict: Verdict = Verdict.BOOKED,
        rewards: tuple[str, ...] = (),
        balance: int | None = None,
    ) -> None:
        """Have the edge's verdict on an event arrive."""
        told = Settlement(
            number=1, event=event, verdict=verdict, earned=earned, rewards=rewards, balance=balance
        )
        self.downlink.settled([told], 0.0)

    # What came of it

    def events(self) -> list[Event]:
        """Return all events in the outbox, in order."""
        return [decode(each.body, Event) for each in self.outbox.pending(limit=100_000)]

    def scans(self) -> list[ScanData]:
        return [event.scan() for event in self.events()]

    def acknowledge_all(self) -> None:
        self.outbox.acknowledge(Ack(stream=self.outbox.stream, ranges=((1, 1_000_000),)), 0.0)

    def close(self) -> None:
        for each in (self.replica, self.downlink, self.outbox, *self._reading):
            each.close()

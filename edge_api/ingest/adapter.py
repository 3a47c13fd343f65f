"""Between the broker and :class:`~edge_api.ingest.services.Ingest`: batches, commits, then acknowledges.

Two ways to run several of these on any broker: ``share=<group>``, where the broker deals out the events
(a shared subscription), and ``slot=i/N``, where each has a durable session of its own and takes the
kiosks whose hash falls on its slot.
"""

import queue
import re
import threading
import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import Session

from common.mqtt import Line, Message, Welcome
from contracts.errors import InvalidTopic
from contracts.events import Ack, encode, ranges_of
from contracts.topics import Down, Up, down, every, parse_up, site_scan
from edge_api.clock import Clock
from edge_api.db import Database
from edge_api.errors import BadConfiguration
from edge_api.ingest.errors import Rejected
from edge_api.ingest.models import RejectReason
from edge_api.ingest.services import Ingest, Taken, keep_rejected
from edge_api.ingest.site_scan import SiteScan, describe
from edge_api.ingest.turns import take_turns

BATCH = 100
_QUEUE = 5_000
_NUMBER = re.compile(r"[0-9]{1,4}")
_STATE = (Up.STATUS, Up.INFO, Up.HEALTH)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Mode:
    """How this worker shares the events with others."""

    share: str | None = None
    slot: int = 0
    slots: int = 1

    @classmethod
    def parse(cls, text: str) -> "Mode":
        """Read ``share=<group>`` or ``slot=i/N`` (i from 0).

        Raises:
            BadConfiguration: the text is neither.
        """
        kind, _, value = text.partition("=")
        if kind == "share" and value.isascii() and value.isalnum():
            return cls(share=value)
        slot, _, slots = value.partition("/")
        if kind == "slot" and _NUMBER.fullmatch(slot) and _NUMBER.fullmatch(slots) and int(slot) < int(slots):
            return cls(slot=int(slot), slots=int(slots))
        raise BadConfiguration(f"mode: takes share=<group> or slot=i/N with i below N, not {text!r}")

    @property
    def session_name(self) -> str:
        """The client id: a slot's session must be found again, a sharer's is nobody's business."""
        return "" if self.share else f"ingest-slot-{self.slot}"

    def topics(self) -> tuple[str, ...]:
        events = every(Up.EVENT)
        return (f"$share/{self.share}/{events}" if self.share else events, *map(every, _STATE))

    def takes(self, kiosk: str) -> bool:
        """Tell whether a kiosk's events are this worker's."""
        return bool(self.share) or zlib.crc32(kiosk.encode()) % self.slots == self.slot


class IngestAdapter:
    """Takes messages from the network's thread and works on them in its own."""

    def __init__(self, mode: Mode, ingest: Ingest, database: Database, clock: Clock, link: Line) -> None:
        self._mode = mode
        self._ingest = ingest
        self._database = database
        self._clock = clock
        self._link = link
        self._messages: queue.Queue[Message] = queue.Queue(_QUEUE)

    def parting(self) -> None:
        """Leave no last will."""

    def disconnected(self, reason: str) -> None:
        """Wait for the broker; kiosks send again what we could not acknowledge."""
        log.warning("ingest not connected", reason=reason)

    def connected(self, welcome: Welcome) -> None:
        """Subscribe, unless the broker cannot do what the mode needs.

        Raises:
            BadConfiguration: a shared subscription on a broker that has none.
        """
        if self._mode.share and not welcome.shared_subscriptions:
            raise BadConfiguration("mode: this broker has no shared subscriptions; use slot=i/N")
        self._link.subscribe(*self._mode.topics())
        log.info("ingest connected", mode=str(self._mode))

    def received(self, message: Message) -> None:
        """Take a message from the network; blocks while the database cannot keep up."""
        self._messages.put(message)

    def run(self, stop: threading.Event) -> None:
        """Work on messages in batches until told to stop."""
        while not stop.is_set():
            batch = self._next_batch()
            if batch:
                self.work(batch)

    def work(self, batch: list[Message]) -> None:
        """Take a batch in one transaction, then acknowledge it; one by one if it fails as a whole.

        Raises:
            DBAPIError: the database cannot be written at all; nothing was acknowledged.
        """
        mine = [message for message in batch if self._is_mine(message)]
        try:
            taken, scans = self._take(mine)
        except DBAPIError as error:
            # Another worker stored the same event or locked the same rows, or one message is to blame.
            log.warning("taking a batch one by one", messages=len(mine), reason=type(error).__name__)
            taken, scans = self._take_singly(mine)
        self._acknowledge(taken)
        for scan in scans:
            self._link.publish(site_scan(scan.location), encode(scan))
        for message in batch:
            message.acknowledge()

    def _next_batch(self) -> list[Message]:
        batch: list[Message] = []
        try:
            batch.append(self._messages.get(timeout=0.2))
            while len(batch) < BATCH:
                batch.append(self._messages.get_nowait())
        except queue.Empty:
            pass
        return batch

    def _is_mine(self, message: Message) -> bool:
        try:
            return self._mode.takes(parse_up(message.topic).kiosk)
        except InvalidTopic:
            log.warning("a message on no kiosk's topic", topic=message.topic[:200])
            return False

    def _take(self, messages: Sequence[Message]) -> tuple[list[Taken], list[SiteScan]]:
        with self._database.transaction() as session:
            take_turns(session, messages)
            taken = [self._take_or_keep(session, message) for message in messages]
            stored = [each for each in taken if each is not None]
            scans = [describe(session, each.scan) for each in stored if each.scan is not None]
        return stored, scans

    def _take_or_keep(self, session: Session, message: Message) -> Taken | None:
        try:
            return self._ingest.take(session, message.topic, message.payload, kept=message.retained)
        except Rejected as rejected:
            return self._keep(session, message, rejected)

    def _keep(self, session: Session, message: Message, rejected: Rejected) -> Taken | None:
        return keep_rejected(session, message.topic, message.payload, rejected, self._clock.now())

    def _take_singly(self, messages: Iterable[Message]) -> tuple[list[Taken], list[SiteScan]]:
        taken: list[Taken] = []
        scans: list[SiteScan] = []
        for message in messages:
            one, scan = self._take_alone(message)
            taken += one
            scans += scan
        return taken, scans

    def _take_alone(self, message: Message) -> tuple[list[Taken], list[SiteScan]]:
        try:
            return self._take([message])
        except DataError as error:
            unfit = Rejected(RejectReason.MALFORMED, f"the database does not take it: {error.orig!r}"[:500])
            with self._database.transaction() as session:
                kept = self._keep(session, message, unfit)
            return [kept] if kept else [], []
        except (IntegrityError, OperationalError):
            # Looked at again, what another worker stored at this moment is there.
            return self._take([message])

    def _acknowledge(self, taken: Iterable[Taken]) -> None:
        by_stream: dict[tuple[str, str], list[int]] = defaultdict(list)
        for each in taken:
            by_stream[each.kiosk, each.stream].append(each.seq)
        for (kiosk, stream), numbers in by_stream.items():
            ack = Ack(stream=stream, ranges=ranges_of(numbers))
            self._link.publish(down(kiosk, Down.ACK), encode(ack))

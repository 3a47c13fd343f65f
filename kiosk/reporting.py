"""Makes events out of outcomes, and puts them into the outbox with their proof."""

from dataclasses import dataclass, field
from uuid import UUID

import msgspec

from contracts.events import Event, EventType, OutcomeName, ScanData, encode, hash_of_foreign, proof_of
from contracts.sealing import CardKeys
from kiosk.device.clock import Clock, uuid7
from kiosk.outbox import Outbox


@dataclass(frozen=True, slots=True)
class CardShown:
    """A card of ours, with its keys, and the revision of the row that was shown for it."""

    keys: CardKeys
    row_revision: int | None = None


@dataclass(frozen=True, slots=True)
class OtherCode:
    """A code that is no card of ours; only its hash and length leave the kiosk."""

    text: str = field(repr=False)


class Reporter:
    """Reports one kiosk's scans."""

    def __init__(self, kiosk: str, outbox: Outbox, clock: Clock) -> None:
        self._kiosk = kiosk
        self._outbox = outbox
        self._clock = clock

    def scan(self, outcome: OutcomeName, what: CardShown | OtherCode | None) -> UUID:
        """Keep a scan for the edge and return its event's id. None stands for several codes at once.

        Raises:
            StorageFull: it could not be kept.
        """
        now = self._clock.now()
        event_id = uuid7(now)

        def write(stream: str, seq: int) -> bytes:
            data = self._scan_data(stream, seq, outcome, what)
            event = Event(
                id=event_id,
                source=self._kiosk,
                type=EventType.SCAN,
                time=now,
                data=msgspec.Raw(encode(data)),
            )
            if isinstance(what, CardShown):
                event = msgspec.structs.replace(event, cardproof=proof_of(what.keys.event, event))
            return encode(event)

        self._outbox.append(write)
        return event_id

    def _scan_data(
        self, stream: str, seq: int, outcome: OutcomeName, what: CardShown | OtherCode | None
    ) -> ScanData:
        data = ScanData(
            stream=stream,
            seq=seq,
            boot_id=self._clock.boot_id(),
            uptime_ms=self._clock.uptime_ms(),
            clock_synced=self._clock.synced(),
            outcome=outcome,
        )
        match what:
            case CardShown():
                return msgspec.structs.replace(data, lookup=what.keys.lookup, row_revision=what.row_revision)
            case OtherCode():
                return msgspec.structs.replace(
                    data, code_hash=hash_of_foreign(what.text), code_length=len(what.text)
                )
            case None:
                return data

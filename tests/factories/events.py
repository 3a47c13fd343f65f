"""Events as a kiosk writes them, and as somebody writes them who wants to get away with something."""

import itertools
import uuid
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from contracts.card_code import CardCode
from contracts.events import Event, EventType, OutcomeName, ScanData, encode, hash_of_foreign, proof_of
from contracts.sealing import Site, derive

STREAM = "0f0e0d0c0b0a09080706050403020100"
BOOT = "b0b0b0b0-0000-4000-8000-000000000000"


@dataclass
class EventWriter:
    """One kiosk's pen."""

    kiosk: str
    site: Site
    _seqs: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def scan(self, code: CardCode, at: datetime, **changed: object) -> Event:
        """A scan of one of our cards, with its proof. ``changed`` is set before the proof is made."""
        keys = derive(code, self.site)
        outcome = OutcomeName.RECOGNISED
        event = self._event(self._data(outcome=outcome, lookup=keys.lookup), at, changed)
        return msgspec.structs.replace(event, cardproof=proof_of(keys.event, event))

    def foreign(self, text: str, at: datetime, **changed: object) -> Event:
        """A scan of a code that is none of ours."""
        data = self._data(
            outcome=OutcomeName.FOREIGN_CODE, code_hash=hash_of_foreign(text), code_length=len(text)
        )
        return self._event(data, at, changed)

    def _data(self, **told: object) -> dict[str, object]:
        return {
            "stream": STREAM,
            "seq": next(self._seqs),
            "boot_id": BOOT,
            "uptime_ms": 123_456,
            "clock_synced": True,
        } | told

    def _event(self, data: dict[str, object], at: datetime, changed: dict[str, object]) -> Event:
        mine = {key: each for key, each in changed.items() if key in ScanData.__struct_fields__}
        envelope = {key: each for key, each in changed.items() if key not in mine}
        # Not by ScanData itself, which would let nobody write nonsense.
        written = msgspec.json.encode({key: each for key, each in (data | mine).items() if each is not None})
        event = Event(
            id=uuid.uuid4(), source=self.kiosk, type=EventType.SCAN, time=at, data=msgspec.Raw(written)
        )
        return msgspec.structs.replace(event, **envelope)


def with_changes(event: Event, **changed: object) -> bytes:
    """Return an event's bytes after somebody changed its envelope or (named ``data``) what is in it."""
    plain = msgspec.json.decode(encode(event))
    plain["data"] |= changed.pop("data", {})
    return msgspec.json.encode(plain | changed)

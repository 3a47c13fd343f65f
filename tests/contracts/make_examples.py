"""Writes the golden examples anew: ``python -m tests.contracts.make_examples``. Run it only when the wire
is meant to change; the tests compare what is there with what the code makes today.
"""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import msgspec

from contracts.card_code import CardCode, payload, printed_id
from contracts.enrolment import Broker, Claim, Enrolled, EnrolmentRequest
from contracts.errors import Problem, ProblemType
from contracts.events import (
    Ack,
    Event,
    EventType,
    OutcomeName,
    ScanData,
    encode,
    hash_of_foreign,
    proof_of,
)
from contracts.kiosk_state import Health, Info, KioskConfig, Status, Vitals
from contracts.replica import (
    AccountState,
    CustomerEntry,
    GiftEntry,
    Money,
    PullEnd,
    PullHead,
    PullRow,
    RevokedEntry,
    RewardLine,
    RowsPush,
    StaffEntry,
    StampsLine,
    SubscriptionLine,
    UnlinkedEntry,
)
from contracts.sealing import Site, derive, seal
from contracts.settlements import Settlement, Settlements, Verdict

FOLDER = Path(__file__).parents[2] / "contracts" / "examples"

AT = datetime(2026, 3, 14, 15, 9, 26, 535897, UTC)
SITE = Site("welkom", bytes(range(32)))
CODE = CardCode(bytes.fromhex("00112233445566778899aabbccddeeff"))
EVENT = UUID("019ce5b1-7b57-7000-8000-000000000001")

ENTRIES = {
    "entry-customer": CustomerEntry(
        as_of=AT,
        greeting_name="Zoë",
        language="nl",
        points=1250,
        credit=Money(minor=750, currency="EUR"),
        rewards=(RewardLine(id="r-1", name="Gratis koffie", expires=AT),),
        stamps=(StampsLine(name="Koffiekaart", stamps=7, needed=10),),
        subscription=SubscriptionLine(plan="Bonen elke maand", until=AT),
    ),
    "entry-customer-closed": CustomerEntry(
        as_of=AT, greeting_name="", language="de", state=AccountState.ARCHIVED
    ),
    "entry-unlinked": UnlinkedEntry(as_of=AT),
    "entry-revoked": RevokedEntry(as_of=AT),
    "entry-gift": GiftEntry(as_of=AT, balance=Money(minor=2500, currency="EUR")),
    "entry-staff": StaffEntry(as_of=AT, staff_id="s-1", role="staff", pin_hash="$argon2id$..."),
}


def scan_event() -> Event:
    """A scan of the example's card, with its proof."""
    keys = derive(CODE, SITE)
    data = ScanData(
        stream="0f0e0d0c0b0a09080706050403020100",
        seq=42,
        boot_id="b0b0b0b0-0000-4000-8000-000000000000",
        uptime_ms=123_456,
        clock_synced=True,
        outcome=OutcomeName.RECOGNISED,
        lookup=keys.lookup,
        row_revision=7,
    )
    event = Event(
        id=EVENT, source="k-entrance01", type=EventType.SCAN, time=AT, data=msgspec.Raw(encode(data))
    )
    return msgspec.structs.replace(event, cardproof=proof_of(keys.event, event))


def foreign_event() -> Event:
    """A scan of somebody's Wi-Fi code."""
    text = "WIFI:S:guests;T:WPA;P:secret;;"
    data = ScanData(
        stream="0f0e0d0c0b0a09080706050403020100",
        seq=43,
        boot_id="b0b0b0b0-0000-4000-8000-000000000000",
        uptime_ms=125_000,
        clock_synced=False,
        outcome=OutcomeName.FOREIGN_CODE,
        code_hash=hash_of_foreign(text),
        code_length=len(text),
    )
    event_id = UUID("019ce5b1-7b57-7000-8000-000000000002")
    return Event(
        id=event_id, source="k-entrance01", type=EventType.SCAN, time=AT, data=msgspec.Raw(encode(data))
    )


def sealed_row() -> object:
    """The example card's row with a nonce that everybody knows; real ones are random."""
    return seal(derive(CODE, SITE), SITE, 7, ENTRIES["entry-customer"], lambda count: bytes(range(count)))


CONFIG = KioskConfig(
    revision=3,
    shop_name="Koffiebar De Hoek",
    location="de-hoek",
    timezone="Europe/Amsterdam",
    languages=("nl", "en", "fr", "de"),
    card_hosts=("kaart.example.nl",),
)


def examples() -> dict[str, object]:
    """Every message that goes over the wire, by the name of its file."""
    row = sealed_row()
    return {
        **ENTRIES,
        "event-scan": scan_event(),
        "event-scan-foreign": foreign_event(),
        "ack": Ack(stream="0f0e0d0c0b0a09080706050403020100", ranges=((1, 41), (43, 43))),
        "settlements": Settlements(
            settlements=(
                Settlement(number=5, event=EVENT, verdict=Verdict.BOOKED, earned=11, balance=1261),
                Settlement(number=6, event=EVENT, verdict=Verdict.NOTED, reason="revoked"),
            )
        ),
        "rows-push": RowsPush(epoch="e1", after=6, upto=7, rows=(row,)),
        "rows-announcement": RowsPush(epoch="e1", after=6, upto=90_000),
        "pull-head": PullHead(epoch="e1", after=0, upto=7),
        "pull-row": PullRow(row=row),
        "pull-end": PullEnd(upto=7),
        "status": Status(online=True, session=12, at=AT),
        "info": Info(version="0.1.0", python="3.11.2", machine="aarch64", camera="pi", boot_id="b"),
        "health": Health(
            at=AT,
            uptime_ms=123_456,
            clock_synced=True,
            queued=0,
            epoch="e1",
            cursor=7,
            frame_age_ms=33,
            frames=100,
            decode_ms=4.5,
        ),
        "vitals": Vitals(
            monotonic_ms=1,
            frame_age_ms=33,
            frames=100,
            decode_ms=4.5,
            decoder_restarts=0,
            camera="virtual",
        ),
        "config": CONFIG,
        "claim": Claim(edge_url="https://edge.example.nl:8443", token="t0k3n", ca_sha256="ab" * 32),
        "enrolment-request": EnrolmentRequest(
            token="t0k3n", csr="-----BEGIN CERTIFICATE REQUEST-----\n...\n"
        ),
        "enrolled": Enrolled(
            kiosk="k-entrance01",
            certificate="-----BEGIN CERTIFICATE-----\n...\n",
            ca="-----BEGIN CERTIFICATE-----\n...\n",
            site=SITE.name,
            salt=SITE.salt,
            edge_url="https://edge.example.nl:8443",
            broker=Broker(host="edge.example.nl", port=8883),
            config=CONFIG,
        ),
        "problem": Problem.of(ProblemType.EPOCH_CHANGED, "Pull everything anew", 409),
    }


def vectors() -> dict[str, object]:
    """How card codes and keys follow from known bytes."""
    keys = derive(CODE, SITE)
    return {
        "code": CODE.secret.hex(),
        "uuid": str(CODE.uuid),
        "text": CODE.text,
        "payload": payload(CODE, "https://kaart.example.nl"),
        "printed_id_of_1042": printed_id(1042),
        "site": SITE.name,
        "salt": SITE.salt.hex(),
        "lookup": keys.lookup.hex(),
        "seal": keys.seal.hex(),
        "event": keys.event.hex(),
        "staff": keys.staff.hex(),
        "claim_text": Claim(edge_url="https://e", token="t", ca_sha256="ab").to_text(),
    }


def formatted(value: object) -> bytes:
    """JSON as it stands in the files; events as the kiosk writes them, for their proofs are over bytes."""
    if isinstance(value, Event):
        return msgspec.json.encode(value) + b"\n"
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def main() -> None:
    """Write all files."""
    FOLDER.mkdir(exist_ok=True)
    for name, value in examples().items():
        (FOLDER / f"{name}.json").write_bytes(formatted(value))
    (FOLDER / "vectors.json").write_bytes(formatted(vectors()))


if __name__ == "__main__":
    main()

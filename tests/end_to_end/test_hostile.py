"""A kiosk that was taken over, and strangers: what they say changes nothing, and is kept for review."""

import ssl
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from common.mqtt import Credentials
from contracts.card_code import from_typed
from contracts.events import Event, EventType, OutcomeName, ScanData, encode, proof_of
from contracts.sealing import derive
from contracts.topics import Up, up
from tests.end_to_end.shop import Shop
from tests.end_to_end.site import ShopCard, Site, eventually

STREAM = "f" * 32


@pytest.fixture(scope="module")
def shop(site: Site) -> Shop:
    return Shop(site)


@pytest.fixture(scope="module")
def kiosk(site: Site) -> str:
    return str(site.status()["kiosk"])


@pytest.fixture
def thief(site: Site, kiosk: str) -> Iterator[paho.Client]:
    """Somebody with the kiosk's key; the agent is away, or the two would push each other out."""
    site.kill("agent")
    identity = site.demo.kiosk / "identity"
    files = Credentials(identity / "ca.pem", identity / "certificate.pem", identity / "key.pem")
    client = connect(site, files.context())
    yield client
    client.disconnect()
    client.loop_stop()
    site.start("agent")
    eventually(lambda: site.status()["connected"], "the agent is back")


def connect(site: Site, context: ssl.SSLContext) -> paho.Client:
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="whatever", protocol=paho.MQTTv5)
    client.tls_set_context(context)
    client.connect("127.0.0.1", site.demo.mqtt)
    client.loop_start()
    eventually(client.is_connected, "connected")
    return client


def publish(client: paho.Client, topic: str, payload: bytes) -> int:
    """Publish with QoS 1; return the broker's reason code."""
    answered = threading.Event()
    codes: list[int] = []

    def on_publish(client: object, userdata: object, mid: int, reason: object, properties: object) -> None:
        codes.append(reason.value)  # type: ignore[attr-defined]
        answered.set()

    client.on_publish = on_publish
    client.publish(topic, payload, qos=1)
    assert answered.wait(10)
    return codes[0]


def rejected(site: Site) -> dict[str, int]:
    """Return how often each reason was given."""
    found = site.rows("SELECT reason, sum(count) FROM rejected_message GROUP BY reason")
    return {str(reason): int(str(count)) for reason, count in found}


def scan_of(shop: Shop, card: ShopCard, source: str, seq: int) -> Event:
    """A genuine scan, as only a kiosk that was shown the card can make it."""
    keys = derive(from_typed(card.url.rpartition("/")[2]), shop.config.site)
    data = ScanData(
        stream=STREAM,
        seq=seq,
        boot_id="b",
        uptime_ms=1,
        clock_synced=True,
        outcome=OutcomeName.RECOGNISED,
        lookup=keys.lookup,
    )
    event = Event(
        id=uuid.uuid4(),
        source=source,
        type=EventType.SCAN,
        time=datetime.now(UTC),
        data=msgspec.Raw(encode(data)),
    )
    return msgspec.structs.replace(event, cardproof=proof_of(keys.event, event))


@pytest.mark.parametrize(
    "payload",
    [b"", b"{", b"\xff\xfe\x00", b"[]", b'{"id": 1}', b"null", b'{"data": {}}', b"x" * 20_000],
    ids=["nothing", "half", "binary", "a list", "a wrong id", "null", "no envelope", "too large"],
)
def test_a_malformed_message_is_kept_with_its_reason_and_counted(
    site: Site, kiosk: str, thief: paho.Client, payload: bytes
) -> None:
    scans, before = len(site.scans()), sum(rejected(site).values())
    publish(thief, up(kiosk, Up.EVENT), payload)
    publish(thief, up(kiosk, Up.EVENT), payload)
    eventually(lambda: sum(rejected(site).values()) == before + 2, "both are counted")
    assert len(site.scans()) == scans


def test_a_scan_of_a_card_that_the_kiosk_was_not_shown_is_forged(
    site: Site, shop: Shop, kiosk: str, thief: paho.Client
) -> None:
    scans = len(site.scans())
    genuine = scan_of(shop, site.customers_card(0), kiosk, seq=1)
    other = scan_of(shop, site.customers_card(1), kiosk, seq=1)
    forged = msgspec.structs.replace(genuine, cardproof=other.cardproof)
    publish(thief, up(kiosk, Up.EVENT), encode(forged))
    eventually(lambda: rejected(site).get("forged_proof"), "it is kept as forged")
    assert len(site.scans()) == scans


def test_an_event_in_another_kiosks_name_is_forged(
    site: Site, shop: Shop, kiosk: str, thief: paho.Client
) -> None:
    scans = len(site.scans())
    event = scan_of(shop, site.customers_card(0), "k-someoneelse", seq=2)
    publish(thief, up(kiosk, Up.EVENT), encode(event))
    eventually(lambda: rejected(site).get("forged_source"), "it is kept as forged")
    assert len(site.scans()) == scans


def test_the_broker_lets_nobody_speak_as_another_kiosk_or_as_the_edge(
    site: Site, kiosk: str, thief: paho.Client
) -> None:
    before = rejected(site)
    not_authorised = 135
    for topic in (up("k-someoneelse", Up.EVENT), f"welkom/v1/{kiosk}/down/ack", "welkom/v1/all/down/rows"):
        assert publish(thief, topic, b"{}") == not_authorised
    assert rejected(site) == before


def test_the_same_genuine_scan_sent_three_times_is_one(
    site: Site, shop: Shop, kiosk: str, thief: paho.Client
) -> None:
    scans = len(site.scans())
    event = scan_of(shop, site.customers_card(2), kiosk, seq=3)
    for _ in range(3):
        publish(thief, up(kiosk, Up.EVENT), encode(event))
    eventually(lambda: len(site.scans()) == scans + 1, "it is stored")
    another = scan_of(shop, site.customers_card(2), kiosk, seq=3)
    publish(thief, up(kiosk, Up.EVENT), encode(another))
    eventually(lambda: rejected(site).get("conflict"), "another scan of that number is kept as a conflict")
    assert len(site.scans()) == scans + 1


def test_without_a_certificate_of_this_site_nobody_gets_in(site: Site) -> None:
    context = ssl.create_default_context(cafile=site.demo.edge / "tls" / "ca.crt")
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="k-stranger", protocol=paho.MQTTv5)
    client.tls_set_context(context)
    let_in = threading.Event()
    client.on_connect = lambda *arguments: let_in.set()
    with pytest.raises((ssl.SSLError, ConnectionError)):  # noqa: PT012
        client.connect("127.0.0.1", site.demo.mqtt)
        for _ in range(100):
            if client.loop(0.1) != paho.MQTT_ERR_SUCCESS:
                raise ConnectionError("the broker closed the connection")
    assert not let_in.is_set()


def test_after_all_of_this_the_kiosk_goes_on(site: Site) -> None:
    eventually(lambda: site.status()["connected"], "the kiosk is connected")
    scans = len(site.scans())
    site.show(site.customers_card(5).url)
    eventually(lambda: len(site.scans()) == scans + 1, "a scan is stored")

"""How both programs hold their line to the broker: MQTT 5 over TLS, and no trust in what brokers promise.

Nothing is queued while offline, nothing hangs on PUBACK or on retained messages; after every connect the
owner subscribes and says everything anew. An exception in a callback would silently kill paho's network
thread, so :meth:`Link.run` runs that loop itself and lets the exception out to whoever supervises it.

Only that one thread may touch the connection: two at once break a TLS session. Left to itself paho sends
from whatever thread publishes, unless it believes that an event loop will tell it when to write.
"""

import random
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

KEEPALIVE_SECONDS = 20
_IN_FLIGHT = 20
_RETRY_SECONDS = (1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Credentials:
    """PEM files: whom to trust, and who we are."""

    ca: Path
    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """Return a TLS context that trusts this CA alone and shows our certificate."""
        context = ssl.create_default_context(cafile=self.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.certificate, self.key)
        return context


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the broker listens, and under which client id we come.

    With ``session_seconds`` the broker keeps our session for so long while we are away.
    """

    host: str
    port: int
    client_id: str
    session_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """What arrived. With manual acknowledging the broker keeps it until ``acknowledge`` is called.

    ``retained`` is what the broker had kept for whoever subscribes: it may be old.
    """

    topic: str
    payload: bytes
    acknowledge: Callable[[], None]
    retained: bool = False


@dataclass(frozen=True, slots=True)
class Parting:
    """The last will: what the broker says for us, retained, when we vanish."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Welcome:
    """What the broker said when it let us in."""

    shared_subscriptions: bool


class Publisher(Protocol):
    """Where messages go: a link, or a fake in a test."""

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool: ...


class Line(Publisher, Protocol):
    """Where messages go and come from."""

    def subscribe(self, *topics: str) -> None: ...


class Listener(Protocol):
    """Who is told what happens on a link, always in the thread of :meth:`Link.run`."""

    def parting(self) -> Parting | None:
        """Return the last will for the session that is about to begin."""

    def connected(self, welcome: Welcome) -> None:
        """The broker has let us in: subscribe, and say everything anew."""

    def disconnected(self, reason: str) -> None:
        """The connection is lost, or was refused."""

    def received(self, message: Message) -> None:
        """A message has arrived."""


class Link:
    """One connection to the broker that comes back by itself."""

    def __init__(self, endpoint: Endpoint, credentials: Credentials, *, manual_ack: bool = False) -> None:
        self._endpoint = endpoint
        self._up = threading.Event()
        self._stopping = threading.Event()
        self._failures = 0
        self._client = self._new_client(credentials, manual_ack)

    def run(self, listener: Listener) -> None:
        """Stay connected until :meth:`stop`; whatever goes wrong in the listener comes out here."""
        self._listen(listener)
        self._client.connect_async(
            self._endpoint.host,
            self._endpoint.port,
            keepalive=KEEPALIVE_SECONDS,
            clean_start=not self._endpoint.session_seconds,
            properties=self._connect_properties(),
        )
        try:
            while not self._stopping.is_set():
                self._connect_and_stay()
                self._stopping.wait(self._pause())
                self._failures += 1
        finally:
            self._up.clear()

    def stop(self) -> None:
        """End :meth:`run`, from any thread, for good. The broker drops the last will at this."""
        self._stopping.set()
        self._client.disconnect()

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool:
        """Send a message; False while offline: it is not kept, and is the caller's to send again."""
        if not self._up.is_set():
            return False
        return self._client.publish(topic, payload, qos=qos, retain=retain).rc == paho.MQTT_ERR_SUCCESS

    def subscribe(self, *topics: str) -> None:
        """Subscribe with QoS 1; done anew after every connect."""
        self._client.subscribe([(topic, 1) for topic in topics])

    @property
    def is_up(self) -> bool:
        """Tell whether the broker has let us in and the connection was not lost since."""
        return self._up.is_set()

    def _connect_and_stay(self) -> None:
        """Connect, and return when that did not work or the connection is lost or given up."""
        try:
            self._client.reconnect()
        except OSError:
            return
        while self._client.loop() == paho.MQTT_ERR_SUCCESS:
            if self._stopping.is_set() and not self._up.is_set():
                return

    def _pause(self) -> float:
        # Not all kiosks at the same moment when a broker comes back.
        longest = _RETRY_SECONDS[min(self._failures, len(_RETRY_SECONDS) - 1)]
        return longest * random.uniform(0.5, 1.0)  # noqa: S311

    def _new_client(self, credentials: Credentials, manual_ack: bool) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._endpoint.client_id,
            protocol=paho.MQTTv5,
            manual_ack=manual_ack,
        )
        client.tls_set_context(credentials.context())
        client.max_inflight_messages_set(_IN_FLIGHT)
        client.on_socket_register_write = _leave_it_to_the_loop
        return client

    def _connect_properties(self) -> Properties:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = self._endpoint.session_seconds
        return properties

    def _listen(self, listener: Listener) -> None:
        def before_connect(client: paho.Client, userdata: object) -> None:
            parting = listener.parting()
            if parting is not None:
                client.will_set(parting.topic, parting.payload, qos=1, retain=True)

        def on_connect(
            client: paho.Client,
            userdata: object,
            flags: paho.ConnectFlags,
            reason: ReasonCode,
            properties: Properties | None,
        ) -> None:
            if self._stopping.is_set():
                # A stop in the middle of connecting is forgotten by paho.
                client.disconnect()
                return
            if reason.is_failure:
                listener.disconnected(f"the broker refused us: {reason}")
                return
            self._failures = 0
            self._up.set()
            shared = getattr(properties, "SharedSubscriptionAvailable", 1)
            listener.connected(Welcome(shared_subscriptions=bool(shared)))

        def on_disconnect(
            client: paho.Client,
            userdata: object,
            flags: paho.DisconnectFlags,
            reason: ReasonCode,
            properties: Properties | None,
        ) -> None:
            self._up.clear()
            listener.disconnected(str(reason))

        def on_message(client: paho.Client, userdata: object, message: paho.MQTTMessage) -> None:
            def acknowledge() -> None:
                client.ack(message.mid, message.qos)

            listener.received(Message(message.topic, bytes(message.payload), acknowledge, message.retain))

        self._client.on_pre_connect = before_connect
        self._client.on_connect = on_connect
        self._client.on_disconnect = on_disconnect
        self._client.on_message = on_message


def _leave_it_to_the_loop(client: paho.Client, userdata: object, sock: object) -> None:
    """Be there: with this callback set, publishing only queues, and wakes the loop that then writes."""

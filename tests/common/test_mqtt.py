"""The line to a real broker: it comes back by itself, and lets nobody in or at what is not theirs."""

import socket
import ssl
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from common.mqtt import Endpoint, Link, Message, Parting
from edge_api.fleet.ca import Authority
from tests.common.conftest import Connect
from tests.end_to_end.site import eventually
from tests.factories.broker import Broker
from tests.fakes.listener import Ear, Running
from tests.fakes.scripted_broker import NO_SHARED_SUBSCRIPTIONS, NOT_AUTHORISED, ScriptedBroker

EVENT = "welkom/v1/{}/up/event"
ACK = "welkom/v1/{}/down/ack"


def _up(running: Running) -> Running:
    eventually(lambda: running.ear.welcomes, "the broker lets us in")
    return running


@pytest.fixture
def edge(broker: Broker, connect: Connect) -> Running:
    """One of our own programs, which hears everything."""
    return _up(connect(broker.service_port, broker.program(), Ear(("welkom/v1/#",))))


def _say_until_heard(speaker: Running, ear: Ear, topic: str, payload: bytes) -> None:
    """Publish until it arrives: subscribing takes the broker a moment that nobody tells us of."""

    def tried() -> bool:
        speaker.link.publish(topic, payload)
        return (topic, payload) in ear.heard()

    eventually(tried, f"{payload!r} arrives")


def test_a_kiosk_is_heard_by_the_edge_and_hears_its_answers(
    broker: Broker, connect: Connect, edge: Running
) -> None:
    kiosk = _up(connect(broker.kiosk_port, broker.kiosk("k-a"), Ear((ACK.format("k-a"),))))
    assert kiosk.link.is_up
    _say_until_heard(kiosk, edge.ear, EVENT.format("k-a"), b"scan")
    _say_until_heard(edge, kiosk.ear, ACK.format("k-a"), b"have it")
    assert kiosk.ear.welcomes[0].shared_subscriptions


def test_a_line_holds_while_several_threads_publish_and_messages_come_in(
    broker: Broker, connect: Connect
) -> None:
    topic = EVENT.format("k-many")
    line = _up(connect(broker.service_port, broker.program(), Ear((topic,))))
    _say_until_heard(line, line.ear, topic, b"ready")

    def talk(name: str) -> None:
        for number in range(200):
            assert line.link.publish(topic, f"{name}{number}".encode())

    threads = [threading.Thread(target=talk, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    said = {f"{name}{number}".encode() for name in "abc" for number in range(200)}
    eventually(lambda: said <= {payload for _, payload in line.ear.heard()}, "all of it arrives")
    assert (line.ear.reasons, len(line.ear.welcomes)) == ([], 1)


def test_whatever_the_broker_kept_is_told_apart_from_news(
    broker: Broker, connect: Connect, edge: Running
) -> None:
    topic = "welkom/v1/k-kept/down/config"
    _say_until_heard(edge, edge.ear, topic, b"old news")
    edge.link.publish(topic, b"kept", retain=True)
    kiosk = _up(connect(broker.kiosk_port, broker.kiosk("k-kept"), Ear((topic,))))
    eventually(lambda: kiosk.ear.messages, "what was kept arrives")
    _say_until_heard(edge, kiosk.ear, topic, b"news")
    assert {message.payload: message.retained for message in kiosk.ear.messages} == {
        b"kept": True,
        b"news": False,
    }


def test_while_offline_nothing_is_published_and_nothing_kept(broker: Broker) -> None:
    link = Link(Endpoint("127.0.0.1", broker.kiosk_port, ""), broker.kiosk("k-off"))
    assert not link.is_up
    assert link.publish(EVENT.format("k-off"), b"lost") is False


def test_what_is_not_acknowledged_comes_again_to_the_same_session(
    broker: Broker, connect: Connect, edge: Running
) -> None:
    def session(ear: Ear) -> Running:
        endpoint = Endpoint("127.0.0.1", broker.service_port, "ingest-slot-0", session_seconds=60)
        running = Running(Link(endpoint, broker.program(), manual_ack=True), ear)
        return _up(running)

    first = session(Ear(("welkom/v1/+/up/event",)))
    _say_until_heard(edge, first.ear, EVENT.format("k-s"), b"not done with")
    first.ear.messages[0].acknowledge()
    edge.link.publish(EVENT.format("k-s"), b"second")
    eventually(lambda: first.ear.heard()[-1][1] == b"second", "the second arrives")
    first.stop()
    again = session(Ear(then=lambda message: message.acknowledge()))
    eventually(lambda: (EVENT.format("k-s"), b"second") in again.ear.heard(), "it comes again")
    again.stop()


# Coming back


def test_a_line_comes_back_after_the_broker_was_killed(tmp_path: Path, connect: Connect) -> None:
    broker = Broker(tmp_path)
    broker.start()
    topic = ACK.format("k-a")
    kiosk = _up(connect(broker.kiosk_port, broker.kiosk("k-a"), Ear((topic,))))
    broker.kill()
    eventually(lambda: kiosk.ear.reasons, "the loss is noticed")
    assert not kiosk.link.is_up
    assert kiosk.link.publish(EVENT.format("k-a"), b"lost") is False
    broker.start()
    eventually(lambda: len(kiosk.ear.welcomes) == 2, "the line is back")
    edge = _up(connect(broker.service_port, broker.program()))
    _say_until_heard(edge, kiosk.ear, topic, b"subscribed anew")
    broker.kill()


def test_a_line_waits_for_a_broker_that_is_not_there_yet(tmp_path: Path, connect: Connect) -> None:
    broker = Broker(tmp_path)
    kiosk = connect(broker.kiosk_port, broker.kiosk("k-a"))
    assert not kiosk.link.is_up
    broker.start()
    _up(kiosk)
    broker.kill()


def test_a_line_that_never_came_up_can_be_stopped(tmp_path: Path, connect: Connect) -> None:
    broker = Broker(tmp_path)
    kiosk = connect(broker.kiosk_port, broker.kiosk("k-a"))
    kiosk.stop()
    assert kiosk.error is None


def test_a_line_that_was_stopped_before_it_ran_does_not_run(broker: Broker) -> None:
    link = Link(Endpoint("127.0.0.1", broker.kiosk_port, ""), broker.kiosk("k-a"))
    link.stop()
    link.run(Ear())
    assert not link.is_up


def test_a_line_that_is_stopped_just_as_it_comes_up_ends(broker: Broker, connect: Connect) -> None:
    """The attempt to connect forgets that somebody said stop; the line does not."""

    class StoppedOnTheWay(Ear):
        def parting(self) -> None:
            running.link._stopping.set()

    ear = StoppedOnTheWay()
    running = connect(broker.kiosk_port, broker.kiosk("k-way"), ear)
    eventually(lambda: running.is_over, "the line has ended")
    assert ear.welcomes == []
    assert not running.link.is_up


def test_an_exception_in_the_listener_comes_out_of_run(
    broker: Broker, connect: Connect, edge: Running
) -> None:
    def broken(message: Message) -> None:
        raise LookupError("a fault of ours")

    topic = ACK.format("k-bug")
    kiosk = _up(connect(broker.kiosk_port, broker.kiosk("k-bug"), Ear((topic,), then=broken)))
    _say_until_heard(edge, kiosk.ear, topic, b"x")
    eventually(lambda: kiosk.is_over, "run() has ended")
    assert isinstance(kiosk.error, LookupError)
    assert not kiosk.link.is_up


# Parting


def test_a_kiosk_that_is_killed_leaves_its_last_will(broker: Broker, edge: Running) -> None:
    files = broker.kiosk("k-will")
    topic = "welkom/v1/k-will/up/status"
    arguments = ["k-will", str(broker.kiosk_port), *map(str, (files.ca, files.certificate, files.key))]
    with subprocess.Popen([sys.executable, "-m", "tests.common.vanishing_kiosk", *arguments]) as kiosk:
        eventually(lambda: (topic, b"here") in edge.ear.heard(), "the kiosk is there")
        assert (topic, b"gone") not in edge.ear.heard()
        kiosk.kill()
    eventually(lambda: (topic, b"gone") in edge.ear.heard(), "its last will is published")


def test_a_line_that_is_stopped_leaves_no_last_will(broker: Broker, connect: Connect, edge: Running) -> None:
    topic = "welkom/v1/k-bye/up/status"
    kiosk = _up(connect(broker.kiosk_port, broker.kiosk("k-bye"), Ear(will=Parting(topic, b"gone"))))
    _say_until_heard(kiosk, edge.ear, topic, b"here")
    kiosk.stop()
    other = _up(connect(broker.kiosk_port, broker.kiosk("k-after")))
    _say_until_heard(other, edge.ear, EVENT.format("k-after"), b"later")
    assert (topic, b"gone") not in edge.ear.heard()


# Who is let in


def test_without_a_certificate_nobody_is_let_in(broker: Broker) -> None:
    context = ssl.create_default_context(cafile=broker.tls / "ca.crt")
    for port in (broker.kiosk_port, broker.service_port):
        assert not _welcomed(context, port)


def test_a_certificate_of_another_ca_lets_nobody_in(broker: Broker, tmp_path: Path) -> None:
    other = Authority.create(tmp_path / "other", "welkom", datetime.now(UTC))
    assert not _welcomed(broker.kiosk("k-forged", other).context(), broker.kiosk_port)


def test_the_broker_s_own_certificate_lets_nobody_in(broker: Broker) -> None:
    assert not _welcomed(broker.program("broker").context(), broker.kiosk_port)


def test_a_kiosk_is_let_in_by_the_kiosks_door_alone(broker: Broker) -> None:
    """By the other one it could take another's client id, and with it another's session."""
    kiosk = broker.kiosk("k-a").context()
    assert _welcomed(kiosk, broker.kiosk_port)
    assert not _welcomed(kiosk, broker.service_port)


def test_our_programs_are_let_in_by_their_own_door_alone(broker: Broker) -> None:
    program = broker.program().context()
    assert _welcomed(program, broker.service_port)
    assert not _welcomed(program, broker.kiosk_port)


def _welcomed(context: ssl.SSLContext, port: int) -> bool:
    """Tell whether a broker answers a CONNECT: in TLS 1.3 a client learns late that it is not wanted."""
    hello = b"\x10\x0f\x00\x04MQTT\x05\x02\x00\x14\x00\x00\x02ab"
    try:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as line,
        ):
            line.sendall(hello)
            return line.recv(4)[:1] == b"\x20"
    except (ssl.SSLError, ConnectionError):
        return False


def test_a_line_that_is_not_let_in_says_so_and_goes_on_trying(broker: Broker, connect: Connect) -> None:
    scripted = ScriptedBroker(broker.tls, NOT_AUTHORISED)
    try:
        kiosk = connect(scripted.port, broker.kiosk("k-no"))
        eventually(lambda: scripted.visits > 1, "it tries again")
        assert any("Not authorized" in reason for reason in kiosk.ear.reasons)
        assert not kiosk.link.is_up
        assert kiosk.ear.welcomes == []
        kiosk.stop()
    finally:
        scripted.close()


def test_a_broker_without_shared_subscriptions_says_so(broker: Broker, connect: Connect) -> None:
    scripted = ScriptedBroker(broker.tls, NO_SHARED_SUBSCRIPTIONS)
    try:
        program = _up(connect(scripted.port, broker.program()))
        assert not program.ear.welcomes[0].shared_subscriptions
        program.stop()
    finally:
        scripted.close()


# Who may say and hear what


def test_a_kiosk_publishes_as_itself_alone(broker: Broker, connect: Connect, edge: Running) -> None:
    kiosk = _up(connect(broker.kiosk_port, broker.kiosk("k-liar")))
    forged = [
        EVENT.format("k-victim"),
        ACK.format("k-victim"),
        ACK.format("k-liar"),
        "welkom/v1/all/down/rows",
        "welkom/v1/site/dorp/scan",
        "homeassistant/device/x/config",
        "welkom/v1/k-liar",
    ]
    for topic in forged:
        kiosk.link.publish(topic, b"forged")
    _say_until_heard(kiosk, edge.ear, EVENT.format("k-liar"), b"honest")
    assert b"forged" not in {payload for _, payload in edge.ear.heard()}


def test_a_kiosk_hears_what_is_for_it_alone(broker: Broker, connect: Connect, edge: Running) -> None:
    curious = (
        "#",
        "welkom/v1/#",
        "welkom/v1/+/down/#",
        ACK.format("k-victim"),
        "welkom/v1/+/up/event",
        "welkom/v1/site/+/scan",
        "$share/ingest/welkom/v1/+/up/event",
        "welkom/v1/k-spy/down/#",
        "welkom/v1/all/down/#",
    )
    spy = _up(connect(broker.kiosk_port, broker.kiosk("k-spy"), Ear(curious)))
    _say_until_heard(edge, spy.ear, ACK.format("k-spy"), b"yours")
    for topic in (ACK.format("k-victim"), EVENT.format("k-victim"), "welkom/v1/site/dorp/scan"):
        edge.link.publish(topic, b"not yours")
    _say_until_heard(edge, spy.ear, "welkom/v1/all/down/rows", b"everybody's")
    assert {payload for _, payload in spy.ear.heard()} == {b"yours", b"everybody's"}


def test_a_kiosk_cannot_take_another_one_s_client_id(broker: Broker, connect: Connect, edge: Running) -> None:
    victim = _up(connect(broker.kiosk_port, broker.kiosk("k-victim"), client_id="k-victim"))
    thief = _up(connect(broker.kiosk_port, broker.kiosk("k-thief"), client_id="k-victim"))
    _say_until_heard(thief, edge.ear, EVENT.format("k-thief"), b"under its own name")
    _say_until_heard(victim, edge.ear, EVENT.format("k-victim"), b"still there")
    assert (victim.ear.reasons, len(victim.ear.welcomes)) == ([], 1)


def test_a_watcher_sees_the_traffic_and_adds_nothing(broker: Broker, connect: Connect, edge: Running) -> None:
    watcher = _up(connect(broker.service_port, broker.program("watcher"), Ear(("welkom/v1/#",))))
    _say_until_heard(edge, watcher.ear, ACK.format("k-a"), b"traffic")
    watcher.link.publish(ACK.format("k-a"), b"meddling")
    _say_until_heard(edge, edge.ear, ACK.format("k-a"), b"later")
    _say_until_heard(edge, watcher.ear, ACK.format("k-a"), b"later still")
    assert b"meddling" not in {payload for _, payload in edge.ear.heard()}


def test_a_line_believes_no_broker_of_another_ca(broker: Broker, tmp_path: Path) -> None:
    other = Authority.create(tmp_path / "other", "welkom", datetime.now(UTC))
    (tmp_path / "other.crt").write_text(other.certificate_pem)
    misled = replace(broker.kiosk("k-misled"), ca=tmp_path / "other.crt")
    with (
        socket.create_connection(("127.0.0.1", broker.kiosk_port), timeout=10) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        misled.context().wrap_socket(plain, server_hostname="127.0.0.1")

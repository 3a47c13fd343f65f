"""Broker and edge: how far the kiosk comes, where it ends, and what to do there."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.enrolment import Broker as BrokerAddress
from contracts.enrolment import Enrolled
from contracts.errors import Problem, ProblemType
from contracts.events import encode
from edge_api.fleet.ca import Authority
from kiosk.config import Home
from kiosk.device import profile
from kiosk.device.identity import ensure_key, signing_request, write_private
from kiosk.directory.downlink import DownlinkWriter
from kiosk.doctor import reach as reaching
from kiosk.doctor.network import broker, edge, edge_time, is_agent_connected
from kiosk.doctor.reach import reach
from kiosk.doctor.report import Finding, State
from kiosk.errors import NotEnrolled
from tests.end_to_end.site import free_ports
from tests.factories.broker import Broker
from tests.factories.front_desk import KIOSK, SITE
from tests.factories.https_edge import Answer, HttpsEdge, TestAuthority, serving
from tests.fakes.edge import CONFIG
from tests.fakes.kiosk_clock import KioskClock
from tests.fakes.scripted_broker import NOT_AUTHORISED, ScriptedBroker

BUSY = b"\x20\x03\x00\x89\x00"
"""CONNACK: reason 137, the server is busy."""

ABSENT, PRESENT = (lambda port: False), (lambda port: True)


def enrol(
    home: Home, ca: str, certificate: str, *, port: int = 9, edge_url: str = "https://127.0.0.1:9"
) -> None:
    """Make the kiosk one that was enrolled by this authority."""
    write_private(home.certificate, certificate.encode())
    write_private(home.ca, ca.encode())
    profile.save(
        home,
        Enrolled(
            kiosk=KIOSK,
            certificate=certificate,
            ca=ca,
            site=SITE.name,
            salt=SITE.salt,
            edge_url=edge_url,
            broker=BrokerAddress(host="127.0.0.1", port=port),
            config=CONFIG,
        ),
    )


@pytest.fixture(scope="module")
def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A real broker with the site's certificates and rules."""
    started = Broker(tmp_path_factory.mktemp("broker"))
    started.start()
    yield started
    started.kill()


def join(home: Home, mosquitto: Broker, *, port: int | None = None, maker: Authority | None = None) -> Home:
    """Give the kiosk a certificate of the broker's site, or of another maker."""
    request = signing_request(ensure_key(home))
    certificate, _ = (maker or mosquitto.authority).issue_kiosk(KIOSK, request, datetime.now(UTC))
    enrol(home, mosquitto.authority.certificate_pem, certificate, port=port or mosquitto.kiosk_port)
    return home


@pytest.fixture
def scripted(mosquitto: Broker) -> Iterator[Callable[[bytes], ScriptedBroker]]:
    """Starts brokers of the same site that say what a test wants."""
    started: list[ScriptedBroker] = []

    def start(answer: bytes) -> ScriptedBroker:
        started.append(ScriptedBroker(mosquitto.tls, answer))
        return started[-1]

    yield start
    for each in started:
        each.close()


# The broker


def test_a_broker_that_lets_the_kiosk_in_is_good(home: Home, mosquitto: Broker) -> None:
    found = broker(join(home, mosquitto), ABSENT)
    assert (found.state, f"lets {KIOSK} in" in found.found) == (State.GOOD, True)


def test_a_connected_agent_is_not_greeted_away(
    home: Home, mosquitto: Broker, scripted: Callable[[bytes], ScriptedBroker]
) -> None:
    """The scripted broker would refuse whoever greets it."""
    port = scripted(NOT_AUTHORISED).port
    found = broker(join(home, mosquitto, port=port), PRESENT)
    assert (found.state, "the agent is connected" in found.found) == (State.GOOD, True)


def test_a_broker_that_is_not_there_is_bad(home: Home, mosquitto: Broker) -> None:
    (port,) = free_ports(1)
    found = broker(join(home, mosquitto, port=port), ABSENT)
    assert (found.state, found.found) == (State.BAD, f"nothing listens at 127.0.0.1:{port}")
    assert found.advice == "Start the broker on that machine."


def test_a_certificate_of_another_maker_is_refused_by_the_real_broker(
    home: Home, mosquitto: Broker, tmp_path: Path
) -> None:
    other = Broker(tmp_path / "other").authority
    found = broker(join(home, mosquitto, maker=other), ABSENT)
    assert (found.state, "refuses this kiosk's certificate" in found.found) == (State.BAD, True)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (NOT_AUTHORISED, "does not let k-entrance01 in"),
        (BUSY, "reason 0x89"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "no MQTT broker"),
    ],
)
def test_a_broker_that_says_something_else_than_welcome_is_bad(
    home: Home, mosquitto: Broker, scripted: Callable[[bytes], ScriptedBroker], answer: bytes, words: str
) -> None:
    found = broker(join(home, mosquitto, port=scripted(answer).port), ABSENT)
    assert (found.state, words in found.found) == (State.BAD, True)
    assert found.advice


def test_a_kiosk_that_is_not_enrolled_has_no_broker(empty: Home) -> None:
    with pytest.raises(NotEnrolled):
        broker(empty, ABSENT)


# Whether the agent is connected


def test_the_agent_is_connected_if_it_said_so_and_a_line_is_open(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        assert is_agent_connected(home)(server.getsockname()[1])


def test_a_killed_agent_is_not_connected_whatever_it_said(home: Home) -> None:
    (port,) = free_ports(1)
    assert not is_agent_connected(home)(port)


def test_an_agent_that_lost_the_broker_is_not_connected(home: Home) -> None:
    writer = DownlinkWriter(home.downlink)
    writer.set_connected(False)
    writer.close()
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        assert not is_agent_connected(home)(server.getsockname()[1])


def test_a_kiosk_that_never_ran_has_no_agent(empty: Home) -> None:
    assert not is_agent_connected(empty)(1)


# The edge


@pytest.fixture(scope="module")
def authority() -> TestAuthority:
    return TestAuthority()


@pytest.fixture
def server(authority: TestAuthority, home: Home, tmp_path: Path) -> Iterator[HttpsEdge]:
    """An edge that the kiosk is enrolled at."""
    with serving(authority, tmp_path) as running:
        certificate = authority.certify(signing_request(ensure_key(home)))
        enrol(home, authority.pem, certificate, edge_url=running.url)
        running.answer = lambda request: Answer(body=encode(CONFIG))
        yield running


def problem(kind: ProblemType, status: int) -> Answer:
    return Answer(status, encode(Problem.of(kind, "No", status, "for a reason")))


def test_an_edge_that_takes_the_token_is_good(home: Home, server: HttpsEdge) -> None:
    found = edge(home, KioskClock(datetime.now(UTC)))
    assert (found.state, found.found) == (State.GOOD, f"{server.url} answers, and takes this kiosk's token")


@pytest.mark.parametrize(
    ("answer", "words", "advice"),
    [
        (problem(ProblemType.KIOSK_REVOKED, 403), "has revoked this kiosk", "back office"),
        (problem(ProblemType.TOKEN_REFUSED, 401), "does not take this kiosk's token", "clock"),
        (problem(ProblemType.INTERNAL, 500), "refuses", "edge serve"),
        (Answer(body=b"<html>"), "does not answer as agreed", "edge serve"),
        (Answer(status=502, body=b"<html>"), "refuses", "edge serve"),
    ],
)
def test_an_edge_that_does_not_take_it_is_bad_with_the_reason(
    home: Home, server: HttpsEdge, answer: Answer, words: str, advice: str
) -> None:
    server.answer = lambda request: answer
    found = edge(home, KioskClock(datetime.now(UTC)))
    assert (found.state, words in found.found, advice in found.advice) == (State.BAD, True, True)


def test_an_edge_that_is_not_there_is_bad(home: Home) -> None:
    found = edge(home, KioskClock())
    assert (found.state, found.advice) == (State.BAD, "Start the edge on that machine.")


def test_an_edge_of_another_site_is_bad(home: Home, server: HttpsEdge) -> None:
    write_private(home.ca, TestAuthority().pem.encode())
    found = edge(home, KioskClock())
    assert (found.state, "not this site's" in found.found) == (State.BAD, True)


def test_the_edges_time_is_in_whatever_it_answers(home: Home, server: HttpsEdge) -> None:
    server.answer = lambda request: Answer(404)
    before = datetime.now(UTC).replace(microsecond=0)
    there = edge_time(home)
    assert there is not None
    assert before <= there <= datetime.now(UTC)


def test_without_an_edge_its_time_is_not_known(home: Home, empty: Home) -> None:
    assert edge_time(home) is None
    assert edge_time(empty) is None


# How far one comes


@pytest.fixture
def trusting(authority: TestAuthority) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=authority.pem)


def ended(line: ssl.SSLSocket | Finding) -> Finding:
    assert isinstance(line, Finding)
    assert line.state is State.BAD
    return line


def test_a_name_that_nobody_knows_is_the_name_servers_matter(trusting: ssl.SSLContext) -> None:
    found = ended(reach("the edge", "edge.invalid", 443, trusting))
    assert (found.found, "name server" in found.advice) == (
        "the name edge.invalid of the edge is not known",
        True,
    )


def test_a_certificate_for_another_name_is_told(trusting: ssl.SSLContext, server: HttpsEdge) -> None:
    found = ended(reach("the edge", "localhost", int(server.url.rpartition(":")[2]), trusting))
    assert found.found == "the certificate of the edge is not for localhost"


def test_a_server_without_encryption_is_something_else(trusting: ssl.SSLContext) -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain:

        def answer() -> None:
            line, _ = plain.accept()
            with line:
                line.recv(1000)
                line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        found = ended(reach("the broker", "127.0.0.1", plain.getsockname()[1], trusting))
        thread.join()
    assert "breaks off the encrypted connection" in found.found


def test_a_server_that_takes_the_line_and_says_nothing_is_given_up(
    trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reaching, "SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = ended(reach("the broker", "127.0.0.1", silent.getsockname()[1], trusting))
    assert "timed out" in found.found


def test_a_certificate_outside_its_time_points_to_the_clock(
    trusting: ssl.SSLContext, authority: TestAuthority, tmp_path: Path
) -> None:
    with serving(authority, tmp_path, days=-0.5) as ended_server:
        found = ended(reach("the edge", "127.0.0.1", int(ended_server.url.rpartition(":")[2]), trusting))
    assert "not good at this time" in found.found
    assert "clock" in found.advice


def test_the_edges_time_is_told_though_its_certificate_seems_out_of_time(
    home: Home, authority: TestAuthority, tmp_path: Path
) -> None:
    with serving(authority, tmp_path, days=-0.5) as running:
        certificate = authority.certify(signing_request(ensure_key(home)))
        enrol(home, authority.pem, certificate, edge_url=running.url)
        assert edge_time(home) is not None

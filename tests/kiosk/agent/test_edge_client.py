"""Over real TLS: only the site's CA is trusted, tokens hold, and no answer ends more than the request."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey

from contracts.errors import Problem, ProblemType
from contracts.events import encode
from contracts.replica import PullEnd, PullHead, PullLine, PullRow, SealedRow
from contracts.settlements import Settlements
from kiosk.agent.edge_client import EdgeClient
from kiosk.errors import EdgeRefused, EdgeUnreachable
from tests.factories.https_edge import Answer, HttpsEdge, Request, TestAuthority, serving
from tests.fakes.edge import CONFIG
from tests.fakes.kiosk_clock import KioskClock

KIOSK, SITE = "k-entrance01", "welkom"
ROW = SealedRow(lookup=bytes(16), revision=7, nonce=bytes(12), box=b"sealed")
LINES: list[PullLine] = [PullHead(epoch="e1", after=6, upto=7), PullRow(row=ROW), PullEnd(upto=7)]
NDJSON = b"".join(encode(line) + b"\n" for line in LINES)


@pytest.fixture(scope="module")
def authority() -> TestAuthority:
    return TestAuthority()


@pytest.fixture
def edge(authority: TestAuthority, tmp_path: Path) -> Iterator[HttpsEdge]:
    with serving(authority, tmp_path) as running:
        yield running


@pytest.fixture
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def clock() -> KioskClock:
    return KioskClock()


def client_of(edge: HttpsEdge, ca: str, key: ec.EllipticCurvePrivateKey, clock: KioskClock) -> EdgeClient:
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return EdgeClient(edge.url, ca, kiosk=KIOSK, site=SITE, key_pem=pem, clock=clock)


@pytest.fixture
def client(
    edge: HttpsEdge, authority: TestAuthority, key: ec.EllipticCurvePrivateKey, clock: KioskClock
) -> EdgeClient:
    return client_of(edge, authority.pem, key, clock)


def claims_of(request: Request, key: ec.EllipticCurvePrivateKey) -> dict[str, object]:
    """Return what the request's token says, its signature checked."""
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    scheme, _, token = request.headers["authorization"].partition(" ")
    assert scheme == "Bearer"
    return dict(jwt.decode(token, ECKey.import_key(pem), algorithms=["ES256"]).claims)


def problem(kind: ProblemType, status: int, edge_time: float | None = None) -> Answer:
    told = msgspec.structs.replace(Problem.of(kind, "no", status), edge_time=edge_time)
    return Answer(status, encode(told), {"Content-Type": "application/problem+json"})


# What is asked


def test_a_pull_yields_the_lines_and_asks_for_what_comes_after(edge: HttpsEdge, client: EdgeClient) -> None:
    edge.answer = lambda request: Answer(body=NDJSON)
    assert list(client.pull_rows("e1", 6)) == LINES
    (asked,) = edge.asked
    assert (asked.method, asked.path) == ("GET", "/api/v1/kiosk/rows?epoch=e1&after=6")


def test_a_compressed_pull_is_read(edge: HttpsEdge, client: EdgeClient) -> None:
    edge.answer = lambda request: Answer(body=gzip.compress(NDJSON), headers={"Content-Encoding": "gzip"})
    assert list(client.pull_rows("e1", 6)) == LINES
    assert edge.asked[0].headers["accept-encoding"] == "gzip"


def test_settlements_and_configuration_are_read(edge: HttpsEdge, client: EdgeClient) -> None:
    answers = {
        "/api/v1/kiosk/settlements?after=4": encode(Settlements(settlements=())),
        "/api/v1/kiosk/config?": encode(CONFIG),
    }
    edge.answer = lambda request: Answer(body=answers[request.path])
    assert client.settlements(4) == Settlements(settlements=())
    assert client.config() == CONFIG


# Tokens


def test_each_request_has_a_token_of_its_own_for_this_site_and_less_than_a_minute(
    edge: HttpsEdge, client: EdgeClient, key: ec.EllipticCurvePrivateKey, clock: KioskClock
) -> None:
    edge.answer = lambda request: Answer(body=encode(CONFIG))
    client.config()
    client.config()
    first, second = (claims_of(request, key) for request in edge.asked)
    assert (first["iss"], first["aud"]) == (KIOSK, f"welkom:{SITE}")
    assert first["iat"] == int(clock.now().timestamp())
    assert 0 < int(str(first["exp"])) - int(str(first["iat"])) <= 60
    assert first["jti"] != second["jti"]


def test_a_refused_token_brings_the_edges_time_and_the_next_one_holds(
    edge: HttpsEdge, client: EdgeClient, key: ec.EllipticCurvePrivateKey, clock: KioskClock
) -> None:
    edges_time = clock.now().timestamp() + 86_400

    def answer(request: Request) -> Answer:
        issued = int(str(claims_of(request, key)["iat"]))
        if abs(issued - edges_time) > 5:
            return problem(ProblemType.TOKEN_REFUSED, 401, edges_time)
        return Answer(body=encode(CONFIG))

    edge.answer = answer
    assert client.config() == CONFIG
    assert len(edge.asked) == 2
    clock.forward(1)
    assert client.config() == CONFIG
    assert len(edge.asked) == 3


@pytest.mark.parametrize("edge_time", [None, 1.0])
def test_a_token_that_is_refused_for_good_is_not_tried_for_ever(
    edge: HttpsEdge, client: EdgeClient, edge_time: float | None
) -> None:
    edge.answer = lambda request: problem(ProblemType.TOKEN_REFUSED, 401, edge_time)
    with pytest.raises(EdgeRefused):
        client.config()
    assert len(edge.asked) == (1 if edge_time is None else 2)


# Whom to believe


def test_an_edge_with_another_ca_gets_no_request(
    edge: HttpsEdge, key: ec.EllipticCurvePrivateKey, clock: KioskClock
) -> None:
    stranger = client_of(edge, TestAuthority("Another CA").pem, key, clock)
    with pytest.raises(EdgeUnreachable, match="certificate verify failed"):
        stranger.config()
    assert edge.asked == []


def test_an_edge_that_is_not_there_is_unreachable(
    authority: TestAuthority, key: ec.EllipticCurvePrivateKey, clock: KioskClock
) -> None:
    gone = HttpsEdge("https://127.0.0.1:9")
    with pytest.raises(EdgeUnreachable, match="config"):
        client_of(gone, authority.pem, key, clock).config()


def test_a_redirect_is_not_followed(edge: HttpsEdge, client: EdgeClient) -> None:
    edge.answer = lambda request: Answer(302, headers={"Location": f"{edge.url}/elsewhere"})
    with pytest.raises(EdgeRefused):
        client.config()
    assert len(edge.asked) == 1


# Answers that are not as agreed


def test_a_problem_is_told_by_its_type(edge: HttpsEdge, client: EdgeClient) -> None:
    edge.answer = lambda request: problem(ProblemType.EPOCH_CHANGED, 409)
    with pytest.raises(EdgeRefused) as caught:
        list(client.pull_rows("e1", 6))
    assert caught.value.problem.kind == ProblemType.EPOCH_CHANGED


@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b"\xff\xfe", b'"\xff"'])
def test_an_error_without_a_reason_is_an_internal_one(
    edge: HttpsEdge, client: EdgeClient, body: bytes
) -> None:
    edge.answer = lambda request: Answer(502, body)
    for ask in (client.config, lambda: list(client.pull_rows("e1", 6))):
        with pytest.raises(EdgeRefused) as caught:
            ask()
        assert (caught.value.problem.kind, caught.value.problem.status) == (ProblemType.INTERNAL, 502)


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"revision": "one"}', b'{"shop_name": "\xff"}', b"[]"])
def test_an_answer_that_is_not_as_agreed_is_an_edge_that_did_not_answer(
    edge: HttpsEdge, client: EdgeClient, body: bytes
) -> None:
    edge.answer = lambda request: Answer(body=body)
    with pytest.raises(EdgeUnreachable, match="not as agreed"):
        client.config()


@pytest.mark.parametrize("status", [200, 500])
def test_an_answer_that_breaks_off_is_an_edge_that_did_not_answer(
    edge: HttpsEdge, client: EdgeClient, status: int
) -> None:
    edge.answer = lambda request: Answer(status, b'{"half":', promised=500)
    for ask in (client.config, lambda: list(client.pull_rows("e1", 6))):
        with pytest.raises(EdgeUnreachable):
            ask()


def test_what_came_before_a_pull_broke_off_is_not_lost(edge: HttpsEdge, client: EdgeClient) -> None:
    long = encode(LINES[0]) + b"\n" + 2_000 * (encode(LINES[1]) + b"\n")
    edge.answer = lambda request: Answer(body=long, promised=len(long) + 100)
    taken: list[PullLine] = []
    with pytest.raises(EdgeUnreachable, match="broke off"):
        taken.extend(client.pull_rows("e1", 6))
    assert taken[:2] == LINES[:2]


@pytest.mark.parametrize("garbage", [b"\x00\n", b'{"line": "tail"}\n', b'{"line":"head","epoch":"\xff"}\n'])
def test_a_pull_with_garbage_in_it_breaks_off_there(
    edge: HttpsEdge, client: EdgeClient, garbage: bytes
) -> None:
    edge.answer = lambda request: Answer(body=NDJSON + garbage)
    with pytest.raises(EdgeUnreachable, match="broke off"):
        list(client.pull_rows("e1", 6))


def test_a_pull_that_says_it_is_compressed_and_is_not_breaks_off(edge: HttpsEdge, client: EdgeClient) -> None:
    edge.answer = lambda request: Answer(body=NDJSON, headers={"Content-Encoding": "gzip"})
    with pytest.raises(EdgeUnreachable, match="broke off"):
        list(client.pull_rows("e1", 6))

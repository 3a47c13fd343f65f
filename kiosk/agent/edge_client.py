"""The kiosk's requests to the edge over HTTPS: enrolment, and pulls signed with the kiosk's own key.

Only the site's CA is trusted. A token lives for less than a minute; if the edge refuses one it says what
time it has, and the difference to our clock is kept for the tokens that follow.
"""

import ssl
import uuid
import warnings
from collections.abc import Iterator
from contextlib import closing
from typing import TypeVar
from urllib.parse import urlencode

import msgspec
import urllib3
from joserfc import jwt
from joserfc.jwk import ECKey

from contracts.enrolment import Enrolled, EnrolmentRequest
from contracts.errors import InvalidMessage, Problem, ProblemType
from contracts.events import decode
from contracts.kiosk_state import KioskConfig
from contracts.replica import PullLine
from contracts.settlements import Settlements
from kiosk.device.clock import Clock
from kiosk.errors import EdgeRefused, EdgeUnreachable

T = TypeVar("T")

_TOKEN_SECONDS = 45
_TIMEOUT = urllib3.Timeout(connect=5, read=30)
_CHUNK = 64 * 1024
_LINE: msgspec.json.Decoder[PullLine] = msgspec.json.Decoder(PullLine)


class EdgeClient:
    """One kiosk's line to its edge."""

    def __init__(self, url: str, ca: str, *, kiosk: str, site: str, key_pem: bytes, clock: Clock) -> None:
        self._url = url.rstrip("/") + "/api/v1/kiosk"
        self._pool = pool_trusting(ca)
        self._kiosk = kiosk
        self._audience = f"welkom:{site}"
        self._key = ECKey.import_key(key_pem)
        self._clock = clock
        self._offset = 0.0

    def pull_rows(self, epoch: str, after: int) -> Iterator[PullLine]:
        """Yield the lines of a pull as they arrive.

        Raises:
            EdgeUnreachable: the edge did not answer, or the answer broke off.
            EdgeRefused: it answered with a problem; ``EPOCH_CHANGED`` asks for a full pull.
        """
        with closing(self._get("rows", {"epoch": epoch, "after": after}, stream=True)) as response:
            yield from _lines(response)

    def settlements(self, after: int) -> Settlements:
        """Return this kiosk's settlements after a number; the edge takes it that we have those before."""
        with closing(self._get("settlements", {"after": after})) as response:
            return _decoded(response, Settlements)

    def config(self) -> KioskConfig:
        """Return how this kiosk is to behave."""
        with closing(self._get("config", {})) as response:
            return _decoded(response, KioskConfig)

    def _get(
        self, what: str, query: dict[str, str | int], *, stream: bool = False
    ) -> urllib3.BaseHTTPResponse:
        try:
            return self._ask(what, query, stream=stream)
        except EdgeRefused as refused:
            if refused.problem.kind != ProblemType.TOKEN_REFUSED or refused.problem.edge_time is None:
                raise
            self._offset = refused.problem.edge_time - self._clock.now().timestamp()
            return self._ask(what, query, stream=stream)

    def _ask(self, what: str, query: dict[str, str | int], *, stream: bool) -> urllib3.BaseHTTPResponse:
        response = request(
            self._pool,
            "GET",
            f"{self._url}/{what}?{urlencode(query)}",
            headers={"Authorization": f"Bearer {self._token()}", "Accept-Encoding": "gzip"},
            stream=stream,
        )
        if response.status != 200:
            with closing(response):
                raise EdgeRefused(_problem(response))
        return response

    def _token(self) -> str:
        now = int(self._clock.now().timestamp() + self._offset)
        claims = {
            "iss": self._kiosk,
            "aud": self._audience,
            "iat": now,
            "exp": now + _TOKEN_SECONDS,
            "jti": uuid.uuid4().hex,
        }
        return jwt.encode({"alg": "ES256"}, claims, self._key)


def send_claim(url: str, ca: str, claim_request: EnrolmentRequest) -> Enrolled:
    """Exchange a claim for an identity.

    Raises:
        EdgeUnreachable: the edge did not answer, or is not the one that the CA vouches for.
        EdgeRefused: it does not take the claim.
    """
    body = msgspec.json.encode(claim_request)
    headers = {"Content-Type": "application/json"}
    with closing(
        request(pool_trusting(ca), "POST", f"{url.rstrip('/')}/api/v1/enrolment", headers=headers, body=body)
    ) as response:
        if response.status not in {200, 201}:
            raise EdgeRefused(_problem(response))
        return _decoded(response, Enrolled)


def fetch_ca(url: str) -> str:
    """Return the CA certificate that a host offers, unverified: to be compared with the claim's hash.

    Raises:
        EdgeUnreachable: the host did not answer.
    """
    # Nothing is sent and nothing of the answer is believed before its hash was compared.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    pool = urllib3.PoolManager(ssl_context=context, timeout=_TIMEOUT, retries=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", urllib3.exceptions.InsecureRequestWarning)
        response = request(pool, "GET", f"{url.rstrip('/')}/api/v1/ca.pem")
    with closing(response):
        return response.data.decode("ascii", "replace")


def pool_trusting(ca: str) -> urllib3.PoolManager:
    """Return connections that trust this CA (PEM) and no other."""
    context = ssl.create_default_context(cadata=ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return urllib3.PoolManager(ssl_context=context, timeout=_TIMEOUT, retries=False)


def request(
    pool: urllib3.PoolManager,
    method: str,
    url: str,
    *,
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
    stream: bool = False,
) -> urllib3.BaseHTTPResponse:
    """Make one request, without following redirects; any failure on the way is EdgeUnreachable."""
    try:
        return pool.request(
            method, url, headers=headers, body=body, preload_content=not stream, redirect=False
        )
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise EdgeUnreachable(f"{url.partition('?')[0]}: {error}") from error


def _lines(response: urllib3.BaseHTTPResponse) -> Iterator[PullLine]:
    rest = b""
    try:
        for chunk in response.stream(_CHUNK, decode_content=True):
            *lines, rest = (rest + chunk).split(b"\n")
            yield from map(_LINE.decode, lines)
    except (urllib3.exceptions.HTTPError, OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise EdgeUnreachable(f"the pull broke off: {error}") from error


def _body(response: urllib3.BaseHTTPResponse) -> bytes:
    try:
        return response.data
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise EdgeUnreachable(f"the answer broke off: {error}") from error


def _decoded(response: urllib3.BaseHTTPResponse, kind: type[T]) -> T:
    try:
        return decode(_body(response), kind)
    except InvalidMessage as error:
        raise EdgeUnreachable(f"the edge's answer is not as agreed: {error}") from error


def _problem(response: urllib3.BaseHTTPResponse) -> Problem:
    try:
        return decode(_body(response), Problem)
    except InvalidMessage:
        return Problem.of(ProblemType.INTERNAL, "an answer without a reason", response.status)

"""Looks at the two servers that a kiosk talks to: the broker and the edge; and what time it is there."""

import ssl
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import psutil

from common.mqtt import Credentials
from contracts.errors import ProblemType
from kiosk.agent.edge_client import EdgeClient
from kiosk.config import Home
from kiosk.device import profile
from kiosk.device.clock import Clock
from kiosk.device.profile import Profile
from kiosk.directory.downlink import DownlinkReader
from kiosk.doctor.greeting import NotGreeted, greet
from kiosk.doctor.reach import reach
from kiosk.doctor.report import Finding, bad, good
from kiosk.errors import EdgeRefused, EdgeUnreachable, NotEnrolled

_HTTPS = 443
_TIMES_DO_NOT_MATTER = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which Python has no name for."""

_NOT_AUTHORISED = {0x86, 0x87, 0x8A}
_AS_A_NEW_ONE = "If that was not meant, register a new kiosk in the back office, reset this one and enrol it."


def broker(home: Home, agent_is_connected: Callable[[int], bool]) -> Finding:
    """Go as far as the broker's welcome; if the agent is connected, that was its welcome.

    Two clients of one name cannot be connected: greeting the broker would throw the agent out.
    """
    me = profile.load(home)
    context = Credentials(home.ca, home.certificate, home.key).context()
    place = f"{me.broker.host}:{me.broker.port}"
    # Asked first: our own line would look like the agent's.
    is_agents = agent_is_connected(me.broker.port)
    line = reach("the broker", me.broker.host, me.broker.port, context)
    if isinstance(line, Finding):
        return line
    with closing(line):
        if is_agents:
            return good(f"{place} answers, and the agent is connected")
        return _welcome(line, me.kiosk, place)


def edge(home: Home, clock: Clock) -> Finding:
    """Ask the edge something that it answers to its own kiosks only."""
    me = profile.load(home)
    ca = home.ca.read_text()
    parts = urlsplit(me.edge_url)
    line = reach(
        "the edge", parts.hostname or "", parts.port or _HTTPS, ssl.create_default_context(cadata=ca)
    )
    if isinstance(line, Finding):
        return line
    line.close()
    client = EdgeClient(
        me.edge_url, ca, kiosk=me.kiosk, site=me.site.name, key_pem=home.key.read_bytes(), clock=clock
    )
    try:
        client.config()
    except EdgeRefused as refused:
        return _refused(refused)
    except EdgeUnreachable as error:
        return bad(f"the edge does not answer as agreed: {error}", "See what the log of `edge serve` says.")
    return good(f"{me.edge_url} answers, and takes this kiosk's token")


def is_agent_connected(home: Home) -> Callable[[int], bool]:
    """Return what tells whether the agent has its line to a broker's port.

    That it had one stands in a file; a killed agent leaves that there, so a line has to be open too.
    """

    def look(port: int) -> bool:
        if not home.downlink.exists():
            return False
        with closing(DownlinkReader(home.downlink)) as downlink:
            return downlink.connected() and _has_line(port)

    return look


def edge_time(home: Home) -> datetime | None:
    """Return what time it is at the edge, to a second; None if it cannot be asked."""
    try:
        me = profile.load(home)
        return _time_at(me, home.ca.read_text())
    except (NotEnrolled, OSError, ValueError):
        return None


def _welcome(line: ssl.SSLSocket, kiosk: str, place: str) -> Finding:
    try:
        code = greet(line, kiosk)
    except (NotGreeted, TimeoutError) as error:
        return bad(f"{place}: {error}", "See what the broker's log says.")
    except OSError as error:
        # With TLS 1.3 the broker refuses a certificate only after the handshake.
        return bad(f"the broker refuses this kiosk's certificate: {error}", _AS_A_NEW_ONE)
    if code in _NOT_AUTHORISED:
        return bad(f"the broker does not let {kiosk} in (reason {code:#x})", _AS_A_NEW_ONE)
    if code:
        return bad(
            f"the broker does not serve {kiosk} now (reason {code:#x})", "See what the broker's log says."
        )
    return good(f"{place} lets {kiosk} in; the agent is not connected")


def _refused(refused: EdgeRefused) -> Finding:
    if refused.problem.kind == ProblemType.KIOSK_REVOKED:
        return bad("the edge has revoked this kiosk", _AS_A_NEW_ONE)
    if refused.problem.kind == ProblemType.TOKEN_REFUSED:
        return bad(
            f"the edge does not take this kiosk's token: {refused}",
            "See the checks of clock and certificate; if they are good, reset this kiosk and enrol it anew.",
        )
    return bad(f"the edge refuses: {refused}", "See what the log of `edge serve` says.")


def _has_line(port: int) -> bool:
    return any(
        each.status == psutil.CONN_ESTABLISHED and each.raddr and each.raddr.port == port
        for each in psutil.net_connections("tcp")
    )


def _time_at(me: Profile, ca: str) -> datetime | None:
    """Ask for anything at all: every answer says what time it is."""
    parts = urlsplit(me.edge_url)
    # A clock that is wrong must not keep us from seeing by how much; nothing else follows from this.
    context = ssl.create_default_context(cadata=ca)
    context.verify_flags |= _TIMES_DO_NOT_MATTER
    line = reach("the edge", parts.hostname or "", parts.port or _HTTPS, context)
    if isinstance(line, Finding):
        return None
    with closing(line):
        line.sendall(f"HEAD / HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n".encode())
        return _date_in(line.recv(4096))


def _date_in(answer: bytes) -> datetime | None:
    for row in answer.decode("latin-1").split("\r\n"):
        name, _, value = row.partition(":")
        if name.lower() == "date":
            return parsedate_to_datetime(value.strip())
    return None

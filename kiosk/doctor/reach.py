"""Goes as far as TLS towards a server, and says in words where it ended."""

import socket
import ssl

from kiosk.doctor.report import Finding, bad

SECONDS = 5.0

_NOT_YET_VALID, _EXPIRED, _WRONG_NAME = 9, 10, 62
"""OpenSSL's reasons for refusing a certificate."""


def reach(who: str, host: str, port: int, context: ssl.SSLContext) -> ssl.SSLSocket | Finding:
    """Connect to ``who`` ("the broker"); return the line, or what stood in the way."""
    plain = _connect(who, host, port)
    if isinstance(plain, Finding):
        return plain
    try:
        return context.wrap_socket(plain, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        plain.close()
        return _untrusted(who, host, error)
    except OSError as error:
        plain.close()
        return bad(
            f"{who} at {host}:{port} breaks off the encrypted connection: {error}",
            f"See whether something else than {who} listens there, and what its log says.",
        )


def _connect(who: str, host: str, port: int) -> socket.socket | Finding:
    try:
        return socket.create_connection((host, port), SECONDS)
    except socket.gaierror:
        return bad(f"the name {host} of {who} is not known", "Check the network and its name server.")
    except TimeoutError:
        return bad(
            f"{who} at {host}:{port} does not answer",
            "See whether that machine is on, and whether a firewall lets the kiosk through.",
        )
    except ConnectionRefusedError:
        return bad(f"nothing listens at {host}:{port}", f"Start {who} on that machine.")
    except OSError as error:
        return bad(
            f"there is no way to {who} at {host}:{port}: {error.strerror or error}",
            "Check the kiosk's network cable or Wi-Fi.",
        )


def _untrusted(who: str, host: str, error: ssl.SSLCertVerificationError) -> Finding:
    if error.verify_code in {_NOT_YET_VALID, _EXPIRED}:
        return bad(
            f"the certificate of {who} is not good at this time: {error.verify_message}",
            "Set the clock right (see its own check); if it is right, renew the certificate at the edge.",
        )
    if error.verify_code == _WRONG_NAME:
        return bad(
            f"the certificate of {who} is not for {host}",
            "Let the edge make a certificate with that name, or enrol the kiosk with the right one.",
        )
    return bad(
        f"{who} at {host} is not this site's: {error.verify_message}",
        "See who answers there; if the site's authority was renewed, enrol this kiosk anew.",
    )

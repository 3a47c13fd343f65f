"""Says hello to an MQTT 5 broker and reads its answer, without becoming anybody's session.

A client library would do, but tells too little of why a connection ended: here the reason is the result.
"""

import ssl

_CONNECT, _CONNACK, _DISCONNECT = 0x10, 0x20, b"\xe0\x00"
_CLEAN_START = 0x02
_KEEPALIVE = 10
_VERSION = 5
_FULL_HEAD = 4


class NotGreeted(ConnectionError):
    """The broker hung up, or what it said is no answer."""


def greet(line: ssl.SSLSocket, client_id: str) -> int:
    """Connect as ``client_id`` and leave again; return the broker's reason code, 0 for welcome.

    Raises:
        NotGreeted: it gave no answer.
        OSError: it broke off; a TLS alert tells why.
    """
    line.sendall(_hello(client_id))
    head = b""
    while len(head) < _FULL_HEAD:
        part = line.recv(64)
        if not part:
            raise NotGreeted("the broker hung up without a word")
        head += part
    if head[0] != _CONNACK:
        raise NotGreeted("what answers is no MQTT broker")
    line.sendall(_DISCONNECT)
    return head[3]


def _hello(client_id: str) -> bytes:
    name = client_id.encode()
    body = b"\x00\x04MQTT" + bytes([_VERSION, _CLEAN_START]) + _KEEPALIVE.to_bytes(2) + b"\x00"
    body += len(name).to_bytes(2) + name
    # A kiosk's id is short, so the length fits one byte.
    return bytes([_CONNECT, len(body)]) + body

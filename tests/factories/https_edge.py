"""A small HTTPS server in the edge's place, with a CA of its own, that answers as a test says."""

import datetime
import hashlib
import ipaddress
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Request:
    """What the server was asked, headers in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server says. With ``promised`` it promises more bytes than it sends, and hangs up."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    promised: int | None = None


class TestAuthority:
    """A certificate authority that lasts as long as a test."""

    __test__ = False

    def __init__(self, name: str = "Test CA") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(name)
        builder = _builder(subject, subject, self._key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = builder.add_extension(_ca_usage(), critical=True)
        # From Python 3.13 on, TLS wants each certificate to name its issuer's key.
        own_key = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        builder = builder.add_extension(own_key, critical=False)
        self._issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own_key)
        self._certificate = builder.sign(self._key, hashes.SHA256())

    @property
    def pem(self) -> str:
        return self._certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def der(self) -> bytes:
        return self._certificate.public_bytes(serialization.Encoding.DER)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.der).hexdigest()

    def server(self, folder: Path, days: float = 1) -> ssl.SSLContext:
        """Return a server's context with a certificate for loopback, good for so many days."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name("edge"), self._certificate.subject, key.public_key(), days)
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        builder = builder.add_extension(names, critical=False).add_extension(self._issuer, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        chain = folder / "server.pem"
        chain.write_bytes(_key_pem(key) + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        return context

    def certify(self, csr: str, name: str = "k-entrance01", *, days: int = 1) -> str:
        """Return a certificate in PEM for the key of a signing request, good for so many days."""
        key = x509.load_pem_x509_csr(csr.encode()).public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        builder = _builder(_name(name), self._certificate.subject, key, days)
        certificate = builder.sign(self._key, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _ca_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


@dataclass
class HttpsEdge:
    """A running server: ``answer`` decides on each request, ``asked`` keeps them all."""

    url: str
    answer: Callable[[Request], Answer] = lambda request: Answer(404)
    asked: list[Request] = field(default_factory=list)


@contextmanager
def serving(authority: TestAuthority, folder: Path, days: float = 1) -> Iterator[HttpsEdge]:
    """Serve on a free port of loopback, with a certificate of this authority, good for so many days."""
    server = _QuietServer(("127.0.0.1", 0), _handler_of(lambda: edge))
    edge = HttpsEdge(f"https://127.0.0.1:{server.server_port}")
    server.socket = authority.server(folder, days).wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield edge
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _QuietServer(ThreadingHTTPServer):
    """Says nothing of clients that refuse its certificate or hang up: tests look at the client."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        return


def _handler_of(find_edge: Callable[[], HttpsEdge]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def log_message(self, *arguments: object) -> None:
            return

        def _serve(self) -> None:
            edge = find_edge()
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Request(self.command, self.path, headers, body)
            edge.asked.append(asked)
            self._say(edge.answer(asked))

        def _say(self, answer: Answer) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(answer.promised or len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)
            self.close_connection = True

    return Handler


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: float = 1
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + days * _DAY)
    )


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])

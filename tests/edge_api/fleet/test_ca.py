"""The site's CAs: what they sign holds in real TLS, and names come from us alone."""

import base64
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from common.mqtt import Credentials
from edge_api.config import Config
from edge_api.errors import BadConfiguration
from edge_api.fleet.ca import Authority, Trust
from edge_api.fleet.errors import ClaimRefused
from edge_api.fleet.setup import prepare_site
from tests.factories.fleet import FieldKiosk, SigningKey, new_key, signing_request

NOW = datetime.now(UTC)
"""The real time: it is what TLS checks certificates by."""

_VERSION = 7
"""Where a signing request of ours has its version, which is always 0."""


@pytest.fixture
def tls(tmp_path: Path) -> Path:
    return tmp_path / "tls"


@pytest.fixture
def authority(tls: Path) -> Authority:
    made = Authority.create(tls, "test", NOW)
    made.issue_server("broker", ["localhost", "127.0.0.1"], NOW)
    return made


def _server(tls: Path, name: str = "broker", trust: Trust = Trust.SITE) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls / f"{name}.crt", tls / f"{name}.key")
    context.load_verify_locations(tls / f"{trust}.crt")
    context.verify_mode = ssl.CERT_REQUIRED
    return _strict(context)


def _strict(context: ssl.SSLContext) -> ssl.SSLContext:
    # As Python does by itself from 3.13 on.
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def _meet(server: ssl.SSLContext, client: ssl.SSLContext, host: str) -> x509.Certificate:
    """Let the two shake hands; return the certificate that the server was shown."""
    shown: list[bytes | None] = []
    here, there = socket.socketpair()

    def serve() -> None:
        try:
            with server.wrap_socket(here, server_side=True) as line:
                shown.append(line.getpeercert(binary_form=True))
                line.sendall(b"!")
        except OSError:
            here.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(there, server_hostname=host) as line:
            if line.recv(1) != b"!":
                raise ssl.SSLError("the server closed the line")
    finally:
        there.close()
        thread.join()
    assert shown
    assert shown[0]
    return x509.load_der_x509_certificate(shown[0])


def _common_name(certificate: x509.Certificate) -> str:
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def _kiosk_files(tmp_path: Path, authority: Authority, kiosk: FieldKiosk, request: str = "") -> Credentials:
    certificate, _ = authority.issue_kiosk(kiosk.id, request or signing_request(kiosk.key), NOW)
    return kiosk.save(tmp_path, authority.certificate_pem, certificate)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_kiosk_and_the_broker_know_each_other_by_the_site_s_ca(
    tmp_path: Path, tls: Path, authority: Authority, host: str
) -> None:
    files = _kiosk_files(tmp_path, authority, FieldKiosk("k-door"))
    assert _common_name(_meet(_server(tls), _strict(files.context()), host)) == "k-door"


def test_the_name_comes_from_the_claim_whatever_the_request_asks_for(
    tmp_path: Path, tls: Path, authority: Authority
) -> None:
    kiosk = FieldKiosk("k-door")
    files = _kiosk_files(tmp_path, authority, kiosk, signing_request(kiosk.key, name="edge"))
    shown = _meet(_server(tls), files.context(), "localhost")
    assert _common_name(shown) == "k-door"
    names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["k-door"]
    assert shown.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False


def test_a_kiosk_of_another_site_is_not_let_in(tmp_path: Path, tls: Path, authority: Authority) -> None:
    other = Authority.create(tmp_path / "other", "other", NOW)
    files = _kiosk_files(tmp_path, other, FieldKiosk("k-door"))
    (tmp_path / "ours.crt").write_text(authority.certificate_pem)
    with pytest.raises((ssl.SSLError, OSError)):
        _meet(_server(tls), replace(files, ca=tmp_path / "ours.crt").context(), "localhost")


def test_a_kiosk_cannot_stand_for_the_broker(tmp_path: Path, tls: Path, authority: Authority) -> None:
    """Its certificate names it as a host too, but is for clients only."""
    files = _kiosk_files(tmp_path, authority, FieldKiosk("k-door"))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files.certificate, files.key)
    with pytest.raises(ssl.SSLCertVerificationError, match="purpose"):
        _meet(server, files.context(), "k-door")


def test_the_broker_cannot_stand_for_a_kiosk(tls: Path, authority: Authority) -> None:
    broker = Credentials(tls / "ca.crt", tls / "broker.crt", tls / "broker.key")
    with pytest.raises((ssl.SSLError, OSError)):
        _meet(_server(tls), broker.context(), "localhost")


def test_our_own_programs_have_a_ca_that_vouches_for_no_kiosk(
    tmp_path: Path, tls: Path, authority: Authority
) -> None:
    Authority.create(tls, "test", NOW, Trust.PROGRAMS).issue_client("edge", NOW)
    service_door = _server(tls, trust=Trust.PROGRAMS)
    ours = Credentials(tls / "ca.crt", tls / "edge.crt", tls / "edge.key")
    assert _common_name(_meet(service_door, _strict(ours.context()), "localhost")) == "edge"
    kiosk = _kiosk_files(tmp_path, authority, FieldKiosk("k-door"))
    with pytest.raises((ssl.SSLError, OSError)):
        _meet(service_door, kiosk.context(), "localhost")


@pytest.mark.parametrize(
    "make_key",
    [
        lambda: rsa.generate_private_key(65537, 2048),
        lambda: ec.generate_private_key(ec.SECP384R1()),
        lambda: ec.generate_private_key(ec.SECP256K1()),
        ed25519.Ed25519PrivateKey.generate,
        ed448.Ed448PrivateKey.generate,
    ],
    ids=["RSA", "P-384", "secp256k1", "Ed25519", "Ed448"],
)
def test_other_keys_than_p256_are_refused(authority: Authority, make_key: Callable[[], SigningKey]) -> None:
    with pytest.raises(ClaimRefused, match="P-256"):
        authority.issue_kiosk("k-door", signing_request(make_key()), NOW)


def test_a_request_that_its_key_did_not_sign_is_refused(authority: Authority) -> None:
    ours = x509.load_pem_x509_csr(signing_request(new_key()).encode())
    others = x509.load_pem_x509_csr(signing_request(new_key()).encode())
    body = ours.public_bytes(_der()).replace(_point(ours), _point(others))
    with pytest.raises(ClaimRefused):
        authority.issue_kiosk("k-door", _pem(body), NOW)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@example(place=_VERSION, value=1, cut=0)
@given(place=st.integers(min_value=0), value=st.integers(0, 255), cut=st.integers(0, 50))
def test_a_damaged_request_is_refused_or_gives_its_own_key_a_certificate(
    authority: Authority, place: int, value: int, cut: int
) -> None:
    body = bytearray(x509.load_pem_x509_csr(signing_request(new_key()).encode()).public_bytes(_der()))
    body[place % len(body)] = value
    try:
        certificate, _ = authority.issue_kiosk("k-door", _pem(bytes(body[: len(body) - cut])), NOW)
    except ClaimRefused:
        return
    assert _common_name(x509.load_pem_x509_certificate(certificate.encode())) == "k-door"


@pytest.mark.parametrize("text", ["", "nonsense", "-----BEGIN CERTIFICATE REQUEST-----\n!\n", "é" * 10])
def test_what_is_no_request_at_all_is_refused(authority: Authority, text: str) -> None:
    with pytest.raises(ClaimRefused):
        authority.issue_kiosk("k-door", text, NOW)


def test_what_is_there_stays(config: Config) -> None:
    prepare_site(config, NOW)
    before = {path.name: path.read_bytes() for path in (config.home / "tls").iterdir()}
    prepare_site(config, NOW + timedelta(days=30))
    assert {path.name: path.read_bytes() for path in (config.home / "tls").iterdir()} == before


def test_every_key_is_for_its_owner_alone(config: Config) -> None:
    prepare_site(config, NOW)
    modes = {path.stat().st_mode & 0o777 for path in (config.home / "tls").iterdir()}
    assert modes == {0o600}


def test_servers_get_new_certificates_when_their_hosts_change_or_their_time_is_nearly_over(
    config: Config,
) -> None:
    prepare_site(config, NOW)
    api = config.home / "tls" / "kiosk-api.crt"
    first = api.read_bytes()
    moved = msgspec.structs.replace(config, edge_url="https://edge.example.nl:8443")
    prepare_site(moved, NOW)
    second = api.read_bytes()
    assert first != second
    names = x509.load_pem_x509_certificate(second).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert "edge.example.nl" in names.value.get_values_for_type(x509.DNSName)
    prepare_site(moved, NOW + timedelta(days=365 * 9 + 10))
    assert api.read_bytes() != second


def test_a_long_site_name_still_makes_a_ca(tmp_path: Path) -> None:
    assert Authority.create(tmp_path, "s" * 100, NOW).sha256


def test_without_a_ca_one_is_told_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration, match="edge init"):
        Authority(tmp_path)


def test_a_ca_with_another_kind_of_key_is_refused(tls: Path, authority: Authority) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    (tls / "ca.key").write_bytes(_private_pem(key))
    with pytest.raises(BadConfiguration, match="elliptic"):
        Authority(tls)


def _der() -> serialization.Encoding:
    return serialization.Encoding.DER


def _point(request: x509.CertificateSigningRequest) -> bytes:
    public = request.public_key()
    return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _pem(der: bytes) -> str:
    return (
        "-----BEGIN CERTIFICATE REQUEST-----\n"
        + base64.encodebytes(der).decode()
        + "-----END CERTIFICATE REQUEST-----\n"
    )


def _private_pem(key: ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )

"""The site's own small certificate authorities: one for servers and kiosks, one for our own programs.

Two P-256 CAs per site, so that a kiosk's certificate opens only the kiosks' door of the broker. A kiosk's
name comes from its claim, never from its signing request.
"""

import hashlib
import ipaddress
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edge_api.errors import BadConfiguration
from edge_api.files import write_private
from edge_api.fleet.errors import ClaimRefused

SERVICE_USER = "edge"
WATCHER_USER = "watcher"

_CA_YEARS = 30
_LEAF_YEARS = 10
_CLOCK_SLACK = timedelta(days=1)
_RENEWED_BEFORE = timedelta(days=365)
_LONGEST_NAME = 64
"""X.509 takes no longer common name."""


class Trust(StrEnum):
    """Which of a site's CAs, by the name of its files."""

    SITE = "ca"
    """For servers and kiosks: the one that kiosks pin."""

    PROGRAMS = "programs-ca"
    """For our own programs at the broker."""


_CA_NAMES = {Trust.SITE: "Welkom CA of {site}", Trust.PROGRAMS: "Welkom programs' CA of {site}"}


class Authority:
    """A CA of one site, in a folder: its key and certificate, and what it issued for the edge itself."""

    def __init__(self, folder: Path, trust: Trust = Trust.SITE) -> None:
        self.folder = folder
        try:
            self.certificate_pem = (folder / f"{trust}.crt").read_text("ascii")
            key = serialization.load_pem_private_key((folder / f"{trust}.key").read_bytes(), None)
        except FileNotFoundError as error:
            raise BadConfiguration(f"{error.filename} is missing; `edge init` makes it") from None
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise BadConfiguration(f"{folder / f'{trust}.key'}: takes an elliptic-curve key")
        self._key = key
        self._certificate = x509.load_pem_x509_certificate(self.certificate_pem.encode())

    @classmethod
    def create(cls, folder: Path, site: str, now: datetime, trust: Trust = Trust.SITE) -> "Authority":
        """Open the CA in ``folder``, making it first if there is none."""
        if not (folder / f"{trust}.crt").exists():
            key = ec.generate_private_key(ec.SECP256R1())
            name = _name(_CA_NAMES[trust].format(site=site)[:_LONGEST_NAME])
            builder = _builder(name, name, key.public_key(), now, _CA_YEARS)
            builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            builder = builder.add_extension(_ca_usage(), critical=True)
            write_private(folder / f"{trust}.key", _key_pem(key))
            write_private(folder / f"{trust}.crt", _pem(builder.sign(key, hashes.SHA256())))
        return cls(folder, trust)

    @property
    def sha256(self) -> str:
        """SHA-256 over the CA certificate's DER, in hex: what a claim pins."""
        return hashlib.sha256(self._certificate.public_bytes(serialization.Encoding.DER)).hexdigest()

    def issue_server(self, file: str, hosts: Iterable[str], now: datetime) -> None:
        """Make ``<file>.key`` and ``<file>.crt`` (with the CA behind it) for a server.

        One that is there stays while it is ours, for the same hosts and not soon over.
        """
        names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
        self._issue_own(file, file, ExtendedKeyUsageOID.SERVER_AUTH, now, names)

    def issue_client(self, user: str, now: datetime) -> None:
        """Make ``<user>.key`` and ``<user>.crt`` for a program at the broker, unless there and still good."""
        self._issue_own(user, user, ExtendedKeyUsageOID.CLIENT_AUTH, now, None)

    def issue_kiosk(self, kiosk: str, csr_pem: str, now: datetime) -> tuple[str, str]:
        """Return a certificate for the kiosk's own key, and that key, both in PEM.

        Raises:
            ClaimRefused: the signing request is damaged, not signed by its key, or not of P-256.
        """
        key = _key_of_request(csr_pem)
        builder = _builder(_name(kiosk), self._certificate.subject, key, now, _LEAF_YEARS)
        names = x509.SubjectAlternativeName([x509.DNSName(kiosk)])
        certificate = self._sign(builder, ExtendedKeyUsageOID.CLIENT_AUTH, names)
        return _pem(certificate).decode(), _public_pem(key).decode()

    def _issue_own(
        self,
        file: str,
        name: str,
        usage: x509.ObjectIdentifier,
        now: datetime,
        names: x509.SubjectAlternativeName | None,
    ) -> None:
        if self._is_there(file, now, names):
            return
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name(name), self._certificate.subject, key.public_key(), now, _LEAF_YEARS)
        certificate = self._sign(builder, usage, names)
        write_private(self.folder / f"{file}.key", _key_pem(key))
        write_private(self.folder / f"{file}.crt", _pem(certificate) + self.certificate_pem.encode())

    def _is_there(self, file: str, now: datetime, names: x509.SubjectAlternativeName | None) -> bool:
        try:
            certificate = x509.load_pem_x509_certificate((self.folder / f"{file}.crt").read_bytes())
            certificate.verify_directly_issued_by(self._certificate)
        except (FileNotFoundError, ValueError, InvalidSignature):
            return False
        return certificate.not_valid_after_utc > now + _RENEWED_BEFORE and _names_in(certificate) == names

    def _sign(
        self,
        builder: x509.CertificateBuilder,
        usage: x509.ObjectIdentifier,
        names: x509.SubjectAlternativeName | None,
    ) -> x509.Certificate:
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        builder = builder.add_extension(issuer, critical=False)
        if names is not None:
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, years: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SLACK)
        .not_valid_after(now + timedelta(days=365 * years))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _key_of_request(csr_pem: str) -> ec.EllipticCurvePublicKey:
    try:
        request = x509.load_pem_x509_csr(csr_pem.encode())
        signed = request.is_signature_valid
        key = request.public_key()
    except (ValueError, InvalidSignature, UnsupportedAlgorithm, x509.InvalidVersion):
        raise ClaimRefused("the signing request is damaged") from None
    if not signed or not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        raise ClaimRefused("the signing request takes a P-256 key that signed it")
    return key


def _names_in(certificate: x509.Certificate) -> x509.SubjectAlternativeName | None:
    found = certificate.extensions
    try:
        return found.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


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


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _public_pem(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )

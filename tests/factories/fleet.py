"""Kiosks as they are in the field: each with a key of its own, and what it signs with that."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import NameOID
from joserfc import jwt
from joserfc.jwk import ECKey

from common.mqtt import Credentials
from contracts.enrolment import EnrolmentRequest
from edge_api.accounts.models import Location
from edge_api.audit import By
from edge_api.config import Config
from edge_api.db import Database
from edge_api.fleet import services
from edge_api.fleet.ca import Authority
from edge_api.fleet.models import Kiosk, KioskState
from tests.factories.edge import Shop

SigningKey = (
    ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
)


def new_key() -> ec.EllipticCurvePrivateKey:
    """Return a key as kiosks make theirs."""
    return ec.generate_private_key(ec.SECP256R1())


def signing_request(key: SigningKey, name: str = "kiosk") -> str:
    """Return a signing request in PEM; ``name`` is what it asks for, not what it gets."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey) else hashes.SHA256()
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, digest)
    return request.public_bytes(serialization.Encoding.PEM).decode()


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the key as it stands in files."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public_pem(key: ec.EllipticCurvePrivateKey) -> str:
    """Return the key's public half as the edge keeps it."""
    public = key.public_key()
    return public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


@dataclass(frozen=True)
class FieldKiosk:
    """A kiosk's own side: its id and key."""

    id: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=new_key)

    def claims(self, now: datetime) -> dict[str, object]:
        """What a good token says."""
        issued = int(now.timestamp())
        return {
            "iss": self.id,
            "aud": "welkom:test",
            "iat": issued,
            "exp": issued + 45,
            "jti": uuid.uuid4().hex,
        }

    def token(self, now: datetime, **changed: object) -> str:
        """A token that holds, unless ``changed`` says otherwise."""
        return jwt.encode({"alg": "ES256"}, self.claims(now) | changed, ECKey.import_key(key_pem(self.key)))

    def headers(self, now: datetime) -> dict[str, str]:
        """What it sends with a request to the edge."""
        return {"Authorization": f"Bearer {self.token(now)}"}

    def save(self, folder: Path, ca: str, certificate: str) -> Credentials:
        """Write its key and certificate, to show them to a broker."""
        files = Credentials(
            folder / f"{self.id}-ca.crt", folder / f"{self.id}.crt", folder / f"{self.id}.key"
        )
        files.ca.write_text(ca)
        files.certificate.write_text(certificate)
        files.key.write_bytes(key_pem(self.key))
        return files


def known_kiosk(database: Database, by: By, name: str = "By the door") -> str:
    """Make a kiosk known at a new location, and return its id."""
    with database.transaction() as session:
        location: Location = Shop(session, by).location(slug=f"at-{uuid.uuid4().hex[:8]}")
        return services.register_kiosk(session, name, location, by).id


def active_kiosk(database: Database, by: By, name: str = "By the door") -> FieldKiosk:
    """Make a kiosk that is let in, without the ceremony."""
    kiosk = FieldKiosk(known_kiosk(database, by, name))
    with database.transaction() as session:
        found = services.find_kiosk(session, kiosk.id)
        found.public_key, found.state = public_pem(kiosk.key), KioskState.ACTIVE
        found.enrolled_at = by.at
    return kiosk


def enrolled_kiosk(
    database: Database, config: Config, authority: Authority, by: By, name: str = "By the door"
) -> tuple[FieldKiosk, str]:
    """Enrol a kiosk as a real one is; return it and its certificate."""
    kiosk = FieldKiosk(known_kiosk(database, by, name))
    with database.transaction() as session:
        found = session.get_one(Kiosk, kiosk.id)
        claim = services.make_claim(session, found, config, authority, by.at)
        asked = EnrolmentRequest(token=claim.token, csr=signing_request(kiosk.key))
        return kiosk, services.enrol(session, asked, config, authority, by.at).certificate

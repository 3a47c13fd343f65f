"""The kiosk's own key, made on the kiosk and never leaving it, and the certificate for it."""

import os
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kiosk.config import Home


def ensure_key(home: Home) -> ec.EllipticCurvePrivateKey:
    """Return the kiosk's P-256 key, made at the first call."""
    if home.key.exists():
        return load_key(home)
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_private(home.key, pem)
    return key


def load_key(home: Home) -> ec.EllipticCurvePrivateKey:
    """Return the kiosk's key."""
    key = serialization.load_pem_private_key(home.key.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{home.key} holds no elliptic-curve key")
    return key


def signing_request(key: ec.EllipticCurvePrivateKey) -> str:
    """Return a signing request in PEM. Its name means nothing: the edge takes it from the claim."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kiosk")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def certifies(certificate: str, key: ec.EllipticCurvePrivateKey) -> bool:
    """Tell whether a text is a certificate (PEM) for this key."""
    try:
        certified = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    except (ValueError, UnsupportedAlgorithm):
        return False
    return certified == key.public_key()


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only this user reads, whole or not at all, and durable on return."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    _sync_folder(path.parent)
    # The folder itself may be new.
    _sync_folder(path.parent.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

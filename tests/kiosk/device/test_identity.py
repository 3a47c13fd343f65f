"""The kiosk's key is made once, on the kiosk, for its owner alone."""

import os
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from kiosk.config import Home
from kiosk.device.identity import certifies, ensure_key, load_key, signing_request, write_private
from tests.factories.https_edge import TestAuthority


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "kiosk")


def test_the_key_is_made_once_and_is_of_the_agreed_curve(home: Home) -> None:
    made = ensure_key(home)
    before = home.key.read_bytes()
    assert ensure_key(home).private_numbers() == load_key(home).private_numbers() == made.private_numbers()
    assert home.key.read_bytes() == before
    assert made.curve.name == "secp256r1"


def test_the_key_is_for_its_owner_alone_whatever_the_mask(home: Home) -> None:
    old_mask = os.umask(0)
    try:
        ensure_key(home)
    finally:
        os.umask(old_mask)
    assert stat.S_IMODE(home.key.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.key.parent.stat().st_mode) == 0o700


def test_a_key_of_another_kind_is_refused(home: Home) -> None:
    other = rsa.generate_private_key(65537, 2048)
    write_private(
        home.key,
        other.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    )
    with pytest.raises(TypeError, match="no elliptic-curve key"):
        load_key(home)


def test_a_signing_request_is_signed_by_the_key_and_names_nobody(home: Home) -> None:
    key = ensure_key(home)
    request = x509.load_pem_x509_csr(signing_request(key).encode())
    assert request.is_signature_valid
    assert request.public_key() == key.public_key()
    assert request.subject.rfc4514_string() == "CN=kiosk"


def test_a_certificate_is_known_as_ours_by_its_key(home: Home) -> None:
    authority, key = TestAuthority(), ensure_key(home)
    assert certifies(authority.certify(signing_request(key)), key)
    assert not certifies(authority.pem, key)
    assert not certifies(authority.certify(signing_request(ec.generate_private_key(ec.SECP256R1()))), key)
    for text in ("", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"):
        assert not certifies(text, key)


def test_a_private_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "identity" / "secret"
    write_private(path, b"first")
    with path.open("rb") as earlier:
        write_private(path, b"second")
        assert earlier.read() == b"first"
    assert path.read_bytes() == b"second"
    assert [each.name for each in path.parent.iterdir()] == ["secret"]

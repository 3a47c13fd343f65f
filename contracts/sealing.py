"""Rows that only the card opens, so that a stolen kiosk holds no names and no usable codes.

Everything follows from the card's 128 bits and the site's salt by HKDF-SHA-256; test vectors stand in
``contracts/examples/sealing.json``.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from contracts.card_code import CardCode
from contracts.errors import SealBroken
from contracts.replica import Entry, SealedRow

VERSION = 1
PADDING = 256
"""Plaintexts are filled up to a multiple of this, so that a row's size says next to nothing."""

_PROOF_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Site:
    """The deployment that rows are sealed for: its name, and a salt of 32 bytes (secret to it)."""

    name: str
    salt: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CardKeys:
    """What follows from a card at a site. Only ``lookup`` (16 bytes) may leave the process."""

    lookup: bytes
    seal: bytes = field(repr=False)
    event: bytes = field(repr=False)
    staff: bytes = field(repr=False)


def derive(code: CardCode, site: Site) -> CardKeys:
    """Derive the card's lookup and keys at this site."""
    return CardKeys(
        lookup=lookup(code, site),
        seal=_expand(code, site, b"welkom/v1/seal", 32),
        event=_expand(code, site, b"welkom/v1/event", 32),
        staff=_expand(code, site, b"welkom/v1/staff", 32),
    )


def lookup(code: CardCode, site: Site) -> bytes:
    """Derive only the lookup, 16 bytes: what a card is filed under where its code must not be kept."""
    return _expand(code, site, b"welkom/v1/lookup", 16)


def seal(
    keys: CardKeys, site: Site, revision: int, entry: Entry, random: Callable[[int], bytes]
) -> SealedRow:
    """Seal ``entry`` into the card's row.

    ``random(n)`` gives n random bytes; the nonce is drawn anew for each sealing, never derived.
    """
    nonce = random(12)
    box = AESGCM(keys.seal).encrypt(nonce, _padded(entry), _associated(site, keys.lookup, revision))
    return SealedRow(lookup=keys.lookup, revision=revision, nonce=nonce, box=box)


def unseal(keys: CardKeys, site: Site, row: SealedRow) -> Entry:
    """Open the card's row.

    Raises:
        SealBroken: it is another card's row, another site's, a tombstone, or was tampered with.
    """
    if row.is_tombstone or len(row.nonce) != 12:
        raise SealBroken("the row holds nothing")
    try:
        plain = AESGCM(keys.seal).decrypt(row.nonce, row.box, _associated(site, row.lookup, row.revision))
        return _ENTRY.decode(plain)
    except (InvalidTag, msgspec.MsgspecError):
        raise SealBroken("the row does not open with this card") from None


def prove(key: bytes, *parts: bytes) -> bytes:
    """Return the HMAC-SHA-256 over ``parts``, each with its length before it so that none can shift."""
    mac = hmac.new(key, digestmod=hashlib.sha256)
    for part in parts:
        mac.update(len(part).to_bytes(8) + part)
    return mac.digest()


def proves(proof: bytes, key: bytes, *parts: bytes) -> bool:
    """Tell whether ``proof`` was made by :func:`prove` from the same key and parts."""
    return len(proof) == _PROOF_LENGTH and hmac.compare_digest(proof, prove(key, *parts))


_ENTRY: msgspec.json.Decoder[Entry] = msgspec.json.Decoder(Entry)


def _expand(code: CardCode, site: Site, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, site.salt, info).derive(code.secret)


def _padded(entry: Entry) -> bytes:
    # Blanks after a JSON document belong to no value, so the padding needs no length field.
    plain = msgspec.json.encode(entry)
    return plain.ljust(-(-len(plain) // PADDING) * PADDING)


def _associated(site: Site, lookup: bytes, revision: int) -> bytes:
    name = site.name.encode()
    return bytes([VERSION, len(name)]) + name + lookup + revision.to_bytes(8)

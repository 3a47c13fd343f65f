"""How a new kiosk gets its identity: a claim from the back office, exchanged for a certificate.

The kiosk makes its key itself and sends a signing request with the claim's single-use token. It trusts
nothing but the site's CA, whose SHA-256 stands in the claim, from the first byte on.
"""

import base64
import binascii

import msgspec

from contracts.errors import InvalidClaim
from contracts.kiosk_state import KioskConfig

CLAIM_PREFIX = "WELKOM-CLAIM:1:"
_MAX_CLAIM = 2_000


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What a kiosk is given to enrol with. ``ca_sha256`` is over the CA certificate's DER, in hex."""

    edge_url: str
    token: str
    ca_sha256: str

    def to_text(self) -> str:
        """Return the claim as one line, upper case so that its QR code is small."""
        packed = base64.b32encode(msgspec.json.encode(self)).decode().rstrip("=")
        return CLAIM_PREFIX + packed

    @classmethod
    def from_text(cls, text: str) -> "Claim":
        """Read a claim.

        Raises:
            InvalidClaim: the text is none.
        """
        stripped = text.strip()
        if not stripped.startswith(CLAIM_PREFIX) or len(stripped) > _MAX_CLAIM:
            raise InvalidClaim(f"an enrolment claim begins with {CLAIM_PREFIX}")
        packed = stripped.removeprefix(CLAIM_PREFIX)
        try:
            plain = base64.b32decode(packed + "=" * (-len(packed) % 8))
            return msgspec.json.decode(plain, type=cls)
        except (binascii.Error, msgspec.MsgspecError, UnicodeDecodeError, ValueError):
            raise InvalidClaim("the enrolment claim is damaged") from None


class EnrolmentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The claim's token and a PEM signing request; the name in it does not count, the claim's does."""

    token: str
    csr: str


class Broker(msgspec.Struct, frozen=True, kw_only=True):
    """Where the kiosk's MQTT broker listens, with TLS."""

    host: str
    port: int


class Enrolled(msgspec.Struct, frozen=True, kw_only=True):
    """What an enrolled kiosk knows: its name and certificate, the site, and where to connect.

    ``salt`` is the site's, 32 bytes: a kiosk derives rows' keys with it from the cards it is shown.
    """

    kiosk: str
    certificate: str
    ca: str
    site: str
    salt: bytes
    edge_url: str
    broker: Broker
    config: KioskConfig

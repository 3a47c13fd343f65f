"""Reading the short-lived ES256 tokens that kiosks sign for HTTPS with the key of their certificate.

Anybody may send anything here, so a token has to have our one form before a library looks at it.
"""

import base64
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, TypeVar

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from msgspec import Meta

from contracts.errors import InvalidMessage
from contracts.events import decode
from contracts.topics import KIOSK_ID
from edge_api.fleet.errors import TokenRefused

MAX_LIFE = timedelta(seconds=60)
SLACK = timedelta(seconds=5)

_FORM = re.compile(r"[A-Za-z0-9_-]{1,100}\.[A-Za-z0-9_-]{1,2000}\.[A-Za-z0-9_-]{86}")
"""Header, claims, and the 64 bytes of an ES256 signature."""

_Part = TypeVar("_Part")


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The only header there is: no other algorithm, no key of the sender's own, no extensions."""

    alg: Literal["ES256"]
    typ: Literal["JWT"] = "JWT"


class KioskClaims(msgspec.Struct, frozen=True):
    """What a token says: who (``iss``), for whom (``aud``), from when to when, and its own name."""

    iss: Annotated[str, Meta(pattern=f"^{KIOSK_ID.pattern}$")]
    aud: str
    iat: int
    exp: int
    jti: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,64}$")]

    @property
    def expires_at(self) -> datetime:
        return datetime.fromtimestamp(self.exp, UTC)


def issuer_of(token: str) -> str:
    """Return who a token says it is from, before anything about it was proven.

    Raises:
        TokenRefused: it is no token.
    """
    if not _FORM.fullmatch(token):
        raise TokenRefused("not a kiosk's token")
    header, claims, _ = token.split(".")
    _part(header, _Header)
    return _part(claims, KioskClaims).iss


def verify(token: str, public_key: str, audience: str, now: datetime) -> KioskClaims:
    """Check signature, audience and times; whether it was used before is for the caller to see.

    Raises:
        TokenRefused: something of it does not hold.
    """
    issuer_of(token)
    try:
        decoded = jwt.decode(token, ECKey.import_key(public_key), algorithms=["ES256"])
        claims = msgspec.convert(decoded.claims, KioskClaims)
        issued = datetime.fromtimestamp(claims.iat, UTC)
        expires = claims.expires_at
    except (JoseError, ValueError, OverflowError, OSError, msgspec.MsgspecError):
        raise TokenRefused("the token's signature or form does not hold") from None
    if claims.aud != audience:
        raise TokenRefused("the token is for another site")
    if expires - issued > MAX_LIFE or issued > now + SLACK or expires < now:
        raise TokenRefused("the token's time does not hold")
    return claims


def _part(text: str, kind: type[_Part]) -> _Part:
    try:
        return decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), kind)
    except (ValueError, RecursionError, InvalidMessage):
        raise TokenRefused("not a kiosk's token") from None

"""Reading the short-lived ES256 tokens that kiosks sign for HTTPS with the key of their certificate."""

import base64
from datetime import UTC, datetime, timedelta

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from edge_api.fleet.errors import TokenRefused

MAX_LIFE = timedelta(seconds=60)
SLACK = timedelta(seconds=5)


class KioskClaims(msgspec.Struct, frozen=True):
    """What a token says: who (``iss``), for whom (``aud``), from when to when, and its own name."""

    iss: str
    aud: str
    iat: int
    exp: int
    jti: str

    @property
    def expires_at(self) -> datetime:
        return datetime.fromtimestamp(self.exp, UTC)


def issuer_of(token: str) -> str:
    """Return who a token says it is from, before anything about it was checked.

    Raises:
        TokenRefused: it is no token.
    """
    try:
        payload = token.split(".")[1]
        padded = payload + "=" * (-len(payload) % 4)
        return msgspec.json.decode(base64.urlsafe_b64decode(padded), type=KioskClaims).iss
    except (IndexError, ValueError, msgspec.MsgspecError):
        raise TokenRefused("not a kiosk's token") from None


def verify(token: str, public_key: str, audience: str, now: datetime) -> KioskClaims:
    """Check signature, audience and times; whether it was used before is for the caller to see.

    Raises:
        TokenRefused: something of it does not hold.
    """
    try:
        decoded = jwt.decode(token, ECKey.import_key(public_key), algorithms=["ES256"])
        claims = msgspec.convert(decoded.claims, KioskClaims)
        issued = datetime.fromtimestamp(claims.iat, UTC)
        expires = claims.expires_at
    except (JoseError, ValueError, OverflowError, OSError, msgspec.MsgspecError):
        raise TokenRefused("the token's signature or form does not hold") from None
    if claims.aud != audience or not claims.jti or len(claims.jti) > 64:
        raise TokenRefused("the token is for another site")
    if expires - issued > MAX_LIFE or issued > now + SLACK or expires < now:
        raise TokenRefused("the token's time does not hold")
    return claims

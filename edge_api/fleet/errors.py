"""Why a kiosk is not let in."""

from contracts.errors import ProblemType
from edge_api.errors import EdgeError, NotFound, Refused


class UnknownKiosk(NotFound):
    """There is no such kiosk."""


class ClaimRefused(Refused):
    """The claim's token is unknown, used or expired, or the signing request is not acceptable."""

    kind = ProblemType.CLAIM_REFUSED
    status = 403
    title = "The enrolment claim is not accepted"


class TokenRefused(EdgeError):
    """A kiosk's token does not hold: another key's, expired, from the future, or used before."""

    kind = ProblemType.TOKEN_REFUSED
    status = 401
    title = "The kiosk's token is not accepted"


class KioskRevoked(Refused):
    """The kiosk was revoked and is to wipe its data."""

    kind = ProblemType.KIOSK_REVOKED
    status = 403
    title = "This kiosk was revoked"

"""What a request itself can have wrong, whatever it asks for."""

from contracts.errors import ProblemType
from edge_api.errors import EdgeError, InvalidValue, Reason


class NotReadable(EdgeError):
    """The body is no JSON at all."""

    kind = ProblemType.INVALID_REQUEST
    status = 400
    title = "The body cannot be read"


class WrongMediaType(EdgeError):
    """The body is not said to be JSON."""

    kind = ProblemType.INVALID_REQUEST
    status = 415
    title = "The body must be application/json"


class KeyMissing(EdgeError):
    """This request would be dangerous to repeat without an Idempotency-Key."""

    kind = Reason.IDEMPOTENCY_KEY_MISSING
    status = 400
    title = "This request needs an Idempotency-Key"


class KeyMismatch(InvalidValue):
    """The key was used for another request before."""

    kind = ProblemType.IDEMPOTENCY_MISMATCH
    title = "The Idempotency-Key was used for another request"


class KeyInFlight(EdgeError):
    """The request with this key is still being answered."""

    kind = ProblemType.IDEMPOTENCY_IN_FLIGHT
    status = 409
    title = "The request with this Idempotency-Key is being answered"

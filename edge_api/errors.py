"""What can go wrong in the edge service, under one root, and how each is told over HTTP (RFC 9457)."""

from enum import StrEnum
from typing import ClassVar

from contracts.errors import Problem, ProblemType


class Reason(StrEnum):
    """Problem types of the REST API alone, beside the ones that kiosks know from the contracts."""

    IDEMPOTENCY_KEY_MISSING = "idempotency-key-missing"
    CARD_REVOKED = "card-revoked"
    CARD_ALREADY_LINKED = "card-already-linked"
    NAME_TAKEN = "name-taken"
    EMAIL_TAKEN = "email-taken"
    NOT_ENOUGH_POINTS = "not-enough-points"
    REWARD_NOT_USABLE = "reward-not-usable"


class EdgeError(Exception):
    """Root of the edge's errors; its text is for the person who asked, and names no secret."""

    kind: ClassVar[ProblemType | Reason] = ProblemType.INTERNAL
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong here"


class BadConfiguration(EdgeError, ValueError):
    """A configuration value is missing or wrong; the message names the key and what it takes."""


class InvalidValue(EdgeError, ValueError):
    """A value cannot be taken; the message names it and what it takes."""

    kind = ProblemType.INVALID_REQUEST
    status = 422
    title = "A value cannot be taken"


class NotSignedIn(EdgeError):
    """Nobody is signed in, or the token is missing, wrong or withdrawn."""

    kind = ProblemType.NOT_SIGNED_IN
    status = 401
    title = "Sign in first"


class Forbidden(EdgeError):
    """The role does not allow it."""

    kind = ProblemType.FORBIDDEN
    status = 403
    title = "Your role does not allow this"


class NotFound(EdgeError, LookupError):
    """There is no such thing."""

    kind = ProblemType.NOT_FOUND
    status = 404
    title = "Not found"


class Conflict(EdgeError):
    """What is there already stands in the way."""

    kind: ClassVar[ProblemType | Reason] = ProblemType.CONFLICT
    status = 409
    title = "This conflicts with what is there"


class NameTaken(Conflict):
    """Another of the same kind has this name already."""

    kind = Reason.NAME_TAKEN
    title = "The name is taken"


class EmailTaken(Conflict):
    """Somebody else has this e-mail address already."""

    kind = Reason.EMAIL_TAKEN
    title = "The e-mail address is taken"


class Refused(EdgeError):
    """A rule of the shop forbids it."""

    kind: ClassVar[ProblemType | Reason] = ProblemType.CONFLICT
    status = 409
    title = "This is not possible"


def problem_of(error: EdgeError) -> Problem:
    """Tell an error as an RFC 9457 problem; the words of one that is our own fault stay here."""
    kind = type(error)
    return Problem(
        type=f"urn:welkom:problem:{kind.kind}",
        title=kind.title,
        status=kind.status,
        detail=str(error) if kind.status < 500 else "",
    )

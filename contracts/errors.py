"""Why something on the wire could not be taken, and how HTTP errors are told (RFC 9457)."""

from enum import StrEnum

import msgspec


class ContractError(Exception):
    """Root of everything that this package refuses."""


class InvalidCardCode(ContractError, ValueError):
    """The text is meant as one of our card codes but is none."""


class SealBroken(ContractError, ValueError):
    """A sealed row does not open with these keys: another card's, another site's, or tampered with."""


class InvalidMessage(ContractError, ValueError):
    """A message's bytes do not follow its contract."""


class InvalidClaim(ContractError, ValueError):
    """The text is no enrolment claim."""


class InvalidTopic(ContractError, ValueError):
    """A topic that is none of ours."""


class ProblemType(StrEnum):
    """One type per reason; a client decides by this, never by the words."""

    INVALID_REQUEST = "invalid-request"
    NOT_SIGNED_IN = "not-signed-in"
    TOKEN_REFUSED = "token-refused"  # noqa: S105 (a reason, not a secret)
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not-found"
    CONFLICT = "conflict"
    IDEMPOTENCY_MISMATCH = "idempotency-mismatch"
    IDEMPOTENCY_IN_FLIGHT = "idempotency-in-flight"
    CLAIM_REFUSED = "claim-refused"
    KIOSK_REVOKED = "kiosk-revoked"
    EPOCH_CHANGED = "epoch-changed"
    TOO_MANY_REQUESTS = "too-many-requests"
    INTERNAL = "internal-error"


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of an error answer, ``application/problem+json``.

    ``type`` is ``urn:welkom:problem:`` and a :class:`ProblemType`. ``edge_time`` (seconds since 1970)
    comes with a refused token, so that a kiosk whose clock is wrong can make one that holds.
    """

    type: str
    title: str
    status: int
    detail: str = ""
    edge_time: float | None = None
    errors: tuple[str, ...] = ()

    @classmethod
    def of(cls, kind: ProblemType, title: str, status: int, detail: str = "") -> "Problem":
        return cls(type=f"urn:welkom:problem:{kind}", title=title, status=status, detail=detail)

    @property
    def kind(self) -> str:
        """The part of the type that names the reason."""
        return self.type.rpartition(":")[2]

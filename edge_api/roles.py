"""What people and programs may do here. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What somebody may do; each role may also do what those below it may."""

    OWNER = "owner"
    MANAGER = "manager"
    STAFF = "staff"


_RANK = {Role.STAFF: 1, Role.MANAGER: 2, Role.OWNER: 3}


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who comes with an API token, and what they may do."""

    token_id: int
    user_id: int
    role: Role

    @property
    def actor(self) -> str:
        """How the audit trail names them."""
        return f"token:{self.token_id}"


def allows(role: Role, needed: Role) -> bool:
    """Tell whether ``role`` may do what ``needed`` may: owners all, managers what staff may too."""
    return _RANK[role] >= _RANK[needed]

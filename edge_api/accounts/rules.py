"""What a role allows, and which passwords are taken. Pure."""

from edge_api.accounts.models import Role

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200

_RANK = {Role.STAFF: 1, Role.MANAGER: 2, Role.OWNER: 3}


def allows(role: Role, needed: Role) -> bool:
    """Tell whether ``role`` may do what ``needed`` may: owners all, managers what staff may too."""
    return _RANK[role] >= _RANK[needed]


def password_fault(password: str, email: str) -> str | None:
    """Say what is wrong with a new password, or nothing."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        return f"password: takes {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters"
    if password.casefold() in {email.casefold(), email.partition("@")[0].casefold()}:
        return "password: takes anything but the e-mail address"
    if len(set(password)) < 4:
        return "password: takes at least 4 different characters"
    return None

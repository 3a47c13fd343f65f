"""Which passwords are taken. Pure."""

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200


def password_fault(password: str, email: str) -> str | None:
    """Say what is wrong with a new password, or nothing."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        return f"password: takes {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters"
    if password.casefold() in {email.casefold(), email.partition("@")[0].casefold()}:
        return "password: takes anything but the e-mail address"
    if len(set(password)) < 4:
        return "password: takes at least 4 different characters"
    return None

"""Passwords as argon2id hashes; checking one costs the same whether the user exists or not."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher()


def hashed(password: str) -> str:
    """Return the hash to keep."""
    return _HASHER.hash(password)


def matches(password: str, kept: str | None) -> bool:
    """Tell whether it is the password; without a kept hash do the same work and say no."""
    try:
        return _HASHER.verify(kept or _nobodys(), password) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    return hashed("the password of nobody")

"""Reading what people type: names, e-mail addresses, phone numbers, and what to search by."""

import re
import unicodedata

from email_validator import EmailNotValidError, validate_email

from edge_api.errors import InvalidValue

_LONGEST_PHONE = 30
_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{4,28}[0-9]")


def name(text: str, what: str, *, longest: int = 200) -> str:
    """Return a name without blanks around it.

    Raises:
        InvalidValue: it is empty, too long, or has control characters; ``what`` says which name.
    """
    tidy = optional_name(text, what, longest=longest)
    if not tidy:
        raise InvalidValue(f"{what}: takes 1 to {longest} characters")
    return tidy


def optional_name(text: str, what: str, *, longest: int = 200) -> str:
    """Return a name that may be empty; else as :func:`name`."""
    tidy = unicodedata.normalize("NFC", text).strip()
    if len(tidy) > longest or any(unicodedata.category(char) in {"Cc", "Cs"} for char in tidy):
        raise InvalidValue(f"{what}: takes at most {longest} characters, on one line")
    return tidy


def email(text: str) -> str:
    """Return an e-mail address as it is kept and compared: in lower case throughout.

    Raises:
        InvalidValue: it is none.
    """
    try:
        return validate_email(text.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise InvalidValue(f"email: {error}") from None


def phone(text: str) -> str:
    """Return a phone number with single blanks.

    Raises:
        InvalidValue: it does not look like one.
    """
    tidy = " ".join(text.split())
    if len(tidy) > _LONGEST_PHONE or not _PHONE.fullmatch(tidy):
        raise InvalidValue("phone: takes 6 to 30 digits, with blanks, brackets or hyphens")
    return tidy


def folded(text: str) -> str:
    """Return the text for searching: no case, no accents, nothing invisible, single blanks.

    >>> folded("Zoë  STRAẞE")
    'zoe strasse'
    """
    plain = " ".join(unicodedata.normalize("NFKD", text.casefold()).split())
    return "".join(char for char in plain if char.isprintable() and not unicodedata.combining(char))

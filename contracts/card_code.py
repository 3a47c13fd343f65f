"""What a card shows: 128 random bits as a QR payload, a UUID, and a short printed ID.

The payload is all upper case so that a QR code stores it in alphanumeric mode, which makes it 29
modules a side at level M instead of 37: larger modules, read from further away.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from stdnum import damm

from contracts.errors import InvalidCardCode

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: no I, L, O or U."""

TEXT_LENGTH = 26
MAX_PAYLOAD = 200
"""Nothing longer is looked at: a payload is some 55 characters."""

_VALUES = {char: value for value, char in enumerate(ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_PRINTED_DIGITS = 9


@dataclass(frozen=True, slots=True)
class CardCode:
    """A card's 128 bits. Whoever has them has the card, so they stay out of ``repr`` and logs."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != 16:
            raise InvalidCardCode("a card code has 16 bytes")

    @classmethod
    def random(cls) -> "CardCode":
        return cls(secrets.token_bytes(16))

    @property
    def uuid(self) -> UUID:
        """The same bits as the back office shows them."""
        return UUID(bytes=self.secret)

    @property
    def text(self) -> str:
        """26 characters of Crockford's base32, the first at most 7."""
        number = int.from_bytes(self.secret)
        return "".join(ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


@dataclass(frozen=True, slots=True)
class ForeignCode:
    """A text that has nothing to do with us: another host, a Wi-Fi code, a page of a book."""

    length: int


def payload(code: CardCode, public_url: str) -> str:
    """Return what the card's QR code holds: the card's page under ``public_url``, in upper case."""
    return f"{public_url.rstrip('/')}/C/{code.text}".upper()


def parse(text: str, hosts: Iterable[str]) -> CardCode | ForeignCode:
    """Tell whether ``text`` (a QR code's, or typed) is a card of ours.

    ``hosts`` are the card pages' hosts with their port where it is not the scheme's own, in any case:
    ``("kaart.example.nl", "127.0.0.1:8000")``. The bare code and the UUID form are taken too.

    Raises:
        InvalidCardCode: the text has our host's form, but what stands in the code's place is none.
    """
    if len(text) > MAX_PAYLOAD or not text.isascii():
        return ForeignCode(len(text))
    upper = text.strip().upper()
    scheme, separator, rest = upper.partition("://")
    if separator:
        host, _, path = rest.partition("/")
        ours = scheme in {"HTTP", "HTTPS"} and host in {each.upper() for each in hosts}
        if not ours or not path.startswith("C/"):
            return ForeignCode(len(text))
        return _from_text(path[2:].rstrip("/"))
    try:
        return from_typed(upper)
    except InvalidCardCode:
        return ForeignCode(len(text))


def from_typed(text: str) -> CardCode:
    """Read a bare code (any case, O for 0, I and L for 1) or a UUID, as a person types it.

    Raises:
        InvalidCardCode: it is neither.
    """
    if len(text) == 36 and text.count("-") == 4:
        try:
            return CardCode(UUID(text).bytes)
        except ValueError:
            raise InvalidCardCode("not a UUID") from None
    return _from_text(text)


def _from_text(text: str) -> CardCode:
    if len(text) != TEXT_LENGTH:
        raise InvalidCardCode(f"a card code has {TEXT_LENGTH} characters")
    number = 0
    for char in text.upper():
        value = _VALUES.get(char)
        if value is None:
            raise InvalidCardCode("a card code has digits and letters other than U only")
        number = number << 5 | value
    if number >> 128:
        raise InvalidCardCode("a card code begins with a digit from 0 to 7")
    return CardCode(number.to_bytes(16))


def printed_id(number: int) -> str:
    """Return the short ID printed on a card: its running number, and a check digit (Damm).

    >>> printed_id(1042)
    '000 001 0429'
    """
    if not 0 < number < 10**_PRINTED_DIGITS:
        raise ValueError("a card's number has 1 to 9 digits")
    digits = f"{number:0{_PRINTED_DIGITS}d}"
    digits += damm.calc_check_digit(digits)
    return f"{digits[:3]} {digits[3:6]} {digits[6:]}"


def parse_printed_id(text: str) -> int:
    """Return the card's number from its printed ID, blanks and hyphens left out.

    Raises:
        InvalidCardCode: the check digit does not fit; one wrong or two swapped digits are always seen.
    """
    digits = text.replace(" ", "").replace("-", "")
    if len(digits) != _PRINTED_DIGITS + 1 or not digits.isascii() or not digits.isdigit():
        raise InvalidCardCode(f"a printed ID has {_PRINTED_DIGITS + 1} digits")
    if not damm.is_valid(digits):
        raise InvalidCardCode("the printed ID's check digit does not fit")
    return int(digits[:-1])

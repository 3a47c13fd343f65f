"""What was typed into a form, and what is wrong with it: the services judge, the form shows it."""

import uuid
from collections.abc import Mapping
from enum import StrEnum
from types import TracebackType
from typing import TypeVar

from edge_api.errors import EdgeError, EmailTaken, InvalidValue, NameTaken
from edge_api.loyalty.errors import NotEnoughPoints

MOST_DIGITS = 12

_ABOUT = {NameTaken: "name", EmailTaken: "email", NotEnoughPoints: "points"}
"""Refusals that are about one field, whatever their words."""

E = TypeVar("E", bound=StrEnum)


class Form:
    """A form's values as text. Used as ``with form:``, it keeps a refusal for the page to show.

    A refusal such as ``email: takes …`` belongs to the field of that name if the form has one, any other
    to the form as a whole. What is our own fault passes through.
    """

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self.values = dict(values or {})
        self.errors: dict[str, str] = {}
        self.problem = ""
        self.status = 200

    def __enter__(self) -> "Form":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, EdgeError) or error.status >= 500 or error.status in {401, 403, 404}:
            return False
        field = _ABOUT.get(type(error))
        self.refuse(f"{field}: {error}" if field in self.values else str(error), error.status)
        return True

    def refuse(self, message: str, status: int = 422) -> None:
        """Note what cannot be taken."""
        self.status = status
        field, separator, rest = message.partition(": ")
        if separator and field in self.values:
            self.errors[field] = _sentence(rest)
        else:
            self.problem = _sentence(message)

    def text(self, name: str) -> str:
        """Return what was typed, without blanks around it."""
        return self.values.get(name, "").strip()

    def number(self, name: str) -> int:
        """Return a whole number.

        Raises:
            InvalidValue: it is none.
        """
        typed = self.text(name).replace("−", "-").replace(" ", "")
        if len(typed) > MOST_DIGITS or not typed.lstrip("+-").isdecimal():
            raise InvalidValue(f"{name}: takes a whole number")
        try:
            return int(typed)
        except ValueError:
            raise InvalidValue(f"{name}: takes a whole number") from None

    def choice(self, name: str, kind: type[E]) -> E:
        """Return the member that was chosen.

        Raises:
            InvalidValue: it is none of them.
        """
        try:
            return kind(self.text(name))
        except ValueError:
            raise InvalidValue(f"{name}: takes one of {', '.join(kind)}") from None

    def uuid(self, name: str) -> uuid.UUID:
        """Return a UUID.

        Raises:
            InvalidValue: it is none.
        """
        try:
            return uuid.UUID(self.text(name))
        except ValueError:
            raise InvalidValue(f"{name}: takes a UUID") from None


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}".rstrip(".") + "."

"""Reading what a request carries, strictly: no unknown names, no numbers in quotes. Pure."""

import re
from collections.abc import Sequence
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from edge_api.errors import InvalidValue
from edge_api.rest.errors import NotReadable, WrongMediaType

LARGEST_NUMBER = 2**31 - 1
JSON = "application/json"

Reference = Annotated[int, Meta(ge=1, le=LARGEST_NUMBER)]
"""The id of something."""

Name = Annotated[str, Meta(min_length=1, max_length=100)]

T = TypeVar("T")

_WHERE = re.compile(r" - at `(?:key in )?\$\.?(?P<path>[^`]*)`$")


class PageQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which part of a list: what follows ``after`` (the ``next`` of the page before), at most ``limit``."""

    after: Annotated[int, Meta(ge=0, le=LARGEST_NUMBER)] = 0
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


def read_body(body: bytes, media_type: str, kind: type[T]) -> T:
    """Read a JSON body.

    Raises:
        WrongMediaType: it is not said to be JSON.
        NotReadable: it is no JSON.
        InvalidValue: it is not of this kind; the text says where.
    """
    if media_type != JSON:
        raise WrongMediaType(f"it is {media_type}" if media_type else "it is not said what it is")
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise InvalidValue(_explained(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotReadable(str(error)) from None


def read_query(pairs: Sequence[tuple[str, str]], kind: type[T]) -> T:
    """Read the query's names and values.

    Raises:
        InvalidValue: a name is unknown or there twice, or a value is wrong; the text names it.
    """
    values = dict(pairs)
    if len(values) < len(pairs):
        raise InvalidValue("query: takes each name once")
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidValue(_explained(error)) from None


def _explained(error: msgspec.ValidationError) -> str:
    text = str(error)
    where = _WHERE.search(text)
    if where is None or not where["path"]:
        return _WHERE.sub("", text)
    return f"{where['path']}: {text[: where.start()]}"

"""The OpenAPI 3.1 document, made by SpecTree from the operations themselves."""

from http import HTTPStatus
from importlib.metadata import version
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from spectree import Response, SecurityScheme, SpecTree
from spectree.config import ModeEnum
from spectree.model_adapter import get_msgspec_model_adapter
from spectree.models import SecureType, SecuritySchemeData

from contracts.errors import Problem

IDEMPOTENCY_KEY = "Idempotency-Key"
PROBLEM_TYPE = "application/problem+json"

_SCHEME = "api_token"
_ALWAYS = (400, 401, 403, 404, 422)
_WRITING = (409, 413, 415)

Key = Annotated[str, Meta(min_length=1, max_length=255, pattern="^[!-~]+$")]


class IdempotencyHeaders(Struct, frozen=True):
    """What a write may carry, so that repeating it does nothing more."""

    key: Key | UnsetType = msgspec.field(name=IDEMPOTENCY_KEY, default=UNSET)


class NeededIdempotencyHeaders(Struct, frozen=True):
    """What a write must carry that would be wrong to do twice."""

    key: Key = msgspec.field(name=IDEMPOTENCY_KEY)


def new_document() -> SpecTree:
    """Make the document that operations enter themselves in."""
    return SpecTree(
        "flask",
        model_adapter=get_msgspec_model_adapter(),
        mode=ModeEnum.strict,
        # Not where it is served: SpecTree leaves out every route below its own path.
        path="spectree",
        page_templates={},
        title="Welkom",
        version=version("welkom"),
        openapi_version="3.1.0",
        annotations=False,
        naming_strategy=_named,
        nested_naming_strategy=lambda _, name: name,
        security_schemes=[
            SecurityScheme(name=_SCHEME, data=SecuritySchemeData(type=SecureType.HTTP, scheme="bearer"))
        ],
        security={_SCHEME: []},
    )


def responses(status: int, answer: type[Struct], *, writes: bool) -> Response:
    """Return how an operation may answer: as asked, or with a problem."""
    problems = (*_ALWAYS, *(_WRITING if writes else ()))
    models: dict[str, Any] = {f"HTTP_{code}": Problem for code in problems}
    return Response(**{f"HTTP_{status}": answer}, **models)


def finished(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with problems under their own media type, which SpecTree cannot say."""
    for path in document["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                _as_problem(int(status), response)
    return document


def _as_problem(status: int, response: dict[str, Any]) -> None:
    if status >= HTTPStatus.BAD_REQUEST and "application/json" in response.get("content", {}):
        response["content"] = {PROBLEM_TYPE: response["content"]["application/json"]}


def _named(model: type) -> str:
    return model.__name__

"""The parts that requests work with, errors told as RFC 9457 problems, and how a REST operation is made."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, get_type_hints

import msgspec
from flask import Blueprint, Flask, Response, current_app, request
from msgspec import Struct
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException

from contracts.errors import Problem, ProblemType
from edge_api.audit import By, Origin
from edge_api.clock import Clock
from edge_api.config import Config
from edge_api.db import Database
from edge_api.errors import EdgeError, Forbidden, InvalidValue, NotSignedIn, problem_of
from edge_api.rest import answers
from edge_api.rest.answers import Answer, Asked
from edge_api.rest.documents import (
    IDEMPOTENCY_KEY,
    PROBLEM_TYPE,
    IdempotencyHeaders,
    NeededIdempotencyHeaders,
    finished,
    new_document,
    responses,
)
from edge_api.rest.errors import KeyMissing
from edge_api.rest.reading import JSON, read_body, read_query
from edge_api.roles import Bearer, Role, allows

PREFIX = "/api/v1"
REPLAYED = "Idempotency-Replayed"

_EXTENSION = "welkom"
_EVERY_PATH = "WELKOM_PROBLEMS_EVERYWHERE"
_KINDS = {
    401: ProblemType.NOT_SIGNED_IN,
    403: ProblemType.FORBIDDEN,
    404: ProblemType.NOT_FOUND,
    429: ProblemType.TOO_MANY_REQUESTS,
}
_DOCUMENT = new_document()

Handler = TypeVar("Handler", bound=Callable[..., Struct])


@dataclass(frozen=True, slots=True)
class Edge:
    """What a request works with."""

    config: Config
    database: Database
    clock: Clock
    bearer_of: Callable[[Session, str], Bearer | None]


@dataclass(frozen=True, slots=True)
class Call:
    """What an operation's handler is given first: its transaction, and who asks."""

    session: Session
    by: By
    edge: Edge


@dataclass(frozen=True, slots=True)
class Operation:
    """A handler and how it is called. ``body`` and ``query`` are the types of its parameters so named."""

    handler: Callable[..., Struct]
    needs: Role
    status: int
    writes: bool
    needs_key: bool
    body: type[Struct] | None
    query: type[Struct] | None

    def __call__(self, **path: Any) -> Response:
        parts = edge()
        bearer = _admitted(parts, self.needs)
        given = {**path, **self._read()}
        if self.writes:
            return _answer_once(self, parts, bearer, given)
        with parts.database.reading() as session:
            return _response(self.run(session, parts, bearer, given))

    def run(self, session: Session, parts: Edge, bearer: Bearer, given: Mapping[str, Any]) -> Answer:
        """Have the handler do it, in the session's transaction."""
        by = By(bearer.actor, Origin.API, parts.clock.now())
        answer = self.handler(Call(session, by, parts), **given)
        return Answer(self.status, JSON, msgspec.json.encode(answer))

    def _read(self) -> dict[str, Struct]:
        given: dict[str, Struct] = {}
        if self.query is not None:
            given["query"] = read_query(list(request.args.items(multi=True)), self.query)
        if self.body is not None:
            given["body"] = read_body(request.get_data(), request.mimetype, self.body)
        return given


class Operations:
    """A domain's operations under ``/api/v1``; its ``blueprint`` goes into the app."""

    def __init__(self, domain: str) -> None:
        self.blueprint = Blueprint(f"rest_{domain}", __name__, url_prefix=PREFIX)
        self._domain = domain

    def get(self, path: str, needs: Role) -> Callable[[Handler], Handler]:
        """Make the handler answer GET, in a session that only reads."""
        return self._operation("GET", path, needs, status=200, needs_key=False)

    def post(
        self, path: str, needs: Role, *, status: int = 200, needs_key: bool = False
    ) -> Callable[[Handler], Handler]:
        """Make the handler answer POST, once for each Idempotency-Key, which ``needs_key`` demands."""
        return self._operation("POST", path, needs, status=status, needs_key=needs_key)

    def patch(self, path: str, needs: Role) -> Callable[[Handler], Handler]:
        """Make the handler answer PATCH, once for each Idempotency-Key."""
        return self._operation("PATCH", path, needs, status=200, needs_key=False)

    def _operation(
        self, method: str, path: str, needs: Role, *, status: int, needs_key: bool
    ) -> Callable[[Handler], Handler]:
        def made(handler: Handler) -> Handler:
            hints = get_type_hints(handler)
            operation = Operation(
                handler,
                needs,
                status,
                writes=method != "GET",
                needs_key=needs_key,
                body=hints.get("body"),
                query=hints.get("query"),
            )
            view = self._documented(operation, hints["return"])
            self.blueprint.add_url_rule(path, handler.__name__, view, methods=[method])
            return handler

        return made

    def _documented(self, operation: Operation, answer: type[Struct]) -> Callable[..., Response]:
        def view(**path: Any) -> Response:
            return operation(**path)

        view.__name__ = operation.handler.__name__
        view.__doc__ = operation.handler.__doc__
        headers = NeededIdempotencyHeaders if operation.needs_key else IdempotencyHeaders
        documented: Callable[..., Response] = _DOCUMENT.validate(
            json=operation.body,
            query=operation.query,
            headers=headers if operation.writes else None,
            resp=responses(operation.status, answer, writes=operation.writes),
            tags=(self._domain,),
            operation_id=view.__name__,
            skip_validation=True,
        )(view)
        return documented


def install(app: Flask, edge: Edge, *, problems_everywhere: bool) -> None:
    """Give the app its parts, and have its errors told as problems: under /api/, or everywhere."""
    app.extensions[_EXTENSION] = edge
    app.config[_EVERY_PATH] = problems_everywhere
    app.register_error_handler(EdgeError, _tell_edge_error)
    app.register_error_handler(HTTPException, _tell_http_error)


def document() -> Response:
    """Answer with the OpenAPI document."""
    return Response(msgspec.json.encode(finished(_DOCUMENT.spec)), mimetype=JSON)


def edge() -> Edge:
    """Return the parts of the app that answers the present request."""
    parts: Edge = current_app.extensions[_EXTENSION]
    return parts


def wants_problem() -> bool:
    """Tell whether the present request's errors are told as problems: a program asks, not a person."""
    return bool(current_app.config[_EVERY_PATH]) or request.path.startswith("/api/")


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with a problem."""
    return Response(msgspec.json.encode(problem), problem.status, headers, content_type=PROBLEM_TYPE)


def _admitted(parts: Edge, needs: Role) -> Bearer:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotSignedIn("send an API token: Authorization: Bearer …")
    with parts.database.reading() as session:
        bearer = parts.bearer_of(session, token.strip())
    if bearer is None:
        raise NotSignedIn("the API token is unknown or withdrawn")
    if not allows(bearer.role, needs):
        raise Forbidden(f"this takes the role {needs}")
    return bearer


def _answer_once(operation: Operation, parts: Edge, bearer: Bearer, given: Mapping[str, Any]) -> Response:
    def work(session: Session) -> Answer:
        return operation.run(session, parts, bearer, given)

    asked = _asked(bearer, needs_key=operation.needs_key)
    if asked is None:
        with parts.database.transaction() as session:
            return _response(work(session))
    answer, old = answers.answer_once(parts.database, parts.clock, asked, work)
    response = _response(answer)
    if old:
        response.headers[REPLAYED] = "true"
    return response


def _asked(bearer: Bearer, *, needs_key: bool) -> Asked | None:
    key = request.headers.get(IDEMPOTENCY_KEY)
    if key is None:
        if needs_key:
            raise KeyMissing("send one that no other request of yours has, such as a UUID")
        return None
    if not 1 <= len(key) <= 255 or not all("!" <= char <= "~" for char in key):
        raise InvalidValue(f"{IDEMPOTENCY_KEY}: takes 1 to 255 visible ASCII characters")
    return Asked(
        bearer.token_id, key, answers.fingerprint(request.method, request.full_path, request.get_data())
    )


def _response(answer: Answer) -> Response:
    return Response(answer.body, answer.status, content_type=answer.content_type)


def _tell_edge_error(error: EdgeError) -> Response:
    challenge = {"WWW-Authenticate": "Bearer"} if isinstance(error, NotSignedIn) else None
    if error.status >= 500:
        current_app.log_exception(sys.exc_info())
    problem = problem_of(error)
    if error.kind is ProblemType.TOKEN_REFUSED:
        # A kiosk whose clock is wrong makes its next token by ours.
        problem = msgspec.structs.replace(problem, edge_time=edge().clock.now().timestamp())
    return problem_response(problem, challenge)


def _tell_http_error(error: HTTPException) -> Response | HTTPException:
    status = error.code
    if status is None or error.response is not None or not wants_problem():
        return error
    kind = _KINDS.get(status, ProblemType.INTERNAL if status >= 500 else ProblemType.INVALID_REQUEST)
    kept = {name: value for name, value in error.get_headers() if name in {"Allow", "Retry-After"}}
    return problem_response(Problem.of(kind, error.name, status), kept)

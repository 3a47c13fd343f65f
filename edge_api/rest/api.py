"""The parts that requests work with, and errors told as RFC 9457 problems; the ground of every HTTP route."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec
from flask import Flask, Response, current_app, request
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException

from contracts.errors import Problem, ProblemType
from edge_api.clock import Clock
from edge_api.config import Config
from edge_api.db import Database
from edge_api.errors import EdgeError, NotSignedIn, problem_of
from edge_api.roles import Bearer

PROBLEM_TYPE = "application/problem+json"
API_PREFIX = "/api/"

_EXTENSION = "welkom"
_EVERY_PATH = "WELKOM_PROBLEMS_EVERYWHERE"
_KINDS = {
    401: ProblemType.NOT_SIGNED_IN,
    403: ProblemType.FORBIDDEN,
    404: ProblemType.NOT_FOUND,
    429: ProblemType.TOO_MANY_REQUESTS,
}


@dataclass(frozen=True, slots=True)
class Edge:
    """What a request works with."""

    config: Config
    database: Database
    clock: Clock
    bearer_of: Callable[[Session, str], Bearer | None]


def install(app: Flask, edge: Edge, *, problems_everywhere: bool) -> None:
    """Give the app its parts, and have its errors told as problems: under /api/, or everywhere."""
    app.extensions[_EXTENSION] = edge
    app.config[_EVERY_PATH] = problems_everywhere
    app.register_error_handler(EdgeError, _tell_edge_error)
    app.register_error_handler(HTTPException, _tell_http_error)


def edge() -> Edge:
    """Return the parts of the app that answers the present request."""
    parts: Edge = current_app.extensions[_EXTENSION]
    return parts


def wants_problem() -> bool:
    """Tell whether the present request's errors are told as problems: a program asks, not a person."""
    return bool(current_app.config[_EVERY_PATH]) or request.path.startswith(API_PREFIX)


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with a problem."""
    return Response(msgspec.json.encode(problem), problem.status, headers, content_type=PROBLEM_TYPE)


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

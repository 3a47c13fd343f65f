"""The web application: one factory, two surfaces that share nothing but the parts they are given."""

import logging
import time
from enum import StrEnum
from types import TracebackType

from flask import Flask, Response, g, request

from edge_api import backoffice
from edge_api.accounts import api as accounts
from edge_api.accounts.tokens import bearer_of
from edge_api.cards import api as cards
from edge_api.cards.landing import landing_page
from edge_api.clock import Clock
from edge_api.config import Config, Language
from edge_api.customers import api as customers
from edge_api.db import Database
from edge_api.fleet.api import enrolment_routes
from edge_api.loyalty import api as loyalty
from edge_api.redaction import redacted
from edge_api.rest import api as rest
from edge_api.sync.api import kiosk_routes

LARGEST_BODY = 1024 * 1024

_SECURITY_HEADERS = {
    # A card's address is the key to its row, so no page tells another site where somebody came from.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}

_log = logging.getLogger(__name__)
_access = logging.getLogger("edge_api.access")


class Surface(StrEnum):
    """Who the routes are for: people and POS systems, or kiosks alone."""

    BACK_OFFICE = "back_office"
    KIOSKS = "kiosks"


class EdgeApp(Flask):
    """Flask, except that a failed request's log line holds no card's address."""

    def log_exception(
        self,
        exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None],
        ctx: object = None,
    ) -> None:
        _log.error("failed: %s %s", request.method, redacted(request.path), exc_info=exc_info)


def create_app(config: Config, database: Database, clock: Clock, surface: Surface) -> Flask:
    """Make the application that answers for ``surface``."""
    app = EdgeApp("edge_api", static_folder=None, template_folder=None)
    app.config.update(
        SECRET_KEY=config.secrets.flask_secret_key,
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        SESSION_COOKIE_NAME="welkom",
        SESSION_COOKIE_SECURE=config.public_url.lower().startswith("https:"),
        SESSION_COOKIE_SAMESITE="Lax",
    )
    parts = rest.Edge(config, database, clock, bearer_of)
    rest.install(app, parts, problems_everywhere=surface is Surface.KIOSKS)
    app.before_request(_timed)
    app.after_request(_secured)
    app.after_request(_logged)
    app.add_url_rule("/healthz", "healthz", _healthz)
    _REGISTER[surface](app, parts)
    return app


def _register_back_office(app: Flask, parts: rest.Edge) -> None:
    for rule in ("/C/<path:code>", "/c/<path:code>"):
        app.add_url_rule(rule, "card_page", _card_page)
    for domain in (accounts, customers, cards, loyalty):
        app.register_blueprint(domain.OPERATIONS.blueprint)
    app.add_url_rule(f"{rest.PREFIX}/openapi.json", "openapi", rest.document)
    backoffice.register(app)


def _register_kiosks(app: Flask, parts: rest.Edge) -> None:
    for routes in (enrolment_routes, kiosk_routes):
        app.register_blueprint(routes(parts.config, parts.database, parts.clock))


_REGISTER = {Surface.BACK_OFFICE: _register_back_office, Surface.KIOSKS: _register_kiosks}


def _healthz() -> Response:
    return Response("ok\n", mimetype="text/plain")


def _card_page(code: str) -> Response:
    config = rest.edge().config
    return Response(landing_page(config.site_name, _language(config)), mimetype="text/html")


def _language(config: Config) -> Language:
    # By hand, since Werkzeug prefers a later exact match to an earlier fr-BE for fr.
    wanted = (tag.partition("-")[0].lower() for tag in request.accept_languages.values())
    return next((Language(tag) for tag in wanted if tag in config.languages), config.default_language)


def _secured(response: Response) -> Response:
    for name, value in _SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _timed() -> None:
    g.began = time.perf_counter()


def _logged(response: Response) -> Response:
    # Not the server's own access log: that one would tell cards' addresses.
    took = (time.perf_counter() - g.began) * 1000
    _access.info("%s %s %d %.0f ms", request.method, redacted(request.path), response.status_code, took)
    return response

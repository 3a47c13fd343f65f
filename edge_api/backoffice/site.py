"""Mounts the pages: Bootstrap from our own files, sign-in before everything, CSRF tokens on every form."""

import uuid
from datetime import datetime, tzinfo

from flask import Blueprint, Flask, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_bootstrap import Bootstrap5
from flask_limiter.errors import RateLimitExceeded
from flask_login import LoginManager, current_user
from flask_wtf.csrf import CSRFError, CSRFProtect
from markupsafe import Markup
from werkzeug.exceptions import NotFound as NoSuchPage

from contracts.errors import Problem, ProblemType
from edge_api.backoffice import (
    batches,
    cards,
    customers,
    desk,
    earnings,
    kiosks,
    live,
    messages,
    overview,
    signing_in,
    words,
)
from edge_api.backoffice.access import (
    end_session,
    is_signed_in,
    load_user,
    note_presence,
    this_page,
    was_idle,
)
from edge_api.errors import EdgeError, NotSignedIn
from edge_api.rest.api import problem_response, wants_problem

_OPEN = {
    "backoffice.static",
    "backoffice.signing_in.sign_in",
    "backoffice.signing_in.try_to_sign_in",
}
_POLLED = {"backoffice.live.scans"}
"""What a page asks for by itself: nobody need be there, so it does not keep anybody signed in."""

_PARTS = (overview, live, customers, earnings, batches, cards, kiosks, messages, signing_in)

_csrf = CSRFProtect()


def register(app: Flask) -> None:
    """Mount the back office; the application has its parts (:func:`edge_api.rest.api.install`)."""
    app.config.update(
        BOOTSTRAP_SERVE_LOCAL=True,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        # Only our own forms are checked: programs come with tokens, not with a browser's cookie.
        WTF_CSRF_CHECK_DEFAULT=False,
        # A token holds as long as its session, and pages send no referrer that could be compared.
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
    )
    app.static_url_path = "/static"
    Bootstrap5(app)
    _csrf.init_app(app)
    signing_in.LIMITER.init_app(app)
    _login_manager(app)
    app.register_blueprint(_pages())
    app.register_error_handler(NoSuchPage, _no_such_page)


def _pages() -> Blueprint:
    pages = Blueprint(
        "backoffice",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/static/backoffice",
    )
    for part in _PARTS:
        pages.register_blueprint(part.routes)
    pages.before_request(_let_in)
    pages.register_error_handler(EdgeError, _tell_error)
    pages.register_error_handler(CSRFError, _tell_stale_form)
    pages.register_error_handler(RateLimitExceeded, signing_in.too_many)
    pages.context_processor(_in_every_template)
    return pages


def _login_manager(app: Flask) -> None:
    manager = LoginManager(app)
    manager.session_protection = "strong"
    manager.user_loader(load_user)


def _let_in() -> ResponseReturnValue | None:
    """Let a request through to its page, or send whoever asks to sign in first."""
    if request.endpoint == "backoffice.static":
        return None
    if request.endpoint not in _OPEN and not is_signed_in():
        return _sign_in_first()
    _csrf.protect()
    if request.endpoint not in _OPEN | _POLLED:
        note_presence()
    return None


def _sign_in_first() -> ResponseReturnValue:
    if request.endpoint in _POLLED:
        return jsonify(error="sign in first"), 401
    if was_idle():
        end_session()
        flash("You were signed out because nobody was here for an hour.", "notice")
    wanted = this_page() if request.method == "GET" and request.path != "/" else None
    return redirect(url_for("backoffice.signing_in.sign_in", next=wanted), 303)


def _tell_error(error: EdgeError) -> ResponseReturnValue:
    if isinstance(error, NotSignedIn):
        return _sign_in_first()
    if error.status >= 500:
        raise error
    return _message(type(error).title, str(error), error.status)


def _tell_stale_form(error: CSRFError) -> ResponseReturnValue:
    return _message("This page was open for too long", "Go back, load the page anew and try again.", 400)


def _no_such_page(error: NoSuchPage) -> ResponseReturnValue:
    if wants_problem():
        return problem_response(Problem.of(ProblemType.NOT_FOUND, error.name, 404))
    return _message("There is no such page", "The address may be mistyped, or the page is gone.", 404)


def _message(title: str, text: str, status: int) -> ResponseReturnValue:
    text = text[:1].upper() + text[1:]
    return render_template("backoffice/message.html", title=title, text=text, **_in_every_template()), status


def _in_every_template() -> dict[str, object]:
    return {
        "me": current_user,
        "site_name": desk.config().site_name,
        "zone_of": desk.zone_of,
        "fresh_uuid": uuid.uuid4,
        "said": words.said,
        "number": words.number,
        "signed": words.signed,
        "ago": _ago,
        "time": _time,
        "day": _day,
    }


def _time(at: datetime, zone: tzinfo | None = None, *, seconds: bool = False) -> Markup:
    return _marked(at, words.moment(at, zone or desk.zone_of(), desk.now(), seconds=seconds))


def _day(at: datetime) -> Markup:
    return _marked(at, words.day(at, desk.zone_of()))


def _ago(at: datetime | None) -> Markup | str:
    shown = words.ago(at, desk.now())
    return _marked(at, shown) if at is not None else shown


def _marked(at: datetime, shown: str) -> Markup:
    exact = at.astimezone(desk.zone_of()).strftime("%Y-%m-%d %H:%M:%S")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(at.isoformat(), exact, shown)

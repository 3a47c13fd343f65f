"""Signing in and out. Wrong tries are counted, and what was wrong about them is not told."""

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from edge_api import audit
from edge_api.accounts.models import User
from edge_api.accounts.services import authenticate
from edge_api.audit import By, Origin
from edge_api.backoffice import desk
from edge_api.backoffice.access import begin_session, end_session, is_signed_in, safe_next
from edge_api.backoffice.forms import Form

LIMITER = Limiter(key_func=get_remote_address, storage_uri="memory://", strategy="moving-window")
"""Counts in the memory of each process: it slows guessing down, and argon2 does the rest."""

WRONG = "The e-mail address or the password is not right."
TOO_MANY = "There were too many wrong tries. Wait a minute, then try again."

routes = Blueprint("signing_in", __name__)


def _is_wrong_try(response: Response) -> bool:
    return response.status_code == 401


def _who_and_where() -> str:
    return f"{get_remote_address()} {request.form.get('email', '').strip().lower()[:320]}"


@routes.get("/sign-in")
def sign_in() -> ResponseReturnValue:
    """Show the form, unless somebody is signed in already."""
    if is_signed_in():
        return redirect(url_for("backoffice.overview.page"))
    return _form(Form(), 200)


@routes.post("/sign-in")
@LIMITER.limit("20 per minute", deduct_when=_is_wrong_try)
@LIMITER.limit("5 per minute", key_func=_who_and_where, deduct_when=_is_wrong_try)
def try_to_sign_in() -> ResponseReturnValue:
    """Sign in, and go where one wanted to."""
    form = Form(request.form)
    user = _user_of(form.text("email"), form.values.get("password", ""))
    if user is None:
        form.refuse(WRONG)
        return _form(form, 401)
    begin_session(user)
    return redirect(safe_next(form.text("next")) or url_for("backoffice.overview.page"), 303)


@routes.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """Sign out."""
    end_session()
    flash("You are signed out.", "ok")
    return redirect(url_for("backoffice.signing_in.sign_in"), 303)


def too_many(error: Exception) -> ResponseReturnValue:
    """Ask for patience."""
    form = Form(request.form)
    form.refuse(TOO_MANY)
    answer, status = _form(form, 429)
    return answer, status, {"Retry-After": "60"}


def _user_of(email: str, password: str) -> User | None:
    with desk.database().transaction() as session:
        user = authenticate(session, email, password)
        if user is not None:
            by = By(f"user:{user.id}", Origin.BACK_OFFICE, desk.now())
            audit.record(session, by, "user.signed_in", f"user:{user.id}")
    return user


def _form(form: Form, status: int) -> tuple[str, int]:
    wanted = safe_next(form.text("next") or request.args.get("next", "")) or ""
    return render_template("backoffice/sign_in.html", form=form, next=wanted), status

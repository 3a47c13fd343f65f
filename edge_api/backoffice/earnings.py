"""What staff may give a customer or take back: points with a reason, and rewards."""

import uuid
from datetime import datetime, time, timedelta

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug import Response

from edge_api.backoffice import desk, words
from edge_api.backoffice.access import by_me
from edge_api.backoffice.customers import person_page
from edge_api.backoffice.forms import Form
from edge_api.backoffice.paging import ROW_ID
from edge_api.errors import InvalidValue
from edge_api.loyalty import services as loyalty

routes = Blueprint("earnings", __name__, url_prefix=f"/customers/<{ROW_ID}:customer_id>")


@routes.post("/points")
def adjust(customer_id: int) -> ResponseReturnValue:
    """Give or take points; a form that is sent twice is booked once."""
    form = Form(request.form)
    with form, desk.database().transaction() as session:
        points = form.number("points")
        request_id, note = form.uuid("request"), form.text("note")
        loyalty.adjust_points(session, customer_id, points, by_me(), note=note, request=request_id)
        flash(f"{words.signed(points)} points are booked.", "ok")
        return _back(customer_id)
    return person_page(customer_id, form)


@routes.post("/rewards")
def grant(customer_id: int) -> ResponseReturnValue:
    """Give a reward, to be used until the end of a day or without limit."""
    form = Form(request.form)
    with form, desk.database().transaction() as session:
        expires_at = _end_of(form.text("expires"))
        loyalty.grant_reward(session, customer_id, form.number("reward"), by_me(), expires_at=expires_at)
        flash("The reward is given.", "ok")
        return _back(customer_id)
    return person_page(customer_id, form)


@routes.post("/rewards/<uuid:reward>/withdraw")
def withdraw(customer_id: int, reward: uuid.UUID) -> ResponseReturnValue:
    """Take an unused reward back."""
    form = Form(request.form)
    with form, desk.database().transaction() as session:
        loyalty.withdraw_reward(session, reward, by_me())
        flash("The reward is taken back.", "ok")
        return _back(customer_id)
    return person_page(customer_id, form)


def _end_of(day: str) -> datetime | None:
    """Return the end of a day in the shop's zone; nothing if no day was chosen."""
    if not day:
        return None
    try:
        chosen = datetime.strptime(day, "%Y-%m-%d").date()  # noqa: DTZ007  the zone follows below
    except ValueError:
        raise InvalidValue("expires: takes a day") from None
    return datetime.combine(chosen + timedelta(days=1), time(), desk.zone_of())


def _back(customer_id: int) -> Response:
    return redirect(url_for("backoffice.customers.person", customer_id=customer_id), 303)

"""The kiosks: how they are, making new ones known, and the claim that each enrols with."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from edge_api import audit, texts
from edge_api.accounts.models import Location
from edge_api.accounts.services import get_location, locations
from edge_api.backoffice import desk, scan_lists
from edge_api.backoffice.access import by_me, needs
from edge_api.backoffice.forms import Form
from edge_api.backoffice.lists import is_online
from edge_api.backoffice.qr import qr_svg
from edge_api.db import refusing_duplicates
from edge_api.errors import NameTaken, Refused
from edge_api.fleet import services
from edge_api.fleet.models import Kiosk, KioskState
from edge_api.roles import Role

_SCANS = 10

routes = Blueprint("kiosks", __name__, url_prefix="/kiosks")


@routes.get("")
def page() -> ResponseReturnValue:
    """List the kiosks with how they are."""
    now = desk.now()
    with desk.database().reading() as session:
        found = [
            (kiosk, location, is_online(kiosk, now)) for kiosk, location in services.list_kiosks(session)
        ]
    return render_template("backoffice/kiosks.html", kiosks=found)


@routes.route("/new", methods=["GET", "POST"])
@needs(Role.OWNER)
def new() -> ResponseReturnValue:
    """Make a kiosk known."""
    form = Form(request.form)
    if request.method == "POST":
        with form, desk.database().transaction() as session:
            kiosk = _register(session, form)
            return redirect(url_for("backoffice.kiosks.kiosk", kiosk_id=kiosk.id), 303)
    with desk.database().reading() as session:
        places = locations(session)
    return render_template("backoffice/kiosk_form.html", form=form, locations=places), form.status


@routes.get("/<kiosk_id>")
def kiosk(kiosk_id: str) -> ResponseReturnValue:
    """Show a kiosk."""
    with desk.database().reading() as session:
        found = services.find_kiosk(session, kiosk_id)
        return render_template(
            "backoffice/kiosk.html",
            kiosk=found,
            online=is_online(found, desk.now()),
            location=get_location(session, found.location_id),
            scans=scan_lists.scans_of_kiosk(session, kiosk_id, _SCANS),
        )


@routes.post("/<kiosk_id>/claim")
@needs(Role.OWNER)
def claim(kiosk_id: str) -> ResponseReturnValue:
    """Make a claim and show it, this once: only its hash is kept."""
    by = by_me()
    with desk.database().transaction() as session:
        found = services.find_kiosk(session, kiosk_id)
        if found.state is KioskState.REVOKED:
            raise Refused("a revoked kiosk enrols no more; register it anew")
        made = services.make_claim(session, found, desk.config(), desk.authority(), by.at)
        audit.record(session, by, "kiosk.claim_made", f"kiosk:{kiosk_id}")
    text = made.to_text()
    code = qr_svg(text, f"Enrolment claim for {found.name}")
    expires = by.at + services.CLAIM_LIFE
    return render_template("backoffice/claim.html", kiosk=found, text=text, code=code, expires=expires)


@routes.post("/<kiosk_id>/revoke")
@needs(Role.MANAGER)
def revoke(kiosk_id: str) -> ResponseReturnValue:
    """Let the kiosk in no more."""
    with desk.database().transaction() as session:
        services.revoke_kiosk(session, services.find_kiosk(session, kiosk_id), by_me())
    flash("The kiosk is revoked: nothing that it sends is accepted any more.", "ok")
    return redirect(url_for("backoffice.kiosks.kiosk", kiosk_id=kiosk_id), 303)


def _register(session: Session, form: Form) -> Kiosk:
    name = texts.name(form.text("name"), "name", longest=100)
    location: Location = get_location(session, form.number("location"))
    with refusing_duplicates(session, NameTaken("another kiosk has this name")):
        return services.register_kiosk(session, name, location, by_me())

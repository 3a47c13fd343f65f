"""One card: its code to scan from the screen, whose it is, its life, and what may be done with it.

A card's code, its UUID and its address open its row, so none of them is ever part of an address here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug import Response

from contracts import card_code
from contracts.card_code import CardCode
from contracts.errors import InvalidCardCode
from edge_api.audit import By
from edge_api.backoffice import desk, lists, scan_lists
from edge_api.backoffice.access import by_me, needs
from edge_api.backoffice.forms import Form
from edge_api.backoffice.paging import ROW_ID
from edge_api.backoffice.qr import qr_svg
from edge_api.backoffice.scan_lists import ScanLine
from edge_api.cards import services
from edge_api.cards.batches import get_batch
from edge_api.cards.models import Card
from edge_api.cards.services import LifeStep
from edge_api.customers.services import get_customer, search
from edge_api.roles import Role

_SCANS = 30
_MATCHES = 8

Deed = Callable[[Session, int, By], Card]

routes = Blueprint("cards", __name__, url_prefix="/cards")


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened to a card: a step of its life, or a scan."""

    at: datetime
    step: LifeStep | None = None
    scan: ScanLine | None = None


@routes.post("/find")
def find() -> ResponseReturnValue:
    """Go to the card with this printed ID, UUID or code; any other text searches by customer."""
    text, batch = request.form.get("text", "").strip()[:200], request.form.get("batch", type=int)
    with desk.database().reading() as session:
        is_code, card = _looked_up(session, text)
    if card is not None:
        return redirect(_address(card.id), 303)
    if is_code:
        flash("There is no such card.", "notice")
    words = None if is_code else text or None
    if batch is not None:
        return redirect(url_for("backoffice.batches.batch", batch_id=batch, q=words), 303)
    if words is None:
        return redirect(url_for("backoffice.batches.page"), 303)
    return redirect(url_for("backoffice.customers.page", q=words), 303)


@routes.get(f"/<{ROW_ID}:card_id>")
def card(card_id: int) -> ResponseReturnValue:
    """Show a card."""
    return _page(card_id, Form())


@routes.post(f"/<{ROW_ID}:card_id>/link")
def link(card_id: int) -> ResponseReturnValue:
    """Make the card a customer's."""
    form = Form(request.form)

    def linked(session: Session, card_id: int, by: By) -> Card:
        return services.link_card(session, card_id, form.number("customer"), by)

    return _done(card_id, form, linked, "The card is linked.")


@routes.post(f"/<{ROW_ID}:card_id>/unlink")
def unlink(card_id: int) -> ResponseReturnValue:
    """Make the card nobody's."""
    return _done(card_id, Form(request.form), services.unlink_card, "The card is nobody’s now.")


@routes.post(f"/<{ROW_ID}:card_id>/revoke")
@needs(Role.MANAGER)
def revoke(card_id: int) -> ResponseReturnValue:
    """Withdraw the card."""
    return _done(card_id, Form(request.form), services.revoke_card, "The card is revoked.")


@routes.post(f"/<{ROW_ID}:card_id>/unrevoke")
@needs(Role.MANAGER)
def unrevoke(card_id: int) -> ResponseReturnValue:
    """Let the card hold again."""
    return _done(card_id, Form(request.form), services.unrevoke_card, "The card holds again.")


def _looked_up(session: Session, text: str) -> tuple[bool, Card | None]:
    """Tell whether the text is in the form of a card's code or printed ID, and which card's it is."""
    try:
        code = card_code.parse(text, desk.config().card_hosts)
    except InvalidCardCode:
        return True, None
    if isinstance(code, CardCode):
        return True, services.find_by_secret(session, code.secret)
    try:
        return True, services.find_by_printed_id(session, text)
    except InvalidCardCode:
        return False, None


def _done(card_id: int, form: Form, deed: Deed, told: str) -> ResponseReturnValue:
    with form, desk.database().transaction() as session:
        deed(session, card_id, by_me())
        flash(told, "ok")
        return _back(card_id)
    return _page(card_id, form)


def _page(card_id: int, form: Form) -> ResponseReturnValue:
    words = request.args.get("who", "").strip()[:200]
    with desk.database().reading() as session:
        found = services.get_card(session, card_id)
        owner = get_customer(session, found.customer_id) if found.customer_id is not None else None
        life = _life(session, found)
        steps = [moment.step for moment in life if moment.step]
        shown = render_template(
            "backoffice/card.html",
            card=found,
            owner=owner,
            batch=get_batch(session, found.batch_id),
            following=services.cards_of_batch(session, found.batch_id, after=found.number, limit=1),
            code=qr_svg(_payload(found), f"QR code of card {found.printed_id}"),
            life=life,
            actors=lists.actor_names(session, {step.actor for step in steps}),
            people=lists.customers_named(session, {step.customer_id or 0 for step in steps}),
            words=words,
            matches=search(session, words, limit=_MATCHES) if words else (),
            form=form,
        )
    return shown, form.status


def _payload(found: Card) -> str:
    return card_code.payload(found.code, desk.config().public_url)


def _life(session: Session, found: Card) -> list[Moment]:
    """Return the card's steps and latest scans together, the newest first and its making last."""
    made, *steps = [Moment(step.at, step=step) for step in services.life_of(session, found)]
    scans = [Moment(scan.at, scan=scan) for scan in scan_lists.scans_of_card(session, found.id, _SCANS)]
    later = sorted([*scans, *reversed(steps)], key=lambda moment: moment.at, reverse=True)
    return [*later, made]


def _back(card_id: int) -> Response:
    return redirect(_address(card_id), 303)


def _address(card_id: int) -> str:
    return url_for("backoffice.cards.card", card_id=card_id)

"""Batches of cards: by card type, created piece by piece, renamed where they stand."""

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edge_api.accounts.services import get_location, locations
from edge_api.backoffice import desk, lists
from edge_api.backoffice.access import by_me, needs
from edge_api.backoffice.forms import Form
from edge_api.backoffice.paging import PAGE, ROW_ID, cursor, page_of
from edge_api.cards import batches as services
from edge_api.cards.models import BatchKind, CardType
from edge_api.roles import Role

routes = Blueprint("batches", __name__, url_prefix="/batches")


@routes.get("")
def page() -> ResponseReturnValue:
    """List the batches of a card type."""
    chosen = request.args.get("type", CardType.ID)
    return _list(CardType(chosen) if chosen in set(CardType) else CardType.ID, cursor("rename"), Form())


@routes.route("/new", methods=["GET", "POST"])
@needs(Role.MANAGER)
def new() -> ResponseReturnValue:
    """Create a batch, with its first cards; the others follow while its page is open, or by the worker."""
    form = Form(
        request.form or {"kind": BatchKind.ONLINE, "card_type": request.args.get("type", CardType.ID)}
    )
    if request.method == "POST":
        with form:
            batch_id = _create(form)
            _make_piece(batch_id)
            return redirect(_address(batch_id), 303)
    with desk.database().reading() as session:
        places = locations(session)
    shown = render_template(
        "backoffice/batch_form.html", form=form, locations=places, kinds=BatchKind, types=CardType
    )
    return shown, form.status


@routes.get(f"/<{ROW_ID}:batch_id>")
def batch(batch_id: int) -> ResponseReturnValue:
    """List a batch's cards, or those that match the search."""
    words, after = request.args.get("q", "").strip()[:200], cursor("after") or 0
    with desk.database().reading() as session:
        found = services.get_batch(session, batch_id)
        cards = lists.cards_in_batch(session, batch_id, words, after=after, limit=PAGE + 1)
        return render_template(
            "backoffice/batch.html",
            batch=found,
            origin=get_location(session, found.origin_id),
            counts=services.batch_counts(session, batch_id),
            listed=page_of(cards, lambda row: row[0].number),
            words=words,
            after=after,
        )


@routes.post(f"/<{ROW_ID}:batch_id>/rename")
@needs(Role.MANAGER)
def rename(batch_id: int) -> ResponseReturnValue:
    """Give a batch another name."""
    form = Form(request.form)
    with desk.database().reading() as session:
        card_type = services.get_batch(session, batch_id).card_type
    with form, desk.database().transaction() as session:
        services.rename_batch(session, batch_id, form.text("name"), by_me())
        return redirect(url_for("backoffice.batches.page", type=card_type), 303)
    return _list(card_type, batch_id, form)


@routes.post(f"/<{ROW_ID}:batch_id>/more")
@needs(Role.MANAGER)
def more(batch_id: int) -> ResponseReturnValue:
    """Make the next piece of a batch, and tell how far it is."""
    _make_piece(batch_id)
    if request.accept_mimetypes.best != "application/json":
        return redirect(_address(batch_id), 303)
    with desk.database().reading() as session:
        found = services.get_batch(session, batch_id)
        return jsonify(made=found.made, size=found.size, finished=found.finished_at is not None)


def _list(card_type: CardType, renaming: int | None, form: Form) -> ResponseReturnValue:
    before = cursor("before")
    with desk.database().reading() as session:
        found = lists.batch_lines(session, card_type, before=before, limit=PAGE + 1)
        shown = render_template(
            "backoffice/batches.html",
            listed=page_of(found, lambda line: line.batch.id),
            counts=lists.batches_by_type(session),
            types=CardType,
            chosen=card_type,
            renaming=renaming,
            before=before,
            form=form,
        )
    return shown, form.status


def _create(form: Form) -> int:
    with desk.database().transaction() as session:
        made = services.create_batch(
            session,
            name=form.text("name"),
            kind=form.choice("kind", BatchKind),
            card_type=form.choice("card_type", CardType),
            origin_id=form.number("location"),
            size=form.number("size"),
            by=by_me(),
        )
        flash(f"The batch {made.name} is created.", "ok")
        return made.id


def _make_piece(batch_id: int) -> None:
    # The codes are drawn before the transaction: arithmetic must not hold up the scans.
    codes = services.new_codes(services.PIECE, desk.config().site)
    with desk.database().transaction() as session:
        services.make_piece(session, batch_id, codes, desk.now())


def _address(batch_id: int) -> str:
    return url_for("backoffice.batches.batch", batch_id=batch_id)

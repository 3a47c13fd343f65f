"""Customers: finding, adding and changing them, and all there is to know about one."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from contracts.replica import AccountState
from edge_api.backoffice import desk, lists, scan_lists
from edge_api.backoffice.access import by_me, needs
from edge_api.backoffice.forms import Form
from edge_api.backoffice.paging import PAGE, ROW_ID, cursor, page_of
from edge_api.cards.services import cards_of_customer
from edge_api.config import Language
from edge_api.customers import services
from edge_api.customers.models import Customer
from edge_api.customers.services import CustomerDetails
from edge_api.loyalty import services as loyalty
from edge_api.roles import Role

_ENTRIES = 20
_SCANS = 10
_LONGEST_SEARCH = 200

routes = Blueprint("customers", __name__, url_prefix="/customers")


@routes.get("")
def page() -> ResponseReturnValue:
    """List the customers, or those who match the search."""
    words = request.args.get("q", "").strip()[:_LONGEST_SEARCH]
    after = cursor("after") or 0
    with desk.database().reading() as session:
        found = lists.customer_lines(session, words, after=after, limit=PAGE + 1)
    listed = page_of(found, lambda line: line.customer.id)
    return render_template("backoffice/customers.html", listed=listed, words=words, after=after)


@routes.get(f"/<{ROW_ID}:customer_id>")
def person(customer_id: int) -> ResponseReturnValue:
    """Show a customer."""
    return person_page(customer_id)


@routes.route("/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    """Take a customer in."""
    form = Form(request.form or {"language": desk.config().default_language})
    if request.method == "POST":
        with form, desk.database().transaction() as session:
            made = services.create_customer(session, _details(form), by_me())
            flash(f"{made.full_name} is a customer now.", "ok")
            return redirect(_address(made.id), 303)
    return render_template(
        "backoffice/customer_form.html", form=form, customer=None, **_languages()
    ), form.status


@routes.route(f"/<{ROW_ID}:customer_id>/edit", methods=["GET", "POST"])
def edit(customer_id: int) -> ResponseReturnValue:
    """Change a customer's details."""
    with desk.database().reading() as session:
        customer = services.get_customer(session, customer_id)
    form = Form(request.form or _kept(customer))
    if request.method == "POST":
        with form, desk.database().transaction() as session:
            found = services.get_customer(session, customer_id, to_change=True)
            services.update_customer(session, found, _details(form), by_me())
            flash("The changes are saved.", "ok")
            return redirect(_address(customer_id), 303)
    return (
        render_template("backoffice/customer_form.html", form=form, customer=customer, **_languages()),
        form.status,
    )


@routes.post(f"/<{ROW_ID}:customer_id>/state")
@needs(Role.MANAGER)
def set_state(customer_id: int) -> ResponseReturnValue:
    """Open, archive or hold a customer's account."""
    form = Form(request.form)
    with form, desk.database().transaction() as session:
        customer = services.get_customer(session, customer_id, to_change=True)
        services.set_state(session, customer, form.choice("state", AccountState), by_me())
        return redirect(_address(customer_id), 303)
    return person_page(customer_id, form)


def person_page(customer_id: int, form: Form | None = None) -> ResponseReturnValue:
    """Show a customer; ``form`` is one of the page's that was refused."""
    before = cursor("before")
    with desk.database().reading() as session:
        customer = services.get_customer(session, customer_id)
        entries = lists.ledger_lines(session, customer_id, before=before, limit=_ENTRIES + 1)
        listed = page_of(entries, lambda line: line.entry.id, _ENTRIES)
        shown = render_template(
            "backoffice/customer.html",
            customer=customer,
            form=form or Form(),
            listed=listed,
            before=before,
            actors=lists.actor_names(session, {line.entry.actor for line in listed.rows}),
            **_holdings(session, customer_id),
        )
    return shown, form.status if form else 200


def _holdings(session: Session, customer_id: int) -> dict[str, object]:
    return {
        "points": loyalty.point_balance(session, customer_id),
        "held": loyalty.rewards_of(session, customer_id)[::-1],
        "catalogue": loyalty.rewards(session),
        "cards": cards_of_customer(session, customer_id),
        "scans": scan_lists.scans_of_customer(session, customer_id, _SCANS),
    }


def _details(form: Form) -> CustomerDetails:
    return CustomerDetails(
        first_name=form.text("first_name"),
        last_name=form.text("last_name"),
        email=form.text("email") or None,
        phone=form.text("phone") or None,
        language=form.choice("language", Language),
    )


def _kept(customer: Customer) -> dict[str, str]:
    return {
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "email": customer.email or "",
        "phone": customer.phone or "",
        "language": customer.language,
    }


def _languages() -> dict[str, object]:
    return {"languages": desk.config().languages}


def _address(customer_id: int) -> str:
    return url_for("backoffice.customers.person", customer_id=customer_id)

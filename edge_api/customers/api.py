"""REST: customers."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from contracts.replica import AccountState
from edge_api.config import Language
from edge_api.customers import services
from edge_api.customers.models import Customer
from edge_api.customers.services import CustomerDetails
from edge_api.rest.api import Call, Operations
from edge_api.rest.reading import Name, PageQuery
from edge_api.roles import Role

OPERATIONS = Operations("customers")

LastName = Annotated[str, Meta(max_length=100)]
Email = Annotated[str, Meta(max_length=254)]
Phone = Annotated[str, Meta(max_length=30)]


class CustomerView(Struct, frozen=True):
    """A customer."""

    uuid: UUID
    first_name: str
    last_name: str
    email: str | None
    phone: str | None
    language: Language
    state: AccountState
    created_at: datetime


class CustomerPage(Struct, frozen=True):
    """Some customers, and what to ask for to get the next."""

    items: tuple[CustomerView, ...]
    next: int | None


class CustomerQuery(PageQuery, frozen=True, forbid_unknown_fields=True):
    """``search``: words that are all in the name, e-mail or phone; case and accents aside."""

    search: Annotated[str, Meta(max_length=200)] = ""


class NewCustomer(Struct, frozen=True, forbid_unknown_fields=True):
    """A customer to take in; without a language they get the shop's."""

    first_name: Name
    last_name: LastName = ""
    email: Email | None = None
    phone: Phone | None = None
    language: Language | None = None


class CustomerChanges(Struct, frozen=True, forbid_unknown_fields=True):
    """What to change about a customer; what is left out stays."""

    first_name: Name | UnsetType = UNSET
    last_name: LastName | UnsetType = UNSET
    email: Email | UnsetType | None = UNSET
    phone: Phone | UnsetType | None = UNSET
    language: Language | UnsetType = UNSET
    state: AccountState | UnsetType = UNSET


@OPERATIONS.get("/customers", Role.STAFF)
def list_customers(call: Call, query: CustomerQuery) -> CustomerPage:
    """List or search customers."""
    found = services.search(call.session, query.search, after=query.after, limit=query.limit)
    return CustomerPage(tuple(map(_view, found)), found[-1].id if len(found) == query.limit else None)


@OPERATIONS.post("/customers", Role.STAFF, status=201)
def create_customer(call: Call, body: NewCustomer) -> CustomerView:
    """Take a customer in."""
    language = body.language or call.edge.config.default_language
    details = CustomerDetails(body.first_name, body.last_name, body.email, body.phone, language)
    return _view(services.create_customer(call.session, details, call.by))


@OPERATIONS.get("/customers/<uuid:customer>", Role.STAFF)
def get_customer(call: Call, customer: UUID) -> CustomerView:
    """Return a customer."""
    return _view(services.get_by_uuid(call.session, customer))


@OPERATIONS.patch("/customers/<uuid:customer>", Role.STAFF)
def update_customer(call: Call, customer: UUID, body: CustomerChanges) -> CustomerView:
    """Change a customer's details or state."""
    found = services.get_by_uuid(call.session, customer, to_change=True)
    given = {name: value for name, value in msgspec.structs.asdict(body).items() if value is not UNSET}
    state = given.pop("state", found.state)
    services.update_customer(call.session, found, replace(services.details_of(found), **given), call.by)
    services.set_state(call.session, found, state, call.by)
    return _view(found)


def _view(customer: Customer) -> CustomerView:
    return CustomerView(
        customer.uuid,
        customer.first_name,
        customer.last_name,
        customer.email,
        customer.phone,
        customer.language,
        customer.state,
        customer.created_at,
    )

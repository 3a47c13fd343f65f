"""Taking customers in, changing them, finding them."""

import dataclasses
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.replica import AccountState
from edge_api import audit, feed, texts
from edge_api.audit import By
from edge_api.config import Language
from edge_api.customers.models import Customer
from edge_api.db import TO_CHANGE, refusing_duplicates
from edge_api.errors import EmailTaken, NotFound
from edge_api.feed import FeedKind

Details = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CustomerDetails:
    """What may be changed about a customer."""

    first_name: str
    last_name: str = ""
    email: str | None = None
    phone: str | None = None
    language: Language = Language.NL

    def tidied(self) -> "CustomerDetails":
        """Return them as they are kept.

        Raises:
            InvalidValue: one cannot be taken; the text names it.
        """
        return CustomerDetails(
            first_name=texts.name(self.first_name, "first_name", longest=100),
            last_name=texts.optional_name(self.last_name, "last_name", longest=100),
            email=texts.email(self.email) if self.email else None,
            phone=texts.phone(self.phone) if self.phone else None,
            language=self.language,
        )


def create_customer(
    session: Session, details: CustomerDetails, by: By, *, state: AccountState = AccountState.OPEN
) -> Customer:
    """Take a customer in.

    Raises:
        InvalidValue: a detail cannot be taken.
        EmailTaken: another customer has the e-mail.
    """
    tidy = details.tidied()
    customer = Customer(uuid=uuid.uuid4(), state=state, created_at=by.at)
    _write(customer, tidy)
    with refusing_duplicates(session, EmailTaken("another customer has this e-mail address")):
        session.add(customer)
    after = {"state": state, **dataclasses.asdict(tidy)}
    _changed(session, customer, "customer.created", by, before=None, after=after)
    return customer


def update_customer(session: Session, customer: Customer, details: CustomerDetails, by: By) -> None:
    """Replace a customer's details; nothing happens where they are the same.

    The customer was asked for to be changed, so that of two who do, the later one sees what the other did.

    Raises:
        InvalidValue: a detail cannot be taken.
        EmailTaken: another customer has the e-mail.
    """
    old, new = dataclasses.asdict(details_of(customer)), dataclasses.asdict(details.tidied())
    changed = [key for key in new if new[key] != old[key]]
    if not changed:
        return
    with refusing_duplicates(session, EmailTaken("another customer has this e-mail address")):
        _write(customer, details.tidied())
    before, after = ({key: each[key] for key in changed} for each in (old, new))
    _changed(session, customer, "customer.updated", by, before=before, after=after)


def set_state(session: Session, customer: Customer, state: AccountState, by: By) -> None:
    """Open, archive or hold a customer's account; twice is once."""
    if customer.state == state:
        return
    before = {"state": customer.state}
    customer.state = state
    _changed(session, customer, "customer.state", by, before=before, after={"state": state})


def details_of(customer: Customer) -> CustomerDetails:
    """Return what may be changed about a customer, as it is; change it with ``dataclasses.replace``."""
    return CustomerDetails(
        customer.first_name, customer.last_name, customer.email, customer.phone, customer.language
    )


def get_customer(session: Session, customer_id: int, *, to_change: bool = False) -> Customer:
    """Return a customer; ``to_change`` lets nobody else change them until the transaction ends.

    Raises:
        NotFound: there is none.
    """
    if to_change:
        customer = session.get(Customer, customer_id, populate_existing=True, with_for_update=TO_CHANGE)
    else:
        customer = session.get(Customer, customer_id)
    if customer is None:
        raise NotFound("there is no such customer")
    return customer


def get_by_uuid(session: Session, public: uuid.UUID, *, to_change: bool = False) -> Customer:
    """Return a customer by the UUID that others know them by; ``to_change`` as for :func:`get_customer`.

    Raises:
        NotFound: there is none.
    """
    query = select(Customer).where(Customer.uuid == public)
    if to_change:
        query = query.with_for_update(**TO_CHANGE).execution_options(populate_existing=True)
    customer = session.scalars(query).one_or_none()
    if customer is None:
        raise NotFound("there is no such customer")
    return customer


def find_by_email(session: Session, email: str) -> Customer | None:
    """Return the customer with this e-mail address, if there is one."""
    query = select(Customer).where(Customer.email == email.strip().lower())
    return session.scalars(query).one_or_none()


def search(session: Session, words: str = "", *, after: int = 0, limit: int = 50) -> Sequence[Customer]:
    """Return customers by id whose name, e-mail or phone has every word in it, case and accents aside."""
    query = select(Customer).where(Customer.id > after).order_by(Customer.id).limit(limit)
    for word in texts.folded(words).split():
        query = query.where(Customer.search_key.contains(word, autoescape=True))
    return session.scalars(query).all()


def _write(customer: Customer, tidy: CustomerDetails) -> None:
    for key, value in dataclasses.asdict(tidy).items():
        setattr(customer, key, value)
    digits = "".join(char for char in tidy.phone or "" if char.isdigit())
    parts = (tidy.first_name, tidy.last_name, tidy.email or "", tidy.phone or "", digits)
    customer.search_key = texts.folded(" ".join(parts))


def _changed(
    session: Session,
    customer: Customer,
    action: str,
    by: By,
    *,
    before: Details | None,
    after: Details,
) -> None:
    audit.record(session, by, action, f"customer:{customer.id}", before=before, after=after)
    feed.touch(session, FeedKind.CUSTOMER, customer.id)

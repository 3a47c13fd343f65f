"""What the replica says of a card decides what its holder is shown."""

from datetime import UTC, datetime

import msgspec
import pytest

from contracts.replica import (
    AccountState,
    CustomerEntry,
    Entry,
    GiftEntry,
    Money,
    RevokedEntry,
    StaffEntry,
    UnlinkedEntry,
)
from kiosk.directory.resolve import resolve
from kiosk.outcomes import (
    AccountClosed,
    GiftCard,
    Outcome,
    Provisional,
    Recognised,
    Revoked,
    StaffBadge,
    UnknownCard,
    Unlinked,
)

AS_OF = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ANNA = CustomerEntry(as_of=AS_OF, greeting_name="Anna", language="nl", points=7)
ARCHIVED = msgspec.structs.replace(ANNA, state=AccountState.ARCHIVED)
GIFT = GiftEntry(as_of=AS_OF, balance=Money(2500, "EUR"))
BADGE = StaffEntry(as_of=AS_OF, staff_id="s-1", role="owner", pin_hash="$argon2id$x")

SETTLED: list[tuple[Entry, Outcome]] = [
    (ANNA, Recognised(ANNA)),
    (ARCHIVED, AccountClosed(AccountState.ARCHIVED)),
    (GIFT, GiftCard(GIFT)),
    (BADGE, StaffBadge()),
    (RevokedEntry(as_of=AS_OF), Revoked(AS_OF)),
]
"""Rows that say whose the card is, and what follows from them."""


@pytest.mark.parametrize(("entry", "outcome"), [*SETTLED, (UnlinkedEntry(as_of=AS_OF), Unlinked())])
def test_every_kind_of_row_has_its_own_outcome(entry: Entry, outcome: Outcome) -> None:
    assert resolve(entry, offline=False) == outcome


def test_a_card_without_a_row_is_unknown_and_says_whether_that_may_be_the_connection() -> None:
    assert resolve(None, offline=True) == UnknownCard(offline=True)
    assert resolve(None, offline=False) == UnknownCard(offline=False)


@pytest.mark.parametrize("entry", [UnlinkedEntry(as_of=AS_OF), None])
def test_a_card_linked_here_is_provisional_until_the_edge_says_whose_it_is(entry: Entry | None) -> None:
    assert resolve(entry, offline=True, provisional=True) == Provisional()


@pytest.mark.parametrize(("entry", "outcome"), SETTLED)
def test_the_edges_own_word_goes_before_what_was_linked_here(entry: Entry, outcome: Outcome) -> None:
    assert resolve(entry, offline=False, provisional=True) == outcome


def test_balances_of_a_kiosk_without_a_connection_are_marked_as_such() -> None:
    assert resolve(GIFT, offline=True) == GiftCard(GIFT, offline=True)
    assert resolve(ANNA, offline=True) == Recognised(ANNA, offline=True)


def test_a_repeat_is_told_to_a_customer_alone() -> None:
    assert resolve(ANNA, offline=False, already_counted=True) == Recognised(ANNA, already_counted=True)
    assert resolve(GIFT, offline=False, already_counted=True) == GiftCard(GIFT)

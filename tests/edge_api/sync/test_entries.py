"""Every state of a card gives its row what the kiosk is to show, and nothing more."""

from datetime import timedelta

import pytest

from contracts.replica import AccountState, CustomerEntry, RevokedEntry, UnlinkedEntry
from contracts.sealing import derive, unseal
from edge_api.cards import services as cards
from edge_api.cards.models import Card
from edge_api.config import Language
from edge_api.customers import services as customers
from edge_api.customers.models import Customer
from edge_api.customers.services import CustomerDetails
from edge_api.loyalty import services as loyalty
from tests.edge_api.sync.conftest import Site


@pytest.fixture
def card(site: Site) -> Card:
    return site.cards()[0]


@pytest.fixture
def sanne(site: Site, card: Card) -> Customer:
    """The card's customer, with 40 points and two rewards, one of them for an hour."""
    by, later = site.by, site.by.at + timedelta(hours=1)
    with site.database.transaction() as session:
        details = CustomerDetails("Sanne", "Geheim", "sanne@example.nl", "0201234567", Language.DE)
        customer = customers.create_customer(session, details, by)
        cards.link_card(session, card.id, customer.id, by)
        loyalty.adjust_points(session, customer.id, 40, by, note="welcome")
        coffee = loyalty.create_reward(session, name="Coffee", by=by)
        cake = loyalty.create_reward(session, name="Cake", by=by)
        loyalty.grant_reward(session, customer.id, coffee.id, by)
        loyalty.grant_reward(session, customer.id, cake.id, by, expires_at=later)
    return customer


def test_a_new_card_is_nobody_s(site: Site, card: Card) -> None:
    site.publish()
    assert site.entry(card) == UnlinkedEntry(as_of=site.clock.now())


def test_a_customer_s_card_says_what_the_screen_shows(site: Site, card: Card, sanne: Customer) -> None:
    site.publish()
    entry = site.entry(card)
    assert isinstance(entry, CustomerEntry)
    assert (entry.greeting_name, entry.language, entry.points) == ("Sanne", "de", 40)
    assert entry.state is AccountState.OPEN
    assert [(reward.name, reward.expires) for reward in entry.rewards] == [
        ("Coffee", None),
        ("Cake", site.by.at + timedelta(hours=1)),
    ]


def test_a_customer_without_points_or_rewards_has_none(site: Site, card: Card) -> None:
    site.change(lambda session, shop: cards.link_card(session, card.id, shop.customer("Bo").id, site.by))
    site.publish()
    entry = site.entry(card)
    assert isinstance(entry, CustomerEntry)
    assert (entry.points, entry.rewards) == (0, ())


def test_no_row_holds_a_family_name_or_an_address(site: Site, card: Card, sanne: Customer) -> None:
    site.publish()
    told = str(site.entry(card))
    assert "Sanne" in told
    for secret in ("Geheim", "example.nl", "0201234567", str(sanne.uuid)):
        assert secret not in told


def test_all_cards_of_a_customer_say_the_same(site: Site, sanne: Customer) -> None:
    more = site.cards(2)
    for card in more:
        with site.database.transaction() as session:
            cards.link_card(session, card.id, sanne.id, site.by)
    site.publish()
    assert site.entry(more[0]) == site.entry(more[1])


def test_a_reward_whose_time_is_over_is_not_told(site: Site, card: Card, sanne: Customer) -> None:
    site.clock.forward(timedelta(hours=1))
    site.publish()
    entry = site.entry(card)
    assert isinstance(entry, CustomerEntry)
    assert [reward.name for reward in entry.rewards] == ["Coffee"]


def test_a_withdrawn_card_reveals_nothing_of_its_customer(site: Site, card: Card, sanne: Customer) -> None:
    site.change(lambda session, shop: cards.revoke_card(session, card.id, site.by))
    site.publish()
    assert site.entry(card) == RevokedEntry(as_of=site.clock.now())
    site.change(lambda session, shop: cards.unrevoke_card(session, card.id, site.by))
    site.publish()
    assert isinstance(site.entry(card), CustomerEntry)


@pytest.mark.parametrize("state", [AccountState.ARCHIVED, AccountState.AWAITING_APPROVAL])
def test_a_closed_account_reveals_its_language_and_state_alone(
    site: Site, card: Card, sanne: Customer, state: AccountState
) -> None:
    with site.database.transaction() as session:
        customers.set_state(session, session.get_one(Customer, sanne.id), state, site.by)
    site.publish()
    assert site.entry(card) == CustomerEntry(
        as_of=site.clock.now(), greeting_name="", language="de", state=state
    )


def test_an_unlinked_card_is_nobody_s_again(site: Site, card: Card, sanne: Customer) -> None:
    site.change(lambda session, shop: cards.unlink_card(session, card.id, site.by))
    site.publish()
    assert isinstance(site.entry(card), UnlinkedEntry)


def test_rows_of_different_states_have_the_same_size(site: Site, card: Card, sanne: Customer) -> None:
    other, gone = site.cards(2)
    site.change(lambda session, shop: cards.revoke_card(session, gone.id, site.by))
    site.publish()
    assert len(site.row(other).box) == len(site.row(gone).box)


def test_a_row_opens_with_its_card_alone(site: Site) -> None:
    one, two = site.cards(2)
    site.publish()
    with pytest.raises(ValueError, match="does not open"):
        unseal(derive(one.code, site.config.site), site.config.site, site.row(two))

"""Scans as they come in: each once, with who, where and what came of it."""

from datetime import timedelta

import pytest

from contracts.events import OutcomeName
from edge_api.accounts import services as accounts
from edge_api.cards import services as cards
from edge_api.cards.models import Card
from edge_api.fleet.models import Kiosk
from edge_api.loyalty import services as loyalty
from tests.edge_api.backoffice.office import Office, Visitor


@pytest.fixture
def card(office: Office) -> Card:
    """Anna's card; a visit earns 10 points."""
    with office.shop() as shop:
        made, person = shop.card(), shop.customer("Anna", "anna@winkel.example.nl")
        cards.link_card(shop.session, made.id, person.id, office.by())
        loyalty.create_campaign(
            shop.session, name="A visit", points=10, cooling_off_seconds=0, by=office.by()
        )
        return made


@pytest.fixture
def kiosk(office: Office) -> Kiosk:
    with office.shop() as shop:
        lisbon = accounts.create_location(
            shop.session, name="Lisboa", slug="lisboa", timezone="Europe/Lisbon", by=office.by()
        )
    return office.floor.kiosk(lisbon)


def test_a_scan_is_told_with_all_that_the_page_shows(
    office: Office, staff: Visitor, card: Card, kiosk: Kiosk
) -> None:
    office.floor.scan(kiosk, card.code)
    answer = staff.get("/live/scans?after=0").get_json()
    [scan] = answer["scans"]
    assert answer["latest"] == scan["id"]
    assert scan.pop("row").count("<td") == 6
    assert scan == {
        "id": 1,
        "at": "2026-11-21T10:00:00+00:00",
        "customer": "Anna",
        "card": card.printed_id,
        "kiosk": "By the door",
        "location": "Lisboa",
        "outcome": "recognised",
        "earned": 10,
        "balance": 10,
        "says": "Anna, +10 points, balance 10, Lisboa.",
    }


def test_times_are_those_of_the_shop_where_it_was(
    office: Office, staff: Visitor, card: Card, kiosk: Kiosk
) -> None:
    office.floor.scan(kiosk, card.code)
    assert "10:00:00" in staff.text("/live")
    with office.shop() as shop:
        amsterdam = shop.location()
    office.floor.scan(office.floor.kiosk(amsterdam, "Counter"), card.code)
    assert "11:00:00" in staff.text("/live")


def test_only_what_came_in_after_is_told(office: Office, staff: Visitor, card: Card, kiosk: Kiosk) -> None:
    for _ in range(3):
        office.floor.scan(kiosk, card.code)
    office.clock.forward(timedelta(seconds=11))
    told = staff.get("/live/scans?after=2").get_json()
    assert [scan["id"] for scan in told["scans"]] == [3]
    assert staff.get("/live/scans?after=3").get_json() == {"latest": 3, "scans": []}


def test_what_came_in_just_now_is_told_again_lest_one_that_finished_late_is_missed(
    office: Office, staff: Visitor, card: Card, kiosk: Kiosk
) -> None:
    for _ in range(3):
        office.floor.scan(kiosk, card.code)
    told = staff.get("/live/scans?after=3").get_json()
    assert [scan["id"] for scan in told["scans"]] == [1, 2, 3]


def test_a_scan_of_nobody_s_card_names_nobody(office: Office, staff: Visitor, kiosk: Kiosk) -> None:
    office.floor.scan(kiosk, None, OutcomeName.FOREIGN_CODE)
    [scan] = staff.get("/live/scans").get_json()["scans"]
    assert (scan["customer"], scan["card"], scan["balance"]) == (None, None, None)
    assert scan["says"] == "Not one of our codes, Lisboa."
    assert "Nobody known" in staff.text("/live")


def test_the_page_has_the_latest_fifty_also_without_javascript(
    office: Office, staff: Visitor, card: Card, kiosk: Kiosk
) -> None:
    for _ in range(52):
        office.floor.scan(kiosk, card.code)
    page = staff.get("/live").text
    assert page.count("data-scan=") == 50
    assert 'data-latest="52"' in page
    assert page.index('data-scan="52"') < page.index('data-scan="3"')
    assert '<a id="again" href="/live">Look again</a>' in page


def test_a_scan_that_came_in_long_after_it_happened_says_so(
    office: Office, staff: Visitor, card: Card, kiosk: Kiosk
) -> None:
    office.floor.scan(kiosk, card.code, ago=timedelta(minutes=1))
    assert "came in late" not in staff.text("/live")
    office.floor.scan(kiosk, card.code, ago=timedelta(hours=20))
    page = staff.text("/live")
    assert "20 Nov, 14:00 came in late" in page

"""Every page answers, for those who may see it, with nothing that is not ours."""

import re
from html.parser import HTMLParser

import pytest

from contracts.events import OutcomeName
from edge_api.accounts.models import Location
from edge_api.cards.models import Card
from edge_api.customers import services as customers
from edge_api.customers.models import Customer
from edge_api.customers.services import CustomerDetails
from edge_api.fleet.models import Kiosk
from edge_api.loyalty import services as loyalty
from edge_api.roles import Role
from tests.edge_api.backoffice.office import Office, Visitor, said

HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>"
MOST_BYTES = 150_000

PAGES = (
    "/",
    "/live",
    "/customers",
    "/customers?q=anna",
    "/customers?q=nobody+at+all",
    "/customers/new",
    "/customers/1",
    "/customers/1/edit",
    "/batches",
    "/batches?type=VIP",
    "/batches/1",
    "/batches/1?q=anna",
    "/cards/1",
    "/cards/2?who=anna",
    "/kiosks",
)
FOR_MANAGERS = ("/batches/new", "/batches?rename=1", "/rejected-messages")
FOR_OWNERS = ("/kiosks/new",)


class Tags(HTMLParser):
    """A page's tags with their attributes, as a browser reads them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.fixture
def kiosk(office: Office) -> Kiosk:
    """A shop with something on each page, and hostile names wherever somebody may type one."""
    with office.shop() as shop:
        batch = shop.batch(size=3, name=HOSTILE[:90])
        person = customers.create_customer(
            shop.session, CustomerDetails(HOSTILE, "Anna", "anna@winkel.example.nl"), office.by()
        )
        reward = loyalty.create_reward(shop.session, name=HOSTILE, by=office.by())
        loyalty.grant_reward(shop.session, person.id, reward.id, office.by())
        loyalty.adjust_points(shop.session, person.id, 5, office.by(), note=HOSTILE)
        card, location = shop.session.get_one(Card, 1), shop.session.get_one(Location, batch.origin_id)
        shop.session.flush()
        card.customer_id, card.linked_at = person.id, office.clock.now()
        code = card.code
    made = office.floor.kiosk(location, HOSTILE)
    office.floor.reports(made)
    office.floor.scan(made, code)
    office.floor.scan(made, None, OutcomeName.FOREIGN_CODE)
    office.floor.scan(made, code, forged=True)
    return made


def _bytes_of(visitor: Visitor, path: str) -> int:
    with visitor.get(path) as answer:
        return len(answer.data)


def _all(kiosk: Kiosk) -> tuple[str, ...]:
    return (*PAGES, *FOR_MANAGERS, *FOR_OWNERS, f"/kiosks/{kiosk.id}")


def test_every_page_answers(owner: Visitor, kiosk: Kiosk) -> None:
    answers = {path: owner.get(path).status_code for path in _all(kiosk)}
    assert answers == dict.fromkeys(_all(kiosk), 200)


def test_names_that_would_be_markup_are_shown_as_they_are_written(owner: Visitor, kiosk: Kiosk) -> None:
    for path in _all(kiosk):
        text = owner.get(path).text
        assert "<script>alert" not in text, path
        assert "<img" not in text, path
    assert HOSTILE in said(owner.get("/customers/1")) or "alert('x')" in said(owner.get("/customers/1"))
    row = owner.get("/live/scans?after=0").get_json()["scans"][0]["row"]
    assert "&lt;script&gt;" in row
    assert "<script>" not in row


def test_pages_need_no_inline_script_or_style_and_no_other_host(owner: Visitor, kiosk: Kiosk) -> None:
    for path in _all(kiosk):
        answer = owner.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "default-src 'self'" in policy
        for tag, attributes in Tags(answer.text).found:
            assert tag != "style", path
            assert tag != "script" or attributes["src"], path
            assert not [name for name in attributes if name == "style" or name.startswith("on")], path
            for name in {"src", "href", "action"} & set(attributes):
                assert re.match(r"/(?!/)|#", attributes[name] or "#"), path


def test_pages_of_people_are_kept_in_no_cache(owner: Visitor, kiosk: Kiosk) -> None:
    assert {owner.get(path).headers["Cache-Control"] for path in _all(kiosk)} == {"no-store"}


def test_a_page_and_all_it_needs_is_small(office: Office, owner: Visitor, kiosk: Kiosk) -> None:
    with office.shop() as shop:
        for number in range(60):
            shop.customer(f"Maximiliane Alexandra {number}", f"maximiliane{number}@winkel.example.nl")
    for path in _all(kiosk):
        page = owner.get(path)
        needed = set(re.findall(r'(?:href|src)="(/static/backoffice/[^"#]+)', page.text))
        assert "/static/backoffice/backoffice.css" in needed
        size = len(page.data) + sum(_bytes_of(owner, each) for each in needed)
        assert size < MOST_BYTES, f"{path}: {size} bytes"


def test_staff_look_and_managers_and_owners_see_more(office: Office, kiosk: Kiosk) -> None:
    seen = {role: office.signed_in(role) for role in Role}
    for paths, allowed in (
        ((*PAGES, f"/kiosks/{kiosk.id}"), set(Role)),
        (FOR_MANAGERS[::2], {Role.MANAGER, Role.OWNER}),
        (FOR_OWNERS, {Role.OWNER}),
    ):
        for path in paths:
            assert {role for role in Role if seen[role].get(path).status_code == 200} == allowed, path


def test_staff_are_offered_nothing_that_they_may_not_do(staff: Visitor, kiosk: Kiosk) -> None:
    offered = " ".join(staff.get(path).text for path in (*PAGES, f"/kiosks/{kiosk.id}"))
    for deed in (
        "/revoke",
        "/rename",
        "/claim",
        "/state",
        "/batches/new",
        "/kiosks/new",
        "/rejected-messages",
    ):
        assert deed not in offered, deed
    assert "rename=" not in offered


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/customers/99",
        "/cards/99",
        "/batches/99",
        "/kiosks/k-nobody",
        "/cards/99999999999999999999",
    ],
)
def test_what_is_not_there_is_said_in_a_page(owner: Visitor, path: str) -> None:
    answer = owner.get(path)
    assert answer.status_code == 404
    assert "To the overview" in said(answer)


def test_programs_get_problems_and_not_pages(owner: Visitor) -> None:
    answer = owner.get("/api/v1/nothing")
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize(
    "query", ["after=x", "after=-1", "after=99999999999999999999", "q=%00%ff", "q=" + "x" * 5000]
)
def test_nonsense_in_an_address_breaks_nothing(owner: Visitor, kiosk: Kiosk, query: str) -> None:
    for path in ("/customers", "/batches", "/batches/1", "/live/scans", "/customers/1"):
        assert owner.get(f"{path}?{query}&before={query[6:]}&rename={query[6:]}").status_code == 200, path


def test_empty_lists_say_what_to_do_next(owner: Visitor) -> None:
    assert "No kiosk yet" in owner.text("/")
    assert "Nothing scanned yet" in owner.text("/live")
    assert "Add the first one" in owner.text("/customers")
    assert "Make the first batch" in owner.text("/batches?type=PUNCH")
    assert "Register one here" in owner.text("/kiosks")
    assert "Every message so far was in order" in owner.text("/rejected-messages")
    assert "No location yet" in owner.text("/kiosks/new")
    assert "No location yet" in owner.text("/batches/new")


def test_the_overview_counts_the_day_in_the_shop_s_zone(office: Office, owner: Visitor, kiosk: Kiosk) -> None:
    assert "Scans 2" in owner.text("/")
    assert "Kiosks online 1 of 1" in owner.text("/")
    assert "1 message was rejected within a day" in owner.text("/")
    # 23:59 and 00:01 in Amsterdam, which is an hour ahead of UTC in November.
    office.clock.forward(office.clock.now().replace(hour=22, minute=59) - office.clock.now())
    assert "Scans 2" in owner.visit_again("/")
    office.clock.forward(office.clock.now().replace(hour=23, minute=1) - office.clock.now())
    assert "Scans 0" in owner.visit_again("/")


def test_a_kiosk_that_fell_silent_is_told_on_the_overview(
    office: Office, owner: Visitor, kiosk: Kiosk
) -> None:
    office.floor.reports(kiosk, online=False)
    assert "is offline; last heard of just now" in owner.text("/")


def test_one_may_stay_on_a_page_whose_customer_has_no_e_mail(office: Office, owner: Visitor) -> None:
    with office.shop() as shop:
        person: Customer = shop.customer("Zoë")
    assert "Zoë" in owner.text(f"/customers/{person.id}")

"""The pages in a real browser: accessible, alive, and of use without JavaScript too."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import zxingcpp
from axe_playwright_python.sync_playwright import Axe
from cv2 import IMREAD_GRAYSCALE, imdecode
from numpy import frombuffer, uint8
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, expect
from werkzeug.serving import make_server

from contracts.card_code import payload
from contracts.enrolment import CLAIM_PREFIX
from edge_api.accounts.models import Location
from edge_api.cards import services as cards
from edge_api.cards.models import Card
from edge_api.customers.models import Customer
from edge_api.fleet.models import Kiosk, KioskState
from edge_api.loyalty import services as loyalty
from edge_api.roles import Role
from tests.databases import DatabaseKind
from tests.edge_api.backoffice.office import Office
from tests.factories.edge import PASSWORD

# What a browser shows does not depend on the database.
pytestmark = pytest.mark.databases(DatabaseKind.SQLITE)

SERIOUS = {"serious", "critical"}
TABLET = {"width": 1024, "height": 768}
PHONE = {"width": 390, "height": 844}


@dataclass
class Floor:
    """A site that is being served, with a customer, their card, and a kiosk."""

    office: Office
    address: str
    anna: Customer
    card: Card
    kiosk: Kiosk

    def scan(self) -> None:
        assert self.office.floor.scan(self.kiosk, self.card.code)

    def pages(self) -> tuple[str, ...]:
        return (
            "/",
            "/live",
            "/customers",
            "/customers?q=nobody",
            "/customers/new",
            f"/customers/{self.anna.id}",
            "/batches?rename=1",
            "/batches?type=GIFT",
            "/batches/new",
            "/batches/1",
            f"/cards/{self.card.id}",
            f"/cards/{self.card.id + 1}?who=anna",
            "/kiosks",
            "/kiosks/new",
            f"/kiosks/{self.kiosk.id}",
            "/rejected-messages",
            "/nothing",
        )


class Eyes:
    """What must not be seen in any page: faults of scripts, refused contents, other hosts."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.faults: list[str] = []
        self._address = address
        context.on("console", self._heard)
        context.on("response", self._fetched)
        context.on("weberror", lambda error: self.faults.append(str(error.error)))

    def _heard(self, message: ConsoleMessage) -> None:
        # A page that is missing or refused is told as an error too, and is meant here.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.faults.append(message.text)

    def _fetched(self, response: Response) -> None:
        if not response.url.startswith(self._address):
            self.faults.append(f"another host: {response.url}")


@pytest.fixture
def floor(office: Office) -> Iterator[Floor]:
    office.user(Role.OWNER)
    with office.shop() as shop:
        batch, anna = shop.batch(size=3, name="Opening day"), shop.customer("Anna", "anna@winkel.example.nl")
        card = shop.session.get_one(Card, 1)
        cards.link_card(shop.session, card.id, anna.id, office.by())
        reward = loyalty.create_reward(shop.session, name="Free coffee", by=office.by())
        loyalty.grant_reward(shop.session, anna.id, reward.id, office.by())
        loyalty.create_campaign(
            shop.session, name="A visit", points=10, cooling_off_seconds=0, by=office.by()
        )
        location = shop.location()
        assert batch.id == 1
    kiosk = office.floor.kiosk(location)
    office.floor.reports(kiosk)
    office.floor.scan(kiosk, card.code)
    office.floor.scan(kiosk, card.code, forged=True)
    server = make_server("127.0.0.1", 0, office.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Floor(office, f"http://127.0.0.1:{server.port}", anna, card, kiosk)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(browser: Browser, floor: Floor) -> Iterator[Page]:
    """A tablet on which the owner is signed in."""
    context = browser.new_context(base_url=floor.address, viewport=TABLET, reduced_motion="reduce")
    eyes = Eyes(context, floor.address)
    opened = context.new_page()
    _sign_in(opened)
    yield opened
    context.close()
    assert eyes.faults == []


def _sign_in(page: Page) -> None:
    page.goto("/sign-in")
    page.get_by_label("E-mail address").fill("owner@winkel.example.nl")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Today")).to_be_visible()


def _findings(page: Page) -> list[str]:
    violations = Axe().run(page).response["violations"]
    return [
        f"{page.url}: {each['id']}: {each['nodes'][0]['html'][:200]}"
        for each in violations
        if each["impact"] in SERIOUS
    ]


def test_no_page_has_a_serious_barrier(page: Page, floor: Floor) -> None:
    found = []
    for path in floor.pages():
        page.goto(path)
        found += _findings(page)
    assert found == []


def test_no_page_has_a_serious_barrier_on_a_phone_and_none_is_wider_than_it(page: Page, floor: Floor) -> None:
    page.set_viewport_size(PHONE)
    found = []
    for path in floor.pages():
        page.goto(path)
        found += _findings(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
    assert found == []


def test_open_questions_refused_forms_and_the_sign_in_page_have_no_serious_barrier(
    page: Page, floor: Floor
) -> None:
    page.goto(f"/customers/{floor.anna.id}")
    for name in ("Give a reward", "Give or take points", "Archive …"):
        page.get_by_text(name).click()
    found = _findings(page)
    page.get_by_role("textbox", name="Points").fill("-500")
    page.get_by_label("Why").fill("A mistake")
    page.get_by_role("button", name="Book").click()
    expect(page.get_by_text("There are 10 points.")).to_be_visible()
    found += _findings(page)
    page.get_by_role("button", name="Sign out").click()
    found += _findings(page)
    assert found == []


def test_a_scan_appears_by_itself_and_is_announced_politely(page: Page, floor: Floor) -> None:
    page.goto("/live")
    rows = page.locator("#scans tr")
    expect(page.locator("#pulse")).to_have_text("Live")
    expect(rows).to_have_count(1)
    floor.scan()
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("Anna")
    expect(rows.first).to_contain_text("+10")
    expect(rows.first).to_have_attribute("data-scan", "2")
    heard = page.locator("[aria-live=polite]")
    expect(heard).to_have_text("Anna, +10 points, balance 20, Shop shop-3.")


def test_the_first_scan_takes_the_place_of_the_empty_page(page: Page, floor: Floor) -> None:
    page.route("**/live/scans*", lambda route: route.fulfill(json={"latest": 0, "scans": []}))
    page.goto("/live")
    page.evaluate("document.querySelectorAll('#scans tr').forEach((row) => row.remove())")
    expect(page.get_by_text("Nothing scanned yet")).to_be_visible()
    page.unroute("**/live/scans*")
    expect(page.locator("#scans tr")).to_have_count(1)
    expect(page.get_by_text("Nothing scanned yet")).to_be_hidden()


def test_the_live_page_says_that_it_lost_the_connection_and_goes_on_when_it_is_back(
    page: Page, floor: Floor
) -> None:
    page.goto("/live")
    expect(page.locator("#pulse")).to_have_text("Live")
    page.context.set_offline(True)
    expect(page.locator("#pulse")).to_have_text("No connection, trying again")
    floor.scan()
    page.context.set_offline(False)
    expect(page.locator("#pulse")).to_have_text("Live")
    expect(page.locator("#scans tr")).to_have_count(2)


def test_the_live_page_says_that_it_is_signed_out(page: Page, floor: Floor) -> None:
    page.goto("/live")
    expect(page.locator("#pulse")).to_have_text("Live")
    page.context.clear_cookies()
    expect(page.locator("#pulse")).to_have_text("You are signed out.")
    page.get_by_role("link", name="Sign in again").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_without_javascript_the_live_page_has_the_scans_and_a_link_to_look_again(
    browser: Browser, floor: Floor
) -> None:
    context = browser.new_context(base_url=floor.address, java_script_enabled=False)
    page = context.new_page()
    _sign_in(page)
    page.goto("/live")
    floor.scan()
    expect(page.locator("#scans tr")).to_have_count(1)
    page.get_by_role("link", name="Look again").click()
    expect(page.locator("#scans tr")).to_have_count(2)
    page.goto("/batches")
    page.get_by_role("link", name="Rename Opening day").click()
    page.get_by_label("Name of the batch").fill("Grand opening")
    page.get_by_role("button", name="Save the name").click()
    expect(page.get_by_role("link", name="Grand opening", exact=True)).to_be_visible()
    page.goto(f"/cards/{floor.card.id}")
    page.get_by_text("Revoke …").click()
    page.get_by_role("button", name="Revoke the card").click()
    expect(page.get_by_text("The card is revoked.")).to_be_visible()
    context.close()


def test_a_card_s_code_is_large_enough_to_be_read_from_the_screen(page: Page, floor: Floor) -> None:
    for size in (TABLET, PHONE):
        page.set_viewport_size(size)
        page.goto(f"/cards/{floor.card.id}")
        code = page.get_by_role("img", name=f"QR code of card {floor.card.printed_id}")
        box = code.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 280
        assert _read(code.screenshot()) == payload(floor.card.code, floor.office.config.public_url)


def test_a_claim_s_code_reads_as_its_text(page: Page, floor: Floor) -> None:
    kiosk = floor.office.floor.kiosk(_location_of(floor), "Terrace", KioskState.CREATED)
    page.goto(f"/kiosks/{kiosk.id}")
    page.get_by_role("button", name="Enrol it: show its claim").click()
    text = page.get_by_label("The claim as text").input_value()
    assert text.startswith(CLAIM_PREFIX)
    assert _read(page.get_by_role("img", name="Enrolment claim for Terrace").screenshot()) == text
    assert _findings(page) == []


def test_a_large_batch_is_made_while_one_looks_on(page: Page, floor: Floor) -> None:
    page.goto("/batches/new")
    page.get_by_label("Name").fill("Many")
    page.get_by_label("Number of cards").fill("1600")
    page.get_by_role("button", name="Make the cards").click()
    expect(page.get_by_role("progressbar")).to_have_count(0)
    expect(page.locator(".figure-box").first).to_have_text("Cards1,600")


def test_everything_can_be_reached_and_done_by_keyboard(page: Page, floor: Floor) -> None:
    page.goto(f"/customers/{floor.anna.id}")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    archive = page.locator("summary", has_text="Archive …")
    archive.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Archive Anna")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Archive Anna")).to_be_hidden()
    expect(archive).to_be_focused()


def test_a_double_click_books_once(page: Page, floor: Floor) -> None:
    page.goto(f"/customers/{floor.anna.id}")
    page.get_by_text("Give a reward").click()
    page.get_by_role("button", name="Give it").dblclick()
    expect(page.get_by_text("The reward is given.")).to_be_visible()
    expect(page.get_by_text("Ready to use")).to_have_count(2)


def _location_of(floor: Floor) -> Location:
    with floor.office.database.reading() as session:
        return session.get_one(Location, floor.kiosk.location_id)


def _read(png: bytes) -> str:
    [found] = zxingcpp.read_barcodes(imdecode(frombuffer(png, uint8), IMREAD_GRAYSCALE))
    return found.text

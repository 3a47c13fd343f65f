"""What a code before the camera comes to: its screen, its event, and what follows at the edge."""

import re
import signal
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from contracts.card_code import CardCode, payload
from tests.end_to_end.shop import Shop
from tests.end_to_end.site import Site, eventually
from tests.factories.cards import as_png, card_image, qr_image, two_cards_image

WIFI = "WIFI:S:guests;T:WPA;P:very-secret-password;;"
FOREIGN = "This is not one of our cards"


@pytest.fixture(scope="module")
def shop(site: Site) -> Shop:
    return Shop(site)


def new_scan(site: Site, known: int) -> dict[str, object]:
    """Wait for one scan more than were known, and return it."""
    scans = eventually(lambda: site.scans()[known:], "the scan is in the database")
    assert len(scans) == 1
    return dict(scans[0]._mapping)


def test_an_unlinked_card_is_told_how_to_be_linked(site: Site, page: Page) -> None:
    known = len(site.scans())
    site.show(site.card("unlinked-card.png").url)
    expect(page.locator("body")).to_contain_text("Make this card yours")
    scan = new_scan(site, known)
    assert (scan["outcome"], scan["customer_id"], scan["points_earned"]) == ("unlinked", None, 0)


def test_a_revoked_card_is_refused_and_earns_nothing(site: Site, page: Page) -> None:
    known = len(site.scans())
    site.show(site.card("revoked-card.png").url)
    expect(page.locator("body")).to_contain_text("no longer valid")
    scan = new_scan(site, known)
    assert (scan["outcome"], scan["points_earned"]) == ("revoked", 0)


def test_a_card_that_nobody_issued_is_unknown(site: Site, shop: Shop, page: Page) -> None:
    known = len(site.scans())
    site.show(payload(CardCode.random(), shop.config.public_url))
    expect(page.locator("body")).to_contain_text("We don’t know this card yet")
    scan = new_scan(site, known)
    assert (scan["outcome"], scan["card_id"]) == ("unknown_card", None)
    assert scan["lookup"] is not None


@pytest.mark.parametrize(
    "text",
    [
        WIFI,
        "https://kaart.elsewhere.example/C/0024H36H2NCSVRH6DAQF6DVVQZ",
        "HELLO " * 200,
        bytes(range(256)) * 2,
    ],
    ids=["Wi-Fi", "another host", "long", "binary"],
)
def test_a_code_that_is_not_ours_leaves_the_kiosk_only_as_a_hash(
    site: Site, page: Page, text: str | bytes
) -> None:
    known = len(site.scans())
    luma = qr_image(text, module=3)
    site.show_image(as_png(luma))
    expect(page.locator("body")).to_contain_text(FOREIGN)
    scan = new_scan(site, known)
    assert (scan["outcome"], scan["lookup"]) == ("foreign_code", None)
    assert len(bytes(scan["code_hash"])) == 8  # type: ignore[arg-type]


def test_the_words_of_a_foreign_code_are_nowhere_at_the_edge_nor_in_any_log(site: Site) -> None:
    eventually(lambda: site.rows("SELECT 1 FROM scan WHERE outcome = 'foreign_code'"), "it was scanned")
    secret = b"very-secret-password"
    files = [path for path in site.demo.folder.rglob("*") if path.is_file() and path.stat().st_size < 2**28]
    assert [path for path in files if secret in path.read_bytes()] == []


def test_our_host_with_a_wrong_code_is_a_card_that_we_do_not_know(site: Site, shop: Shop, page: Page) -> None:
    known = len(site.scans())
    site.show(f"{shop.config.public_url}/C/NOTACODE".upper())
    expect(page.locator("body")).to_contain_text("We don’t know this card yet")
    scan = new_scan(site, known)
    assert (scan["outcome"], scan["lookup"]) == ("unknown_card", None)


def test_two_cards_at_once_are_told_apart_and_neither_is_counted(site: Site, page: Page) -> None:
    known = len(site.scans())
    site.show_luma(two_cards_image(site.customers_card(0).url, site.customers_card(1).url))
    expect(page.locator("body")).to_contain_text("I see more than one card")
    scan = new_scan(site, known)
    assert (scan["outcome"], scan["customer_id"], scan["points_earned"]) == ("several_codes", None, 0)


def test_the_same_card_shortly_afterwards_is_told_that_it_was_counted(site: Site, page: Page) -> None:
    card, known = site.customers_card(2), len(site.scans())
    site.show(card.url, seed=1)
    new_scan(site, known)
    page.wait_for_timeout(1_600)
    site.show(card.url, seed=2)
    # In the customer's own language, whichever that is.
    words = "Already counted|Al geteld|Déjà comptée?|Bereits gezählt|Schon gezählt"
    expect(page.locator("body")).to_contain_text(re.compile(words))
    assert len(site.scans()) == known + 1


def test_a_card_held_still_is_one_scan(site: Site, page: Page) -> None:
    card, known = site.customers_card(3), len(site.scans())
    for seed in range(12):
        site.show(card.url, seed=seed)
    new_scan(site, known)


def test_the_screen_goes_back_to_waiting_by_itself(site: Site, page: Page) -> None:
    site.show(site.customers_card(4).url)
    expect(page.locator("body")).not_to_contain_text("Hold your card")
    expect(page.locator("body")).to_contain_text("Hold your card", timeout=30_000)


def test_a_card_issued_a_second_ago_is_recognised_as_soon_as_it_reaches_the_kiosk(
    site: Site, shop: Shop, page: Page
) -> None:
    """The edge's worker stands still while the card is made, so the kiosk cannot know it yet."""
    known = len(site.scans())
    site.signal("worker", signal.SIGSTOP)
    try:
        url = shop.issue_linked_card("Fenna")
        site.show(url)
        expect(page.locator("body")).to_contain_text("We don’t know this card yet")
    finally:
        site.signal("worker", signal.SIGCONT)
    expect(page.locator("body")).to_contain_text("Fenna")
    expect(page.locator("body")).to_contain_text("11")
    scan = new_scan(site, known)
    assert (scan["outcome"], scan["points_earned"]) == ("unknown_card", 11)


def test_revoking_reaches_a_connected_kiosk_before_the_next_person_does(
    site: Site, shop: Shop, page: Page
) -> None:
    url = shop.issue_linked_card("Gerrit")
    eventually(lambda: shop.published_revision(url), "the card is published")
    shop.revoke(url)
    revision = eventually(lambda: shop.published_revision(url), "the revocation is published")
    eventually(lambda: int(str(site.status()["revision"])) >= revision, "the kiosk has it", 5)
    site.show(url)
    expect(page.locator("body")).to_contain_text("no longer valid")


class TestPicturesThatAreNone:
    """The virtual camera refuses them in words, and the kiosk goes on."""

    @pytest.mark.parametrize(
        "data",
        [b"", b"not a picture", as_png(card_image("X"))[:2_000], b"\xff\xd8\xff\xe0" + bytes(500)],
        ids=["nothing", "text", "a truncated PNG", "a broken JPEG"],
    )
    def test_an_unreadable_image_is_refused(self, site: Site, data: bytes) -> None:
        known = len(site.scans())
        assert site.show_image(data) == 422
        assert len(site.scans()) == known

    def test_a_huge_image_is_refused_by_its_header(self, site: Site) -> None:
        huge = bytearray(as_png(np.zeros((8, 8), np.uint8)))
        huge[16:24] = (60_000).to_bytes(4) * 2
        assert site.show_image(bytes(huge)) == 422

    def test_a_page_of_another_site_cannot_hold_pictures_before_the_camera(self, site: Site) -> None:
        picture = as_png(card_image(site.customers_card(5).url))
        known = len(site.scans())
        assert site.show_image(picture, {"Origin": "https://evil.example"}) == 403
        assert len(site.scans()) == known
        assert site.show_image(picture) == 200

    def test_the_kiosk_reads_on_afterwards(self, site: Site, page: Page) -> None:
        site.show(WIFI, seed=3)
        expect(page.locator("body")).to_contain_text(FOREIGN)


def test_no_log_holds_a_cards_code(site: Site) -> None:
    codes = [card.url.rpartition("/")[2].encode() for card in site.cards()]
    logs: list[Path] = list(site.demo.logs.glob("*.log"))
    assert logs
    for log in logs:
        text = log.read_bytes().upper()
        assert [code for code in codes if code in text] == []


def test_every_scan_was_settled_and_the_outbox_is_empty(site: Site) -> None:
    eventually(lambda: site.status()["waiting_events"] == 0, "every event is acknowledged")
    unsettled = site.rows(
        "SELECT count(*) FROM scan LEFT JOIN settlement USING (event_id) WHERE settlement.number IS NULL"
    )
    assert unsettled[0][0] == 0

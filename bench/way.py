"""How long from a frame that the scanner took to its customer's name in the browser, and to the points.

The aim is 100 ms at 720p.
"""

import shutil
import time

from playwright.sync_api import Page, sync_playwright

from bench.figures import HEAD, row
from bench.site import running_site
from tests.end_to_end.shop import Shop
from tests.end_to_end.site import Site
from tests.factories.cards import as_png, card_image

CARDS = 100
_CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]

_WATCH = """
window.seen = [];
new MutationObserver(() => {
  const screen = document.querySelector("[data-outcome]");
  const words = screen ? screen.dataset.outcome + " " + screen.innerText : "";
  window.seen.push([performance.timeOrigin + performance.now(), words]);
}).observe(document, {subtree: true, childList: true, characterData: true, attributes: true});
"""


def main() -> None:
    """Print the times over ``CARDS`` cards."""
    with running_site() as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_CHROMIUM)
        page = browser.new_page(viewport={"width": 800, "height": 480})
        page.add_init_script(_WATCH)
        page.goto(site.page())
        shown, earned = _measure(site, page)
        browser.close()
    print(HEAD)
    print(row("frame taken → name in the DOM", shown))
    print(row("frame taken → what the visit earned in the DOM", earned))


def _measure(site: Site, page: Page) -> tuple[list[float], list[float]]:
    shown: list[float] = []
    earned: list[float] = []
    for card in Shop(site).linked_cards()[:CARDS]:
        picture = as_png(card_image(card.url, size=(1280, 720), seed=card.id))
        site.show_image(picture)
        taken = time.time() * 1000
        page.wait_for_timeout(700)
        seen = page.evaluate("window.seen.splice(0)")
        names = [at for at, words in seen if words.startswith("recognised") and card.first_name in words]
        points = [at for at, words in seen if card.first_name in words and "+ 11" in words]
        if names:
            shown.append(max(0.0, names[0] - taken))
        if points:
            earned.append(points[0] - taken)
    return shown, earned


if __name__ == "__main__":
    main()

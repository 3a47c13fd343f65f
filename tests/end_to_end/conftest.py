"""One running site for the tests of a module, and the kiosk's page in a real browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.end_to_end.site import Site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with everything running and the kiosk's replica whole."""
    running = Site(tmp_path_factory.mktemp("site") / "var")
    try:
        running.start()
        yield running.ready()
    finally:
        running.close()


@pytest.fixture
def page(site: Site, browser: Browser) -> Iterator[Page]:
    """The kiosk's page at the size of its usual panel."""
    opened = browser.new_page(viewport={"width": 800, "height": 480})
    opened.goto(site.page())
    yield opened
    opened.close()

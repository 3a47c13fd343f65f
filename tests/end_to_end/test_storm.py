"""Whatever is killed when: no event is lost or counted twice, and each success that was shown is stored."""

import os

import pytest
from playwright.sync_api import Page

from tests.end_to_end.site import Site
from tests.end_to_end.storm import Storm, add_up, settle_down


def weather(site: Site, page: Page, kills: int) -> None:
    seed = int(os.environ.get("WELKOM_STORM_SEED", "20261121"))
    tally = Storm(site, page, seed).rage(kills)
    settle_down(site)
    print(f"\nseed {seed}: {tally.held} cards held, {len(tally.shown)} results shown, kills {tally.kills}")
    assert sum(tally.kills.values()) == kills
    assert len(tally.shown) > kills / 2
    add_up(site, tally)


@pytest.mark.timeout(900)
def test_fifty_kills_lose_and_double_nothing(site: Site, page: Page) -> None:
    weather(site, page, 50)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_five_hundred_kills_lose_and_double_nothing(site: Site, page: Page) -> None:
    weather(site, page, 500)

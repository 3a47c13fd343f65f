"""The reception speaks of outcomes, and the stage shows their screens."""

from zoneinfo import ZoneInfo

import pytest

from contracts.events import OutcomeName
from kiosk.display.languages import load_languages
from kiosk.display.panel import Panel
from kiosk.display.screens import Screens
from kiosk.display.stage import Stage
from kiosk.outcomes import Recognised, UnknownCard
from tests.factories.front_desk import customer
from tests.fakes.kiosk_clock import KioskClock


@pytest.fixture
def screens() -> Screens:
    return Screens(load_languages(), "nl", ZoneInfo("Europe/Amsterdam"))


@pytest.fixture
def stage(screens: Screens) -> Stage:
    return Stage(screens.waiting())


@pytest.fixture
def panel(stage: Stage, screens: Screens) -> Panel:
    return Panel(stage, screens, KioskClock())


def test_an_outcome_is_shown_and_stays_as_long_as_its_screen_says(panel: Panel, stage: Stage) -> None:
    stays = panel.show(Recognised(customer("Zoë")))
    screen = stage.current().screen
    assert screen.outcome is OutcomeName.RECOGNISED
    assert "Zoë" in screen.title
    assert stays == screen.hold_seconds
    assert stays > 1


def test_the_next_person_is_invited_again(panel: Panel, stage: Stage, screens: Screens) -> None:
    panel.show(UnknownCard())
    panel.wait()
    assert stage.current().screen == screens.waiting()


def test_each_showing_is_news_to_the_page(panel: Panel, stage: Stage) -> None:
    before = stage.current().version
    panel.show(UnknownCard())
    panel.show(UnknownCard(offline=True))
    assert stage.current().version == before + 2

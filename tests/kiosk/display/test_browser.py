"""In a real Chromium: screens appear, fit, and can be read; the page copes with losing its server."""

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from kiosk.display.page import create_page
from kiosk.display.screen import Screen
from kiosk.display.server import Server
from kiosk.display.stage import Stage
from kiosk.outcomes import Earned, Recognised
from tests.kiosk.display.conftest import HEARTBEAT, FakeCamera
from tests.kiosk.display.samples import ANNA, LANGUAGES, NOW, OUTCOMES, in_language, screens

SIZES = [(800, 480), (1280, 800), (1920, 1080), (720, 1280)]

CUT_OFF = """() => {
  const wrong = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth || root.scrollHeight > root.clientHeight) wrong.push("scrolls");
  for (const side of document.querySelectorAll(".paper, .stub")) {
    const edge = side.getBoundingClientRect();
    for (const part of side.querySelectorAll("*:not(svg *)")) {
      const box = part.getBoundingClientRect();
      if (box.right > edge.right + 1 || box.bottom > edge.bottom + 1) wrong.push(part.className);
    }
  }
  for (const text of document.querySelectorAll(".figure, .gain, .status, .unit, .text, .heading")) {
    const range = document.createRange();
    range.selectNodeContents(text);
    const side = text.closest(".paper, .stub").getBoundingClientRect();
    if (range.getBoundingClientRect().right > side.right) wrong.push(`${text.className} is cut off`);
  }
  for (const title of document.querySelectorAll(".screen--message .title")) {
    const halfLine = parseFloat(getComputedStyle(title).fontSize) / 2;
    if (title.scrollHeight > title.clientHeight + halfLine) wrong.push("title is cut off");
  }
  const foot = document.querySelector(".footnote")?.getBoundingClientRect();
  const held = document.querySelector(".holdings, .text")?.getBoundingClientRect();
  if (foot && held && held.bottom > foot.bottom) wrong.push("footnote is covered");
  return wrong;
}"""


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages, each in a fresh context; an error in one of their scripts fails the test."""
    contexts = []
    errors: list[str] = []

    def start(server: Server, path: str = "/", size: tuple[int, int] = SIZES[0]) -> Page:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce", locale="nl-NL"
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"http://127.0.0.1:{server.port}{path}")
        return page

    yield start
    for context in contexts:
        context.close()
    assert errors == []


def show(page: Page, stage: Stage, screen: Screen) -> None:
    """Put a screen on, and wait until the page has it."""
    version = stage.show(screen)
    page.wait_for_selector(f'body[data-shown="{stage.run}-{version}"]')


def all_screens(language: str) -> dict[str, Screen]:
    made = screens(language)
    outcomes = {name: made.of(in_language(each, language), NOW) for name, each in OUTCOMES.items()}
    return {"waiting": made.waiting(), **outcomes}


def test_a_screen_that_is_shown_appears_with_its_language_and_tone(
    server: Server, stage: Stage, open_page: Callable[..., Page]
) -> None:
    page = open_page(server)
    expect(page.get_by_role("heading", level=1)).to_have_text("Houd je kaart voor de camera")
    show(page, stage, all_screens("fr")["rewarded"])
    expect(page.get_by_role("heading", level=1)).to_have_text("Bonjour Anna\N{NARROW NO-BREAK SPACE}!")
    expect(page.locator(".result")).to_have_text("+ 10 points")
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    expect(page.locator("html")).to_have_attribute("data-tone", "ok")
    expect(page.get_by_role("main")).to_have_attribute("aria-live", "polite")


def test_what_the_visit_earned_appears_without_anything_else_moving(
    server: Server, stage: Stage, open_page: Callable[..., Page]
) -> None:
    page = open_page(server)
    show(page, stage, screens().of(Recognised(ANNA), NOW))
    fixed = ".seal, .title, .figure, .unit"
    before = [each.bounding_box() for each in page.locator(fixed).all()]
    show(page, stage, screens().of(Recognised(ANNA, earned=Earned(10)), NOW))
    expect(page.locator(".gain")).to_have_text("+ 10")
    assert [each.bounding_box() for each in page.locator(fixed).all()] == before


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_frame_of_the_screen_stays_where_it_is_whatever_comes_on(
    size: tuple[int, int], server: Server, stage: Stage, open_page: Callable[..., Page]
) -> None:
    page = open_page(server, size=size)
    places = set()
    for screen in all_screens("nl").values():
        show(page, stage, screen)
        boxes = [each.bounding_box() for each in page.locator(".stub, .seal, .paper").all()]
        places.add(str(boxes))
    assert len(places) == 1


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_nothing_scrolls_or_is_cut_off_on_any_screen(
    size: tuple[int, int], language: str, server: Server, stage: Stage, open_page: Callable[..., Page]
) -> None:
    page = open_page(server, size=size)
    wrong = {}
    for name, screen in all_screens(language).items():
        show(page, stage, screen)
        wrong[name] = page.evaluate(CUT_OFF)
    assert {name: found for name, found in wrong.items() if found} == {}


@pytest.mark.parametrize("points", [0, 7, 1240, 99_999, 999_999, 9_999_999, 12_345_678])
def test_the_balance_is_at_least_60_pixels_high_on_the_smallest_screen(
    points: int, server: Server, stage: Stage, open_page: Callable[..., Page]
) -> None:
    page = open_page(server)
    customer = type(ANNA)(as_of=NOW, greeting_name="Anna", language="nl", points=points)
    show(page, stage, screens().of(Recognised(customer), NOW))
    size = page.locator(".figure").evaluate("figure => parseFloat(getComputedStyle(figure).fontSize)")
    assert size >= 60
    box = page.locator(".figure").bounding_box()
    assert box is not None
    assert box["height"] >= 60


@pytest.mark.parametrize("name", ["waiting", *OUTCOMES])
def test_assistive_technology_finds_nothing_serious(
    name: str, server: Server, stage: Stage, open_page: Callable[..., Page]
) -> None:
    page = open_page(server)
    show(page, stage, all_screens("nl")[name])
    found = Axe().run(page).response["violations"]
    assert [each["id"] for each in found if each["impact"] in {"serious", "critical"}] == []


def test_the_newest_page_displaces_the_older_which_hides_what_was_on(
    server: Server, stage: Stage, open_page: Callable[..., Page]
) -> None:
    older = open_page(server)
    show(older, stage, all_screens("nl")["rewarded"])
    newer = open_page(server)
    expect(older.locator("body")).to_have_attribute("data-connection", "elsewhere")
    expect(older.get_by_text("Hallo Anna!")).not_to_be_visible()
    expect(older.get_by_role("status")).to_have_text("Dit scherm is ergens anders geopend")
    show(newer, stage, all_screens("nl")["waiting"])


def test_a_displaced_page_takes_over_when_it_is_touched(
    server: Server, stage: Stage, open_page: Callable[..., Page]
) -> None:
    older = open_page(server)
    newer = open_page(server)
    expect(older.locator("body")).to_have_attribute("data-connection", "elsewhere")
    older.locator(".sign").click()
    expect(newer.locator("body")).to_have_attribute("data-connection", "elsewhere")
    show(older, stage, all_screens("nl")["revoked"])


def test_a_displaced_page_takes_over_when_the_newer_one_is_gone(
    server: Server, stage: Stage, open_page: Callable[..., Page]
) -> None:
    older = open_page(server)
    older.clock.install()
    newer = open_page(server)
    expect(older.locator("body")).to_have_attribute("data-connection", "elsewhere")
    newer.close()
    while stage.is_watched():
        older.wait_for_timeout(20)
    older.clock.fast_forward("00:11")
    show(older, stage, all_screens("nl")["revoked"])


def test_a_lost_server_is_told_quietly_and_the_page_finds_it_again(
    app: Flask, stage: Stage, serving: Callable[..., Server], open_page: Callable[..., Page]
) -> None:
    server = serving(app)
    page = open_page(server)
    show(page, stage, all_screens("nl")["rewarded"])
    server.close()
    expect(page.get_by_role("status")).to_have_text("Geen verbinding met de kiosk")
    expect(page.get_by_text("Hallo Anna!")).to_be_visible()
    serving(app, server.port)
    show(page, stage, all_screens("nl")["waiting"])
    expect(page.locator("body")).to_have_attribute("data-connection", "open")
    expect(page.get_by_role("status")).to_have_text("")


def test_a_page_without_a_server_forgets_the_customer_after_a_while(
    app: Flask, stage: Stage, serving: Callable[..., Server], open_page: Callable[..., Page]
) -> None:
    server = serving(app)
    page = open_page(server)
    page.clock.install()
    page.reload()
    show(page, stage, all_screens("nl")["rewarded"])
    server.close()
    expect(page.locator("body")).to_have_attribute("data-connection", "lost")
    page.clock.fast_forward("00:31")
    expect(page.locator("body")).to_have_attribute("data-connection", "gone")
    expect(page.get_by_text("Hallo Anna!")).not_to_be_visible()


def test_a_page_loads_itself_anew_when_the_server_is_of_another_build(
    stage: Stage, serving: Callable[..., Server], open_page: Callable[..., Page]
) -> None:
    def build(name: str) -> Flask:
        return create_page(stage, LANGUAGES["nl"], build=name, heartbeat_seconds=HEARTBEAT)

    server = serving(build("old"))
    page = open_page(server)
    expect(page.locator("body")).to_have_attribute("data-build", "old")
    server.close()
    serving(build("new"), server.port)
    expect(page.locator("body")).to_have_attribute("data-build", "new")
    show(page, stage, all_screens("nl")["revoked"])


def test_a_name_with_markup_is_never_run(
    server: Server, stage: Stage, open_page: Callable[..., Page]
) -> None:
    name = "<img src=x onerror=document.title='run'>"
    customer = type(ANNA)(as_of=NOW, greeting_name=name, language="nl")
    page = open_page(server)
    show(page, stage, screens().of(Recognised(customer), NOW))
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Hallo {name}!")
    assert page.title() == "Welkom"
    assert page.locator("#stage img").count() == 0


def test_a_picked_demo_card_is_held_before_the_camera(
    server: Server, camera: FakeCamera, open_page: Callable[..., Page]
) -> None:
    page = open_page(server, "/virtual-camera", (1280, 800))
    page.get_by_role("button", name="Anna").click()
    expect(page.locator(".result")).to_contain_text("Taken, 120 × 90 pixels.")
    assert [luma.shape for luma in camera.taken] == [(90, 120)]


def test_a_chosen_photo_is_held_before_the_camera_and_a_bad_one_is_told(
    server: Server, camera: FakeCamera, open_page: Callable[..., Page], tmp_path: Path
) -> None:
    cv2.imwrite(str(tmp_path / "photo.jpg"), np.full((60, 80), 90, np.uint8))
    (tmp_path / "letter.png").write_text("Dear kiosk")
    page = open_page(server, "/virtual-camera", (1280, 800))
    page.get_by_label("Drop a photo here").set_input_files([tmp_path / "photo.jpg", tmp_path / "letter.png"])
    results = page.locator(".result")
    expect(results).to_have_count(2)
    expect(results.nth(1)).to_contain_text("photo.jpg")
    expect(results.nth(1)).to_have_attribute("data-tone", "ok")
    expect(results.nth(0)).to_contain_text("letter.png")
    expect(results.nth(0)).to_have_attribute("data-tone", "refused")
    assert len(camera.taken) == 1


def test_a_dropped_photo_is_held_before_the_camera(
    server: Server, camera: FakeCamera, open_page: Callable[..., Page]
) -> None:
    page = open_page(server, "/virtual-camera", (1280, 800))
    dropped = page.evaluate_handle(
        """async () => {
          const picture = await fetch("/virtual-camera/cards/bram.png");
          const transfer = new DataTransfer();
          transfer.items.add(new File([await picture.blob()], "dropped.png"));
          return transfer;
        }"""
    )
    page.locator("body").dispatch_event("drop", {"dataTransfer": dropped})
    expect(page.locator(".result")).to_contain_text("dropped.png")
    assert len(camera.taken) == 1


def test_a_camera_that_takes_nothing_is_told_on_the_page(
    server: Server, camera: FakeCamera, open_page: Callable[..., Page]
) -> None:
    camera.stopped = True
    page = open_page(server, "/virtual-camera", (1280, 800))
    page.get_by_role("button", name="Anna").click()
    expect(page.locator(".result")).to_contain_text("the scanner took no picture in time")


@pytest.mark.parametrize("size", [(1280, 800), (600, 900)], ids=str)
def test_the_virtual_cameras_page_is_accessible_and_never_scrolls_sideways(
    size: tuple[int, int], server: Server, open_page: Callable[..., Page]
) -> None:
    page = open_page(server, "/virtual-camera", size)
    page.get_by_role("button", name="Anna").click()
    expect(page.locator(".result")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    found = Axe().run(page).response["violations"]
    assert [each["id"] for each in found if each["impact"] in {"serious", "critical"}] == []

"""Takes the README's screenshots anew from a running demo: ``make screenshots``."""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.end_to_end.site import eventually, free_ports
from tests.factories.cards import as_jpeg, card_image

FOLDER = Path(__file__).parents[1] / "docs" / "images"
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
_PORTS = ("--http", "--kiosk-api", "--mqtt", "--service", "--page")


def main() -> None:
    """Start a demo of its own, show some cards, and take the pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        ports = dict(zip(_PORTS, map(str, free_ports(5)), strict=True))
        options = [word for pair in ports.items() for word in pair]
        output = Path(folder) / "output.txt"
        with output.open("wb") as out:
            demo = subprocess.Popen(
                [sys.executable, "-m", "provisioning.demo", "--dir", f"{folder}/var", *options], stdout=out
            )
        try:
            eventually(lambda: "Welkom is running" in output.read_text(), "the demo runs", 120)
            _take(Path(folder) / "var", ports)
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait(30)


def _take(folder: Path, ports: dict[str, str]) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_ARGUMENTS)
        kiosk = f"http://127.0.0.1:{ports['--page']}"
        screen = _page(browser, kiosk + "/", 800, 480)
        _shot(screen, "kiosk-waiting")
        for number, card in enumerate(_cards(folder)):
            answer = screen.request.post(
                kiosk + "/virtual-camera/frame", data=as_jpeg(card_image(card["url"], seed=number))
            )
            assert answer.ok  # noqa: S101
            time.sleep(1.5)
            if number == 0:
                _shot(screen, "kiosk-recognised")
        _shot(_page(browser, kiosk + "/virtual-camera", 1100, 720), "virtual-camera")
        office = _page(browser, f"http://127.0.0.1:{ports['--http']}/", 1280, 800)
        _sign_in(office, folder)
        _shot(office, "back-office-overview")
        office.goto(f"http://127.0.0.1:{ports['--http']}/live")
        _shot(office, "back-office-live")
        browser.close()


def _cards(folder: Path) -> list[dict[str, str]]:
    cards: list[dict[str, str]] = json.loads((folder / "demo" / "cards" / "cards.json").read_text())
    return sorted(cards, key=lambda card: (not card["reward"], bool(card["note"])))


def _page(browser: Browser, url: str, width: int, height: int) -> Page:
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto(url)
    return page


def _sign_in(page: Page, folder: Path) -> None:
    told = dict(
        line.split(":", 1)
        for line in (folder / "demo" / "sign-in.txt").read_text().splitlines()
        if ":" in line
    )
    page.fill("input[name=email]", told["E-mail"].strip())
    page.fill("input[name=password]", told["Password"].strip())
    page.click("button[type=submit]")
    page.wait_for_url("**/")


def _shot(page: Page, name: str) -> None:
    page.wait_for_timeout(700)
    page.screenshot(path=FOLDER / f"{name}.png")
    print(f"{FOLDER / name}.png")


if __name__ == "__main__":
    main()

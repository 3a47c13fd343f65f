"""The main job, by the commands a newcomer uses: `make demo`, and a card before the camera."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end.site import eventually, free_ports
from tests.factories.cards import as_jpeg, card_image


@dataclass(frozen=True, slots=True)
class RunningDemo:
    """A demo that says it is running."""

    folder: Path
    http: int
    page: int
    words: str

    def cards(self) -> list[dict[str, object]]:
        listed: list[dict[str, object]] = json.loads((self.folder / "demo/cards/cards.json").read_text())
        return listed

    def query(self, text: str) -> list[sa.Row[tuple[object, ...]]]:
        engine = sa.create_engine(f"sqlite:///{self.folder}/edge/edge.sqlite")
        with engine.connect() as connection:
            found = list(connection.execute(sa.text(text)))
        engine.dispose()
        return found


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    folder = tmp_path_factory.mktemp("demo") / "var"
    ports = free_ports(5)
    names = ("--http", "--kiosk-api", "--mqtt", "--service", "--page")
    options = [word for pair in zip(names, map(str, ports), strict=True) for word in pair]
    arguments = [sys.executable, "-m", "provisioning.demo", "--dir", str(folder), *options]
    output = folder.with_name("output.txt")
    with output.open("wb") as out:
        process = subprocess.Popen(arguments, stdout=out, stderr=out, start_new_session=True)
    try:
        eventually(lambda: "Welkom is running" in output.read_text(), "the demo says that it runs", 90)
        yield RunningDemo(folder, ports[0], ports[4], output.read_text())
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
    assert process.returncode == 0
    assert "The demo has ended" in output.read_text()


def hold_card(page: Page, demo: RunningDemo, card: dict[str, object], seed: int) -> None:
    """Post a photo-like picture of a card as the virtual camera's page does."""
    answer = page.request.post(
        f"http://127.0.0.1:{demo.page}/virtual-camera/frame",
        data=as_jpeg(card_image(str(card["url"]), seed=seed)),
    )
    assert answer.status == 200


def test_a_card_before_the_camera_becomes_points_in_the_back_office_and_a_balance_on_the_screen(
    demo: RunningDemo, browser: Browser
) -> None:
    card = next(each for each in demo.cards() if each["reward"] and not each["note"])
    before = int(str(card["points"]))
    page = browser.new_page(viewport={"width": 800, "height": 480})
    page.goto(f"http://127.0.0.1:{demo.page}/")

    hold_card(page, demo, card, seed=7)
    body = page.locator("body")
    expect(body).to_contain_text(str(card["name"]).split()[0])
    expect(body).to_contain_text(str(card["reward"]))
    expect(body).to_contain_text("11")
    expect(body).to_contain_text(str(before + 11))

    scans = demo.query("SELECT outcome, points_earned, balance FROM scan")
    assert [tuple(each) for each in scans] == [("recognised", 11, before + 11)]
    booked = demo.query(
        "SELECT sum(points) FROM visit JOIN scan USING (customer_id) JOIN ledger_entry"
        " ON ledger_entry.source_ref = visit.source_ref AND visit.at = scan.at"
    )
    assert booked[0][0] == 11

    # Within five seconds the demo's kiosk takes it for the same visit; later it is another scan, which
    # the campaign with a cooling-off time leaves alone.
    page.wait_for_timeout(5_500)
    hold_card(page, demo, card, seed=8)
    expect(body).to_contain_text(str(before + 12))
    assert [each[0] for each in demo.query("SELECT points_earned FROM scan ORDER BY id")] == [11, 1]
    page.close()


def test_the_demo_tells_what_to_do_next(demo: RunningDemo) -> None:
    for wanted in (f":{demo.page}/virtual-camera", f":{demo.http}/", "Password:", "mosquitto_sub"):
        assert wanted in demo.words


def test_everything_that_the_demo_wrote_is_for_its_owner_alone(demo: RunningDemo) -> None:
    open_to_others = [
        path for path in demo.folder.rglob("*") if path.is_file() and path.stat().st_mode & 0o077
    ]
    assert open_to_others == []


def test_the_line_that_shows_the_traffic_shows_it(demo: RunningDemo) -> None:
    line = next(each for each in demo.words.splitlines() if "mosquitto_sub" in each)
    command = line[line.index("mosquitto_sub") :] + " -C 1 -W 20"
    shown = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert shown.stdout.startswith("welkom/v1/")

"""`kiosk doctor` on a whole site: everything good, and each failing part named with what to do about it."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page
from sqlalchemy.orm import Session

from edge_api.fleet.models import Kiosk, KioskState
from kiosk.config import Home
from kiosk.device.clock import SystemClock
from kiosk.doctor.checks import checks_of
from kiosk.doctor.examine import examine
from kiosk.doctor.report import Part, Report, State
from tests.end_to_end.site import Site, eventually
from tests.fakes.kiosk_clock import KioskClock

CLOCK_OF_THIS_MACHINE = State.GOOD if SystemClock().synced() else State.WARNING
ALL_GOOD = dict.fromkeys(Part, State.GOOD) | {Part.CLOCK: CLOCK_OF_THIS_MACHINE}


def doctor(site: Site, *options: str) -> subprocess.CompletedProcess[str]:
    arguments = [sys.executable, "-m", "kiosk", "doctor", "--home", str(site.demo.kiosk), *options]
    return subprocess.run(arguments, capture_output=True, text=True, check=False)


def told(site: Site) -> dict[str, dict[str, str]]:
    """Return the checks of `kiosk doctor --json` by their names."""
    checks: list[dict[str, str]] = json.loads(doctor(site, "--json").stdout)["checks"]
    return {each["name"]: each for each in checks}


def states(site: Site) -> dict[str, str]:
    return {name: check["state"] for name, check in told(site).items()}


def examined(site: Site, clock: KioskClock) -> Report:
    return examine(checks_of(Home(site.demo.kiosk), clock))


def found(report: Report, part: Part) -> tuple[State, str]:
    check = next(each for each in report.checks if each.name == part)
    return check.state, check.found


def set_state(site: Site, state: KioskState) -> None:
    with Session(site.engine) as session, session.begin():
        kiosk = session.get_one(Kiosk, site.status()["kiosk"])
        kiosk.state = state


def test_on_a_site_where_all_is_well_everything_is_good(site: Site, page: Page) -> None:
    done = doctor(site, "--json")
    report = json.loads(done.stdout)
    assert {each["name"]: each["state"] for each in report["checks"]} == ALL_GOOD
    assert report["state"] == CLOCK_OF_THIS_MACHINE
    assert done.returncode == CLOCK_OF_THIS_MACHINE.exit_code
    assert [each["advice"] for each in report["checks"] if each["state"] == "good"] == [""] * sum(
        state is State.GOOD for state in ALL_GOOD.values()
    )


def test_looking_does_not_throw_the_agent_out(site: Site) -> None:
    before = site.log("agent").count("connected to the broker")
    told(site)
    assert site.log("agent").count("connected to the broker") == before
    assert site.status()["connected"]


def test_people_read_a_line_for_each_part(site: Site) -> None:
    lines = [line for line in doctor(site).stdout.splitlines() if "→" not in line]
    assert [line.split()[1] for line in lines] == list(Part)


def test_no_code_and_no_secret_is_in_the_report(site: Site) -> None:
    words = doctor(site).stdout.upper()
    assert [card.file for card in site.cards() if card.url.rpartition("/")[2] in words] == []
    assert "PRIVATE KEY" not in words


def test_without_a_browser_the_page_is_a_warning(site: Site) -> None:
    assert told(site)["page"]["state"] == State.WARNING


def test_without_the_agent_the_doctor_greets_the_broker_itself(site: Site) -> None:
    site.kill("agent")
    try:
        assert told(site)["broker"]["state"] == State.GOOD
        assert "lets" in told(site)["broker"]["found"]
    finally:
        site.start("agent")
        site.ready()


def test_a_killed_broker_is_told_with_what_to_do(site: Site) -> None:
    site.kill("broker")
    try:
        broker = told(site)["broker"]
        assert broker["state"] == State.BAD
        assert str(site.demo.mqtt) in broker["found"]
        assert "Start the broker" in broker["advice"]
    finally:
        site.start("broker")
        site.ready()


def test_a_killed_edge_is_told_with_what_to_do(site: Site) -> None:
    site.kill("web")
    try:
        checks = told(site)
        assert checks["edge"]["state"] == State.BAD
        assert "Start the edge" in checks["edge"]["advice"]
        assert checks["broker"]["state"] == State.GOOD
        assert "the edge's time is not known" in checks["clock"]["found"]
    finally:
        site.start("web")


def test_a_stopped_scanner_leaves_the_camera_to_be_tried(site: Site) -> None:
    site.kill("scanner")
    try:
        eventually(lambda: "does not run" in told(site)["camera"]["found"], "the vitals have grown old")
        checks = told(site)
        assert (checks["camera"]["state"], checks["page"]["state"]) == (State.GOOD, State.BAD)
        assert "Start the scanner" in checks["page"]["advice"]
    finally:
        site.start("scanner")


def test_a_clock_that_differs_from_the_edges_is_told_by_how_much(site: Site) -> None:
    report = examined(site, KioskClock(datetime.now(UTC) + timedelta(hours=3, minutes=5)))
    state, words = found(report, Part.CLOCK)
    assert (state, words) == (State.BAD, "it is 3 hours after the edge's")
    assert found(report, Part.EDGE)[0] is State.GOOD


def test_a_clock_in_1970_is_impossible(site: Site) -> None:
    report = examined(site, KioskClock(datetime(1970, 1, 2, tzinfo=UTC)))
    state, words = found(report, Part.CLOCK)
    assert state is State.BAD
    assert words.startswith("it says 1970-01-02")
    assert found(report, Part.CERTIFICATE)[0] is State.BAD


def test_a_kiosk_that_the_edge_has_revoked_is_told_so(site: Site) -> None:
    set_state(site, KioskState.REVOKED)
    try:
        edge = told(site)["edge"]
        assert (edge["state"], edge["found"]) == (State.BAD, "the edge has revoked this kiosk")
        assert "back office" in edge["advice"]
    finally:
        set_state(site, KioskState.ACTIVE)

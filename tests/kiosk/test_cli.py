"""The command says in a line what is wrong, and its programs start, stop and start again on real files."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from contracts.events import Event, OutcomeName, decode
from kiosk.config import Home
from kiosk.directory.downlink import DownlinkReader, DownlinkWriter
from kiosk.directory.replica import ReplicaWriter
from kiosk.outbox import Outbox
from tests.factories.cards import card_image
from tests.factories.enrolled import enrolled_home
from tests.factories.front_desk import card, customer, sealed, shown
from tests.fakes.patience import eventually

SECONDS = 60


def kiosk(*arguments: str, home: Path, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kiosk", *arguments, "--home", str(home)],
        input=given,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def said_in_one_line(result: subprocess.CompletedProcess[str]) -> str:
    """Return what a command that failed said, and see to it that this is a line for people."""
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    lines = result.stderr.strip().splitlines()
    assert lines[-1].startswith("Error: ")
    return lines[-1]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return enrolled_home(tmp_path / "kiosk")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with two pictures of the same card."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(2):
        cv2.imwrite(str(folder / f"{number}.png"), card_image(shown(card(1)), seed=number))
    return folder


def set_up(home: Home, text: str) -> None:
    home.settings.write_text(text)


# What is wrong is said in a line


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ("colour = 1", "kiosk.toml: Object contains unknown field `colour`"),
        ("[page]\nport = 70000", "$.page.port"),
        ("[camera]\nsource = 'files'\npath = '/nowhere'", "camera.path"),
        ("language = 'tlh'", "language: takes one of de, en, fr, nl"),
    ],
)
def test_bad_settings_are_refused_at_the_start_by_their_key(home: Home, settings: str, named: str) -> None:
    set_up(home, settings)
    assert named in said_in_one_line(kiosk("scanner", home=home.root))


def test_a_port_that_is_taken_is_said_in_a_line(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        set_up(home, f"[page]\nport = {port}")
        assert f"page.port: takes a port that is free, not {port}" in said_in_one_line(
            kiosk("scanner", home=home.root)
        )


@pytest.mark.parametrize("program", ["scanner", "agent"])
def test_a_kiosk_that_is_not_enrolled_says_what_to_do(tmp_path: Path, program: str) -> None:
    assert "run `kiosk enrol` with a claim" in said_in_one_line(kiosk(program, home=tmp_path / "new"))


def test_a_text_that_is_no_claim_is_refused(tmp_path: Path) -> None:
    refused = kiosk("enrol", "-", home=tmp_path / "new", given="hello")
    assert "an enrolment claim begins with WELKOM-CLAIM:1:" in said_in_one_line(refused)
    assert not (tmp_path / "new" / "profile.json").exists()


def test_enrolling_if_needed_does_nothing_on_an_enrolled_kiosk(home: Home) -> None:
    before = home.profile.read_bytes()
    assert kiosk("enrol", "--if-needed", "-", home=home.root, given="hello").returncode == 0
    assert home.profile.read_bytes() == before


# Status


def test_the_status_of_a_new_kiosk_says_that_it_is_not_enrolled_and_makes_no_files(tmp_path: Path) -> None:
    result = kiosk("status", home=tmp_path / "new")
    assert result.returncode == 0
    assert "enrolled        no" in result.stdout
    assert not (tmp_path / "new").exists()


def test_the_status_is_for_people_or_for_programs(home: Home) -> None:
    replica, downlink, outbox = (
        ReplicaWriter(home.replica),
        DownlinkWriter(home.downlink),
        Outbox(home.outbox),
    )
    replica.apply_pulled("e1", [sealed(card(1), customer(), 1), sealed(card(2), customer(), 5)], 7)
    downlink.set_connected(True)
    for _ in range(3):
        outbox.append(lambda stream, seq: b"event")
    told = kiosk("status", home=home.root).stdout
    assert told.splitlines() == [
        "enrolled        yes",
        "kiosk           k-entrance01",
        "connected       yes",
        "cards           2",
        "revision        7",
        "waiting events  3",
    ]
    assert json.loads(kiosk("status", "--json", home=home.root).stdout) == {
        "enrolled": True,
        "kiosk": "k-entrance01",
        "connected": True,
        "cards": 2,
        "revision": 7,
        "waiting_events": 3,
    }
    for each in (replica, downlink, outbox):
        each.close()


def test_damaged_documents_are_told_in_a_line(home: Home) -> None:
    for path in home.root.glob("profile.json*"):
        path.write_bytes(b"damaged")
    assert "must be enrolled again" in said_in_one_line(kiosk("status", home=home.root))


# The programs, on real files


def events(home: Home) -> list[Event]:
    outbox = Outbox(home.outbox)
    found = [decode(each.body, Event) for each in outbox.pending()]
    outbox.close()
    return found


def test_the_scanner_reads_starts_again_and_reads_while_no_agent_runs(home: Home, pictures: Path) -> None:
    replica = ReplicaWriter(home.replica)
    replica.apply_pulled("e1", [sealed(card(1), customer(), 1)], 1)
    replica.close()
    camera = f"[camera]\nsource = 'files'\npath = '{pictures}'\nfps = 5\n"
    set_up(home, camera + "[page]\nport = 0\n[decoder]\ndeadline_ms = 60000")
    for runs in (1, 2):
        result = kiosk("scanner", home=home.root)
        assert result.returncode == 0, result.stderr
        assert [event.scan().outcome for event in events(home)] == [OutcomeName.RECOGNISED] * runs
    assert shown(card(1)) not in result.stderr
    assert card(1).text not in result.stderr


@pytest.fixture
def agent(home: Home) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "kiosk", "agent", "--home", str(home.root)], stderr=subprocess.PIPE, text=True
    )
    yield process
    process.kill()
    process.communicate()


def test_an_agent_that_starts_without_a_network_says_so_to_the_screens_and_stops_when_told(
    home: Home, agent: subprocess.Popen[str]
) -> None:
    screens = DownlinkReader(home.downlink)
    downlink = DownlinkWriter(home.downlink)
    downlink.set_connected(True)
    eventually(lambda: not screens.connected(), "the screens know", SECONDS)
    agent.send_signal(signal.SIGTERM)
    told = agent.communicate(timeout=SECONDS)[1]
    assert agent.returncode == 0, told
    assert "PRIVATE KEY" not in told
    for each in (screens, downlink):
        each.close()

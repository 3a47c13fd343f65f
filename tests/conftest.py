"""What tests of any folder may ask for."""

import shutil
from collections.abc import Iterator

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright

from tests.databases import DatabaseKind, PostgresServer, running_server

# How long an example takes depends on what else the machine does, and says nothing about the code.
settings.register_profile("welkom", deadline=None)
settings.load_profile("welkom")

BOTH = "both"

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=(BOTH, *DatabaseKind),
        default=BOTH,
        help="run the tests that need a database on this one; on both without",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "databases(*kinds): the test is about these alone, or says enough on them"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run whatever asks for ``database_kind``, itself or through a fixture, once on each database."""
    if "database_kind" not in metafunc.fixturenames:
        return
    asked = metafunc.config.getoption("database")
    marked = metafunc.definition.get_closest_marker("databases")
    kinds = marked.args if marked else tuple(DatabaseKind)
    metafunc.parametrize("database_kind", [each for each in kinds if asked in {BOTH, each}])


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server for the whole run, started when the first test needs it."""
    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, started once; each test opens its own pages."""
    program = shutil.which("chromium")
    assert program, "Chromium is missing: `make debian-browser` installs it"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=CHROMIUM_ARGUMENTS)
        yield chromium
        chromium.close()

"""The project on the system that new Pis have: Debian 13 with its Python 3.13 and libcamera.

The root is made by ``tools/debian13/make-root`` the first time, which takes some minutes.
"""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / "tools" / "debian13"

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def root() -> None:
    """Make the root, if it is not there."""
    if os.getuid() != 0:
        pytest.skip("making a Debian root and mounting in it takes root's rights")
    made = subprocess.run([TOOLS / "make-root"], check=False)
    assert made.returncode == 0, "the Debian 13 root could not be made; it says above why"


def pytest_in_root(*arguments: str) -> None:
    """Run pytest there; what it prints is shown if a test fails."""
    command: Sequence[str | Path] = [TOOLS / "in-root", "python", "-m", "pytest", "-p", "no:cacheprovider"]
    ended = subprocess.run([*command, *arguments], check=False)
    assert ended.returncode == 0


@pytest.mark.usefixtures("root")
def test_the_pis_camera_keeps_its_promises_on_real_picamera2() -> None:
    pytest_in_root(
        "tests/debian13/pi_on_libcamera.py",
        "-W",
        "ignore::DeprecationWarning",
        # picamera2 leaves a pipe open when it fails to open a camera.
        "-W",
        "ignore::pytest.PytestUnraisableExceptionWarning",
    )


@pytest.mark.usefixtures("root")
def test_python_3_13_runs_the_kiosk_and_what_both_programs_share() -> None:
    # The page in a browser is tried by the everyday run.
    pytest_in_root("tests/contracts", "tests/common", "tests/kiosk", "-k", "not browser")


@pytest.mark.usefixtures("root")
def test_python_3_13_runs_the_edge_on_both_databases() -> None:
    pytest_in_root("tests/edge_api", "-k", "not browser")

"""Settings, enrolment and certificate: what is wrong with who this kiosk is."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from kiosk.config import Home
from kiosk.device.identity import ensure_key, signing_request
from kiosk.doctor.identity import certificate, enrolment, settings, valid_from
from kiosk.doctor.report import Finding, State
from kiosk.errors import NotEnrolled
from tests.factories.front_desk import KIOSK
from tests.factories.https_edge import TestAuthority

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def certified(
    home: Home, *, authority: TestAuthority | None = None, name: str = KIOSK, days: int = 1
) -> None:
    """Give the kiosk a certificate that ends in so many days."""
    made = authority or TestAuthority()
    home.certificate.write_text(made.certify(signing_request(ensure_key(home)), name, days=days))
    home.ca.write_text(made.pem)


def test_settings_are_told_in_short(home: Home) -> None:
    home.settings.write_text('language = "fr"\n[page]\nport = 9000\n')
    found = settings(home)
    assert found.state is State.GOOD
    assert found.found == "kiosk.toml: camera virtual, page on port 9000, language fr"


def test_a_kiosk_without_settings_goes_by_the_defaults(home: Home) -> None:
    assert settings(home).state is State.GOOD


@pytest.mark.parametrize(
    ("text", "key"),
    [("[page]\nport = 0.5\n", "page.port"), ("colour = 1\n", "colour"), ('language = "tlh"\n', "language")],
)
def test_a_bad_setting_is_named_by_its_key(home: Home, text: str, key: str) -> None:
    home.settings.write_text(text)
    found = settings(home)
    assert (found.state, key in found.found) == (State.BAD, True)
    assert "kiosk.toml" in found.advice


def test_a_folder_that_is_not_there_is_asked_for(home: Home) -> None:
    found = settings(Home(home.root / "elsewhere"))
    assert found.state is State.BAD
    assert "--home" in found.advice


def test_an_enrolled_kiosk_is_told_by_name(home: Home) -> None:
    found = enrolment(home)
    assert found.state is State.GOOD
    assert KIOSK in found.found


def test_a_kiosk_that_is_not_enrolled_is_told_how_to_be(empty: Home) -> None:
    found = enrolment(empty)
    assert found.state is State.BAD
    assert "kiosk enrol" in found.advice


def test_a_damaged_profile_is_bad(home: Home) -> None:
    for file in home.root.glob("profile.json*"):
        file.write_bytes(b"\0" * 200)
    found = enrolment(home)
    assert (found.state, "cannot be read" in found.found) == (State.BAD, True)


def test_without_an_enrolment_there_is_no_certificate_to_look_at(empty: Home) -> None:
    with pytest.raises(NotEnrolled):
        certificate(empty, NOW)
    assert valid_from(empty) is None


def test_a_good_certificate_is_told_with_its_end(home: Home) -> None:
    certified(home, days=90)
    found = certificate(home, NOW)
    assert found.state is State.GOOD
    assert found.found.endswith(f"{NOW + 90 * DAY:%Y-%m-%d}")


def test_a_certificate_that_ends_within_a_month_is_a_warning(home: Home) -> None:
    certified(home, days=12)
    found = certificate(home, NOW)
    assert found.state is State.WARNING
    assert "enrol" in found.advice


@pytest.mark.parametrize(
    ("now", "words"), [(NOW + 100 * DAY, "ended on"), (NOW - 100 * DAY, "the clock says")]
)
def test_a_certificate_outside_its_time_is_bad(home: Home, now: datetime, words: str) -> None:
    certified(home, days=90)
    found = certificate(home, now)
    assert (found.state, words in found.found) == (State.BAD, True)


def lose_key(home: Home) -> None:
    home.key.unlink()


def change_key(home: Home) -> None:
    home.key.unlink()
    ensure_key(home)


def change_authority(home: Home) -> None:
    home.ca.write_text(TestAuthority().pem)


def take_another_name(home: Home) -> None:
    certified(home, name="k-somebodyelse")


def spoil_certificate(home: Home) -> None:
    home.certificate.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")


def spoil_key(home: Home) -> None:
    home.key.write_text("no key")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lose_key, "missing"),
        (change_key, "another key"),
        (change_authority, "not made by the site's authority"),
        (take_another_name, "another kiosk's"),
        (spoil_certificate, "cannot be read"),
        (spoil_key, "cannot be read"),
    ],
)
def test_a_certificate_that_proves_nothing_is_bad(
    home: Home, spoil: Callable[[Home], None], words: str
) -> None:
    certified(home, days=90)
    spoil(home)
    found: Finding = certificate(home, NOW)
    assert (found.state, words in found.found) == (State.BAD, True)
    assert "enrol" in found.advice


def test_a_key_that_others_may_read_is_a_warning(home: Home) -> None:
    certified(home, days=90)
    home.key.chmod(0o640)
    found = certificate(home, NOW)
    assert (found.state, f"chmod 600 {home.key}" in found.advice) == (State.WARNING, True)

"""Who the kiosk is comes through restarts, and a kiosk that is nobody yet says what to do."""

from pathlib import Path

import pytest

from kiosk.config import Home
from kiosk.device import profile
from kiosk.device.documents import Documents
from kiosk.errors import NotEnrolled
from tests.factories.enrolled import enrolled_home
from tests.factories.front_desk import KIOSK, SITE


def test_what_enrolment_gave_is_there_again(tmp_path: Path) -> None:
    home = enrolled_home(tmp_path / "kiosk")
    me = profile.load(home)
    assert (me.kiosk, me.site, me.edge_url) == (KIOSK, SITE, "https://127.0.0.1:9")
    assert (me.broker.host, me.broker.port) == ("127.0.0.1", 9)


def test_the_sites_salt_stays_out_of_what_is_printed(tmp_path: Path) -> None:
    me = profile.load(enrolled_home(tmp_path / "kiosk"))
    assert repr(SITE.salt) not in repr(me)


def test_a_kiosk_without_an_identity_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(NotEnrolled, match="run `kiosk enrol`"):
        profile.load(Home(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_profile_that_holds_nothing_is_no_identity(tmp_path: Path) -> None:
    home = Home(tmp_path)
    Documents(home.profile).put("something else", {})
    with pytest.raises(NotEnrolled, match="not finished"):
        profile.load(home)


def test_a_profile_that_was_damaged_comes_back_from_its_backup(tmp_path: Path) -> None:
    home = enrolled_home(tmp_path / "kiosk")
    home.profile.write_bytes(b"x")
    assert profile.load(home).kiosk == KIOSK


def test_what_a_power_cut_during_enrolment_leaves_is_no_profile(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert not profile.is_enrolled(home)
    Documents(home.profile).put("something else", {})
    assert home.profile.exists()
    assert not profile.is_enrolled(home)

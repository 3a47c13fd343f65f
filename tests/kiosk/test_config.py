"""A kiosk's settings are right, or refused by the key that is not."""

import re
from pathlib import Path

import pytest

from kiosk.config import CameraName, Settings, load
from kiosk.errors import BadConfiguration, KioskError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kiosk.toml"


def test_without_a_file_the_defaults_hold(path: Path) -> None:
    assert load(path) == Settings()
    assert load(path).camera.source is CameraName.VIRTUAL


def test_what_is_set_is_taken_and_the_rest_stays(path: Path) -> None:
    path.write_text('language = "fr"\n[camera]\nsource = "files"\npath = "/pictures"\n[page]\nport = 9000\n')
    settings = load(path)
    assert (settings.language, settings.camera.path, settings.page.port) == ("fr", "/pictures", 9000)
    assert settings.decoder == Settings().decoder


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("colour = 'red'", "`colour`"),
        ("[camera]\nlens = 'wide'", "`lens` - at `$.camera`"),
        ("[camera]\nsource = 'polaroid'", "$.camera.source"),
        ("[camera]\nfps = 'fast'", "$.camera.fps"),
        ("[camera]\nfps = -1", "$.camera.fps"),
        ("[page]\nport = '8070'", "$.page.port"),
        ("[page]\nport = -1", "$.page.port"),
        ("[page]\nport = 65536", "$.page.port"),
        ("[decoder]\ndeadline_ms = 0", "$.decoder.deadline_ms"),
        ("[decoder]\nmemory_mb = 1", "$.decoder.memory_mb"),
        ("language = 7", "$.language"),
    ],
)
def test_an_unknown_key_or_a_wrong_value_is_refused_by_its_key(path: Path, text: str, named: str) -> None:
    path.write_text(text)
    with pytest.raises(BadConfiguration, match=re.escape(named)) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert isinstance(caught.value, KioskError)


@pytest.mark.parametrize("content", [b"[camera", b"\xff\xfe", b"= 1"])
def test_a_file_that_is_no_toml_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(BadConfiguration, match=r"kiosk\.toml"):
        load(path)


def test_a_folder_in_the_files_place_is_refused(path: Path) -> None:
    path.mkdir()
    with pytest.raises(BadConfiguration, match=r"kiosk\.toml"):
        load(path)

"""A wrong configuration is refused with the key and what it takes."""

import stat
from pathlib import Path
from typing import Any

import pytest

from contracts.card_code import CardCode, parse, payload
from edge_api import config as configuration
from edge_api.config import Language
from edge_api.errors import BadConfiguration

URL = "https://kaart.example.nl"


def _home(tmp_path: Path, text: str) -> Path:
    home = tmp_path / "home"
    configuration.write_new(home, URL)
    (home / "edge.toml").write_text(text)
    return home


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    options = {"site_name": "Café “Zon”", "languages": ["fr", "nl"], "mqtt": {"kiosk_port": 9883}}
    configuration.write_new(tmp_path / "home", URL, options)
    config = configuration.load(tmp_path / "home")
    assert config.site.name == "Café “Zon”"
    assert config.languages == (Language.FR, Language.NL)
    assert (config.mqtt.kiosk_port, config.mqtt.service_port) == (9883, 8884)
    assert config.database_url == f"sqlite:///{tmp_path}/home/edge.sqlite"


def test_writing_again_keeps_what_is_there(tmp_path: Path) -> None:
    assert configuration.write_new(tmp_path, URL)
    before = configuration.load(tmp_path)
    assert not configuration.write_new(tmp_path, "https://other.example")
    assert configuration.load(tmp_path) == before


def test_each_home_has_its_own_secrets_and_only_the_owner_may_read_them(tmp_path: Path) -> None:
    configuration.write_new(tmp_path / "a", URL)
    configuration.write_new(tmp_path / "b", URL)
    first, second = configuration.load(tmp_path / "a"), configuration.load(tmp_path / "b")
    assert first.secrets.site_salt != second.secrets.site_salt
    assert first.secrets.flask_secret_key != first.secrets.site_salt
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "a" / "secrets.toml").stat().st_mode) == 0o600


def test_secrets_do_not_show_in_the_configuration(tmp_path: Path) -> None:
    configuration.write_new(tmp_path, URL)
    config = configuration.load(tmp_path)
    assert str(config.secrets.site_salt) not in repr(config)
    assert "site_salt" not in repr(config)


def test_secrets_that_others_may_read_are_refused(tmp_path: Path) -> None:
    configuration.write_new(tmp_path, URL)
    (tmp_path / "secrets.toml").chmod(0o644)
    with pytest.raises(BadConfiguration, match=r"secrets\.toml.*0600"):
        configuration.load(tmp_path)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("", "public_url: the key is missing"),
        ("publc_url = 'x'", "publc_url: there is no such key"),
        (f"public_url = '{URL}'\n[mqtt]\nprot = 1", "mqtt.prot: there is no such key"),
        (f"public_url = '{URL}'\n[http]\nport = 0", "http.port"),
        (f"public_url = '{URL}'\n[http]\nport = '80'", "http.port: Expected `int`, got `str`"),
        ("public_url = 'kaart.example.nl'", "public_url: takes http://host"),
        ("public_url = 'https://kaart.example.nl/shop'", "public_url: takes http://host"),
        ("public_url = 'https://kaart.example.nl:99999'", "public_url: takes a port"),
        (f"public_url = '{URL}'\nedge_url = 'http://a'", "edge_url: takes https://host"),
        (f"public_url = '{URL}'\ntimezone = 'Mars/Olympus'", "timezone: takes a name such as"),
        (f"public_url = '{URL}'\ntimezone = '../../etc/passwd'", "timezone: takes a name such as"),
        (f"public_url = '{URL}'\nlanguages = ['tlh']", "languages"),
        (f"public_url = '{URL}'\nlanguages = []", "languages"),
        (f"public_url = '{URL}'\nlanguages = ['fr']", "default_language: takes one of languages"),
        (f"public_url = '{URL}'\ncurrency = 'euro'", "currency"),
        (f"public_url = '{URL}'\nhome = '/tmp'", "home: there is no such key"),
        ("public_url = ", "edge.toml"),
    ],
)
def test_a_wrong_value_is_refused_with_its_key(tmp_path: Path, lines: str, words: str) -> None:
    with pytest.raises(BadConfiguration) as refused:
        configuration.load(_home(tmp_path, lines))
    assert words in str(refused.value)


def test_a_missing_home_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration, match="edge init"):
        configuration.load(tmp_path / "nowhere")


def test_nothing_is_written_for_a_wrong_value(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration, match="public_url"):
        configuration.write_new(tmp_path / "home", "nonsense")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("public_url", "hosts"),
    [
        ("HTTP://127.0.0.1:8000", ("127.0.0.1:8000",)),
        ("https://Kaart.Example.nl", ("kaart.example.nl",)),
        ("https://kaart.example.nl:443/", ("kaart.example.nl",)),
        ("http://kaart.example.nl:443", ("kaart.example.nl:443",)),
    ],
)
def test_card_hosts_are_those_of_the_public_address(tmp_path: Path, public_url: str, hosts: Any) -> None:
    configuration.write_new(tmp_path, public_url)
    config = configuration.load(tmp_path)
    assert config.card_hosts == hosts
    code = CardCode.random()
    if ":443" not in public_url:
        assert parse(payload(code, public_url), config.card_hosts) == code

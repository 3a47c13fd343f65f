"""The edge's configuration: ``edge.toml`` for people to edit, ``secrets.toml`` for nobody to read.

A wrong configuration is refused at start with the key and what it takes, never worked around.
"""

import re
import secrets
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct

from contracts.sealing import Site
from edge_api.errors import BadConfiguration
from edge_api.files import is_private, make_private_folder, write_private

SETTINGS_FILE = "edge.toml"
SECRETS_FILE = "secrets.toml"

Port = Annotated[int, Meta(ge=1, le=65535)]
Text = Annotated[str, Meta(min_length=1, max_length=100)]
T = TypeVar("T")

_DEFAULT_PORTS = {"http": 80, "https": 443}
_UNKNOWN_KEY = re.compile(r"Object contains unknown field `(?P<key>[^`]*)`")
_MISSING_KEY = re.compile(r"Object missing required field `(?P<key>[^`]*)`")


class Language(StrEnum):
    """What pages, mails and the kiosk's screen can speak."""

    NL = "nl"
    EN = "en"
    FR = "fr"
    DE = "de"


class Listener(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a web server listens."""

    host: Text = "127.0.0.1"
    port: Port


class Mqtt(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The broker: kiosks come in by ``kiosk_port``, our own processes by ``service_port``."""

    host: Text = "127.0.0.1"
    kiosk_port: Port = 8883
    service_port: Port = 8884


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What ``edge.toml`` holds. ``public_url`` gives card URLs their scheme and host."""

    public_url: str
    site_name: Annotated[str, Meta(min_length=1, max_length=100)] = "welkom"
    database_url: str
    timezone: str = "Europe/Amsterdam"
    languages: Annotated[tuple[Language, ...], Meta(min_length=1)] = tuple(Language)
    default_language: Language = Language.NL
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] = "EUR"
    http: Listener = Listener(port=8000)
    kiosk_api: Listener = Listener(port=8443)
    edge_url: str = "https://127.0.0.1:8443"
    mqtt: Mqtt = Mqtt()

    def __post_init__(self) -> None:
        _check_url("public_url", self.public_url, {"http", "https"})
        _check_url("edge_url", self.edge_url, {"https"})
        if self.default_language not in self.languages:
            raise ValueError(f"default_language: takes one of languages, not {self.default_language}")
        _zone(self.timezone)


class Secrets(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What ``secrets.toml`` holds, as base64 there."""

    flask_secret_key: Annotated[bytes, Meta(min_length=32)]
    site_salt: Annotated[bytes, Meta(min_length=32, max_length=32)]

    def __repr__(self) -> str:
        return "Secrets(…)"


class Config(Settings, frozen=True, kw_only=True):
    """Everything that the edge's processes are told at start."""

    home: Path
    secrets: Secrets

    @property
    def site(self) -> Site:
        """The deployment that rows are sealed for."""
        return Site(self.site_name, self.secrets.site_salt)

    @property
    def zone(self) -> ZoneInfo:
        """The shop's time zone, which periods and pages follow."""
        return _zone(self.timezone)

    @property
    def card_hosts(self) -> tuple[str, ...]:
        """The hosts whose URLs are cards of ours, as :func:`contracts.card_code.parse` takes them."""
        url = urlsplit(self.public_url)
        host = url.netloc.lower()
        return (host.removesuffix(f":{_DEFAULT_PORTS[url.scheme]}"),)


def load(home: Path) -> Config:
    """Read the configuration under ``home``.

    Raises:
        BadConfiguration: a file or key is missing, unknown or wrong; the message names it.
    """
    home = home.absolute()
    secrets_file = home / SECRETS_FILE
    settings = _convert(home / SETTINGS_FILE, Settings, {"database_url": default_database_url(home)})
    kept = _convert(secrets_file, Secrets, {})
    if not is_private(secrets_file):
        raise BadConfiguration(f"{secrets_file}: others may read it; make it mode 0600")
    return Config(home=home, secrets=kept, **msgspec.structs.asdict(settings))


def write_new(home: Path, public_url: str, options: dict[str, Any] | None = None) -> bool:
    """Write both files where they are missing, with new secrets; tell whether anything was written.

    ``options`` are further keys of :class:`Settings`; a table is a dictionary.

    Raises:
        BadConfiguration: a value is wrong; then nothing is written.
    """
    settings = {"public_url": public_url, **(options or {})}
    _check(SETTINGS_FILE, Settings, {"database_url": "sqlite://", **settings})
    files = {
        SETTINGS_FILE: _toml("What this shop's edge service is told at start.", settings),
        SECRETS_FILE: _toml(
            "Keep this to yourself, and keep it: sealed rows follow from it.", _new_secrets()
        ),
    }
    missing = {name: text for name, text in files.items() if not (home / name).exists()}
    make_private_folder(home)
    for name, text in missing.items():
        write_private(home / name, text.encode())
    return bool(missing)


def default_database_url(home: Path) -> str:
    """Return the embedded database's URL under ``home``."""
    return f"sqlite:///{home / 'edge.sqlite'}"


def _new_secrets() -> dict[str, str]:
    return {name: _base64(secrets.token_bytes(32)) for name in Secrets.__struct_fields__}


def _base64(value: bytes) -> str:
    return str(msgspec.to_builtins(value))


def _toml(heading: str, values: dict[str, Any]) -> str:
    lines = [f"# {heading}", *_toml_lines({k: v for k, v in values.items() if not isinstance(v, dict)})]
    for table in (key for key, value in values.items() if isinstance(value, dict)):
        lines += ["", f"[{table}]", *_toml_lines(values[table])]
    return "\n".join([*lines, ""])


def _toml_lines(values: dict[str, Any]) -> list[str]:
    # JSON's strings, numbers and lists are TOML's too, as long as nothing beyond ASCII is escaped.
    return [f"{key} = {msgspec.json.encode(value).decode()}" for key, value in values.items()]


def _convert(file: Path, kind: type[T], defaults: dict[str, Any]) -> T:
    try:
        values = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise BadConfiguration(f"{file} is missing; `edge init` makes it") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfiguration(f"{file}: {error}") from None
    return _check(str(file), kind, {**defaults, **values})


def _check(file: str, kind: type[T], values: dict[str, Any]) -> T:
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise BadConfiguration(f"{file}: {_explained(error)}") from None


def _explained(error: msgspec.ValidationError) -> str:
    message, _, path = str(error).partition(" - at `$")
    where = path.strip("`.")
    for pattern, words in ((_UNKNOWN_KEY, "there is no such key"), (_MISSING_KEY, "the key is missing")):
        if match := pattern.match(message):
            return ".".join(filter(None, [where, match["key"]])) + f": {words}"
    return f"{where}: {message}" if where else message


def _check_url(key: str, text: str, schemes: set[str]) -> None:
    url = urlsplit(text)
    plain = url.path in {"", "/"} and not url.query and not url.fragment and "@" not in url.netloc
    if url.scheme not in schemes or not url.hostname or not plain:
        ways = " or ".join(f"{scheme}://host[:port]" for scheme in sorted(schemes))
        raise ValueError(f"{key}: takes {ways}, not {text!r}")
    try:
        url.port  # noqa: B018  reading the port is what checks it
    except ValueError:
        raise ValueError(f"{key}: takes a port from 1 to 65535, not {url.netloc!r}") from None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise ValueError(f"timezone: takes a name such as Europe/Amsterdam, not {name!r}") from None

"""Reads the languages from their files, all of them at start, so that a bad one is refused then."""

import tomllib
from pathlib import Path
from types import MappingProxyType

import msgspec

from kiosk.display.words import Languages, Words
from kiosk.errors import BadConfiguration

FOLDER = Path(__file__).with_name("languages")


def load_languages(folder: Path = FOLDER) -> Languages:
    """Return every language of the folder by its tag, which is its file's name.

    Raises:
        BadConfiguration: a file misses a word or has one that nothing uses; the message names it.
    """
    found = {path.stem: _load(path) for path in sorted(folder.glob("*.toml"))}
    return MappingProxyType(found)


def _load(path: Path) -> Words:
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        words = msgspec.convert(raw, Words)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise BadConfiguration(f"{path.name}: {error}") from None
    _refuse_unused(path, raw, msgspec.to_builtins(words))
    if words.language != path.stem:
        raise BadConfiguration(f"{path.name}: `language` is {words.language!r}, not the file's name")
    return words


def _refuse_unused(path: Path, raw: dict[str, object], used: dict[str, object]) -> None:
    for key, value in raw.items():
        if key not in used:
            raise BadConfiguration(f"{path.name}: nothing uses `{key}`")
        inner = used[key]
        if isinstance(value, dict) and isinstance(inner, dict):
            _refuse_unused(path, value, inner)

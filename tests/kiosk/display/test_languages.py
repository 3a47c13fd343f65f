"""Every language has every word, with the same blanks to fill, and a bad file is refused at start."""

import dataclasses
import shutil
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.display.languages import FOLDER, load_languages
from kiosk.display.words import choose
from kiosk.errors import BadConfiguration
from tests.kiosk.display.samples import LANGUAGES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "languages"))


def rewrite(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def texts(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from texts(inner, f"{name}.{key}")


def blanks(text: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}


def test_the_kiosk_speaks_four_languages() -> None:
    assert set(LANGUAGES) == {"nl", "en", "fr", "de"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_is_empty(language: str) -> None:
    empty = [name for name, text in texts(dataclasses.asdict(LANGUAGES[language])) if not text.strip()]
    # The French write thousands apart by a narrow blank.
    assert empty in ([], [".format.thousands"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_word_has_the_same_blanks_to_fill_in_every_language(language: str) -> None:
    expected = {name: blanks(text) for name, text in texts(dataclasses.asdict(LANGUAGES["en"]))}
    assert {name: blanks(text) for name, text in texts(dataclasses.asdict(LANGUAGES[language]))} == expected


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_no_sentence_was_left_in_english(language: str) -> None:
    english = dict(texts(dataclasses.asdict(LANGUAGES["en"])))
    same = [
        name
        for name, text in texts(dataclasses.asdict(LANGUAGES[language]))
        if text == english[name] and len(text.split()) > 2
    ]
    assert same == []


def test_a_missing_word_is_refused_by_its_name(folder: Path) -> None:
    rewrite(folder / "de.toml", 'staff = "Fragen Sie unser Personal"\n', "")
    with pytest.raises(BadConfiguration, match=r"de\.toml.*staff"):
        load_languages(folder)


def test_a_word_that_nothing_uses_is_refused_by_its_name(folder: Path) -> None:
    rewrite(folder / "fr.toml", "[link]\n", '[link]\npigeon = "Envoyez un pigeon"\n')
    with pytest.raises(BadConfiguration, match=r"fr\.toml.*pigeon"):
        load_languages(folder)


def test_a_file_that_is_no_toml_is_refused_by_its_name(folder: Path) -> None:
    (folder / "nl.toml").write_text("welcome = ")
    with pytest.raises(BadConfiguration, match=r"nl\.toml"):
        load_languages(folder)


def test_a_file_under_another_languages_name_is_refused(folder: Path) -> None:
    (folder / "nl.toml").rename(folder / "it.toml")
    with pytest.raises(BadConfiguration, match=r"it\.toml.*'nl'"):
        load_languages(folder)


def test_a_regional_language_finds_its_main_one() -> None:
    assert choose(LANGUAGES, "nl-BE", "en").language == "nl"
    assert choose(LANGUAGES, "FR_ch", "en").language == "fr"


def test_a_language_that_is_not_spoken_here_becomes_the_shops() -> None:
    assert choose(LANGUAGES, "pl", "de").language == "de"
    assert choose(LANGUAGES, "", "de").language == "de"

"""What people type is kept tidy, or refused by name."""

import pytest

from edge_api import texts
from edge_api.errors import InvalidValue


@pytest.mark.parametrize(
    ("typed", "searched"),
    [
        ("Zoë  STRAẞE", "zoe strasse"),
        (" Łukasz\tØrsted\n", "łukasz ørsted"),
        ("e\u0301\x00t\u200be\u0301", "ete"),
        ("ﬁancé", "fiance"),
        ("", ""),
    ],
)
def test_searching_looks_past_case_accents_and_what_is_invisible(typed: str, searched: str) -> None:
    assert texts.folded(typed) == searched


def test_a_name_is_kept_composed_and_without_blanks_around_it() -> None:
    assert texts.name("  Zoe\u0308 ", "name") == "Zoë"


@pytest.mark.parametrize("typed", ["", "  ", "x" * 201, "a\nb", "a\x00b", "a\ud800b"])
def test_a_name_that_cannot_be_taken_is_refused(typed: str) -> None:
    with pytest.raises(InvalidValue, match="nickname: takes"):
        texts.name(typed, "nickname")


def test_an_e_mail_is_kept_in_lower_case() -> None:
    assert texts.email(" Zoë.Müller@EXAMPLE.nl ") == "zoë.müller@example.nl"


@pytest.mark.parametrize(
    "typed", ["", "zoe", "zoe@", "@example.nl", "a@b@example.nl", "zoe@localhost", "z e@example.nl"]
)
def test_an_e_mail_that_is_none_is_refused(typed: str) -> None:
    with pytest.raises(InvalidValue, match="email"):
        texts.email(typed)


@pytest.mark.parametrize(
    ("typed", "kept"), [("+31 (0)6  1234 5678", "+31 (0)6 1234 5678"), (" 043-3211234 ", "043-3211234")]
)
def test_a_phone_number_is_kept_as_typed(typed: str, kept: str) -> None:
    assert texts.phone(typed) == kept


@pytest.mark.parametrize("typed", ["12345", "+", "call me", "1" * 31, "٠١٢٣٤٥٦"])
def test_a_phone_number_that_is_none_is_refused(typed: str) -> None:
    with pytest.raises(InvalidValue, match="phone"):
        texts.phone(typed)

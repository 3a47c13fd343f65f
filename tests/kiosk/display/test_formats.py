"""Numbers, amounts and times look as people of each language write them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.replica import Money
from kiosk.display import formats
from tests.kiosk.display.samples import LANGUAGES, NOW, ZONE

NL, EN, FR, DE = (LANGUAGES[tag].format for tag in ("nl", "en", "fr", "de"))
NNBSP = "\N{NARROW NO-BREAK SPACE}"
NBSP = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("style", "written"), [(NL, "1.240"), (EN, "1,240"), (FR, f"1{NNBSP}240"), (DE, "1.240")]
)
def test_thousands_stand_apart(style: formats.Format, written: str) -> None:
    assert formats.number(1240, style) == written


def test_a_balance_below_zero_has_a_real_minus() -> None:
    assert formats.number(-1240, NL) == "−1.240"


@given(st.integers())
def test_any_number_reads_back(value: int) -> None:
    for style in (NL, EN, FR, DE):
        written = formats.number(value, style)
        assert int(written.replace(style.thousands, "").replace("−", "-")) == value


@pytest.mark.parametrize(
    ("style", "written"),
    [(NL, f"€{NBSP}1.234,05"), (EN, "€1,234.05"), (FR, f"1{NNBSP}234,05{NBSP}€"), (DE, f"1.234,05{NBSP}€")],
)
def test_an_amount_has_its_currency_where_the_language_puts_it(style: formats.Format, written: str) -> None:
    assert formats.money(Money(123_405, "EUR"), style) == written


def test_an_amount_below_zero_has_its_minus_in_front() -> None:
    assert formats.money(Money(-5, "EUR"), NL) == f"−€{NBSP}0,05"


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        (Money(500, "JPY"), "¥500"),
        (Money(1500, "KWD"), f"KWD{NBSP}1.500"),
        (Money(1500, "SEK"), f"SEK{NBSP}15.00"),
    ],
)
def test_a_currency_has_as_many_decimals_as_it_has(amount: Money, written: str) -> None:
    assert formats.money(amount, EN) == written


@given(st.integers(), st.sampled_from(["EUR", "JPY", "KWD", "SEK"]))
def test_any_amount_keeps_all_its_digits(minor: int, currency: str) -> None:
    for style in (NL, EN, FR, DE):
        digits = "".join(char for char in formats.money(Money(minor, currency), style) if char.isdecimal())
        assert int(digits) == abs(minor)


@pytest.mark.parametrize(
    ("tag", "count", "word"),
    [("nl", 1, "punt"), ("nl", 0, "punten"), ("en", -1, "point"), ("fr", 0, "point"), ("fr", 2, "points")],
)
def test_points_have_the_form_that_goes_with_their_number(tag: str, count: int, word: str) -> None:
    words = LANGUAGES[tag]
    assert formats.plural(count, words.customer.points, words.format) == word


def test_what_ends_at_midnight_is_good_until_the_day_before() -> None:
    new_year = datetime(2027, 1, 1, tzinfo=ZONE)
    assert formats.last_day(new_year, ZONE, NL) == "31-12-2026"
    assert formats.last_day(new_year - timedelta(seconds=1), ZONE, NL) == "31-12-2026"
    assert formats.last_day(new_year + timedelta(seconds=1), ZONE, DE) == "1.1.2027"


def test_a_moment_of_today_is_told_by_its_time_in_the_shops_zone() -> None:
    assert formats.moment(NOW, NOW, ZONE, NL) == "14:05"


def test_a_moment_of_another_day_is_told_with_its_day() -> None:
    assert formats.moment(NOW - timedelta(days=2), NOW, ZONE, NL) == "19-11 14:05"


def test_whether_it_is_today_follows_the_shops_midnight() -> None:
    before, after = datetime(2026, 11, 21, 22, 59, tzinfo=UTC), datetime(2026, 11, 21, 23, 1, tzinfo=UTC)
    assert formats.moment(before, after, ZONE, EN) == "21/11 23:59"

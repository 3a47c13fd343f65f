"""Card codes survive every way in which they are shown and typed, and nothing else passes for one."""

from uuid import UUID

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from contracts.card_code import (
    ALPHABET,
    CardCode,
    ForeignCode,
    from_typed,
    parse,
    parse_printed_id,
    payload,
    printed_id,
)
from contracts.errors import InvalidCardCode

HOSTS = ("kaart.example.nl", "127.0.0.1:8000")
codes = st.binary(min_size=16, max_size=16).map(CardCode)


@given(
    codes, st.sampled_from(["https://kaart.example.nl", "http://127.0.0.1:8000/", "HTTPS://Kaart.Example.NL"])
)
def test_any_card_round_trips_through_its_payload(code: CardCode, public_url: str) -> None:
    assert parse(payload(code, public_url), HOSTS) == code


@given(codes)
def test_any_card_round_trips_in_any_case_as_bare_code_and_as_uuid(code: CardCode) -> None:
    shown = payload(code, "https://kaart.example.nl")
    for text in (shown.lower(), code.text, code.text.lower(), str(code.uuid), f" {code.text}\n"):
        assert parse(text, HOSTS) == code


@given(codes)
def test_letters_that_look_like_digits_are_taken_for_them(code: CardCode) -> None:
    typed = code.text.replace("0", "o").replace("1", "l")
    assert from_typed(typed) == code
    assert from_typed(typed.replace("l", "I")) == code


@given(st.text())
def test_any_text_is_a_card_foreign_or_refused_and_never_anything_else(text: str) -> None:
    try:
        parsed = parse(text, HOSTS)
    except InvalidCardCode:
        assert "/C/" in text.upper()
        return
    assert isinstance(parsed, CardCode | ForeignCode)


@given(st.text(alphabet=ALPHABET + "U!", min_size=1, max_size=40).filter(lambda text: len(text) != 26))
def test_our_host_with_a_code_of_the_wrong_length_is_refused(text: str) -> None:
    with pytest.raises(InvalidCardCode):
        parse(f"https://kaart.example.nl/c/{text}", HOSTS)


@pytest.mark.parametrize(
    "text",
    [
        "https://other.example.nl/C/0024H36H2NCSVRH6DAQF6DVVQZ",
        "https://kaart.example.nl.evil.example/C/0024H36H2NCSVRH6DAQF6DVVQZ",
        "https://kaart.example.nl@evil.example/C/0024H36H2NCSVRH6DAQF6DVVQZ",
        "ftp://kaart.example.nl/C/0024H36H2NCSVRH6DAQF6DVVQZ",
        "https://kaart.example.nl/about",
        "WIFI:S:guests;T:WPA;P:secret;;",
        "",
        "0024H36H2NCSVRH6DAQF6DVVQ",
        "ÄÖÜ",
        "A" * 10_000,
    ],
)
def test_other_peoples_codes_are_foreign(text: str) -> None:
    assert parse(text, HOSTS) == ForeignCode(len(text))


@pytest.mark.parametrize("code", ["U" * 26, "8" + "0" * 25, "0" * 25 + "-"])
def test_our_host_with_what_cannot_be_a_code_is_refused(code: str) -> None:
    with pytest.raises(InvalidCardCode):
        parse(f"https://kaart.example.nl/C/{code}", HOSTS)


def test_a_payload_makes_a_qr_code_of_29_modules_in_alphanumeric_mode() -> None:
    code = segno.make(payload(CardCode.random(), "https://kaart.example.nl"), error="m", boost_error=False)
    assert code.mode == "alphanumeric"
    assert code.symbol_size(border=0)[0] == 29


def test_a_card_code_does_not_show_itself_in_logs() -> None:
    code = CardCode(bytes(range(16)))
    assert code.text not in f"{code!r} {code}"
    assert code.secret.hex() not in f"{code!r} {code}"


def test_a_card_code_has_16_bytes() -> None:
    with pytest.raises(InvalidCardCode):
        CardCode(b"short")


@given(st.integers(min_value=1, max_value=999_999_999))
def test_a_printed_id_reads_back(number: int) -> None:
    assert parse_printed_id(printed_id(number)) == number


@given(st.integers(min_value=1, max_value=999_999_999), st.integers(0, 9), st.integers(1, 9))
def test_a_printed_id_with_one_wrong_digit_is_refused(number: int, place: int, by: int) -> None:
    digits = printed_id(number).replace(" ", "")
    wrong = digits[:place] + str((int(digits[place]) + by) % 10) + digits[place + 1 :]
    with pytest.raises(InvalidCardCode):
        parse_printed_id(wrong)


@pytest.mark.parametrize("text", ["", "12345", "123 456 789x", "٠٠٠ ٠٠١ ٠٤٢٩"])
def test_what_is_no_printed_id_is_refused(text: str) -> None:
    with pytest.raises(InvalidCardCode):
        parse_printed_id(text)


def test_the_uuid_is_the_same_128_bits() -> None:
    uuid = UUID("00112233-4455-6677-8899-aabbccddeeff")
    assert CardCode(uuid.bytes).uuid == uuid

from typing import Any

import cv2
import numpy as np
import pytest
import segno
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contracts.card_code import CardCode, ForeignCode, parse, payload
from contracts.errors import InvalidCardCode
from kiosk.scanning import zbar
from kiosk.scanning.reader import read
from kiosk.scanning.symbols import Effort, Reader
from tests.factories.cards import Luma, card_image, empty_scene, micro_qr_image, qr_image, two_cards_image
from tests.factories.corpus import Truth, needs_corpus, photographs

URL = "HTTP://127.0.0.1:8000"
HOSTS = ("127.0.0.1:8000",)
FIRST, SECOND = (payload(CardCode(bytes([number]) * 16), URL) for number in (17, 92))


def texts(luma: Luma, effort: Effort = Effort.LIVE) -> list[str]:
    return [symbol.text for symbol in read(luma, effort)]


def is_ours(text: str) -> bool:
    try:
        return isinstance(parse(text, HOSTS), CardCode)
    except InvalidCardCode:
        return False


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "view",
    [
        {},
        {"tilt": 40.0},
        {"rotation": 180.0},
        {"rotation": 63.0},
        {"blur": 1.8},
        {"noise": 16.0},
        {"scale": 0.25},
        {"size": (800, 480), "scale": 0.7},
    ],
    ids=str,
)
def test_a_card_is_read_from_a_live_frame(view: dict[str, Any], seed: int) -> None:
    assert texts(card_image(FIRST, seed=seed, **view)) == [FIRST]


def test_a_code_in_dark_mode_is_read() -> None:
    screen = cv2.copyMakeBorder(
        qr_image(FIRST, module=6, dark=True), 80, 80, 80, 80, cv2.BORDER_CONSTANT, value=[20]
    )
    assert texts(np.asarray(screen, np.uint8)) == [FIRST]


def test_two_cards_at_once_are_both_read_each_at_its_place() -> None:
    symbols = {symbol.text: symbol for symbol in read(two_cards_image(FIRST, SECOND), Effort.LIVE)}
    assert set(symbols) == {FIRST, SECOND}
    assert max(x for x, _ in symbols[FIRST].quad) < 640 < min(x for x, _ in symbols[SECOND].quad)


def test_the_same_text_twice_in_a_picture_is_two_symbols() -> None:
    assert texts(two_cards_image(FIRST, FIRST)) == [FIRST, FIRST]


@pytest.mark.parametrize("effort", Effort)
def test_nothing_is_read_where_there_is_nothing(effort: Effort) -> None:
    assert texts(empty_scene(), effort) == []
    for shape in [(0, 0), (0, 5), (1, 1), (1, 3000), (3000, 1), (2, 2), (720, 1280)]:
        for grey in (0, 128, 255):
            assert texts(np.full(shape, grey, np.uint8), effort) == []


@pytest.mark.parametrize("effort", Effort)
def test_pure_noise_gives_no_text(effort: Effort) -> None:
    noise = np.random.default_rng(7).integers(0, 256, (480, 640), np.uint8)
    assert texts(noise, effort) == []


@pytest.mark.parametrize("effort", Effort)
@pytest.mark.parametrize("text", ["431", "1", "A1B2", "welkom"])
def test_micro_qr_gives_no_text(text: str, effort: Effort) -> None:
    assert texts(micro_qr_image(text), effort) == []


def test_a_read_only_frame_is_read() -> None:
    luma = card_image(FIRST)
    luma.flags.writeable = False
    assert texts(luma, Effort.FULL) == [FIRST]


def test_a_view_of_a_larger_picture_is_read() -> None:
    wide = np.repeat(card_image(FIRST), 2, axis=1)
    assert texts(wide[:, ::2], Effort.FULL) == [FIRST]


def test_a_bent_card_that_zxing_only_sees_is_read_module_by_module_within_the_same_frame() -> None:
    luma = bent(card_image(FIRST), by=12)
    (symbol,) = read(luma, Effort.LIVE)
    assert (symbol.text, symbol.reader) == (FIRST, Reader.MODULES)
    assert all(640 < x < 960 and 300 < y < 540 for x, y in symbol.quad)


def bent(luma: Luma, by: float) -> Luma:
    """Return the picture as if it were printed on a wavy sheet, ``by`` pixels up and down."""
    y, x = np.mgrid[0 : luma.shape[0], 0 : luma.shape[1]].astype(np.float32)
    wave = (by * np.sin(x / luma.shape[1] * 6 * np.pi)).astype(np.float32)
    return np.asarray(cv2.remap(luma, x, y + wave, cv2.INTER_LINEAR), np.uint8)


def test_a_code_without_a_quiet_zone_on_a_dark_card_is_read_from_a_single_picture() -> None:
    symbols = read(code_to_the_edge(FIRST), Effort.FULL)
    assert [symbol.text for symbol in symbols] == [FIRST]


def code_to_the_edge(text: str) -> Luma:
    bare = qr_image(text, module=5)[20:-20, 20:-20]
    scene = np.full((480, 640), 30, np.uint8)
    scene[60 : 60 + len(bare), 90 : 90 + len(bare)] = bare
    return np.asarray(cv2.GaussianBlur(scene, (0, 0), 1), np.uint8)


def test_a_single_picture_is_worth_more_effort_than_a_frame() -> None:
    hard = [card_image(FIRST, scale=0.2, blur=1.0, noise=5.0, seed=seed) for seed in range(6)]
    live = sum(texts(luma) == [FIRST] for luma in hard)
    full = [read(luma, Effort.FULL) for luma in hard]
    assert live < len(full) == sum([symbol.text for symbol in symbols] == [FIRST] for symbols in full)
    corners = [corner for symbols in full for symbol in symbols for corner in symbol.quad]
    assert all(660 < x < 765 and 325 < y < 430 for x, y in corners)


@settings(deadline=None, max_examples=100)
@given(st.binary(min_size=1, max_size=120))
@example(b"\x85@")
def test_binary_codes_come_byte_for_byte_or_as_the_text_that_they_are(data: bytes) -> None:
    (text,) = texts(qr_image(data, module=4))
    assert text in possible_texts(data)


@settings(deadline=None, max_examples=60)
@given(st.binary(min_size=1, max_size=120))
def test_zbar_gives_the_same_bytes(data: bytes) -> None:
    (found,) = zbar.scan(qr_image(data, module=4))
    assert found.data == data


def possible_texts(data: bytes) -> set[str]:
    encodings = ("latin-1", "utf-8", "cp1252", "shift_jis", "cp932", "gb18030", "big5", "euc_jp", "euc_kr")
    return {text for encoding in encodings if (text := decoded(data, encoding)) is not None}


def decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


@pytest.mark.parametrize(
    "data",
    [
        b"\x00" + FIRST.encode(),
        FIRST.encode() + b"\x00",
        FIRST.encode() + b"\xff",
        b"\xef\xbb\xbf" + FIRST.encode(),
        FIRST.replace("C", "\uff23").encode(),
        FIRST.encode("utf-16"),
        bytes(byte | 0x80 for byte in FIRST.encode()),
        FIRST.encode().replace(b"/C/", b"/C/\x1b"),
    ],
)
@pytest.mark.parametrize("effort", Effort)
def test_what_only_resembles_a_card_in_binary_is_never_taken_for_one(data: bytes, effort: Effort) -> None:
    for text in texts(qr_image(data), effort):
        assert not is_ours(text)


def test_a_text_in_a_declared_encoding_is_understood() -> None:
    for text, encoding in [("Tot ziens, Zoë", "iso-8859-1"), ("漢字", "shift_jis"), ("Grüße €", "utf-8")]:
        code = segno.make_qr(text, encoding=encoding, eci=True)
        rows = [[0 if bit else 255 for bit in row] for row in code.matrix_iter(scale=6, border=4)]
        assert texts(np.array(rows, np.uint8)) == [text]


def test_the_longest_code_there_is_is_read_and_is_none_of_ours() -> None:
    longest = FIRST + "A" * (4296 - len(FIRST))
    (text,) = texts(qr_image(longest, error="l"))
    assert text == longest
    assert parse(text, HOSTS) == ForeignCode(4296)


def test_a_text_longer_than_any_code_is_none_of_ours_either() -> None:
    assert parse(FIRST + "A" * (10_000 - len(FIRST)), HOSTS) == ForeignCode(10_000)


def test_nine_codes_at_once_are_all_read() -> None:
    codes = [payload(CardCode(bytes([number]) * 16), URL) for number in range(1, 10)]
    rows = [np.hstack([qr_image(code, module=5) for code in codes[at : at + 3]]) for at in (0, 3, 6)]
    assert sorted(texts(np.vstack(rows))) == sorted(codes)


@needs_corpus
@pytest.mark.parametrize("effort", Effort)
def test_photographs_without_a_code_give_no_text(effort: Effort) -> None:
    wrong = {
        str(photo.path): found
        for photo in photographs(Truth.NONE)
        if (found := texts(grey(str(photo.path)), effort))
    }
    assert wrong == {}


@needs_corpus
def test_what_is_read_from_photographs_is_what_was_published() -> None:
    photos = photographs(Truth.GIVEN)
    found = {photo: texts(grey(str(photo.path)), Effort.FULL) for photo in photos}
    assert [photo for photo, read in found.items() if read and not any(map(photo.says, read))] == []
    assert sum(map(bool, found.values())) / len(found) > 0.9


def grey(path: str) -> Luma:
    return np.asarray(cv2.imread(path, cv2.IMREAD_GRAYSCALE), np.uint8)

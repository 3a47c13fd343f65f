import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.camera.images import MAX_BYTES, decode_image, load_image
from kiosk.errors import UnreadableImage
from tests.factories.cards import Luma, as_jpeg, as_png, card_image
from tests.factories.corpus import Truth, needs_corpus, photographs

SMALL = card_image("HTTP://127.0.0.1:8000/C/X", size=(320, 180))
FORMATS = [".jpg", ".png", ".webp", ".bmp"]


def encoded(image: Luma, extension: str, *options: int) -> bytes:
    return cv2.imencode(extension, image, options)[1].tobytes()


def png(width: int, height: int, *, colour: int = 0, body: bytes = b"", before: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + before + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + entry + bytes(4)
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


@pytest.mark.parametrize("extension", FORMATS)
def test_a_grey_picture_comes_back_the_same(extension: str) -> None:
    luma = decode_image(encoded(SMALL, extension))
    assert luma.shape == SMALL.shape
    assert luma.dtype == np.uint8
    assert np.abs(luma.astype(int) - SMALL).mean() < 3


@pytest.mark.parametrize("extension", [*FORMATS, ".gif"])
def test_a_coloured_picture_becomes_grey(extension: str) -> None:
    colour = np.zeros((60, 80, 3), np.uint8)
    colour[:, :40] = (0, 0, 255)
    luma = decode_image(encoded(colour, extension))
    assert luma.shape == (60, 80)
    assert luma[30, 10] == pytest.approx(76, abs=12)
    assert luma[30, 70] == pytest.approx(0, abs=12)


def test_sixteen_bits_become_eight() -> None:
    deep = np.full((4, 4), 40_000, np.uint16)
    luma = decode_image(cv2.imencode(".png", deep)[1].tobytes())
    assert luma.dtype == np.uint8
    assert luma[0, 0] == pytest.approx(156, abs=1)


@pytest.mark.parametrize("extension", [".png", ".webp"])
def test_what_is_transparent_is_white_and_what_is_half_so_is_between(extension: str) -> None:
    image = np.zeros((60, 80, 4), np.uint8)
    image[:, :20, 3] = 255
    image[:, 20:40, 3] = 128
    luma = decode_image(encoded(image, extension, cv2.IMWRITE_WEBP_QUALITY, 101))
    assert [luma[30, x] for x in (10, 70)] == [0, 255]
    assert luma[30, 30] == pytest.approx(127, abs=1)


def test_transparency_with_sixteen_bits_is_white_too() -> None:
    luma = decode_image(cv2.imencode(".png", np.zeros((4, 4, 4), np.uint16))[1].tobytes())
    assert luma.dtype == np.uint8
    assert set(luma.flat) == {255}


def test_a_transparent_colour_of_a_palette_is_white() -> None:
    tables = chunk(b"PLTE", bytes(6)) + chunk(b"tRNS", b"\x00\xff")
    image = png(4, 1, colour=3, body=b"\0" + b"\0\1\0\1", before=tables)
    assert decode_image(image).tolist() == [[255, 0, 255, 0]]


@pytest.mark.parametrize(
    ("orientation", "corner"), [(1, (0, 0)), (3, (-1, -1)), (6, (0, -1)), (8, (-1, 0)), (2, (0, -1))]
)
def test_a_photograph_is_turned_upright(orientation: int, corner: tuple[int, int]) -> None:
    image = np.zeros((48, 64), np.uint8)
    image[:16, :16] = 255
    luma = decode_image(with_orientation(as_jpeg(image), orientation))
    assert luma.shape == ((64, 48) if orientation in {6, 8} else (48, 64))
    assert luma[corner] > 200


@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_a_truncated_picture_is_refused(extension: str, share: float) -> None:
    data = encoded(SMALL, extension)
    with pytest.raises(UnreadableImage):
        decode_image(data[: int(len(data) * share)])


def test_a_progressive_photograph_that_ends_early_is_refused() -> None:
    data = encoded(SMALL, ".jpg", cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    with pytest.raises(UnreadableImage, match="truncated"):
        decode_image(data[:-20])


@pytest.mark.parametrize("data", [b"hello", b"%PDF-1.7", b"<svg/>", b"\x00" * 100, b"II*\x00" + bytes(50)])
def test_other_formats_are_refused_by_name_of_those_that_are_taken(data: bytes) -> None:
    with pytest.raises(UnreadableImage, match=r"no known format.*JPEG, PNG"):
        decode_image(data)


def test_no_data_at_all_are_refused() -> None:
    with pytest.raises(UnreadableImage, match="empty"):
        decode_image(b"")


def test_a_tiny_file_that_claims_billions_of_pixels_is_refused_by_its_header() -> None:
    with pytest.raises(UnreadableImage, match="60000 × 60000 pixels are more than 50 megapixels"):
        decode_image(png(60_000, 60_000))


def huge_jpeg() -> bytes:
    start = b"\xff\xd8\xff\xe0\x00\x04AB\xff\xff\xc4\x00\x03\x00"
    return start + b"\xff\xc0\x00\x0b\x08" + struct.pack(">HH", 9000, 9000) + b"\x01\x01\x11\x00"


@pytest.mark.parametrize(
    "data",
    [
        png(8000, 8000),
        huge_jpeg(),
        b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + (8999).to_bytes(3, "little") * 2,
        b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + (8999 | 8999 << 14).to_bytes(4, "little"),
        b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 9000, 9000),
        b"GIF89a" + struct.pack("<HH", 9000, 9000),
        b"BM" + bytes(12) + struct.pack("<IiiHH", 40, 9000, -9000, 1, 24),
        b"BM" + bytes(12) + struct.pack("<IHHHH", 12, 9000, 9000, 1, 24),
    ],
)
def test_every_format_is_measured_before_it_is_decoded(data: bytes) -> None:
    with pytest.raises(UnreadableImage, match="more than 50 megapixels"):
        decode_image(data)


def test_fifty_megapixels_are_taken() -> None:
    assert decode_image(as_png(np.zeros((5000, 10_000), np.uint8))).shape == (5000, 10_000)


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(FORMATS), st.data())
def test_damaged_pictures_give_a_picture_or_a_clear_refusal(extension: str, data: st.DataObject) -> None:
    image = bytearray(encoded(SMALL[::8, ::8], extension))
    for _ in range(data.draw(st.integers(1, 8))):
        image[data.draw(st.integers(0, len(image) - 1))] = data.draw(st.integers(0, 255))
    assert taken_or_refused(bytes(image))


@settings(deadline=None)
@given(st.binary(max_size=64), st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b"GIF89a"]))
def test_beginnings_of_pictures_followed_by_anything_never_crash(rest: bytes, magic: bytes) -> None:
    assert taken_or_refused(magic + rest)


def taken_or_refused(data: bytes) -> str:
    """Return what became of the data, in words; any other error is a fault of ours."""
    try:
        return f"a picture of {decode_image(data).size} pixels"
    except UnreadableImage as refusal:
        return str(refusal)


def test_files_are_loaded_and_their_faults_told(tmp_path: Path) -> None:
    (tmp_path / "card.png").write_bytes(as_png(SMALL))
    (tmp_path / "text.png").write_text("not a picture")
    assert load_image(tmp_path / "card.png").tolist() == SMALL.tolist()
    for name, words in [("text.png", "no known format"), ("none.png", "No such file"), ("", "folder")]:
        with pytest.raises(UnreadableImage, match=words):
            load_image(tmp_path / name)


def test_pipes_devices_and_impossible_names_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(UnreadableImage, match="not a file"):
            load_image(path)
    with pytest.raises(UnreadableImage):
        load_image(Path("a\0b"))


def test_a_file_larger_than_any_picture_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    path.touch()
    os.truncate(path, MAX_BYTES + 1)
    with pytest.raises(UnreadableImage, match="too large"):
        load_image(path)


@needs_corpus
def test_every_photograph_is_loaded() -> None:
    for photo in photographs(*Truth):
        assert load_image(photo.path).ndim == 2

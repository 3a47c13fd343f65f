"""From a picture's file to what the reader wants: grey, upright, on white, and of a size that fits."""

import stat
from pathlib import Path

import cv2
import numpy as np

from kiosk.camera.headers import Header, read_header
from kiosk.camera.source import Luma
from kiosk.errors import UnreadableImage

MAX_PIXELS = 50_000_000
"""More than any phone's photograph has by default, and little enough to decode on a small device."""

MAX_BYTES = 256_000_000
"""Of a file: MAX_PIXELS with four uncompressed bytes each fit in."""

# Said once and better by UnreadableImage; OpenCV writes past the log, to standard error.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def decode_image(data: bytes) -> Luma:
    """Decode a JPEG, PNG, WebP, GIF or BMP to grey, (height, width).

    The orientation that a camera noted (EXIF) is applied; what is transparent becomes white.

    Raises:
        UnreadableImage: empty, truncated, of no known format, or of more than 50 megapixels.
    """
    header = read_header(data)
    if header.pixels > MAX_PIXELS:
        raise UnreadableImage(
            f"{header.width} × {header.height} pixels are more than {MAX_PIXELS // 10**6} megapixels"
        )
    return _grey(data, header)


def load_image(path: Path) -> Luma:
    """Read and decode a file.

    Raises:
        UnreadableImage: there is no such file, it cannot be read, or see :func:`decode_image`.
    """
    try:
        return decode_image(_bytes_of(path))
    except (OSError, ValueError) as error:
        if isinstance(error, UnreadableImage):
            raise
        raise UnreadableImage(getattr(error, "strerror", None) or str(error)) from error


def _bytes_of(path: Path) -> bytes:
    about = path.stat()
    # A pipe would be waited for and a device read for ever.
    if not stat.S_ISREG(about.st_mode):
        raise UnreadableImage("a folder" if stat.S_ISDIR(about.st_mode) else "not a file")
    if about.st_size > MAX_BYTES:
        raise UnreadableImage(f"a file of {about.st_size // 10**6} MB is too large: 256 are taken")
    return path.read_bytes()


def _grey(data: bytes, header: Header) -> Luma:
    if header.may_be_transparent:
        whole = _decoded(data, cv2.IMREAD_UNCHANGED)
        if whole.ndim == 3 and whole.shape[2] == 4:
            return _on_white(whole)
    # OpenCV turns a picture upright only when it may also convert its colours.
    return _decoded(data, cv2.IMREAD_GRAYSCALE)


def _decoded(data: bytes, flags: int) -> Luma:
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        raise UnreadableImage(f"the image cannot be decoded: {error.err}") from error
    if image is None:
        raise UnreadableImage("the image is truncated or damaged")
    return np.asarray(image)


def _on_white(image: Luma) -> Luma:
    eight = image if image.dtype == np.uint8 else (image >> 8).astype(np.uint8)
    alpha = eight[:, :, 3]
    grey = cv2.cvtColor(eight, cv2.COLOR_BGRA2GRAY)
    return np.asarray(cv2.add(cv2.multiply(grey, alpha, scale=1 / 255), cv2.bitwise_not(alpha)), np.uint8)

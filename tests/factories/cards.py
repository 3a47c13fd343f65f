"""Photo-like pictures of cards, so that the tests read what a camera would see and not clean symbols.

Every picture follows from its arguments alone: the same seed gives the same pixels.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import segno
from numpy.typing import NDArray

Luma = NDArray[np.uint8]
Points = NDArray[np.float32]

_MM = 20
"""Pixels a millimetre on the flat card, before the camera looks at it."""
_CARD = (856, 540)
"""An ID-1 card in tenths of a millimetre."""
_CODE_MM = 25
_SUPERSAMPLING = 2
_EYE = 2.2
"""The camera's distance from the card, in widths of the card."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a card lies: ``scale`` is its width over the picture's, ``centre`` in parts of the picture."""

    scale: float
    tilt: float = 0.0
    rotation: float = 0.0
    centre: tuple[float, float] = (0.5, 0.5)


def card_image(
    payload: str | bytes,
    *,
    size: tuple[int, int] = (1280, 720),
    tilt: float = 12.0,
    rotation: float = 4.0,
    blur: float = 0.6,
    noise: float = 4.0,
    scale: float = 0.5,
    seed: int = 0,
) -> Luma:
    """Return a grey picture, ``size`` is (width, height), of a card that shows ``payload``.

    ``tilt`` turns the card away from the camera and ``rotation`` in its plane, in degrees; ``blur`` is a
    Gaussian's sigma in pixels, ``noise`` one in grey levels, ``scale`` the card's width over the picture's.
    """
    placed = [(flat_card(payload), Placement(scale, tilt, rotation))]
    return _photograph(placed, size, blur, noise, seed)


def two_cards_image(
    first: str | bytes, second: str | bytes, *, size: tuple[int, int] = (1280, 720), seed: int = 0
) -> Luma:
    """Return a picture with two cards side by side."""
    placed = [
        (flat_card(first), Placement(0.42, 8.0, 3.0, (0.26, 0.5))),
        (flat_card(second), Placement(0.42, -8.0, -5.0, (0.74, 0.5))),
    ]
    return _photograph(placed, size, 0.5, 3.0, seed)


def empty_scene(*, size: tuple[int, int] = (1280, 720), noise: float = 4.0, seed: int = 0) -> Luma:
    """Return a picture with no card in it."""
    return _photograph([], size, 0.6, noise, seed)


def qr_image(payload: str | bytes, *, module: int = 4, error: str = "m", dark: bool = False) -> Luma:
    """Return a clean symbol with its quiet zone, ``module`` pixels a module; ``dark`` as in dark mode."""
    symbol = _symbol(payload, error)
    rows = [[0 if bit else 255 for bit in row] for row in symbol.matrix_iter(scale=module, border=4)]
    image = np.array(rows, np.uint8)
    return 255 - image if dark else image


def micro_qr_image(payload: str, *, module: int = 8) -> Luma:
    """Return a clean Micro QR symbol, which is never to be read."""
    rows = segno.make_micro(payload).matrix_iter(scale=module, border=4)
    return np.array([[0 if bit else 255 for bit in row] for row in rows], np.uint8)


def as_jpeg(luma: Luma, quality: int = 90) -> bytes:
    """Return the picture as a JPEG file."""
    return cv2.imencode(".jpg", luma, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def as_png(luma: Luma) -> bytes:
    """Return the picture as a PNG file."""
    return cv2.imencode(".png", luma)[1].tobytes()


def flat_card(payload: str | bytes) -> Luma:
    """Return the card as it is printed: a band, three lines of text, and the code, 20 pixels a millimetre."""
    width, height = (side * _MM // 10 for side in _CARD)
    card = np.full((height, width), 236, np.uint8)
    card[: height // 5] = 70
    _print(card, "WELKOM", (60, 145), 3.2, 240)
    _print(card, "Loyalty card", (60, 420), 2.0, 60)
    _print(card, "000 001 0425", (60, 560), 2.0, 60)
    _print(card, "Show this card at the kiosk", (60, 1000), 1.3, 110)
    side = _CODE_MM * _MM
    _paste_code(card, payload, (width - side - 6 * _MM, height // 5 + 9 * _MM), side)
    return card


def _print(card: Luma, text: str, at: tuple[int, int], scale: float, grey: int) -> None:
    cv2.putText(card, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, (grey,), 5, cv2.LINE_AA)


def _paste_code(card: Luma, payload: str | bytes, at: tuple[int, int], side: int) -> None:
    rows = [[20 if bit else 250 for bit in row] for row in _symbol(payload, "m").matrix_iter(border=0)]
    code = cv2.resize(np.array(rows, np.uint8), (side, side), interpolation=cv2.INTER_NEAREST)
    x, y = at
    quiet = 4 * side // len(rows)
    card[y - quiet : y + side + quiet, x - quiet : x + side + quiet] = 250
    card[y : y + side, x : x + side] = code


def _symbol(payload: str | bytes, error: str) -> segno.QRCode:
    mode = "byte" if isinstance(payload, bytes) else None
    return segno.make_qr(payload, error=error, mode=mode, boost_error=False)


def _photograph(
    placed: list[tuple[Luma, Placement]], size: tuple[int, int], blur: float, noise: float, seed: int
) -> Luma:
    random = np.random.default_rng(seed)
    large = (size[0] * _SUPERSAMPLING, size[1] * _SUPERSAMPLING)
    scene = np.full((large[1], large[0]), 120, np.uint8)
    for card, placement in placed:
        scene = _laid(scene, card, placement)
    small = cv2.resize(scene, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    lit = small * _light(size, random)
    soft = cv2.GaussianBlur(lit, (0, 0), blur) if blur else lit
    grain = random.normal(0.0, noise, soft.shape) if noise else 0.0
    return np.asarray(np.clip(np.rint(soft + grain), 0, 255), np.uint8)


def _laid(scene: Luma, card: Luma, placement: Placement) -> Luma:
    size = (scene.shape[1], scene.shape[0])
    height, width = card.shape
    flat = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    seen = cv2.getPerspectiveTransform(flat, _corners(size, placement, height / width))
    # Strongly reduced, a card would alias: the lens sees means of areas, not samples of points.
    reduction = width / (placement.scale * size[0])
    smooth = cv2.GaussianBlur(card, (0, 0), reduction / 3) if reduction > 1 else card
    laid = cv2.warpPerspective(smooth, seen, size, dst=scene.copy(), borderMode=cv2.BORDER_TRANSPARENT)
    return np.asarray(laid, np.uint8)


def _corners(size: tuple[int, int], placement: Placement, ratio: float) -> Points:
    tilt, rotation = math.radians(placement.tilt), math.radians(placement.rotation)
    corners = []
    for x, y in ((-0.5, -ratio / 2), (0.5, -ratio / 2), (0.5, ratio / 2), (-0.5, ratio / 2)):
        turned_x = x * math.cos(rotation) - y * math.sin(rotation)
        turned_y = x * math.sin(rotation) + y * math.cos(rotation)
        nearness = _EYE / (_EYE + turned_x * math.sin(tilt))
        corners.append((turned_x * math.cos(tilt) * nearness, turned_y * nearness))
    centre = np.array(placement.centre) * size
    return (np.array(corners) * (placement.scale * size[0]) + centre).astype(np.float32)


def _light(size: tuple[int, int], random: np.random.Generator) -> NDArray[np.float32]:
    """Return a lamp at one side of the picture: some three quarters of the light reach the other."""
    angle = random.uniform(0, 2 * math.pi)
    x, y = np.meshgrid(np.linspace(-1, 1, size[0]), np.linspace(-1, 1, size[1]))
    slope = (x * math.cos(angle) + y * math.sin(angle)) / math.sqrt(2)
    return (0.88 + 0.14 * slope).astype(np.float32)

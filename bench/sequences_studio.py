"""The studio in which sequences are taken: cards in perspective, lens, light, sensor."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
import segno
from numpy.typing import NDArray

from bench.sequences import Recipe, Trouble

Luma = NDArray[np.uint8]
Plane = NDArray[np.float32]
Matrix = NDArray[np.float64]

_SUPERSAMPLING = 2
_TEXELS = 10
"""Pixels a module of the flat picture of a card."""
_QUIET = 4


def frames(made: Recipe) -> Iterator[Luma]:
    """Yield the sequence's frames, (height, width) each."""
    studio = _Studio(made)
    for number in range(round(made.fps * made.seconds)):
        yield studio.frame(number / made.fps)


def empty_frames(size: tuple[int, int], count: int, seed: int, *, is_moving: bool) -> Iterator[Luma]:
    """Yield frames with no code in them: a counter, before which somebody passes or nobody does."""
    random = np.random.default_rng([seed, 7])
    scene = _counter(size, random)
    body = _blob(size[1], random)
    grain = _Grain(3.0, random)
    for number in range(count):
        picture = scene
        if is_moving:
            left = round(size[0] * 0.5 + size[0] * 0.4 * math.sin(number / 9))
            picture = _pasted(scene, body, left)
        yield grain.over(picture)


@dataclass(slots=True)
class _Grain:
    """A sensor's noise from one large tile, shifted anew for each frame."""

    sigma: float
    random: np.random.Generator
    _tile: Plane = field(init=False)

    def __post_init__(self) -> None:
        self._tile = self.random.standard_normal((1400, 2300), np.float32)

    def over(self, picture: Plane) -> Luma:
        height, width = picture.shape
        y = int(self.random.integers(0, 1400 - height))
        x = int(self.random.integers(0, 2300 - width))
        grown = self.sigma * np.sqrt(0.5 + picture / 255)
        return np.asarray(
            np.clip(picture + grown * self._tile[y : y + height, x : x + width], 0, 255), np.uint8
        )


class _Studio:
    """Everything of one sequence that stays the same from frame to frame."""

    def __init__(self, made: Recipe) -> None:
        self._made = made
        self._random = np.random.default_rng([made.seed, *made.trouble.encode()])
        self._scene = _counter(made.size, self._random)
        self._card = _flat(made, self._random)
        self._side = self._card.shape[0] / _TEXELS
        self._phases = self._random.uniform(0, 2 * math.pi, 8)
        self._drift = self._random.uniform(-1, 1, 2) * _room(self._card.shape[0] / _TEXELS, made)
        self._heading = float(self._random.uniform(0, 2 * math.pi))
        self._grain = _Grain(made.noise, self._random)

    def frame(self, at: float) -> Luma:
        """Return what the camera takes ``at`` seconds after the beginning."""
        made = self._made
        exposures = 1 if made.speed * made.shutter / made.fps < 0.25 else 7
        opened = made.shutter / made.fps
        moments = [at + opened * step / max(exposures - 1, 1) for step in range(exposures)]
        light: Plane = np.mean(np.stack([self._lit(moment) for moment in moments]), axis=0, dtype=np.float32)
        if made.blur:
            light = np.asarray(cv2.GaussianBlur(light, (0, 0), max(made.blur * made.module, 0.3)), np.float32)
        return self._grain.over(np.asarray(np.clip(light * made.light, 0, 255), np.float32))

    def _lit(self, at: float) -> Plane:
        """Return the light at one moment, before lens and sensor."""
        seen = self._pose(at)
        corners = cv2.perspectiveTransform(self._outline()[None], seen)[0]
        x, y, width, height = _bounds(corners, self._made.size)
        picture = self._scene.copy()
        if width < 2 or height < 2:
            return picture
        patch, cover = self._patch(seen, (x, y, width, height), at)
        place = picture[y : y + height, x : x + width]
        place[:] = place * (1 - cover) + patch * cover
        return picture

    def _outline(self) -> Plane:
        """Return points all around the card, in modules from its middle, as it bulges."""
        side = self._side / 2
        along = np.linspace(-side, side, 9)
        ends = np.full(9, side)
        rim = [(along, -ends), (along, ends), (-ends, along), (ends, along)]
        flat = np.concatenate([np.stack(each, 1) for each in rim])
        return np.asarray(flat + self._bulge(flat[:, 0], flat[:, 1]).T, np.float32)

    def _bulge(self, x: Plane, y: Plane) -> Plane:
        """Return how far a bent card's points seem to be moved, in modules, as seen from the front."""
        height = self._made.curve * self._side * (1 - (2 * x / self._side) ** 2)
        return np.stack([0.35 * height * np.sign(self._drift[0]), 0.9 * height])

    def _pose(self, at: float) -> Matrix:
        """Return the homography from modules on the card to pixels."""
        made, size = self._made, np.array(self._made.size)
        tremble = np.sin(2 * math.pi * 2.3 * at + self._phases[:6])
        reach = made.speed / (2 * math.pi * 2.3)
        pixels = tremble[:2] * reach * made.module
        travel = np.zeros(2)
        if not made.lies_still and made.trouble is not Trouble.MOTION:
            travel = self._approach(at) * size
        if made.lies_still:
            pixels = np.zeros(2)
        if made.trouble is Trouble.MOTION:
            away = made.speed * made.module * (at - made.seconds / 2)
            pixels = away * np.array([math.cos(self._heading), math.sin(self._heading)])
        centre = size * (0.5 + self._drift) + pixels + travel
        wobble = 0.0 if made.lies_still else 2.0
        tilt = math.radians(made.tilt + wobble * tremble[2])
        turn = math.radians(made.rotation + wobble * tremble[3])
        return _placed(centre, made.module) @ _tilted(tilt, self._phases[6], self._side) @ _rotation(turn)

    def _approach(self, at: float) -> Matrix:
        """Return how far away the card still is in its way in, or is again on its way out, in pictures."""
        part = at / self._made.seconds
        way = max(0.0, 0.2 - part) / 0.2 + max(0.0, part - 0.9) / 0.1
        return np.asarray(np.array([math.cos(self._heading), math.sin(self._heading)]) * way**1.5 * 0.8)

    def _patch(self, seen: Matrix, place: tuple[int, int, int, int], at: float) -> tuple[Plane, Plane]:
        """Return the card as it appears in a part of the picture, and which pixels it covers."""
        x, y = self._on_card(seen, place)
        texel = self._card.shape[0] / 2
        maps = (np.asarray(x * _TEXELS + texel, np.float32), np.asarray(y * _TEXELS + texel, np.float32))
        light = cv2.remap(self._card, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=-1)
        cover = np.asarray(light >= 0, np.float32)
        light = self._shone_on(np.maximum(light, 0), x / self._side, y / self._side, at)
        light, cover = self._held(light, cover, x / self._side, y / self._side, at)
        _, _, width, height = place
        if self._made.moire:
            # The sensor's pixels and the screen's beat against each other: one sample a pixel.
            light *= self._screen(x, y)
            light, cover = (
                light[::_SUPERSAMPLING, ::_SUPERSAMPLING],
                cover[::_SUPERSAMPLING, ::_SUPERSAMPLING],
            )
        shrunk = [cv2.resize(each, (width, height), interpolation=cv2.INTER_AREA) for each in (light, cover)]
        return np.asarray(shrunk[0], np.float32), np.asarray(shrunk[1], np.float32)

    def _on_card(self, seen: Matrix, place: tuple[int, int, int, int]) -> tuple[Plane, Plane]:
        """Return the card's point, in modules from its middle, that each (finer) pixel shows."""
        left, top, width, height = place
        xs = left + (np.arange(width * _SUPERSAMPLING) + 0.5) / _SUPERSAMPLING - 0.5
        ys = top + (np.arange(height * _SUPERSAMPLING) + 0.5) / _SUPERSAMPLING - 0.5
        back = np.linalg.inv(seen)
        px, py = np.meshgrid(xs, ys)
        down = back[2, 0] * px + back[2, 1] * py + back[2, 2]
        x = (back[0, 0] * px + back[0, 1] * py + back[0, 2]) / down
        y = (back[1, 0] * px + back[1, 1] * py + back[1, 2]) / down
        if self._made.curve:
            flat_x, flat_y = x, y
            for _ in range(5):
                moved = self._bulge(x, y)
                x, y = flat_x - moved[0], flat_y - moved[1]
        return np.asarray(x, np.float32), np.asarray(y, np.float32)

    def _shone_on(self, light: Plane, u: Plane, v: Plane, at: float) -> Plane:
        """Add a lamp's reflection that wanders over the card; ``u`` and ``v`` are in sides of the card."""
        if not self._made.glare:
            return light
        reach = self._made.glare * 0.5
        across = 0.45 * math.sin(2.2 * at + self._phases[4])
        along = 0.35 * math.cos(1.7 * at + self._phases[5])
        distance = ((u - across) / reach) ** 2 + ((v - along) / (reach * 0.6)) ** 2
        return np.asarray(light + 330 * np.exp(-(distance**2)), np.float32)

    def _held(self, light: Plane, cover: Plane, u: Plane, v: Plane, at: float) -> tuple[Plane, Plane]:
        """Put a thumb over a corner."""
        if not self._made.hand:
            return light, cover
        side = np.sign(np.sin(self._phases[4:6]))
        reach = self._made.hand * (1 + 0.15 * math.sin(3 * at))
        thumb = ((u - side[0] * 0.5) / reach) ** 2 + ((v - side[1] * 0.5) / (reach * 0.7)) ** 2 < 1
        return np.where(thumb, np.float32(128), light), cover

    def _screen(self, x: Plane, y: Plane) -> Plane:
        """Return a phone's pixel grid, a little finer than the camera's pixels."""
        pitch = 2 * math.pi * self._made.module / (1.0 + 0.25 * abs(math.sin(self._phases[7])))
        grid = np.cos(x * pitch) + np.cos(y * pitch)
        return np.asarray(1 + self._made.moire * 0.5 * grid, np.float32)


def _placed(centre: Matrix, module: float) -> Matrix:
    return np.array([[module, 0, centre[0]], [0, module, centre[1]], [0, 0, 1.0]])


def _tilted(tilt: float, axis: float, side: float) -> Matrix:
    """Return what tilting away about an axis in the card does, seen from a few sides away."""
    about = _rotation(axis)
    tilting = about @ np.diag([math.cos(tilt), 1.0, 1.0]) @ about.T
    tilting[2, :2] = math.sin(tilt) * about[:2, 0] / (3.2 * side)
    return np.asarray(tilting)


def _room(side: float, made: Recipe) -> Matrix:
    """Return how far from the middle a card may be held and still be wholly in view, in pictures."""
    space = (np.array(made.size) - 1.3 * side * made.module) / 2
    return np.asarray(np.clip(space / made.size, 0.01, 0.3))


def _rotation(angle: float) -> Matrix:
    cos, sin = math.cos(angle), math.sin(angle)
    return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1.0]])


def _bounds(corners: Plane, size: tuple[int, int]) -> tuple[int, int, int, int]:
    low = np.clip(np.floor(corners.min(0)) - 2, 0, size).astype(int)
    high = np.clip(np.ceil(corners.max(0)) + 3, 0, size).astype(int)
    return int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])


def _flat(made: Recipe, random: np.random.Generator) -> Plane:
    """Return the card seen from the front, square, ``_TEXELS`` pixels a module."""
    modules = np.array([list(row) for row in segno.make_qr(made.text, error="m").matrix], np.float32)
    code = cv2.resize(1 - modules, None, fx=_TEXELS, fy=_TEXELS, interpolation=cv2.INTER_NEAREST)
    around = _QUIET if made.has_quiet_zone else 0
    light = np.pad(code, around * _TEXELS, constant_values=1.0)
    rim = 6 * _TEXELS
    light = np.pad(light, rim, constant_values=0.0 if around == 0 else 0.75)
    if made.is_dark_mode:
        light = 1 - light
    grey = 210 * (made.ink + (1 - made.ink) * light)
    for _ in range(made.scratches):
        grey = _scratched(grey, random)
    return np.asarray(grey, np.float32)


def _scratched(grey: Plane, random: np.random.Generator) -> Plane:
    side = grey.shape[0]
    start, length = random.uniform(0.15, 0.85, 2) * side, random.normal(0, 0.3, 2) * side
    first, last = ((int(x), int(y)) for x, y in (start, start + length))
    shade = float(random.choice((30, 200)))
    return np.asarray(cv2.line(grey, first, last, (shade,), int(random.integers(4, 14))), np.float32)


def _counter(size: tuple[int, int], random: np.random.Generator) -> Plane:
    """Return a counter with things on it, under a lamp at one side."""
    width, height = size
    scene = np.full((height, width), random.uniform(70, 150), np.float32)
    for _ in range(25):
        x, y = random.uniform(0, width), random.uniform(0, height)
        w, h = random.uniform(0.03, 0.25, 2) * width
        box = np.array([(x, y), (x + w, y + h / 9), (x + w * 0.9, y + h), (x - w / 9, y + h)], np.int32)
        cv2.fillPoly(scene, [box], (float(random.uniform(30, 220)),))
    for _ in range(6):
        at = (int(random.uniform(0, width * 0.8)), int(random.uniform(0, height)))
        zoom = float(random.uniform(0.4, 1.4))
        words = np.zeros((height, width), np.uint8)
        cv2.putText(words, "KOFFIE 2,40  THEE 2,10", at, cv2.FONT_HERSHEY_SIMPLEX, zoom, (255,), 2)
        scene[words > 127] = random.uniform(20, 230)
    slope = np.linspace(random.uniform(0.75, 1), random.uniform(0.75, 1), width, dtype=np.float32)
    return np.asarray(cv2.GaussianBlur(scene * slope, (0, 0), 1.2), np.float32)


def _blob(height: int, random: np.random.Generator) -> Plane:
    body = np.full((height, height // 2), random.uniform(40, 90), np.float32)
    for stripe in range(0, height, 40):
        body[stripe : stripe + 14] += 30
    return np.asarray(cv2.GaussianBlur(body, (0, 0), 2), np.float32)


def _pasted(scene: Plane, body: Plane, left: int) -> Plane:
    picture = scene.copy()
    left = min(max(left, 0), scene.shape[1] - 1)
    part = body[:, : scene.shape[1] - left]
    picture[:, left : left + part.shape[1]] = part
    return picture

"""Seconds in front of a kiosk, made up: a card or phone brought in, held and taken away, hard to read.

Each sequence follows from its recipe and seed alone, so that readers can be compared on the same frames
and a figure printed today can be printed again. Nothing of the reader is used here: the pictures come
from geometry, optics and noise (see :mod:`bench.sequences_studio`).
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np

from contracts.card_code import CardCode, payload

PUBLIC_URL = "HTTPS://KAART.EXAMPLE.NL"
SIZES = ((640, 480), (1280, 720), (1920, 1080))
RATES = (15.0, 20.0, 25.0, 30.0)


class Trouble(StrEnum):
    """What makes a sequence hard; one of them leads, others join it mildly."""

    NONE = "none"
    MOTION = "motion"
    TILT = "tilt"
    GLARE = "glare"
    NOISE = "noise"
    MOIRE = "moire"
    LOW_LIGHT = "low light"
    FAINT = "faint"
    DEFOCUS = "defocus"
    SMALL = "small"
    DARK_MODE = "dark mode"
    CURVED = "curved"
    DAMAGED = "damaged"
    HAND = "hand"
    NO_QUIET_ZONE = "no quiet zone"


@dataclass(frozen=True, slots=True)
class Recipe:
    """One sequence in numbers; lengths are in modules of the code, grey in levels, angles in degrees."""

    trouble: Trouble
    seed: int
    size: tuple[int, int] = (1280, 720)
    fps: float = 30.0
    seconds: float = 1.0
    module: float = 4.0
    """Pixels that a module measures in the frame, seen from the front."""
    tilt: float = 10.0
    rotation: float = 5.0
    speed: float = 6.0
    """Modules a second while it is held; a hand trembles."""
    shutter: float = 0.3
    """The part of a frame's time in which light is collected."""
    blur: float = 0.2
    """The lens's, a Gaussian's sigma in modules."""
    noise: float = 3.0
    light: float = 1.0
    ink: float = 0.1
    """How much light a dark module gives back, of a light one's."""
    glare: float = 0.0
    """How much of the code's side a reflection covers."""
    moire: float = 0.0
    curve: float = 0.0
    """How far the middle of the card stands out, in parts of the code's side."""
    scratches: int = 0
    hand: float = 0.0
    """How much of the code's side a thumb hides at one corner."""
    is_dark_mode: bool = False
    has_quiet_zone: bool = True
    lies_still: bool = False
    """On the counter from the first frame on, instead of being brought in."""

    @property
    def text(self) -> str:
        """What the card says."""
        secret = np.random.default_rng([self.seed, 1]).bytes(16)
        return payload(CardCode(bytes(secret)), PUBLIC_URL)


def recipe(trouble: Trouble, seed: int) -> Recipe:
    """Return a varied recipe with this trouble."""
    random = np.random.default_rng([seed, *trouble.encode()])
    size = SIZES[int(random.choice(3, p=(0.2, 0.6, 0.2)))]
    base = Recipe(
        trouble,
        seed,
        size=size,
        fps=float(random.choice(RATES)),
        module=float(random.uniform(2.6, 5.0)) * (size[0] / 1280) ** 0.5,
        tilt=float(random.uniform(0, 25)),
        rotation=float(random.normal(0, 12) + random.choice((0, 90, 180, 270), p=(0.7, 0.1, 0.1, 0.1))),
        speed=float(random.uniform(2, 10)),
        blur=float(random.uniform(0.15, 0.35)),
        noise=float(random.uniform(2, 5)),
        light=float(random.uniform(0.7, 1.0)),
        lies_still=bool(random.random() < 0.2) and trouble is not Trouble.MOTION,
        is_dark_mode=trouble is Trouble.DARK_MODE,
        has_quiet_zone=trouble is not Trouble.NO_QUIET_ZONE,
        scratches=int(random.integers(6, 16)) if trouble is Trouble.DAMAGED else 0,
    )
    hard: dict[str, Any] = {key: float(random.uniform(*reach)) for key, reach in _HARD[trouble].items()}
    return replace(base, **hard)


_HARD: dict[Trouble, dict[str, tuple[float, float]]] = {
    Trouble.NONE: {},
    Trouble.MOTION: {"speed": (30, 110), "shutter": (0.5, 1.0)},
    Trouble.TILT: {"tilt": (48, 68)},
    Trouble.GLARE: {"glare": (0.35, 0.8)},
    Trouble.NOISE: {"noise": (18, 45)},
    Trouble.MOIRE: {"moire": (0.3, 0.8)},
    Trouble.LOW_LIGHT: {"light": (0.06, 0.16), "noise": (3, 6)},
    Trouble.FAINT: {"ink": (0.8, 0.92)},
    Trouble.DEFOCUS: {"blur": (0.45, 0.8)},
    Trouble.SMALL: {"module": (1.4, 2.2), "blur": (0.25, 0.4)},
    Trouble.DARK_MODE: {"blur": (0.3, 0.6), "noise": (4, 14)},
    Trouble.CURVED: {"curve": (0.08, 0.25)},
    Trouble.DAMAGED: {},
    Trouble.HAND: {"hand": (0.15, 0.4)},
    Trouble.NO_QUIET_ZONE: {"blur": (0.2, 0.45)},
}
"""What each trouble is, from mild to hard."""

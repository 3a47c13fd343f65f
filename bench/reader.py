"""How many cards our reader reads and how long it takes, beside the libraries that it is made of.

Run on photographs where they lie beside the repository, and on pictures rendered here.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import zxingcpp
from pyzbar.pyzbar import ZBarSymbol, decode

from contracts.card_code import CardCode, payload
from kiosk.camera.source import Luma
from kiosk.scanning.reader import read
from kiosk.scanning.symbols import Effort
from tests.factories.cards import card_image, empty_scene
from tests.factories.corpus import FOLDER, Truth, photographs

Reader = Callable[[Luma], list[str]]

_SEEDS = 3
_VIEWS: tuple[dict[str, Any], ...] = (
    *({"tilt": float(tilt)} for tilt in (0, 20, 40, 55)),
    *({"rotation": float(rotation)} for rotation in (30, 90, 200)),
    *({"scale": scale} for scale in (0.15, 0.2, 0.25, 0.3)),
    *({"blur": blur} for blur in (1.5, 2.5, 3.5, 4.5)),
    *({"noise": float(noise)} for noise in (10, 20, 40)),
    *({"scale": 0.3, "blur": blur, "noise": 8.0} for blur in (1.0, 1.5, 2.0)),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture, and how its text is recognised; any text is taken where none was published."""

    luma: Luma
    has_code: bool
    says: Callable[[str], bool] = bool


@dataclass(slots=True)
class Score:
    """What a reader made of a set of pictures."""

    codes: int = 0
    read: int = 0
    false: int = 0
    ms: tuple[float, ...] = ()


def main() -> None:
    """Print one table for each set of pictures."""
    cv2.setNumThreads(1)
    _print_table("cards rendered at 1280 × 720", list(_rendered()))
    if FOLDER.exists():
        _print_table(f"photographs in {FOLDER.name}", list(_photographed()))
    else:
        print("no photographs beside the repository: only rendered cards were measured")


def _readers() -> dict[str, Reader]:
    detector = cv2.QRCodeDetector()
    return {
        "ours, live": lambda luma: [symbol.text for symbol in read(luma, Effort.LIVE)],
        "ours, full effort": lambda luma: [symbol.text for symbol in read(luma, Effort.FULL)],
        "zxing-cpp alone": _zxing,
        "pyzbar alone": _pyzbar,
        "OpenCV": lambda luma: _opencv(detector, luma),
    }


def _zxing(luma: Luma) -> list[str]:
    found = zxingcpp.read_barcodes(
        luma,
        formats=zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCodeModel2]),
        text_mode=zxingcpp.TextMode.Plain,
    )
    return [code.text for code in found]


def _pyzbar(luma: Luma) -> list[str]:
    return [code.data.decode("utf-8", "replace") for code in decode(luma, [ZBarSymbol.QRCODE])]


def _opencv(detector: cv2.QRCodeDetector, luma: Luma) -> list[str]:
    try:
        _, texts, _, _ = detector.detectAndDecodeMulti(luma)
    except (cv2.error, UnicodeDecodeError):
        # It stumbles over tiny pictures and over payloads that are not UTF-8.
        return []
    return [text for text in texts if text]


def _rendered() -> Iterator[Sample]:
    for number, view in enumerate(_VIEWS):
        for seed in range(_SEEDS):
            text = payload(CardCode(bytes([number, seed]) * 8), "HTTPS://KAART.EXAMPLE.NL")
            yield Sample(card_image(text, seed=seed, **view), has_code=True, says=text.__eq__)
    for seed in range(_SEEDS):
        yield Sample(empty_scene(seed=seed), has_code=False)


def _photographed() -> Iterator[Sample]:
    for photo in photographs(*Truth):
        luma = cv2.imread(str(photo.path), cv2.IMREAD_GRAYSCALE)
        if luma is not None:
            yield Sample(np.asarray(luma, np.uint8), photo.truth is not Truth.NONE, photo.says)


def _print_table(title: str, samples: list[Sample]) -> None:
    codes = sum(sample.has_code for sample in samples)
    print(f"\n{title}: {codes} with a code, {len(samples) - codes} without")
    print(f"{'reader':<20}{'read':>7}{'rate':>9}{'false':>7}{'ms: median':>12}{'p90':>8}{'longest':>9}")
    for name, reader in _readers().items():
        score = _score(reader, samples)
        p90 = statistics.quantiles(score.ms, n=10)[-1]
        print(
            f"{name:<20}{score.read:>7}{score.read / score.codes:>9.1%}{score.false:>7}"
            f"{statistics.median(score.ms):>12.1f}{p90:>8.1f}{max(score.ms):>9.1f}"
        )


def _score(reader: Reader, samples: list[Sample]) -> Score:
    score = Score()
    for sample in samples:
        started = time.perf_counter()
        texts = reader(sample.luma)
        score.ms += ((time.perf_counter() - started) * 1000,)
        is_read = sample.has_code and any(map(sample.says, texts))
        score.codes += sample.has_code
        score.read += is_read
        score.false += bool(texts) and not is_read
    return score


if __name__ == "__main__":
    main()

"""The photographs that lie beside the repository on some machines; tests that want them skip elsewhere."""

import csv
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2].parent / "shared" / "corpus"
"""Beside the repository, never in it: other people's photographs under their own licences."""

_OTHER_SYMBOLOGIES = {"microqrcode-1", "rmqrcode-1"}

needs_corpus = pytest.mark.skipif(
    not (FOLDER / "manifest.csv").exists(), reason=f"the photographs are not at {FOLDER}"
)


class Truth(StrEnum):
    """What is known about a photograph."""

    GIVEN = "given"
    CONSENSUS = "consensus"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Photograph:
    """One picture; ``text`` as published, empty where none was."""

    path: Path
    text: str
    truth: Truth

    def says(self, text: str) -> bool:
        """Tell whether ``text`` is what was published, whose line ends were made uniform."""
        return _plain(self.text) in _plain(text)


def photographs(*truths: Truth) -> list[Photograph]:
    """Return the photographs of QR Code Model 2 (or of no code) with one of these truths."""
    with (FOLDER / "manifest.csv").open(newline="", encoding="utf-8") as file:
        return [
            Photograph(FOLDER / row["path"], row["text"], Truth(row["truth"]))
            for row in csv.DictReader(file)
            if row["truth"] in truths and row["category"] not in _OTHER_SYMBOLOGIES
        ]


def _plain(text: str) -> str:
    return "\n".join(text.split("\r\n")).strip()

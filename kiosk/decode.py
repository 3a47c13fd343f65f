"""``kiosk decode``: what the kiosk reads in given images, to try a card or to measure the reader."""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, Protocol, TextIO

import click

from kiosk.camera.source import Luma
from kiosk.errors import DecoderDied, UnreadableImage
from kiosk.scanning.symbols import Effort
from kiosk.scanning.worker import Decoded, Decoder

_STANDARD_INPUT = "-"


class ImageDecoder(Protocol):
    """What reads an image: the killable decoder, or in a test one that dies on demand."""

    def decode(self, luma: Luma, effort: Effort) -> Decoded: ...


@dataclass(frozen=True, slots=True)
class _Finding:
    """What became of one image; ``ms`` is the time that reading it took, once it was loaded."""

    path: str
    texts: tuple[str, ...] = ()
    ms: float | None = None
    error: str | None = None

    def as_json(self) -> str:
        known = {"path": self.path, "texts": self.texts, "ms": self.ms, "error": self.error}
        # In ASCII: a path need not be text in any encoding, and escapes can say it all the same.
        return json.dumps({key: value for key, value in known.items() if value is not None})

    def as_words(self) -> str:
        said = self.error or " | ".join(self.texts) or "no code"
        took = f"  ({self.ms:.1f} ms)" if self.ms is not None else ""
        return f"{_printable(self.path)}: {_printable(said)}{took}"


def run(
    paths: Iterable[str], out: TextIO, *, as_json: bool = True, decoder: ImageDecoder | None = None
) -> int:
    """Read one image after another and write one line for each, before the next path is asked for.

    Returns 0, or 1 when an image had an error (which its line tells).
    """
    if decoder is None:
        with closing(Decoder()) as own:
            return run(paths, out, as_json=as_json, decoder=own)
    status = 0
    for path in paths:
        finding = _find(path, decoder)
        out.write((finding.as_json() if as_json else finding.as_words()) + "\n")
        out.flush()
        status = status or int(finding.error is not None)
    return status


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.argument("paths", nargs=-1, required=True)
def decode_command(paths: Sequence[str], as_json: bool) -> None:
    """Read the QR codes in images. PATHS are files; - takes paths from standard input, one a line."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(run(_named(paths, sys.stdin.buffer), sys.stdout, as_json=as_json))


def _named(arguments: Iterable[str], standard_input: BinaryIO) -> Iterator[str]:
    for argument in arguments:
        if argument == _STANDARD_INPUT:
            yield from (os.fsdecode(line.rstrip(b"\r\n")) for line in standard_input)
        else:
            yield argument


def _find(path: str, decoder: ImageDecoder) -> _Finding:
    from kiosk.camera.images import load_image  # noqa: PLC0415  the agent's commands need no OpenCV

    if not path:
        # Path("") would be the folder that the program was started in.
        return _Finding(path, error="no path")
    try:
        luma = load_image(Path(path))
        decoded = decoder.decode(luma, Effort.FULL)
    except (UnreadableImage, DecoderDied) as error:
        return _Finding(path, error=str(error))
    return _Finding(path, tuple(symbol.text for symbol in decoded.symbols), round(decoded.ms, 2))


def _printable(text: str) -> str:
    """Return the text with control characters spelled out: a code must not command a terminal."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from kiosk.decode import decode_command, run
from kiosk.errors import DecoderDied
from kiosk.scanning.symbols import Effort, Reader, Symbol
from kiosk.scanning.worker import Decoded, Decoder
from tests.factories.cards import Luma, as_jpeg, as_png, card_image, qr_image, two_cards_image
from tests.kiosk.scanning.misbehaving_child import Misdeed

FIRST = "HTTP://127.0.0.1:8000/C/0123456789ABCDEFGHJKMNPQRS"
SECOND = "HTTP://127.0.0.1:8000/C/7ZZZZZZZZZZZZZZZZZZZZZZZZZ"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    (folder / "first.jpg").write_bytes(as_jpeg(card_image(FIRST)))
    (folder / "two.png").write_bytes(as_png(two_cards_image(FIRST, SECOND)))
    (folder / "grey.png").write_bytes(as_png(np.full((90, 120), 128, np.uint8)))
    (folder / "black.png").write_bytes(as_png(np.zeros((1, 1), np.uint8)))
    (folder / "cut.jpg").write_bytes(as_jpeg(card_image(FIRST))[:5000])
    (folder / "empty.png").touch()
    (folder / "binary.png").write_bytes(as_png(qr_image(bytes(range(128, 256)))))
    (folder / "escape.png").write_bytes(as_png(qr_image(b"\x1b[2JHELLO\n")))
    return folder


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with closing(Decoder()) as decoder:
        yield decoder


def lines_of(paths: list[Path], decoder: Decoder) -> tuple[int, list[dict[str, Any]]]:
    out = io.StringIO()
    status = run(map(str, paths), out, decoder=decoder)
    return status, [json.loads(line) for line in out.getvalue().splitlines()]


def test_each_image_gets_one_line_with_its_texts_and_time(folder: Path, decoder: Decoder) -> None:
    paths = [folder / name for name in ("first.jpg", "two.png", "grey.png", "black.png")]
    status, lines = lines_of(paths, decoder)
    assert status == 0
    assert [line["path"] for line in lines] == [str(path) for path in paths]
    assert [sorted(line["texts"]) for line in lines] == [[FIRST], [FIRST, SECOND], [], []]
    assert all(set(line) == {"path", "texts", "ms"} for line in lines)
    assert all(line["ms"] >= 0 for line in lines)


def test_unreadable_files_get_an_error_and_the_others_are_read_all_the_same(
    folder: Path, decoder: Decoder
) -> None:
    names = ("cut.jpg", "none.png", ".", "empty.png", "first.jpg")
    status, lines = lines_of([folder / name for name in names], decoder)
    assert status == 1
    assert [line["texts"] for line in lines] == [[], [], [], [], [FIRST]]
    assert ["error" in line for line in lines] == [True, True, True, True, False]
    words = ["truncated", "No such file", "folder", "empty"]
    assert all(word in line["error"] for word, line in zip(words, lines, strict=False))


def test_binary_codes_come_as_one_character_a_byte(folder: Path, decoder: Decoder) -> None:
    _, (line,) = lines_of([folder / "binary.png"], decoder)
    assert line["texts"] == [bytes(range(128, 256)).decode("latin-1")]


def test_a_line_is_written_before_the_next_path_is_asked_for(folder: Path, decoder: Decoder) -> None:
    out = io.StringIO()

    def paths() -> Iterator[str]:
        for count in range(3):
            assert len(out.getvalue().splitlines()) == count
            yield str(folder / "first.jpg")

    assert run(paths(), out, decoder=decoder) == 0
    assert len(out.getvalue().splitlines()) == 3


def test_a_crash_of_the_decoder_costs_only_that_line(tmp_path: Path, folder: Path) -> None:
    crash = tmp_path / "crash.png"
    crash.write_bytes(as_png(np.full((48, 64), Misdeed.CRASH, np.uint8)))
    with closing(Decoder(child_module="tests.kiosk.scanning.misbehaving_child")) as decoder:
        status, lines = lines_of([folder / "first.jpg", crash, folder / "first.jpg"], decoder)
    assert status == 1
    assert [line["texts"] for line in lines] == [[FIRST], [], [FIRST]]
    assert "error" in lines[1]


class ReadsOneText:
    """A decoder that reads the same text everywhere."""

    def __init__(self, text: str) -> None:
        self._text = text

    def decode(self, luma: Luma, effort: Effort) -> Decoded:
        if effort is not Effort.FULL:
            raise DecoderDied("a single image deserves full effort")
        return Decoded((Symbol(self._text, ((0, 0), (1, 0), (1, 1), (0, 1)), Reader.ZXING),), 1.25)


def test_for_people_a_line_names_the_image_and_what_it_says(folder: Path) -> None:
    out = io.StringIO()
    run([str(folder / "grey.png"), "none.png"], out, as_json=False, decoder=ReadsOneText("Tot ziens, Zoë"))
    assert out.getvalue() == (
        f"{folder}/grey.png: Tot ziens, Zoë  (1.2 ms)\nnone.png: No such file or directory\n"
    )


def test_a_code_cannot_command_the_terminal(folder: Path) -> None:
    out = io.StringIO()
    run([str(folder / "grey.png")], out, as_json=False, decoder=ReadsOneText("\x1b[2J\nfaked.png: HTTP"))
    assert len(out.getvalue().splitlines()) == 1
    assert "\\x1b[2J\\nfaked.png: HTTP" in out.getvalue()


def test_paths_come_from_the_command_line_and_from_standard_input(folder: Path) -> None:
    given = f"{folder}/two.png\n\n{folder}/none.png\r\n"
    result = CliRunner().invoke(
        decode_command, ["--json", str(folder / "first.jpg"), "-", str(folder / "grey.png")], input=given
    )
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [Path(line["path"]).name for line in lines] == ["first.jpg", "two.png", "", "none.png", "grey.png"]
    assert ["error" in line for line in lines] == [False, False, True, True, False]
    assert result.exit_code == 1


def test_without_paths_the_command_says_how_it_is_used() -> None:
    result = CliRunner().invoke(decode_command, ["--json"])
    assert result.exit_code == 2
    assert "PATHS" in result.output


def test_a_program_may_ask_for_one_image_after_another(folder: Path) -> None:
    with decode_process() as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for name, texts in [("first.jpg", [FIRST]), ("grey.png", []), ("first.jpg", [FIRST])]:
            process.stdin.write(os.fsencode(folder / name) + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["texts"] == texts
        process.stdin.close()
        assert process.wait(20) == 0


def test_a_path_that_is_no_text_is_read_and_named(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9.png"
    with open(name, "wb") as file:
        file.write(as_png(qr_image("CAFE")))
    with decode_process() as process:
        out, _ = process.communicate(name + b"\n", timeout=60)
    line = json.loads(out)
    assert line["texts"] == ["CAFE"]
    assert os.fsencode(line["path"]) == name


def decode_process() -> subprocess.Popen[bytes]:
    program = "from kiosk.decode import decode_command; decode_command()"
    return subprocess.Popen(
        [sys.executable, "-c", program, "--json", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def test_the_command_can_be_listed_without_loading_opencv() -> None:
    program = "import sys, kiosk.decode; print('cv2' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"

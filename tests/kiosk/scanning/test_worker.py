import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import psutil
import pytest

from kiosk.errors import DecoderDied
from kiosk.scanning.symbols import Effort
from kiosk.scanning.worker import Decoder, DecoderLimits
from tests.factories.cards import Luma, card_image, qr_image
from tests.kiosk.scanning.misbehaving_child import Misdeed

PAYLOAD = "HTTP://127.0.0.1:8000/C/0123456789ABCDEFGHJKMNPQRS"
MISBEHAVING = "tests.kiosk.scanning.misbehaving_child"
ROOT = Path(__file__).parents[3]


@pytest.fixture
def decoder() -> Iterator[Decoder]:
    with closing(Decoder()) as decoder:
        yield decoder


@pytest.fixture
def misbehaving() -> Iterator[Decoder]:
    with closing(Decoder(child_module=MISBEHAVING)) as decoder:
        yield decoder


def frame(misdeed: Misdeed) -> Luma:
    return np.full((48, 64), misdeed, np.uint8)


def texts(decoder: Decoder, luma: Luma, effort: Effort = Effort.LIVE) -> list[str]:
    return [symbol.text for symbol in decoder.decode(luma, effort).symbols]


def children() -> list[psutil.Process]:
    """Return the decoders' processes, or what is left of them; other tests have servers of their own."""
    started = psutil.Process().children()
    return [each for each in started if each.status() == psutil.STATUS_ZOMBIE or _decodes(each)]


def _decodes(process: psutil.Process) -> bool:
    return any("child" in word for word in process.cmdline())


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_a_card_is_read_in_the_child_with_its_place_and_the_time_it_took(decoder: Decoder) -> None:
    decoded = decoder.decode(card_image(PAYLOAD))
    (symbol,) = decoded.symbols
    assert symbol.text == PAYLOAD
    assert all(640 < x < 960 and 300 < y < 540 for x, y in symbol.quad)
    assert decoded.ms > 0


def test_frames_of_different_sizes_follow_one_another(decoder: Decoder) -> None:
    for size in [(640, 360), (1920, 1080), (320, 240), (1280, 720)]:
        assert texts(decoder, card_image(PAYLOAD, size=size, scale=0.9)) == [PAYLOAD]


def test_a_frame_that_is_not_contiguous_is_read(decoder: Decoder) -> None:
    luma = card_image(PAYLOAD)
    wide = np.repeat(luma, 2, axis=1)
    assert texts(decoder, wide[:, ::2]) == [PAYLOAD]


def test_a_frame_without_pixels_holds_nothing(decoder: Decoder) -> None:
    assert decoder.decode(np.zeros((0, 0), np.uint8)).symbols == ()
    assert decoder.decode(np.zeros((1, 1), np.uint8), Effort.FULL).symbols == ()


def test_the_longest_code_there_is_comes_back_whole(decoder: Decoder) -> None:
    longest = "WELKOM $%" * 477 + "END"
    assert len(longest) == 4296
    assert texts(decoder, qr_image(longest, error="l")) == [longest]


def test_a_picture_of_fifty_megapixels_fits_into_the_memory(decoder: Decoder) -> None:
    luma = np.full((7071, 7071), 128, np.uint8)
    luma[3000:3500, 3000:3500] = 250
    code = qr_image(PAYLOAD, module=8)
    luma[3100 : 3100 + len(code), 3100 : 3100 + len(code)] = code
    assert texts(decoder, luma, Effort.FULL) == [PAYLOAD]


def test_too_little_memory_costs_the_frame_and_not_the_decoder() -> None:
    limits = DecoderLimits(memory_bytes=400 << 20)
    with closing(Decoder(limits)) as decoder:
        with pytest.raises(DecoderDied):
            decoder.decode(np.full((16_000, 16_000), 128, np.uint8))
        assert texts(decoder, np.ascontiguousarray(card_image(PAYLOAD))) == [PAYLOAD]


@pytest.mark.parametrize("misdeed", list(Misdeed))
def test_after_a_misdeed_the_very_next_frame_is_read(misbehaving: Decoder, misdeed: Misdeed) -> None:
    with pytest.raises(DecoderDied):
        misbehaving.decode(frame(misdeed))
    assert texts(misbehaving, card_image(PAYLOAD)) == [PAYLOAD]


def test_one_misdeed_after_another_leaves_no_process_and_no_open_file(misbehaving: Decoder) -> None:
    texts(misbehaving, card_image(PAYLOAD))
    before = open_files()
    for misdeed in [Misdeed.CRASH, Misdeed.LEAVE, Misdeed.GARBAGE, Misdeed.HANG, Misdeed.CRASH]:
        with pytest.raises(DecoderDied):
            misbehaving.decode(frame(misdeed))
        assert len(children()) == 2
        assert all(child.status() != psutil.STATUS_ZOMBIE for child in children())
    assert open_files() == before


def test_a_child_killed_between_two_frames_costs_no_frame(decoder: Decoder) -> None:
    for child in children():
        texts(decoder, card_image(PAYLOAD))
        child.send_signal(signal.SIGKILL)
        psutil.wait_procs([child], timeout=10)
        assert texts(decoder, card_image(PAYLOAD)) == [PAYLOAD]


def test_closing_ends_the_children_and_gives_everything_back() -> None:
    before = open_files()
    decoder = Decoder()
    texts(decoder, card_image(PAYLOAD))
    decoder.close()
    decoder.close()
    assert children() == []
    assert open_files() == before
    with pytest.raises(DecoderDied, match="closed"):
        decoder.decode(card_image(PAYLOAD))


def test_the_children_outlive_the_thread_that_made_the_decoder() -> None:
    made: list[Decoder] = []
    thread = threading.Thread(target=lambda: made.append(Decoder()))
    thread.start()
    thread.join()
    with closing(made[0]) as decoder:
        before = {child.pid for child in children()}
        assert texts(decoder, card_image(PAYLOAD)) == [PAYLOAD]
        assert {child.pid for child in children()} == before


def test_a_child_that_does_not_start_is_told_and_not_waited_for() -> None:
    decoder = Decoder(child_module="kiosk.scanning.no_such_child")
    with closing(decoder), pytest.raises(DecoderDied):
        decoder.decode(card_image(PAYLOAD))


def test_children_even_spinning_ones_die_with_a_killed_scanner() -> None:
    scanner = subprocess.Popen(
        [sys.executable, "-m", "tests.kiosk.scanning.orphaned_decoders"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    with scanner:
        assert scanner.stdout is not None
        orphans = [psutil.Process(int(pid)) for pid in scanner.stdout.readline().split()]
        assert len(orphans) == 2
        scanner.kill()
    _, alive = psutil.wait_procs(orphans, timeout=10)
    assert [each for each in alive if each.status() != psutil.STATUS_ZOMBIE] == []


def test_the_scanner_itself_loads_neither_reader() -> None:
    program = "import sys, kiosk.scanning.worker; print({'zxingcpp', 'pyzbar'} & set(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "set()"

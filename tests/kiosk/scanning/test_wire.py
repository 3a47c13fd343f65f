"""What the decoder found arrives as it was sent."""

import os
from collections.abc import Iterator

import pytest

from kiosk.scanning import wire
from kiosk.scanning.symbols import Glimpse, Hint, Reader, Symbol

QUAD = ((1, 2), (30, 4), (31, 40), (2, 41))


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)
    os.close(writing)


@pytest.mark.parametrize(
    "answer",
    [
        wire.Answer(1, 3.5, ()),
        wire.Answer(2, 3.5, (Symbol("WELKOM", QUAD, Reader.ZXING),)),
        *(wire.Answer(3, 3.5, (), Glimpse(QUAD, hint)) for hint in Hint),
    ],
)
def test_an_answer_arrives_whole(pipe: tuple[int, int], answer: wire.Answer) -> None:
    reading, writing = pipe
    wire.send(writing, answer)
    assert wire.receive_reply(reading, lambda: None) == answer


def test_an_answer_with_a_hint_that_does_not_exist_is_garbage(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    body = b'{"type":"answer","number":1,"ms":1,"symbols":[],"glimpse":{"quad":[],"hint":"sing"}}'
    os.write(writing, len(body).to_bytes(4) + body)
    with pytest.raises(wire.WireBroken):
        wire.receive_reply(reading, lambda: None)

"""Whoever waits to write gets the next turn, however busy another writer is."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from edge_api import turns
from edge_api.turns import Turns

_GREEDY = """
import sys
from pathlib import Path
from edge_api.turns import Turns
turns = Turns(Path(sys.argv[1]))
print("on", flush=True)
while True:
    with turns.turn():
        pass
"""


def test_only_one_at_a_time_has_the_turn(tmp_path: Path) -> None:
    shared, inside, most = Turns(tmp_path / "db"), [0], [0]

    def work() -> None:
        for _ in range(50):
            with shared.turn():
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_a_program_that_takes_turn_after_turn_does_not_keep_others_out(tmp_path: Path) -> None:
    greedy = subprocess.Popen(
        [sys.executable, "-c", _GREEDY, str(tmp_path / "db")], stdout=subprocess.PIPE, text=True
    )
    assert greedy.stdout is not None
    assert greedy.stdout.readline() == "on\n"
    mine = Turns(tmp_path / "db")
    for _ in range(20):
        with mine.turn():
            pass
    assert greedy.poll() is None
    greedy.kill()
    greedy.wait()
    greedy.stdout.close()


def test_a_turn_that_is_never_given_back_holds_nobody_up_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "_PATIENCE_SECONDS", 0.05)
    frozen, mine = Turns(tmp_path / "db"), Turns(tmp_path / "db")
    with frozen.turn(), mine.turn():
        pass


def test_whoever_dies_gives_the_turn_back(tmp_path: Path) -> None:
    dying = _GREEDY.replace("pass", "print('in', flush=True); input()")
    process = subprocess.Popen(
        [sys.executable, "-c", dying, str(tmp_path / "db")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    assert [process.stdout.readline() for _ in range(2)] == ["on\n", "in\n"]
    process.kill()
    process.wait()
    process.stdout.close()
    process.stdin.close()
    with Turns(tmp_path / "db").turn():
        pass

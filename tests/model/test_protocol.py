"""The protocol's models hold whatever goes wrong, and every fault that is put in on purpose is found."""

import functools
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

CHECK = Path(__file__).parents[2] / "docs" / "model" / "check"
NEVER_TAKEN = "never taken"

pytestmark = pytest.mark.skipif(
    shutil.which("spin") is None, reason="the model checker is missing: install Debian's package spin"
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check came to: whether it tried everything, what it found, and how it was told."""

    holds: bool
    told: str


def run(words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [CHECK, *words.split()],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )


@functools.cache
def check(words: str) -> Verdict:
    done = run(words)
    assert done.returncode in {0, 1}, done.stderr
    return Verdict(done.returncode == 0, done.stdout)


EVERYDAY = (
    "events",
    "events -O1 -DINGESTS=2",
    "events -DINGESTS=2 -DRESTORES=0 -DWIPES=1",
    "events -DEVENTS=3 -DRESTORES=0",
    "events --eventually",
    "rows -O1 -DCHANGES=2",
    "rows -DCHANGES=1 -DPOWER_CUTS",
    "rows --eventually -DCHANGES=1",
)

SOAK = (
    "events -O2 -DRESTORES=2",
    "events -O2 -DRESTORES=2 -DINGESTS=2",
    "events -O2 -DEVENTS=3",
    "events -O2 --eventually -DINGESTS=2",
    "rows -O2",
    "rows -O2 -DCHANGES=2 -DRESTORES=2",
    "rows -O2 -DCHANGES=2 -DPOWER_CUTS",
    "rows -O2 --eventually -DCHANGES=2",
)

FAULTS = (
    "events -DBUG_ACK_BEFORE_COMMIT",
    "events -DBUG_ACK_ON_PUBACK",
    "events -DBUG_ACK_WITHOUT_EPOCH",
    "events -DBUG_ACK_WITHOUT_STREAM -DRESTORES=0 -DWIPES=1",
    "events -DBUG_FIRST_EPOCH_NOT_FOLLOWED",
    "events -DBUG_FORGETS_AT_ONCE",
    "events -DBUG_FORGETS_UNASKED",
    "events -DBUG_NO_EPOCH",
    "events -DBUG_NO_UNIQUE -DINGESTS=2",
    "events -DBUG_OUTBOX_NOT_SYNCED",
    "events -DBUG_REQUEUE_IN_MEMORY",
    "events -DBUG_SENT_ONCE",
    "events -DBUG_SENT_ONCE --eventually",
    "events -DBUG_SEQ_RESTARTS",
    "events -DBUG_SHOWN_BEFORE_STORED",
    "events -DBUG_STREAM_REPEATS -DRESTORES=0 -DWIPES=1",
    "rows -DCHANGES=2 -DBUG_ANNOUNCEMENT_MOVES_CURSOR",
    "rows -DCHANGES=2 -DBUG_CURSOR_MOVES_AT_HEAD",
    "rows -DCHANGES=2 -DBUG_CUT_PULL_COUNTS",
    "rows -DCHANGES=2 -DBUG_END_READ_LATE",
    "rows -DCHANGES=2 -DBUG_FULL_PULL_OVER_LIVE_ROWS",
    "rows -DCHANGES=2 -DBUG_NO_EPOCH",
    "rows -DCHANGES=2 -DBUG_NUMBERED_BEFORE_WRITTEN",
    "rows -DCHANGES=2 -DBUG_OLDER_ROW_APPLIES",
    "rows -DCHANGES=2 -DBUG_PUSH_MOVES_CURSOR_PAST_GAP",
    "rows -DCHANGES=2 -DBUG_PUSH_OF_ANOTHER_EPOCH",
    "rows -DCHANGES=2 -DBUG_STAGING_KEPT",
)


@pytest.mark.parametrize("words", EVERYDAY)
def test_nothing_is_lost_doubled_or_stale_whatever_goes_wrong(words: str) -> None:
    verdict = check(words)
    assert verdict.holds, verdict.told


@pytest.mark.soak
@pytest.mark.parametrize("words", SOAK)
def test_nothing_is_lost_doubled_or_stale_in_larger_models(words: str) -> None:
    verdict = check(words)
    assert verdict.holds, verdict.told


@pytest.mark.parametrize("words", FAULTS)
def test_a_fault_that_is_put_in_is_found(words: str) -> None:
    verdict = check(words)
    assert not verdict.holds
    assert any(sign in verdict.told for sign in ("BROKEN", "failed assertion", "START OF CYCLE"))


@pytest.mark.parametrize("words", ["events", "rows -O1 -DCHANGES=2"])
def test_every_step_of_a_model_is_taken_at_some_time(words: str) -> None:
    assert NEVER_TAKEN not in check(words).told


def test_every_fault_that_a_model_knows_is_put_in() -> None:
    models = "".join(model.read_text() for model in CHECK.parent.glob("*.pml"))
    known = set(re.findall(r"BUG_[A-Z_]*[A-Z]", models))
    tried = set(re.findall(r"BUG_[A-Z_]*[A-Z]", " ".join(FAULTS)))
    assert known == tried


def test_a_model_of_a_size_that_it_does_not_take_is_not_taken_as_holding() -> None:
    assert run("events -DEVENTS=4").returncode == 2


def test_a_check_that_runs_out_of_memory_is_not_taken_as_holding() -> None:
    assert run("events -DINGESTS=2", MEMORY_MB="131").returncode == 2

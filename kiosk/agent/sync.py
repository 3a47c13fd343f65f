"""Keeps the replica and the settlements up to date: pushes as they come, pulls where something is missing.

Runs in a thread of its own, since a pull may take long. Between the pieces of a pull pushes are applied,
so a revocation does not wait for it.
"""

import queue
import random
import threading
from collections.abc import Callable, Iterator
from typing import Protocol

import structlog

from contracts.errors import ProblemType
from contracts.kiosk_state import KioskConfig
from contracts.replica import PullEnd, PullHead, PullLine, PullRow, RowsPush, SealedRow
from contracts.settlements import Settlements
from kiosk.device.clock import Clock
from kiosk.directory.downlink import DownlinkWriter
from kiosk.directory.replica import Position, ReplicaWriter
from kiosk.errors import EdgeRefused, EdgeUnreachable, KioskError, StorageFull

PIECE = 500
_RETRY_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)
_ANNOUNCED_JITTER_SECONDS = 3.0
_NOTE_WHOLE_SECONDS = 10.0

log = structlog.get_logger(__name__)


class Edge(Protocol):
    """What sync asks the edge: :class:`~kiosk.agent.edge_client.EdgeClient`, or a fake in a test."""

    def pull_rows(self, epoch: str, after: int) -> Iterator[PullLine]: ...

    def settlements(self, after: int) -> Settlements: ...

    def config(self) -> KioskConfig: ...


class Sync:
    """The downward way of data on one kiosk.

    ``epoch_changed`` is called, perhaps more than once, before the rows of another database take effect;
    ``jitter`` gives numbers from 0 to 1.
    """

    def __init__(
        self,
        *,
        replica: ReplicaWriter,
        downlink: DownlinkWriter,
        edge: Edge,
        clock: Clock,
        epoch_changed: Callable[[], None],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._replica = replica
        self._downlink = downlink
        self._edge = edge
        self._clock = clock
        self._epoch_changed = epoch_changed
        self._jitter = jitter
        self._arrived: queue.Queue[RowsPush | Settlements | KioskConfig] = queue.Queue()
        self._wake = threading.Event()
        self._pull_at: float | None = None
        self._not_before = 0.0
        self._failures = 0
        self._whole_noted_at: float | None = None
        self._lock = threading.Lock()

    def arrived(self, message: RowsPush | Settlements | KioskConfig) -> None:
        """Take what came over MQTT; from any thread."""
        self._arrived.put(message)
        self._wake.set()

    def pull_soon(self) -> None:
        """Ask for a pull at once: a new connection, or a start; from any thread."""
        with self._lock:
            self._not_before = 0.0
        self._plan_pull(0.0)
        self._wake.set()

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop; :meth:`arrived` and :meth:`pull_soon` wake it."""
        while not stop.is_set():
            self._wake.wait(timeout=0.2)
            self._wake.clear()
            self.turn()

    def turn(self) -> None:
        """Apply what came, then pull if that is due."""
        try:
            self._apply_arrived()
            if self._pull_is_due():
                self._pull()
                self._failures = 0
        except (EdgeUnreachable, EdgeRefused, StorageFull) as error:
            self._try_again_later(error)

    def _try_again_later(self, error: KioskError) -> None:
        # Whatever was not applied comes with the pull.
        wait = _RETRY_SECONDS[min(self._failures, len(_RETRY_SECONDS) - 1)]
        if self._failures == 0:
            log.warning("not up to date, trying again", reason=str(error))
        self._failures += 1
        with self._lock:
            self._not_before = self._pull_at = self._clock.monotonic() + wait

    def _apply_arrived(self) -> None:
        while True:
            try:
                message = self._arrived.get_nowait()
            except queue.Empty:
                return
            match message:
                case RowsPush():
                    self._apply_push(message)
                case Settlements():
                    self._downlink.settled(message.settlements, self._clock.now().timestamp())
                case KioskConfig():
                    self._downlink.configure(message)

    def _apply_push(self, push: RowsPush) -> None:
        if self._replica.apply_push(push):
            self._note_whole()
        else:
            # Announced to all kiosks at the same moment: not all of them should ask at the same moment.
            self._plan_pull(0.0 if push.rows else self._jitter() * _ANNOUNCED_JITTER_SECONDS)

    def _pull(self) -> None:
        self._pull_rows()
        self._pull_settlements()
        self._downlink.configure(self._edge.config(), pulled=True)
        self._note_whole()

    def _note_whole(self) -> None:
        """Tell the screens, every now and then, that what is here is true until now."""
        now = self._clock.monotonic()
        if self._whole_noted_at is None or now - self._whole_noted_at >= _NOTE_WHOLE_SECONDS:
            self._whole_noted_at = now
            self._downlink.set_whole_at(self._clock.now())

    def _pull_rows(self) -> None:
        position = self._replica.position()
        if not position.epoch:
            self._pull_everything()
            return
        try:
            self._pull_after(position)
        except EdgeRefused as refused:
            if refused.problem.kind != ProblemType.EPOCH_CHANGED:
                raise
            log.warning("the edge has another database now: pulling everything anew")
            self._pull_everything()

    def _pull_after(self, position: Position) -> None:
        lines = self._edge.pull_rows(position.epoch, position.cursor)
        _checked_head(lines, position)
        for rows, upto in self._pieces(lines):
            self._replica.apply_pulled(position.epoch, rows, upto)

    def _pull_everything(self) -> None:
        upto = self._stage_everything()
        if self._replica.position().epoch:
            # Before the swap: who is killed in between does this once more, and not never.
            self._downlink.set_pulled_up_to(0)
            self._epoch_changed()
        self._replica.swap(upto)
        log.info("replica complete", rows=self._replica.count(), revision=upto)
        # What was pushed meanwhile went into the rows that are gone now, or nowhere.
        self._pull_after(self._replica.position())

    def _stage_everything(self) -> int:
        staged = self._replica.staged()
        if not staged.epoch:
            return self._stage(staged)
        try:
            return self._stage(staged)
        except EdgeRefused as refused:
            if refused.problem.kind != ProblemType.EPOCH_CHANGED:
                raise
            self._replica.discard_staged()
            return self._stage(Position())

    def _stage(self, position: Position) -> int:
        lines = self._edge.pull_rows(position.epoch, position.cursor)
        self._replica.begin_staging(_checked_head(lines, position).epoch)
        reached = position.cursor
        for rows, upto in self._pieces(lines):
            self._replica.stage(rows, upto)
            reached = upto
        return reached

    def _pieces(self, lines: Iterator[PullLine]) -> Iterator[tuple[list[SealedRow], int]]:
        """Yield rows in pieces, each with the revision up to which nothing is missing after it."""
        rows: list[SealedRow] = []
        for line in lines:
            match line:
                case PullRow():
                    rows.append(line.row)
                case PullEnd():
                    yield rows, line.upto
                    return
                case PullHead():
                    raise EdgeUnreachable("the pull began anew in its middle")
            if len(rows) >= PIECE:
                yield rows, rows[-1].revision
                rows = []
                self._apply_arrived()
        if rows:
            yield rows, rows[-1].revision
        raise EdgeUnreachable("the pull ended before its end")

    def _pull_settlements(self) -> None:
        while True:
            after = self._downlink.pulled_up_to()
            answer = self._edge.settlements(after)
            if not answer.settlements:
                return
            self._downlink.settled(answer.settlements, self._clock.now().timestamp())
            last = answer.settlements[-1].number
            if last <= after:
                raise EdgeUnreachable("the settlements do not go on from where they were")
            self._downlink.set_pulled_up_to(last)

    def _plan_pull(self, seconds: float) -> None:
        due = self._clock.monotonic() + seconds
        with self._lock:
            self._pull_at = due if self._pull_at is None else min(due, self._pull_at)

    def _pull_is_due(self) -> bool:
        with self._lock:
            now = self._clock.monotonic()
            if self._pull_at is None or now < max(self._pull_at, self._not_before):
                return False
            self._pull_at = None
            return True


def _checked_head(lines: Iterator[PullLine], position: Position) -> PullHead:
    """Read a pull's first line.

    Raises:
        EdgeUnreachable: it is none, or answers another question than what comes after ``position``.
    """
    head = next(lines, None)
    if not isinstance(head, PullHead) or not head.epoch or head.after != position.cursor:
        raise EdgeUnreachable("the pull does not begin as agreed")
    if position.epoch not in {"", head.epoch}:
        raise EdgeUnreachable("the pull is another database's")
    return head

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
from kiosk.directory.replica import ReplicaWriter
from kiosk.errors import EdgeRefused, EdgeUnreachable

PIECE = 500
_RETRY_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)
_ANNOUNCED_JITTER_SECONDS = 3.0

log = structlog.get_logger(__name__)


class Edge(Protocol):
    """What sync asks the edge: :class:`~kiosk.agent.edge_client.EdgeClient`, or a fake in a test."""

    def pull_rows(self, epoch: str, after: int) -> Iterator[PullLine]: ...

    def settlements(self, after: int) -> Settlements: ...

    def config(self) -> KioskConfig: ...


class Sync:
    """The downward way of data on one kiosk."""

    def __init__(
        self,
        *,
        replica: ReplicaWriter,
        downlink: DownlinkWriter,
        edge: Edge,
        clock: Clock,
        epoch_changed: Callable[[], None],
    ) -> None:
        self._replica = replica
        self._downlink = downlink
        self._edge = edge
        self._clock = clock
        self._epoch_changed = epoch_changed
        self._arrived: queue.Queue[RowsPush | Settlements | KioskConfig] = queue.Queue()
        self._wake = threading.Event()
        self._pull_at: float | None = None
        self._failures = 0
        self._lock = threading.Lock()

    def arrived(self, message: RowsPush | Settlements | KioskConfig) -> None:
        """Take what came over MQTT; from any thread."""
        self._arrived.put(message)
        self._wake.set()

    def pull_soon(self) -> None:
        """Ask for a pull at once: a new connection, or a start; from any thread."""
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
        self._apply_arrived()
        if not self._pull_is_due():
            return
        try:
            self._pull()
            self._failures = 0
        except (EdgeUnreachable, EdgeRefused) as error:
            wait = _RETRY_SECONDS[min(self._failures, len(_RETRY_SECONDS) - 1)]
            if self._failures == 0:
                log.warning("pull failed, trying again", reason=str(error))
            self._failures += 1
            self._plan_pull(wait)

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
        if not self._replica.apply_push(push):
            # Announced to all kiosks at the same moment: not all of them should ask at the same moment.
            self._plan_pull(0.0 if push.rows else random.uniform(0.0, _ANNOUNCED_JITTER_SECONDS))  # noqa: S311

    def _pull(self) -> None:
        self._pull_rows()
        self._pull_settlements()
        self._downlink.configure(self._edge.config())

    def _pull_rows(self) -> None:
        position = self._replica.position()
        if not position.epoch:
            self._pull_everything()
            return
        try:
            lines = self._edge.pull_rows(position.epoch, position.cursor)
            for rows, upto in self._pieces(lines, lambda head: None):
                self._replica.apply_pulled(position.epoch, rows, upto)
        except EdgeRefused as refused:
            if refused.problem.kind != ProblemType.EPOCH_CHANGED:
                raise
            log.warning("the edge has another database now: pulling everything anew")
            self._pull_everything()

    def _pull_everything(self) -> None:
        known_before = self._replica.position().epoch
        staged = self._replica.staged()
        try:
            upto = self._stage(staged.epoch, staged.cursor)
        except EdgeRefused as refused:
            if refused.problem.kind != ProblemType.EPOCH_CHANGED:
                raise
            upto = self._stage("", 0)
        self._replica.swap(upto)
        log.info("replica complete", rows=self._replica.count(), revision=upto)
        if known_before and known_before != self._replica.position().epoch:
            self._downlink.set_pulled_up_to(0)
            self._epoch_changed()

    def _stage(self, epoch: str, after: int) -> int:
        lines = self._edge.pull_rows(epoch, after)
        reached = after
        for rows, upto in self._pieces(lines, lambda head: self._replica.begin_staging(head.epoch)):
            self._replica.stage(rows, upto)
            reached = upto
        return reached

    def _pieces(
        self, lines: Iterator[PullLine], begin: Callable[[PullHead], None]
    ) -> Iterator[tuple[list[SealedRow], int]]:
        """Yield rows in pieces, each with the revision up to which nothing is missing after it."""
        rows: list[SealedRow] = []
        for line in lines:
            match line:
                case PullHead():
                    begin(line)
                case PullRow():
                    rows.append(line.row)
                case PullEnd():
                    yield rows, line.upto
                    return
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
            self._downlink.set_pulled_up_to(answer.settlements[-1].number)

    def _plan_pull(self, seconds: float) -> None:
        due = self._clock.monotonic() + seconds
        with self._lock:
            self._pull_at = due if self._pull_at is None else min(due, self._pull_at)

    def _pull_is_due(self) -> bool:
        with self._lock:
            if self._pull_at is None or self._pull_at > self._clock.monotonic():
                return False
            self._pull_at = None
            return True

"""Sends the outbox: few events in flight, each until the edge itself says that it has it.

The broker's PUBACK means nothing here. What is not acknowledged in time is sent again; the edge tells
duplicates by their number.
"""

from collections.abc import Callable
from dataclasses import dataclass

from contracts.events import Ack
from kiosk.outbox import Outbox

IN_FLIGHT = 20
RESEND_SECONDS = 5.0
_LONGEST_RESEND_SECONDS = 60.0
_LOOK_AGAIN = -1

Send = Callable[[bytes], bool]
"""Publishes one event's bytes; False while offline."""


@dataclass(slots=True)
class _Sent:
    """An event on its way, when to send it again, and how long it was waited for before."""

    body: bytes
    due: float
    pause: float = RESEND_SECONDS


class Publisher:
    """Works on the agent's loop, never blocking it."""

    def __init__(self, outbox: Outbox, send: Send) -> None:
        self._outbox = outbox
        self._send = send
        self._in_flight: dict[int, _Sent] = {}
        self._changes = _LOOK_AGAIN

    def restart(self) -> None:
        """Send everything unacknowledged anew: the connection is a new one."""
        self._in_flight.clear()
        self._changes = _LOOK_AGAIN

    def acknowledged(self, ack: Ack, now: float) -> None:
        """Take the edge's word; ``now`` is the wall's time in seconds.

        Raises:
            StorageFull: there is no room to note it; the events will be sent again.
        """
        if not self._outbox.acknowledge(ack, now):
            return
        for first, last in ack.ranges:
            for seq in [seq for seq in self._in_flight if first <= seq <= last]:
                del self._in_flight[seq]
        self._changes = _LOOK_AGAIN

    def turn(self, now: float) -> None:
        """Send what is due; ``now`` is on the monotonic clock."""
        for sent in self._in_flight.values():
            if sent.due <= now and self._send(sent.body):
                sent.pause = min(_LONGEST_RESEND_SECONDS, sent.pause * 2)
                sent.due = now + sent.pause
        self._send_new(now)

    def _send_new(self, now: float) -> None:
        changes = self._outbox.change_number()
        free = IN_FLIGHT - len(self._in_flight)
        if changes == self._changes or free <= 0:
            return
        pending = self._outbox.pending(max(self._in_flight, default=0), free)
        for each in pending:
            if not self._send(each.body):
                return
            self._in_flight[each.seq] = _Sent(each.body, now + RESEND_SECONDS)
        if len(pending) < free:
            # Looked at to the end: nothing more until the scanner writes again.
            self._changes = changes

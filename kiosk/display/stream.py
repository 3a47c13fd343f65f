"""The stream of server-sent events that keeps the page up to date."""

import json
from collections.abc import Callable, Iterator

from kiosk.display.screen import Screen
from kiosk.display.stage import Published, SeatState, Stage

RETRY_MS = 1000
"""How long the browser waits before it connects again."""


class Stream:
    """Makes one page's events. ``render`` turns a screen into HTML; ``build`` names the page's version."""

    def __init__(self, stage: Stage, render: Callable[[Screen], str], build: str, heartbeat: float) -> None:
        self._stage = stage
        self._render = render
        self._build = build
        self._heartbeat = heartbeat

    def events(self, last_event_id: str) -> Iterator[str]:
        """Yield events until a newer page takes over, or the server closes.

        A page that has seen ``last_event_id`` is sent what came after; any other gets what is on at once.
        """
        seat = self._stage.take_seat()
        try:
            yield f"retry: {RETRY_MS}\n\n{self._beat()}"
            yield from self._screens(seat, self._seen(last_event_id))
            if self._stage.seat_state(seat) is SeatState.DISPLACED:
                yield _event("displaced", {})
        finally:
            self._stage.leave(seat)

    def _screens(self, seat: int, version: int) -> Iterator[str]:
        while self._stage.seat_state(seat) is SeatState.HELD:
            published = self._stage.wait_after(version, self._heartbeat, seat)
            if published is not None:
                version = published.version
                yield self._screen(published)
            elif self._stage.seat_state(seat) is SeatState.HELD:
                yield self._beat()

    def _seen(self, event_id: str) -> int:
        run, _, version = event_id.partition("-")
        return int(version) if run == self._stage.run and version.isdecimal() else 0

    def _screen(self, published: Published) -> str:
        screen = published.screen
        data = {
            "version": published.version,
            "html": self._render(screen),
            "tone": screen.tone,
            "language": screen.language,
        }
        return _event("screen", data, event_id(self._stage, published))

    def _beat(self) -> str:
        return _event("heartbeat", {"build": self._build})


def event_id(stage: Stage, published: Published) -> str:
    """Name a published screen so that no other start of the program gives the same name."""
    return f"{stage.run}-{published.version}"


def _event(name: str, data: dict[str, object], identity: str = "") -> str:
    head = f"id: {identity}\n" if identity else ""
    return f"{head}event: {name}\ndata: {json.dumps(data)}\n\n"

"""Shows outcomes on the stage, as screens."""

from kiosk.device.clock import Clock
from kiosk.display.screens import Screens
from kiosk.display.stage import Stage
from kiosk.outcomes import Outcome


class Panel:
    """What the reception speaks to: it knows outcomes, the stage knows screens."""

    def __init__(self, stage: Stage, screens: Screens, clock: Clock) -> None:
        self._stage = stage
        self._screens = screens
        self._clock = clock

    def show(self, outcome: Outcome) -> float:
        """Show an outcome; return the seconds it should stay after the card has gone."""
        screen = self._screens.of(outcome, self._clock.now())
        self._stage.show(screen)
        return screen.hold_seconds or 0.0

    def wait(self) -> None:
        """Invite the next person."""
        self._stage.show(self._screens.waiting())

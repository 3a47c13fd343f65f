"""What the worker does when it falls due: finishing batches, ending rewards, forgetting old answers."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from sqlalchemy.orm import Session

from edge_api.audit import By, Origin
from edge_api.cards.batches import make_cards, unfinished_batches
from edge_api.clock import Clock
from edge_api.config import Config
from edge_api.db import Database
from edge_api.ingest.services import forget_rejected
from edge_api.loyalty.services import expire_rewards
from edge_api.rest.answers import forget_answers
from edge_api.sync.services import forget_settlements

T = TypeVar("T")

_LOOK_SECONDS = 1.0
_TIDY_EVERY = timedelta(hours=1)


class Jobs:
    """One thread of the worker. Several workers may run it at once: each job takes turns in the database."""

    def __init__(self, config: Config, database: Database, clock: Clock) -> None:
        self._config = config
        self._database = database
        self._clock = clock
        self._tidy_at: datetime | None = None

    def run(self, stop: threading.Event) -> None:
        """Look about once a second until told to stop."""
        while not stop.is_set():
            self.turn()
            stop.wait(_LOOK_SECONDS)

    def turn(self) -> None:
        """Do what is due now."""
        self._finish_batches()
        now = self._clock.now()
        if self._tidy_at is None or now >= self._tidy_at:
            self._tidy_at = now + _TIDY_EVERY
            self._tidy(now)

    def _finish_batches(self) -> None:
        with self._database.reading() as session:
            unfinished = unfinished_batches(session)
        for batch_id in unfinished:
            make_cards(self._database, batch_id, self._config.site, self._clock)

    def _tidy(self, now: datetime) -> None:
        by = By("worker", Origin.SERVICE, now)
        while self._in_transaction(partial(expire_rewards, by=by)):
            pass
        self._in_transaction(partial(forget_settlements, now=now))
        self._in_transaction(partial(forget_rejected, now=now))
        self._in_transaction(partial(forget_answers, now=now))

    def _in_transaction(self, job: Callable[[Session], T]) -> T:
        with self._database.transaction() as session:
            return job(session)

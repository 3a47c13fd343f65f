"""The feed's publisher: looks every 50 ms for what changed, seals, numbers and sends it to the kiosks.

Sending is only to be quick: whatever is lost on the way is pulled by kiosks that see a gap, and every
half minute an announcement lets them see one.
"""

import threading
import uuid
from datetime import datetime, timedelta

import structlog
from sqlalchemy import exists, select

from common.mqtt import Message, Publisher, Welcome
from contracts.events import encode
from contracts.replica import RowsPush
from contracts.settlements import Settlements
from contracts.topics import ROWS, Down, down
from edge_api.clock import Clock
from edge_api.config import Config
from edge_api.db import Database
from edge_api.feed import FeedItem
from edge_api.fleet import services as fleet
from edge_api.sync import services
from edge_api.sync.errors import LeaseLost
from edge_api.sync.models import FeedState, SettlementRow

LOOK_SECONDS = 0.05
_ANNOUNCE_EVERY = timedelta(seconds=30)
_MAX_PUSH_BYTES = 512 * 1024
"""Half of what the broker takes: one that is too large would be sent again after every connect."""

log = structlog.get_logger(__name__)


class FeedWorker:
    """One candidate for publishing; several may run, one of them holds the lease."""

    def __init__(self, config: Config, database: Database, clock: Clock, publisher: Publisher) -> None:
        self._config = config
        self._database = database
        self._clock = clock
        self._publisher = publisher
        self._holder = uuid.uuid4().hex
        self._lease_until: datetime | None = None
        self._announced_at: datetime | None = None
        self._configure_all = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Publish until told to stop, then let another worker have its turn at once."""
        with self._database.transaction() as session:
            services.ensure_state(session)
        while not stop.is_set():
            if not self.turn():
                stop.wait(LOOK_SECONDS)
        with self._database.transaction() as session:
            services.release_lease(session, self._holder)

    def parting(self) -> None:
        """Leave no last will."""

    def received(self, message: Message) -> None:
        """Expect nothing: this connection only publishes."""

    def disconnected(self, reason: str) -> None:
        """Go on numbering: kiosks pull what could not be sent."""
        log.warning("feed not connected", reason=reason)

    def connected(self, welcome: Welcome) -> None:
        """Say everything anew: the broker is back, and may have lost what it kept."""
        log.info("feed connected")
        self._announced_at = None
        self._configure_all.set()

    def turn(self) -> bool:
        """Publish a piece of what waits; True when there may be more at once."""
        now = self._clock.now()
        try:
            if not self._leads(now):
                return False
            self._now_and_then(now)
            more = self._publish_rows(now) if self._waiting(FeedItem.id.is_not(None)) else False
            if self._waiting(SettlementRow.number.is_(None)):
                self._publish_settlements(now)
        except LeaseLost:
            self._lease_until = None
            return False
        return more

    def _leads(self, now: datetime) -> bool:
        if self._lease_until is not None and self._lease_until - now > services.LEASE / 2:
            return True
        with self._database.transaction() as session:
            leads = services.take_lease(session, self._holder, now)
        self._lease_until = now + services.LEASE if leads else None
        return leads

    def _waiting(self, condition: object) -> bool:
        with self._database.reading() as session:
            return bool(session.scalar(select(exists().where(condition))))  # type: ignore[arg-type]

    def _publish_rows(self, now: datetime) -> bool:
        with self._database.transaction() as session:
            published = services.publish_rows(session, self._holder, self._config.site, now)
        if published.push is not None:
            self._publisher.publish(ROWS, _body(published.push, push_rows=published.emptied))
        self._send_configs(published.kiosks_to_configure)
        return not published.emptied

    def _publish_settlements(self, now: datetime) -> None:
        with self._database.transaction() as session:
            numbered = services.number_settlements(session, self._holder, now)
        for kiosk, settlement in numbered:
            body = encode(Settlements(settlements=(settlement,)))
            self._publisher.publish(down(kiosk, Down.SETTLED), body)

    def _now_and_then(self, now: datetime) -> None:
        if self._configure_all.is_set():
            self._configure_all.clear()
            self._send_configs(self._active_kiosks())
        if self._announced_at is None or abs(now - self._announced_at) >= _ANNOUNCE_EVERY:
            self._announced_at = now
            self._announce()

    def _announce(self) -> None:
        with self._database.reading() as session:
            state = session.get_one(FeedState, 1)
            push = RowsPush(epoch=state.epoch, after=state.revision, upto=state.revision)
        self._publisher.publish(ROWS, encode(push))

    def _active_kiosks(self) -> tuple[str, ...]:
        with self._database.reading() as session:
            return tuple(session.scalars(services.active_kiosks()))

    def _send_configs(self, kiosk_ids: tuple[str, ...]) -> None:
        for kiosk_id in kiosk_ids:
            with self._database.reading() as session:
                kiosk = fleet.find_kiosk(session, kiosk_id)
                config = fleet.config_of(session, kiosk, self._config)
            self._publisher.publish(down(kiosk_id, Down.CONFIG), encode(config), retain=True)


def _body(push: RowsPush, *, push_rows: bool) -> bytes:
    """Return the rows as they are sent, or the word that there are some: kiosks then pull them."""
    body = encode(push)
    if push_rows and len(body) <= _MAX_PUSH_BYTES:
        return body
    return encode(RowsPush(epoch=push.epoch, after=push.after, upto=push.upto))

"""What state this kiosk is in, read from its files: for people, and for whoever waits until it is ready."""

from contextlib import closing

import msgspec

from kiosk.config import Home
from kiosk.device import profile
from kiosk.directory.downlink import DownlinkReader
from kiosk.directory.replica import ReplicaReader
from kiosk.errors import NotEnrolled
from kiosk.outbox import Outbox


class KioskStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Everything is as of the files; ``cards`` counts the rows that this kiosk knows."""

    enrolled: bool
    kiosk: str = ""
    connected: bool = False
    cards: int = 0
    revision: int = 0
    waiting_events: int = 0


def status_of(home: Home) -> KioskStatus:
    """Return the kiosk's state."""
    try:
        me = profile.load(home)
    except NotEnrolled:
        return KioskStatus(enrolled=False)
    with (
        closing(ReplicaReader(home.replica)) as replica,
        closing(DownlinkReader(home.downlink)) as downlink,
        closing(Outbox(home.outbox)) as outbox,
    ):
        return KioskStatus(
            enrolled=True,
            kiosk=me.kiosk,
            connected=downlink.connected(),
            cards=replica.count(),
            revision=replica.position().cursor,
            waiting_events=outbox.count_pending(),
        )
